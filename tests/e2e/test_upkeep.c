/* test_upkeep.c -- an operator keeps the house: ends that are to come, and who may log in
 * meanwhile. Each test has a daemon of its own. */
#include "stage.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
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
    struct player *alice;

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        STAGED(test_countdown, NULL),
        STAGED(test_signal_amid_countdown, NULL),
        STAGED(test_restart_is_told_to_the_manager, NULL),
        STAGED(test_restart_when_empty, NULL),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
