/* body.c -- see body.h. */
#include "http/body.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

bool body_is_json(const char *content_type)
{
    size_t n = content_type != NULL ? strcspn(content_type, "; \t") : 0;

    return n == strlen("application/json") && strncasecmp(content_type, "application/json", n) == 0;
}

bool body_needed(const struct route_schema *schema)
{
    for (unsigned i = 0; i < schema->fields_n; i++)
        if (!schema->fields[i].optional)
            return true;
    return false;
}

/* Before a recursive parser sees it. */
static bool too_deep(const char *bytes, size_t n)
{
    unsigned depth = 0;
    bool quoted = false;

    for (size_t i = 0; i < n; i++) {
        char c = bytes[i];

        if (quoted && c == '\\')
            i++;
        else if (c == '"')
            quoted = !quoted;
        else if (!quoted && (c == '{' || c == '['))
            depth++;
        else if (!quoted && (c == '}' || c == ']') && depth > 0)
            depth--;
        if (depth > BODY_DEPTH_MAX)
            return true;
    }
    return false;
}

static const char *type_name(enum route_type type)
{
    switch (type) {
    case ROUTE_STRING:
        return "a string";
    case ROUTE_NUMBER:
        return "a number";
    case ROUTE_INTEGER:
        return "a whole number";
    case ROUTE_BOOL:
        return "true or false";
    }
    return "";
}

static bool type_fits(const json_t *value, enum route_type type)
{
    switch (type) {
    case ROUTE_STRING:
        return json_is_string(value);
    case ROUTE_NUMBER:
        return json_is_number(value) && isfinite(json_number_value(value));
    case ROUTE_INTEGER:
        return json_is_integer(value) ||
               (json_is_real(value) && fabs(json_real_value(value)) >= 0x1p62); /* out of range */
    case ROUTE_BOOL:
        return json_is_boolean(value);
    }
    return false;
}

/* Of the number that a text begins with, as JSON writes them; 0: it begins with none. */
static size_t number_bytes(const char *text)
{
    static const char all[] = "0123456789";
    size_t at = text[0] == '-', digits = strspn(text + at, all);

    if (digits == 0 || (digits > 1 && text[at] == '0'))
        return 0;
    at += digits;
    if (text[at] == '.') {
        digits = strspn(text + at + 1, all);
        at += digits > 0 ? 1 + digits : 0;
    }
    if (text[at] == 'e' || text[at] == 'E') {
        size_t sign = text[at + 1] == '+' || text[at + 1] == '-';

        digits = strspn(text + at + 1 + sign, all);
        at += digits > 0 ? 1 + sign + digits : 0;
    }
    return at;
}

#define LARGE "1e308" /* no longer than any that is larger */

/* What is beyond doubles becomes a number that they have, as far beyond any range. What is no JSON
 * stays none. bytes[n] is NUL. */
static void tame_numbers(char *bytes, size_t n)
{
    bool quoted = false;

    for (size_t i = 0; i < n; i++) {
        size_t token = quoted ? 0 : strspn(bytes + i, "+-.0123456789eE");
        size_t sign = bytes[i] == '-';
        char *end = NULL;

        if (token > 0 && number_bytes(bytes + i) == token && isinf(strtod(bytes + i, &end)) &&
            end == bytes + i + token) {
            memset(bytes + i + sign, ' ', token - sign);
            memcpy(bytes + i + sign, LARGE, strlen(LARGE));
        }
        if (token > 0)
            i += token - 1;
        else if (quoted && bytes[i] == '\\')
            i++;
        else if (bytes[i] == '"')
            quoted = !quoted;
    }
}

/* A number beyond 64 bits, or beyond doubles, is JSON all the same: the parser takes it when all
 * are read as reals, and those that are to be whole are made so again. */
static json_t *load_large(const void *bytes, size_t len_bytes, const struct route_schema *schema,
                          json_error_t *error)
{
    char *tamed = malloc(len_bytes + 1);
    json_t *body;

    if (tamed == NULL)
        return NULL;
    memcpy(tamed, bytes, len_bytes);
    tamed[len_bytes] = '\0';
    tame_numbers(tamed, len_bytes);
    body = json_loadb(tamed, len_bytes, JSON_REJECT_DUPLICATES | JSON_DECODE_INT_AS_REAL, error);
    free(tamed);
    for (unsigned i = 0; json_is_object(body) && i < schema->fields_n; i++) {
        const struct route_field *field = &schema->fields[i];
        double value = json_number_value(json_object_get(body, field->name));

        if (field->type == ROUTE_INTEGER && json_is_real(json_object_get(body, field->name)) &&
            value == trunc(value) && fabs(value) < 0x1p62)
            json_object_set_new(body, field->name, json_integer((json_int_t)value));
    }
    return body;
}

static json_t *load(const void *bytes, size_t len_bytes, const struct route_schema *schema,
                    json_error_t *error)
{
    json_t *body = json_loadb(bytes, len_bytes, JSON_REJECT_DUPLICATES, error);

    if (body == NULL && json_error_code(error) == json_error_numeric_overflow)
        body = load_large(bytes, len_bytes, schema, error);
    return body;
}

/* True: it fits; else *fault says why. */
static bool field_fits(const json_t *value, const struct route_field *field,
                       struct body_fault *fault)
{
    double size =
        json_is_string(value) ? (double)json_string_length(value) : json_number_value(value);

    if (value == NULL && field->optional)
        return true;
    snprintf(fault->field, sizeof(fault->field), "%s", field->name);
    if (value == NULL)
        snprintf(fault->reason, sizeof(fault->reason), "is missing");
    else if (!type_fits(value, field->type))
        snprintf(fault->reason, sizeof(fault->reason), "must be %s", type_name(field->type));
    else if (field->type == ROUTE_BOOL || (size >= field->least && size <= field->most))
        return true;
    else if (field->type == ROUTE_STRING)
        snprintf(fault->reason, sizeof(fault->reason), "must be of %.0f to %.0f bytes",
                 field->least, field->most);
    else
        snprintf(fault->reason, sizeof(fault->reason), "must be from %.17g to %.17g", field->least,
                 field->most);
    return false;
}

json_t *body_read(const void *bytes, size_t len_bytes, const struct route_schema *schema,
                  struct body_fault *fault)
{
    json_error_t error;
    json_t *body = NULL;

    *fault = (struct body_fault){.status = 400};
    if (len_bytes == 0)
        snprintf(fault->detail, sizeof(fault->detail), "the body is empty");
    else if (too_deep(bytes, len_bytes))
        snprintf(fault->detail, sizeof(fault->detail), "the body is nested too deeply");
    else if ((body = load(bytes, len_bytes, schema, &error)) == NULL)
        snprintf(fault->detail, sizeof(fault->detail), "the body is no JSON: line %d, column %d",
                 error.line, error.column);
    else if (!json_is_object(body))
        snprintf(fault->detail, sizeof(fault->detail), "the body must be a JSON object");
    if (fault->detail[0] != '\0') {
        json_decref(body);
        return NULL;
    }
    for (unsigned i = 0; i < schema->fields_n; i++) {
        const struct route_field *field = &schema->fields[i];

        if (field_fits(json_object_get(body, field->name), field, fault))
            continue;
        fault->status = schema->status;
        if (schema->detail != NULL)
            snprintf(fault->detail, sizeof(fault->detail), "%s", schema->detail);
        else
            snprintf(fault->detail, sizeof(fault->detail), "%s %s", field->name, fault->reason);
        json_decref(body);
        return NULL;
    }
    fault->field[0] = '\0';
    return body;
}
