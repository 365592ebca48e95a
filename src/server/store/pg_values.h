/* pg_values.h -- the table's values as PostgreSQL's binary parameters and results, and what its
 * errors mean. Pure; knows libpq's types, but no connection. One thread at a time. */
#ifndef OPENMMO_STORE_PG_VALUES_H
#define OPENMMO_STORE_PG_VALUES_H

#include <libpq-fe.h>
#include <stdbool.h>

#include "common/compiler.h"
#include "common/error.h"
#include "store/driver.h"

/* The parameters of one question. values point into it and into the question. */
struct pg_params {
    int n;
    Oid types[STATEMENT_VALUES_MAX];
    const char *values[STATEMENT_VALUES_MAX]; /* NULL: NULL */
    int lengths[STATEMENT_VALUES_MAX], formats[STATEMENT_VALUES_MAX];
    char fixed[STATEMENT_VALUES_MAX][8];
    struct {
        char *bytes; /* an array being built; kept for the next question */
        size_t n, room;
    } arrays[STATEMENT_VALUES_MAX];
};

/* Only the types: of a statement that is prepared. */
void pg_params_types(struct pg_params *params, const struct statement *row);
/* The types and values of a question; valid until the next. -1: out of memory, or beyond what the
 * protocol can carry. */
int pg_params_fill(struct pg_params *params, const struct store_ask *ask) MUST_CHECK;
void pg_params_free(struct pg_params *params); /* what it holds, not itself */

/* All rows of a binary result into the ask's answer. -1 + error: a column is not of the type that
 * the table says, or no memory. */
int pg_values_read(const PGresult *result, struct store_ask *ask, struct error *error) MUST_CHECK;

enum pg_verdict {
    PG_ANSWERED, /* status says it: taken, none */
    PG_AGAIN,    /* lost against another transaction: nothing was changed, ask again */
    PG_REFUSED,  /* an error */
    PG_GOING,    /* the server is going, or no longer takes changes: the connection is of no use */
};

/* What a failed result says. sentence: one line for an operator, with the server's own words. */
enum pg_verdict pg_verdict(const PGresult *result, enum store_status *status,
                           struct error *sentence);

/* libpq's words on one line, sanitised, without a newline. prefix: "" or how the line begins. */
void pg_sentence(struct error *error, const char *prefix, const char *words);

#endif
