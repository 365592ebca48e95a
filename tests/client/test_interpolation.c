/* Interpolation: shown time never runs back, figures never jump, pauses are pauses, turns take the
 * short way. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "common/compiler.h"
#include "game/interpolation.h"

#define FRAME_S (1.0 / 60)
#define HZ      20

static unsigned seed;

static unsigned draw(unsigned below)
{
    seed = seed * 1664525u + 1013904223u;
    return (seed >> 8) % below;
}

/* Updates each `interval` ticks with up to jitter_ms of delay; frames at 60 Hz. Returns the
 * lateness at the end, in s. */
static double run_clock(unsigned interval, unsigned jitter_ms, double *greatest_step)
{
    struct interpolation_clock clock;
    interpolation_clock_init(&clock, HZ);
    double now = 100, last = 0, arrive = 0;
    uint32_t sent = 1000;
    *greatest_step = 0;
    for (unsigned frame = 0; frame < 60 * 30; frame++) {
        now += FRAME_S;
        /* Tick t happens at t * 50 ms; it arrives in order, `arrive` at the earliest. */
        while ((sent - 1000 + 2000) * 0.05 <= now) {
            double at = (sent - 1000 + 2000) * 0.05 + (jitter_ms ? draw(jitter_ms) * 1e-3 : 0);
            if (at < arrive)
                at = arrive;
            if (at > now)
                break;
            arrive = at;
            interpolation_clock_note(&clock, sent, now);
            sent += interval;
        }
        double shown = interpolation_clock_show(&clock, now, FRAME_S);
        assert_true(shown >= last); /* never back */
        if (frame > 120 && shown - last > *greatest_step)
            *greatest_step = shown - last;
        last = shown;
    }
    return now - ((last - 1000 + 2000) * 0.05);
}

static void test_clock(void **state)
{
    (void)state;
    static const struct {
        unsigned interval, jitter_ms;
        double least_s, most_s;
    } cases[] = {
        {1, 0, 0.09, 0.14},
        {1, 40, 0.10, 0.22},
        {4, 0, 0.36, 0.50},
        {4, 100, 0.36, 0.66},
    };
    for (unsigned i = 0; i < ARRAY_N(cases); i++) {
        double step;
        double late = run_clock(cases[i].interval, cases[i].jitter_ms, &step);
        assert_true(late >= cases[i].least_s && late <= cases[i].most_s);
        assert_true(step <= 1.101 * FRAME_S * HZ); /* runs at most a tenth faster than time */
    }
}

static struct interpolation_state at_m(uint32_t tick, double x_m, double z_m)
{
    return (struct interpolation_state){
        .tick = tick,
        .pos = {(int32_t)(x_m * SPACE_UNITS_PER_M), 0, (int32_t)(z_m * SPACE_UNITS_PER_M)},
        .pose = MOVEMENT_WALKING,
    };
}

static double metres(int32_t units)
{
    return (double)units / SPACE_UNITS_PER_M;
}

/* A walk at 8 m/s on a circle, states at uneven ticks: what is shown keeps to the way and never
 * jumps. */
static void test_track_is_smooth(void **state)
{
    (void)state;
    struct interpolation_track track;
    interpolation_track_init(&track);
    double last_x = 0, last_z = 0;
    bool first = true;
    uint32_t next = 100;
    for (double tick = 98; tick < 400; tick += FRAME_S * HZ) {
        while (next <= tick + 4) {
            double angle = next * 0.05 * 8 / 20;
            struct interpolation_state s = at_m(next, 20 * cos(angle), 20 * sin(angle));
            interpolation_track_note(&track, &s, 2);
            next += 1 + draw(3);
        }
        interpolation_track_show(&track, tick, (float)FRAME_S);
        double x = metres(track.pos.x), z = metres(track.pos.z);
        assert_true(fabs(hypot(x, z) - 20) < 0.3);
        if (!first)
            assert_true(hypot(x - last_x, z - last_z) < 8 * FRAME_S * 1.5);
        first = false;
        last_x = x;
        last_z = z;
    }
    assert_true(track.stride_amount > 1.5f); /* it runs */
}

static void test_pause_then_step(void **state)
{
    (void)state;
    struct interpolation_track track;
    interpolation_track_init(&track);
    struct interpolation_state a = at_m(100, 0, 0), b = at_m(300, 0.2, 0);
    interpolation_track_note(&track, &a, 1);
    interpolation_track_note(&track, &b, 1);
    interpolation_track_show(&track, 298, (float)FRAME_S);
    assert_int_equal(track.pos.x, 0); /* it stood there, it did not creep for ten seconds */
    interpolation_track_show(&track, 299.5, (float)FRAME_S);
    assert_true(fabs(metres(track.pos.x) - 0.1) < 0.01);
    interpolation_track_show(&track, 305, (float)FRAME_S);
    assert_true(fabs(metres(track.pos.x) - 0.2) < 0.01); /* no news: it stays, nothing is made up */
}

static void test_teleport_is_not_walked(void **state)
{
    (void)state;
    struct interpolation_track track;
    interpolation_track_init(&track);
    struct interpolation_state a = at_m(100, 0, 0), b = at_m(101, 80, 0);
    interpolation_track_note(&track, &a, 1);
    interpolation_track_note(&track, &b, 1);
    interpolation_track_show(&track, 100.5, (float)FRAME_S);
    assert_int_equal(track.pos.x, 0);
    float stride = track.stride;
    interpolation_track_show(&track, 101, (float)FRAME_S);
    assert_int_equal(track.pos.x, b.pos.x);
    assert_true(track.stride == stride); /* and no legs whirl */
}

static void test_turn_takes_the_short_way(void **state)
{
    (void)state;
    struct interpolation_track track;
    interpolation_track_init(&track);
    struct interpolation_state a = at_m(100, 0, 0), b = at_m(102, 0, 0);
    a.yaw = 65000;
    b.yaw = 1000;
    interpolation_track_note(&track, &a, 1);
    interpolation_track_show(&track, 100, (float)FRAME_S);
    interpolation_track_note(&track, &b, 1);
    for (unsigned i = 0; i <= 120; i++) {
        interpolation_track_show(&track, 100 + i / 60.0, (float)FRAME_S);
        float off = remainderf(track.yaw_rad, (float)(2 * M_PI));
        assert_true(fabsf(off) <
                    0.12f); /* within 536 and 1000 of zero, never round the other side */
    }
}

static void test_old_states_do_not_count(void **state)
{
    (void)state;
    struct interpolation_track track;
    interpolation_track_init(&track);
    struct interpolation_state a = at_m(100, 1, 0), b = at_m(99, 5, 0), c = at_m(100, 2, 0);
    interpolation_track_note(&track, &a, 1);
    interpolation_track_note(&track, &b, 1);
    assert_int_equal(track.states_n, 1);
    interpolation_track_note(&track, &c,
                             1); /* the same tick said again by the new owner: replaces */
    interpolation_track_show(&track, 100, (float)FRAME_S);
    assert_true(fabs(metres(track.pos.x) - 2) < 0.01);
}

/* The world slows down to 40 % and speeds up again: what is shown goes on without a jump, at the
 * world's pace, about two ticks late. */
static void test_tempo(void **state)
{
    (void)state;
    struct interpolation_clock clock;
    interpolation_clock_init(&clock, HZ);
    double now = 100, last = 0, next_at = 100, tick_s = 0.05;
    uint32_t tick = 1000;
    for (unsigned frame = 0; frame < 60 * 60; frame++) {
        unsigned tempo = frame < 60 * 20 ? 1000 : frame < 60 * 40 ? 400 : 1000;
        now += FRAME_S;
        while (next_at <= now) {
            interpolation_clock_note(&clock, ++tick, next_at);
            if (tick_s * tempo != 50) {
                tick_s = 50.0 / tempo;
                interpolation_clock_tempo(&clock, tempo);
            }
            next_at += tick_s;
        }
        double shown = interpolation_clock_show(&clock, now, FRAME_S), step = shown - last;
        assert_true(shown >= last);
        if (frame > 120 && frame % (60 * 20) > 20) {
            assert_true(step > 0.85 * FRAME_S / tick_s && step < 1.15 * FRAME_S / tick_s);
            assert_true(tick - shown < 3.5 && tick - shown > 0.5);
        }
        last = shown;
    }
}

static void test_stride_follows_the_way(void **state)
{
    (void)state;
    struct interpolation_walk slow = {0}, fast = {0};
    float turns = 0, last = 0;
    for (unsigned i = 0; i < 600; i++) {
        interpolation_walk(&slow, 0, 1.0f / 60);
        interpolation_walk(&fast, 4.0f / 60, 1.0f / 60);
        turns += fast.stride >= last ? fast.stride - last : fast.stride + 1 - last;
        last = fast.stride;
    }
    assert_true(slow.amount == 0 && slow.stride == 0);
    assert_true(fabsf(fast.amount - 1) < 0.05f);
    assert_true(fabsf(turns - 40 / 1.5f) < 1); /* 40 m at 1.5 m a turn */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_clock),
        cmocka_unit_test(test_track_is_smooth),
        cmocka_unit_test(test_pause_then_step),
        cmocka_unit_test(test_teleport_is_not_walked),
        cmocka_unit_test(test_turn_takes_the_short_way),
        cmocka_unit_test(test_old_states_do_not_count),
        cmocka_unit_test(test_tempo),
        cmocka_unit_test(test_stride_follows_the_way),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
