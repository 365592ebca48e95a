/* movement.h -- how a figure moves: the one function that server and client share. Integer only.
 *
 * A substep is 1/60 s. Walking 4 m/s, running 8 m/s, jump 5 m/s upwards, gravity 15 m/s^2. The
 * ground carries; slopes steeper than 1:1 uphill stop a figure; the world's edge is a wall. Pure;
 * any thread. */
#ifndef OPENMMO_COMMON_MOVEMENT_H
#define OPENMMO_COMMON_MOVEMENT_H

#include <stdbool.h>
#include <stdint.h>

#include "common/heightfield.h"
#include "common/space.h"

#define MOVEMENT_SUBSTEPS_PER_S    60
#define MOVEMENT_SUBSTEPS_PER_TICK 3 /* 20 Hz */
#define MOVEMENT_WALK_M_S          4
#define MOVEMENT_RUN_M_S           8

/* Flags of an intent. */
#define MOVEMENT_WALK       0x01u /* go along `heading`; else stand */
#define MOVEMENT_RUN        0x02u /* with WALK: run */
#define MOVEMENT_JUMP       0x04u /* leave the ground, if on it */
#define MOVEMENT_FLAGS_MASK 0x07u

struct movement_state {
    struct space_pos pos;
    int32_t velocity_y; /* 1/4096 m per s; 0 on the ground */
    uint16_t yaw;       /* where the figure looks; 65536 = a full turn */
    uint8_t airborne;   /* 0 or 1 */
    uint8_t pose;       /* enum movement_pose, derived by the last substep */
};

enum movement_pose { MOVEMENT_STANDING, MOVEMENT_WALKING, MOVEMENT_RUNNING, MOVEMENT_JUMPING };

struct movement_intent {
    uint16_t heading; /* direction of travel, as yaw */
    uint16_t yaw;     /* where to look */
    uint8_t flags;    /* MOVEMENT_* */
};

/* One substep of 1/60 s. */
void movement_step(struct movement_state *state, const struct movement_intent *intent,
                   const struct heightfield *field);

/* Go one substep of 1/60 s towards a place, running, in a straight line or along what is in the
 * way. heading: as movement_heading says it, where the figure looks. True: it is nearer than
 * before, and there is some way to go yet, or it is in the air. */
bool movement_step_to(struct movement_state *state, int32_t x, int32_t z, uint16_t heading,
                      const struct heightfield *field);

/* The yaw that looks along (dx, dz); 0 if both are 0. Each less than 2^31. */
uint16_t movement_heading(int64_t dx, int64_t dz);

/* Put a figure on the ground at x, z (clamped into the world): standing, not airborne. */
void movement_place(struct movement_state *state, int32_t x, int32_t z, uint16_t yaw,
                    const struct heightfield *field);

/* Could a figure of this world be so? In the world, of a height and a speed that it can have, known
 * flags. What is read from a file is asked this; the functions above keep it true. */
bool movement_valid(const struct movement_state *state, const struct heightfield *field);

/* Sine in 1/32768 of a 16-bit angle, from a constant table: -32768..32768. */
int32_t movement_sin(uint16_t angle);
int32_t movement_cos(uint16_t angle); /* likewise */

#endif
