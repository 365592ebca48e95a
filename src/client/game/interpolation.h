/* interpolation.h -- others, shown a little late so that they move smoothly.
 *
 * interpolation_clock turns ticks into a time to show: twice the current interval between updates,
 * plus the jitter that was measured, behind the newest tick; the lateness changes slowly and shown
 * time never runs backwards. interpolation_track is one figure's last states and the walk they
 * make. Pure: time is passed in. One thread. */
#ifndef OPENMMO_CLIENT_INTERPOLATION_H
#define OPENMMO_CLIENT_INTERPOLATION_H

#include <stdbool.h>
#include <stdint.h>

#include "common/movement.h"
#include "common/space.h"

#define INTERPOLATION_STATES     12
#define INTERPOLATION_LATE_MAX_S 1.5 /* whatever the jitter */

struct interpolation_clock {
    double tick_s;      /* seconds a tick takes now */
    double real_tick_s; /* at full tempo */
    bool known;
    uint32_t newest_tick;
    double newest_at_s; /* local time of its arrival */
    double zero_s;      /* local time of tick 0 for a message without delay: the least seen, slowly
                           forgotten */
    double interval_ticks; /* between updates, smoothed */
    double jitter_s; /* how much later than without delay updates come: peak, slowly forgotten */
    double late_s;   /* how far behind the newest we show, now */
    double shown_tick;
};

/* A clock that has seen nothing yet. tick_hz: the server's (0: 20). */
void interpolation_clock_init(struct interpolation_clock *clock, unsigned tick_hz);
/* The world runs at so many thousandths of real time from now on. What is shown goes on from where
 * it is, as many ticks late as before. */
void interpolation_clock_tempo(struct interpolation_clock *clock, unsigned permille);
/* An update of that tick came in now. */
void interpolation_clock_note(struct interpolation_clock *clock, uint32_t tick, double now_s);
/* Once a frame: the tick (with fraction) to show. Never less than the last answer; runs at 0.9
 * to 1.1 of the world's time unless it is far off (then it jumps forward once). */
double interpolation_clock_show(struct interpolation_clock *clock, double now_s, double frame_s);

struct interpolation_state {
    uint32_t tick;
    struct space_pos pos;
    uint16_t yaw;
    uint8_t pose;
};

struct interpolation_track {
    struct interpolation_state states[INTERPOLATION_STATES]; /* oldest first */
    unsigned states_n;
    /* What is shown. */
    struct space_pos pos;
    float yaw_rad;
    float stride;        /* turns, from the way walked */
    float stride_amount; /* 0 stands, 1 walks, 2 runs */
    float airborne;      /* 0..1 */
    bool shown;
};

/* A figure of which nothing is known; nothing to free. */
void interpolation_track_init(struct interpolation_track *track);
/* A new state. interval_ticks: how often states come while the figure moves: after a longer pause
 * it is taken to have stood until then. Older or equal ticks than the newest replace or are
 * ignored. */
void interpolation_track_note(struct interpolation_track *track,
                              const struct interpolation_state *state, double interval_ticks);
/* Move what is shown on to that tick; frame_s: time since the last call, for stride and easing. */
void interpolation_track_show(struct interpolation_track *track, double tick, float frame_s);

/* For one's own figure too: stride and stride_amount from the way walked since the last frame. */
struct interpolation_walk {
    float stride, amount;
};
/* walk: zeroed at first. metres: walked in the last frame_s seconds. */
void interpolation_walk(struct interpolation_walk *walk, float metres, float frame_s);

#endif
