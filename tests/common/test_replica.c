/* test_replica.c -- what a receiver knows against what is so.
 *
 * The model: a small world (smallworld.h), every tick of which is known. Receivers get its blocks
 * as real ones do: late, by random tiers, skipped, twice, with keys lost and gained again. Whenever
 * a receiver has just been told all about now, and when the world is quiet, it must hold exactly
 * the world.
 *
 * The smaller replica of openmmo-bots (bots/sketch) is told the same, and held to the same.
 *
 * Then the rules one by one, and what must be refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "bots/sketch.h"
#include "common/movement.h"
#include "common/replica.h"
#include "smallworld.h"

#define CELLS SMALLWORLD_CELLS

static struct heightfield *field;

/* ---- receivers ---- */

#define RECEIVERS 4

#define NUMBERS (REPLICA_KEYS_MAX + 1)

struct receiver {
    struct replica *replica;
    struct sketch *sketch; /* in the model only, and its book: each server words it otherwise */
    struct book *book;
    struct protocol_key keys[NUMBERS]; /* by number; of level NO_KEY: free */
    bool view[CELLS];
    uint32_t have[CELLS][2];
    unsigned appeared, vanished;
};

static void count_events(void *context, enum replica_event event, struct replica_entity *entity)
{
    struct receiver *r = context;
    if (event == REPLICA_APPEARED) {
        r->appeared++;
        assert_null(entity->user);
        entity->user = r;
    } else {
        assert_ptr_equal(entity->user, r);
    }
    if (event == REPLICA_VANISHED)
        r->vanished++;
}

/* ---- the bots' replica beside it ---- */

/* A figure's mark is its own for as long as it is known. */
static void on_seen(void *context, uint32_t figure, uint64_t place, uint32_t *mark)
{
    (void)context;
    (void)place;
    assert_true(*mark == 0 || *mark == figure + 1);
    *mark = figure + 1;
}

static void sketch_told(struct receiver *r, const struct protocol_blocks *message)
{
    struct wire_reader reader;
    const struct book_block *block;
    wire_reader_init(&reader, message->bytes, message->len_bytes);
    const struct protocol_key *key = &r->keys[protocol_number(&reader)];
    assert_int_equal(book_take(r->book, &reader, book_key(r->book, key), message->to, &block),
                     BOOK_OK);
    assert_true(wire_done(&reader));
    assert_int_equal(sketch_block(r->sketch, block), PROTOCOL_OK);
    sketch_settle(r->sketch);
}

static void sketch_shown(struct receiver *r, const struct protocol_key *gained, unsigned gained_n,
                         const struct protocol_key *lost, unsigned lost_n)
{
    for (unsigned i = 0; i < gained_n; i++)
        assert_int_equal(sketch_gain(r->sketch, book_key(r->book, &gained[i])), 0);
    for (unsigned i = 0; i < lost_n; i++)
        sketch_lose(r->sketch, book_key(r->book, &lost[i]));
}

static void count_marked(void *context, uint32_t figure, uint64_t place, uint32_t mark)
{
    (void)place;
    assert_int_equal(mark, figure + 1);
    ++*(unsigned *)context;
}

/* It knows the figure as the replica does. */
static void assert_sketched(const struct receiver *r, const struct replica_entity *e)
{
    uint64_t place;
    uint32_t key;
    uint8_t version;
    bool owned;
    assert_true(sketch_find(r->sketch, e->id, &place, &owned, &key, &version));
    assert_true(owned && version == e->version);
    assert_memory_equal(book_key_of(r->book, key), &e->owner, sizeof e->owner);
    assert_true(place ==
                ((uint64_t)(uint32_t)space_wire(e->pos.x) << 32 | (uint32_t)space_wire(e->pos.z)));
}

static void assert_same_number(const struct receiver *r)
{
    unsigned marked = 0;
    sketch_each(r->sketch, count_marked, &marked);
    assert_int_equal(marked, sketch_figures_n(r->sketch));
    assert_int_equal(marked, replica_entities_n(r->replica));
}

/* ---- what is sent ---- */

static const struct protocol_key no_key = {.level = 255};

static void no_numbers(struct receiver *r)
{
    for (unsigned i = 0; i < NUMBERS; i++)
        r->keys[i] = no_key;
}

/* NUMBERS: it has none. */
static uint16_t number_of(const struct receiver *r, const struct protocol_key *key)
{
    uint16_t i = 0;
    while (i < NUMBERS && memcmp(&r->keys[i], key, sizeof *key) != 0)
        i++;
    return i;
}

static enum protocol_result try_view(struct receiver *r, const struct protocol_gain *gained,
                                     unsigned gained_n, const uint16_t *lost, unsigned lost_n)
{
    static uint8_t frame[4096];
    struct wire_writer w;
    struct protocol_view view;
    wire_writer_init(&w, frame, sizeof frame);
    protocol_encode_view(&w, gained, (uint16_t)gained_n, lost, (uint16_t)lost_n);
    assert_int_equal(protocol_decode_view(frame + 3, wire_written(&w) - 3, &view), PROTOCOL_OK);
    return replica_view(r->replica, &view);
}

static void send_view(struct receiver *r, const struct protocol_key *gained, unsigned gained_n,
                      const struct protocol_key *lost, unsigned lost_n)
{
    struct protocol_gain gains[CELLS];
    uint16_t losses[CELLS];
    for (unsigned i = 0; i < gained_n; i++) {
        uint16_t free_one = number_of(r, &no_key);
        assert_true(free_one < NUMBERS);
        gains[i] = (struct protocol_gain){gained[i], free_one};
        r->keys[free_one] = gained[i];
    }
    for (unsigned i = 0; i < lost_n; i++) {
        losses[i] = number_of(r, &lost[i]);
        assert_true(losses[i] < NUMBERS);
    }
    assert_int_equal(try_view(r, gains, gained_n, losses, lost_n), PROTOCOL_OK);
    for (unsigned i = 0; i < lost_n; i++)
        r->keys[losses[i]] = no_key;
    if (r->sketch)
        sketch_shown(r, gained, gained_n, lost, lost_n);
}

static void change_view(struct receiver *r, unsigned one_in)
{
    struct protocol_key gained[CELLS], lost[CELLS];
    unsigned gained_n = 0, lost_n = 0;
    for (int c = 0; c < CELLS; c++) {
        if (smallworld_draw(one_in))
            continue;
        if (r->view[c])
            lost[lost_n++] = smallworld_key(c);
        else
            gained[gained_n++] = smallworld_key(c);
        r->view[c] = !r->view[c];
        r->have[c][0] = r->have[c][1] = CELLBLOCK_NONE;
    }
    if (gained_n + lost_n)
        send_view(r, gained, gained_n, lost, lost_n);
}

static struct cellblock_record parsed[4 * CELLBLOCK_PART];
static size_t parsed_n;

static void keep_record(void *context, const struct cellblock_header *header,
                        const struct cellblock_record *record)
{
    (void)context;
    (void)header;
    parsed[parsed_n++] = *record;
}

/* As bytes, or parsed before: both must do the same. */
static enum protocol_result apply_block(const struct receiver *r,
                                        const struct protocol_blocks *block)
{
    struct replica *replica = r->replica;
    struct wire_reader reader;
    struct cellblock_header header = {.to = block->to};
    if (smallworld_draw(2))
        return replica_blocks(replica, block);
    parsed_n = 0;
    wire_reader_init(&reader, block->bytes, block->len_bytes);
    header.key = r->keys[protocol_number(&reader)];
    assert_int_equal(cellblock_parse(&reader, &header, keep_record, NULL), PROTOCOL_OK);
    assert_true(wire_done(&reader));
    return replica_block(replica, &header, parsed, parsed_n);
}

static void send_part(struct receiver *r, int cell, unsigned part, int tick)
{
    uint32_t have = r->have[cell][part], from = CELLBLOCK_NONE;
    if (have != CELLBLOCK_NONE && smallworld_draw(50)) {
        int reach = tick - (1 << smallworld_draw(6)); /* a tier, and on over quiet ticks */
        if (reach < 0)
            reach = 0;
        while (reach > 0 && !smallworld_changed(reach, cell) && smallworld_draw(10))
            reach--;
        if ((uint32_t)reach > have && tick - (int)have <= 32)
            reach = (int)have;
        if ((uint32_t)reach <= have && have < (uint32_t)tick)
            from = (uint32_t)reach;
    }
    struct protocol_key key = smallworld_key(cell);
    struct protocol_blocks block =
        smallworld_block(number_of(r, &key), cell, part, from, (uint32_t)tick);
    assert_int_equal(apply_block(r, &block), PROTOCOL_OK);
    if (have == CELLBLOCK_NONE || have < (uint32_t)tick)
        sketch_told(r, &block);
    if (smallworld_draw(10) == 0) { /* the same again changes nothing */
        uint64_t ignored = replica_counts(r->replica).blocks_ignored;
        assert_int_equal(apply_block(r, &block), PROTOCOL_OK);
        assert_int_equal(replica_counts(r->replica).blocks_ignored, ignored + 1);
    }
    r->have[cell][part] = (uint32_t)tick;
}

/* All cells in random order, each with chance one in `skip` left out. */
static void send_cells(struct receiver *r, int tick, unsigned skip)
{
    int order[CELLS * 2];
    for (int i = 0; i < CELLS * 2; i++) {
        int j = (int)smallworld_draw((unsigned)i + 1);
        order[i] = order[j];
        order[j] = i;
    }
    for (int i = 0; i < CELLS * 2; i++) {
        int cell = order[i] / 2;
        if (r->view[cell] && !(skip && smallworld_draw(skip) == 0))
            send_part(r, cell, (unsigned)order[i] % 2, tick);
    }
}

static bool count_settled(void *context, struct replica_entity *entity)
{
    if (!entity->orphan_tick)
        ++*(unsigned *)context;
    return true;
}

/* The receiver holds what is in its cells, exactly, and nothing else but orphans. */
static void assert_equals_world(struct receiver *r, int tick)
{
    unsigned expected = 0, settled = 0;
    for (unsigned i = 0; i < SMALLWORLD_FIGURES; i++) {
        const struct smallworld_figure *f = &smallworld_figures(tick)[i];
        if (!f->id || !r->view[f->cell])
            continue;
        expected++;
        struct replica_entity *e = replica_find(r->replica, f->id);
        assert_non_null(e);
        assert_int_equal(e->orphan_tick, 0);
        struct protocol_key key = smallworld_key(f->cell);
        assert_memory_equal(&e->owner, &key, sizeof key);
        int32_t x, z;
        cellblock_quantise_place(f->pos, &x, &z);
        assert_true(e->pos.x == x && e->pos.z == z);
        assert_true(f->pos.y - e->pos.y >= -128 && f->pos.y - e->pos.y < 128);
        assert_int_equal(e->yaw, f->yaw & 0xff00);
        assert_int_equal(e->pose, f->pose);
        assert_int_equal(e->version, f->version);
        assert_sketched(r, e);
    }
    replica_each(r->replica, count_settled, &settled);
    assert_int_equal(settled, expected);
    assert_int_equal(r->appeared - r->vanished, replica_entities_n(r->replica));
}

static void run_model(unsigned with_seed)
{
    static struct receiver receivers[RECEIVERS];
    smallworld_begin(with_seed, field);
    memset(receivers, 0, sizeof receivers);
    for (unsigned i = 0; i < RECEIVERS; i++) {
        no_numbers(&receivers[i]);
        receivers[i].replica = replica_new(field, count_events, &receivers[i]);
        receivers[i].book = book_new();
        receivers[i].sketch = sketch_new(receivers[i].book, on_seen, NULL);
    }
    for (int tick = 1; tick < SMALLWORLD_TICKS; tick++) {
        bool quiet = tick % 100 > 40;
        smallworld_step(tick, quiet);
        for (unsigned i = 0; i < RECEIVERS; i++) {
            struct receiver *r = &receivers[i];
            if (smallworld_draw(3) == 0 && tick % 100 != 99)
                continue; /* a skipped snapshot */
            if (!quiet)
                change_view(r, tick == 1 ? 2 : 60);
            bool all = smallworld_draw(8) == 0 || tick % 100 == 99;
            send_cells(r, tick, all ? 0 : 2 + i);
            replica_expire(r->replica, (uint32_t)tick);
            sketch_expire(r->sketch);
            if (all)
                assert_same_number(r);
            if (all)
                assert_equals_world(r, tick);
            if (tick % 100 == 99) { /* quiet long enough: no orphans any more */
                unsigned settled = 0;
                replica_each(r->replica, count_settled, &settled);
                assert_int_equal(settled, replica_entities_n(r->replica));
            }
        }
    }
    for (unsigned i = 0; i < RECEIVERS; i++) {
        assert_int_equal(replica_counts(receivers[i].replica).gaps, 0);
        assert_true(replica_counts(receivers[i].replica).records > 1000);
        replica_free(receivers[i].replica);
        sketch_free(receivers[i].sketch);
        book_free(receivers[i].book);
        assert_int_equal(receivers[i].appeared, receivers[i].vanished);
    }
}

static void model(void **state)
{
    (void)state;
    for (unsigned s = 1; s <= 30; s++)
        run_model(s);
}

/* ---- the rules, one by one ---- */

static struct receiver one;
static const struct protocol_key A = {0, 0, 0, 0, 0}, B = {0, 0, 0, 1, 0};

static int fresh(void **state)
{
    (void)state;
    memset(&one, 0, sizeof one);
    no_numbers(&one);
    one.replica = replica_new(field, count_events, &one);
    return one.replica ? 0 : -1;
}

static int done(void **state)
{
    (void)state;
    replica_free(one.replica);
    return 0;
}

static enum protocol_result block(struct protocol_key key, uint32_t from, uint32_t to,
                                  const struct cellblock_record *records, size_t n)
{
    struct cellblock_header header = {key, 0, CELLBLOCK_PART - 1, from, to};
    struct protocol_blocks message = smallworld_said(number_of(&one, &key), &header, records, n);
    return replica_blocks(one.replica, &message);
}

static struct cellblock_record in(uint16_t index, uint64_t id)
{
    return (struct cellblock_record){
        .kind = CELLBLOCK_ENTERED, .index = index, .entity = id, .version = 1};
}

static struct cellblock_record out(uint16_t index, uint64_t id, const struct protocol_key *to)
{
    struct cellblock_record r = {.kind = CELLBLOCK_LEFT, .index = index, .entity = id, .gone = !to};
    if (to) {
        r.to = (struct space_cell){to->x, to->z, to->level};
    }
    return r;
}

static void have_rule(void **state)
{
    (void)state;
    struct cellblock_record r = in(0, 7);
    assert_int_equal(block(A, CELLBLOCK_NONE, 10, &r, 1), PROTOCOL_BAD); /* in no VIEW */
    done(NULL);
    fresh(NULL);
    send_view(&one, &A, 1, NULL, 0);
    assert_int_equal(block(A, 9, 10, &r, 1), PROTOCOL_BAD); /* nothing is had yet */
    assert_int_equal(replica_counts(one.replica).gaps, 1);
    done(NULL);
    fresh(NULL);
    send_view(&one, &A, 1, NULL, 0);
    assert_int_equal(block(A, CELLBLOCK_NONE, 10, &r, 1), PROTOCOL_OK);
    assert_int_equal(replica_tick(one.replica), 10);
    r = out(0, 7, NULL);
    assert_int_equal(block(A, 8, 10, &r, 1), PROTOCOL_OK); /* have 10 >= to: ignored */
    assert_int_equal(replica_entities_n(one.replica), 1);
    assert_int_equal(block(A, CELLBLOCK_NONE, 10, NULL, 0), PROTOCOL_OK); /* full ones too */
    assert_int_equal(replica_entities_n(one.replica), 1);
    assert_int_equal(replica_counts(one.replica).blocks_ignored, 2);
    assert_int_equal(block(A, 8, 11, &r, 1), PROTOCOL_OK); /* overlap is harmless */
    assert_int_equal(replica_entities_n(one.replica), 0);
    assert_int_equal(block(A, 12, 13, NULL, 0), PROTOCOL_BAD); /* a gap */
    assert_int_equal(replica_counts(one.replica).gaps, 1);
}

static void full_replaces(void **state)
{
    (void)state;
    send_view(&one, &A, 1, NULL, 0);
    struct cellblock_record both[] = {in(0, 7), in(1, 8)};
    assert_int_equal(block(A, CELLBLOCK_NONE, 10, both, 2), PROTOCOL_OK);
    /* 7 is not there any more, 8 stands at another index, 9 is new at 8's */
    struct cellblock_record then[] = {in(1, 9), in(5, 8)};
    assert_int_equal(block(A, CELLBLOCK_NONE, 50, then, 2), PROTOCOL_OK);
    assert_null(replica_find(one.replica, 7));
    assert_non_null(replica_find(one.replica, 8));
    assert_non_null(replica_find(one.replica, 9));
    assert_int_equal(one.appeared, 3); /* 8 was there all the time */
    struct cellblock_record move = {
        .kind = CELLBLOCK_MOVED, .index = 5, .placed = true, .state = {77, 0, 0, 0, 0}};
    assert_int_equal(block(A, 50, 51, &move, 1), PROTOCOL_OK);
    assert_int_equal(replica_find(one.replica, 8)->pos.x, 77 * 64);
}

/* Full blocks of two cells in one message: who has gone from one to the other is there all the
 * time, whichever comes first; who is in neither is gone. */
static void full_together(void **state)
{
    (void)state;
    const struct protocol_key both[] = {A, B};
    for (unsigned order = 0; order < 3; order++) {
        uint8_t bytes[256];
        struct wire_writer w;
        done(NULL);
        fresh(NULL);
        send_view(&one, both, 2, NULL, 0);
        struct cellblock_record here[] = {in(0, 7), in(1, 8)}, there = in(4, 7);
        assert_int_equal(block(A, CELLBLOCK_NONE, 10, here, 2), PROTOCOL_OK);
        assert_int_equal(block(B, CELLBLOCK_NONE, 10, NULL, 0), PROTOCOL_OK);
        wire_writer_init(&w, bytes, sizeof bytes);
        for (unsigned i = 0; i < 2; i++) {
            bool is_a = (i == 0) == (order == 0);
            struct cellblock_header header = {is_a ? A : B, 0, CELLBLOCK_PART - 1, CELLBLOCK_NONE,
                                              70};
            protocol_put_number(&w, number_of(&one, &header.key));
            w.next += cellblock_encode(&header, &there, !is_a, w.next, (size_t)(w.end - w.next));
        }
        if (order == 2) /* malformed in the end */
            protocol_put_number(&w, 77);
        struct protocol_blocks message = {70, bytes, wire_written(&w)};
        assert_int_equal(replica_blocks(one.replica, &message),
                         order == 2 ? PROTOCOL_BAD : PROTOCOL_OK);
        assert_int_equal(one.appeared, 2);
        assert_int_equal(one.vanished, 1);
        assert_null(replica_find(one.replica, 8));
        assert_int_equal(replica_find(one.replica, 7)->owner.x, B.x);
    }
}

static void owners(void **state)
{
    (void)state;
    const struct protocol_key both[] = {A, B};
    send_view(&one, both, 2, NULL, 0);
    struct cellblock_record enter = in(3, 7), leave = out(3, 7, &B);
    assert_int_equal(block(A, CELLBLOCK_NONE, 10, &enter, 1), PROTOCOL_OK);
    assert_int_equal(block(B, CELLBLOCK_NONE, 10, NULL, 0), PROTOCOL_OK);
    /* B says it first: A's left does not count any more. */
    enter = in(0, 7);
    assert_int_equal(block(B, 10, 11, &enter, 1), PROTOCOL_OK);
    assert_int_equal(block(A, 10, 11, &leave, 1), PROTOCOL_OK);
    assert_int_equal(replica_find(one.replica, 7)->owner.x, 1);
    assert_int_equal(replica_find(one.replica, 7)->orphan_tick, 0);
    /* Back again, A's left... B's left first: an orphan of A, then A says it. */
    leave = out(0, 7, &A);
    assert_int_equal(block(B, 11, 12, &leave, 1), PROTOCOL_OK);
    assert_int_equal(replica_find(one.replica, 7)->owner.x, 0);
    assert_int_equal(replica_find(one.replica, 7)->orphan_tick, 12);
    replica_expire(one.replica, 52); /* 40 ticks are granted */
    assert_int_equal(replica_entities_n(one.replica), 1);
    enter = in(9, 7);
    assert_int_equal(block(A, 11, 12, &enter, 1), PROTOCOL_OK);
    replica_expire(one.replica, 1000);
    assert_int_equal(replica_find(one.replica, 7)->orphan_tick, 0);
    /* An orphan that nobody speaks of goes after 40 ticks. */
    leave = out(9, 7, &B);
    assert_int_equal(block(A, 12, 13, &leave, 1), PROTOCOL_OK);
    replica_expire(one.replica, 53);
    assert_int_equal(replica_entities_n(one.replica), 1);
    replica_expire(one.replica, 54);
    assert_int_equal(replica_entities_n(one.replica), 0);
    assert_int_equal(one.appeared, 1);
    assert_int_equal(one.vanished, 1);
}

/* How often a cell is told of, and until when a figure is known to have stood. */
static void tellings(void **state)
{
    (void)state;
    const struct protocol_key both[] = {A, B};
    send_view(&one, both, 2, NULL, 0);
    struct cellblock_record enter = in(3, 7), leave = out(3, 7, &B);
    struct cellblock_record move = {.kind = CELLBLOCK_MOVED, .index = 3, .placed = true};
    assert_int_equal(block(A, CELLBLOCK_NONE, 10, &enter, 1), PROTOCOL_OK);
    const struct replica_entity *entity = replica_find(one.replica, 7);
    assert_int_equal(entity->before_tick, 10); /* new */
    assert_int_equal(entity->interval, 0);
    for (uint32_t tick = 10; tick < 42; tick += 4)
        assert_int_equal(block(A, tick, tick + 4, &move, 1), PROTOCOL_OK);
    assert_int_equal(entity->before_tick, 38);
    assert_int_equal(entity->interval, 4);
    assert_int_equal(block(A, 42, 60, &move, 1), PROTOCOL_OK); /* one pause is none */
    assert_int_equal(entity->before_tick, 42);
    assert_int_equal(entity->interval, 4);
    assert_int_equal(block(A, 60, 200, &move, 1), PROTOCOL_OK); /* quiet but for the last 32 */
    assert_int_equal(entity->before_tick, 200 - 32);
    assert_int_equal(block(A, 200, 216, &leave, 1), PROTOCOL_OK);
    enter = in(0, 7);
    assert_int_equal(block(B, CELLBLOCK_NONE, 220, &enter, 1), PROTOCOL_OK);
    assert_int_equal(entity->before_tick, 200);
    enter = in(1, 7);
    assert_int_equal(block(A, 216, 221, &enter, 1), PROTOCOL_OK); /* before B's left */
    assert_int_equal(entity->before_tick, 220);
    enter = in(1, 7);
    assert_int_equal(block(A, CELLBLOCK_NONE, 290, &enter, 1), PROTOCOL_OK); /* after a long stop */
    assert_int_equal(entity->before_tick, 221);
}

static void stale_claims(void **state)
{
    (void)state;
    const struct protocol_key both[] = {A, B};
    send_view(&one, both, 2, NULL, 0);
    struct cellblock_record enter = in(3, 7);
    assert_int_equal(block(A, CELLBLOCK_NONE, 20, &enter, 1), PROTOCOL_OK);
    assert_int_equal(block(B, CELLBLOCK_NONE, 15, &enter, 1), PROTOCOL_OK); /* it was in B then */
    assert_int_equal(replica_find(one.replica, 7)->owner.x, 0);
    struct cellblock_record leave = out(3, 7, NULL);
    assert_int_equal(block(B, 15, 21, &leave, 1), PROTOCOL_OK);
    assert_int_equal(replica_entities_n(one.replica), 1);
}

static void lost_keys(void **state)
{
    (void)state;
    const struct protocol_key both[] = {A, B};
    send_view(&one, both, 2, NULL, 0);
    struct cellblock_record enter[] = {in(3, 7), in(4, 8), in(5, 9)};
    assert_int_equal(block(A, CELLBLOCK_NONE, 10, enter, 3), PROTOCOL_OK);
    assert_int_equal(block(B, CELLBLOCK_NONE, 10, NULL, 0), PROTOCOL_OK);
    struct cellblock_record leave = out(3, 7, &B), claim = in(0, 8);
    assert_int_equal(block(A, 10, 11, &leave, 1), PROTOCOL_OK); /* 7: an orphan of B */
    assert_int_equal(block(B, 10, 11, &claim, 1), PROTOCOL_OK); /* 8: B's */
    send_view(&one, NULL, 0, &A, 1);                            /* 9 goes with A */
    assert_null(replica_find(one.replica, 9));
    assert_int_equal(replica_entities_n(one.replica), 2);
    send_view(&one, NULL, 0, &B, 1);
    assert_int_equal(replica_entities_n(one.replica), 0);
    /* Gained again: nothing is had. A left to a cell out of view takes the figure away. */
    send_view(&one, &A, 1, NULL, 0);
    assert_int_equal(block(A, CELLBLOCK_NONE, 5, enter, 3), PROTOCOL_OK);
    assert_int_equal(block(A, 5, 12, &leave, 1), PROTOCOL_OK);
    assert_int_equal(replica_entities_n(one.replica), 2);
}

static bool owned_by(uint64_t id, struct protocol_key key)
{
    struct replica_entity *entity = replica_find(one.replica, id);
    assert_non_null(entity);
    return entity->owner.level == key.level && entity->owner.x == key.x && entity->owner.z == key.z;
}

/* A is divided, and B while somebody is on his way there; B is put together again: nobody blinks.
 */
static void levels(void **state)
{
    (void)state;
    static const struct protocol_key quarters[2][4] = {
        {{0, 0, 1, 0, 0}, {0, 0, 1, 1, 0}, {0, 0, 1, 0, 1}, {0, 0, 1, 1, 1}},
        {{0, 0, 1, 2, 0}, {0, 0, 1, 3, 0}, {0, 0, 1, 2, 1}, {0, 0, 1, 3, 1}}};
    const struct protocol_key both[] = {A, B}, deep = {0, 0, 3, 15, 7};
    send_view(&one, both, 2, NULL, 0);
    struct cellblock_record enter[] = {in(1, 7), in(2, 8), in(3, 9)};
    assert_int_equal(block(A, CELLBLOCK_NONE, 10, enter, 3), PROTOCOL_OK);
    assert_int_equal(block(B, CELLBLOCK_NONE, 10, NULL, 0), PROTOCOL_OK);

    /* The quarters are gained; one is in the first, two have gone on meanwhile. */
    send_view(&one, quarters[0], 4, NULL, 0);
    struct cellblock_record claim = in(0, 7);
    assert_int_equal(block(quarters[0][0], CELLBLOCK_NONE, 12, &claim, 1), PROTOCOL_OK);
    struct cellblock_record leave[] = {out(1, 7, &quarters[0][0]), out(2, 8, &quarters[0][3]),
                                       out(3, 9, &deep)};
    assert_int_equal(block(A, 10, 12, leave, 3), PROTOCOL_OK);
    assert_true(owned_by(7, quarters[0][0]) && owned_by(8, quarters[0][3]));
    assert_true(owned_by(9, B)); /* B holds what is not in view by itself */
    send_view(&one, NULL, 0, &A, 1);
    assert_int_equal(replica_entities_n(one.replica), 3);

    /* B is divided: who waits for it waits for a part of it. */
    send_view(&one, quarters[1], 4, NULL, 0);
    send_view(&one, NULL, 0, &B, 1);
    assert_int_equal(replica_find(one.replica, 9)->owner.level, 1);
    struct cellblock_record to_b = out(0, 7, &B);
    assert_int_equal(block(quarters[0][0], 12, 13, &to_b, 1), PROTOCOL_OK);
    assert_int_equal(replica_find(one.replica, 7)->owner.level, 1);
    assert_int_equal(replica_find(one.replica, 7)->owner.x / 2, 1);

    /* And put together: they wait for the whole, and it tells of one. */
    send_view(&one, &B, 1, quarters[1], 4);
    assert_true(owned_by(7, B) && owned_by(9, B));
    claim = in(0, 9);
    assert_int_equal(block(B, CELLBLOCK_NONE, 14, &claim, 1), PROTOCOL_OK);
    assert_int_equal(replica_find(one.replica, 9)->orphan_tick, 0);
    assert_int_equal(one.vanished, 0);
    assert_int_equal(one.appeared, 3);

    /* Who waits without an index goes on as any cell says that knows it, but only into view. */
    struct cellblock_record on = out(5, 8, &B), away = out(6, 8, &A);
    assert_int_equal(block(quarters[0][1], CELLBLOCK_NONE, 14, NULL, 0), PROTOCOL_OK);
    assert_int_equal(block(quarters[0][1], 14, 15, &on, 1), PROTOCOL_OK);
    assert_true(owned_by(8, B));
    send_view(&one, NULL, 0, quarters[0], 4);
    send_view(&one, quarters[0] + 2, 1, NULL, 0);
    assert_int_equal(block(quarters[0][2], CELLBLOCK_NONE, 15, NULL, 0), PROTOCOL_OK);
    away.to = (struct space_cell){-5, -5, 0};
    assert_int_equal(block(quarters[0][2], 15, 16, &away, 1), PROTOCOL_OK);
    assert_true(owned_by(8, B));
}

/* A key and a number are in view once; a block's number is in view. */
static void numbers(void **state)
{
    (void)state;
    static const struct {
        struct protocol_gain gains[2];
        uint16_t gained_n, lost[2], lost_n;
        enum protocol_result result;
    } cases[] = {
        {{{{0, 0, 0, 1, 0}, 1}}, 1, {0}, 0, PROTOCOL_OK},
        {{{{0, 0, 0, 0, 0}, 1}}, 1, {0}, 0, PROTOCOL_BAD},                       /* the key */
        {{{{0, 0, 0, 1, 0}, 0}}, 1, {0}, 0, PROTOCOL_BAD},                       /* the number */
        {{{{0, 0, 0, 1, 0}, 0}}, 1, {0}, 1, PROTOCOL_BAD},                       /* lost after it */
        {{{{0, 0, 0, 1, 0}, 1}, {{0, 0, 0, 2, 0}, 1}}, 2, {0}, 0, PROTOCOL_BAD}, /* twice */
        {{{{0, 0, 0, 1, 0}, 16383}}, 1, {16383, 0}, 2, PROTOCOL_OK},
        {{{{0, 0, 0, 1, 0}, 1}}, 0, {1}, 1, PROTOCOL_BAD},     /* none has it */
        {{{{0, 0, 0, 1, 0}, 1}}, 0, {16383}, 1, PROTOCOL_BAD}, /* far beyond */
        {{{{0, 0, 0, 1, 0}, 1}}, 0, {0, 0}, 2, PROTOCOL_BAD},  /* lost twice */
    };
    for (unsigned i = 0; i < ARRAY_N(cases); i++) {
        done(NULL);
        fresh(NULL);
        send_view(&one, &A, 1, NULL, 0);
        assert_int_equal(
            try_view(&one, cases[i].gains, cases[i].gained_n, cases[i].lost, cases[i].lost_n),
            cases[i].result);
    }
    done(NULL);
    fresh(NULL);
    send_view(&one, &A, 1, NULL, 0);
    struct cellblock_header header = {A, 0, CELLBLOCK_PART - 1, CELLBLOCK_NONE, 10};
    struct protocol_blocks message = smallworld_said(1, &header, NULL, 0);
    assert_int_equal(replica_blocks(one.replica, &message), PROTOCOL_BAD);
    message = smallworld_said(0, &header, NULL, 0);
    assert_int_equal(replica_blocks(one.replica, &message), PROTOCOL_OK);
    message.len_bytes = 1; /* a number, and no block */
    assert_int_equal(replica_blocks(one.replica, &message), PROTOCOL_BAD);
}

/* A move tells what is other than it was; the rest stays. */
static void partial_moves(void **state)
{
    (void)state;
    send_view(&one, &A, 1, NULL, 0);
    struct cellblock_record r = in(0, 7);
    r.state = (struct cellblock_state){100, 200, 50, 9, MOVEMENT_JUMPING};
    assert_int_equal(block(A, CELLBLOCK_NONE, 10, &r, 1), PROTOCOL_OK);
    struct replica_entity *e = replica_find(one.replica, 7);
    r = (struct cellblock_record){
        .kind = CELLBLOCK_MOVED, .placed = true, .state = {.x = 300, .z = 400}};
    assert_int_equal(block(A, 10, 11, &r, 1), PROTOCOL_OK);
    assert_true(e->pos.x == 300 * 64 && e->pos.z == 400 * 64 && e->yaw == 9 << 8);
    assert_int_equal(e->pos.y, heightfield_at(field, e->pos.x, e->pos.z) + 50 * 64);
    assert_int_equal(e->pose, MOVEMENT_JUMPING);
    r = (struct cellblock_record){
        .kind = CELLBLOCK_MOVED, .turned = true, .state = {1, 1, 0, 7, MOVEMENT_STANDING}};
    assert_int_equal(block(A, 11, 12, &r, 1), PROTOCOL_OK);
    assert_true(e->pos.x == 300 * 64 && e->pos.z == 400 * 64 && e->yaw == 7 << 8);
    assert_int_equal(e->pos.y, heightfield_at(field, e->pos.x, e->pos.z));
    assert_int_equal(e->pose, MOVEMENT_STANDING);
}

static void names(void **state)
{
    (void)state;
    static struct cellblock_record many[100];
    struct protocol_who who;
    for (unsigned i = 0; i < 100; i++)
        many[i] = in((uint16_t)i, i + 1);
    send_view(&one, &A, 1, NULL, 0);
    assert_int_equal(block(A, CELLBLOCK_NONE, 10, many, 100), PROTOCOL_OK);
    assert_int_equal(replica_wanted(one.replica, 10, &who), 64);
    assert_true(who.ids_n == 64 && who.ids[0] == 1 && who.ids[63] == 64);
    assert_int_equal(replica_wanted(one.replica, 10, &who), 36);
    assert_true(who.ids[0] == 65 && who.ids[35] == 100);
    assert_int_equal(replica_wanted(one.replica, 29, &who), 0);

    static struct protocol_identity identity;
    identity.rows_n = 2;
    identity.rows[0] = (struct protocol_identity_row){3, 1, 99, wire_text_of("alice")};
    identity.rows[1] = (struct protocol_identity_row){500, 1, 99, wire_text_of("nobody here")};
    assert_int_equal(replica_identity(one.replica, &identity), PROTOCOL_OK);
    struct replica_entity *alice = replica_find(one.replica, 3);
    assert_true(alice->named && alice->looks == 99);
    assert_string_equal(alice->name, "alice");
    assert_null(replica_find(one.replica, 500));

    assert_int_equal(replica_wanted(one.replica, 30, &who),
                     64); /* not answered: asked again, but alice not */
    assert_int_equal(replica_wanted(one.replica, 30, &who), 35);
    struct cellblock_record renamed = {.kind = CELLBLOCK_CHANGED, .index = 2, .version = 2};
    assert_int_equal(block(A, 10, 31, &renamed, 1), PROTOCOL_OK);
    assert_int_equal(replica_wanted(one.replica, 31, &who), 1);
    assert_true(who.ids[0] == 3);
    assert_string_equal(alice->name, "alice"); /* the old one until the new one comes */
}

static void bounds(void **state)
{
    (void)state;
    for (unsigned i = 0; i < REPLICA_KEYS_MAX; i++) {
        struct protocol_key key = {0, 0, 0, (int32_t)i % 100, (int32_t)i / 100};
        send_view(&one, &key, 1, NULL, 0);
    }
    struct protocol_key key;
    const struct protocol_gain more = {{0, 0, 0, -1, -1}, NUMBERS + 1};
    assert_int_equal(try_view(&one, &more, 1, NULL, 0), PROTOCOL_BAD);

    static struct cellblock_record many[CELLBLOCK_PART];
    uint64_t id = 0;
    for (unsigned b = 0; b <= REPLICA_ENTITIES_MAX / CELLBLOCK_PART; b++) {
        for (unsigned i = 0; i < CELLBLOCK_PART; i++)
            many[i] = in((uint16_t)i, ++id);
        key = (struct protocol_key){0, 0, 0, (int32_t)b % 100, (int32_t)b / 100};
        enum protocol_result expected = id > REPLICA_ENTITIES_MAX ? PROTOCOL_BAD : PROTOCOL_OK;
        assert_int_equal(block(key, CELLBLOCK_NONE, 10, many, CELLBLOCK_PART), expected);
    }
    assert_int_equal(replica_entities_n(one.replica), REPLICA_ENTITIES_MAX);
}

int main(void)
{
    field = heightfield_new(3, 1024);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(model),
        cmocka_unit_test_setup_teardown(have_rule, fresh, done),
        cmocka_unit_test_setup_teardown(full_replaces, fresh, done),
        cmocka_unit_test_setup_teardown(full_together, fresh, done),
        cmocka_unit_test_setup_teardown(owners, fresh, done),
        cmocka_unit_test_setup_teardown(tellings, fresh, done),
        cmocka_unit_test_setup_teardown(stale_claims, fresh, done),
        cmocka_unit_test_setup_teardown(lost_keys, fresh, done),
        cmocka_unit_test_setup_teardown(levels, fresh, done),
        cmocka_unit_test_setup_teardown(numbers, fresh, done),
        cmocka_unit_test_setup_teardown(partial_moves, fresh, done),
        cmocka_unit_test_setup_teardown(names, fresh, done),
        cmocka_unit_test_setup_teardown(bounds, fresh, done),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    heightfield_free(field);
    return failed;
}
