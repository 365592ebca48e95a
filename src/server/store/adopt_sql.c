/* adopt_sql.c -- the words in which SQLite and PostgreSQL differ. */
#include "store/adopt_sql.h"

#include <stdio.h>
#include <string.h>

#include "common/space.h"

#define WORD_BYTES 600

enum word {
    WORD_PLAYERS,
    WORD_POSITIONS,
    WORD_SESSIONS,
    WORD_NOW,
    WORD_CREATED,
    WORD_LOGIN,
    WORD_UPDATED,
    WORD_CONNECTED,
    WORD_DISCONNECTED,
    WORD_PLACE,
    WORD_POSITION_ROW,
    WORD_SESSION_ROW,
    WORDS_N
};

/* clang-format off */
static const struct {
    const char *name, *sql[MIGRATE_KINDS_N]; /* NULL: put together here */
} words[WORDS_N] = {
    [WORD_PLAYERS] = {"players", {"legacy_players", "openmmo_legacy.players"}},
    [WORD_POSITIONS] = {"positions", {"legacy_player_positions", "openmmo_legacy.player_positions"}},
    [WORD_SESSIONS] = {"sessions", {"legacy_game_sessions", "openmmo_legacy.game_sessions"}},
    [WORD_NOW] = {"now", {"strftime('%Y-%m-%dT%H:%M:%fZ', 'now')", "now()"}},
    [WORD_CREATED] = {"created", {NULL, NULL}},
    [WORD_LOGIN] = {"login", {NULL, NULL}},
    [WORD_UPDATED] = {"updated", {NULL, NULL}},
    [WORD_CONNECTED] = {"connected", {NULL, NULL}},
    [WORD_DISCONNECTED] = {"disconnected", {NULL, NULL}},
    [WORD_PLACE] = {"place", {NULL, NULL}},
    [WORD_POSITION_ROW] = {"position_row", {
        "json_object('id', CAST(l.id AS TEXT), 'player_id', CAST(l.player_id AS TEXT), 'x', CAST(l.x AS TEXT),"
        " 'y', CAST(l.y AS TEXT), 'z', CAST(l.z AS TEXT), 'updated_at', CAST(l.updated_at AS TEXT))",
        "row_to_json(l)::text"}},
    [WORD_SESSION_ROW] = {"session_row", {
        "json_object('id', CAST(l.id AS TEXT), 'session_id', CAST(l.session_id AS TEXT),"
        " 'player_id', CAST(l.player_id AS TEXT), 'socket_id', CAST(l.socket_id AS TEXT),"
        " 'connected_at', CAST(l.connected_at AS TEXT), 'disconnected_at', CAST(l.disconnected_at AS TEXT))",
        "row_to_json(l)::text"}},
};
/* clang-format on */

/* NaN is no number between two others in PostgreSQL (it is the largest), and no number at all in
 * SQLite. */
static void place(const struct adopt *adopt, char out[WORD_BYTES])
{
    double half_m = adopt->migrate->half_m > 0 ? adopt->migrate->half_m
                                               : (double)(SPACE_LIMIT_UNITS / SPACE_UNITS_PER_M);

    if (adopt->link->kind == MIGRATE_POSTGRESQL)
        snprintf(out, WORD_BYTES,
                 "((l.x BETWEEN %.17g AND %.17g AND l.z BETWEEN %.17g AND %.17g"
                 " AND l.y > '-Infinity' AND l.y < 'Infinity') IS TRUE)",
                 -half_m, half_m, -half_m, half_m);
    else
        snprintf(out, WORD_BYTES,
                 "((l.x BETWEEN %.17g AND %.17g AND l.z BETWEEN %.17g AND %.17g"
                 " AND l.y > -9e999 AND l.y < 9e999"
                 " AND typeof(l.x) IN ('integer', 'real') AND typeof(l.y) IN ('integer', 'real')"
                 " AND typeof(l.z) IN ('integer', 'real')) IS TRUE)",
                 -half_m, half_m, -half_m, half_m);
}

static const char *word(const struct adopt *adopt, enum word which, char room[WORD_BYTES])
{
    if (which == WORD_PLACE) {
        place(adopt, room);
        return room;
    }
    if (which >= WORD_CREATED && which <= WORD_DISCONNECTED)
        return adopt->times[which - WORD_CREATED];
    return words[which].sql[adopt->link->kind];
}

int adopt_sql(const struct adopt *adopt, const char *template, char out[ADOPT_SQL_BYTES],
              struct error *error)
{
    size_t at = 0;

    while (*template) {
        char room[WORD_BYTES];
        const char *text = template;
        size_t length = strcspn(template, "{");

        if (length == 0) {
            size_t name_bytes = strcspn(template, "}") - 1;
            enum word which = 0;

            while (which < WORDS_N && (strlen(words[which].name) != name_bytes ||
                                       memcmp(words[which].name, template + 1, name_bytes) != 0))
                which++;
            if (which == WORDS_N)
                return error_set(error, "no word for %.20s in a template", template);
            text = word(adopt, which, room);
            length = strlen(text);
            template += name_bytes + 2;
        } else {
            template += length;
        }
        if (at + length >= ADOPT_SQL_BYTES)
            return error_set(error, "a template is too long");
        memcpy(out + at, text, length);
        at += length;
    }
    out[at] = '\0';
    return 0;
}

/* Years that are none, and infinity, are as if the time were not known. */
static int time_of_postgresql(const struct adopt *adopt, const char *column, const char *type,
                              char out[ADOPT_TIME_BYTES], struct error *error)
{
    static const char *const numbers[] = {"bigint", "integer", "numeric", "double precision",
                                          "real"};
    const char *zone = adopt->migrate->legacy_utc ? "'UTC'" : "current_setting('TimeZone')";
    char check[120];

    snprintf(check, sizeof(check), "l.%s >= '1970-01-01' AND l.%s < '9999-01-01'", column, column);
    if (strcmp(type, "timestamp without time zone") == 0) {
        snprintf(out, ADOPT_TIME_BYTES, "CASE WHEN %s THEN l.%s AT TIME ZONE %s END", check, column,
                 zone);
        return 0;
    }
    if (strcmp(type, "timestamp with time zone") == 0) {
        snprintf(out, ADOPT_TIME_BYTES, "CASE WHEN %s THEN l.%s END", check, column);
        return 0;
    }
    if (strcmp(type, "date") == 0) {
        snprintf(out, ADOPT_TIME_BYTES, "CASE WHEN %s THEN l.%s::timestamp AT TIME ZONE %s END",
                 check, column, zone);
        return 0;
    }
    for (size_t i = 0; i < ARRAY_N(numbers); i++)
        if (strcmp(type, numbers[i]) == 0) { /* JavaScript counts in milliseconds */
            snprintf(out, ADOPT_TIME_BYTES,
                     "CASE WHEN l.%s BETWEEN 0 AND 1e11 THEN to_timestamp(l.%s)"
                     " WHEN l.%s BETWEEN 1e11 AND 2e14 THEN to_timestamp(l.%s / 1000.0) END",
                     column, column, column, column);
            return 0;
        }
    return error_set(error, "%s: column %s is of type %.60s, which is no time: change it first",
                     adopt->link->name, column, type);
}

int adopt_sql_time(struct adopt *adopt, enum adopt_time time, const char *column, const char *type,
                   struct error *error)
{
    char *out = adopt->times[time];

    if (adopt->link->kind == MIGRATE_POSTGRESQL)
        return time_of_postgresql(adopt, column, type, out, error);
    snprintf(
        out, ADOPT_TIME_BYTES,
        "CASE WHEN typeof(l.%s) IN ('integer', 'real') THEN strftime('%%Y-%%m-%%dT%%H:%%M:%%fZ',"
        " CASE WHEN l.%s > 1e11 THEN l.%s / 1000.0 ELSE l.%s END, 'unixepoch')"
        " ELSE strftime('%%Y-%%m-%%dT%%H:%%M:%%fZ', l.%s) END",
        column, column, column, column, column);
    return 0;
}
