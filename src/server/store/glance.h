/* glance.h -- what the store is doing at this moment, as an operator looks at it. Plain data; the
 * functions are in store.h. */
#ifndef OPENMMO_STORE_GLANCE_H
#define OPENMMO_STORE_GLANCE_H

#include <stdbool.h>
#include <stdint.h>

#define STORE_CONNECTIONS_MAX 65 /* PostgreSQL's pool of 64, and the saves' */
#define STORE_SLOW_KEPT       32 /* slow statements that are remembered */

/* One connection to the database; SQLite has one, the thread that owns the file. */
struct store_connection {
    const char *lane;      /* "file", "saves", "pool"; constant, as the next two */
    const char *state;     /* "down", "starting", "idle", "busy" */
    const char *statement; /* BUSY: of the oldest question on it; NULL: none of ours */
    uint32_t questions;    /* handed to it and not yet answered */
    uint64_t busy_us;      /* since the oldest of these was handed over */
    uint64_t up_us;        /* since it can be asked; 0: it cannot */
    uint32_t failed;       /* tries in a row that came to nothing */
    uint64_t retry_us;     /* down: until it is tried again */
};

/* Of the questions that share a limit and, with PostgreSQL, an order. */
struct store_queue {
    const char *lane;    /* "asked", "saves"; constant */
    uint32_t unanswered; /* on their way and waiting */
    uint32_t max;        /* beyond it nothing is taken */
};

/* A question that took longer than [log] slow_statement. */
struct store_slow {
    const char *statement;       /* constant */
    uint64_t at_ms;              /* Unix time of its answer */
    uint64_t took_us, waited_us; /* waited: of these, before it was handed to the database */
    uint32_t tries, rows;
    bool away; /* it was not answered */
};

#endif
