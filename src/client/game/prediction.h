/* prediction.h -- one's own figure, moved at once and corrected when the server saw it otherwise.
 *
 * Runs movement_step() as the server will, in whole substeps, keeps what was sent until SELF
 * acknowledges it, and compares exactly: where both ran the same steps nothing is ever corrected.
 * After a correction the unacknowledged intents are replayed, and the picture glides over a small
 * difference. Knows no socket and no clock. One thread. */
#ifndef OPENMMO_CLIENT_PREDICTION_H
#define OPENMMO_CLIENT_PREDICTION_H

#include <stdbool.h>
#include <stdint.h>

#include "common/movement.h"
#include "common/protocol.h"

#define PREDICTION_PENDING_MAX 256  /* sent and not yet acknowledged: some 12 s */
#define PREDICTION_BATCH       3    /* substeps of one MOVE: 50 ms; more while frames take longer */
#define PREDICTION_SNAP_M      6.0f /* a larger correction is a teleport: no gliding */

struct prediction_sent {
    uint32_t seq;
    uint8_t substeps;
    struct movement_intent intent;
    struct movement_state after[PROTOCOL_SUBSTEPS_MAX]; /* each substep */
};

struct prediction {
    const struct heightfield *field; /* borrowed */
    bool known;                      /* a first SELF came */
    struct movement_state state;     /* where we think we are */
    struct movement_state before;    /* one substep ago, for drawing between substeps */
    uint32_t acked_seq;
    uint8_t acked_ahead;         /* and of the next one, so many substeps */
    uint8_t teleports;           /* as of the last SELF: another number means snap */
    struct movement_state acked; /* where the server said we were then */
    uint32_t next_seq;
    uint8_t batch;                                          /* substeps at which a MOVE is full */
    struct prediction_sent open;                            /* being filled; substeps 0: none */
    struct prediction_sent pending[PREDICTION_PENDING_MAX]; /* ring */
    unsigned pending_first, pending_n;
    float glide_m[3]; /* what the picture still lags behind the truth */
    uint64_t corrections;
    uint64_t dropped; /* substeps that the server gave up */
};

/* field: borrowed, must outlive it. Nothing moves before the first prediction_self. */
void prediction_init(struct prediction *p, const struct heightfield *field);

/* One substep with that intent. A MOVE that is full, or that the intent no longer fits, is closed
 * into *move: returns true then, and the caller sends it at once. */
bool prediction_substep(struct prediction *p, const struct movement_intent *intent,
                        struct protocol_move *move);
/* So many substeps are due at once (a long frame): MOVEs grow, so that there are not more of them
 * than the server takes in a tick. */
void prediction_expect(struct prediction *p, unsigned substeps);
/* True while too much is unacknowledged: no substeps are run until the server answers. */
bool prediction_stalled(const struct prediction *p);

enum prediction_answer { PREDICTION_SAME, PREDICTION_CORRECTED, PREDICTION_OLD };
/* What the server says of us. */
enum prediction_answer prediction_self(struct prediction *p, const struct protocol_self *self);

/* Let the glide fade by that time. */
void prediction_glide(struct prediction *p, float seconds);
/* Where to draw ourselves: fraction (0..1) of the way from the last substep to this one, with the
 * glide. */
struct space_pos prediction_place(const struct prediction *p, float fraction);

#endif
