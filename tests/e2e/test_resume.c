/* test_resume.c -- who lost his connection, and the whole world over a restart: the same figure, no
 * password, and no line of chat missed or heard twice. */
#include "stage_store.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

#define CROWD   200
#define BACK_MS 15000
#define TOLD_MS 2500 /* 2 s, and what a busy machine adds */
#define LINES   6

static struct player *connected(void)
{
    struct player *player = player_connect(party, &server);

    UNTIL(party, DEADLINE_MS, player->greeted);
    return player;
}

/* By what somebody kept: his token and the last line that he heard. */
static struct player *resumed(const char *token, uint64_t heard)
{
    struct player *player = connected();

    player_resume(player, token, heard);
    UNTIL(party, DEADLINE_MS, player->welcomed && player->selves_n > 0);
    return player;
}

static void test_dropped(void **state)
{
    struct player *alice, *bob;
    char token[PROTOCOL_TOKEN_MAX + 1];
    uint64_t entity, heard;
    long long hashes;
    struct space_pos place;

    (void)state;
    daemon_start(&server, NULL);
    alice = player_new_account(party, &server, "alice");
    bob = player_new_account(party, &server, "bob");
    entity = alice->entity;
    UNTIL(party, DEADLINE_MS, player_sees(bob, alice) != NULL);
    player_chat(bob, PROTOCOL_CHANNEL_GLOBAL, "heard before");
    UNTIL(party, DEADLINE_MS, player_heard(alice, "heard before"));
    player_walk(alice, 0x1000, MOVEMENT_WALK | MOVEMENT_RUN);
    UNTIL(party, DEADLINE_MS, alice->seq > 30);
    snprintf(token, sizeof(token), "%s", alice->token);
    heard = alice->heard;
    player_drop(alice);
    UNTIL(party, DEADLINE_MS, daemon_metric(&server, "openmmo_away") == 1);
    assert_int_equal(daemon_metric(&server, "openmmo_players"), 1);
    player_chat(bob, PROTOCOL_CHANNEL_NEARBY, "where is she?");
    player_chat(bob, PROTOCOL_CHANNEL_GLOBAL, "alice is away");
    player_chat(bob, PROTOCOL_CHANNEL_NEARBY, "she stands there");
    UNTIL(party, DEADLINE_MS, player_heard(bob, "she stands there"));
    assert_non_null(replica_find(bob->replica, entity));
    hashes = daemon_metric(&server, "openmmo_password_hashes_total");
    alice = resumed(token, heard);
    assert_int_equal(alice->entity, entity);
    assert_string_equal(alice->name, "alice");
    UNTIL(party, DEADLINE_MS, player_heard(alice, "she stands there"));
    assert_int_equal(alice->lines_n, 3);
    assert_string_equal(alice->lines[0].text, "where is she?");
    assert_string_equal(alice->lines[1].text, "alice is away");
    assert_int_equal(daemon_metric(&server, "openmmo_password_hashes_total"), hashes);
    assert_int_equal(daemon_metric(&server, "openmmo_away"), 0);
    /* She goes on from where she was, and only says LEAVE when she means it. */
    place = alice->self.pos;
    stage_expect_walking(alice, DEADLINE_MS);
    assert_true(distance_m(place, alice->self.pos) < 5);
    player_leave(alice);
    UNTIL(party, DEADLINE_MS, replica_find(bob->replica, entity) == NULL);
    assert_int_equal(daemon_metric(&server, "openmmo_away"), 0);
}

static void test_refused(void **state)
{
    struct player *player;

    (void)state;
    daemon_start(&server, NULL);
    player = connected();
    player_resume(player, "eyJhbGciOiJub25lIn0.e30.", 0);
    UNTIL(party, DEADLINE_MS, player->notices_n == 1);
    assert_int_equal(player->notice, PROTOCOL_REASON_TOKEN_REFUSED);
    player_register(player, "alice", PASSWORD); /* on the same connection */
    UNTIL(party, DEADLINE_MS, player->welcomed);
    player_resume(player, player->token, 0);
    UNTIL(party, DEADLINE_MS, player->notices_n == 2);
    assert_int_equal(player->notice, PROTOCOL_REASON_ALREADY_LOGGED_IN);
}

/* To leave is to be remembered; to log out ends every copy of the token, over a restart too. */
static void test_logged_out(void **state)
{
    struct player *player;
    char token[PROTOCOL_TOKEN_MAX + 1];

    (void)state;
    daemon_start(&server, NULL);
    player = player_new_account(party, &server, "alice");
    snprintf(token, sizeof(token), "%s", player->token);
    player_leave(player);
    UNTIL(party, DEADLINE_MS, daemon_metric(&server, "openmmo_players") == 0);
    player = connected();
    player_by_token(player, token);
    UNTIL(party, DEADLINE_MS, player->welcomed);
    player_log_out(player);
    UNTIL(party, DEADLINE_MS, player->farewell != 0xff);
    assert_int_equal(player->farewell, PROTOCOL_REASON_LOGGED_OUT);
    for (unsigned i = 0; i < 2; i++) {
        player = connected();
        player_resume(player, token, 0);
        UNTIL(party, DEADLINE_MS, player->notices_n == 1);
        assert_int_equal(player->notice, PROTOCOL_REASON_TOKEN_REFUSED);
        player_drop(player);
        if (i == 0) {
            daemon_terminate(&server);
            daemon_start(&server, NULL);
        }
    }
}

/* Who is told that he is logged out is, though the server is killed with the next breath. */
static void test_logged_out_and_killed(void **state)
{
    struct player *player;
    char token[PROTOCOL_TOKEN_MAX + 1], name[16];

    (void)state;
    for (unsigned i = 0; i < 5; i++) {
        daemon_start(&server, NULL);
        snprintf(name, sizeof(name), "alice%u", i);
        player = player_new_account(party, &server, name);
        snprintf(token, sizeof(token), "%s", player->token);
        player_log_out(player);
        while (player->farewell == 0xff) /* nothing between the word and the kill */
            party_pump(party, 1);
        daemon_kill(&server);
        assert_int_equal(player->farewell, PROTOCOL_REASON_LOGGED_OUT);
        player_drop(player);
        daemon_start(&server, NULL);
        player = connected();
        player_by_token(player, token);
        UNTIL(party, DEADLINE_MS, player->welcomed || player->notices_n == 1);
        assert_int_equal(player->notice, PROTOCOL_REASON_TOKEN_REFUSED);
        player_drop(player);
        daemon_kill(&server);
    }
}

/* PostgreSQL stands still: who logs out is told in time that it is not on record; it will be. */
static void test_logged_out_of_a_frozen_database(void **state)
{
    struct player *player;
    char token[PROTOCOL_TOKEN_MAX + 1];
    uint64_t asked_ms;

    (void)state;
    daemon_start(&server, NULL);
    player = player_new_account(party, &server, "alice");
    snprintf(token, sizeof(token), "%s", player->token);
    UNTIL(party, DEADLINE_MS, sql("SELECT count(*) FROM game_sessions") == 1);
    pg_cluster_freeze(&cluster, true);
    asked_ms = now_ms();
    player_log_out(player);
    UNTIL(party, DEADLINE_MS, player->farewell != 0xff);
    assert_in_range(now_ms() - asked_ms, 0, TOLD_MS);
    assert_int_equal(player->farewell, PROTOCOL_REASON_STORE_AWAY);
    assert_non_null(strstr(player->farewell_text, "logged out here"));
    UNTIL(party, DEADLINE_MS, daemon_metric(&server, "openmmo_players") == 0);
    assert_int_equal(daemon_metric(&server, "openmmo_away"), 0); /* he left, he did not drop */
    pg_cluster_freeze(&cluster, false);
    UNTIL(party, DEADLINE_MS,
          sql("SELECT count(*) FROM game_sessions WHERE logged_out_at IS NOT NULL") == 1);
    player = connected();
    player_by_token(player, token);
    UNTIL(party, DEADLINE_MS, player->welcomed || player->notices_n == 1);
    assert_int_equal(player->notice, PROTOCOL_REASON_TOKEN_REFUSED);
}

/* What is kept of one over the restart. */
static struct kept {
    char token[PROTOCOL_TOKEN_MAX + 1];
    struct player *player;
    struct space_pos place;
    uint64_t heard, back_at_ms;
    unsigned lines_n;
} kept[CROWD];

static void come(void)
{
    char name[32];

    for (unsigned i = 0; i < CROWD; i++)
        kept[i].player = player_connect(party, &server);
    for (unsigned i = 0; i < CROWD; i++) {
        UNTIL(party, DEADLINE_MS, kept[i].player->greeted);
        snprintf(name, sizeof(name), "walker%u", i);
        player_register(kept[i].player, name, PASSWORD);
    }
    for (unsigned i = 0; i < CROWD; i++)
        UNTIL(party, 3 * DEADLINE_MS, kept[i].player->welcomed && kept[i].player->selves_n > 0);
}

/* All are told, and forgotten here. The times at which they may come back lie apart. */
static void are_told(uint64_t now)
{
    uint32_t least = UINT32_MAX, most = 0;

    for (unsigned i = 0; i < CROWD; i++) {
        struct player *player = kept[i].player;

        UNTIL(party, DEADLINE_MS, player->gone);
        assert_int_equal(player->farewell, PROTOCOL_REASON_RESTARTING);
        snprintf(kept[i].token, sizeof(kept[i].token), "%s", player->token);
        kept[i].heard = player->heard;
        kept[i].lines_n = player->lines_n;
        kept[i].place = player->self.pos;
        kept[i].back_at_ms = now + player->retry_after_ms;
        if (player->retry_after_ms < least)
            least = player->retry_after_ms;
        if (player->retry_after_ms > most)
            most = player->retry_after_ms;
        kept[i].player = NULL;
    }
    assert_true(most - least > CROWD);
}

/* Each at his time, as a client does. */
static void come_back(void)
{
    unsigned back = 0;

    while (back < CROWD) {
        back = 0;
        for (unsigned i = 0; i < CROWD; i++) {
            struct player *player = kept[i].player;

            if (player == NULL && now_ms() >= kept[i].back_at_ms) {
                kept[i].player = player_connect(party, &server);
            } else if (player != NULL && player->greeted && player->heard == 0) {
                player_resume(player, kept[i].token, kept[i].heard);
            }
            back += player != NULL && player->welcomed;
        }
        party_pump(party, 2);
    }
}

/* A few hundred over a real restart, while they talk. */
static void test_restart(void **state)
{
    uint64_t told_ms;
    struct kept *quiet = &kept[0];
    struct player *talker;
    uint64_t talker_heard;
    long long hashes;

    (void)state;
    daemon_start(&server, NULL);
    come();
    /* Everybody hears one line, so that each has one to name. */
    player_chat(kept[1].player, PROTOCOL_CHANNEL_GLOBAL, "we are all here");
    for (unsigned i = 0; i < CROWD; i++)
        UNTIL(party, DEADLINE_MS, player_heard(kept[i].player, "we are all here"));
    /* One hears nothing more: all that is said now he must hear after the restart. */
    quiet->player->deaf = true;
    talker = kept[2].player;
    for (unsigned i = 0; i < LINES; i++) {
        char text[32];

        snprintf(text, sizeof(text), "before %u", i);
        player_chat(talker, i % 2 ? PROTOCOL_CHANNEL_GLOBAL : PROTOCOL_CHANNEL_NEARBY, text);
        UNTIL(party, DEADLINE_MS, player_heard(talker, text));
    }
    quiet->heard = quiet->player->heard;
    snprintf(quiet->token, sizeof(quiet->token), "%s", quiet->player->token);
    talker_heard = talker->heard;
    told_ms = now_ms();
    daemon_signal(&server, SIGUSR1);
    quiet->player->deaf = false; /* its last bytes may come or not: what it said it heard counts */
    are_told(told_ms);
    quiet->heard = talker_heard - LINES; /* as if none of them had come */
    quiet->lines_n = 1;
    assert_int_equal(daemon_wait_exit(&server), DAEMON_AGAIN);
    party_free(party);
    party = party_new();

    daemon_start(&server, NULL);
    hashes = daemon_metric(&server, "openmmo_password_hashes_total"); /* a decoy's */
    come_back();
    if (now_ms() - told_ms > BACK_MS)
        fail_msg("it took %llu ms", (unsigned long long)(now_ms() - told_ms));
    assert_int_equal(daemon_metric(&server, "openmmo_password_hashes_total"), hashes);
    assert_int_equal(daemon_metric(&server, "openmmo_resumed_total"), CROWD);
    talker = kept[3].player;
    player_chat(talker, PROTOCOL_CHANNEL_GLOBAL, "after");
    for (unsigned i = 0; i < CROWD; i++) {
        struct player *player = kept[i].player;

        UNTIL(party, DEADLINE_MS, player_heard(player, "after") && player->selves_n > 0);
        /* Whatever came before the stop, in the end each has heard each line, once. */
        assert_int_equal(kept[i].lines_n + player->lines_n, 1 + LINES + 1);
        assert_int_equal(player->self.pos.x, kept[i].place.x);
        assert_int_equal(player->self.pos.z, kept[i].place.z);
    }
    assert_int_equal(kept[0].player->lines_n, LINES + 1);
    assert_string_equal(kept[0].player->lines[0].text, "before 0");
    assert_string_equal(kept[0].player->lines[LINES - 1].text, "before 5");
}

static bool is_kept(const char *text)
{
    static char bytes[65536];
    char path[128];
    FILE *file;
    size_t n;

    snprintf(path, sizeof(path), "%s/state/chat", server.dir);
    file = fopen(path, "r");
    if (!file)
        return false;
    n = fread(bytes, 1, sizeof(bytes), file);
    fclose(file);
    for (size_t at = 0; at + strlen(text) <= n; at++)
        if (memcmp(bytes + at, text, strlen(text)) == 0)
            return true;
    return false;
}

/* The server is killed: what was said before it is told to who did not hear it, each line once. */
static void test_killed(void **state)
{
    struct player *alice, *bob;
    char tokens[2][PROTOCOL_TOKEN_MAX + 1], text[32];
    uint64_t alice_heard, bob_heard;

    (void)state;
    daemon_start(&server, NULL);
    alice = player_new_account(party, &server, "alice");
    bob = player_new_account(party, &server, "bob");
    UNTIL(party, DEADLINE_MS, player_sees(bob, alice) != NULL);
    player_chat(bob, PROTOCOL_CHANNEL_GLOBAL, "heard by both");
    UNTIL(party, DEADLINE_MS, player_heard(alice, "heard by both"));
    alice_heard = alice->heard;
    snprintf(tokens[0], sizeof(tokens[0]), "%s", alice->token);
    snprintf(tokens[1], sizeof(tokens[1]), "%s", bob->token);
    player_drop(alice);
    for (unsigned i = 0; i < LINES; i++) {
        snprintf(text, sizeof(text), "line %u", i);
        player_chat(bob, i % 2 ? PROTOCOL_CHANNEL_GLOBAL : PROTOCOL_CHANNEL_NEARBY, text);
        UNTIL(party, DEADLINE_MS, player_heard(bob, text));
    }
    bob_heard = bob->heard;
    UNTIL(party, DEADLINE_MS, is_kept(text)); /* a moment after it was said */
    daemon_kill(&server);
    player_drop(bob);
    daemon_start(&server, NULL);
    alice = resumed(tokens[0], alice_heard);
    bob = resumed(tokens[1], bob_heard);
    player_chat(bob, PROTOCOL_CHANNEL_GLOBAL, "after");
    UNTIL(party, DEADLINE_MS, player_heard(alice, "after") && player_heard(bob, "after"));
    assert_int_equal(alice->lines_n, LINES + 1);
    for (unsigned i = 0; i < LINES; i++) {
        snprintf(text, sizeof(text), "line %u", i);
        assert_string_equal(alice->lines[i].text, text);
    }
    assert_int_equal(bob->lines_n, 1); /* what he heard he does not hear again */
}

/* PostgreSQL stands still: nobody new comes in, and is told so in time; who dropped comes back. */
static void test_frozen_database(void **state)
{
    struct player *alice, *bob, *carol;
    char token[PROTOCOL_TOKEN_MAX + 1];
    uint64_t entity, asked_ms;

    (void)state;
    daemon_start(&server, NULL);
    alice = player_new_account(party, &server, "alice");
    bob = player_new_account(party, &server, "bob");
    entity = alice->entity;
    snprintf(token, sizeof(token), "%s", alice->token);
    player_drop(alice);
    UNTIL(party, DEADLINE_MS, daemon_metric(&server, "openmmo_away") == 1);
    pg_cluster_freeze(&cluster, true);
    carol = connected();
    player_login(carol, "bob", PASSWORD);
    asked_ms = now_ms();
    UNTIL(party, DEADLINE_MS, carol->notices_n > 0);
    assert_int_equal(carol->notice, PROTOCOL_REASON_STORE_AWAY);
    assert_in_range(now_ms() - asked_ms, 0, TOLD_MS);
    alice = resumed(token, 0);
    assert_int_equal(alice->entity, entity);
    stage_expect_walking(alice, DEADLINE_MS);
    pg_cluster_freeze(&cluster, false);
    /* Afterwards the rows are as if nothing had been: two stays, and they end. */
    UNTIL(party, DEADLINE_MS, sql("SELECT count(*) FROM game_sessions") == 2);
    player_leave(alice);
    player_leave(bob);
    UNTIL(party, DEADLINE_MS,
          sql("SELECT count(*) FROM game_sessions"
              " WHERE disconnected_at IS NULL") == 0);
    assert_int_equal(sql("SELECT count(*) FROM game_sessions"), 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        STAGED(test_dropped, NULL),
        STAGED(test_refused, NULL),
        STAGED_BOTH(test_logged_out, NULL),
        STAGED(test_restart, NULL),
        STAGED(test_killed, NULL),
        STAGED_POSTGRESQL(test_frozen_database, NULL),
        STAGED_BOTH(test_logged_out_and_killed, NULL),
        STAGED_POSTGRESQL(test_logged_out_of_a_frozen_database, NULL),
    };

    return cmocka_run_group_tests(tests, pg_cluster_begin, pg_cluster_end);
}
