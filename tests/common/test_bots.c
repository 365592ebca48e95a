/* test_bots.c -- the rooms of openmmo-bots that need no server: accounts on disk, legs that
 * predict. What they measure with is in test_bots_measure.c. */
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

#include "bots/accounts.h"
#include "bots/walker.h"

/* ---- accounts ---- */

static char folder[64], path[128];

static int make_folder(void **state)
{
    (void)state;
    snprintf(folder, sizeof folder, "/tmp/openmmo-test-XXXXXX");
    if (!mkdtemp(folder))
        return -1;
    snprintf(path, sizeof path, "%s/accounts", folder);
    return 0;
}

static int remove_folder(void **state)
{
    (void)state;
    unlink(path);
    return rmdir(folder); /* and so: no half-written file was left behind */
}

static void write_file(const char *text)
{
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
}

static void accounts_are_kept(void **state)
{
    (void)state;
    struct error error = {""};
    struct stat st;
    struct accounts *accounts = accounts_load(path, "bot", 3, &error);
    assert_non_null(accounts);
    char names[3][TEXT_NAME_MAX_BYTES + 1], password[TEXT_PASSWORD_MAX_BYTES + 1];
    for (size_t i = 0; i < 3; i++) {
        struct account *a = accounts_at(accounts, i);
        assert_int_equal(text_name_check(a->name, strlen(a->name), &error), 0);
        assert_true(strlen(a->password) >= TEXT_PASSWORD_MIN_BYTES);
        assert_false(a->registered);
        snprintf(names[i], sizeof names[i], "%s", a->name);
    }
    accounts_at(accounts, 0)->registered = true;
    accounts_at(accounts, 2)->registered = true;
    snprintf(accounts_at(accounts, 2)->token, 16, "a.b.c");
    snprintf(password, sizeof password, "%s", accounts_at(accounts, 2)->password);
    assert_int_equal(accounts_save(accounts, &error), 0);
    accounts_free(accounts);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);

    /* More players than were kept: the others are new. Those that never were registered are
     * forgotten. */
    accounts = accounts_load(path, "bot", 4, &error);
    assert_non_null(accounts);
    assert_string_equal(accounts_at(accounts, 0)->name, names[0]);
    assert_string_equal(accounts_at(accounts, 0)->token, "");
    assert_string_equal(accounts_at(accounts, 1)->name, names[2]);
    assert_string_equal(accounts_at(accounts, 1)->token, "a.b.c");
    assert_string_equal(accounts_at(accounts, 1)->password, password);
    assert_true(accounts_at(accounts, 1)->registered);
    assert_false(accounts_at(accounts, 2)->registered);
    accounts_free(accounts);

    /* Fewer players: those who do not play are kept all the same. */
    accounts = accounts_load(path, "bot", 1, &error);
    assert_int_equal(accounts_save(accounts, &error), 0);
    accounts_free(accounts);
    accounts = accounts_load(path, "bot", 2, &error);
    assert_string_equal(accounts_at(accounts, 1)->name, names[2]);
    accounts_free(accounts);
}

static void accounts_refused(void **state)
{
    (void)state;
    static const char *const wrong[] = {"alice\n", "alice\tsecret99\n", "\tsecret99\t-\n",
                                        "alice\tsecret99\t-", "\n"};
    struct error error;
    for (size_t i = 0; i < ARRAY_N(wrong); i++) {
        char text[256];
        snprintf(text, sizeof text, "carol\tsecret99\t-\n%s", wrong[i]);
        write_file(text);
        error.text[0] = '\0';
        struct accounts *accounts = accounts_load(path, "bot", 1, &error);
        assert_null(accounts);
        assert_non_null(strstr(error.text, "accounts:"));
    }
    /* Where it cannot be written it says so. */
    struct accounts *accounts = accounts_load("/proc/nowhere/accounts", "bot", 1, &error);
    assert_non_null(accounts);
    assert_int_equal(accounts_save(accounts, &error), -1);
    assert_non_null(strstr(error.text, "/proc/nowhere/accounts"));
    accounts_free(accounts);
    accounts_free(NULL);
}

/* ---- legs ---- */

static struct heightfield *field;
static struct trail trail;

/* A server of one figure: runs MOVEs, some substeps a tick, as its allowance permits. */
struct server {
    struct movement_state state;
    struct protocol_move queue[64];
    unsigned queue_n;
    uint32_t seq;
    uint8_t ahead;
};

static void serve(struct server *s, unsigned substeps)
{
    while (substeps > 0 && s->queue_n > 0) {
        const struct protocol_move *m = &s->queue[0];
        struct movement_intent intent = {m->heading, m->yaw, m->flags};
        movement_step(&s->state, &intent, field);
        substeps--;
        if (++s->ahead < m->substeps)
            continue;
        s->seq = m->seq;
        s->ahead = 0;
        memmove(&s->queue[0], &s->queue[1], --s->queue_n * sizeof s->queue[0]);
    }
}

static struct protocol_self self_of(const struct server *s)
{
    return (struct protocol_self){.seq = s->seq,
                                  .pos = s->state.pos,
                                  .velocity_y = s->state.velocity_y,
                                  .yaw = s->state.yaw,
                                  .airborne = s->state.airborne,
                                  .ahead = s->ahead};
}

static bool same_state(const struct movement_state *a, const struct movement_state *b)
{
    return a->pos.x == b->pos.x && a->pos.y == b->pos.y && a->pos.z == b->pos.z &&
           a->airborne == b->airborne;
}

static void walks_as_predicted(void **state)
{
    (void)state;
    static struct walker walker;
    struct server server = {.seq = 0};
    unsigned seed = 5;
    movement_place(&server.state, 1000000, -2000000, 0, field);
    walker_init(&walker, 3);
    walker.field = field;
    walker.trail = &trail;
    struct protocol_self self = self_of(&server);
    assert_false(walker_self(&walker, &self)); /* the first is news, no correction */
    for (unsigned round = 1; round <= 600; round++) {
        if (round % 2) {
            walker_move(&walker, round * 50000ull, &server.queue[server.queue_n++]);
            assert_int_equal(walker.seq, (round + 1) / 2);
        }
        serve(&server, 1 + (unsigned)rand_r(&seed) % 5); /* now within a MOVE, now at its end */
        self = self_of(&server);
        if (rand_r(&seed) % 3)
            assert_false(walker_self(&walker, &self));
    }
    serve(&server, 1000);
    assert_true(same_state(&server.state, &walker.state));
    int64_t x = server.state.pos.x - 1000000, z = server.state.pos.z + 2000000,
            m = SPACE_UNITS_PER_M;
    assert_true(x * x + z * z < 100 * m * 100 * m); /* and it stays about its home */
}

static void corrections_heal(void **state)
{
    (void)state;
    static struct walker walker;
    struct server server = {.seq = 0};
    movement_place(&server.state, 0, 0, 0, field);
    walker_init(&walker, 4);
    walker.field = field;
    walker.trail = &trail;
    struct protocol_self self = self_of(&server);
    (void)walker_self(&walker, &self);
    for (unsigned i = 1; i <= 20; i++)
        walker_move(&walker, i * 100000, &server.queue[server.queue_n++]);
    serve(&server, 10); /* 1 MOVE and 4 substeps */
    movement_place(&server.state, 500000, 500000, 0, field);
    self = self_of(&server);
    assert_int_equal(self.ahead, 4);
    assert_true(walker_self(&walker, &self));  /* told once ... */
    assert_false(walker_self(&walker, &self)); /* ... and then right */
    serve(&server, 7);
    self = self_of(&server);
    assert_false(walker_self(&walker, &self));
    serve(&server, 1000);
    assert_true(same_state(&server.state, &walker.state));
}

/* Put elsewhere by an operator: what waits is walked from there, and that is home from now on. */
static void stays_where_it_is_put(void **state)
{
    (void)state;
    static struct walker walker;
    struct server server = {.seq = 0};
    movement_place(&server.state, 0, 0, 0, field);
    walker_init(&walker, 4);
    walker.field = field;
    walker.trail = &trail;
    struct protocol_self self = self_of(&server);
    self.teleports = 7; /* in an earlier session of the figure */
    assert_int_equal(walker_self(&walker, &self), WALKER_RIGHT);
    walker_go(&walker, server.state.pos, 10);
    for (unsigned i = 1; i <= 3; i++)
        walker_move(&walker, i * 100000, &server.queue[server.queue_n++]);
    serve(&server, 8);
    movement_place(&server.state, 300 << SPACE_UNITS_SHIFT, -(200 << SPACE_UNITS_SHIFT), 0, field);
    serve(&server, 3);
    self = self_of(&server);
    self.teleports = 8;
    assert_int_equal(walker_self(&walker, &self), WALKER_PUT);
    assert_int_equal(walker_self(&walker, &self), WALKER_RIGHT);
    for (unsigned i = 4; i <= 300; i++) {
        walker_move(&walker, i * 100000, &server.queue[server.queue_n++]);
        serve(&server, 6);
        self = self_of(&server);
        self.teleports = 8;
        assert_int_equal(walker_self(&walker, &self), WALKER_RIGHT);
        double x = server.state.pos.x / 4096.0 - 300, z = server.state.pos.z / 4096.0 + 200;
        assert_true(x * x + z * z < 25 * 25);
    }
}

/* Places of the trail are where the walker was, also after a correction, and a steady one's moves
 * end at a new place each, even in a corner of the world. */
static void leaves_a_trail(void **state)
{
    (void)state;
    static struct walker walker;
    struct protocol_self self = {.seq = 0};
    struct protocol_move move;
    struct movement_state place;
    uint64_t ends[300];
    movement_place(&place, 511 * SPACE_UNITS_PER_M, -511 * SPACE_UNITS_PER_M, 0, field);
    self.pos = place.pos;
    walker_init(&walker, 9);
    trail_clear(&trail);
    walker.field = field;
    walker.trail = &trail;
    walker.steady = true;
    (void)walker_self(&walker, &self);
    walker_go(&walker, place.pos, 3);
    for (unsigned i = 0; i < 300; i++) {
        struct trail_mark found;
        walker_move(&walker, (i + 1) * 100000ull, &move);
        if (i == 150) { /* pushed aside: what was sent since is elsewhere */
            self.seq = 140;
            self.pos.x -= 5 * SPACE_UNITS_PER_M;
            (void)walker_self(&walker, &self);
        }
        ends[i] = trail_place(walker.state.pos);
        assert_true(trail_find(&trail, (struct trail_mark){i, 5}, ends[i], &found));
        assert_int_equal(found.seq, i + 1);
        assert_int_equal(found.substep, TRAIL_SUBSTEPS - 1);
        assert_true(trail_due_us(&trail, i + 1) == (i + 1) * 100000ull);
        for (unsigned k = i > TRAIL_UNIQUE ? i - TRAIL_UNIQUE : 0; k < i; k++)
            assert_true(ends[k] != ends[i] || (k < 150 && i >= 150));
    }
}

int main(void)
{
    field = heightfield_new(3, 1024);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(accounts_are_kept, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(accounts_refused, make_folder, remove_folder),
        cmocka_unit_test(walks_as_predicted),
        cmocka_unit_test(corrections_heal),
        cmocka_unit_test(stays_where_it_is_put),
        cmocka_unit_test(leaves_a_trail),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    heightfield_free(field);
    return failed;
}
