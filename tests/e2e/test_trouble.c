/* test_trouble.c -- when the machine is in trouble: a full disk, no memory, a database that is
 * locked or corrupt, a port in use. Each ends in one clear line for the one who can act, and leaves
 * those playing who play. */
#include "config.h"

#include "stage.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sqlite3.h>

#define INI       "[store]\nflush = 500ms\n"
#define NEWCOMERS 250

/* The text stands in the log, or will in a moment: it is written by a thread of its own. */
static void expect_in_log(struct daemon *whose, const char *text)
{
    uint64_t until_ms = now_ms() + DEADLINE_MS;

    while (!daemon_said(whose, text) && daemon_running(whose) && now_ms() < until_ms)
        party_pump(party, 10);
    if (!daemon_said(whose, text))
        fail_msg("the log does not say \"%s\":\n%s", text, daemon_log(whose));
}

/* It must end with status 1, one line that holds the text, and have made no database. */
static void expect_refused_untouched(struct daemon *whose, const char *text)
{
    daemon_spawn(whose, NULL, 0);
    assert_int_equal(daemon_wait_exit(whose), 1);
    expect_in_log(whose, text);
    assert_string_equal(strchr(daemon_log(whose), '\n'), "\n");
    assert_int_equal(access(whose->store_path, F_OK), -1);
}

static void test_port_in_use(void **state)
{
    struct daemon second;
    struct player *alice;
    char text[100];

    (void)state;
    daemon_start(&server, NULL);
    alice = player_new_account(party, &server, "alice");
    daemon_make(&second, NULL);
    second.port = server.port;
    daemon_configure(&second, NULL);
    snprintf(text, sizeof(text), "cannot listen on 127.0.0.1:%u: Address already in use",
             server.port);
    expect_refused_untouched(&second, text);
    daemon_remove(&second);
    stage_expect_walking(alice, DEADLINE_MS);
}

static void test_admin_socket_in_use(void **state)
{
    struct daemon second;

    (void)state;
    daemon_start(&server, NULL);
    daemon_make(&second, NULL);
    strcpy(second.admin_path, server.admin_path);
    daemon_configure(&second, NULL);
    expect_refused_untouched(&second, "another daemon answers there");
    daemon_remove(&second);
    assert_non_null(daemon_ask(&server, "server.status", NULL)); /* its socket is still there */
}

static void migrate_in_vain(struct daemon *whose, const char *why)
{
    const char *const arguments[] = {"-c", whose->ini_path, "--migrate", NULL};
    const char *out;

    assert_int_equal(openmmod_run(arguments, &out), 1);
    if (strstr(out, why) == NULL)
        fail_msg("openmmod --migrate does not say \"%s\": %s", why, out);
    assert_string_equal(strchr(out, '\n'), "\n");
}

/* One database, by whatever name, has one openmmod at a time: a daemon or a migration. */
static void test_database_in_use(void **state)
{
    struct daemon second;
    struct player *alice;
    char ini[200], link[100], text[200];
    const char *const migrate[] = {"-c", server.ini_path, "--migrate", NULL}, *out;

    (void)state;
    daemon_start(&server, NULL);
    alice = player_new_account(party, &server, "alice");
    migrate_in_vain(&server, "another openmmod is running in the state directory");
    daemon_make(&second, NULL);
    snprintf(link, sizeof(link), "%s/link.db", second.dir);
    assert_int_equal(symlink(server.store_path, link), 0);
    snprintf(ini, sizeof(ini), "[store]\npath = %s\n", link);
    daemon_configure(&second, ini);
    snprintf(text, sizeof(text), "database file %s is in use by another openmmod", link);
    expect_refused_untouched(&second, text);
    migrate_in_vain(&second, text);
    stage_expect_walking(alice, DEADLINE_MS);
    assert_int_equal(daemon_terminate(&server), 0);
    assert_int_equal(openmmod_run(migrate, &out), 0); /* free again */
    daemon_start(&second, NULL);
    player_returns(party, &second, "alice");
    migrate_in_vain(&server, "is in use by another openmmod");
    daemon_remove(&second);
}

static void test_bad_configuration(void **state)
{
    (void)state;
    daemon_configure(&server, "[net]\nview_m = 1\n");
    daemon_spawn(&server, NULL, 0);
    assert_int_equal(daemon_wait_exit(&server), 1);
    expect_in_log(&server, "net.view_m: \"1\" is out of range");
}

/* The certificate is looked at before the database is made or brought up to date. */
static void test_bad_certificate(void **state)
{
    char more[300], path[100];
    FILE *file;

    (void)state;
    snprintf(path, sizeof(path), "%s/certificate", server.dir);
    file = fopen(path, "w");
    assert_non_null(file);
    fputs("no certificate\n", file);
    fclose(file);
    chmod(path, 0600);
    snprintf(more, sizeof(more), "[net]\ncertificate = %s\nkey = %s\n", path, path);
    daemon_configure(&server, more);
    expect_refused_untouched(&server, "cannot use the certificate in ");
}

static void test_corrupt_database(void **state)
{
    char directory[80];
    FILE *file;

    (void)state;
    snprintf(directory, sizeof(directory), "%s/state", server.dir);
    mkdir(directory, 0700);
    file = fopen(server.store_path, "w");
    assert_non_null(file);
    for (int i = 0; i < 1000; i++)
        fputs("this is no database ", file);
    fclose(file);
    daemon_spawn(&server, NULL, 0);
    assert_int_equal(daemon_wait_exit(&server), 1);
    expect_in_log(&server, server.store_path);
    expect_in_log(&server, "is no database (or is corrupt)");
}

static sqlite3 *lock_database(void)
{
    sqlite3 *db = NULL;

    assert_int_equal(sqlite3_open(server.store_path, &db), SQLITE_OK);
    sqlite3_busy_timeout(db, DEADLINE_MS);
    assert_int_equal(sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
    return db;
}

static void test_locked_database(void **state)
{
    struct player *alice, *bob;
    sqlite3 *db;

    (void)state;
    daemon_start(&server, NULL);
    alice = player_new_account(party, &server, "alice");
    db = lock_database();
    bob = player_connect(party, &server);
    UNTIL(party, DEADLINE_MS, bob->greeted);
    player_register(bob, "bob", PASSWORD);
    UNTIL(party, DEADLINE_MS, bob->notices_n == 1 || bob->welcomed || bob->gone);
    assert_int_equal(bob->notice, PROTOCOL_REASON_STORE_AWAY);
    stage_expect_walking(alice, DEADLINE_MS);
    expect_in_log(&server, "locked");
    player_register(bob, "bob", PASSWORD);
    UNTIL(party, DEADLINE_MS, bob->notices_n == 2 || bob->welcomed || bob->gone);
    assert_int_equal(bob->notice, PROTOCOL_REASON_STORE_AWAY);
    assert_false(daemon_said(&server, "event=store_back")); /* because it can still be read */
    sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL);
    sqlite3_close(db);
    player_register(bob, "bob",
                    PASSWORD); /* it is back: so are logins, and the save of alice's place */
    UNTIL(party, DEADLINE_MS, bob->welcomed);
    expect_in_log(&server, "event=store_back");
    assert_int_equal(daemon_terminate(&server), 0);
}

static void test_locked_at_start(void **state)
{
    sqlite3 *db;

    (void)state;
    daemon_start(&server, NULL);
    assert_int_equal(daemon_terminate(&server), 0);
    db = lock_database();
    daemon_spawn(&server, NULL, 0);
    assert_int_equal(daemon_wait_exit(&server), 1);
    expect_in_log(&server, server.store_path);
    expect_in_log(&server, "locked");
    sqlite3_close(db);
}

/* No file may grow beyond 300 KiB: first the journal, then the database meet a full disk. */
static void test_full_disk(void **state)
{
    char journal[100], name[20];
    const char *const with_journal[] = {"--journal", journal, NULL};
    struct player *alice, *other;
    int i = 0;

    (void)state;
    snprintf(journal, sizeof(journal), "%s/world.journal", server.dir);
    daemon_spawn(&server, with_journal, 300 << 10);
    daemon_wait_ready(&server);
    alice = player_new_account(party, &server, "alice");
    for (other = NULL;; i++) { /* accounts until the disk takes no more */
        other = player_connect(party, &server);
        UNTIL(party, DEADLINE_MS, other->greeted);
        snprintf(name, sizeof(name), "filler%d", i);
        player_register(other, name, PASSWORD);
        UNTIL(party, DEADLINE_MS, other->welcomed || other->notices_n > 0 || other->gone);
        assert_false(other->gone);
        if (!other->welcomed)
            break;
        player_leave(other);
        assert_true(i < 2000);
    }
    assert_int_equal(other->notice, PROTOCOL_REASON_STORE_AWAY);
    stage_expect_walking(alice, DEADLINE_MS);
    assert_true(daemon_running(&server));
    expect_in_log(&server, "level=error");
}

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
/* What the daemon may have of data: as much as it has, and so much more. 0: what it likes. */
static void limit_memory(unsigned more_kib)
{
    struct rlimit limit = {RLIM_INFINITY, RLIM_INFINITY};
    char path[40], line[128];
    FILE *status;

    snprintf(path, sizeof(path), "/proc/%d/status", (int)server.pid);
    status = fopen(path, "r");
    assert_non_null(status);
    while (more_kib > 0 && fgets(line, sizeof(line), status) != NULL) {
        if (strncmp(line, "VmData:", 7) == 0)
            limit.rlim_cur = (strtoull(line + 7, NULL, 10) + more_kib) * 1024;
    }
    fclose(status);
    assert_int_equal(prlimit(server.pid, RLIMIT_DATA, &limit, NULL), 0);
}

/* The kernel gives the daemon no more memory, and strangers come in crowds: those whom there is no
 * room for are refused, who plays plays on, and when there is room again they come in. (The
 * sanitizers end a program that has no memory.) */
static void test_no_memory_left(void **state)
{
    struct player *alice, *others[NEWCOMERS];
    unsigned gone = 0, waiting = 1;

    (void)state;
    daemon_start(&server, NULL);
    alice = player_new_account(party, &server, "alice");
    limit_memory(256);
    for (unsigned i = 0; i < NEWCOMERS; i++)
        others[i] = player_connect(party, &server);
    for (uint64_t until_ms = now_ms() + DEADLINE_MS; waiting > 0 && now_ms() < until_ms;) {
        party_pump(party, 10);
        for (unsigned i = gone = waiting = 0; i < NEWCOMERS; i++) {
            gone += others[i]->gone;
            waiting += !others[i]->gone && !others[i]->greeted;
        }
    }
    print_message("%u of %u were refused, %u wait\n", gone, NEWCOMERS, waiting);
    assert_true(gone > 0);
    assert_int_equal(waiting, 0);
    stage_expect_walking(alice, DEADLINE_MS);
    for (unsigned i = 0; i < NEWCOMERS; i++)
        player_leave(others[i]);
    limit_memory(0);
    stage_expect_walking(alice, DEADLINE_MS);
    for (unsigned i = 0; i < 3; i++) {
        char name[16];

        snprintf(name, sizeof(name), "late%u", i);
        player_new_account(party, &server, name);
    }
    assert_int_equal(daemon_terminate(&server), 0);
}
#endif

int main(void)
{
    const struct CMUnitTest tests[] = {
        STAGED(test_port_in_use, INI),
        STAGED(test_admin_socket_in_use, INI),
        STAGED(test_database_in_use, INI),
        STAGED(test_bad_configuration, INI),
        STAGED(test_bad_certificate, NULL),
        STAGED(test_corrupt_database, INI),
        STAGED(test_locked_database, INI),
        STAGED(test_locked_at_start, INI),
        STAGED(test_full_disk, INI),
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
        STAGED(test_no_memory_left, INI),
#endif
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
