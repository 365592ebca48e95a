/* statements_server.c -- questions about the daemon itself: its starts. */
#include "store/statements.h"

static void read_epoch(const struct statement_value *columns, void *into)
{
    *(uint64_t *)into = (uint64_t)columns[0].i;
}

static void bind_end(const struct store_question *question, size_t at,
                     struct statement_value *values)
{
    (void)at;
    values[0] = value_text(question->in.session.socket_id);
}

static void bind_limit(const struct store_question *question, size_t at,
                       struct statement_value *values)
{
    (void)at;
    values[0] = value_int(question->in.page.limit);
}

static void read_migration(const struct statement_value *columns, void *into)
{
    struct store_migration *migration = into;

    migration->version = (uint64_t)columns[0].i;
    value_copy(&columns[1], migration->name, sizeof(migration->name));
    value_copy(&columns[2], migration->checksum, sizeof(migration->checksum));
    migration->applied_ms = (uint64_t)columns[3].i;
}

/* clang-format off */
/* What a crash left open stays open: who had it may come back (sessions_end). */
const struct statement statement_server_start = {
    .name = "server_start", .in = "d", .out = "i", .flags = STATEMENT_CHANGES,
    .bind = statement_bind_now, .read = read_epoch,
    .steps = {{"UPDATE server_state SET epoch = epoch + 1 WHERE id = 1 RETURNING epoch", NULL}},
};

const struct statement statement_server_alive = {
    .name = "server_alive", .in = "d", .out = "", .lane = STATEMENT_SAVES,
    .flags = STATEMENT_CHANGES | STATEMENT_AGAIN, .bind = statement_bind_now,
    .steps = {{"UPDATE server_state SET alive_at = $1 WHERE id = 1", NULL}},
};

/* Nobody stays for less than no time: one who came after that sign of life, or where there is none,
 * is closed as he came. */
const struct statement statement_sessions_end = {
    .name = "sessions_end", .in = "t", .out = "", .lane = STATEMENT_SAVES,
    .flags = STATEMENT_CHANGES | STATEMENT_AGAIN, .bind = bind_end,
    .steps = {{
        "UPDATE game_sessions"
        " SET disconnected_at = CASE WHEN alive_at > connected_at THEN alive_at ELSE connected_at END"
        " FROM server_state WHERE server_state.id = 1 AND disconnected_at IS NULL"
        " AND (socket_id IS NULL OR substr(socket_id, 1, length($1)) <> $1)", NULL}},
};

const struct statement statement_migrations = {
    .name = "migrations", .in = "i", .out = "ittd", .flags = STATEMENT_MANY_OUT,
    .out_bytes = sizeof(struct store_migration), .bind = bind_limit, .read = read_migration,
    .steps = {{
        "SELECT version, name, checksum, applied_at FROM schema_migrations ORDER BY version LIMIT $1", NULL}},
};
/* clang-format on */
