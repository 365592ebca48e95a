/* fake_host.h -- an admin socket with a make-believe server behind it: for tests of the socket and
 * of the console. It defines what of presence, sessions and options the admin room calls. One
 * thread: whoever uses it runs the loop. */
#ifndef OPENMMO_TESTS_FAKE_HOST_H
#define OPENMMO_TESTS_FAKE_HOST_H

#include "accounts/policy.h"
#include "admin/admin.h"
#include "net/tally.h"
#include "ops/alerts.h"
#include "ops/ending.h"
#include "ops/ladder.h"
#include "ops/worst.h"

#define FAKE_PLAYERS_MAX 4096

struct fake_host {
    struct event_base *base;
    struct admin *admin;
    char path[108];
    struct presence_row players[FAKE_PLAYERS_MAX];
    unsigned players_n;
    char announced[512], said[512], kicked[512], kick_reason[256], shutdown_reason[256];
    char notice[512]; /* the last private word, */
    uint64_t told;    /* and to which session */
    unsigned teleports;
    unsigned lists; /* of players, as they were asked for */
    bool restart;   /* the shutdown was for one */
    unsigned kicks, shutdowns, reloads, saves, rotations;
    bool stopping;
    struct ladder ladder;
    struct ending *ending;
    struct alerts alerts;
    struct tally *tally; /* the tests fill it */
    struct worst *worst; /* producer 0 ticks, 1 sweeps; taken by who notes */
    struct heightfield *field;
    struct snapshot *world; /* what presence_world says; NULL: nothing yet */
    struct policy *policy;
    unsigned turned_out;
    struct options *options;
    const char *reload_fault; /* NULL: reloads succeed */
    void (*saved)(void *context, uint32_t lost);
    void *saved_context;
};

/* The one that is running (presence, sessions and options functions look here). */
extern struct fake_host fake_host;

/* Listen in a fresh directory under TMPDIR with players_n players: "anna", "Bjorn" and others. */
void fake_host_start(unsigned players_n);
void fake_host_start_at(const char *path, unsigned players_n);
/* Be a daemon at that path, with figures that move, until a signal ends the process. */
_Noreturn void fake_host_serve(const char *path, unsigned players_n);
void fake_host_players(unsigned players_n);
void fake_host_stop(void);
/* One turn of the loop, waiting at most 5 ms. */
void fake_host_turn(void);

#endif
