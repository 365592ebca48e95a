/* sim.h -- the simulation: a pure function from (state, commands) to state, 20 times a second.
 *
 * Owns the world: entities, cells, chat routing. Knows no clock, randomness or I/O, and nobody but
 * common/. One thread (the sim thread; at start and stop whoever owns it). After warm-up a step
 * allocates nothing of its own. */
#ifndef OPENMMO_SIM_SIM_H
#define OPENMMO_SIM_SIM_H

#include <stddef.h>
#include <stdint.h>

#include "common/compiler.h"
#include "common/error.h"
#include "common/heightfield.h"
#include "sim/command.h"
#include "sim/snapshot.h"

#define SIM_TICK_HZ        20
#define SIM_TICK_MS        50
#define SIM_HASH_BYTES     32
#define SIM_DIVIDE_ABOVE   256
#define SIM_SPAWN_RADIUS_M 24 /* about the middle: where newcomers begin */
#define SIM_INTENTS_TICK                                                                           \
    4 /* intents a player a tick that are taken; more wait for their turn, while                   \
       * the time they claim is at most 250 ms beyond the player's own */

struct sim;

struct sim_config {
    const struct heightfield *field; /* borrowed */
    uint32_t entities_max;           /* 1..2^24 */
    uint16_t server;                 /* source number: 0 alone */
    uint32_t divide_above; /* members with which a cell is divided (SIM_DIVIDE_ABOVE); 0: never */
    unsigned readers;      /* threads that may hold snapshots: io threads + control */
};

/* What the sim tells control, reliably: at most two a session. */
enum sim_event_kind { SIM_JOINED, SIM_LEFT, SIM_REFUSED /* the world is full */ };
struct sim_event {
    uint8_t kind;
    uint64_t session; /* LEFT by takeover: the old session, and `replaced` is the new one */
    uint64_t replaced;
    uint64_t player;
    uint64_t entity;
    uint32_t tick;
    struct space_pos pos; /* LEFT: last place */
    uint16_t yaw;
};

/* What a step did, for metrics. */
struct sim_step_counts {
    uint32_t commands, intents, intents_refused, substeps, substeps_dropped, chat_lines, entities,
        cells;
};

/* NULL + error. */
struct sim *sim_new(const struct sim_config *config, struct error *error);
void sim_free(struct sim *sim); /* no snapshot may be held; NULL is fine */

/* Before the first step: a line of an earlier run is held again, with the sequence that it had
 * (later ones have higher ones) and said_ms. Its blobs are taken. Journals know no lines. */
void sim_chat_restore(struct sim *sim, const struct snapshot_chat_line *line);
/* Before the first step: the next line's sequence is higher than this. */
void sim_chat_begin(struct sim *sim, uint64_t sequence);

/* One tick. commands: sorted (command_compare); what they own is taken. events: filled with up to
 * commands_n * 2; returns how many. */
size_t sim_step(struct sim *sim, struct command *commands, size_t commands_n,
                struct sim_event *events, struct sim_step_counts *counts);
uint32_t sim_tick(const struct sim *sim);                   /* 0 before the first step */
struct sim_config sim_configuration(const struct sim *sim); /* as given to sim_new, or loaded */
/* Blocks encoded from snapshots that all readers have given back. */
uint64_t sim_blocks_encoded(const struct sim *sim);

/* The state as of now, one reference (the caller's). The pool is as large as the readers can hold.
 * NULL: out of memory for it; then nothing of this tick is shown, and a later call tries again. */
struct snapshot *sim_snapshot(struct sim *sim) MUST_CHECK;

/* Hash of the whole state but for chat text (BLAKE2b-256). */
void sim_hash(const struct sim *sim, uint8_t hash[SIM_HASH_BYTES]);

/* The state as bytes, for a journal's header and back. save: appends to a malloc'ed buffer (caller
 * frees); load: only into a fresh sim; -1 + error if malformed. */
int sim_save(const struct sim *sim, uint8_t **bytes, size_t *len_bytes) MUST_CHECK;
/* bytes: borrowed; after -1 the sim is only good for sim_free. */
int sim_load(struct sim *sim, const uint8_t *bytes, size_t len_bytes,
             struct error *error) MUST_CHECK;

#endif
