/* pg_values.c -- binary in both directions: no text form depends on a session's settings, no double
 * loses a digit, and an array of ten thousand rows is written in one pass. */
#include "store/pg_values.h"

#include <endian.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/text.h"

/* Types by their fixed numbers in PostgreSQL's catalogue (pg_type.dat). */
enum {
    T_BOOL = 16,
    T_INT8 = 20,
    T_INT2 = 21,
    T_INT4 = 23,
    T_TEXT = 25,
    T_FLOAT4 = 700,
    T_FLOAT8 = 701,
    T_VARCHAR = 1043,
    T_TIMESTAMP = 1114,
    T_TIMESTAMPTZ = 1184
};

#define EPOCH_MS         INT64_C(946684800000) /* 2000-01-01, where PostgreSQL counts from */
#define ARRAY_HEAD_BYTES 20
#define ARRAY_MAX_BYTES  (256U << 20)

static Oid type_of(char letter, bool array)
{
    switch (letter) {
    case 'i':
        return array ? 1016 : T_INT8;
    case 'r':
        return array ? 1022 : T_FLOAT8;
    case 'b':
        return array ? 1000 : T_BOOL;
    case 'd':
        return array ? 1185 : T_TIMESTAMPTZ;
    default:
        return array ? 1009 : T_TEXT;
    }
}

static void put_32(char *at, uint32_t value)
{
    value = htobe32(value);
    memcpy(at, &value, sizeof(value));
}

static void put_64(char *at, uint64_t value)
{
    value = htobe64(value);
    memcpy(at, &value, sizeof(value));
}

static uint64_t get_64(const char *at)
{
    uint64_t value;

    memcpy(&value, at, sizeof(value));
    return be64toh(value);
}

/* Returns the length; 8 bytes at most. Not for texts. */
static int put_fixed(char *at, const struct statement_value *value)
{
    uint64_t bits;

    switch (value->type) {
    case 'b':
        at[0] = value->i != 0;
        return 1;
    case 'r':
        memcpy(&bits, &value->r, sizeof(bits));
        put_64(at, bits);
        return 8;
    case 'd':
        put_64(at, (uint64_t)((value->i - EPOCH_MS) * 1000));
        return 8;
    default:
        put_64(at, (uint64_t)value->i);
        return 8;
    }
}

static int array_room(struct pg_params *params, int i, size_t more)
{
    size_t need = params->arrays[i].n + more, room = params->arrays[i].room;
    char *bytes;

    if (need > ARRAY_MAX_BYTES)
        return -1;
    if (need <= room)
        return 0;
    while (room < need)
        room = room ? room * 2 : 1024;
    bytes = realloc(params->arrays[i].bytes, room);
    if (!bytes)
        return -1;
    params->arrays[i].bytes = bytes;
    params->arrays[i].room = room;
    return 0;
}

static int array_begin(struct pg_params *params, int i, char letter, size_t rows_n)
{
    char *head;

    params->arrays[i].n = 0;
    if (rows_n > INT_MAX || array_room(params, i, ARRAY_HEAD_BYTES) < 0)
        return -1;
    head = params->arrays[i].bytes;
    put_32(head, rows_n > 0); /* dimensions */
    put_32(head + 4, 1);      /* there may be NULLs */
    put_32(head + 8, type_of(letter, false));
    put_32(head + 12, (uint32_t)rows_n);
    put_32(head + 16, 1); /* the first one's number */
    params->arrays[i].n = rows_n > 0 ? ARRAY_HEAD_BYTES : 12;
    return 0;
}

static int array_add(struct pg_params *params, int i, const struct statement_value *value)
{
    size_t text_n = value->type == 't' ? strlen(value->t) : 0;
    char *at;

    if (array_room(params, i, 4 + (text_n > 8 ? text_n : 8)) < 0)
        return -1;
    at = params->arrays[i].bytes + params->arrays[i].n;
    if (!value->type) {
        put_32(at, UINT32_MAX);
        params->arrays[i].n += 4;
    } else if (value->type == 't') {
        put_32(at, (uint32_t)text_n);
        memcpy(at + 4, value->t, text_n);
        params->arrays[i].n += 4 + text_n;
    } else {
        uint32_t length = (uint32_t)put_fixed(at + 4, value);

        put_32(at, length);
        params->arrays[i].n += 4 + length;
    }
    return 0;
}

static int fill_arrays(struct pg_params *params, const struct store_ask *ask)
{
    const struct statement *row = ask->row;
    size_t rows_n = ask->question.in.many.n;

    for (int i = 0; i < params->n; i++)
        if (array_begin(params, i, row->in[i], rows_n) < 0)
            return -1;
    for (size_t at = 0; at < rows_n; at++) {
        struct statement_value values[STATEMENT_VALUES_MAX] = {{.type = '\0'}};

        row->bind(&ask->question, at, values);
        for (int i = 0; i < params->n; i++)
            if (array_add(params, i, &values[i]) < 0)
                return -1;
    }
    for (int i = 0; i < params->n; i++) {
        params->values[i] = params->arrays[i].bytes;
        params->lengths[i] = (int)params->arrays[i].n;
    }
    return 0;
}

void pg_params_types(struct pg_params *params, const struct statement *row)
{
    bool many = (row->flags & STATEMENT_MANY_IN) != 0;

    params->n = (int)strlen(row->in);
    for (int i = 0; i < params->n; i++) {
        params->types[i] = type_of(row->in[i], many);
        params->formats[i] = 1;
    }
}

int pg_params_fill(struct pg_params *params, const struct store_ask *ask)
{
    const struct statement *row = ask->row;
    struct statement_value values[STATEMENT_VALUES_MAX] = {{.type = '\0'}};

    pg_params_types(params, row);
    if (row->flags & STATEMENT_MANY_IN)
        return fill_arrays(params, ask);
    if (row->bind)
        row->bind(&ask->question, 0, values);
    for (int i = 0; i < params->n; i++) {
        params->values[i] = params->fixed[i];
        if (!values[i].type) {
            params->values[i] = NULL;
            params->lengths[i] = 0;
        } else if (values[i].type == 't') {
            params->values[i] = values[i].t;
            params->lengths[i] = (int)strlen(values[i].t);
        } else {
            params->lengths[i] = put_fixed(params->fixed[i], &values[i]);
        }
    }
    return 0;
}

void pg_params_free(struct pg_params *params)
{
    for (unsigned i = 0; i < STATEMENT_VALUES_MAX; i++)
        free(params->arrays[i].bytes);
}

static int64_t read_integer(const char *bytes, int length)
{
    uint32_t word;

    if (length == 8)
        return (int64_t)get_64(bytes);
    if (length == 4) {
        memcpy(&word, bytes, sizeof(word));
        return (int32_t)be32toh(word);
    }
    return (int16_t)((uint8_t)bytes[0] << 8 | (uint8_t)bytes[1]);
}

static double read_real(const char *bytes, int length)
{
    uint64_t bits;
    uint32_t word;
    double value;
    float small;

    if (length == 8) {
        bits = get_64(bytes);
        memcpy(&value, &bits, sizeof(value));
        return value;
    }
    word = (uint32_t)read_integer(bytes, length);
    memcpy(&small, &word, sizeof(small));
    return (double)small;
}

/* Before 1970, and -infinity: 0. infinity: far from now, and still a time in ms. */
static int64_t read_time(const char *bytes)
{
    int64_t us = (int64_t)get_64(bytes), ms = us / 1000 + EPOCH_MS;

    return ms > 0 ? ms : 0;
}

/* Whether a column of this type, with a value of this many bytes, can be read as the letter says.
 */
static bool fits(char letter, Oid type, int length)
{
    switch (letter) {
    case 'i':
        return (type == T_INT8 && length == 8) || (type == T_INT4 && length == 4) ||
               (type == T_INT2 && length == 2);
    case 'r':
        return (type == T_FLOAT8 && length == 8) || (type == T_FLOAT4 && length == 4);
    case 'b':
        return type == T_BOOL && length == 1;
    case 'd':
        return (type == T_TIMESTAMPTZ || type == T_TIMESTAMP) && length == 8;
    default:
        return type == T_TEXT || type == T_VARCHAR;
    }
}

static int read_column(const PGresult *result, int row, int column, char letter,
                       struct statement_value *value)
{
    const char *bytes = PQgetvalue(result, row, column);
    int length = PQgetlength(result, row, column);

    *value = value_null();
    if (PQgetisnull(result, row, column))
        return 0;
    if (!fits(letter, PQftype(result, column), length))
        return -1;
    value->type = letter;
    if (letter == 't')
        value->t = bytes;
    else if (letter == 'r')
        value->r = read_real(bytes, length);
    else if (letter == 'd')
        value->i = read_time(bytes);
    else if (letter == 'b')
        value->i = bytes[0] != 0;
    else
        value->i = read_integer(bytes, length);
    return 0;
}

int pg_values_read(const PGresult *result, struct store_ask *ask, struct error *error)
{
    struct statement_value columns[STATEMENT_VALUES_MAX];
    const char *types = ask->row->out;
    int columns_n = (int)strlen(types);

    if (columns_n == 0)
        return 0;
    if (PQnfields(result) != columns_n)
        return error_set(error, "statement %s gives %d columns, not %d", ask->row->name,
                         PQnfields(result), columns_n);
    for (int row = 0; row < PQntuples(result); row++) {
        for (int i = 0; i < columns_n; i++)
            if (read_column(result, row, i, types[i], &columns[i]) < 0)
                return error_set(error, "statement %s: column %d is of type %u, which is no '%c'",
                                 ask->row->name, i + 1, PQftype(result, i), types[i]);
        if (store_ask_row(ask, columns) < 0)
            return error_set(error, "out of memory");
    }
    return 0;
}

void pg_sentence(struct error *error, const char *prefix, const char *words)
{
    char line[ERROR_TEXT_MAX];
    size_t used, n = 0;

    for (; *words && n + 1 < sizeof(line); words++) {
        while (words[0] == '\n' && words[1] == '\t') /* a hint for whoever sits at psql */
            words += 1 + strcspn(words + 1, "\n");
        if (!*words)
            break;
        bool space = *words == '\n' || *words == '\t' || *words == '\r' || *words == ' ';

        if (!space)
            line[n++] = *words;
        else if (n > 0 && line[n - 1] != ' ')
            line[n++] = ' ';
    }
    while (n > 0 && line[n - 1] == ' ')
        n--;
    error_set(error, "%s", prefix);
    used = strlen(error->text);
    text_sanitise(line, n, error->text + used, sizeof(error->text) - used);
}

static bool is_any(const char *state, const char *const *list)
{
    for (; *list; list++)
        if (strcmp(state, *list) == 0)
            return true;
    return false;
}

enum pg_verdict pg_verdict(const PGresult *result, enum store_status *status,
                           struct error *sentence)
{
    /* admin_shutdown, crash_shutdown, cannot_connect_now, database_dropped, idle_session_timeout,
     * read_only_sql_transaction */
    static const char *const going[] = {"57P01", "57P02", "57P03", "57P04", "57P05", "25006", NULL};
    /* serialization_failure, deadlock_detected */
    static const char *const again[] = {"40001", "40P01", NULL};
    const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    const char *words = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
    char prefix[32];

    *status = STORE_AWAY;
    state = state ? state : "";
    snprintf(prefix, sizeof(prefix), "PostgreSQL%s%s: ", state[0] ? " " : "", state);
    pg_sentence(sentence, prefix, words ? words : PQresultErrorMessage(result));
    if (strcmp(state, "23505") == 0)
        *status = STORE_TAKEN;
    else if (strcmp(state, "23503") == 0)
        *status = STORE_NONE;
    if (*status != STORE_AWAY)
        return PG_ANSWERED;
    if (is_any(state, again))
        return PG_AGAIN;
    return is_any(state, going) ? PG_GOING : PG_REFUSED;
}
