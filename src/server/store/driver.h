/* driver.h -- between store.c, which all drivers share, and a driver. Nobody else includes it. */
#ifndef OPENMMO_STORE_DRIVER_H
#define OPENMMO_STORE_DRIVER_H

#include <stdint.h>

#include "ops/postbox.h"
#include "store/statements.h"
#include "store/store.h"

/* A question under way. From driver.ask to store_answered it belongs to the driver. */
struct store_ask {
    struct postbox_item item; /* the driver's; first */
    struct store_ask *next;   /* the driver's */
    struct store *store;
    const struct statement *row;
    struct store_question question; /* in.many.rows: the ask's own copy */
    struct store_answer answer;     /* zeroed */
    uint64_t asked_us;              /* CLOCK_MONOTONIC */
    uint64_t begun_us; /* the same: last handed to the database; 0: never. The driver's */
    unsigned tries;    /* the driver's */
    size_t rows_room;  /* of answer.rows */
    void *rows;        /* of answer.rows; freed with the ask */
};

struct store_driver {
    const char *name;
    /* As store_open. *epoch: of this start. NULL + error. */
    void *(*open)(const struct store_config *config, struct store *store, uint32_t *epoch,
                  struct error *error);
    /* Answers all that was asked, closes, frees. */
    void (*close)(void *driver);
    /* Takes the question: store_answered is called for it, later, never from within. Never blocks.
     */
    void (*ask)(void *driver, struct store_ask *ask);
    const char *(*place)(const void *driver); /* the database, for the log; no secret in it */
    /* As store_connections, without blocking. list: zeroed. */
    unsigned (*connections)(void *driver, struct store_connection list[STORE_CONNECTIONS_MAX]);
};

extern const struct store_driver store_driver_sqlite, store_driver_postgresql;

/* Begin an answer (again): nothing is in it. Any one thread. */
void store_ask_clear(struct store_ask *ask);
/* One row of the answer, in the types of row->out. 0, or -1: out of memory. Any one thread. */
int store_ask_row(struct store_ask *ask, const struct statement_value *columns) MUST_CHECK;
/* The answer's status by what came, where all went well. Any one thread. */
enum store_status store_ask_done(const struct store_ask *ask);

/* The database is away, though no answer says so yet (a connection broke). changes: changes fail.
 * It is back with the next good answer. Control thread. */
void store_note_trouble(struct store *store, const struct error *why, bool changes);

/* Gives the answer and frees the ask. Control thread. */
void store_answered(struct store_ask *ask);

#endif
