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
    assert_int_equal(scrollback_save(path, sim, NOW, &error), 0);
    assert_int_equal(stat(path, &status), 0);
    assert_int_equal(status.st_mode & 07777, 0600);
    assert_int_equal(scrollback_load(path, next, NOW - 3 * SIM_TICK_MS, &error), 4);
    assert_int_equal(access(path, F_OK), -1);
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
    assert_int_equal(scrollback_save(path, next, NOW + 900000, &error), 0);
    sim_free(sim);
    sim = fresh();
    assert_int_equal(scrollback_load(path, sim, 0, &error), 5);
    snapshot = sim_snapshot(sim);
    assert_int_equal(snapshot_chat(snapshot, 0, lines, 10), 5);
    assert_int_equal(lines[3]->said_ms, NOW);
    snapshot_unref(snapshot);
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
    assert_int_equal(scrollback_save(path, sim, NOW, &error), 0);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    n = read(fd, bytes, room);
    close(fd);
    unlink(path);
    rmdir(directory);
    sim_free(sim);
    assert_true(n > 0);
    return (size_t)n;
}

/* A file that was cut or changed is taken whole or not at all. */
static void test_malformed(void **state)
{
    static const struct {
        size_t at;
        uint8_t byte;
    } wrong[] = {
        {0, 'X'},               /* another's file */
        {8, 2},                 /* another version */
        {10, 4},    {10, 2},    /* more lines than there are, and fewer */
        {13, 0xff},             /* more than there may be */
        {38, 3},                /* a channel that is none */
        {42, 0x7f}, {50, 0x80}, /* places that are in no world */
        {51, 0xff},             /* a name that is too long */
        {53, 0xff},             /* a name that is no text */
    };
    uint8_t bytes[4096], changed[4096];
    const struct snapshot_chat_line *lines[4];
    size_t n = saved_bytes(bytes, sizeof(bytes));
    struct sim *sim = fresh();
    struct snapshot *snapshot;

    (void)state;
    for (size_t cut = 0; cut < n; cut++)
        assert_int_equal(scrollback_parse(bytes, cut, sim, 0), -1);
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        memcpy(changed, bytes, n);
        changed[wrong[i].at] = wrong[i].byte;
        if (scrollback_parse(changed, n, sim, 0) != -1)
            fail_msg("byte %zu as %u was taken", wrong[i].at, wrong[i].byte);
    }
    memcpy(changed, bytes, n);
    memset(changed + 14, 0xff, 8); /* the first line's sequence: the next is not higher */
    assert_int_equal(scrollback_parse(changed, n, sim, 0), -1);
    changed[n] = 0;
    memcpy(changed, bytes, n);
    assert_int_equal(scrollback_parse(changed, n + 1, sim, 0), -1);
    snapshot = sim_snapshot(sim);
    assert_int_equal(snapshot_chat(snapshot, 0, lines, 4), 0);
    snapshot_unref(snapshot);
    assert_int_equal(scrollback_parse(bytes, n, sim, 0), 3);
    sim_free(sim);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_over_a_restart),
        cmocka_unit_test(test_malformed),
    };
    int failed;

    field = heightfield_new(WORLD_SEED, WORLD_SIZE_M);
    failed = cmocka_run_group_tests(tests, NULL, NULL);
    heightfield_free(field);
    return failed;
}
