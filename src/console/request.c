/* request.c -- see request.h. */
#include "request.h"

#include <stdio.h>
#include <string.h>

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

/* Copies the word that begins at *from to *to, both of them on; the quotes stay behind. False: one
 * of these is not closed. */
static bool take_word(char **from, char **to)
{
    char quote = '\0';

    for (; **from != '\0' && (quote != '\0' || !is_blank(**from)); (*from)++) {
        if (**from == '\\' && quote != '\'' && (*from)[1] != '\0')
            *(*to)++ = *++*from;
        else if (quote == '\0' && (**from == '\'' || **from == '"'))
            quote = **from;
        else if (**from == quote)
            quote = '\0';
        else
            *(*to)++ = **from;
    }
    return quote == '\0';
}

int request_split(char *line, char *words[REQUEST_WORDS], struct error *error)
{
    char *from = line, *to = line;
    int n = 0;

    for (;;) {
        bool last;

        while (is_blank(*from))
            from++;
        if (*from == '\0')
            return n;
        if (n == REQUEST_WORDS)
            return error_set(error, "more than %d words", REQUEST_WORDS);
        words[n++] = to;
        if (!take_word(&from, &to))
            return error_set(error, "a quote is not closed");
        last = *from == '\0';
        if (!last)
            from++;
        *to++ = '\0';
        if (last)
            return n;
    }
}

static const json_t *row_of(const json_t *list, const char *name, size_t name_bytes)
{
    const json_t *row;
    size_t i;

    json_array_foreach((json_t *)list, i, row)
    {
        const char *is = json_string_value(json_object_get(row, "name"));

        if (is != NULL && strlen(is) == name_bytes && memcmp(is, name, name_bytes) == 0)
            return row;
    }
    return NULL;
}

const json_t *request_row(const json_t *list, const char *name)
{
    return row_of(list, name, strlen(name));
}

static json_t *value_of(const char *text, const char *type)
{
    json_error_t error;

    if (type == NULL || strcmp(type, "text") == 0 || strcmp(type, "secret") == 0 ||
        strcmp(type, "word") == 0 || strcmp(type, "id") == 0)
        return json_string(text);
    if (strcmp(type, "boolean") == 0 && (strcmp(text, "yes") == 0 || strcmp(text, "on") == 0))
        return json_true();
    if (strcmp(type, "boolean") == 0 && (strcmp(text, "no") == 0 || strcmp(text, "off") == 0))
        return json_false();
    return json_loads(text, JSON_DECODE_ANY | JSON_REJECT_DUPLICATES, &error);
}

json_t *request_value(const json_t *methods, const char *method, const char *param,
                      const char *text)
{
    const json_t *params = json_object_get(request_row(methods, method), "params");

    return value_of(text, json_string_value(json_object_get(request_row(params, param), "type")));
}

void request_refuse(const json_t *methods, const char *method, const char *param,
                    struct error *error)
{
    const json_t *params = json_object_get(request_row(methods, method), "params");
    const json_t *row = request_row(params, param);
    const char *type = json_string_value(json_object_get(row, "type"));

    if (type != NULL && strcmp(type, "integer") == 0)
        error_set(error, "%s must be a whole number from %lld to %lld", param,
                  (long long)json_integer_value(json_object_get(row, "min")),
                  (long long)json_integer_value(json_object_get(row, "max")));
    else if (type != NULL && strcmp(type, "boolean") == 0)
        error_set(error, "%s must be yes or no", param);
    else if (type != NULL && strcmp(type, "object") == 0)
        error_set(error, "%s must be an object of JSON", param);
    else
        error_set(error, "%s must be text in UTF-8", param);
}

json_t *request_params(const json_t *methods, const char *method, char *const *words, int n,
                       struct error *error)
{
    json_t *params = json_object();

    for (int i = 0; i < n; i++) {
        const char *equals = strchr(words[i], '=');
        char name[64];
        json_t *value;

        if (equals == NULL || equals == words[i] || (size_t)(equals - words[i]) >= sizeof(name)) {
            error_set(error, "\"%s\" is not name=value", words[i]);
            json_decref(params);
            return NULL;
        }
        snprintf(name, sizeof(name), "%.*s", (int)(equals - words[i]), words[i]);
        value = request_value(methods, method, name, equals + 1);
        if (value == NULL || json_object_get(params, name) != NULL) {
            if (value == NULL)
                request_refuse(methods, method, name, error);
            else
                error_set(error, "%s: it is given twice", name);
            json_decref(value);
            json_decref(params);
            return NULL;
        }
        json_object_set_new(params, name, value);
    }
    return params;
}

bool request_is_secret(const json_t *methods, const char *method, const json_t *params)
{
    const json_t *row = request_row(methods, method);
    const char *name;
    json_t *value;

    json_object_foreach((json_t *)params, name, value)
    {
        const json_t *param = request_row(json_object_get(row, "params"), name);
        const char *type = json_string_value(json_object_get(param, "type"));

        if (type == NULL || strcmp(type, "secret") == 0)
            return true;
    }
    return false;
}

unsigned request_patience_ms(const char *method, unsigned usual_ms)
{
    static const struct {
        const char *method;
        unsigned ms;
    } LONG[] = {{"server.backup", 3600000}, {"players.erase", 60000}, {"server.save", 15000}};

    for (size_t i = 0; i < ARRAY_N(LONG); i++) {
        if (strcmp(LONG[i].method, method) == 0 && LONG[i].ms > usual_ms)
            return LONG[i].ms;
    }
    return usual_ms;
}
