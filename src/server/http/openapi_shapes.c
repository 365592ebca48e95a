/* openapi_shapes.c -- see openapi_shapes.h. */
#include "http/openapi_shapes.h"

#include <stdbool.h>
#include <string.h>

#include "common/compiler.h"

struct field {
    const char *name;
    const char *type;   /* of JSON Schema; or the name of a shape, "Like" or "[Like]" */
    const char *format; /* NULL: none */
    bool nullable;
    const char *summary;
};

struct shape {
    const char *name, *summary;
    const struct field *fields;
    unsigned fields_n;
};

/* clang-format off */
#define TIME "string", "date-time"

static const struct field HEALTH[] = {
    {"status",    "string", NULL, false, "OK"},
    {"timestamp", TIME,           false, "now, UTC, with milliseconds"},
};
static const struct field UPTIME[] = {
    {"status",    "string", NULL, false, "OK"},
    {"timestamp", TIME,           false, "now, UTC, with milliseconds"},
    {"uptime",    "number", NULL, false, "seconds since the server started"},
};
static const struct field PLAYER[] = {
    {"id",         "integer", "int64", false, NULL},
    {"username",   "string",  NULL,    false, NULL},
    {"created_at", TIME,               false, NULL},
    {"last_login", TIME,               true,  "null: never"},
};
static const struct field ACCOUNT[] = {
    {"id",       "integer", "int64", false, NULL},
    {"username", "string",  NULL,    false, NULL},
};
static const struct field POSITION[] = {
    {"x",          "number", "double", false, "metres"},
    {"y",          "number", "double", false, "metres, upwards"},
    {"z",          "number", "double", false, "metres"},
    {"updated_at", TIME,               false, "as of when"},
};
static const struct field DONE[] = {
    {"success", "boolean", NULL, false, "true"},
};
static const struct field STATS[] = {
    {"totalPlayers",   "integer", "int64", false, "accounts"},
    {"activeSessions", "integer", "int64", false, "players in the world"},
};
static const struct field TOKENS[] = {
    {"player",        "Account", NULL,    false, NULL},
    {"access_token",  "string",  NULL,    false, "shown as Authorization: Bearer"},
    {"token_type",    "string",  NULL,    false, "Bearer"},
    {"expires_in",    "integer", "int64", false, "seconds that the access token is good for"},
    {"refresh_token", "string",  NULL,    false, "changed once into the next pair of tokens"},
};
static const struct field SESSION[] = {
    {"id",              "integer", "int64", false, NULL},
    {"session_id",      "string",  NULL,    false, NULL},
    {"connected_at",    TIME,               false, NULL},
    {"disconnected_at", TIME,               true,  "null: it lasts"},
};
static const struct field CHAT_LINE[] = {
    {"id",        "string",  NULL,    false, "rises with each line"},
    {"player_id", "integer", "int64", true,  "null: a guest, or the server"},
    {"username",  "string",  NULL,    true,  "null: the server"},
    {"message",   "string",  NULL,    false, NULL},
    {"timestamp", TIME,               false, NULL},
};
static const struct field REPORTED[] = {
    {"success", "boolean", NULL, false, NULL},
    {"message", "string",  NULL, false, "for the player"},
};
static const struct field FAULT[] = {
    {"field",  "string", NULL, false, NULL},
    {"reason", "string", NULL, false, NULL},
};
static const struct field PROBLEM[] = {
    {"type",   "string",  NULL, false, "about:blank"},
    {"title",  "string",  NULL, false, "the status in words"},
    {"status", "integer", NULL, false, "of the answer"},
    {"detail", "string",  NULL, false, "a sentence for a person"},
    {"error",  "string",  NULL, false, "the same sentence, for older clients"},
};

#define SHAPE(name, summary, fields) {name, summary, fields, ARRAY_N(fields)}
static const struct shape shapes[] = {
    SHAPE("Health",   "The server answers",                        HEALTH),
    SHAPE("Uptime",   "The server answers, and since when it runs", UPTIME),
    SHAPE("Player",   "An account, as anybody may see it",         PLAYER),
    SHAPE("Account",  "An account's number and name",              ACCOUNT),
    SHAPE("Position", "Where a player is, or was saved last",      POSITION),
    SHAPE("Done",     "It was done",                               DONE),
    SHAPE("Stats",    "How many there are",                        STATS),
    SHAPE("Tokens",   "Who logged in, and what to show from now on", TOKENS),
    SHAPE("Session",  "From a connection to its end",              SESSION),
    SHAPE("ChatLine", "What was said to all",                      CHAT_LINE),
    SHAPE("Reported", "A report was taken",                        REPORTED),
    SHAPE("Fault",    "A member that is at fault",                 FAULT),
    SHAPE("Problem",  "What went wrong (RFC 9457)",                PROBLEM),
};
/* clang-format on */

json_t *openapi_shape_of(const char *name)
{
    size_t n = strlen(name);

    if (name[0] == '[')
        return json_pack("{s:s, s:{s:o}}", "type", "array", "items", "$ref",
                         json_sprintf("#/components/schemas/%.*s", (int)n - 2, name + 1));
    return json_pack("{s:o}", "$ref", json_sprintf("#/components/schemas/%s", name));
}

static bool names_shape(const char *type)
{
    return type[0] == '[' || (type[0] >= 'A' && type[0] <= 'Z');
}

static json_t *field_json(const struct field *field)
{
    json_t *json;

    if (names_shape(field->type))
        return openapi_shape_of(field->type);
    json = field->nullable ? json_pack("{s:[s, s]}", "type", field->type, "null")
                           : json_pack("{s:s}", "type", field->type);
    if (field->format)
        json_object_set_new(json, "format", json_string(field->format));
    if (field->summary)
        json_object_set_new(json, "description", json_string(field->summary));
    return json;
}

static json_t *shape_json(const struct shape *shape)
{
    json_t *properties = json_object(), *required = json_array();

    for (unsigned i = 0; i < shape->fields_n; i++) {
        json_object_set_new(properties, shape->fields[i].name, field_json(&shape->fields[i]));
        json_array_append_new(required, json_string(shape->fields[i].name));
    }
    return json_pack("{s:s, s:s, s:o, s:o}", "type", "object", "description", shape->summary,
                     "properties", properties, "required", required);
}

json_t *openapi_shapes(void)
{
    json_t *all = json_object(), *problem;

    for (unsigned i = 0; i < ARRAY_N(shapes); i++)
        json_object_set_new(all, shapes[i].name, shape_json(&shapes[i]));
    problem = json_object_get(json_object_get(all, "Problem"), "properties");
    json_object_set_new(problem, "errors", openapi_shape_of("[Fault]")); /* not always there */
    return all;
}
