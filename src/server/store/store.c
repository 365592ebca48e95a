/* store.c -- what all drivers share: who is asked, the copy of the question, the answer's rows, and
 * saying once that the database is away and once that it is back. */
#include "store/store.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/clock.h"
#include "common/log.h"
#include "ops/metrics.h"
#include "store/driver.h"
#include "store/timing.h"

#define ROWS_FIRST 16

struct store {
    const struct store_driver *driver;
    void *data; /* the driver's */
    uint32_t epoch;
    unsigned unanswered_n[2]; /* by lane, so that saves that wait do not shut out logins */
    unsigned queue_max;
    uint32_t answer_ms; /* 0: no limit */
    bool closing;
    struct timing timing;
    struct error trouble; /* of the newest answer that says something of it */
    bool changes_fail;    /* the trouble is with changes (too) */
};

void store_ask_clear(struct store_ask *ask)
{
    memset(&ask->answer, 0, sizeof(ask->answer));
    ask->answer.rows = ask->rows;
}

int store_ask_row(struct store_ask *ask, const struct statement_value *columns)
{
    const struct statement *row = ask->row;
    size_t n = ask->answer.rows_n;

    if (!(row->flags & STATEMENT_MANY_OUT)) {
        if (n == 0)
            row->read(columns, &ask->answer.out);
        ask->answer.rows_n = 1;
        return 0;
    }
    if (n == ask->rows_room) {
        size_t room = n ? n * 2 : ROWS_FIRST;
        void *rows = reallocarray(ask->rows, room, row->out_bytes);

        if (!rows)
            return -1;
        ask->rows = rows;
        ask->rows_room = room;
        ask->answer.rows = rows;
    }
    memset((char *)ask->rows + n * row->out_bytes, 0, row->out_bytes);
    row->read(columns, (char *)ask->rows + n * row->out_bytes);
    ask->answer.rows_n++;
    return 0;
}

enum store_status store_ask_done(const struct store_ask *ask)
{
    const struct statement *row = ask->row;
    bool one = row->out[0] != '\0' && !(row->flags & STATEMENT_MANY_OUT);

    return one && ask->answer.rows_n == 0 ? STORE_NONE : STORE_OK;
}

/* Said once, until it is back. */
void store_note_trouble(struct store *store, const struct error *why, bool changes)
{
    if (strcmp(store->trouble.text, why->text) != 0)
        log_event(LOG_LEVEL_ERROR, "store_away", why->text, LOG_NONE);
    store->trouble = *why;
    store->changes_fail = store->changes_fail || changes;
}

/* On a full disk or under another's lock it still answers who only reads: that is not back. */
static void note_trouble(struct store *store, const struct store_ask *ask)
{
    const struct store_answer *answer = &ask->answer;
    bool change = (ask->row->flags & STATEMENT_CHANGES) != 0;

    if (answer->status == STORE_AWAY) {
        metrics_add(METRIC_STORE_ERRORS, 1);
        store_note_trouble(store, &answer->error, change);
        return;
    }
    if (store->changes_fail && !change)
        return;
    store->changes_fail = false;
    if (store->trouble.text[0])
        log_event(LOG_LEVEL_INFO, "store_back", "the database answers again",
                  LOG_TEXT("path", store->driver->place(store->data)));
    store->trouble.text[0] = '\0';
}

static void ask_free(struct store_ask *ask)
{
    if (ask->rows)
        sodium_memzero(ask->rows, ask->rows_room * ask->row->out_bytes);
    free(ask->rows);
    sodium_memzero(&ask->question, sizeof(ask->question)); /* hashes */
    sodium_memzero(&ask->answer, sizeof(ask->answer));
    free(ask);
}

void store_answered(struct store_ask *ask)
{
    const struct store_question *question = &ask->question;
    struct store *store = ask->store;

    metrics_gauge(METRIC_STORE_QUEUE, -1);
    metrics_add(METRIC_STORE_QUESTIONS, 1);
    timing_note(&store->timing, ask, clock_steady_us());
    store->unanswered_n[ask->row->lane]--;
    note_trouble(store, ask);
    if (question->answer)
        question->answer(question->context, question->tag, &ask->answer);
    ask_free(ask);
}

int store_ask(struct store *store, const struct store_question *question)
{
    const struct statement *row = statement_of(question->statement);
    size_t n = row->flags & STATEMENT_MANY_IN ? question->in.many.n : 0;
    struct store_ask *ask;

    if (store->unanswered_n[row->lane] >= store->queue_max || store->closing)
        return -1;
    ask = calloc(1, sizeof(*ask) + n * row->in_bytes);
    if (!ask)
        return -1;
    ask->store = store;
    ask->row = row;
    ask->question = *question;
    ask->asked_us = clock_steady_us();
    if (n) {
        memcpy(ask + 1, question->in.many.rows, n * row->in_bytes);
        ask->question.in.many.rows = ask + 1;
    }
    store->unanswered_n[row->lane]++;
    metrics_gauge(METRIC_STORE_QUEUE, 1);
    store->driver->ask(store->data, ask);
    return 0;
}

struct store *store_open(const struct store_config *config, struct error *error)
{
    struct store *store = calloc(1, sizeof(*store));

    if (!store) {
        error_set(error, "out of memory");
        return NULL;
    }
    store->driver =
        config->kind == STORE_POSTGRESQL ? &store_driver_postgresql : &store_driver_sqlite;
    store->queue_max = config->queue_max;
    store->answer_ms = config->kind == STORE_POSTGRESQL ? config->pg.answer_ms : 0;
    timing_init(&store->timing);
    store->data = store->driver->open(config, store, &store->epoch, error);
    if (!store->data) {
        free(store);
        return NULL;
    }
    return store;
}

void store_close(struct store *store)
{
    if (!store)
        return;
    store->closing = true;
    store->driver->close(store->data);
    free(store);
}

uint32_t store_epoch(const struct store *store)
{
    return store->epoch;
}

const char *store_driver_name(const struct store *store)
{
    return store->driver->name;
}

const char *store_place(const struct store *store)
{
    return store->driver->place(store->data);
}

const char *store_trouble(const struct store *store)
{
    return store->trouble.text;
}

unsigned store_connections(const struct store *store,
                           struct store_connection list[STORE_CONNECTIONS_MAX])
{
    memset(list, 0, STORE_CONNECTIONS_MAX * sizeof(*list));
    return store->driver->connections(store->data, list);
}

void store_queues(const struct store *store, struct store_queue queues[2])
{
    static const char *const LANES[2] = {[STATEMENT_ASKED] = "asked", [STATEMENT_SAVES] = "saves"};

    for (unsigned i = 0; i < 2; i++)
        queues[i] = (struct store_queue){LANES[i], store->unanswered_n[i], store->queue_max};
}

const struct store_slow *store_slow(const struct store *store, unsigned i)
{
    return timing_slow(&store->timing, i);
}

uint32_t store_answer_ms(const struct store *store)
{
    return store->answer_ms;
}

uint32_t store_slow_ms(const struct store *store)
{
    return (uint32_t)(store->timing.slow_us / 1000);
}

void store_set_slow(struct store *store, uint32_t slow_ms)
{
    store->timing.slow_us = (uint64_t)slow_ms * 1000;
}

void store_set_reports(struct store *store, struct reports *reports)
{
    store->timing.reports = reports;
}
