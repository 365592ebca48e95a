/* Copies of a database file: made while it is written to, put back, refused; and the drill: all is
 * lost, and comes back. The same drill for PostgreSQL, by its own programs. */
#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>
#include <event2/event.h>
#include <sodium.h>
#include <sqlite3.h>

#include "common/clock.h"
#include "pg_cluster.h"
#include "scratch.h"
#include "store/backup.h"
#include "store/backups.h"
#include "store/migrate.h"
#include "store/sqlite_file.h"

#define WORDS "This is not a database, whatever its name may say about it. "

struct place {
    struct scratch scratch;
    char copy[80], kept[96];
    struct error report, error;
};

static int64_t sql(const char *path, const char *text)
{
    sqlite3 *db = NULL;
    sqlite3_stmt *statement = NULL;
    int64_t value = -1;
    const char *rest = text;

    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    sqlite3_busy_timeout(db, 5000);
    while (*rest) {
        if (sqlite3_prepare_v2(db, rest, -1, &statement, &rest) != SQLITE_OK)
            fail_msg("%s: %s", text, sqlite3_errmsg(db));
        if (sqlite3_step(statement) == SQLITE_ROW)
            value = sqlite3_column_int64(statement, 0);
        assert_int_equal(sqlite3_finalize(statement), SQLITE_OK);
    }
    sqlite3_close(db);
    return value;
}

static void add_players(const char *path, unsigned from, unsigned n)
{
    char text[300];

    snprintf(text, sizeof(text),
             "WITH RECURSIVE n (i) AS (SELECT %u UNION ALL SELECT i + 1 FROM n WHERE i < %u)"
             " INSERT INTO players (username, username_key, password_hash, created_at)"
             " SELECT 'player' || i, 'player' || i, 'h', '2026-01-01T00:00:00.000Z' FROM n",
             from, from + n - 1);
    sql(path, text);
}

static int setup(void **state)
{
    struct place *place = calloc(1, sizeof(*place));
    struct migrate how = {.apply = true};

    scratch_make(&place->scratch);
    snprintf(place->copy, sizeof(place->copy), "%s/copy.db", place->scratch.directory);
    snprintf(place->kept, sizeof(place->kept), "%s.before-restore", place->scratch.path);
    if (migrate_file(place->scratch.path, &how, &place->report, &place->error) < 0)
        fail_msg("%s", place->error.text);
    sql(place->scratch.path, "UPDATE server_state SET epoch = 7");
    add_players(place->scratch.path, 1, 500);
    *state = place;
    return 0;
}

static unsigned files_n(const struct place *place)
{
    char command[120];
    FILE *list;
    unsigned n = 0;
    int c;

    snprintf(command, sizeof(command), "ls -A %s", place->scratch.directory);
    list = popen(command, "r");
    while ((c = fgetc(list)) != EOF)
        n += c == '\n';
    pclose(list);
    return n;
}

static int teardown(void **state)
{
    struct place *place = *state;
    char command[120];

    snprintf(command, sizeof(command), "rm -rf %s", place->scratch.directory);
    assert_int_equal(system(command), 0);
    free(place);
    return 0;
}

static void make(struct place *place)
{
    if (backup_make(place->scratch.path, place->copy, NULL, &place->report, &place->error) < 0)
        fail_msg("%s", place->error.text);
}

static void restore(struct place *place)
{
    if (backup_restore(place->scratch.path, place->copy, &place->report, &place->error) < 0)
        fail_msg("%s", place->error.text);
}

static void make_refused(struct place *place, const char *to, const char *why)
{
    assert_int_equal(backup_make(place->scratch.path, to, NULL, &place->report, &place->error), -1);
    if (!strstr(place->error.text, why))
        fail_msg("expected \"%s\" in: %s", why, place->error.text);
}

static void restore_refused(struct place *place, const char *from, const char *why)
{
    int64_t before = sql(place->scratch.path, "SELECT count(*) FROM players");
    unsigned files = files_n(place);

    assert_int_equal(backup_restore(place->scratch.path, from, &place->report, &place->error), -1);
    if (!strstr(place->error.text, why))
        fail_msg("expected \"%s\" in: %s", why, place->error.text);
    assert_int_equal(sql(place->scratch.path, "SELECT count(*) FROM players"), before);
    assert_in_range(files_n(place), files - 2, files); /* nothing new lies about */
}

static void test_drill(void **state)
{
    struct place *place = *state;
    struct stat status;

    make(place);
    assert_non_null(strstr(place->report.text, "500 accounts"));
    assert_int_equal(stat(place->copy, &status), 0);
    assert_int_equal(status.st_mode & 0777, 0600);
    assert_int_equal(files_n(place), 2); /* the database, and a copy that is one file */
    add_players(place->scratch.path, 501, 100);
    sql(place->scratch.path, "UPDATE server_state SET epoch = 9");
    restore(place);
    assert_non_null(strstr(place->report.text, "before-restore"));
    assert_int_equal(sql(place->scratch.path, "SELECT count(*) FROM players"), 500);
    assert_int_equal(sql(place->kept, "SELECT count(*) FROM players"), 600);
    assert_int_equal(sql(place->scratch.path, "SELECT epoch FROM server_state"), 9);
    restore(place); /* once more: the first one that was kept stays */
    assert_int_equal(sql(place->kept, "SELECT count(*) FROM players"), 600);
    snprintf(place->kept, sizeof(place->kept), "%s.before-restore~2", place->scratch.path);
    assert_int_equal(sql(place->kept, "SELECT count(*) FROM players"), 500);
}

/* The disk died: there is nothing but the copy. */
static void test_all_is_gone(void **state)
{
    struct place *place = *state;

    make(place);
    assert_int_equal(unlink(place->scratch.path), 0);
    restore(place);
    assert_non_null(strstr(place->report.text, "there was none"));
    assert_int_equal(sql(place->scratch.path, "SELECT count(*) FROM players"), 500);
    assert_int_equal(sql(place->scratch.path, "SELECT epoch FROM server_state"), 7);
    assert_int_equal(files_n(place), 2);
}

static void write_words(const char *path, off_t at)
{
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

    for (unsigned i = 0; i < 12; i++)
        assert_int_equal(pwrite(fd, WORDS, sizeof(WORDS), at + i * 4096), sizeof(WORDS));
    close(fd);
}

/* The old one cannot be read any more, and its log belongs to nobody: it must not be applied to the
 * new one. */
static void test_the_old_one_is_broken(void **state)
{
    struct place *place = *state;
    char log[80], log_kept[112];

    make(place);
    snprintf(log, sizeof(log), "%s-wal", place->scratch.path);
    write_words(place->scratch.path, 0);
    snprintf(log_kept, sizeof(log_kept), "%s-wal", place->kept);
    assert_int_equal(mkdir(log, 0700), 0); /* one that SQLite can neither apply nor remove */
    restore(place);
    assert_int_equal(sql(place->scratch.path, "SELECT count(*) FROM players"), 500);
    assert_int_equal(access(place->kept, F_OK), 0);
    assert_int_equal(access(log, F_OK), -1);
    assert_int_equal(access(log_kept, F_OK), 0);
}

/* What a kill left in the log is in what is kept, and not in what comes. */
static void test_a_log_is_left(void **state)
{
    struct place *place = *state;
    pid_t child;

    make(place);
    child = fork();
    if (child == 0) {
        sqlite3 *db = NULL;

        sqlite3_open(place->scratch.path, &db);
        sqlite3_exec(db,
                     "PRAGMA wal_autocheckpoint = 0; INSERT INTO players (username, username_key,"
                     " password_hash, created_at) VALUES ('late', 'late', 'h', 't')",
                     NULL, NULL, NULL);
        _exit(0); /* without closing */
    }
    waitpid(child, NULL, 0);
    restore(place);
    assert_int_equal(sql(place->scratch.path, "SELECT count(*) FROM players"), 500);
    assert_int_equal(sql(place->kept, "SELECT count(*) FROM players WHERE username = 'late'"), 1);
}

static void test_bad_copies(void **state)
{
    struct place *place = *state;
    char path[80];
    int claim;

    make(place);
    restore_refused(place, "/nowhere/copy.db", "there is no database file /nowhere/copy.db");
    restore_refused(place, place->scratch.path, "is the database itself");
    snprintf(path, sizeof(path), "%s/words", place->scratch.directory);
    write_words(path, 0);
    restore_refused(place, path, "is no database");
    unlink(path);
    sql(path, "CREATE TABLE schema_migrations (version INTEGER); CREATE TABLE players (a INTEGER)");
    restore_refused(place, path, "is no database of openmmod's");
    write_words(place->copy, 8 * 4096);
    restore_refused(place, place->copy, "is corrupt");
    make(place); /* over the broken one */
    sql(place->copy, "INSERT INTO schema_migrations VALUES (99, 'future', 'x', 'y')");
    restore_refused(place, place->copy, "is newer than this program");
    make(place);
    claim = sqlite_file_claim(place->scratch.path, &place->error);
    assert_true(claim >= 0);
    restore_refused(place, place->copy, "is in use by another openmmod");
    close(claim);
}

/* One letter of an index is another: nothing but a whole check sees it. */
static void spoil(const char *path)
{
    static char text[1 << 20];
    int fd = open(path, O_RDWR | O_CLOEXEC);
    ssize_t n = read(fd, text, sizeof(text));
    unsigned found = 0;

    for (off_t i = 0; i + 9 < n; i++)
        if (memcmp(text + i, "player250", 9) == 0) {
            found++;
            assert_int_equal(pwrite(fd, "q", 1, i + 6), 1); /* playerq50 */
        }
    close(fd);
    assert_true(found >= 2);
}

static void test_a_letter_is_wrong(void **state)
{
    struct place *place = *state;

    make(place);
    spoil(place->copy);
    restore_refused(place, place->copy, "is corrupt");
    make(place);
    spoil(place->scratch.path);
    make_refused(place, place->copy, "is corrupt");
    restore(place);
    assert_int_equal(sql(place->scratch.path, "SELECT count(*) FROM players"), 500);
}

static void test_bad_places(void **state)
{
    struct place *place = *state;

    make_refused(place, place->scratch.path, "is the database itself");
    make_refused(place, "/nowhere/copy.db", "cannot make a file beside /nowhere/copy.db");
    assert_int_equal(mkdir(place->copy, 0700), 0);
    make_refused(place, place->copy, "cannot name the copy");
    rmdir(place->copy);
    assert_in_range(files_n(place), 1, 3);
}

static bool is_there(const struct place *place, const char *name)
{
    char path[120];

    snprintf(path, sizeof(path), "%s/%s", place->scratch.directory, name);
    return access(path, F_OK) == 0;
}

/* What was killed is removed; what is under way, is locked; what only looks alike, is somebody's.
 */
static void test_what_a_kill_left(void **state)
{
    static const char *const LEFT[] = {"a.db.copying-x1Y2z3", "a.db.copying-x1Y2z3-journal"};
    static const char *const KEPT[] = {"a.db.sha256", "a.db.copying-x1Y2z34", "b.copying-x1Y2.3",
                                       "b.db.copying-abcdef"};
    struct place *place = *state;
    char path[120];
    int held;

    make(place);
    for (size_t i = 0; i < ARRAY_N(LEFT) + ARRAY_N(KEPT); i++) {
        snprintf(path, sizeof(path), "%s/%s", place->scratch.directory,
                 i < ARRAY_N(LEFT) ? LEFT[i] : KEPT[i - ARRAY_N(LEFT)]);
        write_words(path, 0);
    }
    held = open(path, O_RDWR | O_CLOEXEC); /* the last */
    assert_int_equal(flock(held, LOCK_EX | LOCK_NB), 0);
    backup_sweep(place->scratch.directory);
    backup_sweep("/nonexistent/folder");
    for (size_t i = 0; i < ARRAY_N(LEFT); i++)
        assert_false(is_there(place, LEFT[i]));
    for (size_t i = 0; i < ARRAY_N(KEPT); i++)
        assert_true(is_there(place, KEPT[i]));
    close(held);
    backup_sweep(place->scratch.directory);
    assert_false(is_there(place, "b.db.copying-abcdef"));
    assert_int_equal(sql(place->copy, "SELECT count(*) FROM players"), 500);
}

/* -- beside one who writes -----------------------------------------------------------------------
 */

static atomic_bool writing;

/* Two rows a transaction, so that a copy with an odd number is a torn one. */
static void *write_on(void *context)
{
    const struct place *place = context;
    sqlite3 *db = NULL;
    unsigned n = 0;

    assert_int_equal(sqlite3_open(place->scratch.path, &db), SQLITE_OK);
    sqlite3_busy_timeout(db, 100);
    while (atomic_load(&writing)) {
        char text[300];

        snprintf(text, sizeof(text),
                 "BEGIN IMMEDIATE;"
                 "INSERT INTO players (username, username_key, password_hash, created_at)"
                 " VALUES ('a', 'a%u', 'h', 't');"
                 "INSERT INTO players (username, username_key, password_hash, created_at)"
                 " VALUES ('b', 'b%u', 'h', 't'); COMMIT",
                 n, n);
        if (sqlite3_exec(db, text, NULL, NULL, NULL) != SQLITE_OK)
            break; /* it was made to wait */
        n++;
    }
    sqlite3_close(db);
    return (void *)(uintptr_t)n;
}

static void test_while_it_is_written(void **state)
{
    struct place *place = *state;
    int64_t before = 0;
    pthread_t writer;
    void *written;

    add_players(place->scratch.path, 1000, 20000);
    atomic_store(&writing, true);
    assert_int_equal(pthread_create(&writer, NULL, write_on, place), 0);
    for (unsigned i = 0; i < 5; i++) {
        int64_t players;

        make(place);
        players = sql(place->copy, "SELECT count(*) FROM players");
        assert_int_equal(players % 2, 0);
        assert_true(players >= before);
        before = players;
    }
    assert_true(atomic_load(&writing));
    atomic_store(&writing, false);
    pthread_join(writer, &written);
    assert_true((uintptr_t)written > 5);
    assert_int_equal(sql(place->scratch.path, "SELECT count(*) FROM players"),
                     20500 + 2 * (int64_t)(uintptr_t)written);
}

/* -- one that nobody wants any more --------------------------------------------------------------
 */

static void test_broken_off(void **state)
{
    struct place *place = *state;
    atomic_bool end;

    make(place);
    add_players(place->scratch.path, 501, 10);
    atomic_init(&end, true);
    assert_int_equal(
        backup_make(place->scratch.path, place->copy, &end, &place->report, &place->error), -1);
    assert_non_null(strstr(place->error.text, "was broken off"));
    assert_int_equal(files_n(place), 2); /* the database, and the copy from before */
    assert_int_equal(sql(place->copy, "SELECT count(*) FROM players"), 500);
    atomic_store(&end, false);
    assert_int_equal(
        backup_make(place->scratch.path, place->copy, &end, &place->report, &place->error), 0);
    assert_int_equal(sql(place->copy, "SELECT count(*) FROM players"), 510);
}

static struct backups_answer answered;
static unsigned answers;

static void take_answer(void *context, uint64_t tag, const struct backups_answer *answer)
{
    (void)context, (void)tag;
    answered = *answer;
    answers++;
}

/* The worker has begun: there is its file. */
static bool copies(const char *folder)
{
    DIR *directory = opendir(folder);
    struct dirent *entry;
    bool found = false;

    while (directory && (entry = readdir(directory)) != NULL)
        found = found || strstr(entry->d_name, ".copying-") != NULL;
    if (directory)
        closedir(directory);
    return found;
}

/* A stop does not wait for a database that takes long: what was asked for is answered by then. */
static void test_a_stop_breaks_it_off(void **state)
{
    struct place *place = *state;
    struct event_base *base = event_base_new();
    uint64_t end_ms = clock_steady_ms() + 5000;
    char folder[90];
    struct backups *backups;

    add_players(place->scratch.path, 501, 100000);
    snprintf(folder, sizeof(folder), "%s/backups", place->scratch.directory);
    backups = backups_new(base, place->scratch.path, folder);
    assert_int_equal(backups_begin(backups, "noon", take_answer, NULL, 7, &place->error), 0);
    while (!copies(folder))
        assert_true(clock_steady_ms() < end_ms);
    backups_free(backups);
    assert_int_equal(answers, 1);
    assert_false(answered.made);
    assert_non_null(strstr(answered.report.text, "was broken off"));
    assert_false(copies(folder));
    assert_int_equal(access(answered.file, F_OK), -1);
    event_base_free(base);
}

/* -- PostgreSQL ----------------------------------------------------------------------------------
 */

static int run(const char *const argv[])
{
    int status;
    pid_t pid = pg_cluster_spawn(&cluster, argv);

    return pid > 0 && waitpid(pid, &status, 0) == pid ? status : -1;
}

static void migrate_one(const char *connection)
{
    const char *const keywords[] = {"dbname", NULL};
    const char *const values[] = {connection, NULL};
    struct migrate how = {.apply = true};
    struct error error = {""};

    if (migrate_postgresql(keywords, values, &how, NULL, &error) < 0)
        fail_msg("%s", error.text);
}

/* As doc/operations.md says it. */
static void test_drill_of_postgresql(void **state)
{
    char from[PG_CLUSTER_CONNECTION_BYTES], to[PG_CLUSTER_CONNECTION_BYTES], file[96];
    char dump_program[160], restore_program[160];
    const char *const dump[] = {dump_program, "--format=custom", "--file", file, "--dbname", from,
                                NULL};
    const char *const restored[] = {
        restore_program, "--exit-on-error", "--no-owner", "--dbname", to, file, NULL};

    (void)state;
    assert_int_equal(pg_cluster_make(&cluster, false), 0);
    snprintf(dump_program, sizeof(dump_program), "%s/pg_dump", cluster.binaries);
    snprintf(restore_program, sizeof(restore_program), "%s/pg_restore", cluster.binaries);
    snprintf(file, sizeof(file), "%s/world.dump", cluster.root);
    assert_int_equal(pg_cluster_database(&cluster, from), 0);
    assert_int_equal(pg_cluster_database(&cluster, to), 0);
    migrate_one(from);
    pg_cluster_sql(from,
                   "INSERT INTO players (username, username_key, password_hash, created_at)"
                   " SELECT 'p' || i, 'p' || i, 'h', now() FROM generate_series(1, 500) AS i");
    pg_cluster_sql(from, "INSERT INTO bans (network, reason, created_at, created_by)"
                         " VALUES ('10.0.0.0/8', 'r', now(), 'o')");
    assert_int_equal(run(dump), 0);
    pg_cluster_sql(from, "INSERT INTO players (username, username_key, password_hash, created_at)"
                         " VALUES ('late', 'late', 'h', now())");
    assert_int_equal(run(restored), 0);
    migrate_one(to); /* it is one of ours, and up to date */
    assert_int_equal(pg_cluster_sql(to, "SELECT count(*) FROM players"), 500);
    assert_int_equal(pg_cluster_sql(to, "SELECT count(*) FROM schema_migrations"),
                     migrate_postgresql_steps_n);
    assert_int_equal(pg_cluster_sql(to,
                                    "INSERT INTO players (username, username_key, password_hash,"
                                    " created_at) VALUES ('n', 'n', 'h', now()) RETURNING id"),
                     501);
    pg_cluster_remove(&cluster);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_drill, setup, teardown),
        cmocka_unit_test_setup_teardown(test_all_is_gone, setup, teardown),
        cmocka_unit_test_setup_teardown(test_the_old_one_is_broken, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_log_is_left, setup, teardown),
        cmocka_unit_test_setup_teardown(test_bad_copies, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_letter_is_wrong, setup, teardown),
        cmocka_unit_test_setup_teardown(test_bad_places, setup, teardown),
        cmocka_unit_test_setup_teardown(test_what_a_kill_left, setup, teardown),
        cmocka_unit_test_setup_teardown(test_while_it_is_written, setup, teardown),
        cmocka_unit_test_setup_teardown(test_broken_off, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_stop_breaks_it_off, setup, teardown),
        cmocka_unit_test(test_drill_of_postgresql),
    };

    if (sodium_init() < 0)
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
