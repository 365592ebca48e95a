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

#include "bots/bot.h"
#include "bots/operator.h"

#define SAVE_US       10000000
#define LOOK_US       200000  /* how often it is looked whether something is due */
#define FLING_US      3000000 /* from one time that all are put elsewhere to the next */
#define FLING_REACH_M 400     /* from the world's middle, each way */

struct crew {
    const struct swarm_options *options;
    struct board *board;
    struct accounts *accounts;
    pid_t pids[REPORT_PROCESSES]; /* 0: none, or ended */
    unsigned left;
    struct error *error;        /* the first trouble */
    uint64_t save_us, fling_us; /* when next */
    unsigned seed;
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

/* All to a random spot, while it is measured. */
static void fling(struct crew *crew, uint64_t now_us)
{
    const struct scenario_run *run = &crew->options->run;
    uint64_t begin_us = atomic_load(&crew->board->begin_us);
    unsigned spread_m = run->radius_m ? run->radius_m : scenario_radius_m(run->scenario);
    struct error error;
    if (begin_us == 0 || now_us < begin_us || !scenario_flings(run->scenario))
        return;
    crew->fling_us = now_us + FLING_US;
    int x_m = rand_r(&crew->seed) % (2 * FLING_REACH_M) - FLING_REACH_M;
    int z_m = rand_r(&crew->seed) % (2 * FLING_REACH_M) - FLING_REACH_M;
    /* A crowd's disc has less room than its square. */
    if (operator_put_everyone(crew->options->admin, x_m, z_m, spread_m * 7 / 8, &error) == -1) {
        trouble(crew, error.text);
        atomic_store(&crew->board->stop, 1);
    }
}

static void wait_for_all(struct crew *crew, const sigset_t *heard)
{
    const struct timespec wait = {0, LOOK_US * 1000};
    crew->save_us = bot_now_us() + SAVE_US;
    while (crew->left > 0) {
        int number = sigtimedwait(heard, NULL, &wait);
        uint64_t now_us = bot_now_us();
        if (number == SIGINT || number == SIGTERM)
            atomic_store(&crew->board->stop, 1);
        bury(crew);
        if (now_us >= crew->save_us) {
            save(crew);
            crew->save_us = now_us + SAVE_US;
        }
        if (now_us >= crew->fling_us && crew->left > 0)
            fling(crew, now_us);
    }
    save(crew);
}

int crew_run(const struct swarm_options *options, struct report *report, struct error *error)
{
    sigset_t heard, before;
    struct crew crew = {.options = options, .error = error, .seed = options->seed};
    memset(report, 0, sizeof *report);
    error->text[0] = '\0';
    signal(SIGPIPE, SIG_IGN);
    crew.accounts = accounts_load(options->accounts, options->prefix, swarm_bots_n(options), error);
    if (crew.accounts)
        accounts_invite(crew.accounts, options->invite);
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
    report->apart = atomic_load(&crew.board->apart_n);
end:
    board_free(crew.board);
    accounts_free(crew.accounts);
    return error->text[0] ? -1 : 0;
}
