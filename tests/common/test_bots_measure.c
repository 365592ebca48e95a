/* test_bots_measure.c -- openmmo-bots as a measuring instrument: histograms against exact
 * quantiles, trails, the book that has every distinct block decoded once, receivers that check and
 * match, and the report. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <jansson.h>

#include "bots/apart.h"
#include "bots/board.h"
#include "bots/book.h"
#include "bots/receiver.h"
#include "bots/report.h"
#include "bots/scenario.h"
#include "bots/sketch.h"

/* ---- histograms ---- */

#define VALUES 20000

static int rising(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return x < y ? -1 : x > y;
}

static void quantiles(void **state)
{
    (void)state;
    static uint64_t values[VALUES];
    static struct histogram whole, half[2];
    static const double qs[] = {0, 0.001, 0.25, 0.5, 0.9, 0.99, 0.999, 0.9999, 1};
    unsigned seed = 11;
    memset(&whole, 0, sizeof whole);
    memset(half, 0, sizeof half);
    assert_true(histogram_quantile_us(&whole, 0.5) == 0);
    for (size_t i = 0; i < VALUES; i++) { /* of all magnitudes up to an hour */
        values[i] = (uint64_t)rand_r(&seed) >> rand_r(&seed) % 31;
        if (i % 1000 == 0)
            values[i] = 3600000000u - i;
        histogram_add(&whole, values[i]);
        histogram_add(&half[i % 2], values[i]);
    }
    qsort(values, VALUES, sizeof values[0], rising);
    for (size_t i = 0; i < ARRAY_N(qs); i++) {
        size_t rank = (size_t)(qs[i] * VALUES);
        uint64_t exact = values[rank > 0 && qs[i] > 0 ? rank - 1 : 0];
        uint64_t told = histogram_quantile_us(&whole, qs[i]);
        assert_true(told >= exact);
        assert_true(told - exact <= exact / 1024); /* 0.1 %, and exact where it is small */
    }
    assert_true(whole.max_us == values[VALUES - 1]);
    histogram_merge(&half[0], &half[1]);
    assert_memory_equal(&half[0], &whole, sizeof whole);
    uint64_t over = 0;
    for (size_t i = 0; i < VALUES; i++)
        over += values[i] > 2000;
    assert_true(histogram_over(&whole, 2000) == over);
    histogram_add(&whole, UINT64_C(1) << 40); /* longer than any row: counted, and told as max */
    assert_true(histogram_quantile_us(&whole, 1) >= UINT32_MAX);
    assert_true(whole.max_us == UINT64_C(1) << 40);
}

/* ---- trails ---- */

static void walk(struct trail *trail, uint32_t seq, bool still)
{
    uint64_t after[TRAIL_SUBSTEPS];
    for (unsigned i = 0; i < TRAIL_SUBSTEPS; i++)
        after[i] = still ? 7 : seq * 100 + i;
    trail_add(trail, seq, seq * 100000ull, still, after);
}

static void trails(void **state)
{
    (void)state;
    static struct trail trail;
    struct trail_mark found;
    trail_clear(&trail);
    assert_false(trail_find(&trail, (struct trail_mark){0, 0}, 105, &found));
    for (uint32_t seq = 1; seq <= 300; seq++)
        walk(&trail, seq, seq % 10 == 0);
    assert_true(trail_find(&trail, (struct trail_mark){0, 0}, 299 * 100 + 2, &found));
    assert_true(found.seq == 299 && found.substep == 2);
    assert_false(trail_find(&trail, (struct trail_mark){0, 0}, 100 * 100 + 5, &found)); /* over */
    assert_false(trail_find(&trail, (struct trail_mark){298, 5}, 297 * 100 + 5, &found));
    assert_true(trail_find(&trail, (struct trail_mark){298, 5}, 298 * 100 + 5, &found));
    assert_true(trail_due_us(&trail, 299) == 29900000);
    assert_true(trail_due_us(&trail, 300) == 0);         /* still: nobody can tell it */
    assert_true(trail_held_us(&trail, 299) == 30000000); /* but it stands there yet */
    assert_true(trail_held_us(&trail, 298) == 29800000);
    assert_true(trail_due_us(&trail, 17) == 0); /* forgotten */
    trail_correct(&trail, 299, 5, 4242);
    trail_correct(&trail, 17, 5, 4243);
    assert_true(trail_find(&trail, (struct trail_mark){290, 0}, 4242, &found));
    assert_int_equal(found.seq, 299);
    assert_false(trail_find(&trail, (struct trail_mark){0, 0}, 4243, &found));
}

/* ---- the board ---- */

static void who_is_who(void **state)
{
    (void)state;
    struct board *board = board_new(1000, 2);
    assert_non_null(board);
    for (unsigned round = 1; round <= 20; round++) { /* all come and go, as other entities */
        for (uint32_t i = 0; i < 1000; i++)
            board_enter(board, (uint64_t)i << 24 | round, i);
        for (uint32_t i = 0; i < 1000; i++) {
            assert_int_equal(board_player(board, (uint64_t)i << 24 | round), i);
            assert_true(board_player(board, (uint64_t)i << 24 | (round + 1)) == BOARD_NOBODY);
        }
        for (uint32_t i = 0; i < 1000; i++)
            board_leave(board, (uint64_t)i << 24 | round);
        assert_true(board_player(board, (uint64_t)5 << 24 | round) == BOARD_NOBODY);
    }
    assert_true(board_player(board, 0) == BOARD_NOBODY);
    board_free(board);
    board_free(NULL);
}

/* ---- the book ---- */

#define BLOCKS 300

/* A block of the cell (x, 0) with n figures at a place that depends on the tick. */
static size_t make_block(int32_t x, uint32_t from, uint32_t to, unsigned n, uint8_t *room)
{
    static struct cellblock_record records[CELLBLOCK_PART];
    struct cellblock_header header = {{0, 0, 0, x, 0}, 0, CELLBLOCK_PART - 1, from, to};
    bool full = from == CELLBLOCK_NONE;
    memset(records, 0, sizeof records);
    for (unsigned i = 0; i < n; i++) {
        records[i].kind = full ? CELLBLOCK_ENTERED : CELLBLOCK_MOVED;
        records[i].index = (uint16_t)i;
        records[i].entity = full ? 100 + i : 0;
        records[i].placed = !full;
        records[i].state.x = (uint16_t)((to * 8 + i) % 4096);
    }
    return cellblock_encode(&header, records, n, room, CELLBLOCK_MAX_BYTES);
}

/* The book's number of the cell (x, 0). */
static uint32_t number_of(struct book *book, int32_t x)
{
    return book_key(book, &(struct protocol_key){0, 0, 0, x, 0});
}

static void every_distinct_block_once(void **state)
{
    (void)state;
    static uint8_t stream[BLOCKS * 4096];
    size_t used = 0;
    struct book *book = book_new();
    const struct book_block *block;
    assert_non_null(book);
    for (unsigned i = 0; i < BLOCKS; i++) {
        size_t n =
            make_block((int32_t)i % 7, i % 9 ? 10 + i : CELLBLOCK_NONE, 20 + i, i, stream + used);
        assert_true(n > 0);
        used += n;
    }
    for (unsigned receiver = 0; receiver < 50; receiver++) {
        struct wire_reader reader;
        wire_reader_init(&reader, stream, used);
        for (unsigned i = 0; i < BLOCKS; i++) {
            const uint8_t *start = reader.next;
            uint32_t key = number_of(book, (int32_t)i % 7);
            assert_int_equal(book_take(book, &reader, key, 20 + i, &block), BOOK_OK);
            assert_int_equal(block->header.to, 20 + i);
            assert_int_equal(block->header.key.x, i % 7);
            assert_int_equal(block->bytes_n, reader.next - start);
            assert_int_equal(block->key, i % 7); /* numbered as they came */
        }
        assert_true(wire_done(&reader));
        assert_true(book_counts(book).distinct == BLOCKS);
    }
    assert_true(book_counts(book).blocks == 50 * BLOCKS);
    book_free(book);
    book_free(NULL);
}

/* In any order, skipping some, and after shelves were cleared: what is taken is what was there. */
static void any_order(void **state)
{
    (void)state;
    static uint8_t room[CELLBLOCK_MAX_BYTES];
    struct book *book = book_new();
    unsigned seed = 3;
    for (unsigned i = 0; i < 60000; i++) {
        uint32_t to = 100 + i / 30 + (unsigned)rand_r(&seed) % 10;
        int32_t x = rand_r(&seed) % 5;
        size_t n = make_block(x, to - 4, to, 40, room);
        const struct book_block *block;
        struct wire_reader reader;
        wire_reader_init(&reader, room, n);
        assert_int_equal(book_take(book, &reader, number_of(book, x), to, &block), BOOK_OK);
        assert_true(wire_done(&reader) && block->bytes_n == n && block->header.to == to &&
                    block->header.key.x == x && memcmp(block->bytes, room, n) == 0);
    }
    assert_true(book_counts(book).distinct < 15000); /* 2010 ticks of 5 cells, some twice */
    book_free(book);
}

static void faults_are_seen(void **state)
{
    (void)state;
    static uint8_t room[CELLBLOCK_MAX_BYTES];
    struct book *book = book_new();
    const struct book_block *block;
    struct wire_reader reader;
    uint32_t key = number_of(book, 0), other = number_of(book, 1);
    size_t n = make_block(0, 10, 20, 50, room);
    wire_reader_init(&reader, room, n);
    assert_int_equal(book_take(book, &reader, key, 20, &block), BOOK_OK);
    /* The same bytes of another cell, or of another tick, are another block. */
    wire_reader_init(&reader, room, n);
    assert_int_equal(book_take(book, &reader, other, 20, &block), BOOK_OK);
    assert_true(block->key == other && block->header.to == 20 && block->header.key.x == 1);
    wire_reader_init(&reader, room, n);
    assert_int_equal(book_take(book, &reader, key, 30, &block), BOOK_OK);
    assert_true(block->key == key && block->header.to == 30 && block->header.from == 20);
    /* Another content under the same header, as long as it and shorter. */
    room[n - 3] ^= 1;
    wire_reader_init(&reader, room, n);
    assert_int_equal(book_take(book, &reader, key, 20, &block), BOOK_DIFFERS);
    n = make_block(0, 10, 20, 49, room);
    wire_reader_init(&reader, room, n);
    assert_int_equal(book_take(book, &reader, key, 20, &block), BOOK_DIFFERS);
    /* A new one that is cut is malformed, one that is known too. */
    n = make_block(0, 11, 21, 50, room);
    wire_reader_init(&reader, room, n - 1);
    assert_int_equal(book_take(book, &reader, key, 21, &block), BOOK_MALFORMED);
    assert_true(book_counts(book).distinct == 3);
    book_free(book);
}

/* ---- receivers ---- */

/* Player 0 receives; players 1.. send, as the entities 100... */
#define SENDERS 10

struct scene {
    struct board *board;
    struct receiver_shared shared;
    struct receiver *receiver;
};

static int make_scene(void **state)
{
    static struct scene scene;
    scene.board = board_new(SENDERS + 1, 1);
    scene.shared = (struct receiver_shared){book_new(), scene.board, &scene.board->reports[0]};
    scene.receiver = receiver_new(&scene.shared, 0, true);
    for (uint32_t i = 0; i < SENDERS; i++)
        board_enter(scene.board, 100 + i, i + 1);
    report_begin(scene.shared.report, 1);
    *state = &scene;
    return 0;
}

static int clear_scene(void **state)
{
    struct scene *scene = *state;
    receiver_free(scene->receiver);
    book_free(scene->shared.book);
    board_free(scene->board);
    return 0;
}

static bool send_view(struct receiver *receiver, int32_t gained, int32_t lost)
{
    uint8_t bytes[256];
    struct wire_writer w;
    struct protocol_frame frame;
    const struct protocol_gain gains = {{0, 0, 0, gained, 0}, (uint16_t)(40 + gained)};
    const uint16_t losses = (uint16_t)(40 + lost);
    wire_writer_init(&w, bytes, sizeof bytes);
    protocol_encode_view(&w, &gains, gained >= 0, &losses, lost >= 0);
    assert_int_equal(protocol_frame_parse(bytes, wire_written(&w), sizeof bytes, &frame),
                     PROTOCOL_OK);
    return receiver_view(receiver, &frame);
}

static bool send_block_of(struct receiver *receiver, int32_t x, uint32_t from, uint32_t to,
                          unsigned n_figures, uint64_t now_us)
{
    static uint8_t block[CELLBLOCK_MAX_BYTES], bytes[CELLBLOCK_MAX_BYTES];
    size_t n = make_block(x, from, to, n_figures, block);
    struct wire_writer w;
    wire_writer_init(&w, bytes, sizeof bytes);
    wire_put_u32(&w, to);
    protocol_put_number(&w, (uint16_t)(40 + x));
    wire_put_bytes(&w, block, n);
    const struct protocol_frame frame = {PROTOCOL_BLOCKS, bytes, wire_written(&w), 0};
    return receiver_blocks(receiver, &frame, now_us);
}

static bool send_block(struct receiver *receiver, int32_t x, uint32_t from, uint32_t to,
                       uint64_t now_us)
{
    return send_block_of(receiver, x, from, to, SENDERS, now_us);
}

static void checks(void **state)
{
    struct scene *scene = *state;
    const struct report_checks *seen = &scene->shared.report->checks;
    for (unsigned decodes = 0; decodes < 2; decodes++) {
        struct receiver *r = receiver_new(&scene->shared, 0, decodes);
        assert_true(send_view(r, 0, -1));
        assert_true(send_block(r, 0, CELLBLOCK_NONE, 10, 1));
        assert_true(send_block(r, 0, 9, 11, 1));
        assert_true(send_block(r, 0, 5, 8, 1)); /* old news */
        assert_true(send_block(r, 0, 11, 15, 1));
        assert_false(send_block(r, 0, 16, 17, 1));
        assert_int_equal(seen->gaps, 1 + 3 * decodes);
        assert_false(send_block(r, 1, CELLBLOCK_NONE, 17, 1));
        assert_int_equal(seen->strangers, 1 + decodes);
        receiver_free(r);
        r = receiver_new(&scene->shared, 0, decodes);
        /* Lost and gained again: nothing is had. */
        assert_true(send_view(r, 0, -1));
        assert_true(send_block(r, 0, CELLBLOCK_NONE, 10, 1));
        assert_true(send_view(r, -1, 0));
        assert_true(send_view(r, 0, -1));
        assert_false(send_block(r, 0, 10, 11, 1));
        assert_int_equal(seen->gaps, 2 + 3 * decodes);
        if (!decodes) { /* had before gained at all */
            assert_true(send_view(r, -1, 0));
            assert_false(send_block(r, 0, CELLBLOCK_NONE, 30, 1));
            scene->shared.report->checks.strangers--;
        }
        receiver_free(r);
        if (!decodes) {
            assert_int_equal(seen->gaps, 2);
            scene->shared.report->checks.gaps = 3; /* told apart from the decoding one's */
        }
    }
    assert_non_null(strstr(seen->first.text, "a gap"));
}

/* Where make_block shows sender i at that tick. */
static uint64_t place_at(unsigned i, uint32_t tick)
{
    return (uint64_t)(tick * 8 + i) << 32;
}

/* A move of each that takes them to where the block of that tick shows them. */
static void all_move(struct scene *scene, uint32_t seq, uint32_t tick, uint64_t due_us)
{
    for (unsigned i = 0; i < SENDERS; i++) {
        uint64_t after[TRAIL_SUBSTEPS];
        for (unsigned k = 0; k < TRAIL_SUBSTEPS; k++)
            after[k] = k < 5 ? UINT64_MAX - seq * 8 - k : place_at(i, tick);
        trail_add(&scene->board->trails[i + 1], seq, due_us, false, after);
    }
}

static void matching(void **state)
{
    struct scene *scene = *state;
    struct report *report = scene->shared.report;
    assert_true(send_view(scene->receiver, 0, -1));
    all_move(scene, 1, 10, 100000);
    assert_true(send_block(scene->receiver, 0, CELLBLOCK_NONE, 10, 130000));
    assert_int_equal(report->delivery.n, 0); /* they came in: nothing was waited for */
    all_move(scene, 2, 12, 200000);
    assert_true(send_block(scene->receiver, 0, 10, 12, 230000));
    assert_int_equal(report->exact, SENDERS);
    assert_int_equal(report->replaced, 0);
    assert_true(report->delivery.max_us == 30000);
    /* Two moves, of which only the second is ever shown. */
    all_move(scene, 3, 14, 300000);
    all_move(scene, 4, 16, 400000);
    assert_true(send_block(scene->receiver, 0, 12, 16, 450000));
    assert_int_equal(report->exact, 2 * SENDERS);
    assert_int_equal(report->replaced, SENDERS);
    assert_true(report->delivery.max_us == 150000);
    assert_int_equal(report->delivery.n, 3 * SENDERS);
    /* The same again, and a place that nobody's trail has. */
    assert_true(send_block(scene->receiver, 0, 15, 17, 460000));
    assert_int_equal(report->unmatched, SENDERS);
    assert_int_equal(report->delivery.n, 3 * SENDERS);
    /* One that is not shown before the end. */
    all_move(scene, 5, 20, 500000);
    all_move(scene, 6, 22, 1400000);
    receiver_finish(scene->receiver, 2000000);
    assert_int_equal(report->undelivered, SENDERS);
    assert_true(report->delivery.max_us == 1500000);
    receiver_sample(scene->receiver, (struct space_pos){100 * SPACE_UNITS_PER_M, 0, 0}, 2000000);
    assert_int_equal(report->neighbours, SENDERS);
    assert_int_equal(report->stale[2].n, SENDERS); /* 64..128 m away */
    assert_true(histogram_quantile_us(&report->stale[2], 0.5) / 10000 == 160);
}

/* Of who is apart nothing counts, neither his moves nor what he is shown; of the others all does.
 */
static void set_apart(void **state)
{
    struct scene *scene = *state;
    const struct report *report = scene->shared.report;
    struct receiver *other = receiver_new(&scene->shared, SENDERS, true); /* the last sender's */
    assert_true(send_view(scene->receiver, 0, -1));
    assert_true(send_view(other, 0, -1));
    all_move(scene, 1, 10, 100000);
    assert_true(send_block(scene->receiver, 0, CELLBLOCK_NONE, 10, 130000));
    assert_true(send_block(other, 0, CELLBLOCK_NONE, 10, 130000));
    board_set_apart(scene->board, SENDERS);
    board_set_apart(scene->board, 1);
    board_set_apart(scene->board, 1);
    assert_int_equal(scene->board->apart_n, 2);
    all_move(scene, 2, 12, 200000);
    assert_true(send_block(scene->receiver, 0, 10, 12, 230000));
    assert_true(send_block(other, 0, 10, 12, 9000000));
    assert_int_equal(report->exact, SENDERS - 2);
    assert_int_equal(report->unmatched, 0);
    assert_true(report->delivery.max_us == 30000);
    receiver_sample(other, (struct space_pos){0, 0, 0}, 9000000);
    receiver_sample(scene->receiver, (struct space_pos){0, 0, 0}, 300000);
    assert_int_equal(report->stale[0].n + report->stale[1].n, SENDERS - 2);
    all_move(scene, 3, 14, 300000);
    receiver_finish(other, 9000000);
    receiver_finish(scene->receiver, 2000000);
    assert_int_equal(report->undelivered, SENDERS - 2);
    receiver_free(other);
}

static void named_apart(void **state)
{
    char path[] = "/tmp/openmmo-test-apart-XXXXXX";
    struct error error = {""};
    struct accounts *accounts = accounts_load(NULL, "bot", 3, &error);
    struct board *board = board_new(3, 1);
    FILE *file = fdopen(mkstemp(path), "w");
    (void)state;
    assert_true(accounts && board && file);
    fprintf(file, "%s\n%s\n", accounts_at(accounts, 2)->name, accounts_at(accounts, 0)->name);
    fflush(file);
    assert_int_equal(apart_read(path, accounts, board, &error), 0);
    assert_true(board_is_apart(board, 0) && !board_is_apart(board, 1) && board_is_apart(board, 2));
    fprintf(file, "somebody else\n");
    fclose(file);
    assert_int_equal(apart_read(path, accounts, board, &error), -1);
    assert_non_null(strstr(error.text, ":3: none of the players"));
    unlink(path);
    assert_int_equal(apart_read(path, accounts, board, &error), -1);
    board_free(board);
    accounts_free(accounts);
}

/* A move that the server walks in two ticks is delivered by its end alone. */
static void halfway(void **state)
{
    struct scene *scene = *state;
    struct report *report = scene->shared.report;
    assert_true(send_view(scene->receiver, 0, -1));
    all_move(scene, 1, 10, 100000);
    assert_true(send_block(scene->receiver, 0, CELLBLOCK_NONE, 10, 130000));
    all_move(scene, 2, 14, 200000);
    for (unsigned i = 0; i < SENDERS; i++)
        trail_correct(&scene->board->trails[i + 1], 2, 2, place_at(i, 12));
    assert_true(send_block(scene->receiver, 0, 10, 12, 230000));
    assert_int_equal(report->delivery.n, 0);
    assert_true(send_block(scene->receiver, 0, 12, 14, 280000));
    assert_int_equal(report->exact, SENDERS);
    assert_true(report->delivery.max_us == 80000);
}

/* One message tells that all have gone from cell 0 and that they are in cell 1: they are the same,
 * and what they moved meanwhile is delivered. */
static void gone_here_and_there_again(void **state)
{
    struct scene *scene = *state;
    const struct report *report = scene->shared.report;
    static uint8_t bytes[2 * CELLBLOCK_MAX_BYTES], block[CELLBLOCK_MAX_BYTES];
    struct wire_writer w;
    assert_true(send_view(scene->receiver, 0, -1));
    assert_true(send_view(scene->receiver, 1, -1));
    all_move(scene, 1, 10, 100000);
    assert_true(send_block(scene->receiver, 0, CELLBLOCK_NONE, 10, 130000));
    for (unsigned i = 0; i < SENDERS; i++) {
        uint64_t after[TRAIL_SUBSTEPS] = {1, 2, 3, 4, 5};
        after[5] = ((uint64_t)SPACE_CELL_WIRE << 32) + place_at(i, 90);
        trail_add(&scene->board->trails[i + 1], 2, 200000, false, after);
    }
    wire_writer_init(&w, bytes, sizeof bytes);
    wire_put_u32(&w, 90);
    for (uint16_t x = 0; x < 2; x++) {
        protocol_put_number(&w, 40 + x);
        wire_put_bytes(&w, block, make_block(x, CELLBLOCK_NONE, 90, x ? SENDERS : 0, block));
    }
    const struct protocol_frame frame = {PROTOCOL_BLOCKS, bytes, wire_written(&w), 0};
    assert_true(receiver_blocks(scene->receiver, &frame, 4200000));
    assert_int_equal(report->exact, SENDERS);
    assert_true(report->delivery.max_us == 4000000);
    receiver_sample(scene->receiver, (struct space_pos){0, 0, 0}, 4200000);
    assert_int_equal(report->neighbours, SENDERS);
    /* All gone, and nobody says where to: who comes then is seen for the first time. */
    assert_true(send_block_of(scene->receiver, 1, CELLBLOCK_NONE, 91, 0, 4250000));
    assert_true(send_block(scene->receiver, 1, 91, 92, 4300000));
    assert_true(send_block(scene->receiver, 1, CELLBLOCK_NONE, 93, 4350000));
    assert_int_equal(report->unmatched, 0);
}

/* The server is restarted and gives the same ids to others. */
static void ids_given_anew(void **state)
{
    struct scene *scene = *state;
    const struct report *report = scene->shared.report;
    assert_true(send_view(scene->receiver, 0, -1));
    all_move(scene, 1, 10, 100000);
    assert_true(send_block(scene->receiver, 0, CELLBLOCK_NONE, 10, 130000));
    receiver_free(scene->receiver);
    scene->receiver = receiver_new(&scene->shared, 0, true);
    for (uint32_t i = 0; i < SENDERS; i++)
        board_leave(scene->board, 100 + i);
    for (uint32_t i = 0; i < SENDERS; i++) {
        board_enter(scene->board, 100 + i, (i + 1) % SENDERS + 1);
        trail_clear(&scene->board->trails[i + 1]);
    }
    book_forget(scene->shared.book);
    for (uint32_t seq = 1; seq <= 2; seq++) {
        for (unsigned i = 0; i < SENDERS; i++) {
            uint64_t after[TRAIL_SUBSTEPS] = {1, 2, 3, 4, 5, place_at(i, 2 * seq)};
            trail_add(&scene->board->trails[(i + 1) % SENDERS + 1], seq, seq * 1000000, false,
                      after);
        }
    }
    assert_true(send_view(scene->receiver, 0, -1));
    assert_true(send_block(scene->receiver, 0, CELLBLOCK_NONE, 2, 1030000));
    assert_true(send_block(scene->receiver, 0, 2, 4, 2030000));
    assert_int_equal(report->exact, SENDERS);
    assert_int_equal(report->unmatched, 0);
}

/* ---- sketches: what the model of test_replica.c does not reach ---- */

static uint32_t shown_mark;

static void on_shown(void *context, uint32_t figure, uint64_t place, uint32_t *mark)
{
    (void)context;
    (void)figure;
    (void)place;
    shown_mark = *mark;
    *mark = 77;
}

struct told {
    struct book *book;
    struct sketch *sketch;
};

/* One record of the entity 9, at index 3 of the key. */
static void tell(const struct told *told, struct protocol_key key, uint32_t from, uint32_t to,
                 struct cellblock_record record)
{
    static uint8_t bytes[CELLBLOCK_MAX_BYTES];
    struct cellblock_header header = {key, 0, CELLBLOCK_PART - 1, from, to};
    const struct book_block *block;
    struct wire_reader reader;
    record.index = 3;
    record.entity = 9;
    if (record.kind == CELLBLOCK_ENTERED) {
        record.state.x = (uint16_t)((key.x & ((1 << key.level) - 1)) << (12 - key.level));
        record.state.z = (uint16_t)((key.z & ((1 << key.level) - 1)) << (12 - key.level));
    }
    size_t n = cellblock_encode(&header, &record, 1, bytes, sizeof bytes);
    assert_true(n > 0);
    wire_reader_init(&reader, bytes, n);
    assert_int_equal(book_take(told->book, &reader, book_key(told->book, &key), to, &block),
                     BOOK_OK);
    assert_int_equal(sketch_block(told->sketch, block), PROTOCOL_OK);
    sketch_settle(told->sketch);
}

/* Whose the entity is, by key; *owned: not an orphan. */
static struct protocol_key whose(const struct told *told, bool *owned)
{
    uint64_t place;
    uint32_t key;
    uint8_t version;
    assert_true(sketch_find(told->sketch, 9, &place, owned, &key, &version));
    return *book_key_of(told->book, key);
}

/* One leaves for a cell that is divided before it is heard of there, and put together again. */
static void orphans_of_divided_cells(void **state)
{
    (void)state;
    static const struct protocol_key A = {0, 0, 0, 0, 0}, B = {0, 0, 0, 1, 0}, B1 = {0, 0, 1, 2, 1};
    const struct cellblock_record in = {.kind = CELLBLOCK_ENTERED, .version = 1},
                                  out = {.kind = CELLBLOCK_LEFT, .to = {1, 0, 0}},
                                  out1 = {.kind = CELLBLOCK_LEFT, .to = {2, 1, 1}};
    struct told told = {.book = book_new()};
    uint32_t a = book_key(told.book, &A), b = book_key(told.book, &B),
             b1 = book_key(told.book, &B1);
    struct protocol_key key;
    bool owned;
    told.sketch = sketch_new(told.book, on_shown, NULL);
    assert_int_equal(sketch_gain(told.sketch, a), 0);
    assert_int_equal(sketch_gain(told.sketch, b), 0);
    tell(&told, A, CELLBLOCK_NONE, 10, in);
    assert_int_equal(shown_mark, 0);
    tell(&told, A, 10, 11, out);
    key = whose(&told, &owned);
    assert_true(!owned && memcmp(&key, &B, sizeof key) == 0);
    assert_int_equal(sketch_gain(told.sketch, b1), 0);
    sketch_lose(told.sketch, b);
    key = whose(&told, &owned);
    assert_true(!owned && memcmp(&key, &B1, sizeof key) == 0);
    tell(&told, B1, CELLBLOCK_NONE, 12, in);
    assert_int_equal(shown_mark, 77); /* it is the same one */
    key = whose(&told, &owned);
    assert_true(owned && memcmp(&key, &B1, sizeof key) == 0);
    /* What an older block of another cell says is over. */
    tell(&told, A, 11, 12, in);
    tell(&told, B1, 12, 20, in);
    tell(&told, A, 12, 19, in);
    key = whose(&told, &owned);
    assert_true(owned && memcmp(&key, &B1, sizeof key) == 0);
    /* A quarter that nobody knows yet: the whole cell covers it; where nothing does, it is gone. */
    tell(&told, B1, 20, 21, (struct cellblock_record){.kind = CELLBLOCK_LEFT, .to = {0, 0, 0}});
    tell(&told, A, 19, 22, in);
    assert_int_equal(sketch_gain(told.sketch, b), 0);
    sketch_lose(told.sketch, b1);
    tell(&told, A, 22, 23, out1);
    key = whose(&told, &owned);
    assert_true(!owned && memcmp(&key, &B, sizeof key) == 0);
    sketch_lose(told.sketch, b);
    assert_int_equal(sketch_figures_n(told.sketch), 0);
    sketch_free(told.sketch);
    book_free(told.book);
}

/* Who is not named is asked for in turn, each at most once in 20 ticks, until the name comes. */
static void names_are_asked_for_in_turn(void **state)
{
    (void)state;
    static const struct protocol_key A = {0, 0, 0, 0, 0};
    static struct cellblock_record records[100];
    static uint8_t bytes[CELLBLOCK_MAX_BYTES];
    struct cellblock_header header = {A, 0, CELLBLOCK_PART - 1, CELLBLOCK_NONE, 10};
    struct told told = {.book = book_new()};
    const struct book_block *block;
    struct wire_reader reader;
    struct protocol_who who;
    told.sketch = sketch_new(told.book, on_shown, NULL);
    assert_int_equal(sketch_gain(told.sketch, book_key(told.book, &A)), 0);
    for (unsigned i = 0; i < 100; i++)
        records[i] = (struct cellblock_record){
            .kind = CELLBLOCK_ENTERED, .index = (uint16_t)i, .entity = 1000 + i, .version = 1};
    size_t n = cellblock_encode(&header, records, 100, bytes, sizeof bytes);
    wire_reader_init(&reader, bytes, n);
    assert_int_equal(book_take(told.book, &reader, book_key(told.book, &A), 10, &block), BOOK_OK);
    assert_int_equal(sketch_block(told.sketch, block), PROTOCOL_OK);
    sketch_settle(told.sketch);
    assert_int_equal(sketch_wanted(told.sketch, &who), 64);
    for (unsigned i = 0; i < 64; i++)
        assert_true(who.ids[i] == 1000 + i);
    assert_int_equal(sketch_wanted(told.sketch, &who), 36);
    for (unsigned i = 0; i < 36; i++)
        assert_true(who.ids[i] == 1064 + i);
    assert_int_equal(sketch_wanted(told.sketch, &who), 0);
    for (unsigned i = 0; i < 98; i++)
        sketch_named(told.sketch, 1000 + i, 1);
    sketch_named(told.sketch, 1098, 2); /* another version than blocks tell of */
    tell(&told, A, 10, 30, (struct cellblock_record){.kind = CELLBLOCK_CHANGED, .version = 7});
    assert_int_equal(sketch_wanted(told.sketch, &who), 3);
    for (unsigned i = 0; i < 3; i++)
        assert_true(who.ids[i] == 1098 || who.ids[i] == 1099 || who.ids[i] == 1003);
    sketch_free(told.sketch);
    book_free(told.book);
}

/* ---- scenarios ---- */

static double distance_m(struct space_pos a, struct space_pos b)
{
    return hypot((double)a.x - b.x, (double)a.z - b.z) / SPACE_UNITS_PER_M;
}

static void who_walks_where(void **state)
{
    (void)state;
    struct scenario_run run = {scenario_find("attack"), 1000, 0, false};
    unsigned kinds[SCENARIO_STORM + 1] = {0}, leash_m, within = 0;
    struct space_pos home, other;
    for (uint32_t i = 0; i < 1100; i++)
        kinds[scenario_kind(&run, i)]++;
    assert_int_equal(kinds[SCENARIO_PLAYER], 990); /* 1 % of the first thousand */
    assert_int_equal(kinds[SCENARIO_FLOOD] + kinds[SCENARIO_VANISH] + kinds[SCENARIO_TINY], 10);
    assert_true(kinds[SCENARIO_FLOOD] && kinds[SCENARIO_VANISH] && kinds[SCENARIO_TINY]);
    assert_int_equal(kinds[SCENARIO_STORM], 100);
    /* A spread crowd: some fifty within a view of 192 m and the rest of its cells. */
    run = (struct scenario_run){scenario_find("spread"), 2400, 0, false};
    assert_true(scenario_home(&run, 77, 192, true, &home, &leash_m));
    for (uint32_t i = 0; i < 2400; i++) {
        assert_true(scenario_home(&run, i, 192, true, &other, &leash_m));
        within += i != 77 && distance_m(home, other) < 237;
    }
    assert_true(within > 40 && within < 60);
    /* A flash crowd is apart before, and at one spot then. */
    run.scenario = scenario_find("flash");
    assert_true(scenario_home(&run, 2000, 192, false, &home, &leash_m));
    assert_true(distance_m(home, (struct space_pos){0, 0, 0}) > 100);
    assert_true(scenario_home(&run, 2000, 192, true, &home, &leash_m));
    assert_true(home.x == 0 && home.z == 0);
    run.scenario = scenario_find("wander");
    assert_false(scenario_home(&run, 5, 192, true, &home, &leash_m));
    assert_null(scenario_find("nonsense"));
}

/* ---- the report ---- */

static void added_up(void **state)
{
    (void)state;
    static struct report sum, one;
    memset(&sum, 0, sizeof sum);
    memset(&one, 0, sizeof one);
    one.players = one.joined = 3;
    one.exact = 5;
    one.cpu_seconds = one.cpu_most = 1;
    one.seconds = 10;
    histogram_add(&one.delivery, 40000);
    report_merge(&sum, &one);
    one.cpu_seconds = one.cpu_most = 9;
    error_set(&one.checks.first, "a gap");
    one.checks.gaps = 1;
    report_merge(&sum, &one);
    assert_int_equal(sum.players, 6);
    assert_int_equal(sum.exact, 10);
    assert_true(sum.delivery.n == 2 && sum.cpu_seconds == 10 && sum.cpu_most == 9);
    assert_string_equal(sum.checks.first.text, "a gap");
    assert_false(report_good(&sum));
    assert_true(report_load_bound(&sum)); /* one of them had a full core */
    sum.cpu_most = 8;
    assert_false(report_load_bound(&sum));
    for (unsigned i = 0; i < 100; i++)
        histogram_add(&sum.lag, i < 98 ? 100 : 50000);
    assert_true(report_load_bound(&sum)); /* and so it is if moves are sent late */
    report_begin(&sum, 77);
    assert_true(sum.exact == 0 && sum.delivery.n == 0 && sum.begin_us == 77 && sum.joined == 6);
}

static void printed(void **state)
{
    (void)state;
    static struct report report;
    char *text = NULL;
    size_t n = 0;
    memset(&report, 0, sizeof report);
    report.players = report.joined = 2;
    report.seconds = 10;
    report.bytes_in = 4000;
    report.disconnects[PROTOCOL_REASON_KICKED] = 1;
    report.disconnects[200] = 2; /* none that we know */
    histogram_add(&report.delivery, 42500);
    assert_true(report_good(&report));
    FILE *out = open_memstream(&text, &n);
    report_print_json(&report, out);
    fclose(out);
    json_t *root = json_loads(text, 0, NULL);
    assert_non_null(root);
    json_t *measured = json_object_get(root, "measured");
    json_t *latency = json_object_get(measured, "latency_ms");
    assert_true(json_is_true(json_object_get(root, "good")));
    assert_true(json_real_value(json_object_get(measured, "bytes_in_s")) == 200);
    assert_true(json_real_value(json_object_get(latency, "p99")) == 42.5);
    assert_int_equal(
        json_integer_value(json_object_get(json_object_get(root, "disconnects"), "KICKED")), 1);
    json_decref(root);
    free(text);
    out = open_memstream(&text, &n);
    report.lost = 1;
    report.checks.gaps = 1;
    report.restarts = 2;
    report.resumed = 1;
    report_print(&report, out);
    fclose(out);
    assert_non_null(strstr(text, "2 of 2 joined"));
    assert_non_null(strstr(text, "restarted under players 2 times, who came back 1 times"));
    assert_non_null(strstr(text, "disconnected KICKED: 1"));
    assert_non_null(strstr(text, "FAULTS"));
    assert_null(strstr(text, "load-bound"));
    assert_false(report_good(&report));
    free(text);
    out = open_memstream(&text, &n);
    report.left_out = 6; /* the bots were too slow themselves */
    report_print(&report, out);
    fclose(out);
    assert_non_null(strstr(text, "load-bound"));
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(quantiles),
        cmocka_unit_test(trails),
        cmocka_unit_test(who_is_who),
        cmocka_unit_test(every_distinct_block_once),
        cmocka_unit_test(any_order),
        cmocka_unit_test(faults_are_seen),
        cmocka_unit_test_setup_teardown(checks, make_scene, clear_scene),
        cmocka_unit_test_setup_teardown(matching, make_scene, clear_scene),
        cmocka_unit_test_setup_teardown(set_apart, make_scene, clear_scene),
        cmocka_unit_test(named_apart),
        cmocka_unit_test_setup_teardown(halfway, make_scene, clear_scene),
        cmocka_unit_test_setup_teardown(gone_here_and_there_again, make_scene, clear_scene),
        cmocka_unit_test_setup_teardown(ids_given_anew, make_scene, clear_scene),
        cmocka_unit_test(orphans_of_divided_cells),
        cmocka_unit_test(names_are_asked_for_in_turn),
        cmocka_unit_test(who_walks_where),
        cmocka_unit_test(added_up),
        cmocka_unit_test(printed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
