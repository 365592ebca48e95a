/* test_adoption.c -- from the database of the program before to players in the world: refused at
 * start, shown by a dry run, taken over, and everybody logs in with the name and the password that
 * he had, or with the name that he was given. On both databases. */
#include "harness.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <sqlite3.h>

#include "../server/pg_cluster.h"

#define ARGON2 "SELECT count(*) FROM players WHERE password_hash LIKE '$argon2id$%'"
/* PASSWORD, by bcrypt, as cheap as that is allowed to be */
#define HASH                                                                                       \
    "UPDATE players SET password_hash = "                                                          \
    "'$2b$04$c21bTOVSCYP7BHPgcUMvAuGRQzgXLwsX4CtQubFmAB4rTbIGGujEq'"

static struct pg_cluster cluster;
static char connection[PG_CLUSTER_CONNECTION_BYTES];
static struct daemon server;
static struct party *party;
static bool postgresql;

static const char *dump(const char *name)
{
    static char text[65536];
    const char *srcdir = getenv("srcdir");
    char path[400];
    FILE *file;

    snprintf(path, sizeof(path), "%s/tests/server/legacy/%s", srcdir ? srcdir : "..", name);
    file = fopen(path, "r");
    if (!file)
        fail_msg("cannot read %s", path);
    text[fread(text, 1, sizeof(text) - 1, file)] = '\0';
    fclose(file);
    return text;
}

/* The first column of the last row, 0 where there is none. */
static int64_t sql(const char *text)
{
    sqlite3 *db = NULL;
    sqlite3_stmt *statement = NULL;
    int64_t value = 0;

    if (postgresql)
        return pg_cluster_sql(connection, text);
    assert_int_equal(sqlite3_open(server.store_path, &db), SQLITE_OK);
    sqlite3_busy_timeout(db, 5000);
    while (*text) {
        assert_int_equal(sqlite3_prepare_v2(db, text, -1, &statement, &text), SQLITE_OK);
        if (statement && sqlite3_step(statement) == SQLITE_ROW)
            value = sqlite3_column_int64(statement, 0);
        assert_int_equal(sqlite3_finalize(statement), SQLITE_OK);
    }
    sqlite3_close(db);
    return value;
}

static int set(void **state)
{
    char ini[400] = "";

    postgresql = *state != NULL;
    if (postgresql) {
        assert_int_equal(pg_cluster_make(&cluster, false), 0);
        assert_int_equal(pg_cluster_database(&cluster, connection), 0);
        snprintf(ini, sizeof(ini), "[store]\ndriver = postgresql\nconnection = %s\n", connection);
    }
    daemon_make(&server, ini);
    party = party_new();
    return 0;
}

static int clear(void **state)
{
    (void)state;
    party_free(party);
    daemon_remove(&server);
    if (postgresql)
        pg_cluster_remove(&cluster);
    return 0;
}

static void expect_run(const char *one, const char *two, int status, const char *words)
{
    const char *const arguments[] = {"-c", server.ini_path, one, two, NULL};
    const char *out;

    if (openmmod_run(arguments, &out) != status || !strstr(out, words))
        fail_msg("expected %d and \"%s\": %s", status, words, out);
}

static struct player *comes(const char *name)
{
    struct player *player = player_connect(party, &server);

    UNTIL(party, DEADLINE_MS, player->greeted);
    player_login(player, name, PASSWORD);
    UNTIL(party, DEADLINE_MS, (player->welcomed && player->selves_n) || player->notices_n);
    if (!player->welcomed)
        fail_msg("%s does not come in: %s", name, player->notice_text);
    return player;
}

static void test_everybody_comes_back(void **state)
{
    static const char *const names[] = {
        "alice",
        "ALICE~3",
        "Alice~4",
        "alice~2",
        "Al",
        "<b>Bob</b>",
        " spaces ",
        "player~15",
        "STRASSE~2",
        "ren\303\251",
        "x'); DROP TABLE players; --",
    };
    struct player *player;
    char directory[100];

    (void)state;
    snprintf(directory, sizeof(directory), "%s/state", server.dir);
    expect_run("-t", NULL, 0, "");
    (void)mkdir(directory, 0700);
    (void)sql(dump(postgresql ? "postgresql.sql" : "sqlite.sql"));
    (void)sql(HASH);
    expect_run(NULL, NULL, 1, "was made by the program that this one replaces");
    expect_run("--migrate", "--dry-run", 0, "nothing was changed");
    expect_run("--migrate", NULL, 0, "player 1: the name \"ALICE\" became \"ALICE~3\"");
    expect_run("--migrate", NULL, 0, "is up to date");
    daemon_start(&server, NULL);
    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
        player = comes(names[i]);
        if (i == 0) { /* where she was */
            assert_int_equal(player->self.pos.x, 30 * 4096);
            assert_int_equal(player->self.pos.z, 30 * 4096);
        }
        player_leave(player);
    }
    UNTIL(party, DEADLINE_MS, sql(ARGON2) == (int64_t)(sizeof(names) / sizeof(*names)));
    comes("alice"); /* by the new hash */
    player = player_new_account(party, &server, "newcomer");
    assert_int_equal(sql("SELECT id FROM players WHERE username_key = 'newcomer'"), 901);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        {"test_everybody_comes_back (sqlite)", test_everybody_comes_back, set, clear, NULL},
        {"test_everybody_comes_back (postgresql)", test_everybody_comes_back, set, clear,
         &postgresql},
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
