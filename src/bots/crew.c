/* crew.c -- see crew.h. */
#include "bots/crew.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define SAVE_S 10

struct crew {
    const struct swarm_options *options;
    struct board *board;
    struct accounts *accounts;
    pid_t pids[REPORT_PROCESSES]; /* 0: none, or ended */
    unsigned left;
    struct error *error; /* the first trouble */
};

static void trouble(struct crew *crew, const char *text)
{
    if (!crew->error->text[0])
        error_set(crew->error, "%s", text);
}

/* A process of players: its report lies on the board. */
static void play(struct crew *crew, unsigned process, pid_t parent)
{
    struct report *report = &crew->board->reports[process];
    prctl(PR_SET_PDEATHSIG, SIGKILL); /* nobody plays on when the parent is killed */
    if (getppid() != parent)
        _exit(1);
    signal(SIGINT, SIG_IGN); /* of the terminal: the parent passes it on by the board */
    int rc = swarm_run(crew->options, crew->board, process, crew->accounts, &report->trouble);
    _exit(rc == 0 ? 0 : 1);
}

static void part(struct crew *crew)
{
    pid_t parent = getpid();
    for (unsigned i = 0; i < crew->options->processes; i++) {
        pid_t pid = fork();
        if (pid == 0)
            play(crew, i, parent);
        if (pid == -1) {
            trouble(crew, strerror(errno));
            atomic_store(&crew->board->stop, 1);
            return;
        }
        crew->pids[i] = pid;
        crew->left++;
    }
}

/* Bury who has ended; one that fails ends all. */
static void bury(struct crew *crew)
{
    for (unsigned i = 0; i < crew->options->processes; i++) {
        int status;
        if (!crew->pids[i] || waitpid(crew->pids[i], &status, WNOHANG) != crew->pids[i])
            continue;
        crew->pids[i] = 0;
        crew->left--;
        if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
            continue;
        const char *text = crew->board->reports[i].trouble.text;
        trouble(crew, text[0] ? text : "a process of the bots ended before its time");
        atomic_store(&crew->board->stop, 1);
    }
}

static void save(struct crew *crew)
{
    struct error error;
    if (accounts_save(crew->accounts, &error) == -1)
        trouble(crew, error.text);
}

static void wait_for_all(struct crew *crew, const sigset_t *heard)
{
    const struct timespec wait = {SAVE_S, 0};
    while (crew->left > 0) {
        int number = sigtimedwait(heard, NULL, &wait);
        if (number == SIGINT || number == SIGTERM)
            atomic_store(&crew->board->stop, 1);
        else if (number == -1 && errno == EAGAIN)
            save(crew);
        bury(crew);
    }
    save(crew);
}

int crew_run(const struct swarm_options *options, struct report *report, struct error *error)
{
    sigset_t heard, before;
    struct crew crew = {.options = options, .error = error};
    memset(report, 0, sizeof *report);
    error->text[0] = '\0';
    signal(SIGPIPE, SIG_IGN);
    crew.accounts = accounts_load(options->accounts, options->prefix, swarm_bots_n(options), error);
    if (!crew.accounts || accounts_share(crew.accounts, error) == -1)
        goto end;
    crew.board = board_new(swarm_bots_n(options), options->processes);
    if (!crew.board) {
        error_set(error, "out of memory");
        goto end;
    }
    for (uint32_t i = 0; i < options->run.players; i++)
        crew.board->awaited += scenario_kind(&options->run, i) == SCENARIO_PLAYER;
    sigemptyset(&heard);
    sigaddset(&heard, SIGINT);
    sigaddset(&heard, SIGTERM);
    sigaddset(&heard, SIGCHLD);
    sigprocmask(SIG_BLOCK, &heard, &before);
    part(&crew);
    wait_for_all(&crew, &heard);
    sigprocmask(SIG_SETMASK, &before, NULL);
    for (unsigned i = 0; i < options->processes; i++)
        report_merge(report, &crew.board->reports[i]);
end:
    board_free(crew.board);
    accounts_free(crew.accounts);
    return error->text[0] ? -1 : 0;
}
