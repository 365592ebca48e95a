/* webview.c -- see webview.h. */
#include "http/webview.h"

#include <stdlib.h>
#include <string.h>

#include "http/webcells.h"
#include "http/webtext.h"
#include "ops/metrics.h"
#include "play/host.h"
#include "play/tiers.h"
#include "sim/sim.h"

#define SLOT_OF(entity)  ((uint32_t)((entity) >> 24) & 0xFFFFFFu)
#define WEIGHT           16 /* bytes of text count as one of the budget, which is that of blocks */
#define NEAR_TIER        1
#define CHAT_MAX         64 /* lines a turn */
#define STATE_CELLS_MAX  400
#define CORRECT_M        2
#define CORRECT_EVERY_MS 500
#define WISH_TICKS       2 /* until a wish shows in a snapshot */
#define WISHES_A_SWEEP   2 /* told at once; newer ones wait for it, the newest wins */

/* One write in the making. */
struct weave {
    struct webview *view;
    struct host *host;
    struct webcells *cells;
    struct snapshot *snapshot;
    const struct snapshot_entity *self;
    uint32_t self_slot, tick, frames_n;
    struct iovec parts[WEBPLAYER_PARTS_MAX];
    unsigned parts_n;
    size_t bytes, state_bytes;
    char *scratch;
    size_t scratch_n;
    bool full;
};

/* ---- whom it was told of ---- */

static bool announced(const struct webview *view, uint32_t slot)
{
    return view->announced[slot / 64] >> slot % 64 & 1;
}

static void announce(struct webview *view, uint32_t slot)
{
    view->announced[slot / 64] |= UINT64_C(1) << slot % 64;
}

/* `left` is to be said to it. */
static void retract(struct webview *view, uint32_t slot, uint64_t key)
{
    view->announced[slot / 64] &= ~(UINT64_C(1) << slot % 64);
    if (view->lefts_n == view->lefts_room) {
        uint32_t room = view->lefts_room > 0 ? 2 * view->lefts_room : 16;
        uint64_t *lefts = realloc(view->lefts, room * sizeof(*lefts));

        if (lefts == NULL) {
            view->failed = true;
            return;
        }
        view->lefts = lefts;
        view->lefts_room = room;
    }
    view->lefts[view->lefts_n++] = key;
}

static int reserve(struct webview *view, uint32_t figures_n)
{
    uint32_t words = (figures_n + 63) / 64;
    uint64_t *bits;

    if (words <= view->words)
        return 0;
    words = (words + 15) & ~15u;
    bits = realloc(view->announced, words * sizeof(*bits));
    if (bits == NULL)
        return -1;
    memset(bits + view->words, 0, (words - view->words) * sizeof(*bits));
    view->announced = bits;
    view->words = words;
    return 0;
}

static bool in_view(const struct webview *view, const struct webcell *cell)
{
    return (cell->layer == 0 || cell->layer == view->layer) &&
           interest_has(&view->interest, view->seat->host->settings->shape, cell->at);
}

/* Those who were taken away from where they were, in the look that is new to this one. */
static void take_changes(struct webview *view, struct webcells *cells)
{
    const struct webchange *changes;
    uint32_t n;

    if (view->looked == webcells_tick(cells))
        return;
    /* It found no memory to look where others found some, who used up what had changed then. */
    view->failed |= view->looked != 0 && view->looked != webcells_before(cells);
    view->looked = webcells_tick(cells);
    changes = webcells_changes(cells, &n);
    for (uint32_t i = 0; i < n; i++) {
        const struct webfigure *figure = webcells_figure(cells, changes[i].slot);

        if (changes[i].slot / 64 >= view->words || !announced(view, changes[i].slot))
            continue;
        if (changes[i].gone || !in_view(view, webcells_numbered(cells, figure->cell)))
            retract(view, changes[i].slot, changes[i].key);
    }
}

/* All in a cell that is in view no longer. */
static void retract_cell(struct weave *w, struct space_cell at, uint8_t layer)
{
    const struct webcell *cell = webcells_find(w->cells, at, layer);
    uint32_t slot = cell != NULL ? cell->first : WEBCELLS_NONE;

    while (slot != WEBCELLS_NONE) {
        const struct webfigure *figure = webcells_figure(w->cells, slot);

        if (announced(w->view, slot))
            retract(w->view, slot, figure->key);
        slot = figure->next;
    }
}

/* It went to another layer: those of the old one are not its to see. */
static void change_layer(struct weave *w)
{
    struct webview *view = w->view;

    for (uint32_t i = 0; view->layer != 0 && i < view->interest.cells_n; i++)
        retract_cell(w, interest_key(&view->interest.cells[i]), view->layer);
    view->layer = w->self->layer;
    view->hidden_have = CELLBLOCK_NONE;
}

/* ---- view ---- */

static size_t no_leaves(const void *context, struct space_cell level0,
                        struct space_cell leaves[SPACE_LEAVES_MAX])
{
    (void)context, (void)level0, (void)leaves;
    return 0;
}

static uint32_t no_division(const void *context, struct space_cell level0)
{
    (void)context, (void)level0;
    return 0;
}

static bool all_told(const void *context, const struct interest_cell *cell)
{
    (void)context, (void)cell;
    return true;
}

static const struct interest_world undivided = {
    .leaves = no_leaves, .division = no_division, .told = all_told};

static void update_view(struct weave *w)
{
    struct webview *view = w->view;
    struct interest_shape *shape = w->host->settings->shape;
    struct tiers_square square = tiers_square_of(w->self->state.pos);
    struct interest_change change = {.gained = w->host->changes[0],
                                     .lost = w->host->changes[1],
                                     .changes_max = ARRAY_N(w->host->changes[0])};

    if (view->layer != w->self->layer)
        change_layer(w);
    if (!interest_stale(&view->interest, shape, square, &undivided)) {
        interest_move(&view->interest, square);
        return;
    }
    if (interest_update(&view->interest, shape, square, &undivided, &change) != 0)
        view->withheld++; /* out of memory: the rest with the next turn */
    for (uint32_t i = 0; i < change.lost_n; i++) {
        retract_cell(w, change.lost[i].cell, 0);
        if (view->layer != 0)
            retract_cell(w, change.lost[i].cell, view->layer);
    }
}

/* ---- weaving ---- */

static bool put_shared(struct weave *w, const char *bytes, size_t n)
{
    struct iovec *last = w->parts_n > 0 ? &w->parts[w->parts_n - 1] : NULL;

    if (n == 0)
        return true;
    if (last != NULL && (const char *)last->iov_base + last->iov_len == bytes) {
        last->iov_len += n;
    } else if (w->parts_n < WEBPLAYER_PARTS_MAX) {
        w->parts[w->parts_n++] = (struct iovec){(void *)(uintptr_t)bytes, n};
    } else {
        w->full = true;
        return false;
    }
    w->bytes += n;
    return true;
}

/* Room for text of one's own; NULL: there is none in this turn. */
static char *room_for(struct weave *w, size_t n)
{
    if (w->full || WEBCELLS_SCRATCH - w->scratch_n < n || w->parts_n == WEBPLAYER_PARTS_MAX ||
        w->bytes - w->state_bytes + n > WEBPLAYER_WRITE_MAX) {
        w->full = true;
        return NULL;
    }
    return w->scratch + w->scratch_n;
}

static void put_own(struct weave *w, const char *end)
{
    size_t n = (size_t)(end - (w->scratch + w->scratch_n));

    put_shared(w, w->scratch + w->scratch_n, n);
    w->scratch_n += n;
    w->frames_n++;
}

static void put_lefts(struct weave *w)
{
    struct webview *view = w->view;
    uint32_t said = 0;
    char *to;

    while (said < view->lefts_n && (to = room_for(w, WEBTEXT_LEFT_MAX)) != NULL)
        put_own(w, webtext_left(to, view->lefts[said++]));
    view->lefts_n -= said;
    if (view->lefts_n == 0)
        return;
    memmove(view->lefts, view->lefts + said, view->lefts_n * sizeof(*view->lefts));
    w->full = true; /* nobody comes before others are gone */
}

static void put_joined(struct weave *w, uint32_t slot)
{
    const struct webfigure *figure = webcells_row(w->cells, slot);
    char *to = figure != NULL ? room_for(w, WEBTEXT_JOINED_MAX) : NULL;

    if (to == NULL) {
        w->full = true;
        return;
    }
    put_own(w, webtext_joined(to, figure->row, figure->row_n));
    announce(w->view, slot);
}

static void put_moved(struct weave *w, uint32_t slot)
{
    const struct webfigure *figure = webcells_frame(w->cells, slot);
    char *to = figure != NULL ? room_for(w, figure->frame_n) : NULL;

    if (to == NULL) {
        w->full = true;
        return;
    }
    memcpy(to, figure->frame, figure->frame_n);
    put_own(w, to + figure->frame_n);
}

/* ---- game:state ---- */

/* The cell's rows without oneself, as they lie: at most two pieces, each row with its comma. */
static unsigned rows_of(const struct weave *w, const struct webcell *cell, struct iovec pieces[2])
{
    const struct webfigure *self = webcells_figure(w->cells, w->self_slot);
    const char *rows = cell->rows, *end = rows + cell->rows_n;
    bool within = self->made_row == w->tick && self->row >= rows && self->row < end;
    const char *cut = within ? self->row : end, *on = within ? self->row + self->row_n + 1 : end;

    pieces[0] = (struct iovec){(void *)(uintptr_t)rows, (size_t)(cut - rows)};
    pieces[1] = (struct iovec){(void *)(uintptr_t)on, (size_t)(end - on)};
    return 2;
}

/* A state is all there is to know: whoever is not in it was never told of. */
static void forget_all(struct webview *view)
{
    if (view->words > 0)
        memset(view->announced, 0, view->words * sizeof(*view->announced));
    for (uint32_t i = 0; i < view->interest.cells_n; i++)
        view->interest.cells[i].first.have = CELLBLOCK_NONE;
    view->hidden_have = CELLBLOCK_NONE;
}

/* Cells in view, nearest first, as many as it may hold, the others come as `joined`. */
static void put_state(struct weave *w)
{
    struct webview *view = w->view;
    struct interest_cell *stated[STATE_CELLS_MAX];
    struct iovec pieces[2 * STATE_CELLS_MAX];
    unsigned stated_n = 0, pieces_n = 0;
    size_t rows_n = 0;
    char *to = room_for(w, WEBTEXT_HEAD_LONG + 32);

    if (to == NULL)
        return;
    for (uint32_t i = 0; i < view->interest.cells_n && stated_n < STATE_CELLS_MAX; i++) {
        struct interest_cell *held = &view->interest.cells[i];
        struct webcell *cell = webcells_find(w->cells, interest_key(held), 0);
        struct iovec *piece = &pieces[pieces_n];

        if (cell == NULL)
            continue;
        if (webcells_rows(w->cells, cell) != 0 || rows_n + cell->rows_n > WEBPLAYER_STATE_MAX)
            break;
        pieces_n += rows_of(w, cell, piece);
        rows_n += piece[0].iov_len + piece[1].iov_len;
        stated[stated_n++] = held;
    }
    while (pieces_n > 0 && pieces[pieces_n - 1].iov_len == 0)
        pieces_n--;
    if (pieces_n > 0) { /* the last comma */
        pieces[pieces_n - 1].iov_len--;
        rows_n--;
    }
    put_own(w, webtext_state(to, rows_n));
    for (unsigned i = 0; i < pieces_n; i++)
        put_shared(w, pieces[i].iov_base, pieces[i].iov_len);
    put_shared(w, WEBTEXT_STATE_END, sizeof(WEBTEXT_STATE_END) - 1);
    forget_all(view);
    for (unsigned i = 0; i < stated_n; i++) {
        const struct webcell *cell = webcells_find(w->cells, interest_key(stated[i]), 0);

        stated[i]->first.have = w->tick;
        for (uint32_t slot = cell->first; slot != WEBCELLS_NONE;
             slot = webcells_figure(w->cells, slot)->next) {
            if (slot != w->self_slot)
                announce(view, slot);
        }
    }
    w->state_bytes = w->bytes;
    view->state_asked = false;
}

/* ---- what is said, and where it is ---- */

static uint64_t line_wall_ms(const struct host *host, const struct snapshot_chat_line *line)
{
    if (line->said_ms != 0)
        return line->said_ms;
    return host->wall_ms -
           (uint64_t)(host->tick - line->tick) * SIM_TICK_MS * PROTOCOL_TEMPO_MAX / host->tempo;
}

static void put_chat(struct weave *w)
{
    const struct snapshot_chat_line *lines[CHAT_MAX];
    struct seat *seat = w->view->seat;
    size_t n = snapshot_chat(w->snapshot, seat->chat_sequence, lines, CHAT_MAX), bytes_n;

    for (size_t i = 0; i < n; i++) {
        const char *bytes = NULL;

        if (lines[i]->tick >= seat->joined_tick && lines[i]->channel != PROTOCOL_CHANNEL_NEARBY)
            bytes = webcells_line(w->cells, lines[i], line_wall_ms(w->host, lines[i]), &bytes_n);
        if (bytes != NULL && !put_shared(w, bytes, bytes_n))
            return;
        w->frames_n += bytes != NULL;
        seat->chat_sequence = lines[i]->sequence;
    }
}

static bool is_far(const struct webview *view, const struct snapshot_entity *self)
{
    int64_t dx = (int64_t)view->wish_x - self->state.pos.x;
    int64_t dz = (int64_t)view->wish_z - self->state.pos.z;
    int64_t most = (int64_t)CORRECT_M * SPACE_UNITS_PER_M;

    /* one after the other: squared, a wish at the other end of a large world would overflow */
    return dx > most || dx < -most || dz > most || dz < -most || dx * dx + dz * dz > most * most;
}

static bool same_pos(struct space_pos a, struct space_pos b)
{
    return a.x == b.x && a.z == b.z;
}

/* The truth, to one who wishes to be elsewhere: at once, then now and then while it is under way.
 */
static void put_correction(struct weave *w)
{
    struct webview *view = w->view;
    uint64_t now_ms = io_now_ms(w->host->io);
    char *to;

    if (view->teleports != w->self->teleports) {
        view->teleports = w->self->teleports;
        view->wished = view->pending = false;
        view->must_correct = true;
    }
    if (!view->must_correct) {
        if (!view->wished || view->pending || w->tick - view->wish_tick < WISH_TICKS)
            return;
        if (!is_far(view, w->self)) {
            view->corrected = false;
            return;
        }
        if ((view->corrected_ms != 0 && now_ms - view->corrected_ms < CORRECT_EVERY_MS) ||
            (view->corrected && same_pos(view->corrected_at, w->self->state.pos)))
            return;
    }
    to = room_for(w, WEBTEXT_MOVED_MAX);
    if (to == NULL)
        return;
    put_own(w, webtext_corrected(to, w->self->state.pos));
    metrics_add(METRIC_WEB_CORRECTED, 1);
    view->must_correct = false;
    view->corrected = true;
    view->corrected_at = w->self->state.pos;
    view->corrected_ms = now_ms;
}

/* ---- cells ---- */

static uint32_t growth(const void *context, unsigned from, unsigned to)
{
    const struct webview *view = context;
    unsigned floor = view->seat->host->floor;
    uint64_t now = 0, then = 0;

    for (uint32_t i = 0; i < view->interest.cells_n; i++) {
        const struct interest_cell *cell = &view->interest.cells[i];

        now += ((uint64_t)cell->bytes << TIERS_MAX) >> tiers_of(cell->base, from, floor);
        then += ((uint64_t)cell->bytes << TIERS_MAX) >> tiers_of(cell->base, to, floor);
    }
    return now == 0 ? 100 : (uint32_t)((then * 100 + now - 1) / now);
}

/* Of each member by itself: what it has not got since `have`. */
static void put_members(struct weave *w, const struct webcell *cell, uint32_t have)
{
    for (uint32_t slot = cell->first; slot != WEBCELLS_NONE && !w->full;) {
        const struct webfigure *figure = webcells_figure(w->cells, slot);

        if (slot != w->self_slot && !announced(w->view, slot))
            put_joined(w, slot);
        else if (slot != w->self_slot &&
                 (have == CELLBLOCK_NONE || (int32_t)(figure->moved - have) > 0))
            put_moved(w, slot);
        slot = figure->next;
    }
}

/* The shared bytes, around one's own frame, then who came. One's turn may begin with a run that is
 * longer than a turn, or it would never go. */
static void put_run(struct weave *w, struct webcell *cell, unsigned k)
{
    const struct webrun *run = webcells_run(w->cells, cell, k);
    const struct webfigure *self = webcells_figure(w->cells, w->self_slot);
    bool within;

    if (run == NULL || (w->bytes > w->state_bytes &&
                        w->bytes - w->state_bytes + run->bytes_n > WEBPLAYER_WRITE_MAX)) {
        w->full = true;
        return;
    }
    if (WEBPLAYER_PARTS_MAX - w->parts_n < 3) {
        w->full = true;
        return;
    }
    within = self->entity != 0 && webcells_numbered(w->cells, self->cell) == cell &&
             self->at[k] != WEBCELLS_NONE;
    if (within) {
        put_shared(w, run->bytes, self->at[k]);
        put_shared(w, run->bytes + self->at[k] + self->frame_n,
                   run->bytes_n - self->at[k] - self->frame_n);
    } else {
        put_shared(w, run->bytes, run->bytes_n);
    }
    for (uint32_t i = 0; i < run->came_n && !w->full; i++) {
        if (run->came[i] == w->self_slot)
            continue;
        if (announced(w->view, run->came[i]))
            put_moved(w, run->came[i]);
        else
            put_joined(w, run->came[i]);
    }
}

/* False: no more in this turn. */
static bool put_cell(struct weave *w, struct interest_cell *held, unsigned tier)
{
    struct webview *view = w->view;
    struct webcell *cell = webcells_find(w->cells, interest_key(held), 0);
    size_t before = w->bytes, n;
    uint32_t have = held->first.have;
    unsigned k;

    if (cell == NULL || (have != CELLBLOCK_NONE && (int32_t)(cell->changed - have) <= 0)) {
        held->first.have = w->tick;
        return true;
    }
    if (!pace_open(&view->pace, tier <= NEAR_TIER, (w->bytes - w->state_bytes) / WEIGHT)) {
        pace_withheld(&view->pace);
        view->withheld++;
        return false;
    }
    k = have != CELLBLOCK_NONE ? webcells_reach(w->cells, have) : WEBCELLS_RUNS;
    if (k < WEBCELLS_RUNS)
        put_run(w, cell, k);
    else
        put_members(w, cell, have);
    if (w->full)
        return false;
    held->first.have = w->tick;
    n = (w->bytes - before) / WEIGHT;
    if (have != CELLBLOCK_NONE)
        held->bytes = (uint16_t)(n < UINT16_MAX ? n : UINT16_MAX);
    return true;
}

/* One's own layer, where hardly anybody is: each by itself. */
static void put_hidden(struct weave *w)
{
    struct webview *view = w->view;

    for (uint32_t i = 0; i < view->interest.cells_n && !w->full; i++) {
        const struct webcell *cell =
            webcells_find(w->cells, interest_key(&view->interest.cells[i]), view->layer);

        if (cell != NULL)
            put_members(w, cell, view->hidden_have);
    }
    if (!w->full)
        view->hidden_have = w->tick;
}

static void put_cells(struct weave *w)
{
    struct webview *view = w->view;
    unsigned shift = view->pace.shift, floor = w->host->floor;

    for (uint32_t i = 0; i < view->interest.cells_n && !w->full; i++) {
        struct interest_cell *held = &view->interest.cells[i];
        unsigned tier = tiers_of(held->base, shift, floor);
        uint32_t phase = view->seat->phase + (tiers_offset(interest_key(held)) << floor);

        if (tiers_due(held->first.have, w->tick, phase, tier) && !put_cell(w, held, tier))
            break;
    }
    if (view->layer != 0)
        put_hidden(w);
}

/* ---- a turn ---- */

static void show(const struct webview *view)
{
    struct host_counters *counters = view->seat->counters;

    if (counters == NULL)
        return; /* it left meanwhile */
    /* figures for people: no order is needed */
    atomic_store_explicit(&counters->bytes_out, view->bytes, memory_order_relaxed);
    atomic_store_explicit(&counters->cost_us, view->seat->gather_us, memory_order_relaxed);
    atomic_store_explicit(&counters->shift, view->pace.shift, memory_order_relaxed);
    atomic_store_explicit(&counters->cells, view->interest.cells_n, memory_order_relaxed);
    atomic_store_explicit(&counters->withheld, view->withheld, memory_order_relaxed);
}

static void count(struct weave *w)
{
    struct webview *view = w->view;
    size_t paced = w->bytes - w->state_bytes;

    view->bytes += w->bytes;
    w->host->bytes_sent += w->bytes;
    pace_sent(&view->pace, (uint32_t)(paced / WEIGHT), (uint32_t)(paced / WEIGHT));
    metrics_add(METRIC_WEB_BYTES, w->bytes);
    show(view);
}

static void pace_begin(struct webview *view, bool refused)
{
    const struct pace_growth grows = {growth, view};
    struct host *host = view->seat->host;
    unsigned before = view->pace.shift;

    if (refused)
        pace_refused(&view->pace, host->settings->player_budget_bytes, host->tick);
    else
        pace_turn(&view->pace, host->settings->player_budget_bytes, host->tick, &grows);
    metrics_gauge(METRIC_PLAYERS_SHIFTED, (view->pace.shift > 0) - (before > 0));
    if (view->pace.shift != before) /* also where there is nothing to tell it */
        show(view);
}

/* The newest wish, if the sim is not told of it yet. */
static void push_wish(struct webview *view)
{
    struct command command = {.kind = COMMAND_WISH};

    if (!view->pending)
        return;
    command.as.wish.x = view->wish_x;
    command.as.wish.z = view->wish_z;
    if (seat_command(view->seat, &command) != 0)
        return; /* with the next sweep */
    view->pending = false;
    view->pushed++;
    view->wish_tick = view->seat->host->tick;
}

void webview_wish(struct webview *view, int32_t x, int32_t z, bool placed)
{
    view->wished = true;
    view->corrected = false;
    view->wish_x = x;
    view->wish_z = z;
    if (placed)
        return;
    view->pending = true;
    if (view->pushed < WISHES_A_SWEEP)
        push_wish(view);
}

/* False: it has no turn now. */
static bool turn_begins(struct webview *view, const struct snapshot_entity *self)
{
    struct host *host = view->seat->host;

    if (self == NULL || self->session != view->seat->id)
        return false; /* not there yet, or handed to a newer login */
    if (!view->began) {
        view->teleports = self->teleports;
        view->must_correct = !view->wished;
        view->state_asked = view->began = true;
    } else if (!tiers_has_turn(host->sweep, view->seat->phase, host->floor)) {
        return false;
    }
    if (view->handlers->writable(view->context)) {
        pace_begin(view, false);
        if (view->seat->counters != NULL && pace_untold(&view->pace)) {
            pace_told(&view->pace);
            view->seat->kind->notice(view->seat, PACE_WORDS);
        }
        return view->seat->counters != NULL; /* it may have left meanwhile */
    }
    view->withheld++;
    pace_begin(view, true);
    show(view);
    return false;
}

void webview_gather(struct webview *view, struct snapshot *snapshot)
{
    struct host *host = view->seat->host;
    struct weave w; /* large: filled in as needed */

    w.cells = host->web;
    if (webcells_look(w.cells, snapshot) != 0)
        return; /* out of memory: with the next snapshot */
    if (reserve(view, webcells_figures_n(w.cells)) != 0)
        view->failed = true;
    else
        take_changes(view, w.cells);
    view->pushed = 0;
    push_wish(view);
    w.self = snapshot_entity(snapshot, view->seat->entity);
    if (view->failed || !turn_begins(view, w.self))
        return;
    w.view = view;
    w.host = host;
    w.snapshot = snapshot;
    w.self_slot = SLOT_OF(w.self->id);
    w.tick = snapshot_tick(snapshot);
    w.parts_n = w.frames_n = 0;
    w.bytes = w.state_bytes = w.scratch_n = 0;
    w.scratch = webcells_scratch(w.cells);
    w.full = false;
    update_view(&w);
    put_lefts(&w);
    if (view->state_asked)
        put_state(&w);
    put_correction(&w);
    put_chat(&w);
    if (!view->state_asked)
        put_cells(&w);
    if (w.bytes == 0 || view->failed)
        return;
    count(&w);
    view->handlers->frames(view->context, w.parts, w.parts_n);
    if (w.state_bytes > 0 && view->state_ack != WEBPLAYER_NO_ACK && view->seat->counters != NULL) {
        uint32_t ack = view->state_ack;

        view->state_ack = WEBPLAYER_NO_ACK;
        view->handlers->acked(view->context, ack, NULL);
    }
}

/* ---- life ---- */

void webview_init(struct webview *view, struct seat *seat,
                  const struct webplayer_handlers *handlers, void *context)
{
    view->seat = seat;
    view->handlers = handlers;
    view->context = context;
    view->state_ack = WEBPLAYER_NO_ACK;
    view->hidden_have = CELLBLOCK_NONE;
    pace_init(&view->pace, seat->host->settings->player_budget_bytes, seat->host->tick);
}

void webview_fini(struct webview *view)
{
    metrics_gauge(METRIC_PLAYERS_SHIFTED, -(view->pace.shift > 0));
    interest_fini(&view->interest);
    free(view->announced);
    free(view->lefts);
}
