/* crowd.h -- a crowd that is to be left in peace: a daemon, openmmo-bots who walk in it all the
 * time, witnesses among them who measure how late each sees the others, and guests who misbehave in
 * processes of their own.
 *
 * Built on harness.h. The bots check what all of the crowd is sent and say at the end who was lost;
 * the witnesses say how it was from one moment to another. One thread, one crowd. */
#ifndef OPENMMO_TESTS_CROWD_H
#define OPENMMO_TESTS_CROWD_H

#include "harness.h"

#define CROWD_WITNESSES 8

extern struct daemon server;
extern struct party *party;
extern struct player *crowd_witness[CROWD_WITNESSES];

/* Start the daemon with these lines of configuration, and wait until so many bots and the witnesses
 * are in and walk. */
void crowd_begin(const char *more_ini, unsigned bots_n);
/* Send the bots home: all came in, none was lost, the server kept the protocol. The daemon goes on.
 */
void crowd_verdict(void);
/* End whatever runs, remove the directory. For teardowns; fine twice. */
void crowd_clear(void);

/* The witness begins anew from where the server has it: what it walked lately was not accepted. */
void crowd_believe(unsigned witness);
/* Stop this thread of the daemon where it is, as a debugger does, and let it go on. hold: false:
 * this machine does not let us. One at a time. */
bool crowd_hold(const char *thread);
void crowd_let_go(void);

/* Let everybody live for that long. each: called again and again meanwhile; may be NULL. */
void crowd_live(unsigned ms, void (*each)(void));

struct crowd_phase {
    unsigned seen_n; /* moves, each once for every other witness */
    unsigned lost_n; /* not shown a second and a half after the end, by themselves or newer ones */
    uint64_t p50_ms, p99_ms, max_ms;
    long long sent_bytes, full_n; /* by the daemon to all, full blocks (crowd_watch_as) */
};

/* As crowd_live, measuring. Only witnesses whose bits are set. */
struct crowd_phase crowd_watch(unsigned ms, unsigned witnesses, void (*each)(void));
#define CROWD_ALL ((1U << CROWD_WITNESSES) - 1)
/* The same, told on stdout. */
struct crowd_phase crowd_watch_as(const char *name, unsigned ms, void (*each)(void));

long long crowd_metric(const char *name); /* without its "openmmo_" */
long crowd_rss_kib(void);                 /* of the daemon */

/* A line between one player and the daemon, in a thread of its own: what the player says is passed
 * on, what the daemon says is taken through the smallest window, as it is told. */
enum crowd_taking { CROWD_TAKE_ALL, CROWD_TAKE_NOTHING, CROWD_TAKE_BYTES /* one a millisecond */ };
struct crowd_relay;
/* from: where it comes from in the daemon's eyes, in 127.0.0.0/8; NULL: 127.0.0.1. */
struct crowd_relay *crowd_relay_new(uint16_t server_port, const char *from);
uint16_t crowd_relay_port(const struct crowd_relay *relay); /* where the player connects to */
void crowd_relay_take(struct crowd_relay *relay, enum crowd_taking taking);
void crowd_relay_free(struct crowd_relay *relay); /* cut the line; NULL is fine */

/* Another process that misbehaves until it is sent home. kind: of crowd_guest. */
pid_t crowd_invite(const char *kind);
void crowd_send_home(pid_t guest); /* and wait for it */
/* In that process: never returns, but ends. kind: "flood", a thousand messages a second; "vanish",
 * connects and is gone, at every stage of coming in. */
void crowd_guest(const char *kind, uint16_t port);

#endif
