/* sim_room.h -- setup and teardown of a test of the simulation: a world of its own. */
#ifndef OPENMMO_TESTS_SIM_ROOM_H
#define OPENMMO_TESTS_SIM_ROOM_H

#include "sim_world.h"

struct room {
    struct heightfield *field;
    struct sim *sim;
    struct batch batch;
    uint64_t seed;             /* for draw */
    unsigned dropped, refused; /* for a test to count in */
};

static inline struct sim *room_sim(const struct heightfield *field, uint32_t entities_max,
                                   unsigned readers)
{
    struct sim_config config = {.field = field, .entities_max = entities_max, .readers = readers};
    struct error error;

    return sim_new(&config, &error);
}

/* divide_above: as of struct sim_config. */
static inline int room_make_divided(void **state, uint32_t entities_max, unsigned readers,
                                    uint32_t divide_above)
{
    struct sim_config config = {
        .entities_max = entities_max, .readers = readers, .divide_above = divide_above};
    struct error error;
    struct room *room = calloc(1, sizeof(*room));

    room->field = heightfield_new(WORLD_SEED, WORLD_SIZE_M);
    config.field = room->field;
    room->sim = sim_new(&config, &error);
    room->seed = 99;
    *state = room;
    return room->sim == NULL ? -1 : 0;
}

static inline int room_make(void **state, uint32_t entities_max, unsigned readers)
{
    return room_make_divided(state, entities_max, readers, 0);
}

/* What two said before a restart, the first by a name that may be player 1's. */
static inline void room_said_before(struct room *room, uint64_t said_ms)
{
    for (uint64_t i = 1; i <= 2; i++) {
        const struct snapshot_chat_line line = {
            .sequence = i,
            .channel = PROTOCOL_CHANNEL_GLOBAL,
            .said_ms = said_ms,
            .name = blob_new(i == 1 ? "player1" : "other", i == 1 ? 7 : 5),
            .text = blob_new(i == 1 ? "mine" : "theirs", i == 1 ? 4 : 6)};

        sim_chat_restore(room->sim, &line);
    }
    sim_chat_begin(room->sim, 2);
}

/* A teardown. */
static inline int room_unmake(void **state)
{
    struct room *room = *state;

    sim_free(room->sim);
    heightfield_free(room->field);
    free(room);
    return 0;
}

#endif
