/* lookout.c -- see lookout.h. */
#include "lookout.h"

#include <stdlib.h>

#include "common/log.h"
#include "ops/metrics.h"
#include "play/pressure.h"
#include "store/timestamp.h"

#define STUCK_LOOKS 2 /* in a row: the first may be that the whole process stood still */

struct lookout {
    struct event *second;
    struct presence *presence;
    struct sessions *sessions;
    struct worst *worst;
    struct ladder ladder;
    uint32_t stuck_looks[METRICS_THREADS_MAX]; /* of each io thread, in a row */
};

/* Who lags with all others of his thread has one cause: it is said once. */
static void look_at_thread(struct lookout *lookout, unsigned thread)
{
    uint32_t *looks = &lookout->stuck_looks[thread];
    bool was_stuck = *looks >= STUCK_LOOKS;

    *looks = sessions_stuck(lookout->sessions, thread) ? *looks + 1 : 0;
    if (*looks >= STUCK_LOOKS && !was_stuck) {
        log_event(LOG_LEVEL_WARN, "io_stuck", "an io thread stands still: its players wait",
                  LOG_U64("thread", thread));
        metrics_gauge(METRIC_IO_STUCK, 1);
    } else if (*looks == 0 && was_stuck) {
        log_event(LOG_LEVEL_INFO, "io_back", "the io thread goes on", LOG_U64("thread", thread));
        metrics_gauge(METRIC_IO_STUCK, -1);
    }
}

static void measure(const struct lookout *lookout, struct ladder_facts *facts)
{
    *facts = (struct ladder_facts){
        .players_shifted = (uint32_t)metrics_value(METRIC_PLAYERS_SHIFTED),
        .threads_n = sessions_threads(lookout->sessions),
        .egress_floor = (unsigned)metrics_value(METRIC_FLOOR_EGRESS),
        .floor_max = PRESSURE_FLOOR_MAX,
        .waiting = (uint32_t)metrics_value(METRIC_WAITING),
        .tempo_permille = (uint16_t)metrics_value(METRIC_TEMPO),
    };
    if (facts->threads_n > METRICS_THREADS_MAX)
        facts->threads_n = METRICS_THREADS_MAX;
    for (unsigned i = 0; i < facts->threads_n; i++)
        facts->thread_floors[i] = (uint8_t)sessions_floor(lookout->sessions, i);
}

static void on_second(evutil_socket_t fd, short what, void *context)
{
    struct lookout *lookout = context;
    struct ladder_facts facts;
    struct ladder_acts acts;
    uint64_t now_ms = timestamp_now_ms();

    (void)fd, (void)what;
    measure(lookout, &facts);
    ladder_look(&lookout->ladder, &facts, now_ms, &acts);
    if (acts.door_changed)
        presence_close_door(lookout->presence, lookout->ladder.door_shut);
    if (acts.notice[0] != '\0')
        sessions_announce(lookout->sessions, acts.notice);
    worst_take(lookout->worst, now_ms);
    for (unsigned i = 0; i < facts.threads_n; i++)
        look_at_thread(lookout, i);
}

struct lookout *lookout_new(struct event_base *base, struct presence *presence,
                            struct sessions *sessions, struct worst *worst, struct error *error)
{
    static const struct timeval second = {1, 0};
    struct lookout *lookout = calloc(1, sizeof(*lookout));

    if (lookout)
        lookout->second = event_new(base, -1, EV_PERSIST, on_second, lookout);
    if (!lookout || !lookout->second || event_add(lookout->second, &second) < 0) {
        error_set(error, "out of memory");
        lookout_free(lookout);
        return NULL;
    }
    lookout->presence = presence;
    lookout->sessions = sessions;
    lookout->worst = worst;
    on_second(-1, 0, lookout);
    return lookout;
}

void lookout_free(struct lookout *lookout)
{
    if (!lookout)
        return;
    if (lookout->second)
        event_free(lookout->second);
    free(lookout);
}

const struct ladder *lookout_ladder(const struct lookout *lookout)
{
    return &lookout->ladder;
}
