/* adopt.c -- the older program's tables: recognised, set aside, taken over row by row, dropped. */
#include "store/adopt.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/text.h"
#include "store/adopt_names.h"
#include "store/adopt_sql.h"

#define LINE_BYTES    1200
#define COLUMNS_MAX   8
#define LEFT_OUT_MORE 16

static const char *const tables[ADOPT_TABLES_N] = {
    [ADOPT_PLAYERS] = "players",
    [ADOPT_POSITIONS] = "player_positions",
    [ADOPT_SESSIONS] = "game_sessions",
};

static const char *const columns[ADOPT_TABLES_N][COLUMNS_MAX] = {
    [ADOPT_PLAYERS] = {"id", "username", "email", "password_hash", "created_at", "last_login"},
    [ADOPT_POSITIONS] = {"id", "player_id", "x", "y", "z", "updated_at"},
    [ADOPT_SESSIONS] = {"id", "session_id", "player_id", "socket_id", "connected_at",
                        "disconnected_at"},
};

static const struct {
    enum adopt_table table;
    const char *column;
} times[ADOPT_TIMES_N] = {
    [ADOPT_CREATED] = {ADOPT_PLAYERS, "created_at"},
    [ADOPT_LOGIN] = {ADOPT_PLAYERS, "last_login"},
    [ADOPT_UPDATED] = {ADOPT_POSITIONS, "updated_at"},
    [ADOPT_CONNECTED] = {ADOPT_SESSIONS, "connected_at"},
    [ADOPT_DISCONNECTED] = {ADOPT_SESSIONS, "disconnected_at"},
};

/* -- what is there -------------------------------------------------------------------------------
 */

struct look {
    struct adopt *adopt;
    bool ours; /* players has our key */
    bool there[ADOPT_TABLES_N][COLUMNS_MAX];
    bool more[ADOPT_TABLES_N];
    char types[ADOPT_TIMES_N][64];
    const char *no_number[ADOPT_TABLES_N]; /* PostgreSQL: a column of ids that are none */
};

/* SQLite's types say nothing of the values: those are looked at (check_ids). */
static bool holds_ids(const struct look *look, const char *type)
{
    return look->adopt->link->kind == MIGRATE_SQLITE || strcmp(type, "bigint") == 0 ||
           strcmp(type, "integer") == 0 || strcmp(type, "smallint") == 0;
}

static void see_column(struct look *look, enum adopt_table table, const char *column,
                       const char *type)
{
    bool known = false;

    for (unsigned i = 0; i < COLUMNS_MAX && columns[table][i]; i++) {
        if (strcmp(column, columns[table][i]) != 0)
            continue;
        known = look->there[table][i] = true;
        if ((strcmp(column, "id") == 0 || strcmp(column, "player_id") == 0) &&
            !holds_ids(look, type))
            look->no_number[table] = columns[table][i];
    }
    if (!known)
        look->more[table] = true;
    if (table == ADOPT_PLAYERS && strcmp(column, "username_key") == 0)
        look->ours = true;
    for (unsigned i = 0; i < ADOPT_TIMES_N; i++)
        if (times[i].table == table && strcmp(times[i].column, column) == 0)
            snprintf(look->types[i], sizeof(look->types[i]), "%s", type);
}

/* values: table, column, type */
static int see(void *context, const char *const *values, struct error *error)
{
    struct look *look = context;

    (void)error;
    for (enum adopt_table table = 0; table < ADOPT_TABLES_N; table++)
        if (strcmp(values[0], tables[table]) == 0) {
            look->adopt->has[table] = true;
            see_column(look, table, values[1], values[2] ? values[2] : "");
        }
    return 0;
}

static int check_columns(const struct look *look, struct error *error)
{
    for (enum adopt_table table = 0; table < ADOPT_TABLES_N; table++)
        for (unsigned i = 0; look->adopt->has[table] && i < COLUMNS_MAX && columns[table][i]; i++)
            if (!look->there[table][i])
                return error_set(error,
                                 "%s has a table %s without a column %s: it is no database that "
                                 "can be taken over",
                                 look->adopt->link->name, tables[table], columns[table][i]);
    return 0;
}

static int count_bad(void *context, const char *const *values, struct error *error)
{
    (void)error;
    *(bool *)context = values[0] && strcmp(values[0], "0") != 0;
    return 0;
}

/* What is counted of the table must be 0; else the sentence. */
static int check_count(const struct adopt *adopt, const char *count, enum adopt_table table,
                       const char *sentence, struct error *error)
{
    bool bad = false;
    char text[300];
    struct migrate_query query = {.sql = text, .row = count_bad, .context = &bad};

    snprintf(text, sizeof(text), "SELECT %s FROM %s", count, tables[table]);
    if (migrate_ask(adopt->link, &query, error) < 0)
        return -1;
    return bad ? error_set(error, "%s has %s %s", adopt->link->name, tables[table], sentence) : 0;
}

/* Ours are positive whole numbers, each one's own. */
static int check_ids(const struct look *look, enum adopt_table table, struct error *error)
{
    const struct adopt *adopt = look->adopt;

    if (look->no_number[table])
        return error_set(error,
                         "%s has %s whose %s is no whole number (a UUID or a text): give each row "
                         "a number first",
                         adopt->link->name, tables[table], look->no_number[table]);
    if (adopt->link->kind == MIGRATE_SQLITE &&
        check_count(adopt, "count(CASE WHEN typeof(id) NOT IN ('integer', 'null') THEN 1 END)",
                    table,
                    "whose id is no whole number (a UUID or a text): give each row a number first",
                    error) < 0)
        return -1;
    return check_count(adopt, "count(*) - count(DISTINCT CASE WHEN id > 0 THEN id END)", table,
                       "with the same id, or without a positive one: give each its own first",
                       error);
}

int adopt_look(struct adopt *adopt, struct error *error)
{
    static const char *const sql[MIGRATE_KINDS_N] = {
        [MIGRATE_SQLITE] =
            "SELECT lower(t.name), lower(c.name), c.type"
            " FROM sqlite_master AS t, pragma_table_info(t.name) AS c WHERE t.type = 'table'"
            " AND lower(t.name) IN ('players', 'player_positions', 'game_sessions')",
        [MIGRATE_POSTGRESQL] =
            "SELECT table_name, column_name, data_type FROM information_schema.columns"
            " WHERE table_schema = current_schema()"
            " AND table_name IN ('players', 'player_positions', 'game_sessions')",
    };
    struct look look = {.adopt = adopt};
    struct migrate_query query = {.sql = sql[adopt->link->kind], .row = see, .context = &look};

    if (migrate_ask(adopt->link, &query, error) < 0)
        return -1;
    if (!adopt->has[ADOPT_PLAYERS] || look.ours)
        return 0;
    if (check_columns(&look, error) < 0)
        return -1;
    for (enum adopt_table table = 0; table < ADOPT_TABLES_N; table++)
        if (adopt->has[table] && check_ids(&look, table, error) < 0)
            return -1;
    for (unsigned i = 0; i < ADOPT_TIMES_N; i++)
        if (adopt->has[times[i].table] &&
            adopt_sql_time(adopt, i, times[i].column, look.types[i], error) < 0)
            return -1;
    for (unsigned i = 0; i < ADOPT_TABLES_N; i++)
        adopt->keeps = adopt->keeps || look.more[i];
    adopt->found = true;
    return 0;
}

/* -- out of the way ------------------------------------------------------------------------------
 */

struct names {
    char names[LEFT_OUT_MORE][128];
    unsigned n;
};

static int keep_name(void *context, const char *const *values, struct error *error)
{
    struct names *names = context;

    if (names->n == LEFT_OUT_MORE)
        return error_set(error, "the old tables have more than %d indexes", LEFT_OUT_MORE);
    snprintf(names->names[names->n++], sizeof(names->names[0]), "%s", values[0]);
    return 0;
}

/* Ours may have the same names. */
static int drop_indexes(struct adopt *adopt, struct error *error)
{
    struct names names = {.n = 0};
    struct migrate_query query = {
        .sql = "SELECT replace(name, '\"', '\"\"') FROM sqlite_master WHERE type = 'index'"
               " AND sql IS NOT NULL"
               " AND lower(tbl_name) IN ('players', 'player_positions', 'game_sessions')",
        .row = keep_name,
        .context = &names};

    if (migrate_ask(adopt->link, &query, error) < 0)
        return -1;
    for (unsigned i = 0; i < names.n; i++) {
        char sql[160];

        snprintf(sql, sizeof(sql), "DROP INDEX \"%s\"", names.names[i]);
        if (migrate_exec(adopt->link, sql, error) < 0)
            return -1;
    }
    return 0;
}

int adopt_set_aside(struct adopt *adopt, struct error *error)
{
    bool sqlite = adopt->link->kind == MIGRATE_SQLITE;

    if (sqlite ? drop_indexes(adopt, error) < 0
               : migrate_exec(adopt->link, "CREATE SCHEMA openmmo_legacy", error) < 0)
        return -1;
    for (unsigned i = 0; i < ADOPT_TABLES_N; i++) {
        char sql[120];

        snprintf(sql, sizeof(sql),
                 sqlite ? "ALTER TABLE %s RENAME TO legacy_%s"
                        : "ALTER TABLE %s SET SCHEMA openmmo_legacy",
                 tables[i], tables[i]);
        if (adopt->has[i] && migrate_exec(adopt->link, sql, error) < 0)
            return -1;
    }
    return 0;
}

/* -- rows ----------------------------------------------------------------------------------------
 */

/* clang-format off */
#define SET_ASIDE "INSERT INTO adoption_set_aside (table_name, row_id, player_id, reason, content) "
#define NEWEST "(SELECT l.*, {updated} AS adopt_at, {position_row} AS adopt_row, row_number() OVER" \
    " (PARTITION BY l.player_id ORDER BY {updated} DESC NULLS LAST, l.id DESC) AS adopt_nth" \
    " FROM {positions} AS l JOIN players ON players.id = l.player_id) AS l "
#define SEQUENCE(ours, old) \
    {"DELETE FROM sqlite_sequence WHERE name = '" ours "';" \
     "INSERT INTO sqlite_sequence (name, seq) SELECT '" ours "', max(COALESCE((SELECT max(id) FROM " old "), 0)," \
     " COALESCE((SELECT seq FROM sqlite_sequence WHERE name = '" old "'), 0))", \
     "SELECT setval(pg_get_serial_sequence('" ours "', 'id'), last) FROM (SELECT GREATEST((SELECT max(id) FROM " old ")," \
     " pg_sequence_last_value(pg_get_serial_sequence('" old "', 'id')::regclass)) AS last) AS l WHERE last > 0"}

static const struct {
    enum adopt_table table; /* not done where it is missing */
    const char *sql[MIGRATE_KINDS_N]; /* the second NULL: the same */
} rules[] = {
    {ADOPT_PLAYERS, {
        "INSERT INTO adoption_changes (player_id, what) SELECT id, 'password' FROM players"
        " WHERE length(password_hash) > 127 OR NOT (password_hash LIKE '$2_$%' OR password_hash LIKE '$argon2id$%')"}},
    /* The newest position of a player wins; one that is no place is as none, which is the spawn point. */
    {ADOPT_POSITIONS, {
        "INSERT INTO player_positions (id, player_id, x, y, z, yaw, updated_at, epoch, tick)"
        " SELECT l.id, l.player_id, l.x, l.y, l.z, 0, COALESCE(l.adopt_at, {now}), 0, 0 FROM " NEWEST
        " WHERE l.adopt_nth = 1 AND {place}"}},
    {ADOPT_POSITIONS, {
        SET_ASIDE "SELECT 'player_positions', l.id, l.player_id, 'no place: the spawn point counts', l.adopt_row FROM " NEWEST
        " WHERE l.adopt_nth = 1 AND NOT {place}"}},
    {ADOPT_POSITIONS, {
        "INSERT INTO player_positions_conflict (player_id, x, y, z, updated_at)"
        " SELECT l.player_id, l.x, l.y, l.z, l.adopt_at FROM " NEWEST " WHERE l.adopt_nth > 1 ORDER BY l.player_id, l.adopt_nth"}},
    {ADOPT_POSITIONS, {
        SET_ASIDE "SELECT 'player_positions', l.id, NULL, 'no owner', {position_row} FROM {positions} AS l"
        " LEFT JOIN players ON players.id = l.player_id WHERE players.id IS NULL ORDER BY l.id"}},
    /* Nobody of the old program's is connected any more. */
    {ADOPT_SESSIONS, {
        "INSERT INTO game_sessions (id, session_id, player_id, socket_id, connected_at, disconnected_at)"
        " SELECT l.id, CASE WHEN l.adopt_nth = 1 AND l.adopt_name <> '' AND length(l.adopt_name) <= 200"
        " AND l.adopt_name NOT LIKE 'legacy-%' THEN l.adopt_name ELSE 'legacy-' || l.id END, l.player_id, l.socket_id,"
        " COALESCE(l.adopt_from, l.adopt_to, {now}), COALESCE(l.adopt_to,"
        " CASE WHEN p.updated_at > l.adopt_from THEN p.updated_at ELSE l.adopt_from END, {now})"
        " FROM (SELECT l.*, CAST(l.session_id AS TEXT) AS adopt_name, {connected} AS adopt_from, {disconnected} AS adopt_to,"
        " row_number() OVER (PARTITION BY CAST(l.session_id AS TEXT) ORDER BY l.id) AS adopt_nth"
        " FROM {sessions} AS l JOIN players ON players.id = l.player_id) AS l"
        " LEFT JOIN player_positions AS p ON p.player_id = l.player_id"}},
    {ADOPT_SESSIONS, {
        "INSERT INTO adoption_changes (player_id, what, was, became) SELECT ours.player_id, 'session_id',"
        " CAST(l.session_id AS TEXT), ours.session_id FROM game_sessions AS ours JOIN {sessions} AS l ON l.id = ours.id"
        " WHERE l.session_id IS NULL OR CAST(l.session_id AS TEXT) <> ours.session_id ORDER BY ours.id"}},
    {ADOPT_SESSIONS, {
        SET_ASIDE "SELECT 'game_sessions', l.id, NULL, 'no owner', {session_row} FROM {sessions} AS l"
        " LEFT JOIN players ON players.id = l.player_id WHERE players.id IS NULL ORDER BY l.id"}},
    /* No id is given out again. */
    {ADOPT_PLAYERS, SEQUENCE("players", "{players}")},
    {ADOPT_POSITIONS, SEQUENCE("player_positions", "{positions}")},
    {ADOPT_SESSIONS, SEQUENCE("game_sessions", "{sessions}")},
};

/* -- what was done, in words: each row is a line ------------------------------------------------- */

#define REPORT_CHANGES 1

static const char *const reports[] = {
    "SELECT 'players: ' || count(*) || ' taken over' FROM players",
    "SELECT 'player ' || player_id || ': ' || CASE"
    " WHEN what = 'username' AND was = became THEN 'the name \"' || was || '\" breaks today''s rule, and stays usable'"
    " WHEN what = 'username' THEN 'the name \"' || COALESCE(was, '') || '\" became \"' || became || '\"'"
    " WHEN what = 'email' THEN 'the e-mail \"' || was || '\" ' || COALESCE('became \"' || became || '\"', 'is none, and was taken out')"
    " WHEN what = 'password' THEN 'the password cannot be checked: reset it'"
    " ELSE what || ' \"' || COALESCE(was, '') || '\" became \"' || became || '\"' END"
    " FROM adoption_changes ORDER BY id",
    "SELECT 'player_positions: ' || count(*) || ' taken over' FROM player_positions",
    ("SELECT 'player ' || player_id || ': an older position (' || COALESCE(CAST(x AS TEXT), '?') || ', '"
    " || COALESCE(CAST(y AS TEXT), '?') || ', ' || COALESCE(CAST(z AS TEXT), '?') || ') of '"
    " || COALESCE(CAST(updated_at AS TEXT), 'no time') || ' moved to player_positions_conflict'"
    " FROM player_positions_conflict ORDER BY id"),
    "SELECT 'game_sessions: ' || count(*) || ' taken over' FROM game_sessions",
    "SELECT table_name || ' row ' || COALESCE(CAST(row_id AS TEXT), '?') || ' set aside (' || reason || '): ' || content"
    " FROM adoption_set_aside ORDER BY id",
};
/* clang-format on */

static int say_row(void *context, const char *const *values, struct error *error)
{
    const struct migrate *migrate = context;
    const char *text = values[0] ? values[0] : "";
    char line[LINE_BYTES];

    (void)error;
    text_sanitise(text, strlen(text), line, sizeof(line));
    migrate->say(migrate->context, line);
    return 0;
}

static int report(struct adopt *adopt, const char *sql, struct error *error)
{
    struct migrate_query query = {
        .sql = sql, .many = true, .row = say_row, .context = (void *)adopt->migrate};

    return adopt->migrate->say ? migrate_ask(adopt->link, &query, error) : 0;
}

int adopt_upgrade(struct adopt *adopt, struct error *error)
{
    return adopt_emails(adopt, error) < 0 || report(adopt, reports[REPORT_CHANGES], error) < 0 ? -1
                                                                                               : 0;
}

static int apply_rules(struct adopt *adopt, struct error *error)
{
    char sql[ADOPT_SQL_BYTES];

    for (size_t i = 0; i < ARRAY_N(rules); i++) {
        const char *const *texts = rules[i].sql;
        const char *text = texts[adopt->link->kind] ? texts[adopt->link->kind] : texts[0];

        if (adopt->has[rules[i].table] &&
            (adopt_sql(adopt, text, sql, error) < 0 || migrate_exec(adopt->link, sql, error) < 0))
            return -1;
    }
    return 0;
}

/* -- the old tables go ---------------------------------------------------------------------------
 */

static void say(const struct adopt *adopt, const char *text)
{
    const char *const values[] = {text};

    if (adopt->migrate->say)
        (void)say_row((void *)adopt->migrate, values, NULL);
}

static int drop_tables(struct adopt *adopt, struct error *error)
{
    bool sqlite = adopt->link->kind == MIGRATE_SQLITE;

    for (unsigned i = ADOPT_TABLES_N; i-- > 0;) {
        char sql[120];

        snprintf(sql, sizeof(sql), "DROP TABLE %s%s", sqlite ? "legacy_" : "openmmo_legacy.",
                 tables[i]);
        if (adopt->has[i] && migrate_exec(adopt->link, sql, error) < 0)
            return -1;
    }
    return sqlite ? 0 : migrate_exec(adopt->link, "DROP SCHEMA openmmo_legacy", error);
}

static int note_use(void *context, const char *const *values, struct error *error)
{
    (void)values;
    (void)error;
    *(bool *)context = true;
    return 0;
}

/* SQLite would drop a table that views, triggers and foreign keys still name. */
static int find_uses(struct adopt *adopt, bool *used, struct error *error)
{
    struct migrate_query query = {
        .sql = "SELECT 1 FROM sqlite_master"
               " WHERE (sql LIKE '%legacy_player%' OR sql LIKE '%legacy_game_sessions%')"
               " AND tbl_name NOT IN ('legacy_players', 'legacy_player_positions',"
               " 'legacy_game_sessions')",
        .row = note_use,
        .context = used};

    return adopt->link->kind == MIGRATE_SQLITE ? migrate_ask(adopt->link, &query, error) : 0;
}

/* They hold nothing that is not elsewhere now, unless there are columns of others' in them, or
 * others hang on them. */
static int finish_tables(struct adopt *adopt, struct error *error)
{
    struct error cause;
    bool used = false;

    if (find_uses(adopt, &used, error) < 0)
        return -1;
    if (!adopt->keeps && !used) {
        if (migrate_exec(adopt->link, "SAVEPOINT adopt_drop", error) < 0)
            return -1;
        if (drop_tables(adopt, &cause) == 0)
            return migrate_exec(adopt->link, "RELEASE SAVEPOINT adopt_drop", error);
        if (migrate_exec(adopt->link, "ROLLBACK TO SAVEPOINT adopt_drop", error) < 0)
            return -1;
        say(adopt, cause.text);
    }
    say(adopt,
        adopt->link->kind == MIGRATE_SQLITE
            ? "the old tables are kept as legacy_players ..., for others need them or they "
              "have more columns: drop them when you have what you need"
            : "the old tables are kept in the schema openmmo_legacy, for others need them or "
              "they have more columns: drop it when you have what you need");
    return 0;
}

int adopt_take_over(struct adopt *adopt, struct error *error)
{
    say(adopt, "this database was made by the program that this one replaces: taking it over");
    if (adopt_names(adopt, error) < 0 || apply_rules(adopt, error) < 0)
        return -1;
    for (size_t i = 0; i < ARRAY_N(reports); i++)
        if (report(adopt, reports[i], error) < 0)
            return -1;
    return finish_tables(adopt, error);
}
