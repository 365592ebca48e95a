#include "game/interpolation.h"

#include <math.h>
#include <string.h>

#define STRIDE_WALK_M    1.5f /* way of one whole turn of the legs */
#define STRIDE_RUN_M     2.6f
#define TICK_WAY_M       ((double)MOVEMENT_RUN_M_S * MOVEMENT_SUBSTEPS_PER_TICK / MOVEMENT_SUBSTEPS_PER_S)
#define SAVED_TICKS      5    /* of movement time: who had to wait may go so much farther at once */
#define JUMP_FREE_M      1.0  /* beyond what can be run */
#define EASE_TICKS       10.0 /* in which a wrong lateness fades, as far as the pace allows */
#define FAR_TICKS        100.0 /* farther behind: this machine slept; go on from what is wanted */
#define INTERVAL_FIRST   1
#define INTERVAL_MOST    20 /* 16 is the longest that a server plans */
#define TURN_EASE_S      0.05f
#define LEG_EASE_S       0.08f
#define AIR_EASE_S       0.06f
#define STEP_MAX_WALKS_M 4.0 /* longer in one frame: no legs move so fast */

void interpolation_clock_init(struct interpolation_clock *clock, unsigned tick_hz)
{
    memset(clock, 0, sizeof(*clock));
    clock->tick_s = clock->real_tick_s = tick_hz ? 1.0 / tick_hz : 0.05;
}

void interpolation_clock_tempo(struct interpolation_clock *clock, unsigned permille)
{
    double tick_s = clock->real_tick_s * 1000 / permille;
    if (clock->known) /* the newest tick came when it came */
        clock->zero_s += clock->newest_tick * (clock->tick_s - tick_s);
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
        return;
    }
    if (tick <= clock->newest_tick)
        return;
    double elapsed_s = now_s - clock->newest_at_s;
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

double interpolation_clock_tick(const struct interpolation_clock *clock, double now_s)
{
    if (!clock->known)
        return 0;
    double jitter_s = fmin(clock->jitter_s, INTERPOLATION_JITTER_MAX_S);
    return (now_s - clock->zero_s - jitter_s) / clock->tick_s;
}

void interpolation_track_init(struct interpolation_track *track)
{
    memset(track, 0, sizeof(*track));
    track->interval = INTERVAL_FIRST;
}

/* In plan: the ground rises as it likes. */
static double distance_m(struct space_pos a, struct space_pos b)
{
    double x = (double)b.x - a.x, z = (double)b.z - a.z;
    return sqrt(x * x + z * z) / SPACE_UNITS_PER_M;
}

static int32_t mix(int32_t a, int32_t b, double f)
{
    return a + (int32_t)lrint(((double)b - a) * f);
}

static struct space_pos mix_pos(struct space_pos a, struct space_pos b, double f)
{
    return (struct space_pos){mix(a.x, b.x, f), mix(a.y, b.y, f), mix(a.z, b.z, f)};
}

/* How fast the way may be shown, so that nobody is seen to outrun what can be caught up at. */
static float rate_most(const struct interpolation_state *from, const struct interpolation_state *to)
{
    double allowed_m = INTERPOLATION_FASTEST * TICK_WAY_M * (to->tick - from->tick);
    double way_m = distance_m(from->pos, to->pos);
    return way_m * INTERPOLATION_FASTEST > allowed_m ? (float)(allowed_m / way_m)
                                                     : (float)INTERPOLATION_FASTEST;
}

static void drop(struct interpolation_track *track, unsigned i)
{
    track->states_n--;
    memmove(&track->states[i], &track->states[i + 1],
            (track->states_n - i) * sizeof(track->states[0]));
}

/* Make room: of what is still to be shown, take out the state that the way misses least. */
static void thin(struct interpolation_track *track)
{
    struct interpolation_state *s = track->states;
    unsigned least = 0;
    double least_m = INFINITY;
    for (unsigned i = 1; i + 1 < track->states_n; i++) {
        if (s[i].jump || s[i + 1].jump || s[i - 1].tick + 2 * INTERVAL_MOST < s[i + 1].tick)
            continue;
        double f = (double)(s[i].tick - s[i - 1].tick) / (s[i + 1].tick - s[i - 1].tick);
        double off_m = distance_m(s[i].pos, mix_pos(s[i - 1].pos, s[i + 1].pos, f));
        if (off_m < least_m) {
            least = i;
            least_m = off_m;
        }
    }
    drop(track, least);
    if (least > 0)
        s[least].rate_most = rate_most(&s[least - 1], &s[least]);
}

/* Forget what was passed. */
static void pass(struct interpolation_track *track)
{
    unsigned n = 0;
    while (n + 1 < track->states_n && track->states[n + 1].tick <= track->shown_tick)
        n++;
    if (n == 0)
        return;
    track->states_n = (uint8_t)(track->states_n - n);
    memmove(track->states, track->states + n, track->states_n * sizeof(track->states[0]));
}

static void push(struct interpolation_track *track, const struct interpolation_state *state)
{
    if (track->states_n == INTERPOLATION_STATES)
        thin(track);
    struct interpolation_state *to = &track->states[track->states_n++];
    *to = *state;
    to->rate_most = INTERPOLATION_FASTEST;
    if (track->states_n > 1 && !to->jump)
        to->rate_most = rate_most(to - 1, to);
}

void interpolation_track_note(struct interpolation_track *track,
                              const struct interpolation_news *news)
{
    struct interpolation_state state = {
        .tick = news->tick, .pos = news->pos, .yaw = news->yaw, .pose = news->pose};
    if (news->interval > 0)
        track->interval = news->interval < INTERVAL_MOST ? news->interval : INTERVAL_MOST;
    if (track->states_n == 0) {
        push(track, &state);
        return;
    }
    struct interpolation_state last = track->states[track->states_n - 1];
    if (news->tick <= last.tick)
        return;
    uint32_t before = news->before_tick;
    before = before < last.tick ? last.tick : before >= news->tick ? news->tick - 1 : before;
    uint32_t could = news->tick - before;
    double way_m = distance_m(last.pos, news->pos), way_ticks = ceil(way_m / TICK_WAY_M);
    state.jump = way_m > JUMP_FREE_M + TICK_WAY_M * (could + SAVED_TICKS);
    if (!state.jump) {
        /* It may have stood for long: then it set out within the last interval, if it can have come
         * so far since. */
        uint32_t took = track->interval;
        if (way_ticks > took)
            took = (uint32_t)way_ticks;
        if (took > could)
            took = could;
        last.tick = news->tick - took;
        last.jump = false;
        if (last.tick > track->states[track->states_n - 1].tick)
            push(track, &last);
        /* Whoever stood at the end of what was known goes on from there. */
        if (track->shown_tick > last.tick)
            track->shown_tick = last.tick;
    }
    push(track, &state);
}

static float turn_rad(uint16_t yaw)
{
    return (float)yaw * (float)(2 * M_PI / 65536);
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
    walk->amount = ease(walk->amount, fminf(want, 2), frame_s, LEG_EASE_S);
    float run = fmaxf(0, fminf(1, walk->amount - 1));
    walk->stride += metres / (STRIDE_WALK_M + run * (STRIDE_RUN_M - STRIDE_WALK_M));
    walk->stride -= floorf(walk->stride);
}

/* Move shown_tick on. True if a jump lay on the way. */
static bool advance(struct interpolation_track *track, const struct interpolation_frame *frame)
{
    const struct interpolation_state *s = track->states;
    unsigned last = track->states_n - 1u, i = 1;
    double want = frame->tick - 2 * track->interval, left = frame->frame_ticks;
    bool jumped = false;
    if (!track->shown)
        track->shown_tick = s[0].tick;
    if (want - track->shown_tick > FAR_TICKS) {
        track->shown_tick = want;
        jumped = true;
    }
    double rate = 1 + (want - track->shown_tick - left) / EASE_TICKS;
    rate = fmax(INTERPOLATION_SLOWEST, fmin(INTERPOLATION_FASTEST, rate));
    for (; left > 0 && i <= last; i++) {
        double most = fmin(rate, (double)s[i].rate_most), need = s[i].tick - track->shown_tick;
        if (need > left * most) {
            track->shown_tick += left * most;
            break;
        }
        if (need > 0) {
            track->shown_tick = s[i].tick;
            left -= need / most;
        }
        jumped = jumped || s[i].jump;
    }
    if (track->shown_tick >= s[last].tick) /* nothing more is known: it stands */
        track->shown_tick = fmax(s[last].tick, want);
    pass(track);
    return jumped;
}

/* Where the track is. */
static struct interpolation_state at(const struct interpolation_track *track)
{
    const struct interpolation_state *a = track->states, *b = a + 1;
    struct interpolation_state result = *a;
    if (track->states_n == 1 || b->jump || track->shown_tick <= a->tick)
        return result;
    double f = (track->shown_tick - a->tick) / ((double)b->tick - a->tick);
    result.pos = mix_pos(a->pos, b->pos, f);
    result.yaw = (uint16_t)(a->yaw + (int32_t)lrint((int16_t)(uint16_t)(b->yaw - a->yaw) * f));
    result.pose = b->pose;
    return result;
}

void interpolation_track_show(struct interpolation_track *track,
                              const struct interpolation_frame *frame)
{
    if (track->states_n == 0)
        return;
    bool jumped = advance(track, frame) || !track->shown;
    struct interpolation_state now = at(track);
    double way_m = jumped ? 0 : distance_m(track->pos, now.pos);
    float yaw = turn_rad(now.yaw), frame_s = frame->frame_s;
    struct interpolation_walk walk = {track->stride, track->stride_amount};
    interpolation_walk(&walk, way_m > STEP_MAX_WALKS_M ? 0 : (float)way_m, frame_s);
    track->stride = walk.stride;
    track->stride_amount = now.pose == MOVEMENT_JUMPING ? track->stride_amount : walk.amount;
    track->airborne = ease(track->airborne, now.pose == MOVEMENT_JUMPING, frame_s, AIR_EASE_S);
    track->yaw_rad = jumped ? yaw
                            : track->yaw_rad + remainderf(yaw - track->yaw_rad, (float)(2 * M_PI)) *
                                                   (1 - expf(-frame_s / TURN_EASE_S));
    track->pos = now.pos;
    track->shown = true;
}
