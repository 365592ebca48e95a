/* openapi.c -- see openapi.h. What every route of a kind may answer (who is not logged in, who asks
 * too often) is said here; what only one answers is in its row. */
#include "http/openapi.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "common/compiler.h"
#include "http/body.h"
#include "http/openapi_shapes.h"

#define PATH_BYTES 256
#define ABOUT                                                                                      \
    "The HTTP face of an OpenMMO server: accounts, players and what was said. "                    \
    "Times are ISO 8601 in UTC with milliseconds, positions are metres with y up."

/* -- fields ------------------------------------------------------------------------------------ */

static json_t *number_json(const struct route_field *field, const char *type)
{
    json_t *json = json_pack("{s:s}", "type", type);

    if (field->least < field->most) {
        json_object_set_new(json, "minimum", json_real(field->least));
        json_object_set_new(json, "maximum", json_real(field->most));
    }
    return json;
}

static json_t *type_json(const struct route_field *field)
{
    json_t *json = NULL;

    switch (field->type) {
    case ROUTE_NUMBER:
        json = number_json(field, "number");
        break;
    case ROUTE_INTEGER:
        json = number_json(field, "integer");
        break;
    case ROUTE_BOOL:
        json = json_pack("{s:s}", "type", "boolean");
        break;
    case ROUTE_STRING: /* its limits are in bytes, and a character has one at least */
        json = json_pack("{s:s}", "type", "string");
        if (field->least >= 1)
            json_object_set_new(json, "minLength", json_integer(1));
        if (field->most > 0)
            json_object_set_new(json, "maxLength", json_integer((json_int_t)field->most));
        break;
    }
    return json;
}

static json_t *body_json(const struct route_schema *schema)
{
    json_t *properties = json_object(), *required = json_array(), *object;

    for (unsigned i = 0; i < schema->fields_n; i++) {
        const struct route_field *field = &schema->fields[i];
        json_t *json = type_json(field);

        if (field->summary)
            json_object_set_new(json, "description", json_string(field->summary));
        json_object_set_new(properties, field->name, json);
        if (!field->optional)
            json_array_append_new(required, json_string(field->name));
    }
    object = json_pack("{s:s, s:o, s:o}", "type", "object", "properties", properties, "required",
                       required);
    return json_pack("{s:b, s:{s:{s:o}}}", "required", json_array_size(required) > 0, "content",
                     "application/json", "schema", object);
}

/* -- parameters -------------------------------------------------------------------------------- */

/* "/a/:id" -> "/a/{id}"; the parameters are added to list. */
static void take_path(const char *path, char out[PATH_BYTES], json_t *list)
{
    size_t n = 0;

    while (*path && n + 2 < PATH_BYTES) {
        size_t length;

        if (*path != ':') {
            out[n++] = *path++;
            continue;
        }
        length = strcspn(++path, "/");
        n += (size_t)snprintf(out + n, PATH_BYTES - n, "{%.*s}", (int)length, path);
        json_array_append_new(list, json_pack("{s:s%, s:s, s:b, s:{s:s, s:i}}", "name", path,
                                              length, "in", "path", "required", 1, "schema", "type",
                                              "integer", "minimum", 1));
        path += length;
    }
    out[n < PATH_BYTES ? n : PATH_BYTES - 1] = '\0';
}

static void take_query(const struct route_schema *query, json_t *list)
{
    for (unsigned i = 0; query && i < query->fields_n; i++) {
        const struct route_field *field = &query->fields[i];

        json_array_append_new(list, json_pack("{s:s, s:s, s:s, s:b, s:o}", "name", field->name,
                                              "in", "query", "description",
                                              field->summary ? field->summary : "", "required",
                                              !field->optional, "schema", type_json(field)));
    }
}

/* -- answers ----------------------------------------------------------------------------------- */

static void add_answer(json_t *answers, int status, const char *summary, const char *type,
                       const char *shape)
{
    json_t *answer = json_pack("{s:s}", "description", summary);
    char key[8];

    if (shape)
        json_object_set_new(answer, "content",
                            json_pack("{s:{s:o}}", type, "schema", openapi_shape_of(shape)));
    snprintf(key, sizeof(key), "%d", status);
    if (json_object_get(answers, key))
        json_decref(answer); /* the route's own words count */
    else
        json_object_set_new(answers, key, answer);
}

static void add_problem(json_t *answers, int status, const char *summary)
{
    add_answer(answers, status, summary, "application/problem+json", "Problem");
}

static json_t *answers_of(const struct route *row)
{
    json_t *answers = json_object();

    for (const struct route_reply *reply = row->replies; reply && reply->status; reply++) {
        if (reply->status >= 400)
            add_problem(answers, reply->status, reply->summary);
        else
            add_answer(answers, reply->status, reply->summary, "application/json", reply->shape);
    }
    if (json_object_size(answers) == 0)
        add_answer(answers, 200, "Yes", NULL, NULL);
    if (row->schema)
        add_problem(answers, row->schema->status, "The body does not fit");
    if (row->schema)
        add_problem(answers, 400, "The body is no JSON object");
    if (row->schema && body_needed(row->schema))
        add_problem(answers, 411, "A body is needed, and its length");
    if (row->schema)
        add_problem(answers, 415, "The body is not application/json");
    if (row->query)
        add_problem(answers, 400, "A parameter is malformed");
    if (row->auth == ROUTE_PLAYER || row->auth == ROUTE_ADMIN)
        add_problem(answers, 401, "No access token, or one that is not good");
    if (row->auth != ROUTE_PUBLIC)
        add_problem(answers, 403, "Not allowed, or banned");
    add_problem(answers, 429, "Too many requests: Retry-After says when");
    if (row->thread == ROUTE_ON_CONTROL) {
        add_problem(answers, 500, "The server failed: it is no fault of the request");
        add_problem(answers, 503,
                    "The database is away, or the server busy: Retry-After says when");
    }
    return answers;
}

/* -- routes ------------------------------------------------------------------------------------ */

static json_t *security_of(const struct route *row)
{
    switch (row->auth) {
    case ROUTE_PUBLIC:
        return json_array();
    case ROUTE_OPTIONAL:
        return json_pack("[{}, {s:[]}]", "bearer");
    case ROUTE_PLAYER:
    case ROUTE_ADMIN:
        return json_pack("[{s:[]}]", "bearer");
    }
    return NULL;
}

static void add_route(json_t *paths, const struct route *row)
{
    json_t *parameters = json_array(), *operation, *item;
    char path[PATH_BYTES], method[16];

    take_path(row->path, path, parameters);
    take_query(row->query, parameters);
    operation = json_pack("{s:s, s:o, s:o, s:o}", "summary", row->summary, "parameters", parameters,
                          "responses", answers_of(row), "security", security_of(row));
    if (row->schema)
        json_object_set_new(operation, "requestBody", body_json(row->schema));
    snprintf(method, sizeof(method), "%s", http_method_name(row->method));
    for (char *at = method; *at; at++)
        *at = (char)tolower((unsigned char)*at);
    item = json_object_get(paths, path);
    if (!item) {
        json_object_set_new(paths, path, json_object());
        item = json_object_get(paths, path);
    }
    json_object_set_new(item, method, operation);
}

json_t *openapi_make(const struct route *rows, unsigned rows_n, const char *version)
{
    json_t *paths = json_object();

    for (unsigned i = 0; i < rows_n; i++)
        if (rows[i].summary)
            add_route(paths, &rows[i]);
    return json_pack("{s:s, s:{s:s, s:s, s:s}, s:[{s:s}], s:o, s:{s:o, s:{s:{s:s, s:s, s:s}}}}",
                     "openapi", "3.1.0", "info", "title", "OpenMMO", "description", ABOUT,
                     "version", version, "servers", "url", "/", "paths", paths, "components",
                     "schemas", openapi_shapes(), "securitySchemes", "bearer", "type", "http",
                     "scheme", "bearer", "bearerFormat", "JWT");
}
