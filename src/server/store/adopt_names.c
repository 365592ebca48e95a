/* adopt_names.c -- who may keep a name or an e-mail: of those that are equal after folding, the
 * oldest account; the others get "~2", "~3" ... Today's rule allows no '~' in a name, so nobody can
 * take one of these. */
#include "store/adopt_names.h"

#include <stdio.h>
#include <string.h>

#include "common/text.h"
#include "store/adopt_sql.h"
#include "store/store.h"

#define SUFFIX_BYTES 12
#define KEY_BYTES    TEXT_NAME_KEY_BYTES

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

/* -- names ---------------------------------------------------------------------------------------
 */

/* *taken: another has that key; nothing was changed. */
static int insert_player(struct adopt *adopt, const char *const *values, const char *name,
                         bool *taken, struct error *error)
{
    char key[KEY_BYTES];
    const char *const row[] = {values[ID],      name,         key, values[EMAIL], values[HASH],
                               values[CREATED], values[LOGIN]};
    struct migrate_query insert = {
        .sql = "INSERT INTO players (id, username, username_key, email, password_hash, created_at,"
               " last_login) VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (username_key) DO "
               "NOTHING",
        .values = row,
        .values_n = ARRAY_N(row)};

    if (text_fold(name, strlen(name), key, sizeof(key)) < 0)
        return error_set(error, "player %s: the name cannot be folded", values[ID]);
    if (migrate_ask(adopt->link, &insert, error) < 0)
        return -1;
    *taken = insert.changed == 0;
    return 0;
}

static int note_name(struct adopt *adopt, const char *id, const char *was, const char *became,
                     struct error *error)
{
    if (was && strcmp(was, became) == 0 && text_name_check(was, strlen(was), NULL) == 0)
        return 0;
    return note_change(adopt, id, "username", was, became, error);
}

static int take_player(struct adopt *adopt, const char *const *values, unsigned first,
                       unsigned last, struct error *error)
{
    char base[TEXT_NAME_MAX_BYTES + 1], name[TEXT_NAME_MAX_BYTES + 1];
    bool taken = true;

    usable(values[USERNAME], base, TEXT_NAME_MAX_BYTES);
    if (!base[0])
        snprintf(base, sizeof(base), "player~%.20s", values[ID]);
    for (unsigned n = first; taken && n <= last; n++) {
        with_suffix(base, n, name, TEXT_NAME_MAX_BYTES);
        if (insert_player(adopt, values, name, &taken, error) < 0)
            return -1;
    }
    return taken ? 0 : note_name(adopt, values[ID], values[USERNAME], name, error);
}

static int take_oldest(void *context, const char *const *values, struct error *error)
{
    return take_player(context, values, 1, 1, error);
}

static int take_second(void *context, const char *const *values, struct error *error)
{
    return take_player(context, values, 2, UINT32_MAX - 1, error);
}

int adopt_names(struct adopt *adopt, struct error *error)
{
    static const char oldest[] =
        "SELECT l.id, l.username, CASE WHEN l.email <> '' THEN l.email END,"
        " COALESCE(l.password_hash, ''), COALESCE({created}, {login}, {now}), {login}"
        " FROM {players} AS l WHERE NOT EXISTS (SELECT 1 FROM players WHERE players.id = l.id)"
        " ORDER BY {created} NULLS LAST, l.id";
    char sql[ADOPT_SQL_BYTES];
    struct migrate_query query = {.sql = sql, .many = true, .row = take_oldest, .context = adopt};

    if (adopt_sql(adopt, oldest, sql, error) < 0 || migrate_ask(adopt->link, &query, error) < 0)
        return -1;
    query.row = take_second; /* who is not there yet */
    return migrate_ask(adopt->link, &query, error) < 0 ? -1 : adopt_emails(adopt, error);
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

/* values: id, email. */
static int take_email(struct adopt *adopt, const char *const *values, unsigned first, unsigned last,
                      struct error *error)
{
    char email[STORE_EMAIL_MAX + 1];
    char key[KEY_BYTES];
    bool taken = true;

    /* Nobody can be written to at a part of an address. */
    if (strlen(values[1]) > STORE_EMAIL_MAX ||
        text_fold(values[1], strlen(values[1]), key, sizeof(key) - SUFFIX_BYTES) < 0)
        return drop_email(adopt, values, error);
    for (unsigned n = first; taken && n <= last; n++) {
        with_suffix(values[1], n, email, STORE_EMAIL_MAX);
        if (set_email(adopt, values[0], email, &taken, error) < 0)
            return -1;
    }
    return taken || strcmp(email, values[1]) == 0
               ? 0
               : note_change(adopt, values[0], "email", values[1], email, error);
}

static int email_of_oldest(void *context, const char *const *values, struct error *error)
{
    return take_email(context, values, 1, 1, error);
}

static int email_of_second(void *context, const char *const *values, struct error *error)
{
    return take_email(context, values, 2, UINT32_MAX - 1, error);
}

int adopt_emails(struct adopt *adopt, struct error *error)
{
    struct migrate_query query = {.sql = "SELECT id, email FROM players WHERE email <> ''"
                                         " AND email_key IS NULL ORDER BY created_at, id",
                                  .many = true,
                                  .row = email_of_oldest,
                                  .context = adopt};

    if (migrate_ask(adopt->link, &query, error) < 0)
        return -1;
    query.row = email_of_second;
    return migrate_ask(adopt->link, &query, error);
}
