/* replica.c -- see replica.h.
 *
 *   cells:    key -> parts -> slots: in-cell index -> entity (hash by key; slots grow as needed)
 *   numbers:  the number that blocks name a key by -> its cell
 *   entities: id -> entity, which knows its cell and its index there (hash by id)
 *
 * One invariant holds the two together: a slot points to an entity iff that entity's cell and index
 * are the slot's. So an entity that another cell claims leaves no trace in the old one, and a
 * `left` or `moved` of a cell that does not own the entity any more finds nothing. An entity
 * without an index is an orphan (on the list `orphans`) or, while a message with a full block is
 * being applied, doomed unless that block, or one of another cell after it, names it (on the list
 * `doomed`). */
#include "common/replica.h"

#include <stdlib.h>
#include <string.h>

#include <utlist.h>

#include "common/hash.h"

#define NO_INDEX        (-1)
#define ORPHAN_TICKS    40 /* the longest interval in which a cell is told of, and 8 */
#define ASK_AGAIN_TICKS 20
#define SLOTS_FIRST     8
#define FETCH_AHEAD     8 /* records: their figures are fetched while others are moved */
#define SLOTS_MAX       (16 * REPLICA_ENTITIES_MAX) /* of all parts together */
#define LOG_TICKS       32 /* a block that is not full tells of no older change */
#define NUMBERS_FIRST   64
#define STEPS           4 /* tellings that a cell's interval is reckoned from */

struct entity {
    /* With what comes first in shown, a cache line: all that a move touches. */
    struct cellblock_state state;
    int32_t ground; /* at its place */
    struct replica_entity shown;
    struct cell *cell;    /* whose `owner` is the key */
    int32_t index;        /* in that cell, or NO_INDEX */
    struct entity **list; /* orphans, doomed or NULL */
    struct entity *prev, *next;
    bool wanted, asked;
    uint32_t asked_tick;
    struct wanted {
        struct entity *entity;
        struct wanted *prev, *next;
    } wanting;
    UT_hash_handle hh;
};

struct part {
    uint32_t have;
    uint16_t slots_n; /* 0, or a power of two up to CELLBLOCK_PART */
    struct entity **slots;
};

struct cell {
    struct protocol_key key;
    uint16_t number;
    uint8_t interval;     /* ticks between tellings; 0: not known yet */
    uint8_t steps[STEPS]; /* the last ones, in no order */
    uint8_t steps_at;
    unsigned parts_n;
    struct part *parts;
    UT_hash_handle hh;
};
_Static_assert(sizeof(struct protocol_key) == 12, "hashed as bytes: no padding");

struct replica {
    const struct heightfield *field;
    replica_event_fn *on_event;
    void *context;
    struct cell *cells;
    struct cell **numbers; /* NULL: none has that number */
    unsigned numbers_n;    /* 0, or a power of two */
    struct entity *entities;
    struct entity *orphans, *doomed;
    struct wanted *wanted; /* in order of asking */
    size_t slots_n;        /* of all parts together */
    uint32_t tick;
    struct replica_counts counts;
};

/* One block on its way in. */
struct apply {
    struct replica *replica;
    struct cell *cell;
    struct part *part;
    uint32_t before; /* as of this tick the part's figures were as told until now */
    bool begun, ignored, bad;
};

/* ---- entities ---- */

static struct entity *entity_find(struct replica *replica, uint64_t id)
{
    struct entity *entity = NULL;
    HASH_FIND(hh, replica->entities, &id, sizeof id, entity);
    return entity;
}

static void tell(struct replica *replica, enum replica_event event, struct entity *entity)
{
    if (replica->on_event)
        replica->on_event(replica->context, event, &entity->shown);
}

/* Out of its slot and of any list. */
static void detach(struct entity *entity)
{
    if (entity->index != NO_INDEX) {
        struct part *part = &entity->cell->parts[entity->index / CELLBLOCK_PART];
        part->slots[entity->index % CELLBLOCK_PART] = NULL;
        entity->index = NO_INDEX;
    }
    if (entity->list)
        DL_DELETE(*entity->list, entity);
    entity->list = NULL;
}

static void put_on(struct entity **list, struct entity *entity)
{
    detach(entity);
    DL_APPEND(*list, entity);
    entity->list = list;
}

/* Keep the list of those whose name is to be asked for. */
static void update_wanted(struct replica *replica, struct entity *entity)
{
    bool wanted = !entity->shown.named || entity->shown.named_version != entity->shown.version;
    if (wanted == entity->wanted)
        return;
    entity->wanted = wanted;
    entity->asked = false;
    if (wanted)
        DL_APPEND(replica->wanted, &entity->wanting);
    else
        DL_DELETE(replica->wanted, &entity->wanting);
}

static struct entity *entity_add(struct replica *replica, uint64_t id)
{
    if (HASH_COUNT(replica->entities) >= REPLICA_ENTITIES_MAX)
        return NULL;
    const size_t line = 64, bytes = (sizeof(struct entity) + line - 1) & ~(line - 1);
    struct entity *entity = aligned_alloc(line, bytes);
    if (!entity)
        return NULL;
    memset(entity, 0, bytes);
    entity->shown.id = id;
    entity->index = NO_INDEX;
    entity->wanting.entity = entity;
    HASH_TRY_ADD(hh, replica->entities, shown.id, entity);
    if (!HASH_ADDED(hh, entity)) {
        free(entity);
        return NULL;
    }
    return entity;
}

static void vanish(struct replica *replica, struct entity *entity)
{
    tell(replica, REPLICA_VANISHED, entity);
    detach(entity);
    if (entity->wanted)
        DL_DELETE(replica->wanted, &entity->wanting);
    HASH_DEL(replica->entities, entity);
    free(entity);
}

static void vanish_all(struct replica *replica, struct entity **list)
{
    while (*list)
        vanish(replica, *list);
}

/* ---- cells ---- */

static struct cell *cell_find(struct replica *replica, const struct protocol_key *key)
{
    struct cell *cell = NULL;
    HASH_FIND(hh, replica->cells, key, sizeof *key, cell);
    return cell;
}

static struct cell *cell_numbered(const struct replica *replica, uint16_t number)
{
    return number < replica->numbers_n ? replica->numbers[number] : NULL;
}

static int numbers_grow(struct replica *replica, uint16_t number)
{
    unsigned n = replica->numbers_n ? replica->numbers_n : NUMBERS_FIRST;
    while (n <= number)
        n *= 2;
    if (n == replica->numbers_n)
        return 0;
    struct cell **numbers = realloc(replica->numbers, n * sizeof(struct cell *));
    if (!numbers)
        return -1;
    memset(numbers + replica->numbers_n, 0, (n - replica->numbers_n) * sizeof(struct cell *));
    replica->numbers = numbers;
    replica->numbers_n = n;
    return 0;
}

/* -1: key or number are in view already, or it is too much. */
static int cell_add(struct replica *replica, const struct protocol_key *key, uint16_t number)
{
    if (cell_find(replica, key) || cell_numbered(replica, number))
        return -1;
    if (HASH_COUNT(replica->cells) >= REPLICA_KEYS_MAX || numbers_grow(replica, number) == -1)
        return -1;
    struct cell *cell = calloc(1, sizeof *cell);
    if (!cell)
        return -1;
    cell->key = *key;
    cell->number = number;
    HASH_TRY_ADD(hh, replica->cells, key, cell);
    if (!HASH_ADDED(hh, cell)) {
        free(cell);
        return -1;
    }
    replica->numbers[number] = cell;
    return 0;
}

static struct cell *cell_at_level(struct replica *replica, const struct protocol_key *like,
                                  struct space_cell at)
{
    struct protocol_key key = *like;
    key.level = at.level;
    key.x = at.x;
    key.z = at.z;
    return cell_find(replica, &key);
}

/* The key of a place that is in view: itself; else one that holds it; else the first, in Morton
 * order, of the level below that lies in it: the place may have been divided or put together since
 * `left` was said. */
static struct cell *cell_covering(struct replica *replica, const struct protocol_key *like,
                                  struct space_cell at)
{
    struct cell *cell = NULL;
    for (int level = at.level; !cell && level >= 0; level--)
        cell = cell_at_level(replica, like, space_cell_up(at, (uint8_t)level));
    for (unsigned down = 1; !cell && at.level + down <= SPACE_LEVEL_MAX; down++) {
        for (unsigned i = 0; !cell && i < 1u << 2 * down; i++) {
            struct space_cell within = {at.x * (1 << down), at.z * (1 << down),
                                        (uint8_t)(at.level + down)};
            within.x += (int32_t)(i & ((1u << down) - 1));
            within.z += (int32_t)(i >> down);
            cell = cell_at_level(replica, like, within);
        }
    }
    return cell;
}

static void own_orphan(struct entity *orphan, struct cell *cell)
{
    orphan->cell = cell;
    orphan->shown.owner = cell->key;
}

/* The second longest of the last steps is the interval: one longer pause, in which nothing happened
 * or a snapshot was missed, counts for nothing, two do. */
static void note_step(struct cell *cell, uint32_t step)
{
    uint8_t first = 0, second = 0;
    cell->steps[cell->steps_at++ % STEPS] = (uint8_t)step;
    for (unsigned i = 0; i < STEPS; i++) {
        uint8_t one = cell->steps[i];
        if (one > first) {
            second = first;
            first = one;
        } else if (one > second) {
            second = one;
        }
    }
    cell->interval = second > 0 ? second : first;
}

/* Forget the cell and all that it still owns. Orphans that wait for it wait on where another key
 * covers the place: it was divided or put together. */
static void cell_remove(struct replica *replica, struct cell *cell)
{
    for (unsigned p = 0; p < cell->parts_n; p++) {
        for (unsigned i = 0; i < cell->parts[p].slots_n; i++) {
            if (cell->parts[p].slots[i])
                vanish(replica, cell->parts[p].slots[i]);
        }
        replica->slots_n -= cell->parts[p].slots_n;
        free(cell->parts[p].slots);
    }
    HASH_DEL(replica->cells, cell);
    replica->numbers[cell->number] = NULL;
    struct space_cell at = {cell->key.x, cell->key.z, cell->key.level};
    struct cell *other = NULL;
    struct entity *orphan, *next;
    DL_FOREACH_SAFE(replica->orphans, orphan, next)
    {
        if (orphan->cell != cell)
            continue;
        if (!other)
            other = cell_covering(replica, &cell->key, at);
        if (other)
            own_orphan(orphan, other);
        else
            vanish(replica, orphan);
    }
    free(cell->parts);
    free(cell);
}

/* The part that begins at index first; made where it is new. NULL: no memory. */
static struct part *cell_part(struct cell *cell, uint16_t first)
{
    unsigned p = first / CELLBLOCK_PART;
    if (p >= cell->parts_n) {
        struct part *parts = realloc(cell->parts, (p + 1) * sizeof *parts);
        if (!parts)
            return NULL;
        for (unsigned i = cell->parts_n; i <= p; i++)
            parts[i] = (struct part){.have = CELLBLOCK_NONE};
        cell->parts = parts;
        cell->parts_n = p + 1;
    }
    return &cell->parts[p];
}

/* The slot of an index in its part, with room for it; NULL: no memory, or over the bound. */
static struct entity **slot_for(struct replica *replica, struct part *part, uint16_t index)
{
    unsigned at = index % CELLBLOCK_PART;
    if (at >= part->slots_n) {
        unsigned n = part->slots_n ? part->slots_n : SLOTS_FIRST;
        while (n <= at)
            n *= 2;
        size_t more = n - part->slots_n;
        if (replica->slots_n + more > SLOTS_MAX)
            return NULL;
        struct entity **slots = realloc(part->slots, n * sizeof(struct entity *));
        if (!slots)
            return NULL;
        memset(slots + part->slots_n, 0, more * sizeof(struct entity *));
        replica->slots_n += more;
        part->slots = slots;
        part->slots_n = (uint16_t)n;
    }
    return &part->slots[at];
}

/* ---- records ---- */

/* Take over what is told of the state; the rest stays as it is. */
static void set_state(const struct apply *apply, struct entity *entity,
                      const struct cellblock_header *header, const struct cellblock_record *record)
{
    const struct replica *replica = apply->replica;
    struct cellblock_state *state = &entity->state;
    if (apply->cell->interval > 0) /* the entity's cell, but here it is at hand */
        entity->shown.interval = apply->cell->interval;
    if (record->placed) {
        state->x = record->state.x;
        state->z = record->state.z;
        struct space_pos place = cellblock_pos(&header->key, state, 0);
        if (replica->field)
            entity->ground = heightfield_at(replica->field, place.x, place.z);
    }
    if (record->turned) {
        state->altitude = record->state.altitude;
        state->heading = record->state.heading;
        state->pose = record->state.pose;
    }
    entity->shown.pos = cellblock_pos(&header->key, state, entity->ground);
    entity->shown.yaw = (uint16_t)(state->heading << 8);
    entity->shown.pose = state->pose;
    entity->shown.tick = header->to;
}

/* As of which tick an entity was where it was last told to be. Orphans and doomed ones know. */
static uint32_t known_until(const struct entity *entity)
{
    if (entity->index == NO_INDEX)
        return entity->shown.before_tick;
    return entity->cell->parts[entity->index / CELLBLOCK_PART].have;
}

/* A block that is not full tells of no change older than the log. */
static uint32_t within_log(const struct cellblock_header *header, uint32_t before)
{
    uint32_t oldest = header->to > LOG_TICKS ? header->to - LOG_TICKS : 0;
    return header->from != CELLBLOCK_NONE && before < oldest ? oldest : before;
}

static void entered(struct apply *apply, const struct cellblock_header *header,
                    const struct cellblock_record *record)
{
    struct replica *replica = apply->replica;
    struct entity *entity = entity_find(replica, record->entity);
    bool appeared = !entity;
    if (entity && entity->cell != apply->cell && entity->shown.tick > header->to)
        return; /* another cell has said something newer */
    struct entity **slot = slot_for(replica, apply->part, record->index);
    if (slot && !entity)
        entity = entity_add(replica, record->entity);
    if (!slot || !entity) {
        apply->bad = true;
        return;
    }
    if (*slot && *slot != entity)
        vanish(replica, *slot);
    entity->shown.before_tick = appeared ? header->to : within_log(header, known_until(entity));
    detach(entity);
    *slot = entity;
    entity->index = record->index;
    entity->cell = apply->cell;
    entity->shown.owner = apply->cell->key;
    entity->shown.orphan_tick = 0;
    entity->shown.version = record->version;
    update_wanted(replica, entity);
    set_state(apply, entity, header, record);
    tell(replica, appeared ? REPLICA_APPEARED : REPLICA_MOVED, entity);
}

static void left(struct apply *apply, const struct cellblock_header *header,
                 const struct cellblock_record *record)
{
    struct replica *replica = apply->replica;
    struct entity *entity = entity_find(replica, record->entity);
    if (!entity || (entity->cell != apply->cell && entity->index != NO_INDEX))
        return;
    if (entity->index != NO_INDEX && entity->index != record->index)
        return; /* it is back already, and another part has said so */
    struct cell *destination =
        record->gone ? NULL : cell_covering(replica, &header->key, record->to);
    if (!destination) {
        if (entity->cell == apply->cell)
            vanish(replica, entity);
        return;
    }
    if (entity->index != NO_INDEX)
        entity->shown.before_tick = apply->before;
    put_on(&replica->orphans, entity);
    own_orphan(entity, destination);
    entity->shown.tick = header->to;
    entity->shown.orphan_tick = header->to ? header->to : 1;
}

/* The entity at an index of the part, if the cell owns one there. */
static struct entity *at_index(const struct part *part, uint16_t index)
{
    unsigned at = index % CELLBLOCK_PART;
    return at < part->slots_n ? part->slots[at] : NULL;
}

static void moved(struct apply *apply, const struct cellblock_header *header,
                  const struct cellblock_record *record)
{
    struct entity *entity = at_index(apply->part, record->index);
    if (!entity)
        return; /* another cell owns it by now */
    entity->shown.before_tick = apply->before;
    set_state(apply, entity, header, record);
    tell(apply->replica, REPLICA_MOVED, entity);
}

static void changed(struct apply *apply, const struct cellblock_header *header,
                    const struct cellblock_record *record)
{
    struct entity *entity = at_index(apply->part, record->index);
    if (!entity)
        return;
    entity->shown.version = record->version;
    entity->shown.tick = header->to;
    update_wanted(apply->replica, entity);
}

/* ---- blocks ---- */

/* The have rule. Decides whether the block is applied, ignored or a fault, and makes ready for its
 * records. */
static void begin(struct apply *apply, const struct cellblock_header *header)
{
    struct replica *replica = apply->replica;
    apply->begun = true;
    replica->counts.blocks++;
    apply->cell = cell_find(replica, &header->key);
    apply->part = apply->cell ? cell_part(apply->cell, header->first) : NULL;
    if (!apply->part) {
        apply->bad = true;
        return;
    }
    uint32_t have = apply->part->have;
    bool full = header->from == CELLBLOCK_NONE;
    apply->before = within_log(header, have);
    if (have != CELLBLOCK_NONE && have >= header->to) {
        replica->counts.blocks_ignored++;
        apply->ignored = true;
    } else if (!full && (have == CELLBLOCK_NONE || have < header->from)) {
        replica->counts.gaps++;
        apply->bad = true;
    } else if (full) {
        replica->counts.blocks_full++;
        for (unsigned i = 0; i < apply->part->slots_n; i++) {
            if (!apply->part->slots[i])
                continue;
            apply->part->slots[i]->shown.before_tick = have;
            put_on(&replica->doomed, apply->part->slots[i]);
        }
    }
    if (!apply->ignored && have != CELLBLOCK_NONE && header->to - have <= LOG_TICKS)
        note_step(apply->cell, header->to - have);
}

static void visit_record(void *context, const struct cellblock_header *header,
                         const struct cellblock_record *record)
{
    struct apply *apply = context;
    if (!apply->begun)
        begin(apply, header);
    if (apply->bad || apply->ignored)
        return;
    apply->replica->counts.records++;
    switch (record->kind) {
    case CELLBLOCK_LEFT:
        left(apply, header, record);
        break;
    case CELLBLOCK_ENTERED:
        entered(apply, header, record);
        break;
    case CELLBLOCK_MOVED:
        moved(apply, header, record);
        break;
    case CELLBLOCK_CHANGED:
        changed(apply, header, record);
        break;
    }
}

/* After the records of a block. Who is doomed by it may be saved by the message's next. */
static enum protocol_result end(struct apply *apply, const struct cellblock_header *header)
{
    struct replica *replica = apply->replica;
    if (!apply->begun)
        begin(apply, header);
    if (apply->bad)
        return PROTOCOL_BAD;
    if (apply->ignored)
        return PROTOCOL_OK;
    apply->part->have = header->to;
    if (header->to > replica->tick)
        replica->tick = header->to;
    return PROTOCOL_OK;
}

enum protocol_result replica_block(struct replica *replica, const struct cellblock_header *header,
                                   const struct cellblock_record *records, size_t records_n)
{
    struct apply apply = {.replica = replica};
    begin(&apply, header);
    for (size_t i = 0; i < records_n && !apply.bad && !apply.ignored; i++) {
        if (i + FETCH_AHEAD < records_n)
            __builtin_prefetch(at_index(apply.part, records[i + FETCH_AHEAD].index), 1);
        visit_record(&apply, header, &records[i]);
    }
    enum protocol_result result = end(&apply, header);
    vanish_all(replica, &replica->doomed);
    return result;
}

/* One block and its number, at the front of the reader. */
static enum protocol_result next_block(struct replica *replica, uint32_t to,
                                       struct wire_reader *reader)
{
    const struct cell *cell = cell_numbered(replica, protocol_number(reader));
    struct apply apply = {.replica = replica};
    if (reader->bad || !cell)
        return PROTOCOL_BAD;
    struct cellblock_header header = {.key = cell->key, .to = to};
    if (cellblock_parse(reader, &header, visit_record, &apply) != PROTOCOL_OK)
        return PROTOCOL_BAD;
    return end(&apply, &header);
}

enum protocol_result replica_blocks(struct replica *replica, const struct protocol_blocks *message)
{
    enum protocol_result result = PROTOCOL_OK;
    struct wire_reader reader;
    wire_reader_init(&reader, message->bytes, message->len_bytes);
    while (result == PROTOCOL_OK && wire_left(&reader) > 0)
        result = next_block(replica, message->to, &reader);
    vanish_all(replica, &replica->doomed);
    return result;
}

/* ---- the other messages ---- */

enum protocol_result replica_view(struct replica *replica, const struct protocol_view *message)
{
    struct wire_reader keys = message->keys;
    for (unsigned i = 0; i < message->gained_n; i++) {
        struct protocol_gain gain = protocol_view_gain(&keys);
        if (keys.bad || cell_add(replica, &gain.key, gain.number) == -1)
            return PROTOCOL_BAD;
    }
    for (unsigned i = 0; i < message->lost_n; i++) {
        struct cell *cell = cell_numbered(replica, protocol_number(&keys));
        if (keys.bad || !cell)
            return PROTOCOL_BAD;
        cell_remove(replica, cell);
    }
    return PROTOCOL_OK;
}

enum protocol_result replica_identity(struct replica *replica,
                                      const struct protocol_identity *message)
{
    for (unsigned i = 0; i < message->rows_n; i++) {
        const struct protocol_identity_row *row = &message->rows[i];
        struct entity *entity = entity_find(replica, row->id);
        if (row->name.len > TEXT_NAME_MAX_BYTES)
            return PROTOCOL_BAD;
        if (!entity)
            continue; /* out of view meanwhile */
        memcpy(entity->shown.name, row->name.bytes, row->name.len);
        entity->shown.name[row->name.len] = '\0';
        entity->shown.looks = row->looks;
        entity->shown.named = true;
        entity->shown.named_version = row->version;
        update_wanted(replica, entity);
        tell(replica, REPLICA_NAMED, entity);
    }
    return PROTOCOL_OK;
}

void replica_expire(struct replica *replica, uint32_t tick_now)
{
    struct entity *orphan, *next;
    DL_FOREACH_SAFE(replica->orphans, orphan, next)
    {
        if (tick_now > orphan->shown.orphan_tick &&
            tick_now - orphan->shown.orphan_tick > ORPHAN_TICKS)
            vanish(replica, orphan);
    }
}

unsigned replica_wanted(struct replica *replica, uint32_t tick_now, struct protocol_who *who)
{
    struct wanted *wanted, *next;
    who->ids_n = 0;
    DL_FOREACH_SAFE(replica->wanted, wanted, next)
    {
        struct entity *entity = wanted->entity;
        if (who->ids_n == PROTOCOL_WHO_MAX)
            break;
        if (entity->asked && tick_now - entity->asked_tick < ASK_AGAIN_TICKS)
            continue;
        who->ids[who->ids_n++] = entity->shown.id;
        entity->asked = true;
        entity->asked_tick = tick_now;
        DL_DELETE(replica->wanted, wanted); /* to the end: the longest unasked come first */
        DL_APPEND(replica->wanted, wanted);
    }
    return who->ids_n;
}

/* ---- the whole ---- */

struct replica *replica_new(const struct heightfield *field, replica_event_fn *on_event,
                            void *context)
{
    struct replica *replica = calloc(1, sizeof *replica);
    if (!replica)
        return NULL;
    replica->field = field;
    replica->on_event = on_event;
    replica->context = context;
    return replica;
}

void replica_free(struct replica *replica)
{
    if (!replica)
        return;
    struct cell *cell, *next;
    HASH_ITER(hh, replica->cells, cell, next)
    {
        cell_remove(replica, cell);
    }
    free(replica->numbers);
    free(replica);
}

struct replica_entity *replica_find(struct replica *replica, uint64_t id)
{
    struct entity *entity = entity_find(replica, id);
    return entity ? &entity->shown : NULL;
}

void replica_each(struct replica *replica, replica_visit_fn *visit, void *context)
{
    struct entity *entity, *next;
    HASH_ITER(hh, replica->entities, entity, next)
    {
        if (!visit(context, &entity->shown))
            return;
    }
}

uint32_t replica_entities_n(const struct replica *replica)
{
    return HASH_COUNT(replica->entities);
}

uint32_t replica_tick(const struct replica *replica)
{
    return replica->tick;
}

struct replica_counts replica_counts(const struct replica *replica)
{
    return replica->counts;
}
