/* sim_world.h -- what the tests of the simulation share: a small world, commands, a drawn number.
 */
#ifndef OPENMMO_TESTS_SIM_WORLD_H
#define OPENMMO_TESTS_SIM_WORLD_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/sim.h"

#define WORLD_SEED   7
#define WORLD_SIZE_M 1024
#define BATCH_MAX    4096

struct batch {
    struct command commands[BATCH_MAX];
    size_t n;
    struct sim_event events[2 * BATCH_MAX];
    size_t events_n;
    struct sim_step_counts counts;
};

static inline uint32_t draw(uint64_t *state)
{
    *state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)(*state >> 33);
}

static inline struct command *batch_add(struct batch *batch, uint64_t session,
                                        enum command_kind kind, uint32_t sequence)
{
    struct command *command = &batch->commands[batch->n++];

    memset(command, 0, sizeof(*command));
    command->session = session;
    command->sequence = sequence;
    command->kind = (uint8_t)kind;
    command->producer =
        kind == COMMAND_INTENT || kind == COMMAND_CHAT ? COMMAND_FROM_IO : COMMAND_FROM_CONTROL;
    return command;
}

static inline struct command *batch_join(struct batch *batch, uint64_t session, uint64_t player,
                                         int32_t x_m, int32_t z_m)
{
    struct command *join = batch_add(batch, session, COMMAND_JOIN, 1);
    char name[32];
    int len = snprintf(name, sizeof(name), "player%u", (unsigned)player);

    join->as.join.player = player;
    join->as.join.name = blob_new(name, (size_t)len);
    join->as.join.x = x_m * SPACE_UNITS_PER_M;
    join->as.join.z = z_m * SPACE_UNITS_PER_M;
    join->as.join.looks = (uint32_t)player * 77;
    return join;
}

static inline struct command *batch_intent(struct batch *batch, uint64_t session, uint32_t seq,
                                           uint16_t heading, uint8_t substeps)
{
    struct command *intent = batch_add(batch, session, COMMAND_INTENT, seq);

    intent->as.intent.seq = seq;
    intent->as.intent.intent =
        (struct movement_intent){heading, heading, MOVEMENT_WALK | MOVEMENT_RUN};
    intent->as.intent.substeps = substeps;
    return intent;
}

static inline void batch_teleport(struct batch *batch, uint64_t session, int32_t x_m, int32_t z_m)
{
    struct command *teleport = batch_add(batch, session, COMMAND_TELEPORT, 3);

    teleport->as.teleport.x = x_m * SPACE_UNITS_PER_M;
    teleport->as.teleport.z = z_m * SPACE_UNITS_PER_M;
}

static inline void batch_chat(struct batch *batch, uint64_t session, const char *text,
                              uint32_t sequence)
{
    struct command *chat = batch_add(batch, session, COMMAND_CHAT, sequence);

    chat->as.chat.channel = PROTOCOL_CHANNEL_NEARBY;
    chat->as.chat.text = blob_new(text, strlen(text));
}

/* Sort, step, and begin anew. */
static inline void batch_step(struct batch *batch, struct sim *sim)
{
    qsort(batch->commands, batch->n, sizeof(batch->commands[0]), command_compare);
    batch->events_n = sim_step(sim, batch->commands, batch->n, batch->events, &batch->counts);
    batch->n = 0;
}

#endif
