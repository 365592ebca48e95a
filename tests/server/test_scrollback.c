/* The last chat lines over a restart, and every way in which their file can be none. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>
#include <event2/event.h>

#include "play/scrollback.h"
#include "sim_world.h"

#define NOW UINT64_C(1795349071000)

static struct heightfield *field;

static struct sim *fresh(void)
{
    struct sim_config config = {.field = field, .entities_max = 16, .readers = 1};
    struct error error;
    struct sim *sim = sim_new(&config, &error);

    assert_non_null(sim);
    return sim;
}

/* A world in which `n` lines were said, one a tick, and one of them to all. */
static struct sim *talked(unsigned n)
{
    static struct batch batch;
    struct sim *sim = fresh();

    sim_chat_begin(sim, 1000);
    batch_join(&batch, 11, 5, 8, 8);
    batch_step(&batch, sim);
    for (unsigned i = 0; i < n; i++) {
        char text[32];

        snprintf(text, sizeof(text), "line %u", i);
        batch_chat(&batch, 11, text, i);
        if (i == 1)
            batch.commands[batch.n - 1].as.chat.channel = PROTOCOL_CHANNEL_GLOBAL;
        batch_step(&batch, sim);
    }
    return sim;
}

static void path_of(const char *directory, char path[64])
{
    snprintf(path, 64, "%s/chat", directory);
}

static void test_over_a_restart(void **state)
{
    char directory[] = "/tmp/openmmo-chat-XXXXXX", path[64];
    const struct snapshot_chat_line *lines[10];
    struct sim *sim = talked(5), *next = fresh();
    struct batch *batch = calloc(1, sizeof(*batch));
    struct snapshot *snapshot;
    struct error error = {""};
    struct stat status;

    (void)state;
    assert_non_null(mkdtemp(directory));
    path_of(directory, path);
    assert_int_equal(scrollback_load(path, next, 0, &error), 0); /* there is no file */
    assert_int_equal(scrollback_save(path, sim, NOW, NULL, &error), 0);
    assert_int_equal(stat(path, &status), 0);
    assert_int_equal(status.st_mode & 07777, 0600);
    assert_int_equal(scrollback_load(path, next, NOW - 3 * SIM_TICK_MS, &error), 4);
    sim_chat_begin(next, 2000);
    batch_join(batch, 12, 6, 8, 8);
    batch_chat(batch, 12, "after", 1);
    batch_step(batch, next);
    snapshot = sim_snapshot(next);
    assert_int_equal(snapshot_chat(snapshot, 0, lines, 10), 5);
    assert_string_equal(lines[0]->text->bytes, "line 1");
    assert_string_equal(lines[0]->name->bytes, "player5");
    assert_int_equal(lines[0]->sequence, 1002);
    assert_int_equal(lines[0]->channel, PROTOCOL_CHANNEL_GLOBAL);
    assert_int_equal(lines[0]->said_ms, NOW - 3 * SIM_TICK_MS);
    assert_int_equal(lines[3]->said_ms, NOW);
    assert_int_equal(lines[3]->pos.x, 8 * SPACE_UNITS_PER_M);
    assert_int_equal(lines[4]->sequence, 2001);
    snapshot_unref(snapshot);
    /* And once more: what is held of a run before is written as it was. */
    assert_int_equal(scrollback_save(path, next, NOW + 900000, NULL, &error), 0);
    sim_free(sim);
    sim = fresh();
    assert_int_equal(scrollback_load(path, sim, 0, &error), 5);
    snapshot = sim_snapshot(sim);
    assert_int_equal(snapshot_chat(snapshot, 0, lines, 10), 5);
    assert_int_equal(lines[3]->said_ms, NOW);
    snapshot_unref(snapshot);
    unlink(path);
    rmdir(directory);
    sim_free(next);
    sim_free(sim);
    free(batch);
}

static size_t saved_bytes(uint8_t *bytes, size_t room)
{
    char directory[] = "/tmp/openmmo-chat-XXXXXX", path[64];
    struct sim *sim = talked(3);
    struct error error = {""};
    ssize_t n;
    int fd;

    assert_non_null(mkdtemp(directory));
    path_of(directory, path);
    assert_int_equal(scrollback_save(path, sim, NOW, NULL, &error), 0);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    n = read(fd, bytes, room);
    close(fd);
    unlink(path);
    rmdir(directory);
    sim_free(sim);
    assert_true(n > 0);
    return (size_t)n;
}

/* A file that was changed is not taken; of one that was cut, what is whole. */
static void test_malformed(void **state)
{
    static const struct {
        size_t at;
        uint8_t byte;
    } wrong[] = {
        {0, 'X'},               /* another's file */
        {8, 1},                 /* another version */
        {10, 0},    {10, 53},   /* a line that is shorter than its parts, */
        {10, 55},   {10, 70},   /* or longer */
        {36, 3},                /* a channel that is none */
        {40, 0x7f}, {48, 0x80}, /* places that are in no world */
        {49, 0xff},             /* a name that is too long */
        {51, 0xff},             /* a name that is no text */
    };
    uint8_t bytes[4096], changed[4096];
    const struct snapshot_chat_line *lines[4];
    size_t n = saved_bytes(bytes, sizeof(bytes));
    struct sim *sim = fresh();
    struct snapshot *snapshot;

    (void)state;
    assert_int_equal(bytes[10], 54);
    for (size_t cut = 0; cut < n; cut++) {
        struct sim *part = fresh();
        int whole = cut < 10 ? -1 : (int)((cut - 10) / 56);

        assert_int_equal(scrollback_parse(bytes, cut, part, 0), whole);
        sim_free(part);
    }
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        memcpy(changed, bytes, n);
        changed[wrong[i].at] = wrong[i].byte;
        if (scrollback_parse(changed, n, sim, 0) != -1)
            fail_msg("byte %zu as %u was taken", wrong[i].at, wrong[i].byte);
    }
    memcpy(changed, bytes, n);
    memset(changed + 12, 0xff, 8); /* the first line's sequence: the next is not higher */
    assert_int_equal(scrollback_parse(changed, n, sim, 0), -1);
    snapshot = sim_snapshot(sim);
    assert_int_equal(snapshot_chat(snapshot, 0, lines, 4), 0);
    snapshot_unref(snapshot);
    assert_int_equal(scrollback_parse(bytes, n, sim, 0), 3);
    sim_free(sim);
}

static void turn(struct event_base *base, struct sim *sim, struct scrollback *scrollback,
                 uint64_t now_ms)
{
    struct snapshot *snapshot = sim_snapshot(sim);

    scrollback_take(scrollback, snapshot, now_ms);
    snapshot_unref(snapshot);
    event_base_loop(base, EVLOOP_NONBLOCK);
}

/* How many lines the file holds, as a next start finds them. */
static int kept_n(const char *path)
{
    struct error error = {""};
    struct sim *sim = fresh();
    int n = scrollback_load(path, sim, 0, &error);

    sim_free(sim);
    return n;
}

#define KEPT_UNTIL(wanted)                                                                         \
    for (unsigned i_ = 0; kept_n(path) != (wanted); i_++) {                                        \
        if (i_ > 5000)                                                                             \
            fail_msg("there are %d lines", kept_n(path));                                          \
        turn(base, sim, scrollback, now_ms += 10);                                                 \
        usleep(1000);                                                                              \
    }

/* Each line lies in the file soon after it was said; a disk that is full loses none for good. */
static void test_as_it_is_said(void **state)
{
    char directory[] = "/tmp/openmmo-chat-XXXXXX", path[64];
    struct event_base *base = event_base_new();
    struct error error = {""};
    struct scrollback *scrollback;
    struct sim *sim = talked(3);
    static struct batch batch;
    uint64_t now_ms = NOW;

    (void)state;
    assert_non_null(mkdtemp(directory));
    path_of(directory, path);
    scrollback = scrollback_new(base, path, &error);
    assert_non_null(scrollback);
    KEPT_UNTIL(3);
    batch_chat(&batch, 11, "one more", 4);
    batch_step(&batch, sim);
    KEPT_UNTIL(4);
    /* Nothing can be written anew, then it can. */
    scrollback_free(scrollback);
    scrollback = scrollback_new(base, path, &error);
    assert_int_equal(chmod(directory, 0700), 0);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(rmdir(directory), 0);
    for (unsigned i = 0; i < 50; i++)
        turn(base, sim, scrollback, now_ms += 10);
    assert_int_equal(mkdir(directory, 0700), 0);
    now_ms -= 3600000; /* the clock was put right */
    KEPT_UNTIL(4);
    /* Much talk does not make it grow for ever. */
    for (unsigned i = 0; i < 9000; i++) {
        char text[450];

        memset(text, 'a' + (int)(i % 26), sizeof(text) - 1);
        text[sizeof(text) - 1] = '\0';
        batch_chat(&batch, 11, text, 5 + i);
        batch_step(&batch, sim);
        turn(base, sim, scrollback, now_ms += 50);
        usleep(200);
    }
    scrollback_free(scrollback);
    struct stat status;
    assert_int_equal(stat(path, &status), 0);
    assert_in_range(status.st_size, 256 * 450, 3 << 20);
    assert_true(kept_n(path) >= 256);
    unlink(path);
    rmdir(directory);
    sim_free(sim);
    event_base_free(base);
}

/* What an account said that is erased goes from the file at once, of this run by its number and of
 * an earlier one by its name; what others said, and who has that number or name later, stays. */
static void test_forgotten(void **state)
{
    char directory[] = "/tmp/openmmo-chat-XXXXXX", path[64];
    struct event_base *base = event_base_new();
    struct error error = {""};
    struct scrollback *scrollback;
    struct sim *sim = talked(4);
    static struct batch batch;
    uint64_t now_ms = NOW;

    (void)state;
    assert_non_null(mkdtemp(directory));
    path_of(directory, path);
    scrollback = scrollback_new(base, path, &error);
    batch_join(&batch, 12, 6, 8, 8);
    batch_step(&batch, sim);
    batch_chat(&batch, 12, "another's", 5);
    batch_step(&batch, sim);
    KEPT_UNTIL(5);
    scrollback_forget(scrollback, 999, "nobody");
    scrollback_forget(scrollback, 5, "nobody"); /* those of this run are known by the number */
    KEPT_UNTIL(1);
    batch_chat(&batch, 11, "said later", 6);
    batch_step(&batch, sim);
    KEPT_UNTIL(2);
    scrollback_close(scrollback);
    assert_int_equal(scrollback_save(path, sim, now_ms, scrollback, &error), 0);
    assert_int_equal(kept_n(path), 2);
    scrollback_free(scrollback);
    /* The next run knows them by name. */
    sim_free(sim);
    sim = fresh();
    assert_int_equal(scrollback_load(path, sim, 0, &error), 2);
    scrollback = scrollback_new(base, path, &error);
    turn(base, sim, scrollback, now_ms += 10);
    scrollback_forget(scrollback, 77, "player5");
    KEPT_UNTIL(1);
    scrollback_free(scrollback);
    unlink(path);
    rmdir(directory);
    sim_free(sim);
    event_base_free(base);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_over_a_restart),
        cmocka_unit_test(test_forgotten),
        cmocka_unit_test(test_malformed),
        cmocka_unit_test(test_as_it_is_said),
    };
    int failed;

    field = heightfield_new(WORLD_SEED, WORLD_SIZE_M);
    failed = cmocka_run_group_tests(tests, NULL, NULL);
    heightfield_free(field);
    return failed;
}
