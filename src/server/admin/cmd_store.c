/* cmd_store.c -- the database: its connections and queues, the statements by what they cost, the
 * slow ones, the steps of its schema. What is asked of it (names, hashes) is never shown. */
#define _GNU_SOURCE /* qsort_r */
#include <stdlib.h>
#include <string.h>

#include "admin/method.h"
#include "store/statements.h"
#include "store/store.h"

#define MIGRATIONS_MAX 200

/* -- at a glance ------------------------------------------------------------------------------- */

static json_t *connection_json(const struct store_connection *connection)
{
    return json_pack("{s:s, s:s, s:s?, s:I, s:I, s:I, s:I, s:I}", "lane", connection->lane, "state",
                     connection->state, "statement", connection->statement, "questions",
                     (json_int_t)connection->questions, "busy_us", (json_int_t)connection->busy_us,
                     "up_us", (json_int_t)connection->up_us, "failed",
                     (json_int_t)connection->failed, "retry_us", (json_int_t)connection->retry_us);
}

static json_t *connections_json(const struct store *store)
{
    struct store_connection list[STORE_CONNECTIONS_MAX];
    unsigned n = store_connections(store, list);
    json_t *array = json_array();

    for (unsigned i = 0; i < n; i++)
        json_array_append_new(array, connection_json(&list[i]));
    return array;
}

static json_t *queues_json(const struct store *store)
{
    struct store_queue queues[2];
    json_t *array = json_array();

    store_queues(store, queues);
    for (unsigned i = 0; i < ARRAY_N(queues); i++)
        json_array_append_new(array, json_pack("{s:s, s:I, s:I}", "lane", queues[i].lane,
                                               "unanswered", (json_int_t)queues[i].unanswered,
                                               "max", (json_int_t)queues[i].max));
    return array;
}

/* What the metrics know, in their words. */
static void add_counts(json_t *answer)
{
    static const struct {
        const char *name;
        enum metric metric;
    } COUNTS[] = {
        {"questions", METRIC_STORE_QUESTIONS},       {"errors", METRIC_STORE_ERRORS},
        {"reconnects", METRIC_STORE_RECONNECTS},     {"saves_pending", METRIC_SAVES_PENDING},
        {"positions_saved", METRIC_POSITIONS_SAVED}, {"chat_retries", METRIC_CHAT_LOG_RETRIES},
        {"chat_lost", METRIC_CHAT_LOG_LOST},         {"audit_lost", METRIC_AUDIT_LOST}};

    for (unsigned i = 0; i < ARRAY_N(COUNTS); i++)
        json_object_set_new(answer, COUNTS[i].name, json_integer(metrics_value(COUNTS[i].metric)));
}

static void run_show(struct method_call *call)
{
    const struct admin_config *config = call->desk->config;
    const struct store *store = config->store;
    struct admin_status status;
    json_t *answer;

    memset(&status, 0, sizeof(status));
    config->host.status(config->host.context, &status);
    answer =
        json_pack("{s:s, s:s, s:b, s:s, s:I, s:{s:I, s:I, s:I}, s:o, s:o}", "driver",
                  store ? store_driver_name(store) : "none", "place",
                  store ? store_place(store) : "", "ok", status.store_error[0] == '\0', "error",
                  status.store_error, "slow_ms", (json_int_t)(store ? store_slow_ms(store) : 0),
                  "durable", "epoch", (json_int_t)status.durable_epoch, "tick",
                  (json_int_t)status.durable_tick, "ms", (json_int_t)status.durable_ms,
                  "connections", store ? connections_json(store) : json_array(), "queues",
                  store ? queues_json(store) : json_array());
    if (answer != NULL)
        add_counts(answer);
    method_done(call, answer);
}

/* -- statements -------------------------------------------------------------------------------- */

struct cost {
    const char *name;
    enum statement_lane lane;
    struct metrics_histogram us;
    uint64_t p50_us, p99_us, mean_us, errors, slow;
};

enum sort {
    SORT_TOTAL,
    SORT_COUNT,
    SORT_MEAN,
    SORT_P99,
    SORT_MAX,
    SORT_ERRORS,
    SORT_SLOW,
    SORT_NAME
};

static const char *const SORTS[] = {"total",  "count", "mean", "p99", "max",
                                    "errors", "slow",  "name", NULL};

static uint64_t figure(const struct cost *cost, enum sort sort)
{
    switch (sort) {
    case SORT_TOTAL:
        return cost->us.sum_us;
    case SORT_COUNT:
        return cost->us.count;
    case SORT_MEAN:
        return cost->mean_us;
    case SORT_P99:
        return cost->p99_us;
    case SORT_MAX:
        return cost->us.max_us;
    case SORT_ERRORS:
        return cost->errors;
    case SORT_SLOW:
        return cost->slow;
    case SORT_NAME:
        break;
    }
    return 0;
}

struct order {
    enum sort sort;
    bool descending;
};

/* Names settle what figures leave open, so that rows do not jump about. */
static int compare(const void *a, const void *b, void *context)
{
    const struct cost *one = a, *other = b;
    const struct order *order = context;
    uint64_t x = figure(one, order->sort), y = figure(other, order->sort);
    int names = strcmp(one->name, other->name);

    if (x != y)
        return (x < y) == order->descending ? 1 : -1;
    return order->sort == SORT_NAME && order->descending ? -names : names;
}

/* The upper bound of its bucket; but nothing took longer than the longest. */
static uint64_t quantile(const struct metrics_histogram *us, double q)
{
    uint64_t bound_us = metrics_quantile(us, NULL, q);

    return bound_us < us->max_us ? bound_us : us->max_us;
}

/* False: it was never asked. */
static bool cost_of(enum store_statement statement, struct cost *cost)
{
    const struct statement *row = statement_of(statement);

    metrics_member_histogram(METRIC_GROUP_STATEMENT_US, statement, &cost->us);
    cost->name = row->name;
    cost->lane = row->lane;
    cost->mean_us = cost->us.count > 0 ? cost->us.sum_us / cost->us.count : 0;
    cost->p50_us = quantile(&cost->us, 0.5);
    cost->p99_us = quantile(&cost->us, 0.99);
    cost->errors = (uint64_t)metrics_member_value(METRIC_GROUP_STATEMENT_ERRORS, statement);
    cost->slow = (uint64_t)metrics_member_value(METRIC_GROUP_STATEMENT_SLOW, statement);
    return cost->us.count > 0;
}

static json_t *cost_json(const struct cost *cost)
{
    return json_pack("{s:s, s:s, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I}", "statement", cost->name,
                     "lane", cost->lane == STATEMENT_SAVES ? "saves" : "asked", "count",
                     (json_int_t)cost->us.count, "total_us", (json_int_t)cost->us.sum_us, "mean_us",
                     (json_int_t)cost->mean_us, "p50_us", (json_int_t)cost->p50_us, "p99_us",
                     (json_int_t)cost->p99_us, "max_us", (json_int_t)cost->us.max_us, "errors",
                     (json_int_t)cost->errors, "slow", (json_int_t)cost->slow);
}

static json_t *slow_json(const struct store *store)
{
    const struct store_slow *slow;
    json_t *list = json_array();

    for (unsigned i = 0; store != NULL && (slow = store_slow(store, i)) != NULL; i++)
        json_array_append_new(list, json_pack("{s:s, s:I, s:I, s:I, s:I, s:I, s:b}", "statement",
                                              slow->statement, "at_ms", (json_int_t)slow->at_ms,
                                              "took_us", (json_int_t)slow->took_us, "waited_us",
                                              (json_int_t)slow->waited_us, "tries",
                                              (json_int_t)slow->tries, "rows",
                                              (json_int_t)slow->rows, "away", slow->away));
    return list;
}

static void run_statements(struct method_call *call)
{
    struct cost costs[STORE_STATEMENTS_N];
    struct order order = {.sort = (enum sort)method_word(call, "sort", SORT_TOTAL)};
    int64_t limit = method_integer(call, "limit", STORE_STATEMENTS_N);
    json_t *list = json_array();
    uint64_t total_us = 0;
    int64_t n = 0;

    order.descending = method_boolean(call, "descending", order.sort != SORT_NAME);
    for (unsigned i = 0; i < STORE_STATEMENTS_N; i++) {
        if (!cost_of((enum store_statement)i, &costs[n]))
            continue;
        total_us += costs[n].us.sum_us;
        n++;
    }
    qsort_r(costs, (size_t)n, sizeof(*costs), compare, &order);
    for (int64_t i = 0; i < n && i < limit; i++)
        json_array_append_new(list, cost_json(&costs[i]));
    method_done(call, json_pack("{s:I, s:I, s:o, s:o}", "asked", (json_int_t)n, "total_us",
                                (json_int_t)total_us, "statements", list, "slow",
                                slow_json(call->desk->config->store)));
}

/* -- the schema -------------------------------------------------------------------------------- */

static void listed(struct method_call *call, const struct store_answer *answer)
{
    const struct store_migration *rows = answer->rows;
    json_t *list = json_array();

    for (size_t i = 0; i < answer->rows_n; i++)
        json_array_append_new(list, json_pack("{s:I, s:s, s:s, s:o}", "version",
                                              (json_int_t)rows[i].version, "name", rows[i].name,
                                              "checksum", rows[i].checksum, "applied_ms",
                                              method_time_json(rows[i].applied_ms)));
    method_done(call, json_pack("{s:o}", "migrations", list));
}

static void run_migrations(struct method_call *call)
{
    struct store_question question = {.statement = STORE_MIGRATIONS,
                                      .in.page.limit = MIGRATIONS_MAX};

    method_ask(call, &question, listed);
}

/* clang-format off */
static const struct method_param STATEMENTS[] = {
    {"sort",       METHOD_WORD,    false, 0, 0, SORTS, "By what; total (time) if not given."},
    {"descending", METHOD_BOOLEAN, false, 0, 0, NULL,  "The most first; if not given: unless it is by name."},
    {"limit",      METHOD_INTEGER, false, 1, 128, NULL, "At most so many; all if not given."},
    {NULL, METHOD_TEXT, false, 0, 0, NULL, NULL},
};

const struct method CMD_STORE[] = {
    {"store.show", ROLE_VIEWER, false, run_show, NULL,
     "The database: its connections and what runs on them, the queues, the watermark, what was saved and what failed."},
    {"store.statements", ROLE_VIEWER, false, run_statements, STATEMENTS,
     "What each statement costs since the daemon started, waiting included, and the last slow ones."},
    {"store.migrations", ROLE_VIEWER, false, run_migrations, NULL,
     "The steps that made the schema, with checksum and date."},
    {NULL, ROLE_NONE, false, NULL, NULL, NULL},
};
/* clang-format on */
