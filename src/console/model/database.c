/* database.c -- see database.h. */
#include "database.h"

#include "fields.h"
#include "model.h"

static double ms(const json_t *object, const char *key)
{
    return fields_number(object, key) / 1000;
}

static void take_connections(struct model_database *database, const json_t *rows)
{
    const json_t *row;
    size_t i;

    database->connections_n = 0;
    json_array_foreach((json_t *)rows, i, row)
    {
        struct model_connection *connection = &database->connections[database->connections_n];

        if (i == MODEL_CONNECTIONS)
            break;
        fields_text(connection->lane, sizeof(connection->lane), row, "lane");
        fields_text(connection->state, sizeof(connection->state), row, "state");
        fields_text(connection->statement, sizeof(connection->statement), row, "statement");
        connection->questions = fields_integer(row, "questions");
        connection->failed = fields_integer(row, "failed");
        connection->busy_ms = ms(row, "busy_us");
        database->connections_n++;
    }
}

static void take_queues(struct model_database *database, const json_t *rows)
{
    const json_t *row;
    int64_t waiting = 0;
    size_t i;

    database->queues_n = 0;
    json_array_foreach((json_t *)rows, i, row)
    {
        struct model_queue *queue = &database->queues[i];

        if (i == 2)
            break;
        fields_text(queue->lane, sizeof(queue->lane), row, "lane");
        queue->unanswered = fields_integer(row, "unanswered");
        queue->max = fields_integer(row, "max");
        waiting += queue->unanswered;
        database->queues_n++;
    }
    series_add(&database->waiting, (double)waiting);
}

void model_database_take(struct model *model, const json_t *params, const json_t *data)
{
    struct model_database *database = &model->database;
    const json_t *durable = json_object_get(data, "durable");

    (void)params;
    database->known = true;
    fields_text(database->driver, sizeof(database->driver), data, "driver");
    fields_text(database->place, sizeof(database->place), data, "place");
    fields_text(database->error, sizeof(database->error), data, "error");
    database->ok = fields_true(data, "ok");
    database->slow_limit_ms = fields_integer(data, "slow_ms");
    database->durable_ms = fields_integer(durable, "ms");
    database->questions = fields_integer(data, "questions");
    database->errors = fields_integer(data, "errors");
    database->reconnects = fields_integer(data, "reconnects");
    database->saves_pending = fields_integer(data, "saves_pending");
    database->positions_saved = fields_integer(data, "positions_saved");
    database->chat_lost = fields_integer(data, "chat_lost");
    database->audit_lost = fields_integer(data, "audit_lost");
    take_connections(database, json_object_get(data, "connections"));
    take_queues(database, json_object_get(data, "queues"));
}

static void take_slow(struct model_database *database, const json_t *rows)
{
    const json_t *row;
    size_t i;

    database->slow_n = 0;
    json_array_foreach((json_t *)rows, i, row)
    {
        struct model_slow *slow = &database->slow[database->slow_n];

        if (i == MODEL_SLOW)
            break;
        fields_text(slow->statement, sizeof(slow->statement), row, "statement");
        slow->at_ms = fields_integer(row, "at_ms");
        slow->tries = fields_integer(row, "tries");
        slow->rows = fields_integer(row, "rows");
        slow->took_ms = ms(row, "took_us");
        slow->waited_ms = ms(row, "waited_us");
        slow->away = fields_true(row, "away");
        database->slow_n++;
    }
}

void model_database_statements(struct model *model, const json_t *params, const json_t *data)
{
    struct model_database *database = &model->database;
    const json_t *row;
    size_t i;

    (void)params;
    database->statements_known = true;
    database->statements_n = 0;
    database->total_ms = ms(data, "total_us");
    json_array_foreach(json_object_get(data, "statements"), i, row)
    {
        struct model_statement *statement = &database->statements[database->statements_n];

        if (i == MODEL_STATEMENTS)
            break;
        fields_text(statement->name, sizeof(statement->name), row, "statement");
        fields_text(statement->lane, sizeof(statement->lane), row, "lane");
        statement->count = fields_integer(row, "count");
        statement->errors = fields_integer(row, "errors");
        statement->slow = fields_integer(row, "slow");
        statement->total_ms = ms(row, "total_us");
        statement->mean_ms = ms(row, "mean_us");
        statement->p50_ms = ms(row, "p50_us");
        statement->p99_ms = ms(row, "p99_us");
        statement->max_ms = ms(row, "max_us");
        database->statements_n++;
    }
    take_slow(database, json_object_get(data, "slow"));
}

void model_database_migrations(struct model *model, const json_t *params, const json_t *data)
{
    struct model_database *database = &model->database;
    const json_t *row;
    size_t i;

    (void)params;
    database->migrations_n = 0;
    json_array_foreach(json_object_get(data, "migrations"), i, row)
    {
        struct model_migration *migration = &database->migrations[database->migrations_n];

        if (i == MODEL_MIGRATIONS)
            break;
        migration->version = fields_integer(row, "version");
        migration->applied_ms = fields_integer(row, "applied_ms");
        fields_text(migration->name, sizeof(migration->name), row, "name");
        fields_text(migration->checksum, sizeof(migration->checksum), row, "checksum");
        database->migrations_n++;
    }
}
