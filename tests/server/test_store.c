/* The store on a real file: accounts, places, sessions, epochs; migrations that are refused;
 * locked, corrupt and full files said in words; positions that wait in memory until they are
 * durable. */
#include <dirent.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>
#include <sodium.h>

#include "ops/metrics.h"
#include "pg_cluster.h"
#include "scratch.h"
#include "sql_once.h"
#include "store/migrate.h"
#include "store/sqlite_file.h"
#include "store/store.h"
#include "store/timestamp.h"
#include "store/writeback.h"
#include "store_of.h"

#define DEADLINE_STEPS 1000 /* of 10 ms */

struct world {
    struct scratch scratch;
    char connection[PG_CLUSTER_CONNECTION_BYTES];
    struct event_base *base;
    struct store *store;
    struct store_answer answer; /* the newest */
    uint64_t tag;
    int answers_n;
};

static struct store *open_store(struct world *world, bool migrate, struct error *error)
{
    struct store_config config = store_of(world->base, world->scratch.path, world->connection);

    config.migrate = migrate;
    return store_open(&config, error);
}

static int setup(void **state)
{
    struct world *world = calloc(1, sizeof(*world));
    struct error error = {""};

    scratch_make(&world->scratch);
    if (*state != NULL)
        assert_int_equal(pg_cluster_database(&cluster, world->connection), 0);
    world->base = event_base_new();
    world->store = open_store(world, true, &error);
    if (!world->store)
        fail_msg("%s", error.text);
    *state = world;
    return 0;
}

static int teardown(void **state)
{
    struct world *world = *state;

    store_close(world->store);
    event_base_free(world->base);
    scratch_remove(&world->scratch);
    free(world);
    return 0;
}

static void turn(struct event_base *base)
{
    struct timeval step = {0, 10000};

    event_base_loopexit(base, &step);
    event_base_dispatch(base);
}

static void answered(void *context, uint64_t tag, const struct store_answer *answer)
{
    struct world *world = context;

    world->answer = *answer;
    world->tag = tag;
    world->answers_n++;
}

static enum store_status ask(struct world *world, struct store_question question)
{
    int before = world->answers_n;

    question.answer = answered;
    question.context = world;
    question.tag = 4711;
    assert_int_equal(store_ask(world->store, &question), 0);
    for (unsigned i = 0; i < DEADLINE_STEPS && world->answers_n == before; i++)
        turn(world->base);
    assert_int_equal(world->answers_n, before + 1);
    assert_int_equal(world->tag, 4711);
    return world->answer.status;
}

static struct store_question player_of(const char *name)
{
    struct store_question question = {.statement = STORE_PLAYER_ADD};

    snprintf(question.in.player.username, sizeof(question.in.player.username), "%s", name);
    snprintf(question.in.player.key, sizeof(question.in.player.key), "key-%s", name);
    strcpy(question.in.player.email, "a@example.org");
    strcpy(question.in.player.hash, "$hash$");
    question.in.player.created_ms = 1700000000123;
    return question;
}

static uint64_t add_player(struct world *world, const char *name)
{
    assert_int_equal(ask(world, player_of(name)), STORE_OK);
    return world->answer.out.player_id;
}

static struct store_question by_id(enum store_statement statement, uint64_t player_id)
{
    struct store_question question = {.statement = statement};

    question.in.id.player_id = player_id;
    question.in.id.now_ms = 1700000001456;
    return question;
}

static void reopen(struct world *world)
{
    struct error error = {""};

    store_close(world->store);
    world->store = open_store(world, true, &error);
    if (!world->store)
        fail_msg("%s", error.text);
}

/* Runs SQL by a connection of its own; gives back the first column of the first row. */
static int64_t sql(struct world *world, const char *text)
{
    return sql_once(world->connection, world->scratch.path, text);
}

/* Another program that writes, until it is closed. Waits for what is being written. */
static sqlite3 *lock_file(struct world *world)
{
    sqlite3 *db = NULL;

    assert_int_equal(sqlite3_open(world->scratch.path, &db), SQLITE_OK);
    sqlite3_busy_timeout(db, 5000);
    assert_int_equal(sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
    return db;
}

static void test_accounts(void **state)
{
    struct world *world = *state;
    struct store_question question = {.statement = STORE_PLAYER_BY_NAME};
    uint64_t alice = add_player(world, "alice"), bob = add_player(world, "bob");

    assert_true(alice > 0 && bob != alice);
    assert_int_equal(ask(world, player_of("alice")), STORE_TAKEN);
    strcpy(question.in.key, "key-alice");
    assert_int_equal(ask(world, question), STORE_OK);
    assert_int_equal(world->answer.out.player.id, alice);
    assert_string_equal(world->answer.out.player.username, "alice");
    assert_string_equal(world->answer.out.player.email, "a@example.org");
    assert_string_equal(world->answer.out.player.hash, "$hash$");
    assert_int_equal(world->answer.out.player.created_ms, 1700000000123);
    assert_int_equal(world->answer.out.player.last_login_ms, 0);
    strcpy(question.in.key, "key-carol' OR 1=1 --");
    assert_int_equal(ask(world, question), STORE_NONE);
    assert_int_equal(ask(world, by_id(STORE_PLAYER_LOGGED_IN, bob)), STORE_OK);
    assert_int_equal(ask(world, by_id(STORE_PLAYER_BY_ID, bob)), STORE_OK);
    assert_int_equal(world->answer.out.player.last_login_ms, 1700000001456);
    assert_int_equal(ask(world, by_id(STORE_PLAYER_BY_ID, 999)), STORE_NONE);
    reopen(world);
    assert_int_equal(ask(world, by_id(STORE_PLAYER_BY_ID, alice)), STORE_OK);
    assert_string_equal(world->answer.out.player.key, "key-alice");
}

static struct store_position at(uint64_t player, double x_m, uint32_t epoch, uint32_t tick)
{
    return (struct store_position){.player_id = player,
                                   .x_m = x_m,
                                   .y_m = 12.5,
                                   .z_m = -0.000244140625,
                                   .yaw = 65535,
                                   .epoch = epoch,
                                   .tick = tick,
                                   .saved_ms = 1700000002789};
}

static enum store_status save(struct world *world, const struct store_position *rows, size_t n)
{
    struct store_question question = {.statement = STORE_POSITIONS_SAVE};

    question.in.positions.rows = rows;
    question.in.positions.n = n;
    return ask(world, question);
}

static double saved_x(struct world *world, uint64_t player)
{
    assert_int_equal(ask(world, by_id(STORE_POSITION_BY_PLAYER, player)), STORE_OK);
    return world->answer.out.position.x_m;
}

static void test_positions_never_go_back(void **state)
{
    struct world *world = *state;
    uint64_t alice = add_player(world, "alice"), bob = add_player(world, "bob");
    struct store_position both[] = {at(alice, 1.5, 2, 100), at(bob, 2.5, 2, 100)};
    struct store_position older_tick = at(alice, 7, 2, 99), same = at(alice, 8, 2, 100);
    struct store_position older_epoch = at(alice, 9, 1, 5000), later = at(alice, 10, 3, 1);
    struct store_position with_stranger[] = {at(777, 1, 4, 1), at(bob, 11, 4, 1)};

    assert_int_equal(ask(world, by_id(STORE_POSITION_BY_PLAYER, alice)), STORE_NONE);
    assert_int_equal(save(world, both, 2), STORE_OK);
    assert_true(saved_x(world, alice) == 1.5 && saved_x(world, bob) == 2.5);
    assert_true(world->answer.out.position.z_m == -0.000244140625);
    assert_int_equal(world->answer.out.position.yaw, 65535);
    assert_int_equal(world->answer.out.position.saved_ms, 1700000002789);
    assert_int_equal(save(world, &older_tick, 1), STORE_OK);
    assert_true(saved_x(world, alice) == 1.5);
    assert_int_equal(save(world, &older_epoch, 1), STORE_OK);
    assert_true(saved_x(world, alice) == 1.5);
    assert_int_equal(save(world, &same, 1), STORE_OK);
    assert_true(saved_x(world, alice) == 8);
    assert_int_equal(save(world, &later, 1), STORE_OK);
    assert_true(saved_x(world, alice) == 10);
    assert_int_equal(save(world, with_stranger, 2), STORE_OK); /* the others land all the same */
    assert_true(saved_x(world, bob) == 11);
}

static void test_sessions_and_epochs(void **state)
{
    struct world *world = *state;
    struct store_question question = {.statement = STORE_SESSION_OPEN};

    assert_int_equal(store_epoch(world->store), 1);
    question.in.session = (struct store_session){.session_id = "s1",
                                                 .socket_id = "k1",
                                                 .player_id = add_player(world, "alice"),
                                                 .now_ms = 5};
    assert_int_equal(ask(world, question), STORE_OK);
    strcpy(question.in.session.session_id, "s2");
    assert_int_equal(ask(world, question), STORE_OK);
    question.statement = STORE_SESSION_CLOSE;
    assert_int_equal(ask(world, question), STORE_OK);
    assert_int_equal(sql(world, "SELECT count(*) FROM game_sessions WHERE disconnected_at IS NULL"),
                     1);
    assert_int_equal(sql(world, "SELECT count(*) FROM game_sessions WHERE disconnected_at = "
                                "'1970-01-01T00:00:00.005Z'"),
                     1);
    assert_int_equal(sql(world, "SELECT count(*) FROM server_state WHERE alive_at IS NULL"), 1);
    question = by_id(STORE_SERVER_ALIVE, 0);
    question.in.id.now_ms = 1700;
    assert_int_equal(ask(world, question), STORE_OK);
    reopen(world); /* as after a crash: the row of s1 was never closed */
    assert_int_equal(store_epoch(world->store), 2);
    assert_int_equal(sql(world, "SELECT count(*) FROM game_sessions WHERE disconnected_at IS NULL"),
                     1);
}

static void open_session(struct world *world, uint64_t player, const char *id, const char *socket,
                         uint64_t now_ms)
{
    struct store_question question = {.statement = STORE_SESSION_OPEN};

    question.in.session = (struct store_session){.player_id = player, .now_ms = now_ms};
    snprintf(question.in.session.session_id, STORE_SESSION_ID_MAX, "%s", id);
    snprintf(question.in.session.socket_id, STORE_SESSION_ID_MAX, "%s", socket);
    assert_int_equal(ask(world, question), STORE_OK);
}

static void end_sessions(struct world *world, const char *but)
{
    struct store_question question = {.statement = STORE_SESSIONS_END};

    snprintf(question.in.session.socket_id, STORE_SESSION_ID_MAX, "%s", but);
    assert_int_equal(ask(world, question), STORE_OK);
}

/* Whether that stay is on record, by that connection. end: what SQL says of its end. */
static bool stay_is(struct world *world, const char *id, const char *socket, const char *end)
{
    char text[250];

    snprintf(text, sizeof(text),
             "SELECT count(*) FROM game_sessions WHERE session_id = '%s' AND socket_id = '%s' AND"
             " disconnected_at %s",
             id, socket, end);
    return sql(world, text) == 1;
}

/* What a crash left open ends when the server lived last, but for what somebody went on with. */
static void test_left_open(void **state)
{
    struct world *world = *state;
    struct store_question question = by_id(STORE_SERVER_ALIVE, 0);
    uint64_t alice = add_player(world, "alice"), bob = add_player(world, "bob");

    question.in.id.now_ms = 1700;
    open_session(world, alice, "s0", "0-a", 1500); /* while there is none */
    end_sessions(world, "1-");
    assert_true(stay_is(world, "s0", "0-a", "= connected_at"));
    open_session(world, alice, "s1", "1-a", 1000);
    open_session(world, alice, "s2", "1-b", 1000);
    open_session(world, alice, "s3", "11-b", 2000); /* after the last sign of life */
    assert_int_equal(ask(world, question), STORE_OK);
    open_session(world, alice, "s1", "2-a", 9000); /* the next start: it goes on */
    open_session(world, bob, "s2", "2-b", 9000);   /* not his: it does not */
    end_sessions(world, "2-");
    assert_int_equal(sql(world, "SELECT count(*) FROM game_sessions WHERE disconnected_at IS NULL"),
                     1);
    assert_true(stay_is(world, "s1", "2-a", "IS NULL"));
    assert_true(stay_is(world, "s2", "1-b", "= '1970-01-01T00:00:01.700Z'"));
    assert_true(stay_is(world, "s3", "11-b", "= connected_at"));
    /* It was closed, and he comes back after all. */
    open_session(world, alice, "s2", "2-c", 9500);
    assert_true(stay_is(world, "s2", "2-c", "IS NULL"));
    assert_int_equal(sql(world, "SELECT count(*) FROM game_sessions"), 4);
}

/* What a connection left behind may be done late, and again: the end of a stay holds, and who comes
 * back after it comes back. */
static void test_late_opening(void **state)
{
    struct world *world = *state;
    struct store_question question = {.statement = STORE_SESSION_CLOSE};
    uint64_t alice = add_player(world, "alice");

    open_session(world, alice, "s1", "1-a", 1000);
    strcpy(question.in.session.session_id, "s1");
    question.in.session.now_ms = 2000;
    assert_int_equal(ask(world, question), STORE_OK);
    open_session(world, alice, "s1", "1-a", 1000);
    open_session(world, alice, "s1", "1-b", 1999);
    assert_true(stay_is(world, "s1", "1-a", "= '1970-01-01T00:00:02.000Z'"));
    open_session(world, alice, "s1", "1-c", 2000);
    assert_true(stay_is(world, "s1", "1-c", "IS NULL"));
    assert_int_equal(sql(world, "SELECT count(*) FROM game_sessions"), 1);
    /* The clock was set back before the next start: he is back all the same. */
    assert_int_equal(ask(world, question), STORE_OK);
    open_session(world, alice, "s1", "11-a", 500);
    assert_true(stay_is(world, "s1", "11-a", "IS NULL"));
    /* What the earlier start asked for comes late; what the next asks for does not. */
    assert_int_equal(ask(world, question), STORE_OK);
    open_session(world, alice, "s1", "1-d", 1000);
    open_session(world, alice, "s1", "2-a", 1000);
    assert_true(stay_is(world, "s1", "11-a", "= '1970-01-01T00:00:02.000Z'"));
    open_session(world, alice, "s1", "12-a", 1000);
    assert_true(stay_is(world, "s1", "12-a", "IS NULL"));
}

static off_t log_bytes(const struct world *world)
{
    char path[300];
    struct stat status;

    snprintf(path, sizeof(path), "%s-wal", world->scratch.path);
    return stat(path, &status) == 0 ? status.st_size : 0;
}

/* Somebody reads the file, as a backup does, while an account is erased: what is left of it in the
 * log goes when he is done. */
static void test_erased_while_read(void **state)
{
    struct world *world = *state;
    struct store_question question = {.statement = STORE_PLAYER_ERASE};
    sqlite3 *reader = NULL;

    question.in.erase.player_id = add_player(world, "alice");
    strcpy(question.in.erase.target, "#1");
    strcpy(question.in.erase.quoted, "\"alice\"");
    assert_int_equal(sqlite3_open(world->scratch.path, &reader), SQLITE_OK);
    assert_int_equal(sqlite3_exec(reader, "BEGIN; SELECT count(*) FROM players", NULL, NULL, NULL),
                     SQLITE_OK);
    assert_int_equal(ask(world, question), STORE_OK);
    assert_true(log_bytes(world) > 0);
    sqlite3_close(reader);
    assert_int_equal(ask(world, by_id(STORE_SERVER_ALIVE, 0)), STORE_OK);
    for (unsigned i = 0; i < DEADLINE_STEPS && log_bytes(world) > 0; i++)
        usleep(10000);
    assert_int_equal(log_bytes(world), 0);
}

static void test_file_is_private(void **state)
{
    struct world *world = *state;
    struct stat status;

    assert_int_equal(stat(world->scratch.path, &status), 0);
    assert_int_equal(status.st_mode & 0777, 0600);
    assert_int_equal(
        sql(world, "SELECT count(*) FROM pragma_journal_mode WHERE journal_mode = 'wal'"), 1);
}

/* The nice value of this process's thread of that name; -1: there is none. */
static int niceness_of(const char *wanted)
{
    DIR *tasks = opendir("/proc/self/task");
    const struct dirent *task;
    int found = -1;

    assert_non_null(tasks);
    while ((task = readdir(tasks)) != NULL) {
        char path[300], name[32] = "";
        FILE *file;

        snprintf(path, sizeof(path), "/proc/self/task/%s/comm", task->d_name);
        file = fopen(path, "re");
        if (file == NULL)
            continue;
        if (fgets(name, sizeof(name), file) != NULL && strncmp(name, wanted, strlen(wanted)) == 0)
            found = getpriority(PRIO_PROCESS, (id_t)atoi(task->d_name));
        fclose(file);
    }
    closedir(tasks);
    return found;
}

/* On a machine with few cores the saving of positions must not take the tick's time. */
static void test_thread_gives_way(void **state)
{
    int wanted;

    (void)state;
    wanted = getpriority(PRIO_PROCESS, 0) + 7; /* who tests us may be nice himself */
    wanted = wanted < 19 ? wanted : 19;
    for (unsigned i = 0; i < DEADLINE_STEPS && niceness_of("store") < wanted; i++)
        usleep(10000);
    assert_int_equal(niceness_of("store"), wanted);
}

static void test_full_queue_refuses(void **state)
{
    struct world *world = *state;
    struct store_question question = by_id(STORE_PLAYER_BY_ID, 1);
    int asked = 0, refused = 0;

    question.answer = answered;
    question.context = world;
    sqlite3 *db = lock_file(world); /* holds the store's thread up in a write */
    struct store_question write = player_of("zoe");
    write.answer = answered;
    write.context = world;
    assert_int_equal(store_ask(world->store, &write), 0);
    for (unsigned i = 0; i < 200; i++) {
        if (store_ask(world->store, &question) == 0)
            asked++;
        else
            refused++;
    }
    sqlite3_close(db);
    assert_in_range(asked, 63, 130); /* the queue's 64, and what the thread had taken before */
    assert_int_equal(asked + refused, 200);
    for (unsigned i = 0; i < DEADLINE_STEPS && world->answers_n < asked + 1; i++)
        turn(world->base);
    assert_int_equal(world->answers_n, asked + 1);
}

/* What waits together shares a commit, but each has its own answer. */
struct group {
    enum store_status statuses[64];
    uint64_t ids[64];
    int n;
};

static void group_answered(void *context, uint64_t tag, const struct store_answer *answer)
{
    struct group *group = context;

    assert_int_equal(tag, group->n); /* in the order asked */
    group->statuses[tag] = answer->status;
    group->ids[tag] = answer->out.player_id;
    group->n++;
}

static void ask_group(struct world *world, struct group *group, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        struct store_question question = by_id(STORE_PLAYER_BY_ID, 1);
        char name[16];

        snprintf(name, sizeof(name), "crowd%u", i / 3); /* every third is new, the next is taken */
        if (i % 3 < 2)
            question = player_of(name);
        question.tag = i;
        question.answer = group_answered;
        question.context = group;
        assert_int_equal(store_ask(world->store, &question), 0);
    }
    for (unsigned i = 0; i < DEADLINE_STEPS && group->n < (int)n; i++)
        turn(world->base);
    assert_int_equal(group->n, n);
}

static void test_questions_share_a_commit(void **state)
{
    struct world *world = *state;
    struct group group = {.n = 0}, locked = {.n = 0};
    sqlite3 *db = lock_file(world);

    ask_group(world, &locked, 30); /* nobody exists yet, and nobody can be added */
    for (unsigned i = 0; i < 30; i++)
        assert_int_equal(locked.statuses[i], i % 3 < 2 ? STORE_AWAY : STORE_NONE);
    sqlite3_close(db);
    ask_group(world, &group, 60);
    for (unsigned i = 0; i < 60; i++)
        assert_int_equal(group.statuses[i], i % 3 == 1 ? STORE_TAKEN : STORE_OK);
    for (unsigned i = 3; i < 60; i += 3)
        assert_true(group.ids[i] > group.ids[i - 3]);
    assert_int_equal(sql(world, "SELECT count(*) FROM players"), 20);
}

static void refused(struct world *world, bool migrate, const char *why)
{
    struct error error = {""};

    assert_null(open_store(world, migrate, &error));
    if (!strstr(error.text, why) || !strstr(error.text, world->scratch.path))
        fail_msg("expected \"%s\" in: %s", why, error.text);
}

static void test_migrations_are_checked(void **state)
{
    struct world *world = *state;
    struct error report = {""}, error = {""};
    struct migrate migrate = {.apply = true};

    store_close(world->store);
    world->store = NULL;
    assert_int_equal(migrate_file(world->scratch.path, &migrate, &report, &error), 0);
    assert_non_null(strstr(report.text, "up to date"));
    sql(world, "UPDATE schema_migrations SET checksum = 'other' WHERE version = 1");
    refused(world, true, "migration 001_players was another one");
    sql(world, "UPDATE schema_migrations SET version = 7 WHERE version = 1");
    refused(world, true, "migration 001_players is missing");
    unlink(world->scratch.path);
    world->store = open_store(world, false, &error); /* an empty file is filled in any case */
    assert_non_null(world->store);
    store_close(world->store);
    world->store = NULL;
    sql(world, "INSERT INTO schema_migrations VALUES (99, 'future', 'x', 'y')");
    refused(world, true, "newer than this program");
}

static void test_steps_apply_whole(void **state)
{
    struct world *world = *state;
    static const struct migrate_step steps[] = {
        {1, "one", "CREATE TABLE one (a);"},
        {2, "two", "CREATE TABLE two (a);"},
        {3, "broken", "CREATE TABLE three (a); CREATE TABLE one (a);"},
    };
    struct migrate migrate = {
        .path = world->scratch.path, .steps = steps, .steps_n = 1, .apply = true};
    struct error error = {""};

    store_close(world->store);
    world->store = NULL;
    unlink(world->scratch.path);
    migrate.db = sqlite_file_open(world->scratch.path, 50, &error);
    assert_non_null(migrate.db);
    assert_int_equal(migrate_sqlite(&migrate, &error), 0);
    assert_int_equal(migrate.applied, 1);
    migrate.steps_n = 2;
    migrate.apply = false;
    assert_int_equal(migrate_sqlite(&migrate, &error), -1);
    assert_non_null(strstr(error.text, "openmmod --migrate"));
    migrate.apply = true;
    migrate.steps_n = 3; /* two is whole, three is not: neither stays */
    assert_int_equal(migrate_sqlite(&migrate, &error), -1);
    assert_non_null(strstr(error.text, "migration 003_broken failed, nothing was changed"));
    assert_int_equal(
        sql(world, "SELECT count(*) FROM sqlite_master WHERE name IN ('two', 'three')"), 0);
    migrate.steps_n = 2;
    assert_int_equal(migrate_sqlite(&migrate, &error), 0);
    assert_int_equal(migrate.applied, 1);
    sqlite3_close(migrate.db);
}

static void test_corrupt_and_foreign_files(void **state)
{
    struct world *world = *state;
    static const char words[] = "This is not a database, whatever its name may say about it. ";
    int fd;

    for (unsigned i = 0; i < 60; i++) {
        char name[16];

        snprintf(name, sizeof(name), "player%u", i);
        add_player(world, name);
    }
    store_close(world->store); /* the log is merged into the file */
    world->store = NULL;
    fd = open(world->scratch.path, O_RDWR | O_CLOEXEC);
    for (off_t page = 1; page < 12; page++)
        assert_int_equal(pwrite(fd, words, sizeof(words), page * 4096), sizeof(words));
    close(fd);
    refused(world, true, "is corrupt");
    fd = open(world->scratch.path, O_RDWR | O_TRUNC | O_CLOEXEC);
    for (unsigned i = 0; i < 20; i++)
        assert_int_equal(write(fd, words, sizeof(words)), sizeof(words));
    close(fd);
    refused(world, true, "is no database");
    unlink(world->scratch.path);
    assert_int_equal(mkdir(world->scratch.path, 0700), 0);
    refused(world, true, "cannot open database file");
    rmdir(world->scratch.path);
}

static void test_locked_file(void **state)
{
    struct world *world = *state;
    uint64_t alice = add_player(world, "alice");
    struct store_position row = at(alice, 3, 1, 1);
    sqlite3 *db = lock_file(world);
    uint64_t begun_ms;

    assert_int_equal(ask(world, player_of("bob")), STORE_AWAY);
    assert_non_null(strstr(world->answer.error.text, "is locked by another program"));
    assert_string_equal(store_trouble(world->store), world->answer.error.text);
    assert_int_equal(save(world, &row, 1), STORE_AWAY);
    begun_ms = timestamp_now_ms(); /* who comes later does not wait for the lock again */
    for (unsigned i = 0; i < 20; i++)
        assert_int_equal(ask(world, player_of("bob")), STORE_AWAY);
    assert_true(timestamp_now_ms() - begun_ms < 20 * 200);
    assert_int_equal(ask(world, by_id(STORE_PLAYER_BY_ID, alice)), STORE_OK); /* reading goes on */
    refused(world, true, "is in use by another openmmod");
    sqlite3_close(db);
    assert_int_equal(ask(world, player_of("bob")), STORE_OK);
    assert_string_equal(store_trouble(world->store), "");
}

/* Grow the file's limit down to nothing: writes fail as on a full disk. */
static void set_full(bool full)
{
    struct rlimit limit;

    getrlimit(RLIMIT_FSIZE, &limit);
    limit.rlim_cur = full ? 1 : limit.rlim_max;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

struct wait {
    int done;
    uint32_t lost;
};

static void waited(void *context, uint32_t lost)
{
    struct wait *wait = context;

    wait->done++;
    wait->lost = lost;
}

static void wait_for(struct world *world, const struct wait *wait)
{
    for (unsigned i = 0; i < DEADLINE_STEPS && !wait->done; i++)
        turn(world->base);
    assert_int_equal(wait->done, 1);
}

static void test_full_disk_and_back(void **state)
{
    struct world *world = *state;
    uint64_t alice = add_player(world, "alice");
    struct writeback *writeback = writeback_new(world->base, world->store, NULL);
    struct store_position row = at(alice, 1, 1, 10), found;
    struct wait wait = {0, 0};

    signal(SIGXFSZ, SIG_IGN);
    set_full(true);
    assert_int_equal(ask(world, player_of("bob")), STORE_AWAY);
    assert_int_equal(writeback_put(writeback, &row), 0);
    writeback_flush(writeback, 1, 10);
    writeback_wait(writeback, 700, waited, &wait);
    for (unsigned i = 0; i < 30; i++) /* players play on: a newer place takes the older one's */
        turn(world->base);
    row = at(alice, 2, 1, 20);
    assert_int_equal(writeback_put(writeback, &row), 0);
    writeback_flush(writeback, 1, 20);
    wait_for(world, &wait);
    set_full(false);
    assert_int_equal(wait.lost, 1);
    assert_non_null(strstr(world->answer.error.text, "the disk is full"));
    assert_non_null(strstr(writeback_trouble(writeback), "the disk is full"));
    assert_int_equal(writeback_watermark(writeback).tick, 0);
    assert_true(writeback_find(writeback, alice, &found) && found.x_m == 2);
    wait.done = 0;
    writeback_wait(writeback, 10000, waited, &wait);
    wait_for(world, &wait);
    assert_int_equal(wait.lost, 0);
    assert_string_equal(writeback_trouble(writeback), "");
    assert_false(writeback_find(writeback, alice, &found));
    assert_true(saved_x(world, alice) == 2);
    assert_int_equal(writeback_watermark(writeback).tick, 20);
    store_close(world->store);
    world->store = NULL;
    writeback_free(writeback);
}

static void test_writeback_coalesces(void **state)
{
    struct world *world = *state;
    uint64_t alice = add_player(world, "alice"), bob = add_player(world, "bob");
    struct writeback *writeback = writeback_new(world->base, world->store, NULL);
    struct wait wait = {0, 0};
    struct store_position found, row;

    for (uint32_t tick = 1; tick <= 50; tick++) {
        row = at(alice, tick, 1, tick);
        assert_int_equal(writeback_put(writeback, &row), 0);
        if (tick % 10 == 0)
            writeback_flush(writeback, 1, tick); /* the first is under way, the rest is one more */
    }
    row = at(alice, 999, 1, 49); /* older: ignored */
    assert_int_equal(writeback_put(writeback, &row), 0);
    row = at(bob, 60, 1, 60);
    assert_int_equal(writeback_put(writeback, &row), 0);
    assert_int_equal(writeback_pending_n(writeback), 2);
    assert_true(writeback_find(writeback, alice, &found) && found.x_m == 50);
    assert_false(writeback_find(writeback, 999, &found));
    writeback_flush(writeback, 1, 60);
    writeback_wait(writeback, 5000, waited, &wait);
    wait_for(world, &wait);
    assert_int_equal(wait.lost, 0);
    assert_int_equal(writeback_watermark(writeback).tick, 60);
    assert_int_equal(metrics_value(METRIC_DURABLE_TICK), 60);
    assert_true(saved_x(world, alice) == 50 && saved_x(world, bob) == 60);
    wait.done = 0;
    writeback_flush(writeback, 1, 61); /* nothing changed: the mark moves all the same */
    assert_int_equal(writeback_watermark(writeback).tick, 61);
    assert_int_equal(metrics_value(METRIC_DURABLE_EPOCH), 1);
    assert_int_equal(metrics_value(METRIC_DURABLE_TICK), 61);
    assert_int_equal(metrics_value(METRIC_DURABLE_MS), writeback_watermark(writeback).wall_ms);
    writeback_wait(writeback, 5000, waited, &wait);
    assert_int_equal(wait.done, 0); /* never from within */
    wait_for(world, &wait);
    store_close(world->store);
    world->store = NULL;
    writeback_free(writeback);
}

static void test_timestamps(void **state)
{
    char text[TIMESTAMP_BYTES];

    (void)state;
    timestamp_format(1795349071123, text);
    assert_string_equal(text, "2026-11-22T12:04:31.123Z");
    assert_int_equal(timestamp_parse(text), 1795349071123);
    assert_int_equal(timestamp_parse(NULL), 0);
    assert_int_equal(timestamp_parse("2026-11-22T12:04:31Z"), 0);
    assert_int_equal(timestamp_parse("2026-11-22T12:04:31.123Zx"), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_BOTH(test_accounts, setup, teardown),
        ON_BOTH(test_positions_never_go_back, setup, teardown),
        ON_BOTH(test_sessions_and_epochs, setup, teardown),
        ON_BOTH(test_left_open, setup, teardown),
        ON_BOTH(test_late_opening, setup, teardown),
        cmocka_unit_test_setup_teardown(test_erased_while_read, setup, teardown),
        cmocka_unit_test_setup_teardown(test_file_is_private, setup, teardown),
        cmocka_unit_test_setup_teardown(test_thread_gives_way, setup, teardown),
        cmocka_unit_test_setup_teardown(test_full_queue_refuses, setup, teardown),
        cmocka_unit_test_setup_teardown(test_questions_share_a_commit, setup, teardown),
        cmocka_unit_test_setup_teardown(test_migrations_are_checked, setup, teardown),
        cmocka_unit_test_setup_teardown(test_steps_apply_whole, setup, teardown),
        cmocka_unit_test_setup_teardown(test_corrupt_and_foreign_files, setup, teardown),
        cmocka_unit_test_setup_teardown(test_locked_file, setup, teardown),
        cmocka_unit_test_setup_teardown(test_full_disk_and_back, setup, teardown),
        ON_BOTH(test_writeback_coalesces, setup, teardown),
        cmocka_unit_test(test_timestamps),
    };

    if (sodium_init() < 0)
        return 1;
    return cmocka_run_group_tests(tests, pg_cluster_begin, pg_cluster_end);
}
