/* statements.h -- the one table of what the store can be asked, in words of no driver: each
 * question is a `const struct statement` with its SQL for both databases side by side. Pure; any
 * thread.
 *
 * To add a question:
 *   1. questions.h: a row in STORE_STATEMENTS, and a member in `in` and `out` if none fits (its
 *      struct in an about_*.h). Everything lies in the question itself, texts in arrays.
 *   2. A `const struct statement statement_<name>` in the statements_*.c of its subject, with its
 *      bind and read. Nothing else: both drivers run it as it stands.
 *   3. A case in tests/server/test_statements.c, which asks both databases and compares.
 *
 * SQL: parameters are $1, $2 ... in both texts, in the order of `in`; a step need not use all.
 * Columns come in the order of `out`; `SELECT 1` where only being there counts. Where the texts are
 * the same, .postgresql is NULL. A d (time) is TIMESTAMPTZ in PostgreSQL and text in SQLite:
 * compare and copy it, compute nothing with it; now() comes as a parameter. Write bounded answers
 * (LIMIT). A statement without `out` is OK however many rows it touched, one with `out` and no row
 * is STORE_NONE: to learn whether an UPDATE met its row, let it RETURNING 1.
 *
 * Steps run in order in one transaction, all of them: a step that depends on what an earlier one
 * did says so in its WHERE. The last one's rows are the answer. An error takes all steps back. */
#ifndef OPENMMO_STORE_STATEMENTS_H
#define OPENMMO_STORE_STATEMENTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "store/questions.h"

#define STATEMENT_VALUES_MAX 16 /* parameters, or columns */
#define STATEMENT_STEPS_MAX  5
#define STATEMENT_PATIENCE   8 /* of saves, too: nobody waits for them */

/* One parameter or one column. */
struct statement_value {
    char type; /* i: integer; r: double; t: text; d: time in Unix ms; b: truth; 0: NULL */
    int64_t i; /* i, d, b */
    double r;
    const char *t; /* borrowed for the call; "" where NULL */
};

enum statement_lane {
    STATEMENT_ASKED, /* somebody waits for it; any order among each other */
    STATEMENT_SAVES, /* strictly in the order asked: what is written behind the world */
};

enum statement_flags {
    STATEMENT_CHANGES = 1,  /* it changes something: answered OK only once that is durable */
    STATEMENT_AGAIN = 2,    /* doing it twice is as doing it once: a driver may send it again when
                               it does not know whether it was done (what only reads, always) */
    STATEMENT_MANY_IN = 4,  /* question.in.many: its first (only) step runs once for each row.
                               PostgreSQL gets each parameter as an array: unnest($1, $2 ...) */
    STATEMENT_MANY_OUT = 8, /* answer.rows; else the first row */
    STATEMENT_SCRUB = 16, /* what it deleted must not lie on in the file: SQLite empties its log */
    STATEMENT_SLOW = 32,  /* it reads a whole table: it may take STATEMENT_PATIENCE times as long */
};

struct statement {
    const char *name; /* in metrics, and the prepared statement's name */
    const char *in;   /* types of the parameters, one letter each */
    const char *out;  /* types of the last step's columns; "" none */
    enum statement_lane lane;
    unsigned flags;
    size_t in_bytes;  /* MANY_IN: of one row */
    size_t out_bytes; /* MANY_OUT: of one row */
    /* Fill values[], one a letter of `in`; they may point into *question. at: MANY_IN's row. NULL
     * where nothing is to be filled. */
    void (*bind)(const struct store_question *question, size_t at, struct statement_value *values);
    /* One row of the answer. into: &answer.out, or MANY_OUT's zeroed row. NULL without `out`. */
    void (*read)(const struct statement_value *columns, void *into);
    struct {
        const char *sqlite, *postgresql; /* postgresql NULL: the same */
    } steps[STATEMENT_STEPS_MAX];
};

#define ROW(upper, lower) extern const struct statement statement_##lower;
STORE_STATEMENTS(ROW)
#undef ROW

/* The row of a question; never NULL. */
const struct statement *statement_of(enum store_statement statement);
const char *statement_postgresql(const struct statement *row, size_t step); /* its text there */
size_t statement_steps_n(const struct statement *row); /* 1..STATEMENT_STEPS_MAX */

/* For bind. */
static inline struct statement_value value_int(uint64_t value)
{
    return (struct statement_value){.type = 'i', .i = (int64_t)value, .t = ""};
}
static inline struct statement_value value_real(double value)
{
    return (struct statement_value){.type = 'r', .r = value, .t = ""};
}
static inline struct statement_value value_bool(bool value)
{
    return (struct statement_value){.type = 'b', .i = value, .t = ""};
}
static inline struct statement_value value_null(void)
{
    return (struct statement_value){.t = ""};
}
static inline struct statement_value value_id(uint64_t id) /* 0: NULL */
{
    return id ? value_int(id) : value_null();
}
static inline struct statement_value value_time(uint64_t ms) /* 0: NULL */
{
    return (struct statement_value){.type = ms ? 'd' : '\0', .i = (int64_t)ms, .t = ""};
}
static inline struct statement_value value_text(const char *text) /* borrowed */
{
    return (struct statement_value){.type = 't', .t = text};
}
static inline struct statement_value value_text_or_null(const char *text) /* "": NULL */
{
    return text[0] ? value_text(text) : value_null();
}

/* What many rows bind and read: $1 is id.player_id; and $2 id.now_ms; $1 is id.now_ms. */
void statement_bind_id(const struct store_question *question, size_t at,
                       struct statement_value *values);
/* The account's id, and the time. */
void statement_bind_id_and_now(const struct store_question *question, size_t at,
                               struct statement_value *values);
/* The time alone. */
void statement_bind_now(const struct store_question *question, size_t at,
                        struct statement_value *values);
/* page.from and page.limit; */
void statement_bind_page(const struct store_question *question, size_t at,
                         struct statement_value *values);
/* and page.about; */
void statement_bind_page_of(const struct store_question *question, size_t at,
                            struct statement_value *values);
/* page.now_ms and page.limit. */
void statement_bind_before(const struct store_question *question, size_t at,
                           struct statement_value *values);
void statement_read_id(const struct statement_value *columns, void *into); /* an uint64_t */
/* That there is a row says all. */
void statement_read_nothing(const struct statement_value *columns, void *into);

/* For read: copy a text; what does not fit was not written by us: better nothing than a part of it.
 */
void value_copy(const struct statement_value *column, char *room, size_t room_bytes);

#endif
