/* test_pgbouncer.c -- the daemon behind a pgbouncer in transaction mode, where no two statements
 * need come to the same connection: everything that players and operators do, over a restart, and
 * while the pooler is gone. */
#include "stage_store.h"

#include <arpa/inet.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define TOLD_MS 2500 /* "try again": 2 s, and what a busy machine adds */

static unsigned port;
static pid_t pooler;

static void pooler_start(void)
{
    char path[100], through[200];
    const char *const argv[] = {"/usr/sbin/pgbouncer", path, NULL};
    FILE *file;

    snprintf(path, sizeof(path), "%s/pgbouncer.ini", cluster.root);
    file = fopen(path, "we");
    assert_non_null(file);
    fprintf(file,
            "[databases]\n* = host=%s user=openmmo\n[pgbouncer]\nlisten_addr = 127.0.0.1\n"
            "listen_port = %u\nauth_type = any\nserver_login_retry = 1\nunix_socket_dir =\n"
            "pool_mode = transaction\n",
            cluster.root, port);
    fclose(file);
    pooler = pg_cluster_spawn(&cluster, argv);
    snprintf(through, sizeof(through), "host=127.0.0.1 port=%u user=openmmo dbname=%s", port,
             strrchr(connection, '=') + 1);
    assert_int_equal(pg_cluster_wait(through, pooler), 0);
}

static void pooler_end(void)
{
    kill(pooler, SIGQUIT);
    waitpid(pooler, NULL, 0);
    pooler = 0;
}

/* The stage's own look at the database goes past the pooler. */
static int set(void **state)
{
    char ini[400];

    if (pg_cluster_database(&cluster, connection) < 0)
        return -1;
    port = port_free();
    pooler_start();
    snprintf(ini, sizeof(ini),
             "[store]\ndriver = postgresql\nprepared = no\nflush = 1s\n"
             "connection = host=127.0.0.1 port=%u user=openmmo dbname=%s\n",
             port, strrchr(connection, '=') + 1);
    *state = ini;
    return stage_set(state);
}

static int clear(void **state)
{
    int rc = stage_clear(state);

    if (pooler > 0)
        pooler_end();
    connection[0] = '\0';
    return rc;
}

static struct player *comes_back(const char *token, uint64_t heard)
{
    struct player *player = player_connect(party, &server);

    UNTIL(party, DEADLINE_MS, player->greeted);
    player_resume(player, token, heard);
    UNTIL(party, DEADLINE_MS, player->welcomed && player->selves_n > 0);
    return player;
}

static void test_a_life(void **state)
{
    struct player *alice, *bob;
    char token[PROTOCOL_TOKEN_MAX + 1];
    struct space_pos place;
    uint64_t heard;

    (void)state;
    daemon_start(&server, NULL); /* which makes its tables through the pooler */
    alice = player_new_account(party, &server, "alice");
    bob = player_new_account(party, &server, "bob");
    good("players.mute", "{\"player\":\"bob\",\"reason\":\"loud\",\"duration\":\"1h\"}");
    UNTIL(party, DEADLINE_MS, bob->notice == PROTOCOL_REASON_MUTED);
    good("accounts.set-role", "{\"player\":\"alice\",\"role\":\"moderator\"}");
    player_chat(alice, PROTOCOL_CHANNEL_GLOBAL, "through a pooler");
    UNTIL(party, DEADLINE_MS, player_heard(bob, "through a pooler"));
    UNTIL(party, DEADLINE_MS, sql("SELECT count(*) FROM chat_log") == 1);
    stage_expect_walking(alice, DEADLINE_MS);
    UNTIL(party, DEADLINE_MS, player_is_still(alice));
    place = alice->self.pos;
    heard = alice->heard;
    snprintf(token, sizeof(token), "%s", alice->token);
    daemon_signal(&server, SIGUSR1);
    UNTIL(party, DEADLINE_MS, alice->gone && bob->gone);
    assert_int_equal(daemon_wait_exit(&server), DAEMON_AGAIN);
    assert_int_equal(sql("SELECT count(*) FROM game_sessions WHERE disconnected_at IS NULL"), 0);
    daemon_start(&server, NULL);
    alice = comes_back(token, heard);
    assert_int_equal(alice->self.pos.x, place.x);
    assert_int_equal(alice->self.pos.z, place.z);
    assert_int_equal(alice->role, PROTOCOL_ROLE_MODERATOR);
    good("bans.add", "{\"player\":\"alice\",\"reason\":\"enough\"}");
    UNTIL(party, DEADLINE_MS, alice->gone);
    assert_int_equal(alice->farewell, PROTOCOL_REASON_BANNED);
    assert_int_equal(sql("SELECT count(*) FROM bans"), 1);
    assert_int_equal(sql("SELECT count(*) FROM players"), 2);
    assert_false(daemon_said(&server, "prepared statement"));
    assert_int_equal(daemon_terminate(&server), 0);
}

/* Without the pooler it is as without a database. */
static void test_the_pooler_goes(void **state)
{
    struct player *alice, *carol;
    uint64_t asked_ms;

    (void)state;
    daemon_start(&server, NULL);
    alice = player_new_account(party, &server, "alice");
    pooler_end();
    stage_expect_walking(alice, DEADLINE_MS);
    carol = player_connect(party, &server);
    UNTIL(party, DEADLINE_MS, carol->greeted);
    player_login(carol, "alice", PASSWORD);
    asked_ms = now_ms();
    UNTIL(party, DEADLINE_MS, carol->notices_n > 0);
    assert_int_equal(carol->notice, PROTOCOL_REASON_STORE_AWAY);
    assert_in_range(now_ms() - asked_ms, 0, TOLD_MS);
    player_leave(carol);
    pooler_start();
    UNTIL(party, DEADLINE_MS, daemon_said(&server, "event=store_back"));
    player_leave(player_new_account(party, &server, "carol"));
    UNTIL(party, DEADLINE_MS, sql("SELECT count(*) FROM player_positions") == 2);
    player_leave(alice);
    assert_int_equal(daemon_terminate(&server), 0);
    assert_int_equal(sql("SELECT count(*) FROM game_sessions WHERE disconnected_at IS NULL"), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_a_life, set, clear),
        cmocka_unit_test_setup_teardown(test_the_pooler_goes, set, clear),
    };

    return cmocka_run_group_tests(tests, pg_cluster_begin, pg_cluster_end);
}
