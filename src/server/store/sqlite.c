/* sqlite.c -- the store on an SQLite file: one thread that owns the connection and answers
 * questions in the order asked.
 *
 *   control: ask -> list -> [store thread: the table's steps] -> postbox -> control: answer
 */
#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/log.h"
#include "common/thread.h"
#include "ops/metrics.h"
#include "ops/postbox.h"
#include "store/driver.h"
#include "store/migrate.h"
#include "store/sqlite_file.h"
#include "store/timestamp.h"

#define LOCKED_BUSY_MS 10
#define GROUP_MAX      64 /* questions that share a commit */
#define STORE_NICE     7  /* the tick first, then this, then hashing */

/* A step made ready; at[i]: SQLite's number of $<i + 1> in it, 0 where it is not used. */
struct step {
    sqlite3_stmt *statement;
    int at[STATEMENT_VALUES_MAX];
};

struct driver {
    struct postbox *postbox;
    char *path;
    int claim; /* on the file, until the database is closed */
    pthread_t thread;
    bool started;

    pthread_mutex_t lock; /* over what follows up to stopping */
    pthread_cond_t filled;
    struct store_ask *oldest, **tail;
    bool stopping;

    /* What the store thread is at, for operators: relaxed, a moment's truth. */
    const struct statement *_Atomic running; /* NULL: nothing */
    atomic_uint_fast64_t running_us;         /* since when */
    atomic_uint group_n;                     /* questions that it has taken */
    uint64_t opened_us;

    /* Store thread (before it starts and after it ended: control). */
    sqlite3 *db;
    uint32_t busy_ms;
    bool locked;     /* the last change was refused because of another's lock */
    bool unscrubbed; /* the log could not be emptied as it should */
    struct step steps[STORE_STATEMENTS_N][STATEMENT_STEPS_MAX];
};

static void bind_value(const struct step *step, unsigned i, const struct statement_value *value)
{
    char text[TIMESTAMP_BYTES];
    int at = step->at[i];

    if (at == 0)
        return;
    switch (value->type) {
    case 'i':
    case 'b':
        sqlite3_bind_int64(step->statement, at, value->i);
        break;
    case 'r':
        sqlite3_bind_double(step->statement, at, value->r);
        break;
    case 't':
        sqlite3_bind_text(step->statement, at, value->t, -1, SQLITE_STATIC);
        break;
    case 'd':
        timestamp_format((uint64_t)value->i, text);
        sqlite3_bind_text(step->statement, at, text, -1, SQLITE_TRANSIENT);
        break;
    case '\0':
        sqlite3_bind_null(step->statement, at);
        break;
    }
}

static void bind_all(const struct step *step, const struct store_ask *ask, size_t at)
{
    struct statement_value values[STATEMENT_VALUES_MAX] = {{.type = '\0'}};
    const char *types = ask->row->in;

    if (ask->row->bind)
        ask->row->bind(&ask->question, at, values);
    for (unsigned i = 0; types[i]; i++) {
        assert(values[i].type == types[i] || !values[i].type);
        bind_value(step, i, &values[i]);
    }
}

static int read_row(sqlite3_stmt *statement, struct store_ask *ask)
{
    struct statement_value columns[STATEMENT_VALUES_MAX];
    const char *types = ask->row->out;

    for (int i = 0; types[i]; i++) {
        const char *text = NULL;

        columns[i] = value_null();
        if (sqlite3_column_type(statement, i) == SQLITE_NULL)
            continue;
        if (types[i] == 't' || types[i] == 'd')
            text = (const char *)sqlite3_column_text(statement, i);
        columns[i].type = types[i];
        if (types[i] == 'r')
            columns[i].r = sqlite3_column_double(statement, i);
        else if (types[i] == 'd')
            columns[i].i = (int64_t)timestamp_parse(text);
        else if (types[i] == 't')
            columns[i].t = text ? text : "";
        else
            columns[i].i = sqlite3_column_int64(statement, i);
    }
    return store_ask_row(ask, columns) < 0 ? SQLITE_NOMEM : SQLITE_ROW;
}

/* Returns SQLite's result code; SQLITE_DONE is good. */
static int run_step(const struct step *step, struct store_ask *ask, size_t at, bool last)
{
    bool reads = last && ask->row->out[0];
    int rc;

    bind_all(step, ask, at);
    do {
        rc = sqlite3_step(step->statement);
        if (rc == SQLITE_ROW && reads)
            rc = read_row(step->statement, ask);
    } while (rc == SQLITE_ROW);
    sqlite3_reset(step->statement);
    sqlite3_clear_bindings(step->statement);
    return rc;
}

static int run_steps(struct driver *driver, struct store_ask *ask)
{
    const struct step *steps = driver->steps[ask->question.statement];
    size_t n = statement_steps_n(ask->row);
    int rc = SQLITE_DONE;

    if (ask->row->flags & STATEMENT_MANY_IN) {
        for (size_t i = 0; i < ask->question.in.many.n && rc == SQLITE_DONE; i++)
            rc = run_step(&steps[0], ask, i, true);
        return rc;
    }
    for (size_t i = 0; i < n && rc == SQLITE_DONE; i++)
        rc = run_step(&steps[i], ask, 0, i + 1 == n);
    return rc;
}

static int control(struct driver *driver, const char *sql)
{
    return sqlite3_exec(driver->db, sql, NULL, NULL, NULL);
}

/* What has several steps, or rows, is done as a whole or not at all: in a transaction, or as a part
 * of the one that there is. */
static int run_whole(struct driver *driver, struct store_ask *ask)
{
    bool alone = sqlite3_get_autocommit(driver->db) != 0;
    int rc = control(driver, alone ? "BEGIN IMMEDIATE" : "SAVEPOINT question");

    if (rc != SQLITE_OK)
        return rc;
    rc = run_steps(driver, ask);
    if (rc == SQLITE_DONE) {
        rc = control(driver, alone ? "COMMIT" : "RELEASE question");
        return rc == SQLITE_OK ? SQLITE_DONE : rc;
    }
    /* Alone, the caller takes it back. An error that ended the whole transaction left no savepoint.
     */
    if (!alone && !sqlite3_get_autocommit(driver->db))
        control(driver, "ROLLBACK TO question; RELEASE question");
    return rc;
}

static enum store_status status_of(const struct store_ask *ask, int rc)
{
    switch (rc) {
    case SQLITE_DONE:
        return store_ask_done(ask);
    case SQLITE_CONSTRAINT_UNIQUE:
    case SQLITE_CONSTRAINT_PRIMARYKEY:
        return STORE_TAKEN;
    case SQLITE_CONSTRAINT_FOREIGNKEY:
        return STORE_NONE;
    default:
        return STORE_AWAY;
    }
}

static bool reads(const struct store_ask *ask)
{
    return !(ask->row->flags & STATEMENT_CHANGES);
}

/* In whatever transaction there is. Returns the SQLite result code. */
static int execute(struct driver *driver, struct store_ask *ask)
{
    bool whole = statement_steps_n(ask->row) > 1 || (ask->row->flags & STATEMENT_MANY_IN);
    int rc;

    store_ask_clear(ask); /* it may be run again */
    ask->begun_us = clock_steady_us();
    atomic_store_explicit(&driver->running_us, ask->begun_us, memory_order_relaxed);
    atomic_store_explicit(&driver->running, ask->row, memory_order_relaxed);
    errno = 0; /* for sqlite_file_error */
    rc = whole ? run_whole(driver, ask) : run_steps(driver, ask);
    ask->answer.status = status_of(ask, rc);
    if (ask->answer.status == STORE_AWAY)
        sqlite_file_error(&ask->answer.error, driver->db, driver->path, rc);
    return rc;
}

static void rollback(struct driver *driver)
{
    if (!sqlite3_get_autocommit(driver->db))
        sqlite3_exec(driver->db, "ROLLBACK", NULL, NULL, NULL);
}

static void run_alone(struct driver *driver, struct store_ask *ask)
{
    uint64_t begun_us = clock_steady_us();
    int rc;

    /* Who found it locked has waited long enough for all who come after: they fail at once, so that
     * reading goes on. */
    sqlite3_busy_timeout(driver->db, (int)(driver->locked ? LOCKED_BUSY_MS : driver->busy_ms));
    rc = execute(driver, ask);
    if ((rc & 0xff) == SQLITE_BUSY || (rc == SQLITE_DONE && !reads(ask)))
        driver->locked = (rc & 0xff) == SQLITE_BUSY;
    rollback(driver);
    metrics_observe(METRIC_STORE_US, clock_steady_us() - begun_us);
}

/* What waits at the same time shares one commit, and so one wait for the disk. False: it did not
 * work out and nothing was changed; each is to be run alone, to find who is at fault. */
static bool run_together(struct driver *driver, struct store_ask *first, unsigned n)
{
    uint64_t begun_us = clock_steady_us();
    bool good;

    sqlite3_busy_timeout(driver->db, LOCKED_BUSY_MS); /* waiting is for run_alone */
    if (driver->locked ||
        sqlite3_exec(driver->db, "BEGIN IMMEDIATE", NULL, NULL, NULL) != SQLITE_OK)
        return false;
    good = true;
    for (struct store_ask *ask = first; ask && good; ask = ask->next) {
        execute(driver, ask);
        good = ask->answer.status != STORE_AWAY;
    }
    good = good && sqlite3_exec(driver->db, "COMMIT", NULL, NULL, NULL) == SQLITE_OK;
    rollback(driver);
    for (unsigned i = 0; good && i < n; i++)
        metrics_observe(METRIC_STORE_US, (clock_steady_us() - begun_us) / n);
    return good;
}

/* Under the lock: the oldest questions, up to GROUP_MAX, as a list of their own. */
static struct store_ask *take(struct driver *driver, unsigned *n)
{
    struct store_ask *first = driver->oldest, *last = first;

    for (*n = 1; *n < GROUP_MAX && last->next; ++*n)
        last = last->next;
    driver->oldest = last->next;
    last->next = NULL;
    if (!driver->oldest)
        driver->tail = &driver->oldest;
    return first;
}

/* What was deleted lies in the write-ahead log yet. One that another program reads, a backup,
 * cannot be emptied now: it is tried again with what is asked next. */
static void scrub(struct driver *driver)
{
    driver->unscrubbed = sqlite3_wal_checkpoint_v2(driver->db, NULL, SQLITE_CHECKPOINT_TRUNCATE,
                                                   NULL, NULL) != SQLITE_OK;
}

static void scrub_again(struct driver *driver)
{
    sqlite3_busy_timeout(driver->db, 0); /* others wait behind it */
    scrub(driver);
}

static void run(struct driver *driver, struct store_ask *first, unsigned n)
{
    bool done = n > 1 && run_together(driver, first, n), unscrubbed = driver->unscrubbed;

    for (const struct store_ask *ask = first; done && ask; ask = ask->next) {
        if (ask->row->flags & STATEMENT_SCRUB)
            scrub(driver);
    }

    while (first) {
        struct store_ask *next = first->next; /* once posted it is control's */

        if (!done)
            run_alone(driver, first);
        if (!done && (first->row->flags & STATEMENT_SCRUB))
            scrub(driver);
        postbox_post(driver->postbox, &first->item);
        first = next;
    }
    if (unscrubbed)
        scrub_again(driver);
}

static void *serve(void *context)
{
    struct driver *driver = context;

    thread_give_way(STORE_NICE);
    pthread_mutex_lock(&driver->lock);
    for (;;) {
        struct store_ask *first;
        unsigned n;

        while (!driver->oldest && !driver->stopping)
            pthread_cond_wait(&driver->filled, &driver->lock);
        if (!driver->oldest) /* stopping, and all is answered */
            break;
        first = take(driver, &n);
        pthread_mutex_unlock(&driver->lock);
        atomic_store_explicit(&driver->group_n, n, memory_order_relaxed);
        run(driver, first, n);
        atomic_store_explicit(&driver->running, NULL, memory_order_relaxed);
        atomic_store_explicit(&driver->group_n, 0, memory_order_relaxed);
        pthread_mutex_lock(&driver->lock);
    }
    pthread_mutex_unlock(&driver->lock);
    return NULL;
}

static void answered(struct postbox_item *item)
{
    store_answered((struct store_ask *)(void *)item);
}

static void driver_ask(void *data, struct store_ask *ask)
{
    struct driver *driver = data;

    ask->item.run = answered;
    ask->next = NULL;
    pthread_mutex_lock(&driver->lock);
    *driver->tail = ask;
    driver->tail = &ask->next;
    pthread_cond_signal(&driver->filled);
    pthread_mutex_unlock(&driver->lock);
}

static int begin_epoch(struct driver *driver, uint32_t *epoch, struct error *error)
{
    struct store_ask ask = {
        .row = statement_of(STORE_SERVER_START),
        .question = {.statement = STORE_SERVER_START, .in.id.now_ms = timestamp_now_ms()}};

    execute(driver, &ask);
    rollback(driver);
    atomic_store_explicit(&driver->running, NULL, memory_order_relaxed);
    driver->opened_us = clock_steady_us();
    *epoch = (uint32_t)ask.answer.out.epoch;
    if (ask.answer.status == STORE_AWAY)
        return error_set(error, "%s", ask.answer.error.text);
    if (ask.answer.status != STORE_OK)
        return sqlite_file_error(error, driver->db, driver->path, SQLITE_CORRUPT);
    return 0;
}

static int prepare(struct driver *driver, struct error *error)
{
    for (unsigned i = 0; i < STORE_STATEMENTS_N; i++) {
        const struct statement *row = statement_of((enum store_statement)i);

        for (size_t k = 0; k < statement_steps_n(row); k++) {
            struct step *step = &driver->steps[i][k];
            int rc = sqlite3_prepare_v3(driver->db, row->steps[k].sqlite, -1,
                                        SQLITE_PREPARE_PERSISTENT, &step->statement, NULL);

            if (rc != SQLITE_OK)
                return sqlite_file_error(error, driver->db, driver->path, rc);
            for (unsigned at = 0; row->in[at]; at++) {
                char name[8];

                snprintf(name, sizeof(name), "$%u", at + 1);
                step->at[at] = sqlite3_bind_parameter_index(step->statement, name);
            }
        }
    }
    return 0;
}

static int open_file(struct driver *driver, const struct store_config *config, struct error *error)
{
    struct migrate migrate = {.path = driver->path,
                              .steps = migrate_sqlite_steps,
                              .steps_n = migrate_sqlite_steps_n,
                              .apply = config->migrate};

    driver->claim = sqlite_file_claim(driver->path, error);
    if (driver->claim < 0)
        return -1;
    driver->db = sqlite_file_open(driver->path, config->busy_ms, error);
    if (!driver->db)
        return -1;
    migrate.db = driver->db;
    if (migrate_sqlite(&migrate, error) < 0)
        return -1;
    if (migrate.applied)
        log_event(LOG_LEVEL_INFO, "store_migrated", "the database's schema was brought up to date",
                  LOG_TEXT("path", driver->path), LOG_U64("migrations", migrate.applied));
    return prepare(driver, error);
}

static int start_thread(struct driver *driver, struct error *error)
{
    int failed = thread_start(&driver->thread, "store", serve, driver);

    if (failed != 0)
        return error_set(error, "cannot start the store's thread: %s", strerror(failed));
    driver->started = true;
    return 0;
}

static void driver_close(void *data)
{
    struct driver *driver = data;

    if (driver->started) {
        pthread_mutex_lock(&driver->lock);
        driver->stopping = true;
        pthread_cond_signal(&driver->filled);
        pthread_mutex_unlock(&driver->lock);
        pthread_join(driver->thread, NULL);
    }
    postbox_free(driver->postbox);
    for (unsigned i = 0; i < STORE_STATEMENTS_N; i++)
        for (unsigned k = 0; k < STATEMENT_STEPS_MAX; k++)
            sqlite3_finalize(driver->steps[i][k].statement);
    sqlite3_close(driver->db);
    if (driver->claim >= 0)
        close(driver->claim);
    pthread_cond_destroy(&driver->filled);
    pthread_mutex_destroy(&driver->lock);
    free(driver->path);
    free(driver);
}

static void *driver_open(const struct store_config *config, struct store *store, uint32_t *epoch,
                         struct error *error)
{
    struct driver *driver = calloc(1, sizeof(*driver));

    (void)store;
    if (!driver || !(driver->path = strdup(config->path))) {
        free(driver);
        error_set(error, "out of memory");
        return NULL;
    }
    driver->claim = -1;
    pthread_mutex_init(&driver->lock, NULL);
    pthread_cond_init(&driver->filled, NULL);
    driver->tail = &driver->oldest;
    driver->busy_ms = config->busy_ms;
    driver->postbox = postbox_new(config->base, error);
    if (!driver->postbox || open_file(driver, config, error) < 0 ||
        begin_epoch(driver, epoch, error) < 0 || start_thread(driver, error) < 0) {
        driver_close(driver);
        return NULL;
    }
    return driver;
}

static const char *driver_place(const void *data)
{
    return ((const struct driver *)data)->path;
}

static unsigned driver_connections(void *data, struct store_connection *list)
{
    struct driver *driver = data;
    const struct statement *row = atomic_load_explicit(&driver->running, memory_order_relaxed);
    uint64_t now_us = clock_steady_us();
    uint64_t since_us = atomic_load_explicit(&driver->running_us, memory_order_relaxed);

    list->lane = "file";
    list->up_us = now_us - driver->opened_us;
    list->questions = atomic_load_explicit(&driver->group_n, memory_order_relaxed);
    list->state = list->questions > 0 ? "busy" : "idle";
    if (row != NULL) {
        list->statement = row->name;
        list->busy_us = now_us > since_us ? now_us - since_us : 0;
    }
    return 1;
}

const struct store_driver store_driver_sqlite = {
    .name = "sqlite",
    .open = driver_open,
    .close = driver_close,
    .ask = driver_ask,
    .place = driver_place,
    .connections = driver_connections,
};
