/* pg_unit.h -- what one transaction sends, command by command, and what came back of it. Only
 * pg_link.c uses it. Control thread. */
#ifndef OPENMMO_STORE_PG_UNIT_H
#define OPENMMO_STORE_PG_UNIT_H

#include <libpq-fe.h>
#include <stdbool.h>
#include <stdint.h>

#include "common/compiler.h"
#include "store/driver.h"
#include "store/pg_values.h"

struct pg_command {
    enum { PG_SET, PG_FENCE, PG_PREPARE, PG_CLAIM, PG_WHO, PG_STEP, PG_PING } kind;
    struct store_ask *ask; /* STEP */
    bool last;             /* STEP: its rows are the answer */
};

/* The server's end of a connection, by what never comes again while nobody else is given it. */
struct pg_backend {
    int64_t pid, began_us; /* 0: not known */
};

struct pg_unit {
    struct pg_unit *next;
    struct store_ask *asks;
    uint64_t sent_us, deadline_us;
    size_t commands_n, room, at; /* at: whose result comes next */
    bool had_result;
    bool failed;
    bool final;              /* failed, and to ask each alone would not be right */
    enum pg_verdict verdict; /* where it failed */
    enum store_status status;
    struct error error;
    bool spare;                /* of pg_unit_send_who: all goes on where it fails */
    struct pg_backend backend; /* of it: ours */
    bool claimed;              /* it got the claim */
    struct pg_command commands[];
};

/* What shapes the commands. */
struct pg_manner {
    bool prepared, saves;
    bool claimed; /* saves, prepared: the claim is ours, a ping need not try for it */
    uint32_t epoch, statement_ms;
};

/* NULL: out of memory. asks: NULL for a ping. */
struct pg_unit *pg_unit_new(struct store_ask *asks);
struct pg_unit *pg_unit_setup(void);     /* that makes a new connection ready */
void pg_unit_free(struct pg_unit *unit); /* not its asks. NULL is fine */

/* Hand it to libpq, which keeps what it cannot send yet. -1: libpq's message says why. */
int pg_unit_send(struct pg_unit *unit, PGconn *conn, const struct pg_manner *manner,
                 struct pg_params *params) MUST_CHECK;
/* The same for one of pg_unit_setup. */
int pg_unit_send_setup(struct pg_unit *unit, PGconn *conn, const struct pg_manner *manner,
                       struct pg_params *params) MUST_CHECK;
/* The same for one without questions, which learns who serves us, and ends a connection that was
 * given up (pid 0: none): what lies in the server's end of it is done no more. */
int pg_unit_send_who(struct pg_unit *unit, PGconn *conn,
                     const struct pg_backend *before) MUST_CHECK;
/* One result of it (NULL: the end of a command). True: it was the last of all. */
bool pg_unit_result(struct pg_unit *unit, const PGresult *result);

#endif
