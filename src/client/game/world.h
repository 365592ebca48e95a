/* world.h -- the world as this client sees it: the ground, oneself, the others, ready to be drawn.
 *
 * Made at WELCOME. Owns the height field, the replica with a track for each figure, and the
 * prediction. Knows no socket (MOVEs are handed to a callback) and no picture beyond gfx's figures.
 * One thread. */
#ifndef OPENMMO_CLIENT_WORLD_H
#define OPENMMO_CLIENT_WORLD_H

#include <stdbool.h>
#include <stdint.h>

#include "common/compiler.h"
#include "common/error.h"
#include "common/protocol.h"
#include "common/text.h"
#include "game/prediction.h"
#include "gfx/gfx.h"

#define WORLD_PLATES_MAX  128   /* the nearest figures' names, */
#define WORLD_PLATES_M    45.0f /* none farther than that */
#define WORLD_SELF_FIGURE 1     /* one's own id in the id picture; others have 2.. */

struct world;

struct world_plate {
    struct space_pos head; /* just over the head */
    const char *name;      /* sanitised; valid until the next world_show */
    float distance_m;      /* from oneself */
};

/* What is to be drawn; valid until the next world_show. */
struct world_shown {
    const struct gfx_figure *figures;
    uint32_t figures_n;
    const struct world_plate *plates; /* nearest first */
    unsigned plates_n;
    struct space_pos self;           /* one's feet */
    const struct heightfield *field; /* the ground that can hide names; NULL: none */
};

/* NULL + error ("this client's ground is not the server's" when the world's hash differs). */
struct world *world_new(const struct protocol_welcome *welcome, struct error *error);
void world_free(struct world *world); /* NULL is fine */

/* BLOCKS, VIEW, SELF, IDENTITY or CLOCK. false: malformed. */
bool world_message(struct world *world, const struct protocol_frame *frame,
                   uint64_t now_us) MUST_CHECK;

/* Run the substeps that frame_us is worth, at the world's tempo, with what the player wants; send
 * is called for each MOVE. Time beyond a quarter of a second is dropped (the server would not grant
 * it either). */
typedef void world_send_fn(void *context, const struct protocol_move *move);
/* frame_us: since the last call. */
void world_advance(struct world *world, const struct movement_intent *intent, uint64_t frame_us,
                   world_send_fn *send, void *context);

/* Names to ask for now; 0: none. */
unsigned world_wanted(struct world *world, struct protocol_who *who);

/* Move everything on to now. */
struct world_shown world_show(struct world *world, uint64_t now_us, uint64_t frame_us);

/* One's place is known and at least one block came: there is something to see. */
bool world_ready(const struct world *world);
/* world_ready, and all figures have names. */
bool world_complete(struct world *world);

/* What the screens ask; all are valid while the world lives. */
const struct heightfield *world_field(const struct world *world);
const struct prediction *world_prediction(const struct world *world); /* oneself */
uint32_t world_entities_n(const struct world *world);                 /* orphans too */
uint32_t world_tick(const struct world *world);                       /* the newest heard of */
float world_view_m(const struct world *world);                        /* how far one sees */
unsigned world_tempo(const struct world *world); /* thousandths of real time: 100..1000 */
double world_late_ms(const struct world *world); /* how late others are shown */

#endif
