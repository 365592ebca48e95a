/* test_cockpit.c -- the whole of it: the console in a real terminal, the real daemon, real bots. An
 * operator sees them, finds one, ends its session, speaks to all and stops the server. */
#include "config.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../e2e/harness.h"
#include "tmux.h"

static struct daemon openmmod;
static pid_t bots_pid;

static void start_bots(void)
{
    char port[16], report[128];

    snprintf(port, sizeof(port), "%u", openmmod.port);
    snprintf(report, sizeof(report), "%s/bots", openmmod.dir);
    bots_pid = fork();
    assert_true(bots_pid >= 0);
    if (bots_pid == 0) {
        if (freopen(report, "w", stdout) == NULL || dup2(STDOUT_FILENO, STDERR_FILENO) < 0)
            _exit(126);
        execl(BOTS_PROGRAM, BOTS_PROGRAM, "--port", port, "--players", "6", "--prefix", "walker",
              "--seconds", "120", (char *)NULL);
        _exit(127);
    }
}

static int setup(void **state)
{
    *state = (void *)tmux_missing();
    if (*state != NULL)
        return 0;
    daemon_make(&openmmod, NULL);
    daemon_start(&openmmod, NULL);
    strcpy(tmux_directory, openmmod.dir);
    start_bots();
    tmux_shell(openmmod.admin_path);
    return 0;
}

static int teardown(void **state)
{
    if (*state != NULL)
        return 0;
    tmux_run(TMUX "kill-server 2>&1", tmux_directory);
    if (bots_pid > 0) {
        kill(bots_pid, SIGKILL);
        waitpid(bots_pid, NULL, 0);
    }
    daemon_remove(&openmmod);
    return 0;
}

/* What the console's exec prints. */
static const char *exec_says(const char *arguments)
{
    return tmux_run("%s --socket %s exec %s 2>&1", tmux_console_path, openmmod.admin_path,
                    arguments);
}

static void an_operator_runs_the_server(void **state)
{
    char name[64], keys[128];
    const char *said;

    if (*state != NULL) {
        print_message("skipped: %s\n", (const char *)*state);
        skip();
    }
    tmux_console("");
    tmux_see("Players 6 of");
    tmux_see("sqlite");
    /* One of them, by the name that exec says, is found, kicked and gone. */
    said = strstr(exec_says("players.list limit=1"), "\nwalker");
    assert_non_null(said);
    assert_int_equal(sscanf(said, "%63s", name), 1);
    tmux_type("2");
    tmux_see(name);
    snprintf(keys, sizeof(keys), "-l '/%s'", name);
    tmux_type(keys);
    tmux_see("(1 match)");
    tmux_type("Enter K");
    tmux_see("[ No ]");
    tmux_type("r");
    tmux_type("-l bye");
    tmux_type("Tab Tab");
    tmux_see("[ Yes, kick ]");
    tmux_type("Enter");
    tmux_see("kicked walker");
    tmux_see("Nobody matches");
    UNTIL(NULL, DEADLINE_MS,
          daemon_said(&openmmod, "reason=KICKED") && daemon_said(&openmmod, "method=players.kick"));
    assert_non_null(strstr(exec_says("announce 'text=tea at five'"), "players"));
    assert_non_null(strstr(exec_says("server.save"), "saved"));
    assert_non_null(strstr(exec_says("server.reload"), "outcome"));
    tmux_type("5");
    tmux_see("method=announce");
    assert_non_null(strstr(exec_says("server.shutdown reason=tea"), "stops"));
    assert_int_equal(daemon_wait_exit(&openmmod), 0);
    tmux_see("[LOST");
    /* It comes again, and so does the picture. */
    daemon_start(&openmmod, NULL);
    tmux_see("[OK]");
    tmux_type("q");
    tmux_is_sane("left:0");
    assert_int_equal(daemon_terminate(&openmmod), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(an_operator_runs_the_server, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
