/* test_upkeep.c -- an operator keeps the house: ends that are to come, and who may log in
 * meanwhile. Each test has a daemon of its own. */
#include "web.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *answer(const char *method, const char *params)
{
    const char *line = daemon_ask(&server, method, params);

    assert_non_null(line);
    return line;
}

static void good(const char *method, const char *params, const char *says)
{
    const char *line = answer(method, params);

    if (strstr(line, "\"error\":{") != NULL || strstr(line, says) == NULL)
        fail_msg("%s %s: %s", method, params, line);
}

static void refused(const char *method, const char *params, const char *says)
{
    const char *line = answer(method, params);

    if (strstr(line, "\"error\":{") == NULL || strstr(line, says) == NULL)
        fail_msg("%s %s: %s", method, params, line);
}

/* -- ends to come ------------------------------------------------------------------------------ */

static void test_countdown(void **state)
{
    struct player *alice, *late;

    (void)state;
    daemon_start(&server, NULL);
    alice = player_new_account(party, &server, "alice");
    refused("server.shutdown", "{\"in\":\"soon\"}", "90s, 10m or 2h");
    refused("server.cancel", "{}", "nothing to cancel");
    good("server.status", "{}", "\"ending\":null");
    good("server.shutdown", "{\"in\":\"10m\",\"reason\":\"new disks\"}", "\"replaced\":false");
    UNTIL(party, DEADLINE_MS,
          strcmp(alice->notice_text, "The server stops in 10 minutes: new disks") == 0);
    good("server.status", "{}", "\"reason\":\"new disks\"");
    late = player_new_account(party, &server, "late");
    UNTIL(party, DEADLINE_MS, strstr(late->notice_text, "The server stops in ") != NULL);
    good("server.reload", "{}", "outcome"); /* which leaves it alone */
    good("server.status", "{}", "\"reason\":\"new disks\"");
    good("server.shutdown", "{\"in\":\"2s\",\"restart\":true}", "\"replaced\":true");
    UNTIL(party, DEADLINE_MS, strcmp(alice->notice_text, "The server restarts in 1 second.") == 0);
    good("server.cancel", "{}", "cancelled");
    UNTIL(party, DEADLINE_MS,
          strcmp(alice->notice_text, "The server does not restart after all.") == 0);
    assert_true(daemon_running(&server) && !alice->gone);
    good("server.shutdown", "{\"in\":\"1s\"}", "\"at_ms\":");
    assert_int_equal(daemon_wait_exit(&server), 0);
    UNTIL(party, DEADLINE_MS, alice->gone);
    assert_int_equal(alice->farewell, PROTOCOL_REASON_SHUTTING_DOWN);
    /* Which it would not be, had the countdown asked a second time. */
    assert_false(daemon_said(&server, "hurrying"));
}

/* What comes from elsewhere ends at once, and only once. */
static void test_signal_amid_countdown(void **state)
{
    (void)state;
    daemon_start(&server, NULL);
    player_new_account(party, &server, "alice");
    good("server.shutdown", "{\"in\":\"1s\",\"restart\":true}", "\"restart\":true");
    assert_int_equal(daemon_terminate(&server), 0);
    assert_true(daemon_said(&server, "cause=SIGTERM"));
    assert_false(daemon_said(&server, "hurrying"));
}

static void test_restart_is_told_to_the_manager(void **state)
{
    (void)state;
    daemon_start(&server, NULL);
    good("server.shutdown", "{\"restart\":true}", "outcome");
    assert_int_equal(daemon_wait_exit(&server), DAEMON_AGAIN);
}

static void test_restart_when_empty(void **state)
{
    struct player *alice;

    (void)state;
    daemon_start(&server, NULL);
    alice = player_new_account(party, &server, "alice");
    good("server.restart-when-empty", "{}", "\"when_empty\":true");
    good("server.status", "{}", "\"when_empty\":true");
    stage_expect_walking(alice, DEADLINE_MS);
    player_leave(alice);
    assert_int_equal(daemon_wait_exit(&server), DAEMON_AGAIN);
}

/* -- who may log in ---------------------------------------------------------------------------- */

/* Asks for a login, or an account, and is refused. *text: what it is told. */
static enum protocol_reason turned_away(const char *name, bool newcomer, char *text)
{
    struct player *player = player_connect(party, &server);
    enum protocol_reason reason;

    UNTIL(party, DEADLINE_MS, player->greeted);
    (newcomer ? player_register : player_login)(player, name, PASSWORD);
    UNTIL(party, DEADLINE_MS, player->notice != 0xff || player->welcomed);
    assert_false(player->welcomed);
    reason = player->notice;
    strcpy(text, player->notice_text);
    player_drop(player);
    return reason;
}

static void back_from_a_dropped_line(struct player *player)
{
    char token[PROTOCOL_TOKEN_MAX + 1];
    uint64_t heard = player->heard;
    struct player *again;

    snprintf(token, sizeof(token), "%s", player->token);
    player_drop(player);
    UNTIL(party, DEADLINE_MS, daemon_metric(&server, "openmmo_away") == 1);
    again = player_connect(party, &server);
    UNTIL(party, DEADLINE_MS, again->greeted);
    player_resume(again, token, heard);
    UNTIL(party, DEADLINE_MS, again->welcomed);
}

static void maintenance_file(char path[128])
{
    snprintf(path, 128, "%s/state/maintenance", server.dir);
}

static void test_maintenance(void **state)
{
    struct player *alice, *mo;
    char path[128], text[PROTOCOL_TEXT_MAX + 1];
    FILE *file;

    (void)state;
    maintenance_file(path);
    daemon_start(&server, NULL);
    alice = player_new_account(party, &server, "alice");
    mo = player_new_account(party, &server, "mona");
    player_leave(player_new_account(party, &server, "bob"));
    good("accounts.set-role", "{\"player\":\"mona\",\"role\":\"moderator\"}", "moderator");
    player_leave(mo);
    refused("server.maintenance", "{\"on\":true,\"text\":\"a\\u001b[31m\"}", "text:");
    good("server.status", "{}", "\"maintenance\":null");
    good("server.maintenance", "{\"on\":true,\"text\":\"Disks are changed until noon.\"}",
         "\"gone\":0");
    good("server.status", "{}", "\"text\":\"Disks are changed until noon.\"");
    assert_int_equal(daemon_metric(&server, "openmmo_maintenance"), 1);
    /* Others may not in, by whatever way; who is here stays, and finds back; staff may. */
    assert_int_equal(turned_away("bob", false, text), PROTOCOL_REASON_MAINTENANCE);
    assert_string_equal(text, "Disks are changed until noon.");
    assert_int_equal(turned_away("carl", true, text), PROTOCOL_REASON_MAINTENANCE);
    assert_int_equal(
        web_post("/api/auth/register", "{\"username\":\"dora\",\"password\":\"" PASSWORD "\"}"),
        503);
    assert_non_null(strstr(web.body, "Disks are changed until noon."));
    assert_int_equal(
        web_post("/api/auth/login", "{\"username\":\"bob\",\"password\":\"" PASSWORD "\"}"), 503);
    assert_int_equal(
        web_post("/api/auth/login", "{\"username\":\"alice\",\"password\":\"" PASSWORD "\"}"), 200);
    assert_int_equal(web_get("/readyz"), 200);
    assert_int_equal(daemon_metric(&server, "openmmo_logins_total{outcome=\"closed\"}"), 4);
    stage_expect_walking(alice, DEADLINE_MS);
    back_from_a_dropped_line(alice);
    player_returns(party, &server, "mona");
    /* A wrong password learns nothing of it. */
    assert_int_equal(turned_away("nobody", false, text), PROTOCOL_REASON_LOGIN_FAILED);
    /* It outlasts a restart, and nobody comes back over it. */
    assert_int_equal(daemon_terminate(&server), 0);
    daemon_start(&server, NULL);
    good("server.status", "{}", "\"text\":\"Disks are changed until noon.\"");
    assert_int_equal(turned_away("alice", false, text), PROTOCOL_REASON_MAINTENANCE);
    good("server.maintenance", "{\"on\":false}", "\"maintenance\":null");
    assert_int_equal(access(path, F_OK), -1);
    assert_int_equal(daemon_metric(&server, "openmmo_maintenance"), 0);
    player_returns(party, &server, "bob");
    /* Put there by hand: whatever is in it, it is in force. */
    assert_int_equal(daemon_terminate(&server), 0);
    file = fopen(path, "w");
    fputs("by \033[31mhand\nand more", file);
    fclose(file);
    daemon_start(&server, NULL);
    assert_int_equal(turned_away("bob", false, text), PROTOCOL_REASON_MAINTENANCE);
    assert_string_equal(text, "by \\u{001B}[31mhand");
}

/* Those who are asked to go do, but for staff; and the line before a full world too. */
static void test_maintenance_sends_away(void **state)
{
    struct player *alice, *mo, *line;

    (void)state;
    daemon_start(&server, NULL);
    alice = player_new_account(party, &server, "alice");
    mo = player_new_account(party, &server, "mona");
    good("accounts.set-role", "{\"player\":\"mona\",\"role\":\"admin\"}", "admin");
    line = player_connect(party, &server);
    UNTIL(party, DEADLINE_MS, line->greeted);
    player_register(line, "late", PASSWORD);
    UNTIL(party, DEADLINE_MS, line->notice == PROTOCOL_REASON_WAITING);
    good("server.maintenance", "{\"on\":true}", "\"gone\":1");
    UNTIL(party, DEADLINE_MS, line->gone);
    assert_int_equal(line->farewell, PROTOCOL_REASON_MAINTENANCE);
    UNTIL(party, DEADLINE_MS, daemon_metric(&server, "openmmo_waiting") == 0);
    assert_false(alice->gone);
    good("server.maintenance", "{\"on\":true,\"kick\":true,\"text\":\"Go home\"}", "\"gone\":1");
    UNTIL(party, DEADLINE_MS, alice->gone);
    assert_int_equal(alice->farewell, PROTOCOL_REASON_MAINTENANCE);
    assert_string_equal(alice->farewell_text, "Go home");
    stage_expect_walking(mo, DEADLINE_MS);
}

/* Where it cannot be written down it holds all the same, and says so. */
static void test_maintenance_without_a_file(void **state)
{
    char path[128], text[PROTOCOL_TEXT_MAX + 1];

    (void)state;
    daemon_start(&server, NULL);
    maintenance_file(path);
    assert_int_equal(mkdir(path, 0700), 0);
    good("server.maintenance", "{\"on\":true}", "\"unkept\":\"the file ");
    assert_int_equal(turned_away("bob", true, text), PROTOCOL_REASON_MAINTENANCE);
    good("server.maintenance", "{\"on\":false}", "\"unkept\":\"the file ");
    player_new_account(party, &server, "bob");
}

static void test_drain(void **state)
{
    struct player *alice, *bob;
    char text[PROTOCOL_TEXT_MAX + 1];

    (void)state;
    daemon_start(&server, NULL);
    alice = player_new_account(party, &server, "alice");
    bob = player_new_account(party, &server, "bob");
    good("server.drain", "{\"on\":true,\"retry_after\":90}", "\"retry_after_s\":90");
    assert_int_equal(daemon_metric(&server, "openmmo_draining"), 1);
    assert_int_equal(turned_away("carl", true, text), PROTOCOL_REASON_BUSY);
    assert_non_null(strstr(text, "nobody new"));
    assert_int_equal(
        web_post("/api/auth/register", "{\"username\":\"dora\",\"password\":\"" PASSWORD "\"}"),
        503);
    assert_string_equal(web_header("Retry-After"), "90");
    back_from_a_dropped_line(alice);
    player_leave(bob); /* and finds his client was closed by mistake */
    UNTIL(party, DEADLINE_MS, daemon_metric(&server, "openmmo_players") == 1);
    assert_int_equal(
        web_post("/api/auth/login", "{\"username\":\"bob\",\"password\":\"" PASSWORD "\"}"), 200);
    player_returns(party, &server, "bob");
    good("server.drain", "{\"on\":false}", "\"drain\":null");
    player_new_account(party, &server, "carl");
    good("server.drain", "{\"on\":true}", "\"retry_after_s\":60");
    /* A run that begins is drained of nobody. */
    assert_int_equal(daemon_terminate(&server), 0);
    daemon_start(&server, NULL);
    good("server.status", "{}", "\"drain\":null");
    player_new_account(party, &server, "dora");
}

static void test_allowlist(void **state)
{
    struct player *alice;
    char text[PROTOCOL_TEXT_MAX + 1];

    (void)state;
    daemon_start(&server, NULL);
    player_leave(player_new_account(party, &server, "alice"));
    player_leave(player_new_account(party, &server, "bob"));
    good("server.maintenance", "{\"on\":true}", "\"maintenance\":{");
    refused("allowlist.add", "{\"player\":\"nobody\"}", "no account by the name of nobody");
    refused("allowlist.remove", "{\"player\":\"alice\"}", "alice is not listed");
    good("allowlist.add", "{\"player\":\"alice\"}", "\"player\":\"alice\"");
    refused("allowlist.add", "{\"player\":\"Alice\"}", "listed already");
    good("allowlist.list", "{}", "\"accounts\":1");
    good("players.export", "{\"player\":\"alice\",\"part\":\"allowlist\"}", "added_ms");
    alice = player_returns(party, &server, "alice");
    assert_int_equal(turned_away("bob", false, text), PROTOCOL_REASON_MAINTENANCE);
    good("server.maintenance", "{\"on\":true,\"kick\":true}", "\"gone\":0");
    good("server.maintenance", "{\"on\":false}", "\"maintenance\":null");
    player_leave(player_returns(party, &server, "bob"));
    /* Nobody else ever: by a reload, which nobody notices who is here, and from the start on. */
    daemon_configure(&server, "[accounts]\nallowlist = yes\n[auth]\nguests = yes\n");
    good("server.reload", "{}", "2 options");
    assert_int_equal(turned_away("bob", false, text), PROTOCOL_REASON_NOT_LISTED);
    assert_int_equal(turned_away("carl", true, text), PROTOCOL_REASON_REGISTRATION_CLOSED);
    assert_int_equal(
        web_post("/api/auth/register", "{\"username\":\"dora\",\"password\":\"" PASSWORD "\"}"),
        403);
    stage_expect_walking(alice, DEADLINE_MS);
    assert_int_equal(daemon_terminate(&server), 0);
    daemon_start(&server, NULL);
    good("server.status", "{}", "\"allowlist\":{\"only\":true,\"accounts\":1}");
    alice = player_returns(party, &server, "alice");
    assert_int_equal(alice->greeting.logins & (PROTOCOL_LOGIN_REGISTER | PROTOCOL_LOGIN_GUEST), 0);
    good("allowlist.remove", "{\"player\":\"alice\"}", "\"here\":true");
    stage_expect_walking(alice, DEADLINE_MS);
    player_leave(alice);
    UNTIL(party, DEADLINE_MS, daemon_metric(&server, "openmmo_players") == 0);
    assert_int_equal(turned_away("alice", false, text), PROTOCOL_REASON_NOT_LISTED);
    /* Who is erased is listed no more, in memory either. */
    good("allowlist.add", "{\"player\":\"bob\"}", "bob");
    good("players.erase", "{\"player\":\"bob\"}", "erased");
    good("allowlist.list", "{}", "\"accounts\":0,\"rows\":[]");
}

/* -- copies ------------------------------------------------------------------------------------ */

static void test_backup(void **state)
{
    char copy[128], path[160];
    const char *out;
    const char *const restore[] = {"--restore", copy, "--store.path", path, NULL};
    struct stat status;

    (void)state;
    daemon_start(&server, NULL);
    player_new_account(party, &server, "alice");
    refused("server.backup", "{\"name\":\"../evil\"}", "letters, digits");
    refused("server.backup", "{\"name\":\".hidden\"}", "letters, digits");
    good("server.backup", "{\"name\":\"before-noon\"}", "1 accounts");
    snprintf(copy, sizeof(copy), "%s/state/backups/before-noon.db", server.dir);
    assert_int_equal(stat(copy, &status), 0);
    assert_int_equal(status.st_mode & 0777, 0600);
    refused("server.backup", "{\"name\":\"before-noon\"}", "already");
    good("server.backup", "{}", "Z.db");
    /* The daemon's own connection kept its locks, and all is written on. */
    player_leave(player_new_account(party, &server, "bob"));
    good("server.save", "{}", "saved");
    assert_int_equal(daemon_terminate(&server), 0);
    snprintf(path, sizeof(path), "%s/state/restored.db", server.dir);
    assert_int_equal(openmmod_run(restore, &out), 0);
    assert_non_null(strstr(out, "1 accounts"));
}

static void test_log_level(void **state)
{
    (void)state;
    daemon_start(&server, NULL);
    refused("log.level", "{\"level\":\"all\"}", "must be one of");
    good("log.level", "{\"level\":\"error\"}", "error");
    player_new_account(party, &server, "alice");
    good("log.level", "{\"level\":\"info\"}", "info");
    player_new_account(party, &server, "bobby");
    UNTIL(party, DEADLINE_MS, daemon_said(&server, "player=bobby"));
    assert_false(daemon_said(&server, "player=alice"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        STAGED(test_countdown, NULL),
        STAGED(test_signal_amid_countdown, NULL),
        STAGED(test_restart_is_told_to_the_manager, NULL),
        STAGED(test_restart_when_empty, NULL),
        STAGED(test_maintenance, NULL),
        STAGED(test_maintenance_sends_away, "[net]\nplayers_max = 2\n"),
        STAGED(test_maintenance_without_a_file, NULL),
        STAGED(test_drain, NULL),
        STAGED(test_allowlist, NULL),
        STAGED(test_backup, NULL),
        STAGED(test_log_level, NULL),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
