/* gather.c -- see gather.h. */
#include "play/gather.h"

#include <assert.h>
#include <string.h>

#include "ops/metrics.h"
#include "sim/sim.h"

#define RECORDS_MAX    4   /* a snapshot and player: 64 KiB */
#define KEY_MAX        12  /* a cell's key in VIEW, encoded, at most */
#define VIEW_LEAST     128 /* changes of view for which a new record is begun */
#define CHAT_MAX       64  /* lines a snapshot and player */
#define CHAT_LINE_MAX  768
#define IDENTITY_MAX   (3 + 1 + PROTOCOL_WHO_MAX * (8 + 1 + 4 + 2 + TEXT_NAME_MAX_BYTES))
#define SMALL_MAX      64 /* CLOCK, SELF */
#define CLOCK_EVERY_MS 1000

_Static_assert(IDENTITY_MAX <= IO_RECORD_MAX, "an IDENTITY of 64 rows fits into one record");

struct gather {
    struct session *session;
    struct host *host;
    struct snapshot *snapshot;
    const struct snapshot_entity *self;
    uint8_t *room; /* the record that is being filled */
    size_t n;
    unsigned records;
    bool over; /* nothing more now */
};

/* End the record. False: it is over. */
static bool gather_flush(struct gather *g)
{
    size_t n = g->n;

    if (n == 0 || g->over)
        return !g->over;
    g->n = 0;
    g->records++;
    if (!session_write(g->session, g->room, n) || g->records >= RECORDS_MAX)
        g->over = true;
    return !g->over;
}

/* Room for need_bytes in this record or a new one. */
static bool gather_room(struct gather *g, size_t need_bytes)
{
    if (g->over)
        return false;
    return need_bytes <= IO_RECORD_MAX - g->n || gather_flush(g);
}

static void gather_writer(struct gather *g, struct wire_writer *w)
{
    wire_writer_init(w, g->room + g->n, IO_RECORD_MAX - g->n);
}

static void gather_take(struct gather *g, const struct wire_writer *w)
{
    assert(!w->bad);
    g->n += wire_written(w);
}

static void gather_queued(struct gather *g)
{
    struct outbox *outbox = &g->session->outbox;
    size_t n;
    const uint8_t *front;

    while (outbox_bytes(outbox) > 0) {
        front = outbox_front(outbox, IO_RECORD_MAX - g->n, &n);
        if (front == NULL) {
            if (!gather_flush(g))
                return;
            continue;
        }
        memcpy(g->room + g->n, front, n);
        g->n += n;
        outbox_consume(outbox, n);
    }
}

static bool chat_reaches(const struct gather *g, const struct snapshot_chat_line *line)
{
    int64_t reach = (int64_t)SNAPSHOT_NEARBY_M * SPACE_UNITS_PER_M;
    int64_t dx = (int64_t)line->pos.x - g->self->state.pos.x;
    int64_t dz = (int64_t)line->pos.z - g->self->state.pos.z;

    if (line->tick < g->session->joined_tick)
        return false;
    return line->channel != PROTOCOL_CHANNEL_NEARBY || dx * dx + dz * dz <= reach * reach;
}

static void gather_chat(struct gather *g)
{
    const struct snapshot_chat_line *lines[CHAT_MAX];
    struct session *s = g->session;
    struct host *host = g->host;
    uint64_t lost;
    size_t n;

    if (snapshot_chat_sequence(g->snapshot) == s->chat_sequence)
        return;
    n = snapshot_chat(g->snapshot, s->chat_sequence, lines, CHAT_MAX, &lost);
    for (size_t i = 0; i < n; i++) {
        const struct snapshot_chat_line *line = lines[i];
        struct wire_writer w;

        if (chat_reaches(g, line)) {
            if (!gather_room(g, CHAT_LINE_MAX))
                return;
            gather_writer(g, &w);
            protocol_encode_chat_line(
                &w,
                &(struct protocol_chat_line){
                    .sequence = line->sequence,
                    .wall_ms = host->wall_ms - (uint64_t)(host->tick - line->tick) * SIM_TICK_MS *
                                                   PROTOCOL_TEMPO_MAX / host->tempo,
                    .entity = line->entity,
                    .channel = line->channel,
                    .name = {line->name->bytes, (uint16_t)line->name->len_bytes},
                    .text = {line->text->bytes, (uint16_t)line->text->len_bytes}});
            gather_take(g, &w);
        }
        s->chat_sequence = line->sequence;
    }
}

/* Once a second, and at once when the tempo is another. A wall clock that steps back brings one
 * early. */
static void gather_clock(struct gather *g)
{
    struct session *s = g->session;
    struct wire_writer w;

    if (s->tempo == g->host->tempo && g->host->wall_ms - s->clock_ms < CLOCK_EVERY_MS)
        return;
    if (!gather_room(g, SMALL_MAX))
        return;
    gather_writer(g, &w);
    protocol_encode_clock(&w, &(struct protocol_clock){.tick = g->host->tick,
                                                       .wall_ms = g->host->wall_ms,
                                                       .tempo = g->host->tempo});
    gather_take(g, &w);
    s->clock_ms = g->host->wall_ms;
    s->tempo = g->host->tempo;
    session_count(s, true);
}

static bool self_same(const struct protocol_self *a, const struct protocol_self *b)
{
    return a->seq == b->seq && a->pos.x == b->pos.x && a->pos.y == b->pos.y &&
           a->pos.z == b->pos.z && a->velocity_y == b->velocity_y && a->yaw == b->yaw &&
           a->airborne == b->airborne && a->ahead == b->ahead;
}

static void gather_self(struct gather *g)
{
    struct session *s = g->session;
    const struct snapshot_entity *e = g->self;
    struct protocol_self self = {
        .tick = snapshot_tick(g->snapshot),
        .seq = e->seq,
        .pos = e->state.pos,
        .velocity_y = e->state.velocity_y,
        .yaw = e->state.yaw,
        .airborne = e->state.airborne,
        .dropped = (uint8_t)(s->dropped < UINT8_MAX ? s->dropped : UINT8_MAX),
        .ahead = e->ahead,
    };
    struct wire_writer w;

    if (s->self_sent && s->dropped == 0 && self_same(&self, &s->self))
        return;
    if (!gather_room(g, SMALL_MAX))
        return;
    gather_writer(g, &w);
    protocol_encode_self(&w, &self);
    gather_take(g, &w);
    s->self = self;
    s->self_sent = true;
    s->dropped = 0;
}

static void gather_identities(struct gather *g)
{
    struct session *s = g->session;
    struct protocol_identity identity = {.rows_n = 0};
    struct wire_writer w;

    if (s->who_n == 0 || !gather_room(g, IDENTITY_MAX))
        return;
    for (unsigned i = 0; i < s->who_n; i++) {
        const struct snapshot_entity *e = snapshot_entity(g->snapshot, s->who[i]);
        if (e == NULL || e->layer != 0 ||
            !interest_has(&s->interest, g->host->settings->shape, space_cell_up(e->cell, 0)))
            continue;
        identity.rows[identity.rows_n++] =
            (struct protocol_identity_row){.id = e->id,
                                           .version = e->version,
                                           .looks = e->looks,
                                           .name = {e->name->bytes, (uint16_t)e->name->len_bytes}};
    }
    s->who_n = 0;
    if (identity.rows_n == 0)
        return;
    gather_writer(g, &w);
    protocol_encode_identity(&w, &identity);
    gather_take(g, &w);
}

static void gather_view(struct gather *g)
{
    struct session *s = g->session;
    struct host *host = g->host;
    struct protocol_key gained[ARRAY_N(host->changes[0])], lost[ARRAY_N(host->changes[0])];
    struct interest_change change = {.gained = host->changes[0], .lost = host->changes[1]};
    struct space_cell own = space_cell_up(g->self->cell, 0);
    struct wire_writer w;

    if (!interest_stale(&s->interest, host->settings->shape, own) ||
        !gather_room(g, VIEW_LEAST * KEY_MAX))
        return;
    change.changes_max = (uint32_t)((IO_RECORD_MAX - g->n - SMALL_MAX) / KEY_MAX);
    if (interest_update(&s->interest, host->settings->shape, own, &change) != 0)
        return;
    for (uint32_t i = 0; i < change.gained_n; i++)
        gained[i] = (struct protocol_key){.source = (uint16_t)(s->entity >> 48),
                                          .x = change.gained[i].x,
                                          .z = change.gained[i].z};
    for (uint32_t i = 0; i < change.lost_n; i++)
        lost[i] = (struct protocol_key){
            .source = (uint16_t)(s->entity >> 48), .x = change.lost[i].x, .z = change.lost[i].z};
    if (change.gained_n + change.lost_n == 0)
        return;
    gather_writer(g, &w);
    protocol_encode_view(&w, gained, (uint16_t)change.gained_n, lost, (uint16_t)change.lost_n);
    gather_take(g, &w);
}

/* Put one block in. False: no room now. */
static bool gather_block(struct gather *g, const struct snapshot_block *block)
{
    if (!gather_room(g, block->frame_bytes))
        return false;
    memcpy(g->room + g->n, block->frame, block->frame_bytes);
    g->n += block->frame_bytes;
    g->host->blocks_n++;
    g->host->blocks_full_n += block->from == CELLBLOCK_NONE;
    return true;
}

/* A cell that nothing is known of any more: what the receiver holds of it goes. */
static bool gather_gone(struct gather *g, struct interest_cell *cell, uint16_t part)
{
    struct interest_part *p = interest_part(cell, part);
    struct snapshot_block block;
    int result;

    if (p == NULL || !p->populated)
        return true;
    result = snapshot_block_gone(g->snapshot, cell->cell, 0, part, g->host->config.number, &block);
    if (result != 1)
        return true;
    if (!gather_block(g, &block))
        return false;
    *p = (struct interest_part){.have = CELLBLOCK_NONE};
    return true;
}

static bool gather_part(struct gather *g, struct interest_cell *cell,
                        const struct snapshot_cell *known, uint16_t part)
{
    struct interest_part *p = interest_part(cell, part);
    struct snapshot_block block;

    if (p == NULL ||
        snapshot_block(g->snapshot, known, part, p->have, 0, g->host->config.number, &block) != 1)
        return true;
    if (p->have == CELLBLOCK_NONE && block.empty)
        return true; /* nothing is what it has */
    if (!gather_block(g, &block))
        return false;
    p->have = block.to;
    p->populated = !block.empty;
    return true;
}

static bool gather_cell(struct gather *g, struct interest_cell *cell)
{
    const struct snapshot_cell *known = snapshot_cell(g->snapshot, cell->cell, 0);
    uint16_t parts_n = known != NULL ? snapshot_cell_parts(known) : 0;
    bool room = true;

    if (parts_n <= 1 && cell->more_n == 0 && known != NULL) { /* nearly always */
        if (cell->first.have == CELLBLOCK_NONE ? snapshot_cell_members_n(known) == 0
                                               : snapshot_cell_changed(known) <= cell->first.have)
            return true;
    }
    for (uint16_t part = 0; part < parts_n && room; part++)
        room = gather_part(g, cell, known, part);
    for (uint16_t part = parts_n; part < cell->more_n + 1 && room; part++)
        room = gather_gone(g, cell, part);
    return room;
}

static void gather_blocks(struct gather *g)
{
    struct interest *interest = &g->session->interest;

    for (uint32_t i = 0; i < interest->cells_n && !g->over; i++) {
        if (!gather_cell(g, &interest->cells[i]))
            return;
    }
}

void gather(struct session *s, struct snapshot *snapshot)
{
    struct gather g = {.session = s,
                       .host = s->host,
                       .snapshot = snapshot,
                       .self = snapshot_entity(snapshot, s->entity),
                       .room = io_scratch(s->host->io)->plain};

    if (g.self == NULL || g.self->session != s->id) {
        /* not there yet, or left, or handed to a newer login: only what was said to the session
         * itself */
        s->who_n = 0;
        session_flush(s);
        return;
    }
    s->dropped += g.self->dropped;
    if (!stream_writable(s->stream))
        return; /* it has not taken the last record: newer state comes */
    gather_queued(&g);
    gather_chat(&g);
    gather_clock(&g);
    gather_self(&g);
    gather_identities(&g);
    gather_view(&g);
    gather_blocks(&g);
    gather_flush(&g);
    session_count(s, false);
}
