#include "game/interpolation.h"

#include <math.h>
#include <string.h>

#define STRIDE_WALK_M   1.5f /* way of one whole turn of the legs */
#define STRIDE_RUN_M    2.6f
#define TELEPORT_M_S    24.0 /* three times running: nobody went there on foot */
#define TELEPORT_FREE_M 1.5

void interpolation_clock_init(struct interpolation_clock *clock, unsigned tick_hz)
{
    memset(clock, 0, sizeof(*clock));
    clock->tick_s = clock->real_tick_s = tick_hz ? 1.0 / tick_hz : 0.05;
    clock->interval_ticks = 1;
}

void interpolation_clock_tempo(struct interpolation_clock *clock, unsigned permille)
{
    double tick_s = clock->real_tick_s * 1000 / permille, factor = tick_s / clock->tick_s;
    if (clock->known) { /* the newest tick came when it came */
        clock->zero_s += clock->newest_tick * (clock->tick_s - tick_s);
        clock->late_s *= factor;
    }
    clock->tick_s = tick_s;
}

void interpolation_clock_note(struct interpolation_clock *clock, uint32_t tick, double now_s)
{
    double zero = now_s - tick * clock->tick_s;
    if (!clock->known) {
        clock->known = true;
        clock->zero_s = zero;
        clock->newest_tick = tick;
        clock->newest_at_s = now_s;
        clock->late_s = 2 * clock->tick_s;
        clock->shown_tick = tick - clock->late_s / clock->tick_s;
        return;
    }
    if (tick <= clock->newest_tick)
        return;
    double step = tick - clock->newest_tick;
    double elapsed_s = now_s - clock->newest_at_s;
    /* A pause in which nothing changed is no interval: at most 32 ticks, the longest tier, are
     * believed. */
    if (step <= 32)
        clock->interval_ticks +=
            (step - clock->interval_ticks) * (step > clock->interval_ticks ? 0.25 : 0.05);
    clock->newest_tick = tick;
    clock->newest_at_s = now_s;
    if (zero < clock->zero_s)
        clock->zero_s = zero;
    else /* clocks drift: let the least fade by 1 ms a second */
        clock->zero_s += fmin(zero - clock->zero_s, elapsed_s * 1e-3);
    double delay = zero - clock->zero_s;
    if (delay > clock->jitter_s)
        clock->jitter_s = delay;
    else
        clock->jitter_s += (delay - clock->jitter_s) * (1 - exp(-elapsed_s / 5));
}

double interpolation_clock_show(struct interpolation_clock *clock, double now_s, double frame_s)
{
    if (!clock->known)
        return 0;
    double want_late = 2 * clock->interval_ticks * clock->tick_s + clock->jitter_s;
    if (want_late > INTERPOLATION_LATE_MAX_S)
        want_late = INTERPOLATION_LATE_MAX_S;
    clock->late_s += (want_late - clock->late_s) * (1 - exp(-frame_s / 0.5));
    double target = (now_s - clock->zero_s - clock->late_s) / clock->tick_s;
    double next = clock->shown_tick + frame_s / clock->tick_s;
    double off = target - next;
    double most = 0.1 * frame_s / clock->tick_s;
    if (fabs(off) * clock->tick_s > fmax(1.0, 4 * clock->tick_s))
        next = target; /* far off: the start, or a long stop of this machine */
    else
        next += fmax(-most, fmin(most, off));
    if (next > clock->shown_tick)
        clock->shown_tick = next;
    return clock->shown_tick;
}

void interpolation_track_init(struct interpolation_track *track)
{
    memset(track, 0, sizeof(*track));
}

static void push(struct interpolation_track *track, const struct interpolation_state *state)
{
    if (track->states_n == INTERPOLATION_STATES) {
        memmove(track->states, track->states + 1, sizeof(*state) * (INTERPOLATION_STATES - 1));
        track->states_n--;
    }
    track->states[track->states_n++] = *state;
}

void interpolation_track_note(struct interpolation_track *track,
                              const struct interpolation_state *state, double interval_ticks)
{
    if (track->states_n > 0) {
        struct interpolation_state last = track->states[track->states_n - 1];
        if (state->tick < last.tick)
            return;
        if (state->tick == last.tick) {
            track->states[track->states_n - 1] = *state;
            return;
        }
        /* No news while it stood: it set out one interval before this state, not at the last one.
         */
        uint32_t interval = (uint32_t)fmax(1, lrint(interval_ticks));
        if (state->tick - last.tick > 2 * interval) {
            last.tick = state->tick - interval;
            push(track, &last);
        }
    }
    push(track, state);
}

static float turn_rad(uint16_t yaw)
{
    return (float)yaw * (float)(2 * M_PI / 65536);
}

static double distance_m(struct space_pos a, struct space_pos b)
{
    double x = (double)b.x - a.x, y = (double)b.y - a.y, z = (double)b.z - a.z;
    return sqrt(x * x + y * y + z * z) / SPACE_UNITS_PER_M;
}

static int32_t mix(int32_t a, int32_t b, double f)
{
    return a + (int32_t)lrint(((double)b - a) * f);
}

/* Where the track is at that tick. */
static struct interpolation_state at(const struct interpolation_track *track, double tick,
                                     double tick_s)
{
    const struct interpolation_state *s = track->states;
    unsigned i = 0;
    while (i + 1 < track->states_n && s[i + 1].tick <= tick)
        i++;
    struct interpolation_state result = s[i];
    if (tick <= s[i].tick || i + 1 == track->states_n)
        return result;
    const struct interpolation_state *b = &s[i + 1];
    double span = (double)b->tick - s[i].tick, f = (tick - s[i].tick) / span;
    if (distance_m(s[i].pos, b->pos) > TELEPORT_FREE_M + TELEPORT_M_S * span * tick_s)
        return result;
    result.pos.x = mix(s[i].pos.x, b->pos.x, f);
    result.pos.y = mix(s[i].pos.y, b->pos.y, f);
    result.pos.z = mix(s[i].pos.z, b->pos.z, f);
    result.yaw = (uint16_t)(s[i].yaw + (int32_t)lrint((int16_t)(uint16_t)(b->yaw - s[i].yaw) * f));
    result.pose = b->pose;
    return result;
}

static float ease(float from, float to, float seconds, float time_constant_s)
{
    return from + (to - from) * (1 - expf(-seconds / time_constant_s));
}

void interpolation_walk(struct interpolation_walk *walk, float metres, float frame_s)
{
    if (frame_s <= 0)
        return;
    float speed = metres / frame_s;
    float want = speed < 0.3f                 ? 0
                 : speed <= MOVEMENT_WALK_M_S ? 1
                                              : 1 + (speed - MOVEMENT_WALK_M_S) / 4;
    walk->amount = ease(walk->amount, fminf(want, 2), frame_s, 0.08f);
    float run = fmaxf(0, fminf(1, walk->amount - 1));
    walk->stride += metres / (STRIDE_WALK_M + run * (STRIDE_RUN_M - STRIDE_WALK_M));
    walk->stride -= floorf(walk->stride);
}

void interpolation_track_show(struct interpolation_track *track, double tick, float frame_s)
{
    if (track->states_n == 0)
        return;
    struct interpolation_state now = at(track, tick, 0.05);
    double flat = 0;
    if (track->shown) {
        struct space_pos was = track->pos;
        was.y = now.pos.y;
        flat = distance_m(was, now.pos);
        if (flat > TELEPORT_FREE_M + TELEPORT_M_S * frame_s)
            flat = 0;
    }
    float yaw = turn_rad(now.yaw);
    struct interpolation_walk walk = {track->stride, track->stride_amount};
    interpolation_walk(&walk, (float)flat, frame_s);
    track->stride = walk.stride;
    track->stride_amount = now.pose == MOVEMENT_JUMPING ? track->stride_amount : walk.amount;
    track->airborne = ease(track->airborne, now.pose == MOVEMENT_JUMPING, frame_s, 0.06f);
    track->yaw_rad = track->shown
                         ? track->yaw_rad + remainderf(yaw - track->yaw_rad, (float)(2 * M_PI)) *
                                                (1 - expf(-frame_s / 0.05f))
                         : yaw;
    track->pos = now.pos;
    track->shown = true;
}
