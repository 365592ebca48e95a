/* smallworld.h -- a world of a few figures in a few cells, every tick of which is remembered, and a
 * server of the simplest kind: it makes blocks by comparing two of its ticks. What receivers are
 * held to. One at a time; one thread. */
#ifndef OPENMMO_TESTS_SMALLWORLD_H
#define OPENMMO_TESTS_SMALLWORLD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/cellblock.h"
#include "common/heightfield.h"

#define SMALLWORLD_GRID    4 /* cells along an edge, around the origin */
#define SMALLWORLD_CELLS   (SMALLWORLD_GRID * SMALLWORLD_GRID) /* of two parts each */
#define SMALLWORLD_FIGURES 48
#define SMALLWORLD_TICKS   600

struct smallworld_figure {
    uint64_t id; /* 0: not in the world */
    int cell;
    uint16_t index;
    struct space_pos pos;
    uint16_t yaw;
    uint8_t pose, version;
};

/* Tick 0: nobody is there. Another seed is another world. field: borrowed. */
void smallworld_begin(unsigned seed, const struct heightfield *field);
/* 0..n-1, by the world's own dice: what a test throws by them is the same in each run. */
unsigned smallworld_draw(unsigned n);
/* The next tick, 1..SMALLWORLD_TICKS - 1. quiet: nothing happens in it. */
void smallworld_step(int tick, bool quiet);

struct protocol_key smallworld_key(int cell);
/* All SMALLWORLD_FIGURES of them, as of that tick. */
const struct smallworld_figure *smallworld_figures(int tick);
/* Something happened in that cell in that tick. */
bool smallworld_changed(int tick, int cell);

/* A message of one block, which holds until the next call: of a part (0 or 1) of a cell, from
 * CELLBLOCK_NONE or an earlier tick up to a tick that was. */
struct protocol_blocks smallworld_block(uint16_t number, int cell, unsigned part, uint32_t from,
                                        uint32_t to);
/* The same of a block that is said record by record. */
struct protocol_blocks smallworld_said(uint16_t number, const struct cellblock_header *header,
                                       const struct cellblock_record *records, size_t records_n);

#endif
