/* statements_server.c -- questions about the daemon itself: its starts. */
#include "store/statements.h"

static void bind_now(const struct store_question *question, size_t at,
                     struct statement_value *values)
{
    (void)at;
    values[0] = value_time(question->in.id.now_ms);
}

static void read_epoch(const struct statement_value *columns, void *into)
{
    *(uint64_t *)into = (uint64_t)columns[0].i;
}

/* clang-format off */
/* The epoch rises, and what a crash left open is closed. */
const struct statement statement_server_start = {
    .name = "server_start", .in = "d", .out = "i", .flags = STATEMENT_CHANGES,
    .bind = bind_now, .read = read_epoch,
    .steps = {
        {"UPDATE game_sessions SET disconnected_at = $1 WHERE disconnected_at IS NULL", NULL},
        {"UPDATE server_state SET epoch = epoch + 1 WHERE id = 1 RETURNING epoch", NULL}},
};
/* clang-format on */
