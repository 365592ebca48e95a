/* model.c -- see model.h. */
#include "model.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const LEVELS[] = {"error", "warn", "info", "debug"};

int model_init(struct model *model)
{
    memset(model, 0, sizeof(*model));
    model->log = calloc(MODEL_LOG_LINES, sizeof(model->log[0]));
    return model->log != NULL ? 0 : -1;
}

void model_fini(struct model *model)
{
    free(model->log);
    memset(model, 0, sizeof(*model));
}

static int64_t integer(const json_t *object, const char *key)
{
    return json_integer_value(json_object_get(object, key));
}

static double number(const json_t *object, const char *key)
{
    return json_number_value(json_object_get(object, key));
}

static void text(char *out, size_t room_bytes, const json_t *object, const char *key)
{
    const char *value = json_string_value(json_object_get(object, key));

    snprintf(out, room_bytes, "%s", value != NULL ? value : "");
}

static struct model_times times(const json_t *object, const char *key)
{
    const json_t *from = json_object_get(object, key);

    return (struct model_times){integer(from, "n"), number(from, "mean_us") / 1000,
                                number(from, "p50_us") / 1000, number(from, "p99_us") / 1000,
                                number(from, "max_us") / 1000};
}

static void take_tick(struct model_status *status, const json_t *tick)
{
    status->tick = integer(tick, "number");
    status->hz = integer(tick, "hz");
    status->missed = integer(tick, "missed");
    status->budget_ms = number(tick, "budget_us") / 1000;
    status->worst_ms = number(tick, "worst_us") / 1000;
    status->worst_at_ms = integer(tick, "worst_at_ms");
    status->over_10s = times(tick, "over_10s");
    status->over_60s = times(tick, "over_60s");
    status->step = times(tick, "step_60s");
    status->snapshot = times(tick, "snapshot_60s");
    status->late = times(tick, "late_60s");
    status->sweep = times(tick, "sweep_60s");
}

static void take_counts(struct model_status *status, const json_t *data)
{
    const json_t *players = json_object_get(data, "players");
    const json_t *connections = json_object_get(data, "connections");
    const json_t *logins = json_object_get(data, "logins");
    const json_t *traffic = json_object_get(data, "traffic");
    const json_t *admin = json_object_get(data, "admin");

    status->players = integer(players, "here");
    status->players_max = integer(players, "max");
    status->connections = integer(connections, "open");
    status->before_login = integer(connections, "before_login");
    status->connections_max = integer(connections, "max");
    status->accepted = integer(connections, "accepted");
    status->guests = json_is_true(json_object_get(json_object_get(data, "guests"), "allowed"));
    status->guests_here = integer(json_object_get(data, "guests"), "here");
    status->logins_ok = integer(logins, "ok");
    status->logins_failed = integer(logins, "failed");
    status->logins_limited = integer(logins, "limited");
    status->refused = integer(logins, "refused");
    status->in_per_s = number(traffic, "in_per_s");
    status->out_per_s = number(traffic, "out_per_s");
    status->messages_per_s = number(traffic, "messages_in_per_s");
    status->in = integer(traffic, "in");
    status->out = integer(traffic, "out");
    status->operators = integer(admin, "clients");
    status->dropped = integer(admin, "dropped");
}

static void take_store(struct model_status *status, const json_t *store)
{
    const json_t *durable = json_object_get(store, "durable");

    text(status->store, sizeof(status->store), store, "driver");
    text(status->store_error, sizeof(status->store_error), store, "error");
    status->store_ok = json_is_true(json_object_get(store, "ok"));
    status->store_queue = integer(store, "queue");
    status->store_errors = integer(store, "errors");
    status->saves_pending = integer(store, "saves_pending");
    status->positions_saved = integer(store, "positions_saved");
    status->store_times = times(store, "over_60s");
    status->durable_ms = integer(durable, "ms");
    status->durable_tick = integer(durable, "tick");
}

static void take_ladder(struct model_status *status, const json_t *ladder)
{
    const json_t *row;
    size_t i;

    status->rung = (int)integer(ladder, "rung");
    status->waiting = integer(ladder, "waiting");
    if (status->rung < 0 || status->rung > MODEL_RUNGS)
        status->rung = 0;
    json_array_foreach(json_object_get(ladder, "rungs"), i, row)
    {
        struct model_rung *rung = &status->rungs[i];

        if (i == MODEL_RUNGS)
            break;
        rung->active = json_is_true(json_object_get(row, "active"));
        rung->since_ms = integer(row, "since_ms");
        text(rung->name, sizeof(rung->name), row, "name");
        text(rung->words, sizeof(rung->words), row, "words");
    }
}

static void take_status(struct model *model, const json_t *data)
{
    struct model_status *status = &model->status;

    memset(status, 0, sizeof(*status));
    status->known = true;
    text(status->name, sizeof(status->name), data, "name");
    text(status->version, sizeof(status->version), data, "version");
    text(status->state, sizeof(status->state), data, "state");
    status->now_ms = integer(data, "now_ms");
    status->started_ms = integer(data, "started_ms");
    status->uptime_s = integer(data, "uptime_s");
    status->pid = integer(data, "pid");
    status->journal_stopped = json_is_true(json_object_get(data, "journal_stopped"));
    take_tick(status, json_object_get(data, "tick"));
    take_counts(status, data);
    take_store(status, json_object_get(data, "store"));
    take_ladder(status, json_object_get(data, "ladder"));
}

static void series_add(struct model_series *series, double value)
{
    if (series->n == MODEL_SECONDS) {
        memmove(series->values, series->values + 1, (MODEL_SECONDS - 1) * sizeof(double));
        series->n--;
    }
    series->values[series->n++] = value;
}

static void series_fill(struct model_series *series, const json_t *values, double scale)
{
    const json_t *value;
    size_t i;

    series->n = 0;
    json_array_foreach((json_t *)values, i, value)
        series_add(series, json_number_value(value) * scale);
}

/* The daemon's own memory of the last minute: taken at (re)connection, so the graph has no hole. */
static void take_history(struct model *model, const json_t *data)
{
    series_fill(&model->tick_mean, json_object_get(data, "tick_mean_us"), 0.001);
    series_fill(&model->tick_p99, json_object_get(data, "tick_p99_us"), 0.001);
    series_fill(&model->in, json_object_get(data, "in"), 1);
    series_fill(&model->out, json_object_get(data, "out"), 1);
    series_fill(&model->players_here, json_object_get(data, "players"), 1);
}

/* Samples come once a second, so this one's second is the newest value. */
static void move_history(struct model *model, const struct model_status *before, const json_t *data)
{
    const struct model_times second = times(json_object_get(data, "tick"), "over_1s");
    const struct model_status *now = &model->status;
    double passed_s = (double)(now->now_ms - before->now_ms) / 1000;

    if (!before->known || passed_s <= 0)
        return;
    series_add(&model->tick_mean, second.mean_ms);
    series_add(&model->tick_p99, second.p99_ms);
    series_add(&model->in, now->in >= before->in ? (double)(now->in - before->in) / passed_s : 0);
    series_add(&model->out,
               now->out >= before->out ? (double)(now->out - before->out) / passed_s : 0);
    series_add(&model->players_here, (double)now->players);
}

bool model_guest(const struct model_player *player)
{
    return strcmp(player->account, "0") == 0;
}

static void take_players(struct model *model, const json_t *data)
{
    const json_t *row;
    size_t i;

    model->players_known = true;
    model->players_matched = integer(data, "matched");
    model->players_from = (size_t)integer(data, "offset");
    model->players_n = 0;
    json_array_foreach(json_object_get(data, "players"), i, row)
    {
        struct model_player *player = &model->players[model->players_n];

        if (i == MODEL_PLAYERS)
            break;
        text(player->name, sizeof(player->name), row, "name");
        text(player->session, sizeof(player->session), row, "session");
        text(player->account, sizeof(player->account), row, "player");
        text(player->address, sizeof(player->address), row, "address");
        text(player->kind, sizeof(player->kind), row, "kind");
        if (json_is_true(json_object_get(row, "away")))
            snprintf(player->address, sizeof(player->address), "(dropped)");
        player->joined_ms = integer(row, "joined_ms");
        player->rtt_ms = number(row, "rtt_us") / 1000;
        player->in = number(row, "in");
        player->out = number(row, "out");
        player->x = number(row, "x");
        player->y = number(row, "y");
        player->z = number(row, "z");
        player->cost_ms = number(row, "cost_us") / 1000;
        player->cells = integer(row, "cells");
        player->shift = integer(row, "shift");
        model->players_n++;
    }
}

static int level_of(const char *word)
{
    for (int i = 0; word != NULL && i < 4; i++) {
        if (strcmp(LEVELS[i], word) == 0)
            return i;
    }
    return 2;
}

const char *model_level_name(int level)
{
    return LEVELS[level];
}

/* The log's own order is for machines; a person reads the sentence first:
 *   event=player_left id=7 msg="a player left"  ->  a player left  event=player_left id=7 */
static void sentence_first(char *line, size_t room_bytes)
{
    char copy[sizeof(((struct model_log_line *)0)->line)];
    char *sentence = strstr(line, " msg=\"");
    size_t n = strlen(line), out = 0;

    if (sentence == NULL || n == 0 || line[n - 1] != '"' || n >= sizeof(copy))
        return;
    memcpy(copy, line, n + 1);
    for (const char *next = copy + (sentence - line) + 6; next < copy + n - 1; next++) {
        if (next[0] == '\\' && (next[1] == '"' || next[1] == '\\'))
            next++;
        line[out++] = *next;
    }
    snprintf(line + out, room_bytes - out, "  %.*s", (int)(sentence - line), copy);
}

static void take_lines(struct model *model, const json_t *lines)
{
    const json_t *row;
    size_t i;

    json_array_foreach((json_t *)lines, i, row)
    {
        const struct model_log_line *newest =
            model->log_taken > 0 ? &model->log[(model->log_taken - 1) % MODEL_LOG_LINES] : NULL;
        uint64_t sequence = (uint64_t)integer(row, "sequence");
        struct model_log_line *line;

        /* The tail and the first notification may overlap. */
        if (newest != NULL && sequence <= newest->sequence)
            continue;
        line = &model->log[model->log_taken++ % MODEL_LOG_LINES];
        line->sequence = sequence;
        line->time_ms = integer(row, "time_ms");
        line->level = level_of(json_string_value(json_object_get(row, "level")));
        text(line->line, sizeof(line->line), row, "line");
        sentence_first(line->line, sizeof(line->line));
    }
}

size_t model_log_n(const struct model *model)
{
    return model->log_taken < MODEL_LOG_LINES ? (size_t)model->log_taken : MODEL_LOG_LINES;
}

const struct model_log_line *model_log(const struct model *model, size_t i)
{
    return &model->log[(model->log_taken - model_log_n(model) + i) % MODEL_LOG_LINES];
}

/* A tail comes at each connection; a daemon that was started anew counts its lines anew. */
static void take_tail(struct model *model, const json_t *data)
{
    const json_t *lines = json_object_get(data, "lines");
    const json_t *last = json_array_get(lines, json_array_size(lines) - 1);
    const struct model_log_line *newest =
        model->log_taken > 0 ? &model->log[(model->log_taken - 1) % MODEL_LOG_LINES] : NULL;

    if (newest != NULL && last != NULL &&
        ((uint64_t)integer(last, "sequence") < newest->sequence ||
         integer(json_array_get(lines, 0), "time_ms") > newest->time_ms))
        model->log_taken = 0;
    take_lines(model, lines);
}

static void take_worst(struct model_worst_list *list, const json_t *rows)
{
    const json_t *row;
    size_t i;

    list->n = 0;
    json_array_foreach((json_t *)rows, i, row)
    {
        struct model_worst *worst = &list->rows[list->n];

        if (i == MODEL_WORST)
            break;
        worst->at_ms = integer(row, "at_ms");
        worst->thread = (int)integer(row, "thread");
        worst->real_ms = number(row, "real_us") / 1000;
        worst->cpu_ms = number(row, "cpu_us") / 1000;
        text(worst->cause, sizeof(worst->cause), row, "cause");
        list->n++;
    }
}

void model_answer(struct model *model, const char *method, const json_t *data)
{
    if (strcmp(method, "server.status") == 0) {
        take_status(model, data);
    } else if (strcmp(method, "metrics.history") == 0) {
        take_history(model, data);
    } else if (strcmp(method, "players.list") == 0) {
        take_players(model, data);
    } else if (strcmp(method, "log.tail") == 0) {
        take_tail(model, data);
    } else if (strcmp(method, "server.worst") == 0) {
        model->worst_known = true;
        take_worst(&model->worst_ticks, json_object_get(data, "ticks"));
        take_worst(&model->worst_sweeps, json_object_get(data, "sweeps"));
    } else if (strcmp(method, "rpc.discover") == 0) {
        text(model->you, sizeof(model->you), json_object_get(data, "you"), "name");
        text(model->role, sizeof(model->role), json_object_get(data, "you"), "role");
    }
}

void model_notify(struct model *model, const char *topic, const json_t *params)
{
    const json_t *data = json_object_get(params, "data");
    struct model_status before = model->status;

    if (strcmp(topic, "metrics") == 0) {
        take_status(model, data);
        move_history(model, &before, data);
    } else if (strcmp(topic, "players") == 0) {
        take_players(model, data);
    } else if (strcmp(topic, "log") == 0) {
        model->log_lost += (uint64_t)integer(params, "lost");
        take_lines(model, json_object_get(data, "lines"));
    }
}
