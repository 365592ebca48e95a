/* bot.h -- one player without a screen: its connection, its way in, what it makes of what it is
 * sent, and its legs.
 *
 * Registers or logs in with what its account holds, walks and talks, asks who others are if it
 * decodes. Owner: the swarm, which tells it what its socket has and when its next move is due. One
 * thread. */
#ifndef OPENMMO_BOTS_BOT_H
#define OPENMMO_BOTS_BOT_H

#include <stdbool.h>
#include <stdint.h>

#include "bots/accounts.h"
#include "bots/receiver.h"
#include "common/heightfield.h"
#include "common/link.h"

enum bot_state {
    BOT_IDLE,     /* may be started, from bot_start_at_us on */
    BOT_ENTERING, /* connecting or logging in */
    BOT_JOINED,
    BOT_OVER, /* failed or lost: counted in the report */
};
#define BOT_STATES (BOT_OVER + 1)

struct bot;

/* What all bots of a process share; the swarm owns it. */
struct bot_shared {
    int epoll; /* a bot's events carry the bot; edge-triggered */
    struct link_tls *tls;
    const char *host;
    uint16_t port;
    struct accounts *accounts;
    struct report *report;
    struct board *board;
    struct receiver_shared receivers;
    struct heightfield *field;   /* made by the first who is welcomed */
    unsigned talk_per_minute;    /* chat lines of each */
    unsigned states[BOT_STATES]; /* how many are in which */
};

/* What a bot is to be. */
struct bot_part {
    uint32_t player; /* its number in the whole run */
    unsigned seed;
    bool decodes; /* everything; else it checks only */
    bool steady;  /* walks all the time */
    bool homed;   /* lives at home; else where it comes in */
    struct space_pos home;
    unsigned leash_m; /* how far from home it goes */
};

/* account: borrowed. NULL when out of memory. */
struct bot *bot_new(struct bot_shared *shared, struct account *account,
                    const struct bot_part *part);
void bot_free(struct bot *bot); /* says goodbye and closes; NULL is fine */

/* Begin to connect: only when idle. */
void bot_start(struct bot *bot, uint64_t now_us);
/* Its socket has something (epoll's events). */
void bot_ready(struct bot *bot, uint32_t events, uint64_t now_us);
/* Its turn, ten times a second: a MOVE that is due at due_us, and what else is due by now. */
void bot_turn(struct bot *bot, uint64_t due_us, uint64_t now_us);
enum bot_state bot_state(const struct bot *bot);
uint64_t bot_start_at_us(const struct bot *bot); /* idle: not before */
/* Add to the report what came and went since the last call. */
void bot_count(struct bot *bot);
/* The measuring ends: see receiver_finish. */
void bot_finish(struct bot *bot, uint64_t now_us);
/* Live there from now on. */
void bot_go(struct bot *bot, struct space_pos home, unsigned leash_m);

/* Monotonic microseconds. */
uint64_t bot_now_us(void);

#endif
