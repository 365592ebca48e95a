/* blocks.c -- see blocks.h. */
#include "play/blocks.h"

#define KEY_MAX    14  /* a cell's number and key in VIEW, encoded, at most */
#define VIEW_LEAST 128 /* changes of view for which a new record is begun */
#define VIEW_HEAD  16  /* of the message */
#define SOON       4   /* cells ahead of the one that is looked at: fetched meanwhile */
#define NEAR_TIER  1   /* up to this a cell is near */
#define ALONE_TIER 2   /* of one's own cell, where nobody else is */

_Static_assert(VIEW_LEAST >= INTEREST_CHANGES_LEAST, "one level 0 cell's change fits");

/* One layer of a snapshot. */
struct layer {
    struct snapshot *snapshot;
    uint8_t layer;
};

struct gather {
    struct record *record;
    struct session *session;
    struct host *host;
    const struct snapshot_entity *self;
    struct layer layer;
    struct interest *interest;
    struct interest_world world;
    uint32_t tick;
    uint32_t updates; /* bytes of the cell's blocks that are not the first */
    bool stopped;     /* no more blocks now */
};

/* ---- what the world says of a layer ---- */

static size_t world_leaves(const void *context, struct space_cell level0,
                           struct space_cell leaves[SPACE_LEAVES_MAX])
{
    const struct layer *layer = context;
    const struct snapshot_cell *known[SPACE_LEAVES_MAX];
    size_t n = snapshot_leaves(layer->snapshot, level0, layer->layer, known);

    for (size_t i = 0; i < n; i++)
        leaves[i] = snapshot_cell_at(known[i]);
    return n;
}

static uint32_t world_division(const void *context, struct space_cell level0)
{
    const struct layer *layer = context;

    return snapshot_divided(layer->snapshot, level0, layer->layer);
}

static bool part_told(const struct interest_part *part, const struct snapshot_cell *known)
{
    if (part->have == CELLBLOCK_NONE)
        return snapshot_cell_members_n(known) == 0;
    return snapshot_cell_changed(known) <= part->have;
}

static bool world_told(const void *context, const struct interest_cell *cell)
{
    const struct layer *layer = context;
    const struct snapshot_cell *known =
        snapshot_cell(layer->snapshot, interest_key(cell), layer->layer);
    uint16_t parts_n = known != NULL ? snapshot_cell_parts(known) : 0;

    if (!cell->old) /* the first blocks of the new ones are enough */
        return known == NULL || snapshot_cell_members_n(known) == 0 ||
               (cell->first.have != CELLBLOCK_NONE && interest_more_n(cell) + 1 >= parts_n);
    if (known == NULL)
        return true;
    if (!part_told(&cell->first, known))
        return false;
    for (uint16_t i = 0; i < interest_more_n(cell); i++) {
        if (!part_told(&cell->more->parts[i], known))
            return false;
    }
    return true;
}

static struct interest_world world_of(const struct layer *layer)
{
    return (struct interest_world){
        .context = layer,
        .divided = snapshot_divided_last(layer->snapshot),
        .leaves = world_leaves,
        .division = world_division,
        .told = world_told,
    };
}

/* ---- VIEW ---- */

/* The public layer's keys and those of the one that a player holds besides are told apart. */
static uint16_t number_of(const struct gather *g, uint16_t number)
{
    return (uint16_t)(number + (g->layer.layer != 0 ? INTEREST_NUMBERS : 0));
}

_Static_assert(2 * INTEREST_NUMBERS <= PROTOCOL_NUMBERS, "both have room");

static struct protocol_key key_of(const struct gather *g, struct space_cell cell)
{
    return (struct protocol_key){.source = (uint16_t)(g->session->seat.entity >> 48),
                                 .layer = g->layer.layer,
                                 .level = cell.level,
                                 .x = cell.x,
                                 .z = cell.z};
}

static void say_view(struct gather *g, const struct interest_change *change)
{
    struct protocol_gain gained[ARRAY_N(g->host->changes[0])];
    uint16_t lost[ARRAY_N(g->host->changes[0])];
    struct wire_writer w;

    if (change->gained_n + change->lost_n == 0)
        return;
    for (uint32_t i = 0; i < change->gained_n; i++)
        gained[i] = (struct protocol_gain){key_of(g, change->gained[i].cell),
                                           number_of(g, change->gained[i].number)};
    for (uint32_t i = 0; i < change->lost_n; i++)
        lost[i] = number_of(g, change->lost[i].number);
    record_writer(g->record, &w);
    protocol_encode_view(&w, gained, (uint16_t)change->gained_n, lost, (uint16_t)change->lost_n);
    record_take(g->record, &w);
}

/* Ready for as many changes as fit. False: no room now. */
static bool view_room(struct gather *g, struct interest_change *change)
{
    struct host *host = g->host;
    uint32_t most;

    if (!record_room(g->record, VIEW_HEAD + VIEW_LEAST * KEY_MAX))
        return false;
    most = (uint32_t)((IO_RECORD_MAX - g->record->n - VIEW_HEAD) / KEY_MAX);
    *change = (struct interest_change){
        .gained = host->changes[0],
        .lost = host->changes[1],
        .changes_max = most < ARRAY_N(host->changes[0]) ? most : ARRAY_N(host->changes[0]),
    };
    return true;
}

static void view_update(struct gather *g)
{
    struct interest_shape *shape = g->host->settings->shape;
    struct tiers_square square = tiers_square_of(g->self->state.pos);
    struct interest_change change;

    g->world = world_of(&g->layer);
    if (interest_stale(g->interest, shape, square, &g->world) && view_room(g, &change)) {
        if (interest_update(g->interest, shape, square, &g->world, &change) != 0)
            g->stopped = true;
        say_view(g, &change);
        if (change.gained_n + change.lost_n > 0)
            g->session->resume = 0;
    }
    interest_move(g->interest, square);
}

/* ---- blocks ---- */

/* Whether a block may go now. */
static bool may_send(struct gather *g, unsigned tier)
{
    if (pace_open(&g->session->pace, tier <= NEAR_TIER, g->record->n))
        return true;
    pace_withheld(&g->session->pace);
    g->session->withheld++;
    g->host->blocks_withheld_n++;
    return false;
}

/* Put one block of a cell in. first: nothing is had of it; else it is an update, full or not, for
 * then it is long overdue. False: no room now. */
static bool put_block(struct gather *g, const struct interest_cell *cell,
                      const struct snapshot_block *block, bool first)
{
    uint32_t bytes = record_block(g->record, number_of(g, cell->number), block);

    if (bytes == 0)
        return false;
    g->record->updates += first ? 0 : bytes;
    g->updates += first ? 0 : bytes;
    g->host->blocks_n++;
    g->host->blocks_full_n += block->from == CELLBLOCK_NONE;
    return true;
}

/* A cell that nothing is known of any more: what the receiver holds of it goes. */
static bool gather_gone(struct gather *g, struct interest_cell *cell, uint16_t part)
{
    struct interest_part *p = interest_part(cell, part);
    struct snapshot_block block;

    if (p == NULL || !p->populated)
        return true;
    if (snapshot_block_gone(g->layer.snapshot, interest_key(cell), g->layer.layer, part,
                            g->host->config.number, &block) != 1)
        return true;
    if (!put_block(g, cell, &block, false))
        return false;
    *p = (struct interest_part){.have = CELLBLOCK_NONE};
    return true;
}

/* False: no more blocks of this cell's kind now. */
static bool gather_part(struct gather *g, struct interest_cell *cell,
                        const struct snapshot_cell *known, uint16_t part)
{
    struct interest_part *p = interest_part(cell, part);
    struct snapshot_block block;

    if (p == NULL || snapshot_block(g->layer.snapshot, known, part, p->have, 0,
                                    g->host->config.number, &block) != 1)
        return true;
    if (p->have == CELLBLOCK_NONE && block.empty)
        return true; /* nothing is what it has */
    if (!put_block(g, cell, &block, p->have == CELLBLOCK_NONE))
        return false;
    p->have = block.to;
    p->populated = !block.empty;
    return true;
}

/* Who walks alone has SELF, and is told of the own cell only now and then. */
static bool is_alone(const struct gather *g, const struct interest_cell *cell,
                     const struct snapshot_cell *known)
{
    return snapshot_cell_members_n(known) == 1 && cell->first.have != CELLBLOCK_NONE &&
           cell->more == NULL && space_cell_same(interest_key(cell), g->self->cell) &&
           g->layer.layer == g->self->layer;
}

/* Its turn has come. False: no more blocks of this cell's kind now. */
static bool gather_cell(struct gather *g, struct interest_cell *cell, unsigned tier, uint32_t phase)
{
    const struct snapshot_cell *known =
        snapshot_cell_again(g->layer.snapshot, interest_key(cell), g->layer.layer, &cell->hint);
    uint16_t parts_n = known != NULL ? snapshot_cell_parts(known) : 0;
    bool room = true;

    if (known == NULL && cell->more == NULL && !cell->first.populated) {
        cell->live = false; /* nobody, nearly always */
        return true;
    }
    if (parts_n == 1 && cell->more == NULL) {
        if (cell->first.have == CELLBLOCK_NONE ? snapshot_cell_members_n(known) == 0
                                               : snapshot_cell_changed(known) <= cell->first.have)
            return true;
        if (tier < ALONE_TIER && is_alone(g, cell, known) &&
            !tiers_due(cell->first.have, g->tick, phase, ALONE_TIER))
            return true;
    }
    g->updates = 0;
    for (uint16_t part = 0; part < parts_n && room; part++) {
        if (part <= interest_more_n(cell) && part > 0 &&
            !tiers_due(cell->more->parts[part - 1].have, g->tick, phase, tier))
            continue;
        room = may_send(g, tier) && gather_part(g, cell, known, part);
    }
    for (uint16_t part = parts_n; part < interest_more_n(cell) + 1 && room; part++)
        room = gather_gone(g, cell, part);
    if (g->updates > 0)
        cell->bytes = (uint16_t)(g->updates < UINT16_MAX ? g->updates : UINT16_MAX);
    return room;
}

/* Of the cells from..to-1 all that are near, or all that are not. Returns where it had to stop; to:
 * nowhere. *others: there are cells of the other kind. */
static uint32_t gather_cells(struct gather *g, bool near, uint32_t from, uint32_t to, bool *others)
{
    unsigned shift = g->session->pace.shift, floor = g->host->floor;
    struct interest_cell *cells = g->interest->cells, *end = cells + to;

    for (struct interest_cell *cell = cells + from; cell < end; cell++) {
        uint32_t phase;
        unsigned tier;
        if (cell + SOON < end && cell[SOON].live)
            snapshot_cell_soon(g->layer.snapshot, cell[SOON].hint);
        if (!cell->live || cell->old) /* not live, as most are, where few are about */
            continue;
        tier = tiers_of(cell->base, shift, floor);
        if ((tier <= NEAR_TIER) != near) {
            *others = true;
            continue;
        }
        phase = g->session->seat.phase + (tiers_offset(interest_key(cell)) << floor);
        if (tiers_due(cell->first.have, g->tick, phase, tier) && !gather_cell(g, cell, tier, phase))
            return (uint32_t)(cell - cells);
    }
    return to;
}

/* The last blocks of keys that are leaves no more: what goes on in their place is told first.
 * False: no room now. */
static bool gather_old(struct gather *g)
{
    struct interest_cell *cells = g->interest->cells, *end = cells + g->interest->cells_n;

    if (g->interest->old_n == 0)
        return true;
    interest_settle(g->interest, &g->world);
    for (struct interest_cell *cell = cells; cell < end; cell++) {
        if (cell->old && cell->live && interest_replaced(cell) && !gather_cell(g, cell, 0, 0))
            return false;
    }
    return true;
}

/* Near cells first, nearest first; then the others, from where the last turn had to stop. */
static void gather_layer(struct gather *g, uint32_t *resume)
{
    uint32_t cells_n, begin, at;
    bool others = false;

    view_update(g);
    cells_n = g->interest->cells_n;
    begin = *resume < cells_n ? *resume : 0;
    if (g->stopped || g->record->over)
        return;
    if (gather_cells(g, true, 0, cells_n, &others) < cells_n || !gather_old(g) || !others)
        return;
    at = gather_cells(g, false, begin, cells_n, &others);
    if (at == cells_n && begin > 0) {
        at = gather_cells(g, false, 0, begin, &others);
        at = at < begin ? at : cells_n;
    }
    *resume = at < cells_n ? at : 0;
}

/* All keys of a layer that is one's own no more. */
static void leave_layer(struct gather *g)
{
    struct interest_change change;

    if (!view_room(g, &change))
        return;
    interest_drop(g->interest, &change);
    say_view(g, &change);
    if (g->interest->cells_n == 0) {
        interest_fini(g->interest);
        g->session->layer = 0;
    }
}

/* Cells that came since the session's last turn are looked at again. */
static void wake(const struct gather *g)
{
    struct session *s = g->session;
    const struct arrival *arrivals;
    uint32_t n;

    if (!arrivals_since(&g->host->arrivals, s->turn_tick, &arrivals, &n)) {
        interest_wake_all(&s->interest);
        interest_wake_all(&s->hidden);
        return;
    }
    for (uint32_t i = 0; i < n; i++) {
        if (arrivals[i].layer == 0)
            interest_wake(&s->interest, arrivals[i].cell);
        else if (arrivals[i].layer == s->layer)
            interest_wake(&s->hidden, arrivals[i].cell);
    }
}

void blocks_gather(struct record *record, struct snapshot *snapshot,
                   const struct snapshot_entity *self)
{
    struct session *s = record->session;
    struct gather g = {.record = record,
                       .session = s,
                       .host = s->seat.host,
                       .self = self,
                       .layer = {snapshot, 0},
                       .interest = &s->interest,
                       .tick = snapshot_tick(snapshot)};
    uint32_t hidden_resume = 0;

    wake(&g);
    s->turn_tick = g.tick;
    gather_layer(&g, &s->resume);
    if (self->layer == 0 && s->layer == 0)
        return;
    g.interest = &s->hidden;
    g.layer.layer = s->layer;
    g.stopped = false;
    if (s->layer != 0 && s->layer != self->layer)
        leave_layer(&g);
    if (s->layer == 0)
        s->layer = self->layer;
    if (s->layer == 0 || s->layer != self->layer)
        return;
    g.layer.layer = s->layer;
    gather_layer(&g, &hidden_resume);
}

static uint64_t rate(const struct interest *interest, unsigned shift, unsigned floor)
{
    uint64_t sum = 0;

    for (uint32_t i = 0; i < interest->cells_n; i++) {
        const struct interest_cell *cell = &interest->cells[i];
        sum += ((uint64_t)cell->bytes << TIERS_MAX) >> tiers_of(cell->base, shift, floor);
    }
    return sum;
}

uint32_t blocks_growth(const void *context, unsigned from, unsigned to)
{
    const struct session *s = context;
    unsigned floor = s->seat.host->floor;
    uint64_t now = rate(&s->interest, from, floor) + rate(&s->hidden, from, floor);
    uint64_t then = rate(&s->interest, to, floor) + rate(&s->hidden, to, floor);

    return now == 0 ? 100 : (uint32_t)((then * 100 + now - 1) / now);
}
