/* sqlite.c -- the store on an SQLite file: one thread that owns the connection and answers
 * questions in the order asked.
 *
 *   control: store_ask -> bounded list -> [store thread: statement] -> postbox -> control: answer
 */
#include "store/store.h"

#include <errno.h>
#include <pthread.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "common/log.h"
#include "common/thread.h"
#include "ops/metrics.h"
#include "ops/postbox.h"
#include "store/migrate.h"
#include "store/sqlite_file.h"
#include "store/timestamp.h"

#define LOCKED_BUSY_MS 10
#define GROUP_MAX      64 /* questions that share a commit */

struct ask {
    struct postbox_item item; /* first */
    struct ask *next;
    struct store *store;
    struct store_question question;
    struct store_answer answer;
    struct store_position rows[]; /* POSITIONS_SAVE: the question's own copy */
};

struct store {
    struct postbox *postbox;
    char *path;
    int claim; /* on the file, until the database is closed */
    uint32_t epoch;
    struct error trouble; /* control: of the newest answer that says something of it */
    bool changes_fail;    /* control: the trouble is with changes (too) */
    pthread_t thread;
    bool started;

    pthread_mutex_t lock; /* over what follows up to stopping */
    pthread_cond_t filled;
    struct ask *oldest, **tail;
    unsigned waiting_n;
    bool stopping;
    unsigned queue_max;

    /* Store thread (before it starts and after it ended: control). */
    sqlite3 *db;
    uint32_t busy_ms;
    bool locked; /* the last change was refused because of another's lock */
    sqlite3_stmt *statements[STORE_STATEMENTS_N];
};

/* A statement's function binds, steps and reads. Returns an SQLite result code of the last step;
 * the caller resets. */
typedef int statement_fn(struct store *store, sqlite3_stmt *statement, struct ask *ask);

struct statement {
    const char *name, *sql;
    statement_fn *run;
};

static void bind_time(sqlite3_stmt *statement, int at, uint64_t ms)
{
    char text[TIMESTAMP_BYTES];

    timestamp_format(ms, text);
    sqlite3_bind_text(statement, at, text, -1, SQLITE_TRANSIENT);
}

static void read_text(sqlite3_stmt *statement, int column, char *room, size_t room_bytes)
{
    const char *text = (const char *)sqlite3_column_text(statement, column);
    size_t length = text ? strlen(text) : 0;

    /* What does not fit was not written by us: better nothing than a part of it. */
    if (length >= room_bytes)
        length = 0;
    if (length)
        memcpy(room, text, length);
    room[length] = '\0';
}

static int player_add(struct store *store, sqlite3_stmt *statement, struct ask *ask)
{
    const struct store_player *player = &ask->question.in.player;
    int rc;

    sqlite3_bind_text(statement, 1, player->username, -1, SQLITE_STATIC);
    sqlite3_bind_text(statement, 2, player->key, -1, SQLITE_STATIC);
    if (player->email[0])
        sqlite3_bind_text(statement, 3, player->email, -1, SQLITE_STATIC);
    sqlite3_bind_text(statement, 4, player->hash, -1, SQLITE_STATIC);
    bind_time(statement, 5, player->created_ms);
    rc = sqlite3_step(statement);
    if (rc == SQLITE_DONE)
        ask->answer.out.player_id = (uint64_t)sqlite3_last_insert_rowid(store->db);
    return rc;
}

static int read_player(sqlite3_stmt *statement, struct store_player *player)
{
    int rc = sqlite3_step(statement);

    if (rc != SQLITE_ROW)
        return rc;
    player->id = (uint64_t)sqlite3_column_int64(statement, 0);
    read_text(statement, 1, player->username, sizeof(player->username));
    read_text(statement, 2, player->key, sizeof(player->key));
    read_text(statement, 3, player->email, sizeof(player->email));
    read_text(statement, 4, player->hash, sizeof(player->hash));
    player->created_ms = timestamp_parse((const char *)sqlite3_column_text(statement, 5));
    player->last_login_ms = timestamp_parse((const char *)sqlite3_column_text(statement, 6));
    return rc;
}

static int player_by_name(struct store *store, sqlite3_stmt *statement, struct ask *ask)
{
    (void)store;
    sqlite3_bind_text(statement, 1, ask->question.in.key, -1, SQLITE_STATIC);
    return read_player(statement, &ask->answer.out.player);
}

static int player_by_id(struct store *store, sqlite3_stmt *statement, struct ask *ask)
{
    (void)store;
    sqlite3_bind_int64(statement, 1, (sqlite3_int64)ask->question.in.id.player_id);
    return read_player(statement, &ask->answer.out.player);
}

static int player_logged_in(struct store *store, sqlite3_stmt *statement, struct ask *ask)
{
    (void)store;
    bind_time(statement, 1, ask->question.in.id.now_ms);
    sqlite3_bind_int64(statement, 2, (sqlite3_int64)ask->question.in.id.player_id);
    return sqlite3_step(statement);
}

static int position_by_player(struct store *store, sqlite3_stmt *statement, struct ask *ask)
{
    struct store_position *position = &ask->answer.out.position;
    int rc;

    (void)store;
    sqlite3_bind_int64(statement, 1, (sqlite3_int64)ask->question.in.id.player_id);
    rc = sqlite3_step(statement);
    if (rc != SQLITE_ROW)
        return rc;
    position->player_id = ask->question.in.id.player_id;
    position->x_m = sqlite3_column_double(statement, 0);
    position->y_m = sqlite3_column_double(statement, 1);
    position->z_m = sqlite3_column_double(statement, 2);
    position->yaw = (uint16_t)sqlite3_column_int(statement, 3);
    position->saved_ms = timestamp_parse((const char *)sqlite3_column_text(statement, 4));
    position->epoch = (uint32_t)sqlite3_column_int64(statement, 5);
    position->tick = (uint32_t)sqlite3_column_int64(statement, 6);
    return rc;
}

static int position_save(sqlite3_stmt *statement, const struct store_position *position)
{
    int rc;

    sqlite3_bind_int64(statement, 1, (sqlite3_int64)position->player_id);
    sqlite3_bind_double(statement, 2, position->x_m);
    sqlite3_bind_double(statement, 3, position->y_m);
    sqlite3_bind_double(statement, 4, position->z_m);
    sqlite3_bind_int(statement, 5, position->yaw);
    bind_time(statement, 6, position->saved_ms);
    sqlite3_bind_int64(statement, 7, position->epoch);
    sqlite3_bind_int64(statement, 8, position->tick);
    rc = sqlite3_step(statement);
    sqlite3_reset(statement);
    /* An account that is gone has no place to keep; it must not hold up the others. */
    return rc == SQLITE_CONSTRAINT_FOREIGNKEY ? SQLITE_DONE : rc;
}

static int positions_save(struct store *store, sqlite3_stmt *statement, struct ask *ask)
{
    bool alone = sqlite3_get_autocommit(store->db) != 0; /* else in a group's transaction */
    int rc = alone ? sqlite3_exec(store->db, "BEGIN IMMEDIATE", NULL, NULL, NULL) : SQLITE_OK;

    if (rc != SQLITE_OK)
        return rc;
    rc = SQLITE_DONE;
    for (size_t i = 0; i < ask->question.in.positions.n && rc == SQLITE_DONE; i++)
        rc = position_save(statement, &ask->rows[i]);
    if (rc == SQLITE_DONE && alone) {
        rc = sqlite3_exec(store->db, "COMMIT", NULL, NULL, NULL);
        rc = rc == SQLITE_OK ? SQLITE_DONE : rc;
    }
    return rc;
}

static int session_open(struct store *store, sqlite3_stmt *statement, struct ask *ask)
{
    const struct store_session *session = &ask->question.in.session;

    (void)store;
    sqlite3_bind_text(statement, 1, session->session_id, -1, SQLITE_STATIC);
    sqlite3_bind_int64(statement, 2, (sqlite3_int64)session->player_id);
    sqlite3_bind_text(statement, 3, session->socket_id, -1, SQLITE_STATIC);
    bind_time(statement, 4, session->now_ms);
    return sqlite3_step(statement);
}

static int session_close(struct store *store, sqlite3_stmt *statement, struct ask *ask)
{
    const struct store_session *session = &ask->question.in.session;

    (void)store;
    bind_time(statement, 1, session->now_ms);
    sqlite3_bind_text(statement, 2, session->session_id, -1, SQLITE_STATIC);
    return sqlite3_step(statement);
}

/* clang-format off */
#define PLAYER_COLUMNS "SELECT id, username, username_key, email, password_hash, created_at, last_login FROM players "

static const struct statement statements[STORE_STATEMENTS_N] = {
    [STORE_PLAYER_ADD] = {"player_add",
        "INSERT INTO players (username, username_key, email, password_hash, created_at)"
        " VALUES (?1, ?2, ?3, ?4, ?5)", player_add},
    [STORE_PLAYER_BY_NAME] = {"player_by_name", PLAYER_COLUMNS "WHERE username_key = ?1", player_by_name},
    [STORE_PLAYER_BY_ID] = {"player_by_id", PLAYER_COLUMNS "WHERE id = ?1", player_by_id},
    [STORE_PLAYER_LOGGED_IN] = {"player_logged_in",
        "UPDATE players SET last_login = ?1 WHERE id = ?2", player_logged_in},
    [STORE_POSITION_BY_PLAYER] = {"position_by_player",
        "SELECT x, y, z, yaw, updated_at, epoch, tick FROM player_positions WHERE player_id = ?1",
        position_by_player},
    [STORE_POSITIONS_SAVE] = {"positions_save",
        "INSERT INTO player_positions (player_id, x, y, z, yaw, updated_at, epoch, tick)"
        " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)"
        " ON CONFLICT (player_id) DO UPDATE SET x = excluded.x, y = excluded.y, z = excluded.z,"
        " yaw = excluded.yaw, updated_at = excluded.updated_at, epoch = excluded.epoch, tick = excluded.tick"
        " WHERE (player_positions.epoch, player_positions.tick) <= (excluded.epoch, excluded.tick)",
        positions_save},
    [STORE_SESSION_OPEN] = {"session_open",
        "INSERT INTO game_sessions (session_id, player_id, socket_id, connected_at)"
        " VALUES (?1, ?2, ?3, ?4)", session_open},
    [STORE_SESSION_CLOSE] = {"session_close",
        "UPDATE game_sessions SET disconnected_at = ?1"
        " WHERE session_id = ?2 AND disconnected_at IS NULL", session_close},
};
/* clang-format on */

static bool reads(const struct statement *row)
{
    return strncmp(row->sql, "SELECT", 6) == 0;
}

static enum store_status status_of(const struct statement *row, int rc)
{
    switch (rc) {
    case SQLITE_ROW:
        return STORE_OK;
    case SQLITE_DONE: /* a SELECT that found nothing, or a change that was made */
        return reads(row) ? STORE_NONE : STORE_OK;
    case SQLITE_CONSTRAINT_UNIQUE:
        return STORE_TAKEN;
    case SQLITE_CONSTRAINT_FOREIGNKEY:
        return STORE_NONE;
    default:
        return STORE_AWAY;
    }
}

static uint64_t monotonic_us(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

/* In whatever transaction there is. Returns the SQLite result code. */
static int execute(struct store *store, struct ask *ask)
{
    const struct statement *row = &statements[ask->question.statement];
    sqlite3_stmt *statement = store->statements[ask->question.statement];
    int rc;

    memset(&ask->answer, 0, sizeof(ask->answer)); /* it may be run again */
    errno = 0;                                    /* for sqlite_file_error */
    rc = row->run(store, statement, ask);
    ask->answer.status = status_of(row, rc);
    if (ask->answer.status == STORE_AWAY)
        sqlite_file_error(&ask->answer.error, store->db, store->path, rc);
    sqlite3_reset(statement);
    sqlite3_clear_bindings(statement);
    return rc;
}

static void rollback(struct store *store)
{
    if (!sqlite3_get_autocommit(store->db))
        sqlite3_exec(store->db, "ROLLBACK", NULL, NULL, NULL);
}

static void run_alone(struct store *store, struct ask *ask)
{
    uint64_t begun_us = monotonic_us();
    int rc;

    /* Who found it locked has waited long enough for all who come after: they fail at once, so that
     * reading goes on. */
    sqlite3_busy_timeout(store->db, (int)(store->locked ? LOCKED_BUSY_MS : store->busy_ms));
    rc = execute(store, ask);
    if ((rc & 0xff) == SQLITE_BUSY ||
        (rc == SQLITE_DONE && !reads(&statements[ask->question.statement])))
        store->locked = (rc & 0xff) == SQLITE_BUSY;
    rollback(store);
    metrics_observe(METRIC_STORE_US, monotonic_us() - begun_us);
}

/* What waits at the same time shares one commit, and so one wait for the disk. False: it did not
 * work out and nothing was changed; each is to be run alone, to find who is at fault. */
static bool run_together(struct store *store, struct ask *first, unsigned n)
{
    uint64_t begun_us = monotonic_us();
    bool good;

    sqlite3_busy_timeout(store->db, LOCKED_BUSY_MS); /* waiting is for run_alone */
    if (store->locked || sqlite3_exec(store->db, "BEGIN IMMEDIATE", NULL, NULL, NULL) != SQLITE_OK)
        return false;
    good = true;
    for (struct ask *ask = first; ask && good; ask = ask->next) {
        execute(store, ask);
        good = ask->answer.status != STORE_AWAY;
    }
    good = good && sqlite3_exec(store->db, "COMMIT", NULL, NULL, NULL) == SQLITE_OK;
    rollback(store);
    for (unsigned i = 0; good && i < n; i++)
        metrics_observe(METRIC_STORE_US, (monotonic_us() - begun_us) / n);
    return good;
}

/* Under the lock: the oldest questions, up to GROUP_MAX, as a list of their own. */
static struct ask *take(struct store *store, unsigned *n)
{
    struct ask *first = store->oldest, *last = first;

    for (*n = 1; *n < GROUP_MAX && last->next; ++*n)
        last = last->next;
    store->oldest = last->next;
    last->next = NULL;
    if (!store->oldest)
        store->tail = &store->oldest;
    store->waiting_n -= *n;
    return first;
}

static void run(struct store *store, struct ask *first, unsigned n)
{
    bool done = n > 1 && run_together(store, first, n);

    while (first) {
        struct ask *next = first->next; /* once posted it is control's */

        if (!done)
            run_alone(store, first);
        postbox_post(store->postbox, &first->item);
        first = next;
    }
}

static void *serve(void *context)
{
    struct store *store = context;

    pthread_mutex_lock(&store->lock);
    for (;;) {
        struct ask *first;
        unsigned n;

        while (!store->oldest && !store->stopping)
            pthread_cond_wait(&store->filled, &store->lock);
        if (!store->oldest) /* stopping, and all is answered */
            break;
        first = take(store, &n);
        pthread_mutex_unlock(&store->lock);
        metrics_gauge(METRIC_STORE_QUEUE, -(int64_t)n);
        run(store, first, n);
        pthread_mutex_lock(&store->lock);
    }
    pthread_mutex_unlock(&store->lock);
    return NULL;
}

/* Say once that the database is away, and once that it is back. On a full disk or under another's
 * lock it still answers who only reads: that is not back. */
static void note_trouble(struct store *store, const struct ask *ask)
{
    const struct store_answer *answer = &ask->answer;
    bool change = !reads(&statements[ask->question.statement]);

    if (answer->status == STORE_AWAY) {
        metrics_add(METRIC_STORE_ERRORS, 1);
        if (strcmp(store->trouble.text, answer->error.text) != 0)
            log_event(LOG_LEVEL_ERROR, "store_away", answer->error.text, LOG_NONE);
        store->trouble = answer->error;
        store->changes_fail = store->changes_fail || change;
        return;
    }
    if (store->changes_fail && !change)
        return;
    store->changes_fail = false;
    if (store->trouble.text[0])
        log_event(LOG_LEVEL_INFO, "store_back", "the database answers again",
                  LOG_TEXT("path", store->path));
    store->trouble.text[0] = '\0';
}

static void answered(struct postbox_item *item)
{
    struct ask *ask = (struct ask *)(void *)item;
    const struct store_question *question = &ask->question;

    metrics_add(METRIC_STORE_QUESTIONS, 1);
    note_trouble(ask->store, ask);
    if (question->answer)
        question->answer(question->context, question->tag, &ask->answer);
    sodium_memzero(&ask->question, sizeof(ask->question)); /* hashes */
    sodium_memzero(&ask->answer, sizeof(ask->answer));
    free(ask);
}

int store_ask(struct store *store, const struct store_question *question)
{
    bool save = question->statement == STORE_POSITIONS_SAVE;
    size_t rows_bytes = save ? question->in.positions.n * sizeof(struct store_position) : 0;
    struct ask *ask;
    int rc = -1;

    ask = calloc(1, sizeof(*ask) + rows_bytes);
    if (!ask)
        return -1;
    ask->item.run = answered;
    ask->store = store;
    ask->question = *question;
    if (rows_bytes)
        memcpy(ask->rows, question->in.positions.rows, rows_bytes);
    pthread_mutex_lock(&store->lock);
    if (store->waiting_n < store->queue_max && !store->stopping) {
        *store->tail = ask;
        store->tail = &ask->next;
        store->waiting_n++;
        metrics_gauge(METRIC_STORE_QUEUE, 1);
        pthread_cond_signal(&store->filled);
        rc = 0;
    }
    pthread_mutex_unlock(&store->lock);
    if (rc < 0)
        free(ask);
    return rc;
}

/* One transaction: the epoch rises, and what a crash left open is closed. */
static int begin_epoch(struct store *store, struct error *error)
{
    sqlite3_stmt *statement = NULL;
    char sql[256], now[TIMESTAMP_BYTES];
    int rc;

    timestamp_format(timestamp_now_ms(), now);
    sqlite3_snprintf(sizeof(sql), sql,
                     "BEGIN IMMEDIATE;"
                     "UPDATE server_state SET epoch = epoch + 1;"
                     "UPDATE game_sessions SET disconnected_at = %Q WHERE disconnected_at IS NULL;"
                     "COMMIT",
                     now);
    if (sqlite_file_exec(store->db, store->path, sql, error) < 0)
        return -1;
    rc = sqlite3_prepare_v2(store->db, "SELECT epoch FROM server_state WHERE id = 1", -1,
                            &statement, NULL);
    if (rc == SQLITE_OK)
        rc = sqlite3_step(statement);
    if (rc == SQLITE_ROW)
        store->epoch = (uint32_t)sqlite3_column_int64(statement, 0);
    else
        sqlite_file_error(error, store->db, store->path, rc == SQLITE_DONE ? SQLITE_CORRUPT : rc);
    sqlite3_finalize(statement);
    return rc == SQLITE_ROW ? 0 : -1;
}

static int open_file(struct store *store, const struct store_config *config, struct error *error)
{
    struct migrate migrate = {.path = store->path,
                              .steps = migrate_sqlite_steps,
                              .steps_n = migrate_sqlite_steps_n,
                              .apply = config->migrate};

    store->claim = sqlite_file_claim(store->path, error);
    if (store->claim < 0)
        return -1;
    store->db = sqlite_file_open(store->path, config->busy_ms, error);
    if (!store->db)
        return -1;
    migrate.db = store->db;
    if (migrate_sqlite(&migrate, error) < 0)
        return -1;
    if (migrate.applied)
        log_event(LOG_LEVEL_INFO, "store_migrated", "the database's schema was brought up to date",
                  LOG_TEXT("path", store->path), LOG_U64("migrations", migrate.applied));
    for (unsigned i = 0; i < STORE_STATEMENTS_N; i++) {
        int rc = sqlite3_prepare_v3(store->db, statements[i].sql, -1, SQLITE_PREPARE_PERSISTENT,
                                    &store->statements[i], NULL);

        if (rc != SQLITE_OK)
            return sqlite_file_error(error, store->db, store->path, rc);
    }
    return begin_epoch(store, error);
}

static int start_thread(struct store *store, struct error *error)
{
    int failed = thread_start(&store->thread, "store", serve, store);

    if (failed != 0)
        return error_set(error, "cannot start the store's thread: %s", strerror(failed));
    store->started = true;
    return 0;
}

struct store *store_open(const struct store_config *config, struct error *error)
{
    struct store *store = calloc(1, sizeof(*store));

    if (!store || !(store->path = strdup(config->path))) {
        free(store);
        error_set(error, "out of memory");
        return NULL;
    }
    store->claim = -1;
    pthread_mutex_init(&store->lock, NULL);
    pthread_cond_init(&store->filled, NULL);
    store->tail = &store->oldest;
    store->queue_max = config->queue_max;
    store->busy_ms = config->busy_ms;
    store->postbox = postbox_new(config->base, error);
    if (!store->postbox || open_file(store, config, error) < 0 || start_thread(store, error) < 0) {
        store_close(store);
        return NULL;
    }
    return store;
}

void store_close(struct store *store)
{
    if (!store)
        return;
    if (store->started) {
        pthread_mutex_lock(&store->lock);
        store->stopping = true;
        pthread_cond_signal(&store->filled);
        pthread_mutex_unlock(&store->lock);
        pthread_join(store->thread, NULL);
    }
    postbox_free(store->postbox);
    for (unsigned i = 0; i < STORE_STATEMENTS_N; i++)
        sqlite3_finalize(store->statements[i]);
    sqlite3_close(store->db);
    if (store->claim >= 0)
        close(store->claim);
    pthread_cond_destroy(&store->filled);
    pthread_mutex_destroy(&store->lock);
    free(store->path);
    free(store);
}

uint32_t store_epoch(const struct store *store)
{
    return store->epoch;
}

const char *store_driver(const struct store *store)
{
    (void)store;
    return "sqlite";
}

const char *store_trouble(const struct store *store)
{
    return store->trouble.text;
}
