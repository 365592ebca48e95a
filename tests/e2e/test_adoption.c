/* test_adoption.c -- from the database of the program before to players in the world: refused at
 * start, shown by a dry run, taken over, and everybody logs in with the name and the password that
 * he had, or with the name that he was given. On both databases. */
#include "stage_store.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define ARGON2 "SELECT count(*) FROM players WHERE password_hash LIKE '$argon2id$%'"
/* PASSWORD, by bcrypt, as cheap as that is allowed to be */
#define HASH                                                                                       \
    "UPDATE players SET password_hash = "                                                          \
    "'$2b$04$c21bTOVSCYP7BHPgcUMvAuGRQzgXLwsX4CtQubFmAB4rTbIGGujEq'"

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
    (void)sql(dump(connection[0] ? "postgresql.sql" : "sqlite.sql"));
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
        STAGED_BOTH(test_everybody_comes_back, NULL),
    };

    return cmocka_run_group_tests(tests, pg_cluster_begin, pg_cluster_end);
}
