/* writeback.c -- a table of rows by player; a flush copies the dirty ones into one question. */
#include "store/writeback.h"

#include <stdlib.h>
#include <string.h>

#include "common/hash.h"
#include "common/log.h"
#include "ops/metrics.h"
#include "store/timestamp.h"

#define BACKOFF_FIRST_MS 250
#define BACKOFF_MAX_MS   30000

struct entry {
    uint64_t player_id; /* key */
    struct store_position row;
    bool dirty;  /* to be in the next flush */
    bool saving; /* an earlier or the same state of it is in the flush under way */
    UT_hash_handle hh;
};

struct writeback {
    struct event_base *base;
    struct store *store;
    struct entry *entries;
    struct event *retry, *patience;
    uint32_t backoff_ms;
    bool in_flight; /* a batch is with the store */
    bool wanted;    /* a flush is to follow */
    size_t in_flight_n;
    struct writeback_watermark asked; /* of the newest writeback_flush */
    struct writeback_watermark sent;  /* of the batch in flight */
    struct writeback_watermark durable;
    void (*done)(void *context, uint32_t lost); /* NULL: nobody waits */
    void *done_context;
    struct error trouble; /* why the newest batch was not committed; empty: it was */
};

static void start(struct writeback *writeback);

static bool newer(const struct store_position *a, const struct store_position *b)
{
    return a->epoch != b->epoch ? a->epoch > b->epoch : a->tick > b->tick;
}

static void set_timer(struct event *timer, uint32_t ms)
{
    struct timeval delay = {(time_t)(ms / 1000), (suseconds_t)(ms % 1000) * 1000};

    event_add(timer, &delay);
}

static void tell(struct writeback *writeback)
{
    void (*done)(void *context, uint32_t lost) = writeback->done;

    if (!done)
        return;
    writeback->done = NULL;
    event_del(writeback->patience);
    done(writeback->done_context, writeback_pending_n(writeback));
}

static void note_pending(struct writeback *writeback)
{
    metrics_set(METRIC_SAVES_PENDING, writeback_pending_n(writeback));
}

/* All that was sent is durable. */
static void reached(struct writeback *writeback)
{
    writeback->durable = writeback->sent;
    writeback->durable.wall_ms = timestamp_now_ms();
    metrics_set(METRIC_DURABLE_EPOCH, writeback->durable.epoch);
    metrics_set(METRIC_DURABLE_TICK, writeback->durable.tick);
    metrics_set(METRIC_DURABLE_MS, (int64_t)writeback->durable.wall_ms);
}

static void committed(struct writeback *writeback)
{
    struct entry *entry, *next;

    HASH_ITER(hh, writeback->entries, entry, next)
    {
        if (!entry->saving)
            continue;
        entry->saving = false;
        if (!entry->dirty) {
            HASH_DEL(writeback->entries, entry);
            free(entry);
        }
    }
    metrics_add(METRIC_POSITIONS_SAVED, writeback->in_flight_n);
    reached(writeback);
    writeback->backoff_ms = 0;
}

static void put_back(struct writeback *writeback)
{
    struct entry *entry, *next;

    HASH_ITER(hh, writeback->entries, entry, next)
    {
        if (entry->saving)
            entry->dirty = true;
        entry->saving = false;
    }
    writeback->backoff_ms = writeback->backoff_ms ? writeback->backoff_ms * 2 : BACKOFF_FIRST_MS;
    if (writeback->backoff_ms > BACKOFF_MAX_MS)
        writeback->backoff_ms = BACKOFF_MAX_MS;
    set_timer(writeback->retry, writeback->backoff_ms);
}

static void answered(void *context, uint64_t tag, const struct store_answer *answer)
{
    struct writeback *writeback = context;

    (void)tag;
    writeback->in_flight = false;
    if (answer->status == STORE_AWAY) {
        writeback->trouble = answer->error;
        put_back(writeback);
        return;
    }
    writeback->trouble.text[0] = '\0';
    committed(writeback);
    note_pending(writeback);
    if (writeback->wanted || (writeback->done && writeback->entries))
        start(writeback);
    if (!writeback->in_flight && !writeback->entries)
        tell(writeback);
}

static size_t collect(struct writeback *writeback, struct store_position *rows)
{
    struct entry *entry, *next;
    size_t n = 0;

    HASH_ITER(hh, writeback->entries, entry, next)
    {
        if (entry->dirty) {
            entry->dirty = false;
            entry->saving = true;
            rows[n++] = entry->row;
        }
    }
    return n;
}

/* Nothing is in flight and no retry waits. */
static void start(struct writeback *writeback)
{
    struct store_question question = {
        .statement = STORE_POSITIONS_SAVE, .answer = answered, .context = writeback};
    struct store_position *rows;
    unsigned n = HASH_COUNT(writeback->entries);

    writeback->wanted = false;
    writeback->sent = writeback->asked;
    if (n == 0) { /* all is there already: the mark moves by itself */
        reached(writeback);
        return;
    }
    rows = calloc(n, sizeof(*rows));
    writeback->in_flight_n = rows ? collect(writeback, rows) : 0;
    question.in.positions.rows = rows;
    question.in.positions.n = writeback->in_flight_n;
    if (rows && store_ask(writeback->store, &question) == 0)
        writeback->in_flight = true;
    else
        put_back(writeback);
    free(rows);
}

static void try_again(evutil_socket_t fd, short what, void *context)
{
    struct writeback *writeback = context;

    (void)fd, (void)what;
    if (!writeback->in_flight)
        start(writeback);
}

static void out_of_patience(evutil_socket_t fd, short what, void *context)
{
    (void)fd, (void)what;
    tell(context);
}

struct writeback *writeback_new(struct event_base *base, struct store *store, struct error *error)
{
    struct writeback *writeback = calloc(1, sizeof(*writeback));

    if (!writeback)
        goto fail;
    writeback->base = base;
    writeback->store = store;
    writeback->retry = evtimer_new(base, try_again, writeback);
    writeback->patience = evtimer_new(base, out_of_patience, writeback);
    if (!writeback->retry || !writeback->patience)
        goto fail;
    return writeback;
fail:
    writeback_free(writeback);
    error_set(error, "out of memory");
    return NULL;
}

void writeback_free(struct writeback *writeback)
{
    struct entry *entry, *next;

    if (!writeback)
        return;
    HASH_ITER(hh, writeback->entries, entry, next)
    {
        HASH_DEL(writeback->entries, entry);
        free(entry);
    }
    if (writeback->retry)
        event_free(writeback->retry);
    if (writeback->patience)
        event_free(writeback->patience);
    free(writeback);
}

int writeback_put(struct writeback *writeback, const struct store_position *row)
{
    struct entry *entry;

    HASH_FIND(hh, writeback->entries, &row->player_id, sizeof(row->player_id), entry);
    if (entry && newer(&entry->row, row))
        return 0;
    if (!entry) {
        entry = calloc(1, sizeof(*entry));
        if (!entry)
            return -1;
        entry->player_id = row->player_id;
        HASH_TRY_ADD(hh, writeback->entries, player_id, entry);
        if (!HASH_ADDED(hh, entry)) {
            free(entry);
            return -1;
        }
    }
    entry->row = *row;
    entry->dirty = true;
    note_pending(writeback);
    return 0;
}

bool writeback_find(const struct writeback *writeback, uint64_t player_id,
                    struct store_position *row)
{
    struct entry *entry;

    HASH_FIND(hh, writeback->entries, &player_id, sizeof(player_id), entry);
    if (!entry)
        return false;
    *row = entry->row;
    return true;
}

void writeback_flush(struct writeback *writeback, uint32_t epoch, uint32_t tick)
{
    writeback->asked.epoch = epoch;
    writeback->asked.tick = tick;
    if (writeback->in_flight || event_pending(writeback->retry, EV_TIMEOUT, NULL))
        writeback->wanted = true;
    else
        start(writeback);
}

void writeback_wait(struct writeback *writeback, uint32_t patience_ms,
                    void (*done)(void *context, uint32_t lost), void *context)
{
    tell(writeback);
    writeback->done = done;
    writeback->done_context = context;
    /* With nothing to wait for the timer fires in the loop's next turn. */
    set_timer(writeback->patience, writeback->entries ? patience_ms : 0);
    if (!writeback->in_flight && writeback->entries) {
        event_del(writeback->retry); /* a stop does not wait for the back-off */
        writeback->backoff_ms = 0;
        start(writeback);
    }
}

uint32_t writeback_pending_n(const struct writeback *writeback)
{
    return HASH_COUNT(writeback->entries);
}

const char *writeback_trouble(const struct writeback *writeback)
{
    return writeback->trouble.text;
}

struct writeback_watermark writeback_watermark(const struct writeback *writeback)
{
    return writeback->durable;
}
