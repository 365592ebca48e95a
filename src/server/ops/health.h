/* health.h -- whether the daemon lives, and whether it is ready: two questions with two answers.
 *
 *   live   the world ticks and control turns: who answers no needs a restart
 *   ready  live, and the store answers, the tick is within its budget and nobody asked for the end:
 *          who answers no should be sent no newcomers for a while
 *
 * The world's thread and control report; any thread may ask, so that an io thread can say that
 * control stands still. All of it is relaxed atomics: each fact is a moment's truth by itself.
 * Times are milliseconds of one monotonic clock, given by the caller. */
#ifndef OPENMMO_OPS_HEALTH_H
#define OPENMMO_OPS_HEALTH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HEALTH_LOOK_MS    250
#define HEALTH_WINDOW     40 /* looks that the tick's budget is judged by: ten seconds */
#define HEALTH_MISSED_MAX 10 /* per cent of the ticks of a window that may be passed over */
#define HEALTH_TEXT_MAX   512

struct health {
    _Atomic uint64_t ticked_ms, looked_ms;
    _Atomic uint32_t stall_ms; /* so long without a tick, or a look of control: not live */
    _Atomic bool store_away, over_budget, stopping;
    /* Control's. */
    uint64_t ticks[HEALTH_WINDOW], missed[HEALTH_WINDOW];
    unsigned looks_n;
};

/* What control sees at each look. */
struct health_facts {
    uint64_t ticks, missed;  /* ever */
    uint16_t tempo_permille; /* of the world */
    bool store_away, stopping;
};

/* Before any other. Migrations are applied before: without them there is no store. Control. */
void health_init(struct health *health, uint32_t stall_ms, uint64_t now_ms);
void health_set_stall(struct health *health, uint32_t stall_ms); /* any thread */
void health_ticked(struct health *health, uint64_t now_ms);      /* the world's thread */
/* Control; every HEALTH_LOOK_MS, and at once when the end is asked for. */
void health_look(struct health *health, const struct health_facts *facts, uint64_t now_ms);

enum health_check {
    HEALTH_TICK,    /* the world ticks */
    HEALTH_CONTROL, /* control turns */
    HEALTH_LIVE_N,
    HEALTH_STORE = HEALTH_LIVE_N,
    HEALTH_MIGRATIONS,
    HEALTH_BUDGET, /* of the tick */
    HEALTH_SERVING,
    HEALTH_READY_N
};

/* Any thread. checks_n: HEALTH_LIVE_N or HEALTH_READY_N. True: all of them are well. text: JSON,
 * "{\"status\":\"OK\",\"checks\":{\"tick\":\"OK\", ...}}", with "failing" and a reason for a person
 * where it is not; no secret in it. Returns its length in *len_bytes. */
bool health_ask(const struct health *health, unsigned checks_n, uint64_t now_ms,
                char text[HEALTH_TEXT_MAX], size_t *len_bytes);

#endif
