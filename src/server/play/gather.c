/* gather.c -- see gather.h. */
#include "play/gather.h"

#include <stdlib.h>
#include <string.h>

#include "ops/metrics.h"
#include "play/blocks.h"
#include "sim/sim.h"

#define CHAT_MAX         64 /* lines a snapshot and player */
#define CHAT_LINE_MAX    768
#define IDENTITY_MAX     (3 + 1 + PROTOCOL_WHO_MAX * (8 + 1 + 4 + 2 + TEXT_NAME_MAX_BYTES))
#define SMALL_MAX        64 /* CLOCK, SELF */
#define WORD_MAX         (3 + 1 + 4 + 2 + sizeof(PACE_WORDS))
#define CLOCK_EVERY_MS   1000
#define TALK_TIER        2 /* whatever the floor: what is not blocks waits 4 sweeps at most */
#define SELF_ALONE_TICKS 4 /* an acknowledgement by itself is worth a record after so many */
#define JUMP_M           8 /* farther than anybody walks in between: put there */

_Static_assert(IDENTITY_MAX <= IO_RECORD_MAX, "an IDENTITY of 64 rows fits into one record");

struct gather {
    struct session *session;
    struct host *host;
    struct snapshot *snapshot;
    const struct snapshot_entity *self;
    struct record record;
    struct protocol_self say; /* SELF as it lies in the record */
    size_t self_bytes;        /* of it; 0: none */
};

static void gather_queued(struct gather *g)
{
    struct outbox *outbox = &g->session->outbox;
    size_t n;
    const uint8_t *front;

    while (outbox_bytes(outbox) > 0) {
        front = outbox_front(outbox, IO_RECORD_MAX - g->record.n, &n);
        if (front == NULL) {
            if (!record_flush(&g->record))
                return;
            continue;
        }
        record_copy(&g->record, front, n);
        outbox_consume(outbox, n);
    }
}

static uint64_t line_wall_ms(const struct host *host, const struct snapshot_chat_line *line)
{
    if (line->said_ms != 0)
        return line->said_ms;
    return host->wall_ms -
           (uint64_t)(host->tick - line->tick) * SIM_TICK_MS * PROTOCOL_TEMPO_MAX / host->tempo;
}

/* A newcomer hears what is said from then on, one who came back also what was said meanwhile. */
static bool chat_reaches(const struct gather *g, const struct snapshot_chat_line *line)
{
    int64_t reach = (int64_t)SNAPSHOT_NEARBY_M * SPACE_UNITS_PER_M;
    int64_t dx = (int64_t)line->pos.x - g->self->state.pos.x;
    int64_t dz = (int64_t)line->pos.z - g->self->state.pos.z;

    if (g->session->resumed ? line_wall_ms(g->host, line) < g->session->since_ms
                            : line->tick < g->session->seat.joined_tick)
        return false;
    return line->channel != PROTOCOL_CHANNEL_NEARBY || dx * dx + dz * dz <= reach * reach;
}

/* False: there is no room for it now. */
static bool gather_line(struct gather *g, const struct snapshot_chat_line *line)
{
    struct wire_writer w;

    if (!record_room(&g->record, CHAT_LINE_MAX))
        return false;
    record_writer(&g->record, &w);
    protocol_encode_chat_line(
        &w, &(struct protocol_chat_line){
                .sequence = line->sequence,
                .wall_ms = line_wall_ms(g->host, line),
                .entity = line->entity,
                .channel = line->channel,
                .name = {line->name != NULL ? line->name->bytes : "",
                         line->name != NULL ? (uint16_t)line->name->len_bytes : 0},
                .text = {line->text->bytes, (uint16_t)line->text->len_bytes}});
    record_take(&g->record, &w);
    return true;
}

static void gather_chat(struct gather *g)
{
    const struct snapshot_chat_line *lines[CHAT_MAX];
    struct session *s = g->session;
    uint64_t newest = snapshot_chat_sequence(g->snapshot);
    unsigned sent = 0;
    size_t n;

    if (s->seat.chat_sequence > newest)
        s->seat.chat_sequence = newest; /* he remembers a server that had said more */
    do {
        n = snapshot_chat(g->snapshot, s->seat.chat_sequence, lines, CHAT_MAX);
        for (size_t i = 0; i < n; i++) {
            if (chat_reaches(g, lines[i])) {
                if (sent == CHAT_MAX || !gather_line(g, lines[i]))
                    return;
                sent++;
            }
            s->seat.chat_sequence = lines[i]->sequence;
        }
    } while (n == CHAT_MAX);
    s->seat.chat_sequence = newest;
}

/* Once a second, and at once when the tempo is another. A wall clock that steps back brings one
 * early. */
static void gather_clock(struct gather *g)
{
    struct session *s = g->session;
    struct wire_writer w;

    if (s->tempo == g->host->tempo && g->host->wall_ms - s->clock_ms < CLOCK_EVERY_MS)
        return;
    if (!record_room(&g->record, SMALL_MAX))
        return;
    record_writer(&g->record, &w);
    protocol_encode_clock(&w, &(struct protocol_clock){.tick = g->host->tick,
                                                       .wall_ms = g->host->wall_ms,
                                                       .tempo = g->host->tempo});
    record_take(&g->record, &w);
    s->clock_ms = g->host->wall_ms;
    s->tempo = g->host->tempo;
    session_count(s, true);
}

static bool self_same(const struct protocol_self *a, const struct protocol_self *b)
{
    return a->seq == b->seq && a->pos.x == b->pos.x && a->pos.y == b->pos.y &&
           a->pos.z == b->pos.z && a->velocity_y == b->velocity_y && a->yaw == b->yaw &&
           a->airborne == b->airborne && a->ahead == b->ahead && a->teleports == b->teleports;
}

/* True if SELF is a correction, as far as can be told from here: what the player foresaw needs no
 * hurry, it knows. */
static bool self_hurries(const struct session *s, const struct snapshot_entity *e)
{
    int64_t dx = (int64_t)e->state.pos.x - s->self.pos.x;
    int64_t dz = (int64_t)e->state.pos.z - s->self.pos.z;
    int64_t jump = (int64_t)JUMP_M * SPACE_UNITS_PER_M;

    return !s->self_sent || s->dropped > 0 || e->teleports != s->self.teleports ||
           dx * dx + dz * dz > jump * jump;
}

static void gather_self(struct gather *g)
{
    struct session *s = g->session;
    const struct snapshot_entity *e = g->self;
    struct wire_writer w;

    g->say = (struct protocol_self){
        .tick = snapshot_tick(g->snapshot),
        .seq = e->seq,
        .pos = e->state.pos,
        .velocity_y = e->state.velocity_y,
        .yaw = e->state.yaw,
        .airborne = e->state.airborne,
        .dropped = (uint8_t)(s->dropped < UINT8_MAX ? s->dropped : UINT8_MAX),
        .ahead = e->ahead,
        .teleports = e->teleports,
    };
    if (s->self_sent && s->dropped == 0 && self_same(&g->say, &s->self))
        return;
    if (!record_room(&g->record, SMALL_MAX))
        return;
    record_writer(&g->record, &w);
    protocol_encode_self(&w, &g->say);
    record_take(&g->record, &w);
    g->self_bytes = wire_written(&w);
}

/* Send what was gathered; but an acknowledgement alone waits for company. */
static void gather_end(struct gather *g, bool hurry)
{
    struct session *s = g->session;

    if (g->self_bytes > 0 && g->record.records == 0 && g->record.n == g->self_bytes && !hurry &&
        g->say.tick - s->self.tick < SELF_ALONE_TICKS)
        return;
    if (g->self_bytes > 0) {
        s->self = g->say;
        s->self_sent = true;
        s->dropped = 0;
    }
    record_flush(&g->record);
}

static void gather_identities(struct gather *g)
{
    struct session *s = g->session;
    struct protocol_identity identity; /* large: not filled in for nothing */
    struct wire_writer w;

    if (s->who_n == 0 || !record_room(&g->record, IDENTITY_MAX))
        return;
    identity.rows_n = 0;
    for (unsigned i = 0; i < s->who_n; i++) {
        const struct snapshot_entity *e = snapshot_entity(g->snapshot, s->who[i]);
        if (e == NULL || !session_sees(s, e))
            continue;
        identity.rows[identity.rows_n++] =
            (struct protocol_identity_row){.id = e->id,
                                           .version = e->version,
                                           .looks = e->looks,
                                           .name = {e->name->bytes, (uint16_t)e->name->len_bytes}};
    }
    s->who_n = 0;
    free(s->who); /* names are asked for once; then for a long time not */
    s->who = NULL;
    if (identity.rows_n == 0)
        return;
    record_writer(&g->record, &w);
    protocol_encode_identity(&w, &identity);
    record_take(&g->record, &w);
}

/* A turn of the session begins: bytes flow back into its bucket, and its shift is looked at.
 * refused: it cannot be used, for the socket has not taken the last record. */
static void gather_pace(struct session *s, bool refused)
{
    const struct pace_growth growth = {blocks_growth, s};
    uint32_t budget = s->seat.host->settings->player_budget_bytes;
    unsigned before = s->pace.shift, now;

    if (refused)
        pace_refused(&s->pace, budget, s->seat.host->tick);
    else
        pace_turn(&s->pace, budget, s->seat.host->tick, &growth);
    now = s->pace.shift;
    if (now == before)
        return;
    if (now > before)
        metrics_add(METRIC_PLAYERS_SHIFTS, now - before);
    metrics_gauge(METRIC_PLAYERS_SHIFTED, (now > 0) - (before > 0));
}

/* What he sees is less than there is: he shall not wonder. */
static void gather_word(struct gather *g)
{
    struct session *s = g->session;
    struct wire_writer w;

    if (!pace_untold(&s->pace) || !record_room(&g->record, WORD_MAX))
        return;
    record_writer(&g->record, &w);
    protocol_encode_notice(&w, &(struct protocol_notice){.reason = PROTOCOL_REASON_SHOWN_LESS,
                                                         .text = wire_text_of(PACE_WORDS)});
    record_take(&g->record, &w);
    pace_told(&s->pace);
}

/* The socket has not taken the last record: newer state comes. */
static void gather_refused(struct session *s, bool turn)
{
    if (!turn)
        return;
    s->withheld++;
    gather_pace(s, true);
    session_count(s, false);
}

void gather(struct session *s, struct snapshot *snapshot)
{
    struct host *host = s->seat.host;
    struct gather g = {.session = s,
                       .host = host,
                       .snapshot = snapshot,
                       .self = snapshot_entity(snapshot, s->seat.entity)};
    unsigned talk_tier = host->floor < TALK_TIER ? host->floor : TALK_TIER;
    bool turn = tiers_has_turn(host->sweep, s->seat.phase, host->floor);
    bool hurry;

    if (g.self == NULL || g.self->session != s->seat.id) {
        /* not there yet, or left, or handed to a newer login: only what was said to the session
         * itself */
        s->who_n = 0;
        session_flush(s);
        return;
    }
    s->dropped += g.self->dropped - s->dropped_ever;
    s->dropped_ever = g.self->dropped;
    hurry = self_hurries(s, g.self) || s->tempo != host->tempo;
    if (!turn && !hurry && !tiers_has_turn(host->sweep, s->seat.phase, talk_tier))
        return;
    if (!stream_writable(s->stream)) {
        gather_refused(s, turn);
        return;
    }
    record_init(&g.record, s);
    gather_queued(&g);
    gather_chat(&g);
    gather_clock(&g);
    gather_self(&g);
    gather_identities(&g);
    if (turn) {
        gather_pace(s, false);
        gather_word(&g);
        blocks_gather(&g.record, snapshot, g.self);
    }
    gather_end(&g, hurry);
    session_count(s, false);
}
