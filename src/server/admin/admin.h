/* admin.h -- the operator's socket: JSON-RPC 2.0, one object a line, roles by who is at the other
 * end.
 *
 * Owns the listening Unix socket, its clients, their subscriptions and the log's tap. Lives on
 * control's loop and knows the rest of the server by `struct admin_config` alone, so that it never
 * reaches up to the server that starts it. What it speaks is in doc/admin.md; the methods are rows
 * (method.h), one file per family (cmd_*.c).
 * Control thread only. SIGPIPE must be ignored by the process. */
#ifndef OPENMMO_ADMIN_ADMIN_H
#define OPENMMO_ADMIN_ADMIN_H

#include <event2/event.h>
#include <stdbool.h>
#include <stdint.h>

#include "common/compiler.h"
#include "common/error.h"
#include "common/heightfield.h"
#include "common/options.h"
#include "play/presence.h"
#include "play/sessions.h"

struct admin;
struct alerts;     /* ops/alerts.h */
struct ladder;     /* ops/ladder.h */
struct access;     /* accounts/access.h */
struct bans;       /* accounts/bans.h */
struct recent;     /* play/recent.h */
struct scrollback; /* play/scrollback.h */
struct transcript; /* play/transcript.h */
struct reporting;  /* play/reporting.h */
struct worst;      /* ops/worst.h */
struct ending;     /* ops/ending.h */
struct allowlist;  /* accounts/allowlist.h */
struct backups;    /* store/backups.h */
struct policy;     /* accounts/policy.h */
struct accounts;   /* accounts/accounts.h */
struct tally;      /* net/tally.h */

/* What the server says of itself when asked. Texts NUL-terminated. */
struct admin_status {
    char name[101];        /* of the server */
    bool stopping;         /* a stop is under way */
    bool guests;           /* who has no account may play */
    uint64_t started_ms;   /* Unix time */
    uint32_t tick;         /* the newest */
    uint64_t last_tick_ms; /* Unix time of it */
    uint32_t players_max, connections_max;
    uint16_t https_ports[16];         /* the same of http.tls_listen */
    uint16_t http_ports[16];          /* of http.listen, in its order; 0: no more */
    const char *store;                /* the driver's word, constant: "sqlite" */
    const char *store_place;          /* which database; no secret in it. Valid during the call */
    char store_error[ERROR_TEXT_MAX]; /* empty: the store answers */
    uint32_t durable_epoch, durable_tick; /* the watermark: every position as of then is saved */
    uint64_t durable_ms;                  /* Unix time of it; 0: nothing was saved yet */
};

/* What an operator can ask of the server as a whole; called on the control thread, never later than
 * the method that asks. Every one must be given. */
struct admin_host {
    void (*status)(void *context, struct admin_status *status); /* zeroed before the call */
    /* Load the configuration anew, as SIGHUP does. outcome: what was applied or, with -1, why
     * nothing was; a sentence either way. */
    int (*reload)(void *context, struct error *outcome);
    /* Begin the graceful stop, as SIGTERM does. Must return; the reply is sent while the server
     * drains. reason: for the players; empty: the usual words.
     * restart: they are told to come back at once. */
    void (*shutdown)(void *context, const char *reason, bool restart);
    /* Sign tokens with a new key from now on; the ones before it still verify. outcome: as reload.
     */
    int (*rotate_key)(void *context, struct error *outcome);
    /* The configuration as it holds now; valid until control's next turn. */
    const struct options *(*options)(void *context);
    /* An option as an operator wants it until the next reload or restart. value NULL: as it was
     * before; name NULL: all of them. by: who wants it. 0, or -1 + why nothing was changed. */
    int (*set)(void *context, const char *name, const char *value, const char *by,
               struct error *outcome);
    void *context;
};

struct admin_config {
    struct event_base *base;
    const char *path;                          /* of the socket; copied */
    int *socket;                               /* of admin_bind; -1 once it is taken */
    const struct options_table *options_table; /* constant: &config_table */
    struct presence *presence;                 /* borrowed, outlives the admin */
    struct sessions *sessions;                 /* borrowed, outlives the admin */
    const struct ladder *ladder;               /* borrowed, outlives the admin */
    const struct worst *worst;                 /* the same */
    const struct alerts *alerts;               /* the same */
    struct bans *bans;                         /* borrowed, outlives the admin */
    struct access *access;                     /* the same; NULL: there are no access tokens */
    struct recent *recent;                     /* the same; NULL: nobody keeps what was said */
    struct ending *ending;                     /* the same */
    struct transcript *transcript;             /* the same */
    struct scrollback *scrollback;             /* the same */
    const struct heightfield *field;           /* borrowed, outlives the admin */
    uint32_t spawn_radius_m;                   /* newcomers begin within it of the middle */
    struct policy *policy;                     /* the same */
    struct allowlist *allowlist;               /* the same */
    struct backups *backups;                   /* the same; NULL: it is no file of ours */
    struct reporting *reporting;               /* the same */
    struct accounts *accounts;                 /* the same; NULL: nobody is locked out */
    struct tally *tally;                       /* the same; NULL: addresses are not counted */
    struct store *store; /* borrowed; NULL: nothing is audited but in the log */
    struct admin_host host;
};

/* A socket that listens: who connects waits. The directory is made (0755) if it is missing, the
 * socket is 0666; a socket file that nobody answers on is replaced, one that someone answers on is
 * refused. -1 + error. */
int admin_bind(const char *path, struct error *error) MUST_CHECK;
/* Serve the operators on that socket. Takes the log's tap. NULL + error. */
struct admin *admin_new(const struct admin_config *config, struct error *error);
/* Close all clients (what is already written to a socket still arrives), remove the socket file.
 * NULL is fine, and twice too. */
void admin_stop(struct admin *admin);
/* After store_close, whose last answers come here. NULL is fine. */
void admin_free(struct admin *admin);

#endif
