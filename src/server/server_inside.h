/* server_inside.h -- the daemon's rooms in one struct, for the files that put them together; nobody
 * else includes it.
 *
 *   server.c   what starts, in which order, and how it stops
 *   wiring.c   what each room is given, at the start and at a reload
 *   news.c     what the sim says, and who is told
 *   hosting.c  what an operator asks of the server as a whole
 *
 * Control thread, but what news.c says of the sim's. */
#ifndef OPENMMO_SERVER_SERVER_INSIDE_H
#define OPENMMO_SERVER_SERVER_INSIDE_H

#include <event2/event.h>
#include <stdint.h>

#include "accounts/bans.h"
#include "ops/metrics.h"
#include "server/channels.h"
#include "server/config.h"
#include "server/doors.h"
#include "server/stop.h"

#define SERVER_SIGNALS_N 4

struct server {
    struct config *config;
    uint64_t started_ms;
    int lock_fd; /* of the state directory */
    struct doors doors;
    struct event_base *base;
    struct store *store;
    struct heightfield *field;
    struct workers *workers;
    struct keys *keys;
    struct bans *bans;
    struct bans_handlers presence_bans;
    struct policy *policy;
    struct allowlist *allowlist;
    struct backups *backups; /* NULL: the database is a server's */
    struct access *access;
    struct refresh *refresh;
    struct accounts *accounts;
    struct chatlog *chatlog;
    struct scrollback *scrollback;
    struct recent *recent;         /* chat, for players */
    struct transcript *transcript; /* the same, for operators */
    struct reporting *reporting;
    struct retention *retention;
    struct channels channels;
    struct worst *worst; /* long ticks and sweeps */
    struct tally *tally; /* what comes from each address */
    struct sim *sim;
    struct journal *journal;
    struct presence *presence;
    struct sessions *sessions;
    struct ticker *ticker;
    struct monitor *monitor;
    struct reports *reports;
    struct census *census;
    struct http *http;
    uint16_t https_port; /* the first of http.tls_listen; 0: none */
    struct lookout *lookout;
    struct admin *admin;
    struct notify *notify;
    int news_fd; /* the sim has published */
    struct event *news, *status, *signals[SERVER_SIGNALS_N];
    struct metrics_histogram ticks; /* as of the last status line */
    struct ending *ending;          /* an end to come */
    struct stop stop;
};

#endif
