/* tempo.h -- how fast the world runs when its step does not fit into a tick any more.
 *
 * The step stays one tick of world time; it comes later. Down only when steps took more than 80 %
 * of the time between two ticks for 2 s (at full tempo: 40 ms), to where they take 80 %; up again
 * when they would take at most 60 % for 3 s, by half at a time. A single long step, or a stop of
 * the whole server, changes nothing: that is a stall, and players get their time back by CREDIT.
 * Pure; the sim thread's. */
#ifndef OPENMMO_TEMPO_H
#define OPENMMO_TEMPO_H

#include <stdbool.h>
#include <stdint.h>

#define TEMPO_MIN 100  /* thousandths of real time */
#define TEMPO_MAX 1000 /* real time */

struct tempo {
    uint16_t permille;
    uint32_t step_us; /* smoothed */
    uint32_t over_us; /* how long steps have been too long */
    uint32_t calm_us; /* how long there has been room for a higher tempo */
};

void tempo_init(struct tempo *tempo); /* real time */
/* A step took so much CPU time; elapsed_us: real time since the tick before began. True: the tempo
 * is another from the next tick on. */
bool tempo_note(struct tempo *tempo, uint64_t step_us, uint64_t elapsed_us);
uint32_t tempo_period_us(const struct tempo *tempo); /* real time from one tick to the next */

#endif
