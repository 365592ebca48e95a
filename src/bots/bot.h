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
#include "bots/scenario.h"
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
    const struct scenario_run *run;
    struct heightfield *field;   /* made by the first who is welcomed */
    uint32_t epoch;              /* the server's, as the last who was welcomed heard */
    unsigned view_m;             /* as the server says; 0: not yet */
    bool measured;               /* it has begun */
    unsigned talk_per_minute;    /* chat lines of each */
    unsigned states[BOT_STATES]; /* how many are in which */
};

/* What a bot is to be. */
struct bot_part {
    uint32_t player; /* its number in the whole run */
    enum scenario_kind kind;
    unsigned seed;
    bool decodes; /* everything; else it checks only */
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
enum bot_state bot_state(const struct bot *bot); /* as of the last call */
uint64_t bot_start_at_us(const struct bot *bot); /* idle: not before */
bool bot_returns(const struct bot *bot); /* it was in the world, and the server said when to come */
/* Add to the report what came and went since the last call. */
void bot_count(struct bot *bot);
/* Nothing has to be waited for: it is in and where it lives, has given up, or need not be there. */
bool bot_settled(const struct bot *bot);
enum scenario_kind bot_kind(const struct bot *bot); /* as its part says */
/* The measuring begins: live elsewhere if the scenario says so. Those who come later are to start
 * at storm_us, without a token if by_password. */
void bot_begin(struct bot *bot, uint64_t storm_us, bool by_password);
/* The measuring ends: see receiver_finish. */
void bot_finish(struct bot *bot, uint64_t now_us);

/* Monotonic microseconds. */
uint64_t bot_now_us(void);

#endif
