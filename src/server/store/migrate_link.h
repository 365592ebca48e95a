/* migrate_link.h -- one connection to a database as migrations and adoption use it: blocking, one
 * transaction, and every value is text both ways (NULL: SQL's NULL).
 *
 * Knows both databases, but no table. One thread. */
#ifndef OPENMMO_STORE_MIGRATE_LINK_H
#define OPENMMO_STORE_MIGRATE_LINK_H

#include <stdbool.h>
#include <stdint.h>

#include "common/compiler.h"
#include "common/error.h"

#define MIGRATE_NAME_BYTES 440

enum migrate_kind { MIGRATE_SQLITE, MIGRATE_POSTGRESQL, MIGRATE_KINDS_N };

/* One row. values: valid during the call, which may ask other questions (but no second one with
 * `many`). -1 + error ends the question. */
typedef int migrate_row_fn(void *context, const char *const *values, struct error *error);

struct migrate_query {
    const char *sql; /* one statement; parameters $1, $2 ... */
    const char *const *values;
    int values_n;
    bool many;           /* a SELECT with more rows than memory should hold; without parameters */
    migrate_row_fn *row; /* NULL: rows are not looked at */
    void *context;
    uint64_t changed; /* out: rows inserted, updated or deleted */
};

struct migrate_link {
    enum migrate_kind kind;
    void *connection;              /* sqlite3 or PGconn */
    char name[MIGRATE_NAME_BYTES]; /* "database file F": sentences begin with it */
    int (*exec)(struct migrate_link *link, const char *sql, struct error *error);
    int (*ask)(struct migrate_link *link, struct migrate_query *query, struct error *error);
};

/* Any number of statements, no results. 0, or -1 + error. */
static inline MUST_CHECK int migrate_exec(struct migrate_link *link, const char *sql,
                                          struct error *error)
{
    return link->exec(link, sql, error);
}

/* 0, or -1 + error. */
static inline MUST_CHECK int migrate_ask(struct migrate_link *link, struct migrate_query *query,
                                         struct error *error)
{
    return link->ask(link, query, error);
}

#endif
