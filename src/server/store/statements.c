/* statements.c -- the table itself, put together from the subjects' files. */
#include "store/statements.h"

#include <assert.h>
#include <string.h>

#include "common/compiler.h"

_Static_assert(offsetof(struct store_question, in.many.rows) ==
                       offsetof(struct store_question, in.positions.rows) &&
                   offsetof(struct store_question, in.many.n) ==
                       offsetof(struct store_question, in.positions.n),
               "named arrays lie over in.many");

static const struct statement *const statements[] = {
#define ROW(upper, lower) [STORE_##upper] = &statement_##lower,
    STORE_STATEMENTS(ROW)
#undef ROW
};

const struct statement *statement_of(enum store_statement statement)
{
    assert((size_t)statement < ARRAY_N(statements));
    return statements[statement];
}

size_t statement_steps_n(const struct statement *row)
{
    size_t n = 0;

    while (n < STATEMENT_STEPS_MAX && row->steps[n].sqlite)
        n++;
    return n;
}

void value_copy(const struct statement_value *column, char *room, size_t room_bytes)
{
    size_t length = strlen(column->t);

    if (length >= room_bytes)
        length = 0;
    if (length)
        memcpy(room, column->t, length);
    room[length] = '\0';
}

const char *statement_postgresql(const struct statement *row, size_t step)
{
    return row->steps[step].postgresql ? row->steps[step].postgresql : row->steps[step].sqlite;
}

void statement_bind_id(const struct store_question *question, size_t at,
                       struct statement_value *values)
{
    (void)at;
    values[0] = value_int(question->in.id.player_id);
}

void statement_bind_id_and_now(const struct store_question *question, size_t at,
                               struct statement_value *values)
{
    statement_bind_id(question, at, values);
    values[1] = value_time(question->in.id.now_ms);
}

void statement_bind_now(const struct store_question *question, size_t at,
                        struct statement_value *values)
{
    (void)at;
    values[0] = value_time(question->in.id.now_ms);
}

void statement_bind_page(const struct store_question *question, size_t at,
                         struct statement_value *values)
{
    (void)at;
    values[0] = value_int(question->in.page.from);
    values[1] = value_int(question->in.page.limit);
}

void statement_bind_page_of(const struct store_question *question, size_t at,
                            struct statement_value *values)
{
    statement_bind_page(question, at, values);
    values[2] = value_int(question->in.page.about);
}

void statement_bind_before(const struct store_question *question, size_t at,
                           struct statement_value *values)
{
    (void)at;
    values[0] = value_time(question->in.page.now_ms);
    values[1] = value_int(question->in.page.limit);
}

void statement_read_id(const struct statement_value *columns, void *into)
{
    *(uint64_t *)into = (uint64_t)columns[0].i;
}

void statement_read_nothing(const struct statement_value *columns, void *into)
{
    (void)columns, (void)into;
}
