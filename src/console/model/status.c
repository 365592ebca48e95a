/* status.c -- see status.h. */
#include "status.h"

#include <string.h>

#include "fields.h"
#include "model.h"

struct model_times model_times_read(const json_t *object)
{
    return (struct model_times){
        fields_integer(object, "n"), fields_number(object, "mean_us") / 1000,
        fields_number(object, "p50_us") / 1000, fields_number(object, "p99_us") / 1000,
        fields_number(object, "max_us") / 1000};
}

static struct model_times times(const json_t *object, const char *key)
{
    return model_times_read(json_object_get(object, key));
}

static void take_tick(struct model_status *status, const json_t *tick)
{
    status->tick = fields_integer(tick, "number");
    status->hz = fields_integer(tick, "hz");
    status->missed = fields_integer(tick, "missed");
    status->over_budget = fields_integer(tick, "over_budget");
    status->budget_ms = fields_number(tick, "budget_us") / 1000;
    status->worst_ms = fields_number(tick, "worst_us") / 1000;
    status->worst_at_ms = fields_integer(tick, "worst_at_ms");
    status->over_10s = times(tick, "over_10s");
    status->over_60s = times(tick, "over_60s");
}

static void take_counts(struct model_status *status, const json_t *data)
{
    const json_t *players = json_object_get(data, "players");
    const json_t *connections = json_object_get(data, "connections");
    const json_t *logins = json_object_get(data, "logins");
    const json_t *traffic = json_object_get(data, "traffic");
    const json_t *admin = json_object_get(data, "admin");

    status->players = fields_integer(players, "here");
    status->players_max = fields_integer(players, "max");
    status->away = fields_integer(players, "away");
    status->peak = fields_integer(players, "peak");
    status->connections = fields_integer(connections, "open");
    status->before_login = fields_integer(connections, "before_login");
    status->connections_max = fields_integer(connections, "max");
    status->guests = json_is_true(json_object_get(json_object_get(data, "guests"), "allowed"));
    status->guests_here = fields_integer(json_object_get(data, "guests"), "here");
    status->logins_ok = fields_integer(logins, "ok");
    status->logins_failed = fields_integer(logins, "failed");
    status->logins_limited = fields_integer(logins, "limited");
    status->refused = fields_integer(logins, "refused");
    status->in_per_s = fields_number(traffic, "in_per_s");
    status->out_per_s = fields_number(traffic, "out_per_s");
    status->messages_per_s = fields_number(traffic, "messages_in_per_s");
    status->in = fields_integer(traffic, "in");
    status->out = fields_integer(traffic, "out");
    status->operators = fields_integer(admin, "clients");
    status->dropped = fields_integer(admin, "dropped");
}

static void take_store(struct model_status *status, const json_t *store)
{
    const json_t *durable = json_object_get(store, "durable");
    const json_t *pool = json_object_get(store, "pool");

    fields_text(status->store, sizeof(status->store), store, "driver");
    fields_text(status->store_error, sizeof(status->store_error), store, "error");
    status->store_ok = fields_true(store, "ok");
    status->store_queue = fields_integer(store, "queue");
    status->store_errors = fields_integer(store, "errors");
    status->saves_pending = fields_integer(store, "saves_pending");
    status->positions_saved = fields_integer(store, "positions_saved");
    status->store_times = times(store, "over_60s");
    status->durable_ms = fields_integer(durable, "ms");
    status->pool_idle = fields_integer(pool, "idle");
    status->pool_busy = fields_integer(pool, "busy");
    status->pool_starting = fields_integer(pool, "starting");
    status->pool_down = fields_integer(pool, "down");
}

static void take_ladder(struct model_status *status, const json_t *ladder)
{
    const json_t *row;
    size_t i;

    status->rung = (int)fields_integer(ladder, "rung");
    status->waiting = fields_integer(ladder, "waiting");
    if (status->rung < 0 || status->rung > MODEL_RUNGS)
        status->rung = 0;
    json_array_foreach(json_object_get(ladder, "rungs"), i, row)
    {
        struct model_rung *rung = &status->rungs[i];

        if (i == MODEL_RUNGS)
            break;
        rung->active = fields_true(row, "active");
        rung->since_ms = fields_integer(row, "since_ms");
        fields_text(rung->name, sizeof(rung->name), row, "name");
        fields_text(rung->words, sizeof(rung->words), row, "words");
    }
}

static void take_orders(struct model_status *status, const json_t *data)
{
    const json_t *ending = json_object_get(data, "ending");

    status->maintenance = json_is_object(json_object_get(data, "maintenance"));
    status->draining = json_is_object(json_object_get(data, "drain"));
    status->ending = json_is_object(ending);
    status->ending_when_empty = fields_true(ending, "when_empty");
    status->ending_restart = fields_true(ending, "restart");
    status->ending_left_ms = fields_integer(ending, "left_ms");
}

void model_status_take(struct model *model, const json_t *params, const json_t *data)
{
    struct model_status *status = &model->status;

    (void)params;
    memset(status, 0, sizeof(*status));
    status->known = true;
    fields_text(status->name, sizeof(status->name), data, "name");
    fields_text(status->version, sizeof(status->version), data, "version");
    fields_text(status->state, sizeof(status->state), data, "state");
    status->now_ms = fields_integer(data, "now_ms");
    status->uptime_s = fields_integer(data, "uptime_s");
    status->pid = fields_integer(data, "pid");
    status->journal_stopped = fields_true(data, "journal_stopped");
    take_tick(status, json_object_get(data, "tick"));
    take_counts(status, data);
    take_store(status, json_object_get(data, "store"));
    take_ladder(status, json_object_get(data, "ladder"));
    take_orders(status, data);
}

void model_history_take(struct model *model, const json_t *params, const json_t *data)
{
    struct model_history *history = &model->history;

    (void)params;
    if (fields_integer(data, "interval_ms") == 60000) {
        series_fill(&history->players_hour, json_object_get(data, "players"), 1);
        return;
    }
    series_fill(&history->tick_mean, json_object_get(data, "tick_mean_us"), 0.001);
    series_fill(&history->tick_p99, json_object_get(data, "tick_p99_us"), 0.001);
    series_fill(&history->in, json_object_get(data, "in"), 1);
    series_fill(&history->out, json_object_get(data, "out"), 1);
    series_fill(&history->players_here, json_object_get(data, "players"), 1);
}

/* Samples come once a second, so this one's second is the newest value. */
static void move_history(struct model *model, const struct model_status *before, const json_t *data)
{
    const struct model_times second = times(json_object_get(data, "tick"), "over_1s");
    const struct model_status *now = &model->status;
    double passed_s = (double)(now->now_ms - before->now_ms) / 1000;

    if (!before->known || passed_s <= 0)
        return;
    series_add(&model->history.tick_mean, second.mean_ms);
    series_add(&model->history.tick_p99, second.p99_ms);
    series_add(&model->history.in,
               now->in >= before->in ? (double)(now->in - before->in) / passed_s : 0);
    series_add(&model->history.out,
               now->out >= before->out ? (double)(now->out - before->out) / passed_s : 0);
    series_add(&model->history.players_here, (double)now->players);
}

void model_status_sample(struct model *model, const json_t *params, const json_t *data)
{
    struct model_status before = model->status;

    model_status_take(model, params, data);
    move_history(model, &before, data);
}
