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

/* Updates of a tick each, with up to jitter_ms of delay; frames at 60 Hz. Returns how far behind
 * the truth the clock is at the end, in s; *back: by how much it ever went back. */
static double run_clock(unsigned jitter_ms, double *back)
{
    struct interpolation_clock clock;
    interpolation_clock_init(&clock, HZ);
    double now = 100, last = 0, arrive = 0;
    uint32_t sent = 1000;
    *back = 0;
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
            interpolation_clock_note(&clock, sent++, at);
        }
        double tick = interpolation_clock_tick(&clock, now);
        if (frame > 60 && last - tick > *back)
            *back = last - tick;
        last = tick;
    }
    return now - ((last - 1000 + 2000) * 0.05);
}

static void test_clock(void **state)
{
    (void)state;
    static const struct {
        unsigned jitter_ms;
        double least_s, most_s;
    } cases[] = {{0, -0.001, 0.001}, {40, 0.03, 0.05}, {100, 0.04, 0.13}};
    for (unsigned i = 0; i < ARRAY_N(cases); i++) {
        double back, late = run_clock(cases[i].jitter_ms, &back);
        assert_true(late >= cases[i].least_s && late <= cases[i].most_s);
        assert_true(back <= cases[i].jitter_ms * 1e-3 * HZ);
    }
}

static struct interpolation_news at_m(uint32_t tick, double x_m, double z_m)
{
    return (struct interpolation_news){
        .tick = tick,
        .interval = 1,
        .pos = {(int32_t)lrint(x_m * SPACE_UNITS_PER_M), 0,
                (int32_t)lrint(z_m * SPACE_UNITS_PER_M)},
        .pose = MOVEMENT_WALKING,
    };
}

static double metres(int32_t units)
{
    return (double)units / SPACE_UNITS_PER_M;
}

/* A frame at which the figure should be shown as of `tick`. */
static void show(struct interpolation_track *track, double tick, double frame_ticks)
{
    const struct interpolation_frame frame = {
        .tick = tick + 2 * track->interval,
        .frame_ticks = frame_ticks,
        .frame_s = (float)(frame_ticks / HZ),
    };
    interpolation_track_show(track, &frame);
}

/* A walk at 8 m/s on a circle, news at uneven ticks: what is shown keeps to the way and never
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
            struct interpolation_news news = at_m(next, 20 * cos(angle), 20 * sin(angle));
            news.interval = 3;
            interpolation_track_note(&track, &news);
            next += 1 + draw(3);
        }
        show(&track, tick, FRAME_S * HZ);
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

/* Frames of a tick's hundredth part, so that it is shown as of that tick whatever was before. */
static void show_until(struct interpolation_track *track, double from, double to)
{
    for (double tick = from; tick <= to; tick += 0.01)
        show(track, tick, 0.01);
}

static void test_pause_then_step(void **state)
{
    (void)state;
    struct interpolation_track track;
    interpolation_track_init(&track);
    struct interpolation_news a = at_m(100, 0, 0), b = at_m(300, 0.2, 0);
    interpolation_track_note(&track, &a);
    show_until(&track, 100, 101);
    b.before_tick = 299;
    interpolation_track_note(&track, &b);
    for (double tick = 101; tick <= 299; tick += 1)
        show(&track, tick, 1);
    assert_int_equal(track.pos.x, 0); /* it stood there, it did not creep for ten seconds */
    show_until(&track, 299, 299.5);
    assert_true(fabs(metres(track.pos.x) - 0.1) < 0.02);
    show_until(&track, 299.5, 305);
    assert_true(fabs(metres(track.pos.x) - 0.2) < 0.01); /* no news: it stays, nothing is made up */
}

/* News that come late for what is shown: the figure goes on from where it stands. */
static void test_late_news(void **state)
{
    (void)state;
    struct interpolation_track track;
    interpolation_track_init(&track);
    struct interpolation_news a = at_m(100, 0, 0), b = at_m(116, 6.4, 0);
    interpolation_track_note(&track, &a);
    show_until(&track, 100, 116);
    b.interval = 16;
    interpolation_track_note(&track, &b);
    double last = 0;
    for (double tick = 116; tick < 160; tick += 0.25) {
        show(&track, tick, 0.25);
        assert_true(metres(track.pos.x) >= last);
        assert_true(metres(track.pos.x) - last <= 0.25 * 0.4 * 1.5);
        last = metres(track.pos.x);
    }
    assert_int_equal(track.pos.x, b.pos.x);
}

static void test_teleport_is_not_walked(void **state)
{
    (void)state;
    struct interpolation_track track;
    interpolation_track_init(&track);
    struct interpolation_news a = at_m(100, 0, 0), b = at_m(101, 80, 0);
    b.yaw = 32768;
    interpolation_track_note(&track, &a);
    show(&track, 100, 0.5);
    interpolation_track_note(&track, &b);
    show(&track, 100.5, 0.5);
    assert_int_equal(track.pos.x, 0);
    float stride = track.stride;
    show(&track, 101, 0.5);
    show(&track, 101.5, 0.5);
    assert_int_equal(track.pos.x, b.pos.x);
    assert_true(track.stride == stride); /* and no legs whirl */
    assert_true(fabsf(track.yaw_rad - (float)M_PI) < 0.01f);
}

/* Who had to wait for the server comes six ticks' way in one: it is seen to hurry, not to leap. */
static void test_burst(void **state)
{
    (void)state;
    struct interpolation_track track;
    interpolation_track_init(&track);
    double last = 0;
    for (unsigned frame = 0; frame < 3 * 60; frame++) {
        uint32_t tick = 100 + frame / 3;
        double x = tick < 110 ? 0 : (tick - 104) * 0.4;
        struct interpolation_news news = at_m(tick, x, 0);
        if (frame % 3 == 0)
            interpolation_track_note(&track, &news);
        show(&track, 98 + frame / 3.0, 1 / 3.0);
        assert_true(metres(track.pos.x) - last <= 0.4 / 3 * 1.5);
        last = metres(track.pos.x);
    }
    assert_true(last > (159 - 104 - 3) * 0.4); /* caught up */
}

/* Having stood for ten seconds does not make 40 m a walk, if it was seen there a tick ago. */
static void test_teleport_after_a_rest(void **state)
{
    (void)state;
    struct interpolation_track track;
    interpolation_track_init(&track);
    struct interpolation_news a = at_m(100, 0, 0), b = at_m(300, 40, 0);
    b.before_tick = 299;
    interpolation_track_note(&track, &a);
    show(&track, 299, 1);
    interpolation_track_note(&track, &b);
    for (double tick = 299; tick < 302; tick += 0.1) {
        show(&track, tick, 0.1);
        assert_true(track.pos.x == 0 || track.pos.x == b.pos.x);
    }
    assert_int_equal(track.pos.x, b.pos.x);
}

static void test_turn_takes_the_short_way(void **state)
{
    (void)state;
    struct interpolation_track track;
    interpolation_track_init(&track);
    struct interpolation_news a = at_m(100, 0, 0), b = at_m(102, 0, 0);
    a.yaw = 65000;
    b.yaw = 1000;
    interpolation_track_note(&track, &a);
    show(&track, 100, 0.3);
    interpolation_track_note(&track, &b);
    for (unsigned i = 0; i <= 120; i++) {
        show(&track, 100 + i / 60.0, 1.0 / 60);
        float off = remainderf(track.yaw_rad, (float)(2 * M_PI));
        assert_true(fabsf(off) <
                    0.12f); /* within 536 and 1000 of zero, never round the other side */
    }
}

static void test_old_news_do_not_count(void **state)
{
    (void)state;
    struct interpolation_track track;
    interpolation_track_init(&track);
    struct interpolation_news a = at_m(100, 1, 0), b = at_m(99, 5, 0), c = at_m(100, 1, 0);
    interpolation_track_note(&track, &a);
    interpolation_track_note(&track, &b);
    interpolation_track_note(&track, &c); /* the same tick said again by the new owner */
    assert_int_equal(track.states_n, 1);
    show(&track, 100, 1);
    assert_int_equal(track.pos.x, a.pos.x);
}

/* From a far cell into a near one: more states than there is room for wait to be shown. */
static void test_more_than_fits(void **state)
{
    (void)state;
    struct interpolation_track track;
    interpolation_track_init(&track);
    double last = 0;
    for (unsigned frame = 0; frame < 3 * 200; frame++) {
        uint32_t tick = 100 + frame / 3;
        struct interpolation_news news = at_m(tick, (tick - 100) * 0.4, 0);
        news.interval = tick < 116 ? 16 : 1;
        if (frame % 3 == 0 && (tick < 116 ? tick == 100 : true))
            interpolation_track_note(&track, &news);
        show(&track, 100 + frame / 3.0 - 2 * track.interval, 1 / 3.0);
        assert_true(metres(track.pos.x) >= last - 0.001);
        assert_true(metres(track.pos.x) - last <= 0.4 / 3 * 1.5);
        last = metres(track.pos.x);
    }
    assert_true(last > (199 - 3) * 0.4); /* caught up */
}

/* The world slows down to 40 % and speeds up again: the tick goes on without a jump, at the world's
 * pace. */
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
        double shown = interpolation_clock_tick(&clock, now), step = shown - last;
        if (frame > 120 && frame % (60 * 20) > 20) {
            assert_true(step > 0.95 * FRAME_S / tick_s && step < 1.05 * FRAME_S / tick_s);
            assert_true(tick - shown < 1 && tick - shown > -1.01);
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
        cmocka_unit_test(test_late_news),
        cmocka_unit_test(test_teleport_is_not_walked),
        cmocka_unit_test(test_teleport_after_a_rest),
        cmocka_unit_test(test_burst),
        cmocka_unit_test(test_turn_takes_the_short_way),
        cmocka_unit_test(test_old_news_do_not_count),
        cmocka_unit_test(test_more_than_fits),
        cmocka_unit_test(test_tempo),
        cmocka_unit_test(test_stride_follows_the_way),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
