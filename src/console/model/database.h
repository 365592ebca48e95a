/* database.h -- part of the model: the database (store.show), what its statements cost
 * (store.statements) and the steps of its schema (store.migrations). */
#ifndef OPENMMO_CONSOLE_DATABASE_H
#define OPENMMO_CONSOLE_DATABASE_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "series.h"

struct model;

#define MODEL_CONNECTIONS 65
#define MODEL_STATEMENTS  128
#define MODEL_SLOW        32
#define MODEL_MIGRATIONS  64

struct model_connection {
    char lane[12], state[12], statement[48]; /* statement: "" none */
    int64_t questions, failed;
    double busy_ms;
};

struct model_queue {
    char lane[12];
    int64_t unanswered, max;
};

struct model_statement {
    char name[48], lane[12];
    int64_t count, errors, slow;
    double total_ms, mean_ms, p50_ms, p99_ms, max_ms;
};

struct model_slow {
    char statement[48];
    int64_t at_ms, tries, rows;
    double took_ms, waited_ms;
    bool away;
};

struct model_migration {
    int64_t version, applied_ms;
    char name[64], checksum[80];
};

struct model_database {
    bool known, statements_known;
    char driver[16], place[256], error[256];
    bool ok;
    int64_t slow_limit_ms, durable_ms;
    int64_t questions, errors, reconnects, saves_pending, positions_saved;
    int64_t chat_lost, audit_lost;
    struct model_connection connections[MODEL_CONNECTIONS];
    size_t connections_n;
    struct model_queue queues[2];
    size_t queues_n;
    struct series waiting; /* questions not answered: a value each time it is asked */
    struct model_statement statements[MODEL_STATEMENTS];
    size_t statements_n;
    double total_ms;
    struct model_slow slow[MODEL_SLOW]; /* the newest first */
    size_t slow_n;
    struct model_migration migrations[MODEL_MIGRATIONS];
    size_t migrations_n;
};

/* Takes store.show. */
void model_database_take(struct model *model, const json_t *params, const json_t *data);
/* Takes store.statements. */
void model_database_statements(struct model *model, const json_t *params, const json_t *data);
/* Takes store.migrations. */
void model_database_migrations(struct model *model, const json_t *params, const json_t *data);

#endif
