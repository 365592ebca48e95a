/* reports.c -- see reports.h. */
#include <config.h> /* GNU extensions */

#include "ops/reports.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/clock.h"
#include "common/log.h"
#include "common/thread.h"
#include "ops/metrics.h"
#include "ops/otlp.h"
#include "ops/post.h"
#include "ops/sentry.h"

#define BATCH          128  /* spans in one request */
#define GATHER_MS      1000 /* from the first span to its request */
#define STOP_MS        2000
#define PAUSE_FIRST_MS 1000
#define PAUSE_MAX_MS   60000

/* Where reports of one kind go, and until when it is left alone. */
struct receiver {
    const char *name;
    uint64_t paused_until_ms;
    uint32_t pause_ms;
    enum metric sent, failed;
};

struct reports {
    _Atomic bool tracing; /* relaxed: who reports a moment late finds nobody */
    bool reporting;
    uint32_t one_in;
    char *endpoint, *server, *environment, *version;
    struct sentry_dsn dsn;
    _Atomic uint64_t asked_n; /* of reports_sampled */
    pthread_t thread;
    bool started;
    _Atomic bool stop, hurry;
    pthread_mutex_t lock; /* over what follows; held for copies only */
    pthread_cond_t filled;
    struct span spans[REPORTS_SPANS_MAX];
    unsigned spans_first, spans_n;
    uint64_t spans_since_ms; /* monotonic: since when there are some */
    struct sentry_event errors[REPORTS_ERRORS_MAX];
    unsigned errors_first, errors_n;
    /* The thread's. */
    struct post *post;
    struct receiver traces, alarms;
    struct span batch[BATCH];
};

/* -- who reports ------------------------------------------------------------------------------- */

bool reports_want_spans(const struct reports *reports)
{
    return reports != NULL && atomic_load_explicit(&reports->tracing, memory_order_relaxed);
}

bool reports_sampled(struct reports *reports)
{
    if (!reports_want_spans(reports) || reports->one_in == 0)
        return false;
    /* relaxed: a count by itself */
    return atomic_fetch_add_explicit(&reports->asked_n, 1, memory_order_relaxed) %
               reports->one_in ==
           0;
}

void reports_span(struct reports *reports, const struct span *span)
{
    struct span *place;

    if (!reports_want_spans(reports))
        return;
    if (pthread_mutex_trylock(&reports->lock) != 0) {
        metrics_add(METRIC_SPANS_LOST, 1);
        return;
    }
    if (reports->spans_n < REPORTS_SPANS_MAX) {
        place = &reports->spans[(reports->spans_first + reports->spans_n++) % REPORTS_SPANS_MAX];
        *place = *span;
        if (place->ended_ms == 0)
            place->ended_ms = clock_wall_ms();
        if (reports->spans_n == 1)
            reports->spans_since_ms = clock_steady_ms();
        if (reports->spans_n == 1 || reports->spans_n == BATCH)
            pthread_cond_signal(&reports->filled);
    } else
        metrics_add(METRIC_SPANS_LOST, 1);
    pthread_mutex_unlock(&reports->lock);
}

/* The log's alarm: on whatever thread logs an error. */
static void alarmed(void *context, const char *event, const char *message,
                    const struct log_field *fields, size_t fields_n)
{
    struct reports *reports = context;

    if (pthread_mutex_trylock(&reports->lock) != 0) {
        metrics_add(METRIC_ERRORS_LOST, 1);
        return;
    }
    if (reports->errors_n < REPORTS_ERRORS_MAX) {
        sentry_fill(
            &reports->errors[(reports->errors_first + reports->errors_n++) % REPORTS_ERRORS_MAX],
            clock_wall_ms(), event, message, fields, fields_n);
        pthread_cond_signal(&reports->filled);
    } else
        metrics_add(METRIC_ERRORS_LOST, 1);
    pthread_mutex_unlock(&reports->lock);
}

/* -- the thread -------------------------------------------------------------------------------- */

static bool stopping(const struct reports *reports)
{
    return atomic_load_explicit(&reports->stop, memory_order_relaxed); /* a flag by itself */
}

/* Success, or a pause that grows; said once, and once when it is over. Never at level error: that
 * would be reported. */
static void settle(struct reports *reports, struct receiver *receiver, unsigned n,
                   const struct post_answer *answer)
{
    bool taken = answer->status >= 200 && answer->status <= 299;
    uint64_t pause_ms;

    metrics_add(taken ? receiver->sent : receiver->failed, n);
    if (taken) {
        if (receiver->pause_ms > 0)
            log_event(LOG_LEVEL_INFO, "reports_taken", "reports are taken again",
                      LOG_TEXT("of", receiver->name));
        receiver->pause_ms = 0;
        return;
    }
    if (stopping(reports))
        return;
    if (receiver->pause_ms == 0)
        log_event(LOG_LEVEL_WARN, "reports_refused", answer->why, LOG_TEXT("of", receiver->name));
    receiver->pause_ms = receiver->pause_ms == 0 ? PAUSE_FIRST_MS : 2 * receiver->pause_ms;
    if (receiver->pause_ms > PAUSE_MAX_MS)
        receiver->pause_ms = PAUSE_MAX_MS;
    pause_ms = (uint64_t)answer->retry_after_s * 1000; /* asked for this once: it does not grow */
    if (pause_ms < receiver->pause_ms)
        pause_ms = receiver->pause_ms;
    receiver->paused_until_ms = clock_steady_ms() + pause_ms;
}

static void post_spans(struct reports *reports, unsigned n)
{
    char *body = otlp_body(reports->batch, n, reports->version, reports->server);
    struct post_answer answer = {.why = "out of memory"};

    if (body != NULL)
        post_send(reports->post, reports->endpoint, "application/json", NULL, body, &answer);
    free(body);
    settle(reports, &reports->traces, n, &answer);
}

static void post_error(struct reports *reports, const struct sentry_event *event)
{
    char *body = sentry_envelope(event, reports->version, reports->server, reports->environment);
    char header[sizeof(reports->dsn.auth) + 20];
    struct post_answer answer = {.why = "out of memory"};

    snprintf(header, sizeof(header), "X-Sentry-Auth: %s", reports->dsn.auth);
    if (body != NULL)
        post_send(reports->post, reports->dsn.url, "application/x-sentry-envelope", header, body,
                  &answer);
    free(body);
    settle(reports, &reports->alarms, 1, &answer);
}

/* How long it may sleep; 0: there is something to post. */
static uint64_t idle_ms(const struct reports *reports, uint64_t now_ms)
{
    uint64_t least_ms = PAUSE_MAX_MS, until_ms;

    if (reports->errors_n > 0) {
        until_ms = reports->alarms.paused_until_ms;
        least_ms = until_ms > now_ms ? until_ms - now_ms : 0;
    }
    if (reports->spans_n > 0) {
        until_ms = reports->traces.paused_until_ms;
        if (reports->spans_n < BATCH) { /* more of them come together */
            uint64_t gathered_ms = reports->spans_since_ms + GATHER_MS;

            if (gathered_ms > until_ms)
                until_ms = gathered_ms;
        }
        if (until_ms <= now_ms)
            least_ms = 0;
        else if (until_ms - now_ms < least_ms)
            least_ms = until_ms - now_ms;
    }
    return least_ms;
}

/* With the lock: wait until something can be posted, or the end. */
static void await(struct reports *reports)
{
    uint64_t ms;

    while (!atomic_load_explicit(&reports->hurry, memory_order_relaxed) &&
           (ms = idle_ms(reports, clock_steady_ms())) > 0) {
        uint64_t until_ms = clock_steady_ms() + ms;
        struct timespec until = {(time_t)(until_ms / 1000), (long)(until_ms % 1000) * 1000000};

        pthread_cond_timedwait(&reports->filled, &reports->lock, &until);
    }
}

/* With the lock, which is let go meanwhile. */
static void post_some(struct reports *reports)
{
    bool hurry = atomic_load_explicit(&reports->hurry, memory_order_relaxed);
    uint64_t now_ms = clock_steady_ms();
    struct sentry_event event;
    unsigned n = 0;
    bool error = reports->errors_n > 0 && (hurry || reports->alarms.paused_until_ms <= now_ms);

    if (error) {
        event = reports->errors[reports->errors_first];
        reports->errors_first = (reports->errors_first + 1) % REPORTS_ERRORS_MAX;
        reports->errors_n--;
    }
    if (hurry || reports->traces.paused_until_ms <= now_ms)
        for (; n < BATCH && reports->spans_n > 0; n++) {
            reports->batch[n] = reports->spans[reports->spans_first];
            reports->spans_first = (reports->spans_first + 1) % REPORTS_SPANS_MAX;
            reports->spans_n--;
        }
    reports->spans_since_ms = now_ms; /* of what is left */
    pthread_mutex_unlock(&reports->lock);
    if (error)
        post_error(reports, &event);
    if (n > 0)
        post_spans(reports, n);
    pthread_mutex_lock(&reports->lock);
}

static void *run(void *context)
{
    struct reports *reports = context;

    pthread_mutex_lock(&reports->lock);
    for (;;) {
        await(reports);
        if (stopping(reports) || (atomic_load_explicit(&reports->hurry, memory_order_relaxed) &&
                                  reports->errors_n == 0 && reports->spans_n == 0))
            break;
        post_some(reports);
    }
    pthread_mutex_unlock(&reports->lock);
    return NULL;
}

/* -- start and end ----------------------------------------------------------------------------- */

static int copy_texts(struct reports *reports, const struct reports_config *config)
{
    reports->endpoint = strdup(config->endpoint);
    reports->server = strdup(config->server);
    reports->environment = strdup(config->environment);
    reports->version = strdup(config->version);
    return reports->endpoint && reports->server && reports->environment && reports->version ? 0
                                                                                            : -1;
}

static void init_waiting(struct reports *reports)
{
    pthread_condattr_t monotonic;

    pthread_mutex_init(&reports->lock, NULL);
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&reports->filled, &monotonic);
    pthread_condattr_destroy(&monotonic);
}

static int start(struct reports *reports, struct error *error)
{
    int failed;

    reports->post = post_new(&reports->stop);
    if (reports->post == NULL)
        return error_set(error, "out of memory");
    failed = thread_start(&reports->thread, "reports", run, reports);
    if (failed != 0)
        return error_set(error, "cannot start the reports' thread: %s", strerror(failed));
    reports->started = true;
    if (reports->reporting)
        log_set_alarm(alarmed, reports);
    return 0;
}

struct reports *reports_new(const struct reports_config *config, struct error *error)
{
    struct reports *reports = calloc(1, sizeof(*reports));

    if (reports == NULL) {
        error_set(error, "out of memory");
        return NULL;
    }
    init_waiting(reports);
    reports->traces = (struct receiver){
        .name = "trace.endpoint", .sent = METRIC_SPANS_SENT, .failed = METRIC_SPANS_FAILED};
    reports->alarms = (struct receiver){
        .name = "errors.dsn", .sent = METRIC_ERRORS_SENT, .failed = METRIC_ERRORS_FAILED};
    reports->tracing = config->endpoint[0] != '\0';
    reports->reporting = config->dsn[0] != '\0';
    reports->one_in = config->one_in;
    if (copy_texts(reports, config) < 0) {
        error_set(error, "out of memory");
        reports_free(reports);
        return NULL;
    }
    if ((reports->reporting && sentry_parse(config->dsn, &reports->dsn, error) < 0) ||
        ((reports->tracing || reports->reporting) && start(reports, error) < 0)) {
        reports_free(reports);
        return NULL;
    }
    return reports;
}

void reports_stop(struct reports *reports)
{
    uint64_t until_ms = clock_steady_ms() + STOP_MS;
    const struct timespec moment = {0, 5000000};
    bool done = false;

    if (reports == NULL || !reports->started)
        return;
    log_set_alarm(NULL, NULL);
    pthread_mutex_lock(&reports->lock);
    atomic_store_explicit(&reports->tracing, false, memory_order_relaxed);
    atomic_store_explicit(&reports->hurry, true, memory_order_relaxed);
    pthread_cond_signal(&reports->filled);
    pthread_mutex_unlock(&reports->lock);
    while (!done && clock_steady_ms() < until_ms) {
        done = pthread_tryjoin_np(reports->thread, NULL) == 0;
        if (!done)
            nanosleep(&moment, NULL);
    }
    if (!done) {
        atomic_store_explicit(&reports->stop, true, memory_order_relaxed);
        pthread_join(reports->thread, NULL);
    }
    metrics_add(METRIC_SPANS_LOST, reports->spans_n);
    metrics_add(METRIC_ERRORS_LOST, reports->errors_n);
    reports->started = false;
}

void reports_free(struct reports *reports)
{
    if (reports == NULL)
        return;
    reports_stop(reports);
    post_free(reports->post);
    pthread_cond_destroy(&reports->filled);
    pthread_mutex_destroy(&reports->lock);
    free(reports->endpoint);
    free(reports->server);
    free(reports->environment);
    free(reports->version);
    free(reports);
}
