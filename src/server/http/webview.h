/* webview.h -- what a web client that plays sees: its part of the world, whom it has been told of,
 * where it wishes to be; and its turn in a sweep, in one write.
 *
 *   game:state, once and when asked | player:left | player:corrected | chat | cells, nearest first
 *
 * One bit a slot says who was announced. It is set with `joined` or a row of the state, and taken
 * back with `left`: when that figure is gone or somebody else (webchange), in a cell out of view,
 * or in a layer that is not this one's; a state takes back all, unsaid. Between looks all announced
 * figures are in cells that are held; so, of a cell that was told of up to `have`, the shared run
 * of those who moved since is right for everybody, and only those who came since are looked at one
 * by one. Never oneself.
 *
 * A turn is passed over while the transport takes nothing: nothing is queued but the ids of those
 * who are to be `left`. Owner: the io thread. */
#ifndef OPENMMO_HTTP_WEBVIEW_H
#define OPENMMO_HTTP_WEBVIEW_H

#include <stdbool.h>
#include <stdint.h>

#include "common/compiler.h"
#include "http/webplayer.h"
#include "play/interest.h"
#include "play/pressure.h"
#include "play/seat.h"

struct webcells;

struct webview {
    struct seat *seat; /* borrowed */
    const struct webplayer_handlers *handlers;
    void *context;
    struct interest interest; /* undivided: level 0 cells */
    struct pace pace;
    uint64_t *announced; /* a bit a slot */
    uint64_t *lefts;     /* keys of those who were announced and are not any more, to be said */
    uint32_t words, lefts_n, lefts_room;
    uint32_t looked;      /* tick of the look whose changes are taken in */
    uint32_t hidden_have; /* of one's own layer */
    uint32_t withheld;
    uint64_t bytes; /* ever */
    uint8_t layer;
    bool began;       /* it was shown the world */
    bool failed;      /* out of memory: it would miss a `left`, and must go */
    bool state_asked; /* game:state is due, and its ack */
    uint32_t state_ack;
    /* Where it wishes to be. */
    bool wished, pending; /* there is a wish; the sim has not been told of it */
    uint8_t pushed;       /* wishes told since the last sweep */
    int32_t wish_x, wish_z;
    uint32_t wish_tick; /* the sim knows it from the tick after the next on */
    bool must_correct;  /* whatever the distance */
    bool corrected;     /* this wish, */
    struct space_pos corrected_at;
    uint64_t corrected_ms; /* then; io clock */
    uint8_t teleports;     /* as of the last turn */
};

/* In place, zeroed before. */
void webview_init(struct webview *view, struct seat *seat,
                  const struct webplayer_handlers *handlers, void *context);
/* Frees what it holds, not the view. */
void webview_fini(struct webview *view);
/* A new wish, units; placed: the sim knows it already (where one joins). */
void webview_wish(struct webview *view, int32_t x, int32_t z, bool placed);
/* A turn in the sweep. Handlers are called; the view must outlive the call. */
void webview_gather(struct webview *view, struct snapshot *snapshot);

#endif
