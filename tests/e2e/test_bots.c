/* test_bots.c -- openmmo-bots against the real daemon: they come in, see each other move, come back
 * by token, and say how it ended. */
#include "harness.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <jansson.h>

#define STOP_MS 1500

static struct daemon server;
static char accounts_path[128], report_path[128], words_path[128], apart_path[128];
static pid_t bots;

static int setup(void **state)
{
    (void)state;
    daemon_make(&server, NULL);
    daemon_start(&server, NULL);
    snprintf(accounts_path, sizeof accounts_path, "%s/accounts", server.dir);
    snprintf(report_path, sizeof report_path, "%s/report", server.dir);
    snprintf(words_path, sizeof words_path, "%s/words", server.dir);
    snprintf(apart_path, sizeof apart_path, "%s/apart", server.dir);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    if (bots > 0) {
        kill(bots, SIGKILL);
        waitpid(bots, NULL, 0);
    }
    bots = 0;
    unlink(accounts_path);
    unlink(report_path);
    unlink(words_path);
    unlink(apart_path);
    daemon_remove(&server);
    return 0;
}

/* With these arguments, NULL at the end. */
static void start_bots_as(const char *const *extra)
{
    char port[8];
    const char *arguments[32] = {"openmmo-bots", "--port",     port,          "--rate",
                                 "100",          "--accounts", accounts_path, "--json"};
    size_t n = 8;
    snprintf(port, sizeof port, "%u", server.port);
    while (*extra)
        arguments[n++] = *extra++;
    bots = fork();
    assert_true(bots >= 0);
    if (bots > 0)
        return;
    dup2(open(report_path, O_WRONLY | O_CREAT | O_TRUNC, 0600), STDOUT_FILENO);
    dup2(open(words_path, O_WRONLY | O_CREAT | O_TRUNC, 0600), STDERR_FILENO);
    execv("./openmmo-bots", (char *const *)arguments);
    _exit(127);
}

/* Six of them; seconds "0": until they are told to stop. */
static void start_bots(const char *seconds)
{
    const char *const extra[] = {"--players", "6", "--talk", "30", "--seconds", seconds, NULL};
    start_bots_as(extra);
}

static bool bots_ended(int *status)
{
    if (bots > 0 && waitpid(bots, status, WNOHANG) == bots)
        bots = 0;
    return bots == 0;
}

/* Wait for their end; their exit code, and what they reported. */
static json_t *end_of_bots(int *code)
{
    int status = 0;
    json_error_t wrong;
    UNTIL(NULL, 3 * DEADLINE_MS, bots_ended(&status));
    assert_true(WIFEXITED(status));
    *code = WEXITSTATUS(status);
    json_t *report = json_load_file(report_path, 0, &wrong);
    if (!report)
        fail_msg("no report: %s", wrong.text);
    return report;
}

static json_int_t count(json_t *report, const char *section, const char *name)
{
    return json_integer_value(
        json_object_get(section ? json_object_get(report, section) : report, name));
}

static void test_come_see_and_come_back(void **state)
{
    int code;
    (void)state;
    start_bots("3");
    json_t *report = end_of_bots(&code);
    json_t *measured = json_object_get(report, "measured");
    assert_int_equal(code, 0);
    assert_true(json_is_true(json_object_get(report, "good")));
    assert_int_equal(count(report, NULL, "joined"), 6);
    assert_int_equal(count(report, NULL, "registered"), 6);
    assert_true(count(report, "measured", "moves") > 6 * 3);
    assert_true(count(measured, "latency_ms", "seen") > 20);
    /* A machine that stalls may cost time, and so corrections; nothing else may. */
    if (count(report, "measured", "substeps_dropped") == 0) {
        assert_int_equal(count(report, "measured", "corrections"), 0);
        assert_int_equal(count(measured, "latency_ms", "unmatched"), 0);
    }
    json_decref(report);

    /* As the same six, by token. */
    start_bots("1");
    report = end_of_bots(&code);
    assert_int_equal(code, 0);
    assert_int_equal(count(report, NULL, "joined"), 6);
    assert_int_equal(count(report, NULL, "registered"), 0);
    assert_int_equal(json_object_size(json_object_get(report, "notices")), 0);
    json_decref(report);
}

/* A crowd in two processes: one report; all is checked, every distinct block decoded, every move in
 * view delivered. */
static void test_a_crowd_is_measured(void **state)
{
    static const char *const extra[] = {
        "--players", "40",        "--scenario", "crowd",  "--processes", "2", "--decode",
        "4",         "--seconds", "3",          "--talk", "0",           NULL};
    int code;
    (void)state;
    start_bots_as(extra);
    json_t *report = end_of_bots(&code);
    json_t *measured = json_object_get(report, "measured");
    assert_int_equal(code, 0);
    assert_int_equal(count(report, NULL, "players"), 40);
    assert_int_equal(count(report, NULL, "joined"), 40);
    assert_int_equal(count(report, "checks", "decoders"), 10);
    assert_int_equal(count(report, "checks", "faults"), 0);
    json_int_t blocks = count(report, "checks", "blocks");
    json_int_t distinct = count(report, "checks", "distinct_decoded");
    assert_true(distinct > 40 && blocks > 10 * distinct); /* 20 of a process get the same */
    assert_true(json_real_value(json_object_get(measured, "neighbours")) == 39);
    assert_true(count(measured, "lag_ms", "seen") == count(report, "measured", "moves"));
    json_int_t seen = count(measured, "latency_ms", "seen");
    assert_int_equal(seen, count(measured, "latency_ms", "exact") +
                               count(measured, "latency_ms", "replaced") +
                               count(measured, "latency_ms", "undelivered"));
    assert_non_null(json_object_get(json_object_get(measured, "moves_unwalked"), "p99"));
    /* 10 receivers, 39 others, ten moves a second for 3 s: less those on the way at the end. */
    if (count(report, "measured", "substeps_dropped") == 0 &&
        count(report, "measured", "moves") > 1150) {
        assert_true(seen > 10 * 39 * 25 && seen <= 10 * 39 * 31);
        assert_int_equal(count(measured, "latency_ms", "unmatched"), 0);
    }
    json_decref(report);
}

/* Others come in while it is measured, by the tokens that they got before. */
static void test_a_storm_of_logins(void **state)
{
    static const char *const extra[] = {"--players", "8", "--scenario", "login", "--more", "12",
                                        "--seconds", "4", "--talk",     "0",     NULL};
    int code;
    (void)state;
    start_bots_as(extra);
    json_t *report = end_of_bots(&code);
    assert_int_equal(code, 0);
    assert_int_equal(count(report, NULL, "joined"), 8);
    assert_int_equal(count(report, "others", "storm_joined"), 12);
    json_decref(report);
}

/* An operator puts all of them elsewhere, again and again; nobody is lost, and what they are shown
 * is right. */
static void test_a_storm_of_teleports(void **state)
{
    const char *const extra[] = {
        "--players", "24",       "--scenario", "storm",   "--seconds",       "8", "--talk",
        "0",         "--decode", "2",          "--admin", server.admin_path, NULL};
    int code;
    (void)state;
    start_bots_as(extra);
    json_t *report = end_of_bots(&code);
    assert_int_equal(code, 0);
    assert_int_equal(count(report, NULL, "joined"), 24);
    assert_int_equal(count(report, NULL, "lost"), 0);
    assert_int_equal(count(report, "checks", "faults"), 0);
    assert_true(count(report, "measured", "teleports") >= 2 * 24);
    assert_int_equal(count(report, "measured", "corrections"), 0);
    json_decref(report);
}

/* One in a hundred misbehaves: the server ends it, or not, and nobody else. */
static void test_attackers_hurt_nobody(void **state)
{
    static const char *const extra[] = {"--players", "40",     "--scenario", "attack", "--seconds",
                                        "3",         "--talk", "0",          NULL};
    int code;
    (void)state;
    start_bots_as(extra);
    json_t *report = end_of_bots(&code);
    assert_int_equal(code, 0);
    assert_int_equal(count(report, NULL, "joined"), 39);
    assert_int_equal(count(report, NULL, "lost"), 0);
    assert_int_equal(count(report, "others", "odd"), 1);
    assert_true(count(report, "others", "flooded") > 1000);
    json_decref(report);
}

static void restart_with(const char *more_ini)
{
    daemon_configure(&server, more_ini);
    assert_int_equal(daemon_terminate(&server), 0);
    daemon_start(&server, NULL);
}

/* How many others a player was shown, on average. */
static double neighbours(const json_t *report)
{
    return json_real_value(json_object_get(json_object_get(report, "measured"), "neighbours"));
}

/* The server spreads newcomers as wide as it is told: few are in each other's view then. */
static void test_a_wide_beginning(void **state)
{
    static const char *const extra[] = {"--players", "24", "--scenario", "spread", "--here",
                                        "--decode",  "2",  "--seconds",  "3",      NULL};
    int code;
    (void)state;
    restart_with("[world]\nspawn_radius_m = 2000\n");
    start_bots_as(extra);
    json_t *report = end_of_bots(&code);
    double seen = neighbours(report);
    assert_int_equal(code, 0);
    assert_true(seen < 6);
    json_decref(report);
}

/* Among so many wanderers in few cells that these are divided again and again: nothing that any of
 * them is sent is at fault, and they see all. */
static void test_among_wanderers(void **state)
{
    static const char *const extra[] = {"--players", "16", "--decode", "2", "--seconds", "4", NULL};
    int code;
    (void)state;
    restart_with("[net]\nplayer_budget_bytes = 10000000\n"
                 "[world]\nwanderers = 1200\nwanderers_radius_m = 24\n");
    start_bots_as(extra);
    json_t *report = end_of_bots(&code);
    double seen = neighbours(report);
    assert_int_equal(code, 0);
    assert_int_equal(count(report, NULL, "joined"), 16);
    assert_int_equal(count(report, "checks", "faults"), 0);
    assert_true(seen > 1200);
    json_decref(report);
}

/* One never reads, among so many figures that his socket is full soon: he is told less, and the
 * others are shown all. */
static void test_the_deaf_hurt_nobody(void **state)
{
    static const char *const extra[] = {"--players", "16", "--scenario", "slow", "--decode", "2",
                                        "--seconds", "6",  "--talk",     "0",    NULL};
    int code;
    (void)state;
    restart_with("[net]\nplayer_budget_bytes = 10000000\n"
                 "[world]\nwanderers = 1200\nwanderers_radius_m = 24\n");
    start_bots_as(extra);
    UNTIL(NULL, 3 * DEADLINE_MS, daemon_metric(&server, "openmmo_players_shifts_total") > 0);
    json_t *report = end_of_bots(&code);
    assert_int_equal(code, 0);
    assert_int_equal(count(report, NULL, "joined"), 15);
    assert_int_equal(count(report, NULL, "lost"), 0);
    assert_int_equal(count(report, "others", "odd"), 1);
    assert_int_equal(count(report, "checks", "faults"), 0);
    assert_true(neighbours(report) > 1200);
    json_decref(report);
}

/* On stderr. */
static bool bots_said(const char *words)
{
    char text[4096] = "";
    FILE *file = fopen(words_path, "r");
    if (file) {
        text[fread(text, 1, sizeof text - 1, file)] = '\0';
        fclose(file);
    }
    return strstr(text, words) != NULL;
}

static bool all_are_in(void)
{
    return bots_said("6 of 6 are in");
}

/* How far they are from the world's middle on average, as the server has it; 0: nobody is in. */
static double mean_distance_m(void)
{
    json_t *answer = json_loads(daemon_ask(&server, "players.list", "{\"limit\":1000}"), 0, NULL);
    json_t *players = json_object_get(json_object_get(answer, "result"), "players"), *player;
    double sum_m = 0;
    size_t i, n = json_array_size(players);
    json_array_foreach(players, i, player)
    {
        sum_m += hypot(json_real_value(json_object_get(player, "x")),
                       json_real_value(json_object_get(player, "z")));
    }
    json_decref(answer);
    return n > 0 ? sum_m / (double)n : 0;
}

/* They live all over a disc; when it is measured all run to one spot. */
static void test_a_flash_crowd(void **state)
{
    static const char *const extra[] = {"--players", "40", "--scenario", "flash", "--radius", "80",
                                        "--decode",  "2",  "--talk",     "0",     NULL};
    int code;
    (void)state;
    restart_with("[world]\nspawn_radius_m = 80\n");
    start_bots_as(extra);
    UNTIL(NULL, 2 * DEADLINE_MS, bots_said("it is measured from now on"));
    assert_true(mean_distance_m() > 35); /* of such a disc it is 53 */
    UNTIL(NULL, 2 * DEADLINE_MS, mean_distance_m() < 20);
    kill(bots, SIGTERM);
    json_t *report = end_of_bots(&code);
    assert_int_equal(code, 0);
    assert_int_equal(count(report, NULL, "joined"), 40);
    assert_int_equal(count(report, NULL, "lost"), 0);
    assert_int_equal(count(report, "checks", "faults"), 0);
    assert_true(neighbours(report) == 39);
    json_decref(report);
}

/* The server stands still while it is measured: all moves that were due meanwhile went out, and
 * wait for as long as it did; none is left out because nothing was shown. */
static void test_a_stop_is_measured(void **state)
{
    static const char *const extra[] = {"--players", "12", "--scenario", "crowd", "--decode", "1",
                                        "--seconds", "6",  "--talk",     "0",     NULL};
    uint64_t from_ms;
    int code;
    (void)state;
    start_bots_as(extra);
    UNTIL(NULL, 2 * DEADLINE_MS, bots_said("it is measured from now on"));
    from_ms = now_ms();
    UNTIL(NULL, DEADLINE_MS, now_ms() > from_ms + 2500); /* it begins after a second */
    daemon_signal(&server, SIGSTOP);
    from_ms = now_ms();
    UNTIL(NULL, DEADLINE_MS, now_ms() > from_ms + STOP_MS);
    daemon_signal(&server, SIGCONT);
    json_t *report = end_of_bots(&code);
    json_t *latency = json_object_get(json_object_get(report, "measured"), "latency_ms");
    assert_int_equal(code, 0);
    assert_int_equal(count(report, NULL, "lost"), 0);
    if (count(report, "measured", "moves_left_out") == 0) /* the bots had their core */
        assert_true(count(report, "measured", "moves") > 12 * (6 * 10 - 2));
    assert_true(json_real_value(json_object_get(latency, "max")) > STOP_MS - 200);
    /* Ten a second of each, that eleven others see; those of the last 100 ms need not be late. */
    assert_true(json_integer_value(json_object_get(latency, "over_100ms")) >
                12 * 11 * 10 * (STOP_MS - 300) / 1000);
    json_decref(report);
}

/* The server restarts under them: all obey, come back within 15 s, and nobody hashes. That no line
 * of chat comes twice or out of order each of them checks. */
static void test_over_a_restart(void **state)
{
    static const char *const extra[] = {"--players", "150", "--seconds", "20", "--talk", "6", NULL};
    int code;
    (void)state;
    start_bots_as(extra);
    UNTIL(NULL, 2 * DEADLINE_MS, daemon_metric(&server, "openmmo_players") == 150);
    uint64_t told_ms = now_ms();
    daemon_signal(&server, SIGUSR1);
    assert_int_equal(daemon_wait_exit(&server), DAEMON_AGAIN);
    daemon_start(&server, NULL);
    long long hashes = daemon_metric(&server, "openmmo_password_hashes_total");
    UNTIL(NULL, 15000, daemon_metric(&server, "openmmo_players") == 150);
    if (now_ms() - told_ms > 15000)
        fail_msg("it took %llu ms", (unsigned long long)(now_ms() - told_ms));
    assert_int_equal(daemon_metric(&server, "openmmo_password_hashes_total"), hashes);
    assert_int_equal(daemon_metric(&server, "openmmo_resumed_total"), 150);
    json_t *report = end_of_bots(&code);
    assert_int_equal(count(report, NULL, "joined"), 150);
    assert_int_equal(count(report, NULL, "restarts"), 150);
    assert_int_equal(count(report, NULL, "resumed"), 150);
    assert_int_equal(count(report, "checks", "faults"), 0); /* though ticks begin again */
    assert_int_equal(count(report, NULL, "lost"), 0);
    assert_int_equal(count(report, NULL, "failed"), 0);
    json_decref(report);
    /* They said goodbye: nobody's figure waits. */
    UNTIL(NULL, DEADLINE_MS, daemon_metric(&server, "openmmo_players") == 0);
    assert_int_equal(daemon_metric(&server, "openmmo_away"), 0);
}

static void test_stop_when_told(void **state)
{
    int code;
    (void)state;
    start_bots("0");
    UNTIL(NULL, DEADLINE_MS, all_are_in());
    kill(bots, SIGTERM);
    json_t *report = end_of_bots(&code);
    assert_int_equal(count(report, NULL, "joined"), 6);
    assert_int_equal(count(report, NULL, "lost"), 0);
    assert_int_equal(code, 0);
    json_decref(report);
}

/* The first so many who have an account, one a line. */
static void write_apart(unsigned n)
{
    FILE *accounts = fopen(accounts_path, "r"), *apart = fopen(apart_path, "w");
    char name[64];
    assert_true(accounts && apart);
    for (unsigned i = 0; i < n; i++) {
        assert_int_equal(fscanf(accounts, "%63s%*[^\n]", name), 1);
        fprintf(apart, "%s\n", name);
    }
    fclose(accounts);
    fclose(apart);
}

/* Two of six play and are not measured; a list that cannot be had is said, and is no measurement;
 * who is stopped on the way in needs none. */
static void test_some_are_apart(void **state)
{
    static const char *const some[] = {"--players", "6",       "--processes", "2", "--seconds",
                                       "2",         "--apart", apart_path,    NULL};
    static const char *const slowly[] = {"--players", "6",       "--rate",   "1", "--seconds",
                                         "0",         "--apart", apart_path, NULL};
    int code;
    (void)state;
    start_bots_as(some);
    json_t *report = end_of_bots(&code);
    assert_int_equal(code, 1);
    assert_true(bots_said("/apart: No such file"));
    json_decref(report);
    write_apart(2);
    start_bots_as(some);
    report = end_of_bots(&code);
    assert_int_equal(code, 0);
    assert_int_equal(count(report, NULL, "joined"), 6);
    assert_int_equal(count(report, "others", "apart"), 2);
    assert_true(neighbours(report) == 5);
    json_decref(report);
    unlink(apart_path);
    start_bots_as(slowly);
    UNTIL(NULL, DEADLINE_MS, daemon_metric(&server, "openmmo_players") > 0);
    kill(bots, SIGTERM);
    report = end_of_bots(&code);
    assert_in_range(count(report, NULL, "joined"), 1, 5);
    assert_false(bots_said("/apart"));
    json_decref(report);
}

static void test_a_lost_server_is_told(void **state)
{
    int code;
    (void)state;
    start_bots("0");
    UNTIL(NULL, DEADLINE_MS, all_are_in());
    assert_int_equal(daemon_terminate(&server), 0);
    json_t *report = end_of_bots(&code);
    assert_int_equal(code, 1);
    assert_int_equal(count(report, NULL, "lost"), 6);
    assert_int_equal(count(report, "disconnects", "SHUTTING_DOWN"), 6);
    json_decref(report);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_come_see_and_come_back, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_crowd_is_measured, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_storm_of_logins, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_storm_of_teleports, setup, teardown),
        cmocka_unit_test_setup_teardown(test_attackers_hurt_nobody, setup, teardown),
        cmocka_unit_test_setup_teardown(test_the_deaf_hurt_nobody, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_wide_beginning, setup, teardown),
        cmocka_unit_test_setup_teardown(test_among_wanderers, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_flash_crowd, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_stop_is_measured, setup, teardown),
        cmocka_unit_test_setup_teardown(test_over_a_restart, setup, teardown),
        cmocka_unit_test_setup_teardown(test_stop_when_told, setup, teardown),
        cmocka_unit_test_setup_teardown(test_some_are_apart, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_lost_server_is_told, setup, teardown),
    };
    signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
