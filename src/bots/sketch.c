/* sketch.c -- see sketch.h.
 *
 *   parts:  the book's part -> slots: in-cell index -> figure, its mark, tick and place (16 bytes)
 *   wheres: the roll's figure -> part and index that own it; or an orphan's own mark and place
 *
 * A move touches a slot and nothing else; slots follow each other as a block's records do. The one
 * invariant is that of common/replica: a slot bears a figure iff the figure's `where` is that slot.
 */
#include "bots/sketch.h"

#include <stdlib.h>
#include <string.h>

#include "bots/rows.h"
#include "common/space.h"

#define ORPHAN_TICKS    40 /* as common/replica */
#define ASK_AGAIN_TICKS 20
#define SLOTS_FIRST     8
#define LIST_FIRST      64
#define NOBODY          0 /* in a slot; else figure + 1 */
#define NO_PART         UINT32_MAX

struct slot {
    uint32_t who; /* figure + 1 */
    uint32_t mark;
    uint32_t tick; /* of its last record */
    uint32_t at;   /* BOOK_AT */
};

struct part {
    uint32_t key;
    uint32_t next;    /* of the same key, + 1 */
    uint16_t slots_n; /* 0, or a power of two up to CELLBLOCK_PART */
    bool known;       /* is on its key's list */
    struct slot *slots;
};

struct key {
    uint32_t parts; /* the first, + 1 */
    bool in_view;
};

enum where_state {
    WHERE_AWAY,
    WHERE_OWNED,  /* by a slot */
    WHERE_ORPHAN, /* left for a key in view, and not heard of there yet */
    WHERE_DOOMED, /* a full block of this message did not name it, nor has another one since */
};

struct where {
    uint64_t place; /* of an orphan or doomed one; as are mark and tick */
    uint32_t mark, tick;
    uint32_t part;  /* owned: by whom; doomed: by whom so far; orphan: number of the key */
    uint16_t index; /* owned: in the part */
    uint8_t version, named_version;
    uint8_t state; /* enum where_state */
    bool named;
    bool queued;         /* for its name */
    bool listed;         /* among the orphans */
    uint32_t asked_tick; /* 0: never */
};

/* Numbers that were put down; what some say may be over, which is seen when they are used. */
struct list {
    uint32_t *numbers;
    size_t n, room;
};

struct sketch {
    struct book *book;
    sketch_seen_fn *seen;
    void *context;
    struct part *parts;
    struct key *keys;
    struct where *wheres;
    uint32_t parts_n, keys_n, wheres_n;
    struct list orphans, wanted, doomed;
    uint32_t figures_n;
    uint32_t tick;
    bool failed; /* no memory */
};

/* ---- rows ---- */

static void put_down(struct sketch *sketch, struct list *list, uint32_t number)
{
    if (list->n == list->room) {
        size_t room = list->room ? 2 * list->room : LIST_FIRST;
        uint32_t *numbers = realloc(list->numbers, room * sizeof *numbers);
        if (!numbers) {
            sketch->failed = true;
            return;
        }
        list->numbers = numbers;
        list->room = room;
    }
    list->numbers[list->n++] = number;
}

static struct where *where_of(struct sketch *sketch, uint32_t figure)
{
    struct where *wheres =
        rows_grow(sketch->wheres, &sketch->wheres_n, figure, sizeof sketch->wheres[0]);
    if (!wheres) {
        sketch->failed = true;
        return NULL;
    }
    sketch->wheres = wheres;
    return &wheres[figure];
}

static struct key *key_of(struct sketch *sketch, uint32_t number)
{
    struct key *keys = rows_grow(sketch->keys, &sketch->keys_n, number, sizeof sketch->keys[0]);
    if (!keys)
        return NULL;
    sketch->keys = keys;
    return &keys[number];
}

static struct part *part_of(struct sketch *sketch, uint32_t number, uint32_t key)
{
    struct part *parts =
        rows_grow(sketch->parts, &sketch->parts_n, number, sizeof sketch->parts[0]);
    if (!parts)
        return NULL;
    sketch->parts = parts;
    struct part *part = &parts[number];
    if (!part->known) {
        struct key *of = key_of(sketch, key);
        if (!of)
            return NULL;
        *part = (struct part){.key = key, .next = of->parts, .known = true};
        of->parts = number + 1;
    }
    return part;
}

static struct slot *slot_for(struct sketch *sketch, struct part *part, uint16_t index)
{
    if (index >= part->slots_n) {
        unsigned n = part->slots_n ? part->slots_n : SLOTS_FIRST;
        while (n <= index)
            n *= 2;
        struct slot *slots = realloc(part->slots, n * sizeof *slots);
        if (!slots) {
            sketch->failed = true;
            return NULL;
        }
        memset(slots + part->slots_n, 0, (n - part->slots_n) * sizeof *slots);
        part->slots = slots;
        part->slots_n = (uint16_t)n;
    }
    return &part->slots[index];
}

/* ---- places ---- */

/* What a cell adds to places in it. */
struct base {
    uint32_t x, z;
};

static struct base base_of(const struct protocol_key *key)
{
    return (struct base){(uint32_t)(key->x >> key->level) * SPACE_CELL_WIRE,
                         (uint32_t)(key->z >> key->level) * SPACE_CELL_WIRE};
}

static uint64_t place_at(struct base base, uint32_t at)
{
    return (uint64_t)(base.x + (at >> 16)) << 32 | (uint32_t)(base.z + (at & 0xffff));
}

/* ---- keys ---- */

static bool in_view(const struct sketch *sketch, uint32_t key)
{
    return key < sketch->keys_n && sketch->keys[key].in_view;
}

static uint32_t key_at(const struct sketch *sketch, const struct protocol_key *like, int32_t x,
                       int32_t z, unsigned level)
{
    const struct protocol_key key = {like->source, like->layer, (uint8_t)level, x, z};
    uint32_t number = book_find_key(sketch->book, &key);
    return number != BOOK_NONE && in_view(sketch, number) ? number : BOOK_NONE;
}

/* The key in view that tells of that key's place: itself; else one that holds it; else the first,
 * in Morton order, of the level below that lies in it. */
static uint32_t covering(const struct sketch *sketch, uint32_t number, bool itself)
{
    if (itself && in_view(sketch, number))
        return number;
    const struct protocol_key *at = book_key_of(sketch->book, number);
    uint32_t found = BOOK_NONE;
    for (unsigned up = 1; found == BOOK_NONE && up <= at->level; up++)
        found = key_at(sketch, at, at->x >> up, at->z >> up, at->level - up);
    for (unsigned down = 1; found == BOOK_NONE && at->level + down <= SPACE_LEVEL_MAX; down++) {
        for (unsigned i = 0; found == BOOK_NONE && i < 1u << 2 * down; i++)
            found = key_at(sketch, at, at->x * (1 << down) + (int32_t)(i & ((1u << down) - 1)),
                           at->z * (1 << down) + (int32_t)(i >> down), at->level + down);
    }
    return found;
}

/* ---- figures ---- */

static struct slot *slot_of(const struct sketch *sketch, const struct where *where)
{
    return &sketch->parts[where->part].slots[where->index];
}

static void want_name(struct sketch *sketch, uint32_t figure, struct where *where)
{
    if ((where->named && where->named_version == where->version) || where->queued)
        return;
    where->queued = true;
    where->asked_tick = 0;
    put_down(sketch, &sketch->wanted, figure);
}

/* Out of its slot: it takes along what the slot knew. */
static void take_out(struct sketch *sketch, struct where *where)
{
    struct slot *slot = slot_of(sketch, where);
    const struct protocol_key *key = book_key_of(sketch->book, sketch->parts[where->part].key);
    where->place = place_at(base_of(key), slot->at);
    where->mark = slot->mark;
    where->tick = slot->tick;
    slot->who = NOBODY;
}

static void vanish(struct sketch *sketch, struct where *where)
{
    if (where->state == WHERE_AWAY)
        return;
    if (where->state == WHERE_OWNED)
        slot_of(sketch, where)->who = NOBODY;
    where->state = WHERE_AWAY;
    where->mark = 0;
    where->named = false; /* it is asked for anew if it comes back */
    sketch->figures_n--;
}

static void make_orphan(struct sketch *sketch, uint32_t figure, struct where *where, uint32_t key,
                        uint32_t tick)
{
    if (where->state == WHERE_OWNED)
        take_out(sketch, where);
    where->state = WHERE_ORPHAN;
    where->part = key;
    where->tick = tick;
    if (!where->listed)
        put_down(sketch, &sketch->orphans, figure);
    where->listed = true;
}

/* ---- records ---- */

/* A block on its way in. */
struct apply {
    struct sketch *sketch;
    const struct book_block *block;
    struct part *part;
    struct base base;
};

static void entered(struct apply *apply, const struct book_record *record)
{
    struct sketch *sketch = apply->sketch;
    uint32_t to = apply->block->header.to;
    struct where *where = where_of(sketch, record->figure);
    struct slot *slot = slot_for(sketch, apply->part, record->index);
    if (!where || !slot)
        return;
    bool mine = where->state == WHERE_ORPHAN ? where->part == apply->block->key
                : where->state == WHERE_AWAY ? true
                                             : sketch->parts[where->part].key == apply->block->key;
    uint32_t said = where->state == WHERE_OWNED ? slot_of(sketch, where)->tick : where->tick;
    if (!mine && said > to)
        return; /* another cell has said something newer */
    if (where->state == WHERE_AWAY) {
        where->mark = 0;
        sketch->figures_n++;
    } else if (where->state == WHERE_OWNED) {
        take_out(sketch, where);
    }
    if (slot->who != NOBODY)
        vanish(sketch, &sketch->wheres[slot->who - 1]);
    where->state = WHERE_OWNED;
    where->part = apply->block->part;
    where->index = record->index;
    where->version = record->version;
    *slot = (struct slot){record->figure + 1, where->mark, to, record->at};
    want_name(sketch, record->figure, where);
    sketch->seen(sketch->context, record->figure, place_at(apply->base, record->at), &slot->mark);
}

static void left(struct apply *apply, const struct book_record *record)
{
    struct sketch *sketch = apply->sketch;
    struct where *where =
        record->figure < sketch->wheres_n ? &sketch->wheres[record->figure] : NULL;
    if (!where || where->state == WHERE_AWAY)
        return;
    bool owned = where->state == WHERE_OWNED;
    bool mine = (owned || where->state == WHERE_DOOMED ? sketch->parts[where->part].key
                                                       : where->part) == apply->block->key;
    if (owned && (!mine || where->index != record->index || where->part != apply->block->part))
        return; /* another cell owns it, or it is back already */
    uint32_t key = record->to == BOOK_NONE ? BOOK_NONE : covering(sketch, record->to, true);
    if (key != BOOK_NONE)
        make_orphan(sketch, record->figure, where, key, apply->block->header.to);
    else if (mine)
        vanish(sketch, where);
}

static void changed(struct apply *apply, const struct book_record *record)
{
    struct part *part = apply->part;
    struct slot *slot = record->index < part->slots_n ? &part->slots[record->index] : NULL;
    if (!slot || slot->who == NOBODY)
        return;
    struct where *where = &apply->sketch->wheres[slot->who - 1];
    slot->tick = apply->block->header.to;
    where->version = record->version;
    want_name(apply->sketch, slot->who - 1, where);
}

static void apply_one(struct apply *apply, const struct book_record *record)
{
    switch ((enum cellblock_kind)record->kind) {
    case CELLBLOCK_LEFT:
        left(apply, record);
        break;
    case CELLBLOCK_ENTERED:
        entered(apply, record);
        break;
    case CELLBLOCK_MOVED:
        break; /* see apply_moved */
    case CELLBLOCK_CHANGED:
        changed(apply, record);
        break;
    }
}

/* The records of figures that moved, from the first on: nearly all that there are. */
static uint32_t apply_moved(struct apply *apply, uint32_t i)
{
    struct sketch *sketch = apply->sketch;
    const struct book_block *block = apply->block;
    struct slot *slots = apply->part->slots;
    const uint32_t slots_n = apply->part->slots_n, to = block->header.to;
    for (; i < block->records_n && block->records[i].kind == CELLBLOCK_MOVED; i++) {
        const struct book_record *record = &block->records[i];
        struct slot *slot = record->index < slots_n ? &slots[record->index] : NULL;
        if (!slot || slot->who == NOBODY)
            continue; /* another cell owns it by now */
        slot->tick = to;
        if (!record->placed)
            continue;
        slot->at = record->at;
        sketch->seen(sketch->context, slot->who - 1, place_at(apply->base, record->at),
                     &slot->mark);
    }
    return i;
}

/* ---- blocks ---- */

static void doom(struct sketch *sketch, struct part *part)
{
    for (unsigned i = 0; i < part->slots_n; i++) {
        if (part->slots[i].who == NOBODY)
            continue;
        uint32_t figure = part->slots[i].who - 1;
        take_out(sketch, &sketch->wheres[figure]);
        sketch->wheres[figure].state = WHERE_DOOMED;
        put_down(sketch, &sketch->doomed, figure);
    }
}

enum protocol_result sketch_block(struct sketch *sketch, const struct book_block *block)
{
    struct apply apply = {sketch, block, part_of(sketch, block->part, block->key),
                          base_of(&block->header.key)};
    if (!apply.part)
        return PROTOCOL_BAD;
    if (block->header.from == CELLBLOCK_NONE)
        doom(sketch, apply.part);
    for (uint32_t i = 0; i < block->records_n && !sketch->failed;) {
        if (block->records[i].kind == CELLBLOCK_MOVED)
            i = apply_moved(&apply, i);
        else
            apply_one(&apply, &block->records[i++]);
    }
    if (block->header.to > sketch->tick)
        sketch->tick = block->header.to;
    return sketch->failed || sketch->figures_n > SKETCH_FIGURES_MAX ? PROTOCOL_BAD : PROTOCOL_OK;
}

void sketch_settle(struct sketch *sketch)
{
    for (size_t i = 0; i < sketch->doomed.n; i++) {
        struct where *where = &sketch->wheres[sketch->doomed.numbers[i]];
        if (where->state == WHERE_DOOMED)
            vanish(sketch, where);
    }
    sketch->doomed.n = 0;
}

/* ---- view ---- */

int sketch_gain(struct sketch *sketch, uint32_t key)
{
    struct key *row = key_of(sketch, key);
    if (!row)
        return -1;
    row->in_view = true;
    return 0;
}

void sketch_lose(struct sketch *sketch, uint32_t key)
{
    if (!in_view(sketch, key))
        return;
    sketch->keys[key].in_view = false;
    for (uint32_t p = sketch->keys[key].parts; p; p = sketch->parts[p - 1].next) {
        struct part *part = &sketch->parts[p - 1];
        for (unsigned i = 0; i < part->slots_n; i++) {
            if (part->slots[i].who != NOBODY)
                vanish(sketch, &sketch->wheres[part->slots[i].who - 1]);
        }
        free(part->slots);
        part->slots = NULL;
        part->slots_n = 0;
    }
    uint32_t other = covering(sketch, key, false);
    for (size_t i = 0; i < sketch->orphans.n; i++) {
        struct where *where = &sketch->wheres[sketch->orphans.numbers[i]];
        if (where->state != WHERE_ORPHAN || where->part != key)
            continue;
        if (other != BOOK_NONE)
            where->part = other;
        else
            vanish(sketch, where);
    }
}

/* ---- names, and who is forgotten ---- */

void sketch_named(struct sketch *sketch, uint64_t id, uint8_t version)
{
    uint32_t figure = roll_find(book_roll(sketch->book), id);
    struct where *where =
        figure != ROLL_NONE && figure < sketch->wheres_n ? &sketch->wheres[figure] : NULL;
    if (!where || where->state == WHERE_AWAY)
        return; /* out of view meanwhile */
    where->named = true;
    where->named_version = version;
    want_name(sketch, figure, where); /* if it has another one by now */
}

static void turn_round(uint32_t *numbers, size_t n)
{
    for (size_t i = 0; i < n / 2; i++) {
        uint32_t number = numbers[i];
        numbers[i] = numbers[n - 1 - i];
        numbers[n - 1 - i] = number;
    }
}

/* Those that were kept go behind those that were not looked at. */
static void rotate(struct list *list, size_t kept, size_t looked)
{
    size_t rest = list->n - looked;
    memmove(list->numbers + kept, list->numbers + looked, rest * sizeof list->numbers[0]);
    list->n = kept + rest;
    if (kept == 0 || rest == 0)
        return;
    turn_round(list->numbers, kept);
    turn_round(list->numbers + kept, rest);
    turn_round(list->numbers, list->n);
}

unsigned sketch_wanted(struct sketch *sketch, struct protocol_who *who)
{
    struct list *wanted = &sketch->wanted;
    size_t kept = 0, i;
    who->ids_n = 0;
    for (i = 0; i < wanted->n && who->ids_n < PROTOCOL_WHO_MAX; i++) {
        uint32_t figure = wanted->numbers[i];
        struct where *where = &sketch->wheres[figure];
        if (where->state == WHERE_AWAY ||
            (where->named && where->named_version == where->version)) {
            where->queued = false;
            continue;
        }
        wanted->numbers[kept++] = figure;
        if (where->asked_tick && sketch->tick - where->asked_tick < ASK_AGAIN_TICKS)
            continue;
        where->asked_tick = sketch->tick ? sketch->tick : 1;
        who->ids[who->ids_n++] = roll_row(book_roll(sketch->book), figure)->id;
    }
    if (wanted->n > 0)
        rotate(wanted, kept, i);
    return who->ids_n;
}

void sketch_expire(struct sketch *sketch)
{
    struct list *orphans = &sketch->orphans;
    size_t kept = 0;
    for (size_t i = 0; i < orphans->n; i++) {
        struct where *where = &sketch->wheres[orphans->numbers[i]];
        if (where->state == WHERE_ORPHAN && sketch->tick > where->tick &&
            sketch->tick - where->tick > ORPHAN_TICKS)
            vanish(sketch, where);
        if (where->state == WHERE_ORPHAN)
            orphans->numbers[kept++] = orphans->numbers[i];
        else
            where->listed = false;
    }
    orphans->n = kept;
}

/* ---- the whole ---- */

struct sketch *sketch_new(struct book *book, sketch_seen_fn *seen, void *context)
{
    struct sketch *sketch = calloc(1, sizeof *sketch);
    if (!sketch)
        return NULL;
    sketch->book = book;
    sketch->seen = seen;
    sketch->context = context;
    return sketch;
}

void sketch_free(struct sketch *sketch)
{
    if (!sketch)
        return;
    for (uint32_t i = 0; i < sketch->parts_n; i++)
        free(sketch->parts[i].slots);
    free(sketch->parts);
    free(sketch->keys);
    free(sketch->wheres);
    free(sketch->orphans.numbers);
    free(sketch->wanted.numbers);
    free(sketch->doomed.numbers);
    free(sketch);
}

static void visit_part(const struct sketch *sketch, const struct part *part, sketch_visit_fn *visit,
                       void *context)
{
    struct base base = base_of(book_key_of(sketch->book, part->key));
    for (unsigned i = 0; i < part->slots_n; i++) {
        const struct slot *slot = &part->slots[i];
        if (slot->who != NOBODY)
            visit(context, slot->who - 1, place_at(base, slot->at), slot->mark);
    }
}

void sketch_each(const struct sketch *sketch, sketch_visit_fn *visit, void *context)
{
    for (uint32_t i = 0; i < sketch->parts_n; i++) {
        if (sketch->parts[i].slots_n)
            visit_part(sketch, &sketch->parts[i], visit, context);
    }
    for (size_t i = 0; i < sketch->orphans.n; i++) {
        const struct where *where = &sketch->wheres[sketch->orphans.numbers[i]];
        if (where->state == WHERE_ORPHAN)
            visit(context, sketch->orphans.numbers[i], where->place, where->mark);
    }
}

uint32_t sketch_figures_n(const struct sketch *sketch)
{
    return sketch->figures_n;
}

bool sketch_find(const struct sketch *sketch, uint64_t id, uint64_t *place, bool *owned,
                 uint32_t *key, uint8_t *version)
{
    uint32_t figure = roll_find(book_roll(sketch->book), id);
    if (figure == ROLL_NONE || figure >= sketch->wheres_n ||
        sketch->wheres[figure].state == WHERE_AWAY)
        return false;
    const struct where *where = &sketch->wheres[figure];
    *owned = where->state == WHERE_OWNED;
    *version = where->version;
    *key = *owned ? sketch->parts[where->part].key : where->part;
    *place = where->place;
    if (*owned)
        *place = place_at(base_of(book_key_of(sketch->book, *key)), slot_of(sketch, where)->at);
    return true;
}
