/* adopt_names.c -- who may keep a name or an e-mail: of those that are equal after folding, the
 * oldest account; the others get "~2", "~3" ... Today's rule allows no '~' in a name, so nobody can
 * take one of these. */
#include "store/adopt_names.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/text.h"
#include "store/adopt_sql.h"
#include "store/store.h"

#define SUFFIX_BYTES 12
#define KEY_BYTES    TEXT_NAME_KEY_BYTES

#define BATCH_ROWS      256
#define BATCH_SQL_BYTES (512 + BATCH_ROWS * 96)

enum { ID, USERNAME, EMAIL, HASH, CREATED, LOGIN, PLAYER_VALUES_N };

static int note_change(struct adopt *adopt, const char *id, const char *what, const char *was,
                       const char *became, struct error *error)
{
    const char *const values[] = {id, what, was, became};
    struct migrate_query insert = {
        .sql =
            "INSERT INTO adoption_changes (player_id, what, was, became) VALUES ($1, $2, $3, $4)",
        .values = values,
        .values_n = ARRAY_N(values)};

    return migrate_ask(adopt->link, &insert, error);
}

/* text with "~n" behind it, in most_bytes; n < 2: without. */
static void with_suffix(const char *text, unsigned n, char *out, size_t most_bytes)
{
    char suffix[SUFFIX_BYTES] = "";
    size_t length = strlen(text);

    if (n >= 2)
        snprintf(suffix, sizeof(suffix), "~%u", n);
    length = text_cut(text, length, most_bytes - strlen(suffix));
    memcpy(out, text, length);
    strcpy(out + length, suffix);
}

/* A name that we can hold and fold, from whatever there was. Empty: there was none. */
static void usable(const char *text, char *out, size_t most_bytes)
{
    char key[KEY_BYTES];

    size_t length = text ? strlen(text) : 0;

    if (text && !text_utf8_valid(text, length)) {
        text_sanitise(text, length, out, most_bytes + 1);
        return;
    }
    length = text_cut(text ? text : "", length, most_bytes);
    /* Some letters are many when they are folded. */
    while (length > 0 && text_fold(text, length, key, KEY_BYTES - SUFFIX_BYTES) < 0)
        length = text_cut(text, length, length - 1);
    if (length)
        memcpy(out, text, length);
    out[length] = '\0';
}

/* -- many at once --------------------------------------------------------------------------------
 *
 * Row by row each costs a round trip to the database; so those that come in order are collected,
 * and go in by one statement. */

enum { NAME = 1, KEY, ROW_EMAIL, ROW_HASH, ROW_CREATED, ROW_LOGIN, COLUMNS };

struct batch {
    struct adopt *adopt;
    unsigned n;
    char *values[BATCH_ROWS]
                [COLUMNS];  /* owned; NULL: SQL's NULL. A name's row, or id, e-mail, key */
    char *was[BATCH_ROWS];  /* names: as it was; owned */
    bool there[BATCH_ROWS]; /* it is in the table now */
    const char *parameters[BATCH_ROWS * COLUMNS]; /* of the statement */
    char sql[BATCH_SQL_BYTES];
};

static void batch_clear(struct batch *batch)
{
    for (unsigned i = 0; i < batch->n; i++) {
        for (unsigned c = 0; c < COLUMNS; c++)
            free(batch->values[i][c]);
        free(batch->was[i]);
    }
    memset(batch->values, 0, sizeof(batch->values));
    memset(batch->was, 0, sizeof(batch->was));
    memset(batch->there, 0, sizeof(batch->there));
    batch->n = 0;
}

static int batch_put(struct batch *batch, const char *const *values, unsigned n,
                     struct error *error)
{
    for (unsigned c = 0; c < n; c++)
        if (values[c] && !(batch->values[batch->n][c] = strdup(values[c]))) {
            batch->n++;
            return error_set(error, "out of memory");
        }
    batch->n++;
    return 0;
}

/* head, a list of parameters for each row, tail. A first column's are numbers. */
static void batch_text(struct batch *batch, unsigned columns, const char *head, const char *tail)
{
    char *at = batch->sql;

    at = stpcpy(at, head);
    for (unsigned i = 0; i < batch->n; i++)
        for (unsigned c = 0; c < columns; c++)
            at += sprintf(at, "%s%s$%u%s%s", c == 0 ? (i == 0 ? "(" : ", (") : ", ",
                          c == 0 ? "CAST(" : "", i * columns + c + 1, c == 0 ? " AS BIGINT)" : "",
                          c + 1 == columns ? ")" : "");
    strcpy(at, tail);
}

/* values: an id that went in. They come in the order of the rows, or not: it does not matter. */
static int batch_there(void *context, const char *const *values, struct error *error)
{
    struct batch *batch = context;

    (void)error;
    for (unsigned i = 0; i < batch->n; i++)
        if (!batch->there[i] && strcmp(batch->values[i][ID], values[0]) == 0) {
            batch->there[i] = true;
            break;
        }
    return 0;
}

static int batch_ask(struct batch *batch, unsigned columns, struct error *error)
{
    struct migrate_query query = {.sql = batch->sql,
                                  .values = batch->parameters,
                                  .values_n = (int)(batch->n * columns),
                                  .row = batch_there,
                                  .context = batch};

    for (unsigned i = 0; i < batch->n; i++)
        for (unsigned c = 0; c < columns; c++)
            batch->parameters[i * columns + c] = batch->values[i][c];
    return migrate_ask(batch->adopt->link, &query, error);
}

/* -- names ---------------------------------------------------------------------------------------
 */

static int note_name(struct adopt *adopt, const char *id, const char *was, const char *became,
                     struct error *error)
{
    if (was && strcmp(was, became) == 0 && text_name_check(was, strlen(was), NULL) == 0)
        return 0;
    return note_change(adopt, id, "username", was, became, error);
}

/* Of those with the same key the first goes in; the others come again, as second ones. */
static int insert_players(struct batch *batch, struct error *error)
{
    int rc = 0;

    if (batch->n == 0)
        return 0;
    batch_text(batch, COLUMNS,
               "INSERT INTO players (id, username, username_key, email, password_hash, created_at,"
               " last_login) VALUES ",
               " ON CONFLICT (username_key) DO NOTHING RETURNING id");
    rc = batch_ask(batch, COLUMNS, error);
    for (unsigned i = 0; i < batch->n && rc == 0; i++)
        if (batch->there[i])
            rc = note_name(batch->adopt, batch->values[i][ID], batch->was[i],
                           batch->values[i][NAME], error);
    batch_clear(batch);
    return rc;
}

/* values: of the old row. n: which of those with this name. */
static int add_player(struct batch *batch, const char *const *values, unsigned n,
                      struct error *error)
{
    char base[TEXT_NAME_MAX_BYTES + 1], name[TEXT_NAME_MAX_BYTES + 1], key[KEY_BYTES];
    const char *const row[] = {values[ID],      name,         key, values[EMAIL], values[HASH],
                               values[CREATED], values[LOGIN]};

    usable(values[USERNAME], base, TEXT_NAME_MAX_BYTES);
    if (!base[0])
        snprintf(base, sizeof(base), "player~%.20s", values[ID]);
    with_suffix(base, n, name, TEXT_NAME_MAX_BYTES);
    if (text_fold(name, strlen(name), key, sizeof(key)) < 0)
        return error_set(error, "player %s: the name cannot be folded", values[ID]);
    if (values[USERNAME] && !(batch->was[batch->n] = strdup(values[USERNAME])))
        return error_set(error, "out of memory");
    return batch_put(batch, row, COLUMNS, error);
}

static int take_oldest(void *context, const char *const *values, struct error *error)
{
    struct batch *batch = context;

    if (add_player(batch, values, 1, error) < 0)
        return -1;
    return batch->n < BATCH_ROWS ? 0 : insert_players(batch, error);
}

static int take_second(void *context, const char *const *values, struct error *error)
{
    struct batch *batch = context;
    uint64_t taken = 0;

    for (unsigned n = 2; taken == 0; n++) {
        if (add_player(batch, values, n, error) < 0)
            return -1;
        batch_text(batch, COLUMNS,
                   "INSERT INTO players (id, username, username_key, email, password_hash,"
                   " created_at, last_login) VALUES ",
                   " ON CONFLICT (username_key) DO NOTHING RETURNING id");
        if (batch_ask(batch, COLUMNS, error) < 0)
            return -1;
        taken = batch->there[0];
        if (taken && note_name(batch->adopt, batch->values[0][ID], batch->was[0],
                               batch->values[0][NAME], error) < 0)
            return -1;
        batch_clear(batch);
    }
    return 0;
}

static int take_names(struct batch *batch, struct error *error)
{
    static const char oldest[] =
        "SELECT l.id, l.username, CASE WHEN l.email <> '' THEN l.email END,"
        " COALESCE(l.password_hash, ''), COALESCE({created}, {login}, {now}), {login}"
        " FROM {players} AS l WHERE NOT EXISTS (SELECT 1 FROM players WHERE players.id = l.id)"
        " ORDER BY {created} NULLS LAST, l.id";
    char sql[ADOPT_SQL_BYTES];
    struct migrate_query query = {.sql = sql, .many = true, .row = take_oldest, .context = batch};

    if (adopt_sql(batch->adopt, oldest, sql, error) < 0 ||
        migrate_ask(batch->adopt->link, &query, error) < 0 || insert_players(batch, error) < 0)
        return -1;
    query.row = take_second; /* who is not there yet */
    return migrate_ask(batch->adopt->link, &query, error);
}

static struct batch *batch_new(struct adopt *adopt, struct error *error)
{
    struct batch *batch = calloc(1, sizeof(*batch));

    if (batch)
        batch->adopt = adopt;
    else
        error_set(error, "out of memory");
    return batch;
}

static void batch_free(struct batch *batch)
{
    batch_clear(batch);
    free(batch);
}

int adopt_names(struct adopt *adopt, struct error *error)
{
    struct batch *batch = batch_new(adopt, error);
    int rc;

    if (!batch)
        return -1;
    rc = take_names(batch, error);
    batch_free(batch);
    return rc < 0 ? -1 : adopt_emails(adopt, error);
}

/* -- e-mails -------------------------------------------------------------------------------------
 */

/* *taken: another has that key; nothing was changed. */
static int set_email(struct adopt *adopt, const char *id, const char *email, bool *taken,
                     struct error *error)
{
    char key[KEY_BYTES];
    const char *const row[] = {id, email, key};
    struct migrate_query update = {
        .sql = "UPDATE players SET email = $2, email_key = $3 WHERE id = $1"
               " AND NOT EXISTS (SELECT 1 FROM players AS other WHERE other.email_key = $3)",
        .values = row,
        .values_n = ARRAY_N(row)};

    if (text_fold(email, strlen(email), key, sizeof(key)) < 0)
        return error_set(error, "player %s: the e-mail cannot be folded", id);
    if (migrate_ask(adopt->link, &update, error) < 0)
        return -1;
    *taken = update.changed == 0;
    return 0;
}

static int drop_email(struct adopt *adopt, const char *const *values, struct error *error)
{
    struct migrate_query update = {
        .sql = "UPDATE players SET email = NULL WHERE id = $1", .values = values, .values_n = 1};

    return migrate_ask(adopt->link, &update, error) < 0
               ? -1
               : note_change(adopt, values[0], "email", values[1], NULL, error);
}

/* Nobody can be written to at a part of an address. */
static bool email_fits(const char *email, char key[KEY_BYTES])
{
    return strlen(email) <= STORE_EMAIL_MAX &&
           text_fold(email, strlen(email), key, KEY_BYTES - SUFFIX_BYTES) >= 0;
}

/* values: id, email of one whose e-mail another has. */
static int take_email(struct adopt *adopt, const char *const *values, struct error *error)
{
    char email[STORE_EMAIL_MAX + 1];
    bool taken = true;

    for (unsigned n = 2; taken; n++) {
        with_suffix(values[1], n, email, STORE_EMAIL_MAX);
        if (set_email(adopt, values[0], email, &taken, error) < 0)
            return -1;
    }
    return note_change(adopt, values[0], "email", values[1], email, error);
}

/* Of those that are the same after folding the first gets its key; the others come again. */
static int set_emails(struct batch *batch, struct error *error)
{
    int rc;

    if (batch->n == 0)
        return 0;
    batch_text(
        batch, 3, "WITH v (id, email, key) AS (VALUES ",
        ") UPDATE players SET email = v.email, email_key = v.key FROM v WHERE players.id = v.id"
        " AND NOT EXISTS (SELECT 1 FROM players AS other WHERE other.email_key = v.key)");
    rc = batch_ask(batch, 3, error);
    batch_clear(batch);
    return rc;
}

static bool batch_has_key(const struct batch *batch, const char *key)
{
    for (unsigned i = 0; i < batch->n; i++)
        if (strcmp(batch->values[i][2], key) == 0)
            return true;
    return false;
}

static int email_of_oldest(void *context, const char *const *values, struct error *error)
{
    struct batch *batch = context;
    char key[KEY_BYTES];
    const char *const row[] = {values[0], values[1], key};

    if (!email_fits(values[1], key))
        return drop_email(batch->adopt, values, error);
    if (batch_has_key(batch, key))
        return 0; /* not the first */
    if (batch_put(batch, row, 3, error) < 0)
        return -1;
    return batch->n < BATCH_ROWS ? 0 : set_emails(batch, error);
}

static int email_of_second(void *context, const char *const *values, struct error *error)
{
    const struct batch *batch = context;

    return take_email(batch->adopt, values, error);
}

int adopt_emails(struct adopt *adopt, struct error *error)
{
    struct batch *batch = batch_new(adopt, error);
    struct migrate_query query = {.sql = "SELECT id, email FROM players WHERE email <> ''"
                                         " AND email_key IS NULL ORDER BY created_at, id",
                                  .many = true,
                                  .row = email_of_oldest,
                                  .context = batch};
    int rc;

    if (!batch)
        return -1;
    rc = migrate_ask(adopt->link, &query, error);
    if (rc == 0)
        rc = set_emails(batch, error);
    query.row = email_of_second;
    if (rc == 0)
        rc = migrate_ask(adopt->link, &query, error);
    batch_free(batch);
    return rc;
}
