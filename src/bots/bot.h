/* bot.h -- one player without a screen: its connection, its way in, its replica of the world and
 * its legs.
 *
 * Registers or logs in with what its account holds, walks and talks, asks who others are, and
 * measures how old the moves are that it sees: the place that a replica shows of another bot is
 * looked up in that bot's trail. Owner: the swarm. One thread. */
#ifndef OPENMMO_BOTS_BOT_H
#define OPENMMO_BOTS_BOT_H

#include <event2/event.h>
#include <stdbool.h>
#include <stdint.h>

#include "bots/accounts.h"
#include "bots/report.h"
#include "common/heightfield.h"
#include "common/link.h"

enum bot_state {
    BOT_IDLE,     /* may be started, from bot_start_at_us on */
    BOT_ENTERING, /* connecting or logging in */
    BOT_JOINED,
    BOT_OVER, /* failed or lost: counted in the report */
};

struct bot;

/* What all bots share; the swarm owns it. */
struct bot_shared {
    struct event_base *base;
    struct link_tls *tls;
    const char *host;
    uint16_t port;
    struct accounts *accounts;
    struct report *report;
    struct heightfield *field; /* made by the first who is welcomed */
    struct bot *by_entity;     /* hash of those who are in the world */
    unsigned players;
    unsigned talk_per_minute; /* chat lines of each */
};

/* account: borrowed. NULL when out of memory. */
struct bot *bot_new(struct bot_shared *shared, struct account *account, unsigned seed);
void bot_free(struct bot *bot); /* says goodbye and closes; NULL is fine */

/* Begin to connect: only when idle. */
void bot_start(struct bot *bot, uint64_t now_us);
/* What is due by now: MOVE, WHO, CHAT, a login that takes too long. */
void bot_turn(struct bot *bot, uint64_t now_us);
enum bot_state bot_state(const struct bot *bot); /* as of the last turn */
uint64_t bot_start_at_us(const struct bot *bot); /* idle: not before */
/* Add to the report what came and went since the last call. */
void bot_count(struct bot *bot);

/* Monotonic microseconds. */
uint64_t bot_now_us(void);

#endif
