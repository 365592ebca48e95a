/* retention.c -- see retention.h. One piece after another, table after table, then a day's rest. */
#include "store/retention.h"

#include <stdbool.h>
#include <stdlib.h>

#include "store/timestamp.h"

#define PIECE   1000 /* rows */
#define SOON_MS 100
#define AWAY_MS 60000
#define DAY_MS  UINT64_C(86400000)

enum { CHAT, AUDIT, REPORTS, TABLES_N };

static const enum store_statement STATEMENTS[TABLES_N] = {
    [CHAT] = STORE_CHAT_PRUNE, [AUDIT] = STORE_AUDIT_PRUNE, [REPORTS] = STORE_REPORTS_PRUNE};

struct retention {
    struct store *store;
    struct event *timer;
    struct retention_days days;
    int table; /* the next piece is of this one */
    bool asked;
};

static void again_in(struct retention *retention, uint64_t ms)
{
    const struct timeval wait = {(time_t)(ms / 1000), (suseconds_t)(ms % 1000 * 1000)};

    event_add(retention->timer, &wait);
}

static void pruned(void *context, uint64_t tag, const struct store_answer *answer)
{
    struct retention *retention = context;

    (void)tag;
    retention->asked = false;
    if (answer->status == STORE_NONE) /* all of that one are gone */
        retention->table++;
    if (answer->status == STORE_AWAY)
        again_in(retention, AWAY_MS);
    else
        again_in(retention, retention->table < TABLES_N ? SOON_MS : DAY_MS);
}

static void on_time(evutil_socket_t fd, short what, void *context)
{
    struct retention *retention = context;
    struct store_question question = {.answer = pruned, .context = retention};
    const uint32_t days[TABLES_N] = {[CHAT] = retention->days.chat,
                                     [AUDIT] = retention->days.audit,
                                     [REPORTS] = retention->days.reports};
    uint64_t now_ms = timestamp_now_ms(), kept_ms;

    (void)fd, (void)what;
    if (retention->asked)
        return; /* it goes on when that is answered */
    if (retention->table >= TABLES_N)
        retention->table = 0;
    question.statement = STATEMENTS[retention->table];
    kept_ms = DAY_MS * days[retention->table];
    question.in.page.now_ms = now_ms > kept_ms ? now_ms - kept_ms : 1;
    question.in.page.limit = PIECE;
    retention->asked = store_ask(retention->store, &question) == 0;
    if (!retention->asked)
        again_in(retention, AWAY_MS);
}

void retention_set(struct retention *retention, const struct retention_days *days)
{
    retention->days = *days;
    retention->table = 0;
    again_in(retention, SOON_MS);
}

struct retention *retention_new(struct event_base *base, struct store *store,
                                const struct retention_days *days, struct error *error)
{
    struct retention *retention = calloc(1, sizeof(*retention));

    if (retention != NULL)
        retention->timer = event_new(base, -1, 0, on_time, retention);
    if (retention == NULL || retention->timer == NULL) {
        retention_free(retention);
        error_set(error, "out of memory");
        return NULL;
    }
    retention->store = store;
    retention_set(retention, days);
    return retention;
}

void retention_free(struct retention *retention)
{
    if (retention == NULL)
        return;
    if (retention->timer != NULL)
        event_free(retention->timer);
    free(retention);
}
