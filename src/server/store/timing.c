/* timing.c -- see timing.h.
 *
 * What was asked is never said: parameters hold hashes, addresses and names. The statement's name
 * tells which SQL it is. */
#include "store/timing.h"

#include "common/clock.h"
#include "common/log.h"
#include "ops/metrics.h"
#include "ops/reports.h"
#include "store/driver.h"

#define SLOW_LOGGED 5 /* at once, then one a second */

_Static_assert(STORE_STATEMENTS_N <= 128, "METRIC_GROUPS has no room for more statements");

static const char *const labels[STORE_STATEMENTS_N] = {
#define ROW(upper, lower) [STORE_##upper] = "statement=\"" #lower "\"",
    STORE_STATEMENTS(ROW)
#undef ROW
};

void timing_init(struct timing *timing)
{
    *timing = (struct timing){0};
    for (unsigned i = 0; i < STORE_STATEMENTS_N; i++) {
        metrics_member(METRIC_GROUP_STATEMENT_US, i, labels[i]);
        metrics_member(METRIC_GROUP_STATEMENT_ERRORS, i, labels[i]);
        metrics_member(METRIC_GROUP_STATEMENT_SLOW, i, labels[i]);
    }
}

static void say_slow(const struct store_ask *ask, uint64_t took_us, uint64_t waited_us)
{
    static struct log_limit limit;
    uint64_t swallowed = 0;

    if (!log_limit_pass(&limit, SLOW_LOGGED, &swallowed))
        return;
    log_event(LOG_LEVEL_WARN, "statement_slow", "a question to the database took long",
              LOG_TEXT("statement", ask->row->name), LOG_U64("us", took_us),
              LOG_U64("waited_us", waited_us), LOG_U64("ran_us", took_us - waited_us),
              LOG_U64("tries", ask->tries + 1), LOG_U64("rows", ask->answer.rows_n),
              LOG_U64("away", ask->answer.status == STORE_AWAY), LOG_U64("swallowed", swallowed));
}

static void tell_span(const struct timing *timing, const struct store_ask *ask, uint64_t took_us,
                      uint64_t waited_us)
{
    static const char *const OUTCOMES[] = {
        [STORE_OK] = "ok", [STORE_NONE] = "none", [STORE_TAKEN] = "taken", [STORE_AWAY] = "away"};
    struct span span = {.name = "statement", .took_us = took_us};

    if (!reports_want_spans(timing->reports))
        return;
    span.failed = ask->answer.status == STORE_AWAY;
    span_text(&span, "db.operation.name", ask->row->name);
    span_text(&span, "openmmo.outcome", OUTCOMES[ask->answer.status]);
    span_number(&span, "openmmo.waited_us", (int64_t)waited_us);
    span_number(&span, "openmmo.ran_us", (int64_t)(took_us - waited_us));
    span_number(&span, "openmmo.tries", (int64_t)ask->tries + 1);
    span_number(&span, "openmmo.rows", (int64_t)ask->answer.rows_n);
    reports_span(timing->reports, &span);
}

static void keep_slow(struct timing *timing, const struct store_ask *ask, uint64_t took_us,
                      uint64_t waited_us)
{
    timing->slow[timing->slow_n++ % STORE_SLOW_KEPT] =
        (struct store_slow){.statement = ask->row->name,
                            .at_ms = clock_wall_ms(),
                            .took_us = took_us,
                            .waited_us = waited_us,
                            .tries = ask->tries + 1,
                            .rows = (uint32_t)ask->answer.rows_n,
                            .away = ask->answer.status == STORE_AWAY};
}

const struct store_slow *timing_slow(const struct timing *timing, unsigned i)
{
    if (i >= timing->slow_n || i >= STORE_SLOW_KEPT)
        return NULL;
    return &timing->slow[(timing->slow_n - 1 - i) % STORE_SLOW_KEPT];
}

void timing_note(struct timing *timing, const struct store_ask *ask, uint64_t now_us)
{
    unsigned statement = (unsigned)ask->question.statement;
    uint64_t took_us = now_us - ask->asked_us;
    bool slow;
    uint64_t waited_us = ask->begun_us ? ask->begun_us - ask->asked_us : took_us;

    metrics_member_observe(METRIC_GROUP_STATEMENT_US, statement, took_us);
    metrics_observe(METRIC_STORE_WAIT_US, waited_us);
    if (ask->answer.status == STORE_AWAY)
        metrics_member_add(METRIC_GROUP_STATEMENT_ERRORS, statement, 1);
    slow = timing->slow_us > 0 && took_us > timing->slow_us;
    if (slow || reports_sampled(timing->reports))
        tell_span(timing, ask, took_us, waited_us);
    if (!slow)
        return;
    metrics_member_add(METRIC_GROUP_STATEMENT_SLOW, statement, 1);
    keep_slow(timing, ask, took_us, waited_us);
    say_slow(ask, took_us, waited_us);
}
