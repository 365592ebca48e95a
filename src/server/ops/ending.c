/* ending.c -- see ending.h. */
#include "ops/ending.h"

#include <stdio.h>
#include <stdlib.h>

#include "common/clock.h"
#include "common/log.h"

#define LOOK_MS 1000 /* whether anybody is here */

struct ending {
    struct ending_config config;
    struct event *timer;
    bool ordered;
    struct ending_order order;
    uint64_t due_ms; /* of a countdown; monotonic */
    size_t mark;     /* the next of MARKS_S that is said; MARKS_N: none */
};

/* Seconds before the end. */
static const uint32_t MARKS_S[] = {3600, 2400, 1200, 600, 300, 240, 180, 120, 60,
                                   40,   20,   10,   5,   4,   3,   2,   1};

void ending_say_time(uint32_t seconds, char *room, size_t room_bytes)
{
    static const struct {
        uint32_t seconds;
        const char *name;
    } UNITS[] = {{3600, "hour"}, {60, "minute"}, {1, "second"}};
    size_t n = 0;

    for (size_t i = 0; i < ARRAY_N(UNITS); i++) {
        uint32_t many = seconds / UNITS[i].seconds;

        seconds %= UNITS[i].seconds;
        if ((many > 0 || (n == 0 && i + 1 == ARRAY_N(UNITS))) && n < room_bytes)
            n += (size_t)snprintf(room + n, room_bytes - n, "%s%u %s%s", n > 0 ? " " : "", many,
                                  UNITS[i].name, many == 1 ? "" : "s");
    }
}

static void put_words(const struct ending *ending, uint32_t seconds, char text[ENDING_TEXT_MAX])
{
    const struct ending_order *order = &ending->order;
    char time[64];

    ending_say_time(seconds, time, sizeof(time));
    snprintf(text, ENDING_TEXT_MAX, "The server %s in %s%s%s",
             order->restart ? "restarts" : "stops", time, order->reason[0] != '\0' ? ": " : ".",
             order->reason);
}

bool ending_words(const struct ending *ending, char text[ENDING_TEXT_MAX])
{
    uint64_t left_ms = ending_left_ms(ending);

    if (left_ms > 0)
        put_words(ending, (uint32_t)((left_ms + 999) / 1000), text);
    return left_ms > 0;
}

static void say(const struct ending *ending, uint32_t seconds)
{
    char text[ENDING_TEXT_MAX];

    put_words(ending, seconds, text);
    ending->config.say(ending->config.context, text);
}

static void wait_ms(struct ending *ending, uint64_t ms)
{
    const struct timeval wait = {(time_t)(ms / 1000), (suseconds_t)(ms % 1000 * 1000)};

    event_add(ending->timer, &wait);
}

static uint64_t mark_ms(const struct ending *ending)
{
    return ending->mark < ARRAY_N(MARKS_S) ? MARKS_S[ending->mark] * UINT64_C(1000) : 0;
}

/* Marks that are no longer to come are passed over: nobody is told twice. */
static void wait_for_mark(struct ending *ending)
{
    uint64_t left_ms = ending_left_ms(ending);

    while (ending->mark < ARRAY_N(MARKS_S) && mark_ms(ending) >= left_ms)
        ending->mark++;
    wait_ms(ending, left_ms - mark_ms(ending));
}

static void end(struct ending *ending)
{
    const struct ending_order order = ending->order;

    (void)ending_cancel(ending, false);
    ending->config.due(ending->config.context, &order);
}

/* The loop may turn late: what is said is what is left, not what was meant to be. */
static void count_down(struct ending *ending)
{
    uint64_t left_ms = ending_left_ms(ending);

    if (left_ms == 0) {
        end(ending);
        return;
    }
    if (mark_ms(ending) >= left_ms)
        say(ending, (uint32_t)((left_ms + 999) / 1000));
    wait_for_mark(ending);
}

static void on_time(evutil_socket_t fd, short what, void *context)
{
    struct ending *ending = context;

    (void)fd, (void)what;
    if (!ending->order.when_empty)
        count_down(ending);
    else if (ending->config.here(ending->config.context) == 0)
        end(ending);
    else
        wait_ms(ending, LOOK_MS);
}

struct ending *ending_new(const struct ending_config *config, struct error *error)
{
    struct ending *ending = calloc(1, sizeof(*ending));

    if (ending != NULL) {
        ending->config = *config;
        ending->timer = evtimer_new(config->base, on_time, ending);
    }
    if (ending == NULL || ending->timer == NULL) {
        error_set(error, "out of memory");
        ending_free(ending);
        return NULL;
    }
    return ending;
}

void ending_free(struct ending *ending)
{
    if (ending == NULL)
        return;
    if (ending->timer != NULL)
        event_free(ending->timer);
    free(ending);
}

/* Who was told of a countdown is told that it is none any more. */
static void say_not(const struct ending *ending)
{
    if (!ending->order.when_empty)
        ending->config.say(ending->config.context, ending->order.restart
                                                       ? "The server does not restart after all."
                                                       : "The server does not stop after all.");
}

bool ending_order(struct ending *ending, const struct ending_order *order)
{
    bool replaced = ending->ordered;

    event_del(ending->timer);
    if (replaced && order->when_empty) /* of which nobody is told */
        say_not(ending);
    ending->order = *order;
    ending->ordered = true;
    ending->mark = 0;
    log_event(LOG_LEVEL_INFO, "ending_ordered", "an operator ordered an end",
              LOG_TEXT("by", order->by), LOG_U64("in_s", order->when_empty ? 0 : order->in_s),
              LOG_U64("when_empty", order->when_empty), LOG_U64("restart", order->restart));
    if (order->when_empty) {
        wait_ms(ending, 0);
        return replaced;
    }
    ending->due_ms = clock_steady_ms() + order->in_s * UINT64_C(1000);
    say(ending, order->in_s);
    wait_for_mark(ending);
    return replaced;
}

bool ending_cancel(struct ending *ending, bool told)
{
    bool was = ending->ordered;

    event_del(ending->timer);
    ending->ordered = false;
    if (was && told)
        say_not(ending);
    return was;
}

const struct ending_order *ending_ordered(const struct ending *ending)
{
    return ending->ordered ? &ending->order : NULL;
}

uint64_t ending_left_ms(const struct ending *ending)
{
    uint64_t now_ms = clock_steady_ms();

    return ending->ordered && !ending->order.when_empty && ending->due_ms > now_ms
               ? ending->due_ms - now_ms
               : 0;
}
