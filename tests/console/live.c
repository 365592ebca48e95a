/* live.c -- see live.h. */
#include "config.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "live.h"
#include "tmux.h"

struct daemon openmmod;
static pid_t bots_pid;

static void start_bots(const char *bots_n)
{
    char port[16], report[128];

    snprintf(port, sizeof(port), "%u", openmmod.port);
    snprintf(report, sizeof(report), "%s/bots", openmmod.dir);
    bots_pid = fork();
    assert_true(bots_pid >= 0);
    if (bots_pid == 0) {
        if (freopen(report, "w", stdout) == NULL || dup2(STDOUT_FILENO, STDERR_FILENO) < 0)
            _exit(126);
        execl(BOTS_PROGRAM, BOTS_PROGRAM, "--port", port, "--players", bots_n, "--prefix", "walker",
              "--rate", "100", "--at-once", "40", "--seconds", "120", (char *)NULL);
        _exit(127);
    }
}

int live_setup(void **state)
{
    const char *bots_n = *state;

    *state = (void *)tmux_missing();
    if (*state != NULL)
        return 0;
    daemon_make(&openmmod, NULL);
    daemon_start(&openmmod, NULL);
    strcpy(tmux_directory, openmmod.dir);
    start_bots(bots_n);
    tmux_shell(openmmod.admin_path);
    return 0;
}

int live_teardown(void **state)
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

bool live_followed(double place_m[2])
{
    const char *panel = strstr(tmux_screen(""), "Following");
    const char *at = panel != NULL ? strstr(panel, "at ") : NULL;

    return at != NULL && sscanf(at + 3, " %lf, %lf", &place_m[0], &place_m[1]) == 2;
}
