/* pg_unit.c -- commands between two syncs of the pipeline are one transaction: it is committed by
 * the sync, or taken back whole where one of them fails. */
#include "store/pg_unit.h"

#include <endian.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/pg_link.h"

/* Another start has raised the epoch: whoever saves on would do so beside it. The division makes an
 * error of that, which takes the unit back before anything is written. */
#define FENCE      "SELECT 1 / (CASE WHEN epoch = $1 THEN 1 ELSE 0 END) FROM server_state WHERE id = 1"
#define FENCE_NAME "fence"

#define CLAIM                                                                                      \
    "SELECT pg_try_advisory_lock(" PG_CLAIM_KEY ") FROM server_state WHERE id = 1 AND epoch = $1"

/* Who serves us. PQbackendPID may be a pooler's invention. */
#define BEGAN "(extract(epoch FROM backend_start) * 1000000)::bigint"
#define WHO   "SELECT pid::bigint, " BEGAN " FROM pg_stat_activity WHERE pid = pg_backend_pid()"
#define END                                                                                        \
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"                                       \
    " WHERE pid = $1 AND pid <> pg_backend_pid() AND " BEGAN " = $2"

static struct pg_unit *make(struct store_ask *asks, size_t room)
{
    struct pg_unit *unit = calloc(1, sizeof(*unit) + room * sizeof(unit->commands[0]));

    if (!unit)
        return NULL;
    unit->asks = asks;
    unit->room = room;
    return unit;
}

struct pg_unit *pg_unit_new(struct store_ask *asks)
{
    size_t room = 3; /* time limit, fence, ping */

    for (const struct store_ask *ask = asks; ask; ask = ask->next)
        room += statement_steps_n(ask->row);
    return make(asks, room);
}

struct pg_unit *pg_unit_setup(void)
{
    return make(NULL, 3 + STORE_STATEMENTS_N * STATEMENT_STEPS_MAX);
}

void pg_unit_free(struct pg_unit *unit)
{
    free(unit);
}

static struct pg_command *add(struct pg_unit *unit)
{
    return &unit->commands[unit->commands_n++]; /* room was counted */
}

static void name_of(const struct statement *row, size_t step, char name[64])
{
    snprintf(name, 64, "%s_%zu", row->name, step);
}

/* For the session, or for this transaction alone. */
static int send_limit(struct pg_unit *unit, PGconn *conn, uint32_t ms, bool local)
{
    char text[96];

    add(unit)->kind = PG_SET;
    snprintf(text, sizeof(text), "SELECT set_config('statement_timeout', '%u', %s)", ms,
             local ? "true" : "false");
    return PQsendQueryParams(conn, text, 0, NULL, NULL, NULL, NULL, 1) == 1 ? 0 : -1;
}

/* What is prepared by that name (NULL: the text), with our epoch. */
static int send_epoch(PGconn *conn, const struct pg_manner *manner, const char *name,
                      const char *sql)
{
    const Oid type = 20;
    char epoch[16];
    const char *value = epoch;

    snprintf(epoch, sizeof(epoch), "%u", manner->epoch);
    if (name)
        return PQsendQueryPrepared(conn, name, 1, &value, NULL, NULL, 1) == 1 ? 0 : -1;
    return PQsendQueryParams(conn, sql, 1, &type, &value, NULL, NULL, 1) == 1 ? 0 : -1;
}

static int send_fence(struct pg_unit *unit, PGconn *conn, const struct pg_manner *manner)
{
    add(unit)->kind = PG_FENCE;
    return send_epoch(conn, manner, manner->prepared ? FENCE_NAME : NULL, FENCE);
}

static int send_step(struct pg_unit *unit, PGconn *conn, const struct pg_manner *manner,
                     struct store_ask *ask, size_t step, const struct pg_params *params)
{
    struct pg_command *command = add(unit);
    char name[64];

    *command = (struct pg_command){
        .kind = PG_STEP, .ask = ask, .last = step + 1 == statement_steps_n(ask->row)};
    name_of(ask->row, step, name);
    if (manner->prepared)
        return PQsendQueryPrepared(conn, name, params->n, params->values, params->lengths,
                                   params->formats, 1) == 1
                   ? 0
                   : -1;
    return PQsendQueryParams(conn, statement_postgresql(ask->row, step), params->n, params->types,
                             params->values, params->lengths, params->formats, 1) == 1
               ? 0
               : -1;
}

/* Where the connection before us is still on its way out it is had by a later try. Another start
 * has raised the epoch: it is not ours to have. */
static int send_claim(struct pg_unit *unit, PGconn *conn, const struct pg_manner *manner)
{
    add(unit)->kind = PG_CLAIM;
    return send_epoch(conn, manner, NULL, CLAIM);
}

int pg_unit_send(struct pg_unit *unit, PGconn *conn, const struct pg_manner *manner,
                 struct pg_params *params)
{
    bool slow = unit->asks && (unit->asks->row->flags & STATEMENT_SLOW) && !manner->saves;
    uint32_t limit_ms = manner->statement_ms * (slow ? STATEMENT_PATIENCE : 1);

    if ((slow || !manner->prepared) && send_limit(unit, conn, limit_ms, true) < 0)
        return -1;
    if (manner->saves && unit->asks && send_fence(unit, conn, manner) < 0)
        return -1;
    for (struct store_ask *ask = unit->asks; ask; ask = ask->next) {
        store_ask_clear(ask); /* it may be sent again */
        if (pg_params_fill(params, ask) < 0)
            return -1;
        for (size_t step = 0; step < statement_steps_n(ask->row); step++)
            if (send_step(unit, conn, manner, ask, step, params) < 0)
                return -1;
    }
    if (!unit->asks && manner->saves && manner->prepared && !manner->claimed &&
        send_claim(unit, conn, manner) < 0)
        return -1;
    if (!unit->asks) {
        add(unit)->kind = PG_PING;
        if (PQsendQueryParams(conn, "SELECT 1", 0, NULL, NULL, NULL, NULL, 1) != 1)
            return -1;
    }
    return PQpipelineSync(conn) == 1 ? 0 : -1;
}

static int send_prepare(struct pg_unit *unit, PGconn *conn, const char *name, const char *sql,
                        int types_n, const Oid *types)
{
    add(unit)->kind = PG_PREPARE;
    return PQsendPrepare(conn, name, sql, types_n, types) == 1 ? 0 : -1;
}

static int send_prepares(struct pg_unit *unit, PGconn *conn, struct pg_params *params)
{
    const Oid epoch = 20;

    for (unsigned i = 0; i < STORE_STATEMENTS_N; i++) {
        const struct statement *row = statement_of((enum store_statement)i);

        pg_params_types(params, row);
        for (size_t step = 0; step < statement_steps_n(row); step++) {
            char name[64];

            name_of(row, step, name);
            if (send_prepare(unit, conn, name, statement_postgresql(row, step), params->n,
                             params->types) < 0)
                return -1;
        }
    }
    return send_prepare(unit, conn, FENCE_NAME, FENCE, 1, &epoch);
}

int pg_unit_send_setup(struct pg_unit *unit, PGconn *conn, const struct pg_manner *manner,
                       struct pg_params *params)
{
    if (send_limit(unit, conn, manner->statement_ms, !manner->prepared) < 0)
        return -1;
    if (manner->prepared && send_prepares(unit, conn, params) < 0)
        return -1;
    if (manner->prepared && manner->saves && send_claim(unit, conn, manner) < 0)
        return -1;
    return PQpipelineSync(conn) == 1 ? 0 : -1;
}

int pg_unit_send_who(struct pg_unit *unit, PGconn *conn, const struct pg_backend *before)
{
    const Oid types[] = {20, 20};
    char pid[24], began[24];
    const char *const values[] = {pid, began};

    unit->spare = true;
    add(unit)->kind = PG_WHO;
    if (PQsendQueryParams(conn, WHO, 0, NULL, NULL, NULL, NULL, 1) != 1)
        return -1;
    if (before->pid) {
        snprintf(pid, sizeof(pid), "%lld", (long long)before->pid);
        snprintf(began, sizeof(began), "%lld", (long long)before->began_us);
        add(unit)->kind = PG_PING;
        if (PQsendQueryParams(conn, END, 2, types, values, NULL, NULL, 1) != 1)
            return -1;
    }
    return PQpipelineSync(conn) == 1 ? 0 : -1;
}

static void fail(struct pg_unit *unit, const PGresult *result)
{
    const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    bool fence = unit->at < unit->commands_n && unit->commands[unit->at].kind == PG_FENCE;

    unit->failed = true;
    unit->verdict = pg_verdict(result, &unit->status, &unit->error);
    if (fence && state && strcmp(state, "22012") == 0) {
        unit->status = STORE_AWAY;
        unit->final = true;
        error_set(&unit->error, "another openmmod has started on this database: nothing is saved "
                                "here any more, stop one of the two");
    } else if (state && strcmp(state, "26000") == 0) {
        error_set(&unit->error, "PostgreSQL lost our prepared statements: behind a connection "
                                "pooler set [store] prepared = no");
    }
}

static int64_t read_bigint(const PGresult *result, int column)
{
    uint64_t value;

    if (PQntuples(result) != 1 || PQgetlength(result, 0, column) != sizeof(value))
        return 0;
    memcpy(&value, PQgetvalue(result, 0, column), sizeof(value));
    return (int64_t)be64toh(value);
}

static void good(struct pg_unit *unit, const PGresult *result)
{
    const struct pg_command *command;

    if (unit->at >= unit->commands_n)
        return;
    command = &unit->commands[unit->at];
    if (command->kind == PG_WHO)
        unit->backend = (struct pg_backend){read_bigint(result, 0), read_bigint(result, 1)};
    if (command->kind == PG_CLAIM)
        unit->claimed = PQntuples(result) == 1 && PQgetvalue(result, 0, 0)[0] != 0;
    if (command->kind != PG_STEP || !command->last || unit->failed)
        return;
    if (pg_values_read(result, command->ask, &unit->error) < 0) {
        unit->failed = true; /* it is committed all the same, but the answer is not to be had */
        unit->final = true;
        unit->verdict = PG_REFUSED;
        unit->status = STORE_AWAY;
    }
}

bool pg_unit_result(struct pg_unit *unit, const PGresult *result)
{
    if (!result) {
        if (unit->had_result)
            unit->at++;
        unit->had_result = false;
        return false;
    }
    unit->had_result = true;
    switch (PQresultStatus(result)) {
    case PGRES_PIPELINE_SYNC:
        return true;
    case PGRES_COMMAND_OK:
    case PGRES_TUPLES_OK:
        good(unit, result);
        return false;
    case PGRES_PIPELINE_ABORTED:
        return false;
    default:
        if (!unit->failed)
            fail(unit, result);
        return false;
    }
}
