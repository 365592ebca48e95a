/* swarm.h -- the bots of one process: their loop, when each has its turn, how fast they come in,
 * when they are measured and when they go.
 *
 * The load is open: every player's moves are due at fixed times, ten a second, spread evenly over
 * all players of the run, whatever the server or this process does. One thread. */
#ifndef OPENMMO_BOTS_SWARM_H
#define OPENMMO_BOTS_SWARM_H

#include <stdbool.h>
#include <stdint.h>

#include "bots/accounts.h"
#include "bots/board.h"
#include "bots/scenario.h"
#include "common/compiler.h"
#include "common/error.h"

struct swarm_options {
    const char *host, *prefix, *invite; /* invite: or empty */
    const char *accounts;               /* file; NULL: kept nowhere */
    const char *apart;                  /* file; NULL: all are measured */
    uint16_t port;
    struct scenario_run run; /* its players: of all processes, >= 1 */
    unsigned more;           /* players who come once it is measured */
    unsigned more_rate;      /* of them, a second, >= 1 */
    bool by_password;        /* they, instead of by token */
    unsigned processes;      /* >= 1 */
    unsigned seconds;        /* measured; 0: until a signal */
    unsigned rate;           /* logins begun a second, of all processes, >= 1 */
    unsigned at_once;        /* logins that may be on their way at once, of all processes, >= 1 */
    unsigned decode;         /* one in so many players decodes everything, >= 1 */
    unsigned seed;
    unsigned talk_per_minute; /* chat lines of each player */
    const char *admin;        /* socket, where the scenario takes an operator; else NULL */
};

/* Players of all processes, those who come later too. */
static inline unsigned swarm_bots_n(const struct swarm_options *options)
{
    return options->run.players + options->more;
}

/* Bring in the players of this process (every processes-th of the run, from process on), let them
 * play, take them out; the process's report on the board says how it went. Ends early when the
 * board says so or when nobody is left. Returns 0, or -1 + error: it could not begin. */
int swarm_run(const struct swarm_options *options, struct board *board, unsigned process,
              struct accounts *accounts, struct error *error) MUST_CHECK;

#endif
