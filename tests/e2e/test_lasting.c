/* test_lasting.c -- what a server remembers: over a stop, over kill -9, in a journal. Each test has
 * a daemon of its own. */
#include "stage.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

#define INI "[store]\nflush = 2s\n"

static void walk_some_way(struct player *player, double metres)
{
    struct space_pos from = player->self.pos;

    player_walk(player, 0x3000, MOVEMENT_WALK | MOVEMENT_RUN);
    UNTIL(party, DEADLINE_MS, distance_m(player->self.pos, from) > metres);
    player_stand(player);
    UNTIL(party, DEADLINE_MS, player_is_still(player));
}

static void test_wrong_password(void **state)
{
    struct player *player;

    (void)state;
    daemon_start(&server, NULL);
    player_leave(player_new_account(party, &server, "alice"));
    player = player_connect(party, &server);
    UNTIL(party, DEADLINE_MS, player->greeted);
    player_login(player, "alice", "wrong horse");
    UNTIL(party, DEADLINE_MS, player->notices_n == 1);
    assert_int_equal(player->notice, PROTOCOL_REASON_LOGIN_FAILED);
    player_login(player, "nobody", PASSWORD);
    UNTIL(party, DEADLINE_MS, player->notices_n == 2);
    assert_int_equal(
        player->notice,
        PROTOCOL_REASON_LOGIN_FAILED); /* the same words: names are not to be guessed */
    player_register(player, "ALICE", PASSWORD);
    UNTIL(party, DEADLINE_MS, player->notices_n == 3);
    assert_int_equal(player->notice, PROTOCOL_REASON_NAME_TAKEN);
    player_register(player, "x", PASSWORD);
    UNTIL(party, DEADLINE_MS, player->notices_n == 4);
    assert_int_equal(player->notice, PROTOCOL_REASON_BAD_NAME);
    player_register(player, "carol", "short");
    UNTIL(party, DEADLINE_MS, player->notices_n == 5);
    assert_int_equal(player->notice, PROTOCOL_REASON_BAD_PASSWORD);
    player_login(player, "Alice", PASSWORD); /* another case, the same account */
    UNTIL(party, DEADLINE_MS, player->welcomed);
    assert_string_equal(player->name, "alice");
}

static void test_restart(void **state)
{
    struct player *alice;
    struct space_pos place;
    char token[PROTOCOL_TOKEN_MAX + 1];
    uint32_t epoch;

    (void)state;
    daemon_start(&server, NULL);
    alice = player_new_account(party, &server, "alice");
    walk_some_way(alice, 10);
    place = alice->self.pos;
    epoch = alice->epoch;
    snprintf(token, sizeof(token), "%s", alice->token);
    assert_int_equal(daemon_terminate(&server), 0);
    party_free(party);
    party = party_new();

    daemon_start(&server, NULL);
    alice = player_returns(party, &server, "alice");
    assert_int_equal(alice->self.pos.x, place.x);
    assert_int_equal(alice->self.pos.z, place.z);
    assert_true(alice->epoch > epoch);
    player_leave(alice);
    alice = player_connect(party, &server); /* the token outlives the restart too */
    UNTIL(party, DEADLINE_MS, alice->greeted);
    player_by_token(alice, token);
    UNTIL(party, DEADLINE_MS, alice->welcomed);
    assert_string_equal(alice->name, "alice");
    player_leave(alice);
    alice = player_connect(party, &server);
    UNTIL(party, DEADLINE_MS, alice->greeted);
    token[strlen(token) / 2] ^= 1;
    player_by_token(alice, token);
    UNTIL(party, DEADLINE_MS, alice->notices_n == 1);
    assert_int_equal(alice->notice, PROTOCOL_REASON_TOKEN_REFUSED);
}

/* Where she was, and when. */
static struct {
    uint64_t ms;
    struct space_pos pos;
} trail[2000];

static void test_kill_9(void **state)
{
    struct player *alice, *bob;
    uint64_t started, killed, best_age = UINT64_MAX;
    unsigned n = 0;

    (void)state;
    daemon_configure(&server, ""); /* the flush that is the default */
    daemon_start(&server, NULL);
    alice = player_new_account(party, &server, "alice");
    started = now_ms();
    player_walk(alice, 0x1000, MOVEMENT_WALK | MOVEMENT_RUN);
    while (now_ms() < started + 9500 && n < ARRAY_N(trail)) {
        party_pump(party, 5);
        trail[n].ms = now_ms();
        trail[n++].pos = alice->self.pos;
    }
    bob = player_new_account(party, &server, "bob"); /* acknowledged a moment before */
    killed = now_ms();
    daemon_kill(&server);
    (void)bob;
    party_free(party);
    party = party_new();

    daemon_start(&server, NULL);
    player_returns(party, &server, "bob");
    alice = player_returns(party, &server, "alice");
    for (unsigned i = 0; i + 1 < n; i++) { /* between two of the places that she was told */
        struct space_pos from = trail[i].pos, to = trail[i + 1].pos, here = alice->self.pos;

        if (distance_m(from, here) + distance_m(here, to) < distance_m(from, to) + 0.1)
            best_age = killed - trail[i].ms;
    }
    if (best_age > 5000)
        fail_msg("alice stands where she was %llu ms before the kill",
                 (unsigned long long)best_age);
}

static void copy_file(const char *from, const char *to, long flip, long cut)
{
    FILE *in = fopen(from, "rb"), *out = fopen(to, "wb");
    long at = 0;

    assert_non_null(in);
    assert_non_null(out);
    for (int c = getc(in); c != EOF && (cut < 0 || at < cut); c = getc(in), at++)
        putc(at == flip ? c ^ 1 : c, out);
    fclose(in);
    fclose(out);
}

static long file_bytes(const char *path)
{
    FILE *file = fopen(path, "rb");
    long n;

    assert_non_null(file);
    fseek(file, 0, SEEK_END);
    n = ftell(file);
    fclose(file);
    return n;
}

static void test_journal(void **state)
{
    char journal[100], copy[100];
    const char *const with_journal[] = {"--journal", journal, NULL}, *out;
    const char *const replay[] = {"--replay", journal, NULL}, *const replay_copy[] = {"--replay",
                                                                                      copy, NULL};
    struct player *alice, *bob;
    long size;

    (void)state;
    snprintf(journal, sizeof(journal), "%s/world.journal", server.dir);
    snprintf(copy, sizeof(copy), "%s/copy.journal", server.dir);
    daemon_start(&server, with_journal);
    alice = player_new_account(party, &server, "alice");
    bob = player_new_account(party, &server, "bob");
    player_chat(bob, PROTOCOL_CHANNEL_GLOBAL, "a secret word");
    walk_some_way(alice, 8);
    walk_some_way(bob, 4);
    assert_int_equal(daemon_terminate(&server), 0);
    if (openmmod_run(replay, &out) != 0)
        fail_msg("the journal does not replay: %s", out);
    size = file_bytes(journal);
    for (int i = 1; i <= 4; i++) { /* wherever a byte is changed */
        copy_file(journal, copy, size * i / 5 + i, -1);
        if (openmmod_run(replay_copy, &out) == 0)
            fail_msg("byte %ld of %ld was changed, and the replay did not notice: %s",
                     size * i / 5 + i, size, out);
    }
    copy_file(journal, copy, -1, size - 7); /* as if cut by kill -9 */
    if (openmmod_run(replay_copy, &out) != 0)
        fail_msg("a cut journal does not replay: %s", out);
}

static void test_journal_after_kill(void **state)
{
    char journal[100];
    const char *const with_journal[] = {"--journal", journal, NULL},
                      *const replay[] = {"--replay", journal, NULL}, *out;
    struct player *alice;

    (void)state;
    snprintf(journal, sizeof(journal), "%s/world.journal", server.dir);
    daemon_start(&server, with_journal);
    alice = player_new_account(party, &server, "alice");
    walk_some_way(alice, 4);
    daemon_kill(&server);
    if (openmmod_run(replay, &out) != 0)
        fail_msg("the journal of a killed server does not replay: %s", out);
}

static void expect_run(const char *const *arguments, int status, const char *words)
{
    const char *out;

    if (openmmod_run(arguments, &out) != status || !strstr(out, words))
        fail_msg("expected %d and \"%s\": %s", status, words, out);
}

/* The drill: a copy is made while they play, all is lost after it, the copy is put back. */
static void test_backup_and_restore(void **state)
{
    char copy[100];
    const char *const backup[] = {"-c", server.ini_path, "--backup", copy, NULL};
    const char *const restore[] = {"-c", server.ini_path, "--restore", copy, NULL};
    const char *const elsewhere[] = {
        "-c", server.ini_path, "--store.driver=postgresql", "--backup", copy, NULL};
    struct player *alice;

    (void)state;
    snprintf(copy, sizeof(copy), "%s/copy.db", server.dir);
    daemon_start(&server, NULL);
    alice = player_new_account(party, &server, "alice");
    expect_run(backup, 0, ": 1 accounts");
    player_new_account(party, &server, "bob");
    expect_run(restore, 1, "another openmmod is running");
    expect_run(elsewhere, 1, "pg_dump");
    assert_false(alice->gone);
    daemon_kill(&server);
    expect_run(restore, 0, "what was there is kept as");
    party_free(party);
    party = party_new();
    daemon_start(&server, NULL);
    player_returns(party, &server, "alice");
    player_new_account(party, &server, "bob"); /* he came after the copy: his name is free */
}

/* Unix time of the last save, 0 before the first. */
static long long saved_ms(void)
{
    const char *status = daemon_ask(&server, "server.status", NULL), *durable;

    assert_non_null(status);
    durable = strstr(status, "\"durable\"");
    assert_non_null(durable);
    return atoll(strstr(durable, "\"ms\":") + strlen("\"ms\":"));
}

static void test_reload(void **state)
{
    struct player *player;
    long long before_ms;

    (void)state;
    daemon_configure(&server, "[store]\nflush = 300s\n");
    daemon_start(&server, NULL);
    daemon_configure(&server, "[accounts\nregistration = closed\n");
    daemon_signal(&server, SIGHUP); /* wrong: nothing changes */
    UNTIL(NULL, DEADLINE_MS, daemon_said(&server, "a section is written [name]"));
    player = player_new_account(party, &server, "alice");
    before_ms = saved_ms();
    daemon_configure(&server, "[world]\nseed = 3\n[store]\nflush = 100ms\n");
    daemon_signal(&server, SIGHUP);
    UNTIL(party, DEADLINE_MS, daemon_said(&server, "world.seed changed: restart to apply"));
    UNTIL(party, DEADLINE_MS, daemon_said(&server, "option=store.flush value=100ms"));
    UNTIL(party, DEADLINE_MS, saved_ms() > before_ms);
    assert_false(player->gone);
    player_walk(player, 0, MOVEMENT_WALK);
    player_stand(player);
    UNTIL(party, DEADLINE_MS, player_is_still(player));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        STAGED(test_wrong_password, INI),
        STAGED(test_restart, INI),
        STAGED(test_kill_9, INI),
        STAGED(test_journal, INI),
        STAGED(test_journal_after_kill, INI),
        STAGED(test_reload, INI),
        STAGED(test_backup_and_restore, INI),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
