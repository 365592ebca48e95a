/* cmd_players.c -- who is here: list, show, tell, kick, put elsewhere. */
#include <string.h>

#include "accounts/bans.h"
#include "admin/method.h"
#include "admin/player_filter.h"
#include "admin/roster.h"
#include "common/clock.h"
#include "common/protocol.h"
#include "common/space.h"
#include "sim/command.h"

#define LIST_DEFAULT 100
#define LIST_MAX     1000
#define PLACE_MAX_M  (SPACE_LIMIT_UNITS / SPACE_UNITS_PER_M)
#define SPREAD_MAX_M 10000

static double centimetres(double metres)
{
    return (double)(long long)(metres * 100) / 100;
}

static json_t *player_json(const struct presence_row *row)
{
    return json_pack(
        "{s:s, s:s, s:b, s:b, s:o, s:o, s:o, s:s, s:I, s:I, s:I, s:I, s:f, s:f, s:f, s:I, "
        "s:I, s:I, s:I, s:I, s:I, s:I, s:I}",
        "name", row->name, "kind", SESSION_WEB(row->session) ? "web" : "native", "guest",
        row->guest, "away", row->away, "session", method_id_json(row->session), "player",
        method_id_json(row->player), "entity", method_id_json(row->entity), "address",
        row->figures.address, "joined_ms", (json_int_t)row->joined_ms, "rtt_us",
        (json_int_t)row->figures.rtt_us, "in", (json_int_t)row->figures.bytes_in, "out",
        (json_int_t)row->figures.bytes_out, "x", centimetres(row->x_m), "y", centimetres(row->y_m),
        "z", centimetres(row->z_m), "cost_us", (json_int_t)row->figures.cost_us, "cells",
        (json_int_t)row->figures.cells, "shift", (json_int_t)row->figures.shift, "withheld",
        (json_int_t)row->figures.withheld, "dropped", (json_int_t)row->figures.dropped, "in_per_s",
        (json_int_t)row->figures.in_per_s, "out_per_s", (json_int_t)row->figures.out_per_s,
        "cost_us_per_s", (json_int_t)row->figures.cost_us_per_s);
}

json_t *cmd_players_list(const struct method_desk *desk, const json_t *params)
{
    const json_t *limit = json_object_get(params, "limit");
    size_t from = (size_t)json_integer_value(json_object_get(params, "offset"));
    size_t most = limit != NULL ? (size_t)json_integer_value(limit) : LIST_DEFAULT, n;
    const struct presence_row *rows =
        roster_rows(desk->roster, desk->config->presence,
                    &(struct roster_order){
                        json_string_value(json_object_get(params, "filter")),
                        json_string_value(json_object_get(params, "sort")),
                        json_is_true(json_object_get(params, "descending")),
                    },
                    clock_steady_ms(), &n);
    json_t *list = json_array();

    for (size_t i = from; i < n && i - from < most; i++)
        json_array_append_new(list, player_json(&rows[i]));
    return json_pack("{s:I, s:I, s:I, s:o}", "here", (json_int_t)presence_n(desk->config->presence),
                     "matched", (json_int_t)n, "offset", (json_int_t)from, "players", list);
}

static void run_list(struct method_call *call)
{
    method_done(call, cmd_players_list(call->desk, call->params));
}

struct wanted {
    const char *name; /* NULL: by session */
    char key[TEXT_NAME_KEY_BYTES];
    uint64_t session;
    bool found;
    struct presence_row row;
};

/* Names that fold to the same are equal, as at login: also those that break today's rule. */
static bool look(void *context, const struct presence_row *row)
{
    struct wanted *wanted = context;
    char key[TEXT_NAME_KEY_BYTES];

    if (wanted->name == NULL)
        wanted->found = row->session == wanted->session;
    else
        wanted->found = text_fold(row->name, strlen(row->name), key, sizeof(key)) >= 0 &&
                        strcmp(key, wanted->key) == 0;
    if (wanted->found)
        wanted->row = *row;
    return !wanted->found;
}

/* The player by name (NULL: by session). False: the call is over (failed). */
static bool find_one(struct method_call *call, const char *name, uint64_t session,
                     struct wanted *wanted)
{
    char shown[128];

    memset(wanted, 0, sizeof(*wanted));
    wanted->name = name;
    wanted->session = session;
    if (name == NULL || text_fold(name, strlen(name), wanted->key, sizeof(wanted->key)) >= 0)
        presence_each(call->desk->config->presence, look, wanted);
    if (wanted->found) {
        method_about(call, wanted->row.player, wanted->row.name);
        return true;
    }
    if (name == NULL) {
        method_fail(call, "there is no session %llu", (unsigned long long)session);
    } else {
        text_sanitise(name, strlen(name), shown, sizeof(shown));
        method_fail(call, "nobody by the name of %s is here", shown);
    }
    return false;
}

/* The one player that the parameters name. False: the call is over (failed). */
static bool find(struct method_call *call, struct wanted *wanted)
{
    if (method_given(call, "name") == method_given(call, "session")) {
        method_misused(call, "name the player by name or by session");
        return false;
    }
    return find_one(call, method_text(call, "name", NULL), method_id(call, "session", 0), wanted);
}

/* What one player's page shows besides. */
static json_t *in_full(const struct method_call *call, const struct presence_row *row)
{
    const struct bans *bans = call->desk->config->bans;
    uint64_t until_ms = bans != NULL ? bans_muted_until(bans, row->player, clock_wall_ms()) : 0;
    json_t *player = player_json(row);

    if (player == NULL)
        return NULL;
    json_object_update_new(
        player,
        json_pack("{s:I, s:I, s:b, s:o}", "thread", (json_int_t)row->figures.thread, "opened_ms",
                  (json_int_t)row->figures.opened_ms, "muted", until_ms != 0, "muted_until_ms",
                  method_time_json(until_ms != UINT64_MAX ? until_ms : 0)));
    return player;
}

static void run_show(struct method_call *call)
{
    struct wanted wanted;

    if (find(call, &wanted))
        method_done(call, in_full(call, &wanted.row));
}

/* To be said to players: true, or the call is over (misused). */
static bool sayable(struct method_call *call, const char *param, const char *text)
{
    struct error error = {""};

    if (text_chat_check(text, strlen(text), &error) == 0)
        return true;
    method_misused(call, "%s: %s", param, error.text);
    return false;
}

static void run_message(struct method_call *call)
{
    const char *text = method_text(call, "text", "");
    struct wanted wanted;

    if (!sayable(call, "text", text) || !find(call, &wanted))
        return;
    if (wanted.row.away) {
        method_fail(call, "%s is away: his connection dropped", wanted.row.name);
        return;
    }
    sessions_notice(call->desk->config->sessions, wanted.row.session, text);
    method_done(call, json_pack("{s:s, s:o}", "told", wanted.row.name, "session",
                                method_id_json(wanted.row.session)));
}

static void run_kick(struct method_call *call)
{
    const char *reason = method_text(call, "reason", NULL);
    struct wanted wanted;

    if ((reason != NULL && !sayable(call, "reason", reason)) || !find(call, &wanted))
        return;
    if (presence_kick(call->desk->config->presence, NULL, wanted.row.session, reason) != 0)
        method_fail(call, "%s has just left", wanted.row.name);
    else
        method_done(call, json_pack("{s:s, s:o}", "kicked", wanted.row.name, "session",
                                    method_id_json(wanted.row.session)));
}

/* ---- elsewhere ---- */

/* A square about a place, over which all that are moved are spread evenly. */
struct field {
    const struct method_call *call;
    int32_t x, z; /* units */
    int64_t half; /* of its edge, units */
    uint32_t side, i, moved;
};

static int32_t to_units(double metres)
{
    return (int32_t)(metres * SPACE_UNITS_PER_M);
}

static int32_t row_of(const struct field *field, uint32_t i, int32_t middle)
{
    if (field->side < 2)
        return middle;
    return (int32_t)(middle - field->half + 2 * field->half * i / (field->side - 1));
}

static bool move_one(void *context, const struct presence_row *row)
{
    struct field *field = context;
    int32_t x = row_of(field, field->i % field->side, field->x);
    int32_t z = row_of(field, field->i / field->side, field->z);

    field->i++;
    field->moved += presence_teleport(field->call->desk->config->presence, row->session, x, z) == 0;
    return true;
}

static void move_everyone(struct method_call *call, int32_t x, int32_t z)
{
    struct field field = {.call = call, .x = x, .z = z};
    uint32_t here = presence_n(call->desk->config->presence);

    field.half = method_integer(call, "spread", 0) * SPACE_UNITS_PER_M;
    for (field.side = 1; field.side * field.side < here;)
        field.side++;
    presence_each(call->desk->config->presence, move_one, &field);
    method_done(call, json_pack("{s:I, s:I}", "teleported", (json_int_t)field.moved, "here",
                                (json_int_t)here));
}

static void move_to(struct method_call *call, const struct presence_row *row, int32_t x, int32_t z)
{
    method_about(call, row->player, row->name);
    if (presence_teleport(call->desk->config->presence, row->session, x, z) != 0)
        method_fail(call, "%s could not be moved: he has just left, or the world is busy",
                    row->name);
    else
        method_done(call,
                    json_pack("{s:s, s:o, s:f, s:f}", "teleported", row->name, "session",
                              method_id_json(row->session), "x", (double)x / SPACE_UNITS_PER_M, "z",
                              (double)z / SPACE_UNITS_PER_M));
}

static void run_teleport(struct method_call *call)
{
    int32_t x = (int32_t)method_integer(call, "x", 0) * SPACE_UNITS_PER_M;
    int32_t z = (int32_t)method_integer(call, "z", 0) * SPACE_UNITS_PER_M;
    bool everyone = method_boolean(call, "everyone", false);
    struct wanted wanted;

    if (everyone && (method_given(call, "name") || method_given(call, "session")))
        method_misused(call, "everyone, or one player: not both");
    else if (!everyone && method_given(call, "spread"))
        method_misused(call, "spread is for everyone");
    else if (everyone)
        move_everyone(call, x, z);
    else if (find(call, &wanted))
        move_to(call, &wanted.row, x, z);
}

static void run_summon(struct method_call *call)
{
    struct wanted wanted, other;

    if (find(call, &wanted) && find_one(call, method_text(call, "to", NULL), 0, &other))
        move_to(call, &wanted.row, to_units(other.row.x_m), to_units(other.row.z_m));
}

/* clang-format off */
const struct method_param CMD_PLAYERS_LIST_PARAMS[] = {
    {"sort",       METHOD_WORD,    false, 0, 0,        ROSTER_SORTS, "What the list is sorted by; name if not given."},
    {"descending", METHOD_BOOLEAN, false, 0, 0,        NULL,  "The largest first."},
    {"filter",     METHOD_TEXT,    false, 0, PLAYER_FILTER_MAX, NULL, "Only those of whom all its words hold: a part of the name or address, or rtt>100 (ms), in, out (KB/s), cpu (ms/s), cells, shift, dropped, withheld, kind=web, is=guest, is=away."},
    {"offset",     METHOD_INTEGER, false, 0, 1 << 24,  NULL,  "Leave out the first so many."},
    {"limit",      METHOD_INTEGER, false, 1, LIST_MAX, NULL,  "At most so many; 100 if not given."},
    {NULL, METHOD_TEXT, false, 0, 0, NULL, NULL},
};
static const struct method_param SHOW[] = {
    {"name",    METHOD_TEXT, false, 1, TEXT_NAME_MAX_BYTES, NULL, "The player's name."},
    {"session", METHOD_ID,   false, 0, 0,                   NULL, "Or the session, as players.list says."},
    {NULL, METHOD_TEXT, false, 0, 0, NULL, NULL},
};
static const struct method_param KICK[] = {
    {"name",    METHOD_TEXT, false, 1, TEXT_NAME_MAX_BYTES, NULL, "The player's name."},
    {"session", METHOD_ID,   false, 0, 0,                   NULL, "Or the session, as players.list says."},
    {"reason",  METHOD_TEXT, false, 1, 200,                 NULL, "What the player is told."},
    {NULL, METHOD_TEXT, false, 0, 0, NULL, NULL},
};
static const struct method_param MESSAGE[] = {
    {"name",    METHOD_TEXT, false, 1, TEXT_NAME_MAX_BYTES, NULL, "The player's name."},
    {"session", METHOD_ID,   false, 0, 0,                   NULL, "Or the session, as players.list says."},
    {"text",    METHOD_TEXT, true,  1, TEXT_CHAT_MAX_BYTES, NULL, "What the player is told."},
    {NULL, METHOD_TEXT, false, 0, 0, NULL, NULL},
};
static const struct method_param TELEPORT[] = {
    {"name",     METHOD_TEXT,    false, 1, TEXT_NAME_MAX_BYTES, NULL, "The player's name."},
    {"session",  METHOD_ID,      false, 0, 0,                   NULL, "Or the session, as players.list says."},
    {"everyone", METHOD_BOOLEAN, false, 0, 0,                   NULL, "Or all who are here, at once."},
    {"x",        METHOD_INTEGER, true, -PLACE_MAX_M, PLACE_MAX_M, NULL, "Metres from the world's middle, to the east; beyond the edge means the edge."},
    {"z",        METHOD_INTEGER, true, -PLACE_MAX_M, PLACE_MAX_M, NULL, "The same, to the south."},
    {"spread",   METHOD_INTEGER, false, 0, SPREAD_MAX_M,        NULL, "Everyone: so many metres each way about the place; 0 if not given."},
    {NULL, METHOD_TEXT, false, 0, 0, NULL, NULL},
};
static const struct method_param SUMMON[] = {
    {"name",    METHOD_TEXT, false, 1, TEXT_NAME_MAX_BYTES, NULL, "The player's name."},
    {"session", METHOD_ID,   false, 0, 0,                   NULL, "Or the session, as players.list says."},
    {"to",      METHOD_TEXT, true,  1, TEXT_NAME_MAX_BYTES, NULL, "The name of the player to whom he is brought."},
    {NULL, METHOD_TEXT, false, 0, 0, NULL, NULL},
};

const struct method CMD_PLAYERS[] = {
    {"players.list", ROLE_VIEWER, false, run_list, CMD_PLAYERS_LIST_PARAMS,
     "Who is in the world, with address, round trip, traffic, cost and place."},
    {"players.show", ROLE_VIEWER, false, run_show, SHOW, "One player, with the io thread that serves him and whether he is muted."},
    {"players.kick", ROLE_MODERATOR, true, run_kick, KICK,
     "End a player's session; he is told the reason and may come back."},
    {"players.message", ROLE_MODERATOR, true, run_message, MESSAGE,
     "Say something to one player, in the server's name: nobody else sees it."},
    {"players.teleport", ROLE_MODERATOR, true, run_teleport, TELEPORT,
     "Put a player, or everyone, elsewhere, onto the ground there."},
    {"players.summon", ROLE_MODERATOR, true, run_summon, SUMMON,
     "Put a player where another one is."},
    {NULL, ROLE_NONE, false, NULL, NULL, NULL},
};
/* clang-format on */
