/* test_journal.c -- what was journaled replays to the same hashes; what was changed is found where
 * it was changed; what was cut ends whole; a disk that says no stops the journal and nothing else.
 */
#define _GNU_SOURCE /* memmem */
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "sim/journal.h"
#include "sim/journal_format.h"
#include "sim_world.h"

#define TICKS     24
#define SECRET    "the cat sat on the mat"
#define FILE_MAX  (1 << 20)
#define RECORDS_N (TICKS + 1)

struct room {
    char path[128];
    char copy[128];
    struct heightfield *field;
    struct sim *sim;
    struct batch batch;
    uint64_t seed;
    uint8_t bytes[FILE_MAX];
    size_t len;
    size_t starts[RECORDS_N + 1]; /* where records begin; [0] is the header, the last is the end */
};

static int make(void **state)
{
    struct room *room = calloc(1, sizeof(*room));
    struct sim_config config = {.entities_max = 60};
    struct error error;

    snprintf(room->path, sizeof(room->path), "test_journal.%d.journal", (int)getpid());
    snprintf(room->copy, sizeof(room->copy), "test_journal.%d.copy", (int)getpid());
    room->field = heightfield_new(WORLD_SEED, WORLD_SIZE_M);
    config.field = room->field;
    config.server = 3;
    room->sim = sim_new(&config, &error);
    room->seed = 17;
    *state = room;
    return room->sim == NULL ? -1 : 0;
}

static int unmake(void **state)
{
    struct room *room = *state;

    unlink(room->path);
    unlink(room->copy);
    sim_free(room->sim);
    heightfield_free(room->field);
    free(room);
    return 0;
}

/* All kinds of commands, from five players. */
static void fill(struct room *room, uint32_t tick)
{
    for (uint64_t i = 1; i <= 5; i++) {
        if (tick % 7 == i || tick == 1)
            batch_join(&room->batch, i + 100 * (tick % 2), i, (int)i * 10, -3);
        else if (draw(&room->seed) % 9 == 0)
            batch_add(&room->batch, i + 100 * (draw(&room->seed) % 2), COMMAND_LEAVE, 2);
        else
            batch_intent(&room->batch, i + 100, tick, (uint16_t)draw(&room->seed), 3);
    }
    for (uint64_t i = 1; i <= 5; i += 2) {
        struct command *wish = batch_add(&room->batch, i + 100, COMMAND_WISH, 3 * tick);

        wish->as.wish.x = (int32_t)(draw(&room->seed) % (1 << 20)) - (1 << 19);
        wish->as.wish.z = (int32_t)(draw(&room->seed) % (1 << 20)) - (1 << 19);
    }
    if (tick % 5 == 2)
        batch_chat(&room->batch, 103, SECRET, 2 * tick);
    if (tick % 6 == 1) {
        struct command *rename = batch_add(&room->batch, 103, COMMAND_RENAME, 2 * tick + 1);
        char name[24];

        rename->as.rename.name = blob_new(name, (size_t)snprintf(name, sizeof(name), "n%u", tick));
    }
    if (tick % 11 == 3)
        batch_add(&room->batch, 0, COMMAND_CREDIT, tick)->as.credit.substeps = 10;
}

static void journaled_tick(struct room *room, struct journal *journal)
{
    uint32_t tick = sim_tick(room->sim) + 1;

    qsort(room->batch.commands, room->batch.n, sizeof(struct command), command_compare);
    journal_tick(journal, tick, room->batch.commands, room->batch.n);
    batch_step(&room->batch, room->sim);
    journal_hash(journal, room->sim);
}

static struct journal *open_journal(struct room *room)
{
    struct error error = {""};
    struct journal *journal = journal_open(room->path, room->sim, room->field, &error);

    assert_string_equal(error.text, "");
    assert_non_null(journal);
    return journal;
}

static void read_back(struct room *room)
{
    FILE *file = fopen(room->path, "rb");
    size_t at = 0;

    assert_non_null(file);
    room->len = fread(room->bytes, 1, sizeof(room->bytes), file);
    assert_true(room->len < sizeof(room->bytes));
    fclose(file);
    for (unsigned i = 0; i <= RECORDS_N; i++) {
        room->starts[i] = at;
        if (i < RECORDS_N) {
            uint32_t len;

            memcpy(&len, room->bytes + at, 4);
            at += JOURNAL_FRAME_BYTES + len + JOURNAL_CHECKSUM_BYTES;
        }
    }
    assert_int_equal(at, room->len);
}

static void record(struct room *room)
{
    struct journal *journal = open_journal(room);

    for (uint32_t tick = 1; tick <= TICKS; tick++) {
        fill(room, tick);
        journaled_tick(room, journal);
    }
    assert_false(journal_stopped(journal));
    journal_close(journal);
    read_back(room);
}

/* Replay so many bytes of room->bytes. said: the last line. */
static int replay(struct room *room, size_t len, char said[1024], struct error *error)
{
    FILE *copy = fopen(room->copy, "wb");
    char *text = NULL;
    size_t text_len = 0;
    FILE *out = open_memstream(&text, &text_len);
    int result;

    assert_non_null(copy);
    assert_int_equal(fwrite(room->bytes, 1, len, copy), len);
    fclose(copy);
    error->text[0] = '\0';
    result = journal_replay(room->copy, out, false, error);
    fclose(out);
    snprintf(said, 1024, "%s", text);
    free(text);
    return result;
}

static void test_replays(void **state)
{
    struct room *room = *state;
    struct error error;
    char said[1024];
    char *verbose = NULL;
    size_t verbose_len;
    FILE *out;

    record(room);
    assert_int_equal(replay(room, room->len, said, &error), 0);
    assert_non_null(strstr(said, "24 ticks replayed up to tick 24"));
    assert_null(strstr(said, "cut"));
    out = open_memstream(&verbose, &verbose_len);
    assert_int_equal(journal_replay(room->path, out, true, &error), 0);
    fclose(out);
    assert_non_null(strstr(verbose, "tick 1 hash "));
    assert_non_null(strstr(verbose, "tick 24 hash "));
    free(verbose);
    /* What was said stays unsaid. */
    assert_null(memmem(room->bytes, room->len, SECRET, strlen(SECRET)));
    assert_non_null(memmem(room->bytes, room->len, "player3", 7));
    /* Another journal is never overwritten. */
    assert_null(journal_open(room->path, room->sim, room->field, &error));
    assert_non_null(strstr(error.text, room->path));
}

/* A journal that begins in the middle of a world's life. */
static void test_begins_later(void **state)
{
    struct room *room = *state;
    struct error error;
    char said[1024];

    for (uint32_t tick = 1; tick <= 100; tick++) {
        fill(room, tick);
        batch_step(&room->batch, room->sim);
    }
    record(room);
    assert_int_equal(replay(room, room->len, said, &error), 0);
    assert_non_null(strstr(said, "24 ticks replayed up to tick 124"));
}

/* Cut at every byte of the last two ticks: all that is whole replays, and the cut is said. */
static void test_cut(void **state)
{
    struct room *room = *state;
    struct error error;
    char said[1024];
    char whole[64];

    record(room);
    for (size_t len = room->starts[RECORDS_N - 2]; len < room->len; len++) {
        unsigned ticks = len >= room->starts[RECORDS_N - 1] ? TICKS - 1 : TICKS - 2;
        bool clean = len == room->starts[RECORDS_N - 1] || len == room->starts[RECORDS_N - 2];

        assert_int_equal(replay(room, len, said, &error), 0);
        snprintf(whole, sizeof(whole), "%u ticks replayed up to tick %u,", ticks, ticks);
        assert_non_null(strstr(said, whole));
        assert_int_equal(strstr(said, "cut") == NULL, clean);
    }
    /* Within the header there is nothing to replay. */
    for (size_t len = 0; len < room->starts[1]; len++)
        assert_int_equal(replay(room, len, said, &error), -1);
}

static void expect_tick(struct room *room, unsigned tick)
{
    struct error error;
    char said[1024];
    char begin[32];

    assert_int_equal(replay(room, room->len, said, &error), -1);
    snprintf(begin, sizeof(begin), "tick %u:", tick);
    if (strncmp(error.text, begin, strlen(begin)) != 0)
        fail_msg("expected \"%s ...\", got \"%s\"", begin, error.text);
}

/* Every byte of a record in the middle, changed: found at that tick. */
static void test_flipped_byte(void **state)
{
    struct room *room = *state;
    struct error error;
    char said[1024];

    record(room);
    for (unsigned tick = 9; tick <= 10; tick++) {
        for (size_t i = room->starts[tick]; i < room->starts[tick + 1]; i++) {
            room->bytes[i] ^= 0x10;
            expect_tick(room, tick);
            room->bytes[i] ^= 0x10;
        }
    }
    for (size_t i = 0; i < room->starts[1]; i++) {
        room->bytes[i] ^= 0x01;
        assert_int_equal(replay(room, room->len, said, &error), -1);
        room->bytes[i] ^= 0x01;
    }
    assert_int_equal(replay(room, room->len, said, &error), 0);
}

/* Whoever changes a command and puts the checksum right is found by the hash: at that tick, and at
 * every later one if he goes on to put the hash right, too. */
static void test_forged_byte(void **state)
{
    struct room *room = *state;
    const unsigned tick = 9;

    record(room);
    for (size_t i = room->starts[tick] + JOURNAL_FRAME_BYTES;
         i < room->starts[tick + 1] - JOURNAL_CHECKSUM_BYTES; i++) {
        uint8_t *body = room->bytes + room->starts[tick] + JOURNAL_FRAME_BYTES;
        size_t body_len = room->starts[tick + 1] - room->starts[tick] - JOURNAL_FRAME_BYTES -
                          JOURNAL_CHECKSUM_BYTES;

        room->bytes[i] ^= 0x01;
        journal_checksum(body, body_len, body + body_len);
        expect_tick(room, tick);
        room->bytes[i] ^= 0x01;
        journal_checksum(body, body_len, body + body_len);
    }
}

/* A whole tick taken out is missed. */
static void test_missing_tick(void **state)
{
    struct room *room = *state;

    record(room);
    memmove(room->bytes + room->starts[7], room->bytes + room->starts[8],
            room->len - room->starts[8]);
    room->len -= room->starts[8] - room->starts[7];
    expect_tick(room, 7);
}

static int64_t now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static bool holds_open(const char *path)
{
    struct stat file, open_file;

    assert_int_equal(stat(path, &file), 0);
    for (int fd = 0; fd < 256; fd++) {
        if (fstat(fd, &open_file) == 0 && open_file.st_dev == file.st_dev &&
            open_file.st_ino == file.st_ino)
            return true;
    }
    return false;
}

/* A file that may not grow: the journal stops, the world goes on, and what was written replays. */
static void test_full_disk(void **state)
{
    struct room *room = *state;
    struct journal *journal = open_journal(room);
    struct rlimit before;
    struct rlimit small;
    struct error error;
    int64_t deadline = now_ms() + 10000;
    char *text = NULL;
    size_t text_len;
    FILE *out;
    uint32_t ticks = 0;

    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    small = before;
    small.rlim_cur = 20000;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    while (!journal_stopped(journal)) {
        assert_true(now_ms() < deadline);
        fill(room, ++ticks);
        journaled_tick(room, journal);
        if (ticks % 100 == 0)
            (void)poll(NULL, 0, 1);
    }
    for (unsigned i = 0; i < 10; i++) {
        fill(room, ++ticks);
        journaled_tick(room, journal);
    }
    assert_int_equal(sim_tick(room->sim), ticks);
    while (holds_open(room->path)) { /* else removing it would not give room */
        assert_true(now_ms() < deadline);
        (void)poll(NULL, 0, 1);
    }
    journal_close(journal);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    out = open_memstream(&text, &text_len);
    assert_int_equal(journal_replay(room->path, out, false, &error), 0);
    fclose(out);
    assert_non_null(strstr(text, "ticks replayed"));
    free(text);
}

/* More than the queue holds: the tick does not wait, the journal stops. */
static void test_overflow(void **state)
{
    struct room *room = *state;
    struct journal *journal = open_journal(room);
    const size_t n = 700000;
    struct command *commands = calloc(n, sizeof(*commands));

    fill(room, 1);
    journaled_tick(room, journal);
    for (size_t i = 0; i < n; i++) {
        commands[i].session = i + 1;
        commands[i].kind = COMMAND_LEAVE;
    }
    journal_tick(journal, 2, commands, n);
    journal_hash(journal, room->sim);
    assert_true(journal_stopped(journal));
    journal_close(journal);
    free(commands);
}

/* A process that is killed in mid-writing leaves a journal that replays to its last whole tick. */
static void test_killed(void **state)
{
    struct room *room = *state;
    int64_t deadline = now_ms() + 10000;
    struct stat status = {0};
    struct error error = {""};
    char *text = NULL;
    size_t text_len;
    FILE *out;
    int ended;
    pid_t child = fork();

    assert_true(child >= 0);
    if (child == 0) {
        struct journal *journal = journal_open(room->path, room->sim, room->field, &error);

        for (uint32_t tick = 1; journal != NULL && now_ms() < deadline; tick++) {
            fill(room, tick);
            journaled_tick(room, journal);
        }
        _exit(1);
    }
    while (status.st_size < 50000 && now_ms() < deadline) {
        if (stat(room->path, &status) != 0)
            status.st_size = 0;
        (void)poll(NULL, 0, 1);
    }
    assert_int_equal(kill(child, SIGKILL), 0);
    assert_int_equal(waitpid(child, &ended, 0), child);
    assert_true(WIFSIGNALED(ended));
    out = open_memstream(&text, &text_len);
    assert_int_equal(journal_replay(room->path, out, false, &error), 0);
    fclose(out);
    assert_true(strtoul(text, NULL, 10) > 10);
    assert_non_null(strstr(text, " ticks replayed up to tick "));
    free(text);
}

static void test_no_journal(void **state)
{
    struct room *room = *state;
    struct error error;

    assert_int_equal(journal_replay("/nonexistent/journal", stdout, false, &error), -1);
    assert_non_null(strstr(error.text, "/nonexistent/journal"));
    assert_int_equal(journal_replay("/dev/null", stdout, false, &error), -1);
    assert_int_equal(journal_replay("/", stdout, false, &error), -1);
    assert_null(journal_open("/nonexistent/journal", room->sim, room->field, &error));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_replays, make, unmake),
        cmocka_unit_test_setup_teardown(test_begins_later, make, unmake),
        cmocka_unit_test_setup_teardown(test_cut, make, unmake),
        cmocka_unit_test_setup_teardown(test_flipped_byte, make, unmake),
        cmocka_unit_test_setup_teardown(test_forged_byte, make, unmake),
        cmocka_unit_test_setup_teardown(test_missing_tick, make, unmake),
        cmocka_unit_test_setup_teardown(test_full_disk, make, unmake),
        cmocka_unit_test_setup_teardown(test_overflow, make, unmake),
        cmocka_unit_test_setup_teardown(test_killed, make, unmake),
        cmocka_unit_test_setup_teardown(test_no_journal, make, unmake),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
