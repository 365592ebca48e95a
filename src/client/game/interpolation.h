/* interpolation.h -- others, shown a little late so that they move smoothly.
 *
 * Cells are told of at intervals of their own (1 tick near by, 16 far away), so each figure has its
 * own lateness: twice its cell's interval, plus the jitter measured. interpolation_clock says which
 * tick it is at the server; interpolation_track is one figure's next states and how far along them
 * it is shown.
 *
 *   states:   o----o---------o------o        what was told, oldest first
 *                     ^ shown_tick            moves at 0.5 to 1.4 of the world's pace towards
 *                                             what is wanted: the server's tick - lateness
 *
 * A figure at the end of what is known stands there; time that passes then costs nothing: when news
 * come it sets out from there. So what is shown is always on the way between places that were true,
 * never faster than 1.4 times anyone can run, and never goes back. Only what nobody can walk is a
 * jump, and is shown as one. Pure: time is passed in. One thread. */
#ifndef OPENMMO_CLIENT_INTERPOLATION_H
#define OPENMMO_CLIENT_INTERPOLATION_H

#include <stdbool.h>
#include <stdint.h>

#include "common/movement.h"
#include "common/space.h"

#define INTERPOLATION_STATES       12
#define INTERPOLATION_JITTER_MAX_S 1.0 /* more is not waited for */
#define INTERPOLATION_FASTEST      1.4 /* of the world's pace, to catch up */
#define INTERPOLATION_SLOWEST      0.5 /* to fall behind */

struct interpolation_clock {
    double tick_s;      /* seconds a tick takes now */
    double real_tick_s; /* at full tempo */
    bool known;
    uint32_t newest_tick;
    double newest_at_s; /* local time of its arrival */
    double zero_s;      /* local time of tick 0 for a message without delay: the least seen, slowly
                           forgotten */
    double jitter_s;    /* how much later than without delay updates come: peak, slowly forgotten */
};

/* A clock that has seen nothing yet. tick_hz: the server's (0: 20). */
void interpolation_clock_init(struct interpolation_clock *clock, unsigned tick_hz);
/* The world runs at so many thousandths of real time from now on: goes on from the same tick. */
void interpolation_clock_tempo(struct interpolation_clock *clock, unsigned permille);
/* An update of that tick came in now. */
void interpolation_clock_note(struct interpolation_clock *clock, uint32_t tick, double now_s);
/* The tick (with fraction) from which all updates should have come by now: a figure told of each
 * i ticks is to be shown 2 i before it. 0 while nothing is known. */
double interpolation_clock_tick(const struct interpolation_clock *clock, double now_s);

struct interpolation_state {
    uint32_t tick;
    struct space_pos pos; /* y as the caller likes */
    uint16_t yaw;
    uint8_t pose;
    bool jump;       /* not walked to from the state before */
    float rate_most; /* how fast the way from the state before may be shown */
};

struct interpolation_track {
    /* What is shown. */
    struct space_pos pos;
    float yaw_rad;
    float stride;        /* turns, from the way walked */
    float stride_amount; /* 0 stands, 1 walks, 2 runs */
    float airborne;      /* 0..1 */
    bool shown;
    uint8_t interval; /* ticks */
    uint8_t states_n;
    double shown_tick;
    struct interpolation_state states[INTERPOLATION_STATES]; /* oldest first */
};

/* A figure of which nothing is known; nothing to free. */
void interpolation_track_init(struct interpolation_track *track);

struct interpolation_news {
    uint32_t tick;
    uint32_t before_tick; /* as of then it was where the news before said; may be 0 */
    uint8_t interval;     /* ticks in which its cell is told of; 0: as before */
    struct space_pos pos;
    uint16_t yaw;
    uint8_t pose;
};
/* News of the figure; what is not newer than the newest is passed over. */
void interpolation_track_note(struct interpolation_track *track,
                              const struct interpolation_news *news);

struct interpolation_frame {
    double tick;        /* interpolation_clock_tick */
    double frame_ticks; /* since the last frame, at the world's pace */
    float frame_s;      /* likewise, for stride and easing */
};
/* Move what is shown on. */
void interpolation_track_show(struct interpolation_track *track,
                              const struct interpolation_frame *frame);

/* For one's own figure too: stride and stride_amount from the way walked since the last frame. */
struct interpolation_walk {
    float stride, amount;
};
/* walk: zeroed at first. metres: walked in the last frame_s seconds. */
void interpolation_walk(struct interpolation_walk *walk, float metres, float frame_s);

#endif
