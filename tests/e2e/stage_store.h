/* stage_store.h -- the stage on either database, and what operators ask of its daemon.
 * The group's fixtures are pg_cluster_begin and pg_cluster_end. */
#ifndef OPENMMO_TESTS_STAGE_STORE_H
#define OPENMMO_TESTS_STAGE_STORE_H

#include <jansson.h>

#include "../server/pg_cluster.h"
#include "../server/sql_once.h"
#include "stage.h"

/* This test's database in the cluster; empty: it plays on SQLite. */
extern char connection[PG_CLUSTER_CONNECTION_BYTES];

/* As stage_set and stage_clear, on a new database of the cluster. */
int stage_set_postgresql(void **state);
int stage_clear_postgresql(void **state);

/* Rows of a test table, as STAGED: on PostgreSQL, and on one after the other. */
#define STAGED_POSTGRESQL(test, more_ini)                                                          \
    {                                                                                              \
#test " (PostgreSQL)", test, stage_set_postgresql, stage_clear_postgresql,                 \
            (void *)(more_ini)                                                                     \
    }
#define STAGED_BOTH(test, more_ini) STAGED(test, more_ini), STAGED_POSTGRESQL(test, more_ini)

/* sql_once on the stage's database. */
int64_t sql(const char *text);

/* A request that must succeed, and be in the record: its result, to be given up. */
json_t *result_of(const char *method, const char *params);
void good(const char *method, const char *params);
/* One that must fail with these words. */
void bad(const char *method, const char *params, const char *words);

#endif
