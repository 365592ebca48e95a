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
