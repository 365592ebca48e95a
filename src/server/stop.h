/* stop.h -- how the daemon ends: players are told, all leave, positions are made durable, the loop
 * ends.
 *
 * Asked once it is patient with the players, asked again it no longer waits for them; it never goes
 * without the save, which has a bound of its own (presence_save_all). Control thread. */
#ifndef OPENMMO_SERVER_STOP_H
#define OPENMMO_SERVER_STOP_H

#include <event2/event.h>
#include <stdbool.h>
#include <stdint.h>

#include "http/http.h"
#include "play/presence.h"
#include "play/sessions.h"

struct stop {
    /* Set by the owner, borrowed. */
    struct event_base *base; /* its loop is broken when all is done */
    struct sessions *sessions;
    struct http *http;
    struct presence *presence;

    unsigned asked_n;   /* 0: nobody wants an end */
    unsigned drained_n; /* of sessions and HTTP */
    bool restart;       /* who asked last wants it to begin again */
    bool saving;
    uint32_t lost; /* positions that could not be saved; for after the loop */
};

/* cause: who asks, for the log. reason: for the players, may be empty. restart: they are told to
 * come back at once, each at a time of his own, and the service manager to start it again. */
void stop_ask(struct stop *stop, const char *cause, const char *reason, bool restart);

#endif
