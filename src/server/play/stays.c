/* stays.c -- see stays.h. */
#include "play/stays.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#include "common/clock.h"
#include "common/hash.h"
#include "ops/metrics.h"
#include "store/timestamp.h"

#define END_AGAIN_MS 5000  /* the database was away */
#define BATCH        256   /* owed rows that are tried at once */
#define LATELY_MS    15000 /* at least; longer than an answer takes that nobody gives up */
#define LATE_MS      5000 /* an answer is on its way to us so long, once it is no longer waited for */

struct stays_note {
    uint64_t id; /* key */
    enum store_statement statement;
    struct store_session row;
    stays_log_out_fn *done; /* LOG_OUT: not told yet; else NULL */
    void *done_context;
    uint64_t session;
    uint64_t at_ms;                 /* lately: monotonic */
    struct stays_note *prev, *next; /* owed */
    UT_hash_handle hh;              /* asked */
};

/* -- one after the other ----------------------------------------------------------------------- */

static void forget(struct stays *stays, struct stays_note *note)
{
    stays->log_outs_n -= note->statement == STORE_SESSION_LOG_OUT;
    free(note);
}

static void forget_lately(struct stays *stays, uint64_t at_ms)
{
    while (stays->lately &&
           (stays->lately_n > STAYS_OWED_MAX || stays->lately->at_ms + stays->lately_ms <= at_ms)) {
        struct stays_note *note = stays->lately;

        DL_DELETE(stays->lately, note);
        stays->lately_n--;
        forget(stays, note);
    }
}

/* It is on record. Over another connection the database may have said of a log-out's token that it
 * is good, before it took the log-out; that answer comes within a moment. */
static void recorded(struct stays *stays, struct stays_note *note)
{
    if (note->statement != STORE_SESSION_LOG_OUT) {
        forget(stays, note);
        return;
    }
    note->at_ms = clock_steady_ms();
    DL_APPEND(stays->lately, note);
    stays->lately_n++;
    forget_lately(stays, note->at_ms);
}

static void tell(struct stays_note *note, bool durable)
{
    stays_log_out_fn *done = note->done;

    note->done = NULL;
    if (done)
        done(note->done_context, note->session, durable);
}

/* To its place in the order: most are newer than all, those that come back from a batch older. */
static void owe(struct stays *stays, struct stays_note *note)
{
    struct stays_note *at = stays->owed ? stays->owed->prev : NULL;

    tell(note, false);
    if (!at || at->id < note->id) {
        DL_APPEND(stays->owed, note);
    } else {
        for (at = stays->owed; at->id < note->id; at = at->next)
            ;
        DL_PREPEND_ELEM(stays->owed, at, note);
    }
    if (stays->owed_n < STAYS_OWED_MAX) {
        stays->owed_n++;
        return;
    }
    at = stays->owed;
    DL_DELETE(stays->owed, at);
    forget(stays, at);
    metrics_add(METRIC_STORE_ERRORS, 1);
}

/* Whether something older of the same row is owed. In front of what was asked lies only what was
 * asked along with it. */
static bool overtook(const struct stays *stays, const struct stays_note *note)
{
    for (const struct stays_note *at = stays->owed; at && at->id < note->id; at = at->next)
        if (strcmp(at->row.session_id, note->row.session_id) == 0)
            return true;
    return false;
}

static void answered(void *context, uint64_t id, const struct store_answer *answer)
{
    struct stays *stays = context;
    struct stays_note *note;

    HASH_FIND(hh, stays->asked, &id, sizeof(id), note);
    if (!note)
        return;
    HASH_DEL(stays->asked, note);
    stays->asked_n--;
    tell(note, answer->status != STORE_AWAY);
    if (answer->status == STORE_AWAY || overtook(stays, note))
        owe(stays, note); /* once more after what comes before it: the last one counts */
    else
        recorded(stays, note);
}

static void ask(struct stays *stays, struct stays_note *note)
{
    struct store_question question = {
        .statement = note->statement, .tag = note->id, .answer = answered, .context = stays};

    question.in.session = note->row;
    HASH_TRY_ADD(hh, stays->asked, id, note);
    if (!HASH_ADDED(hh, note)) {
        owe(stays, note);
        return;
    }
    stays->asked_n++;
    if (store_ask(stays->store, &question) == 0)
        return;
    HASH_DEL(stays->asked, note);
    stays->asked_n--;
    owe(stays, note);
}

/* NULL: out of memory. */
static struct stays_note *note_new(struct stays *stays, const struct person *person,
                                   const char *session_id, enum store_statement statement)
{
    struct stays_note *note = calloc(1, sizeof(*note));

    if (!note) {
        metrics_add(METRIC_STORE_ERRORS, 1);
        return NULL;
    }
    note->id = ++stays->next_id;
    note->statement = statement;
    stays->log_outs_n += statement == STORE_SESSION_LOG_OUT;
    memcpy(note->row.session_id, session_id, sizeof(note->row.session_id));
    snprintf(note->row.socket_id, sizeof(note->row.socket_id), "%u-%llx", stays->epoch,
             (unsigned long long)person->session);
    note->row.player_id = person->guest ? 0 : person->player;
    note->row.now_ms = timestamp_now_ms();
    return note;
}

static void write_down(struct stays *stays, struct stays_note *note)
{
    if (!note)
        return;
    if (stays->owed)
        owe(stays, note); /* never before what is older */
    else
        ask(stays, note);
}

void stays_opened(struct stays *stays, const struct person *person)
{
    write_down(stays, note_new(stays, person, person->row_id, STORE_SESSION_OPEN));
}

void stays_closed(struct stays *stays, const struct person *person)
{
    if (person->opened)
        write_down(stays, note_new(stays, person, person->row_id, STORE_SESSION_CLOSE));
}

int stays_logged_out(struct stays *stays, const struct person *person, stays_log_out_fn *done,
                     void *context)
{
    struct stays_note *note = note_new(stays, person, person->login, STORE_SESSION_LOG_OUT);

    if (!note)
        return -1;
    note->done = done;
    note->done_context = context;
    note->session = person->session;
    write_down(stays, note);
    return 0;
}

static bool is_log_out(const struct stays_note *note, const char *login)
{
    return note->statement == STORE_SESSION_LOG_OUT && strcmp(note->row.session_id, login) == 0;
}

bool stays_owes_log_out(const struct stays *stays, const char *login)
{
    const struct stays_note *note, *next;

    if (stays->log_outs_n == 0)
        return false;
    DL_FOREACH(stays->owed, note)
    if (is_log_out(note, login))
        return true;
    DL_FOREACH(stays->lately, note)
    if (is_log_out(note, login))
        return true;
    HASH_ITER(hh, stays->asked, note, next)
    if (is_log_out(note, login))
        return true;
    return false;
}

void stays_flush(struct stays *stays)
{
    struct store_question question = {.statement = STORE_SERVER_ALIVE};
    struct stays_note *batch = NULL, *note, *next;
    unsigned n = 0;

    forget_lately(stays, clock_steady_ms());
    question.in.id.now_ms = timestamp_now_ms();
    if (stays->ended && store_ask(stays->store, &question) < 0)
        metrics_add(METRIC_STORE_ERRORS, 1);
    if (stays->asked_n > 0)
        return; /* the last batch is still on its way */
    while (stays->owed && n++ < BATCH) {
        note = stays->owed;
        DL_DELETE(stays->owed, note);
        stays->owed_n--;
        DL_APPEND(batch, note);
    }
    DL_FOREACH_SAFE(batch, note, next)
    {
        DL_DELETE(batch, note);
        ask(stays, note);
    }
}

/* -- what a crash left open -------------------------------------------------------------------- */

void stays_end_left_open(struct stays *stays, uint32_t after_ms)
{
    const struct timeval wait = {(time_t)(after_ms / 1000), (suseconds_t)(after_ms % 1000) * 1000};

    event_add(stays->left_open, &wait);
}

static void ended(void *context, uint64_t tag, const struct store_answer *answer)
{
    struct stays *stays = context;

    (void)tag;
    if (answer->status == STORE_AWAY)
        stays_end_left_open(stays, END_AGAIN_MS);
    else
        stays->ended = true;
}

static void end_left_open(evutil_socket_t fd, short what, void *context)
{
    struct stays *stays = context;
    struct store_question question = {
        .statement = STORE_SESSIONS_END, .answer = ended, .context = stays};

    (void)fd, (void)what;
    snprintf(question.in.session.socket_id, sizeof(question.in.session.socket_id), "%u-",
             stays->epoch);
    if (store_ask(stays->store, &question) < 0)
        stays_end_left_open(stays, END_AGAIN_MS);
}

void stays_stop(struct stays *stays)
{
    if (!stays->ended)
        end_left_open(-1, 0, stays);
}

/* -- beginning and end ------------------------------------------------------------------------- */

int stays_init(struct stays *stays, struct event_base *base, struct store *store, uint32_t epoch,
               struct error *error)
{
    uint32_t lately_ms = (store ? store_answer_ms(store) : 0) + LATE_MS;

    *stays = (struct stays){
        .store = store, .epoch = epoch, .lately_ms = lately_ms > LATELY_MS ? lately_ms : LATELY_MS};
    stays->left_open = evtimer_new(base, end_left_open, stays);
    return stays->left_open ? 0 : error_set(error, "out of memory");
}

void stays_fini(struct stays *stays)
{
    struct stays_note *note, *next;

    if (stays->left_open)
        event_free(stays->left_open);
    HASH_ITER(hh, stays->asked, note, next)
    {
        HASH_DEL(stays->asked, note);
        free(note);
    }
    DL_FOREACH_SAFE(stays->owed, note, next)
    {
        DL_DELETE(stays->owed, note);
        free(note);
    }
    DL_FOREACH_SAFE(stays->lately, note, next)
    {
        DL_DELETE(stays->lately, note);
        free(note);
    }
}
