/* exec.c -- see exec.h.
 *
 * The daemon is asked first what it understands (rpc.discover), so that name=value becomes what the
 * method's row wants: a number, a truth, a text. What it does not know it is asked all the same:
 * the daemon's own words are the better error. */
#include "exec.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "admin_client.h"
#include "common/clock.h"
#include "common/text.h"

#define EXEC_DEADLINE_MS 30000
#define TABLE_COLUMNS    32
#define CELL_BYTES       600

struct exec {
    struct admin_client *client;
    bool answered;
    json_t *result;
    int code; /* 0: result; else why not */
    char sentence[512];
};

static void on_opened(void *context)
{
    (void)context;
}

static void end(struct exec *exec, json_t *result, int code, const char *sentence)
{
    if (exec->answered)
        return;
    exec->answered = true;
    exec->result = json_incref(result);
    exec->code = code;
    text_sanitise(sentence, strlen(sentence), exec->sentence, sizeof(exec->sentence));
}

static void on_lost(void *context, int code, const char *sentence)
{
    end(context, NULL, code, sentence);
}

static void on_answer(void *context, int token, json_t *result, int code, const char *sentence)
{
    (void)token;
    end(context, result, code, sentence);
}

static void on_notify(void *context, const char *topic, json_t *params)
{
    (void)context;
    (void)topic;
    (void)params;
}

/* Ask and wait. params: taken. 0: exec->result is there (owned by exec). */
static int ask(struct exec *exec, const char *method, json_t *params)
{
    json_decref(exec->result);
    exec->result = NULL;
    exec->answered = false;
    admin_client_pump(exec->client, clock_steady_ms());
    if (exec->answered) { /* there is no daemon */
        json_decref(params);
        return exec->code;
    }
    if (admin_client_ask(exec->client, method, params, 0, EXEC_DEADLINE_MS) != 0)
        end(exec, NULL, ADMIN_CLIENT_LOST, "the request is too large");
    while (!exec->answered) {
        struct pollfd fd = {.fd = admin_client_fd(exec->client),
                            .events = admin_client_events(exec->client)};

        if (poll(&fd, 1, admin_client_wait_ms(exec->client, clock_steady_ms())) < 0 &&
            errno != EINTR)
            break;
        admin_client_pump(exec->client, clock_steady_ms());
    }
    return exec->code;
}

/* The row by that "name" in a list; NULL: none. */
static const json_t *named(const json_t *list, const char *name, size_t name_bytes)
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

static json_t *value_of(const char *text, const char *type)
{
    json_error_t error;

    if (type == NULL || strcmp(type, "text") == 0 || strcmp(type, "secret") == 0 ||
        strcmp(type, "word") == 0 || strcmp(type, "id") == 0)
        return json_string(text);
    if (strcmp(type, "boolean") == 0 && strcmp(text, "yes") == 0)
        return json_true();
    if (strcmp(type, "boolean") == 0 && strcmp(text, "no") == 0)
        return json_false();
    return json_loads(text, JSON_DECODE_ANY | JSON_REJECT_DUPLICATES, &error);
}

/* name=value... as an object. NULL: said on stderr what is wrong. */
static json_t *parameters(const json_t *discovery, char *const *arguments, int arguments_n)
{
    const json_t *method =
        named(json_object_get(discovery, "methods"), arguments[0], strlen(arguments[0]));
    json_t *params = json_object();

    for (int i = 1; i < arguments_n; i++) {
        const char *equals = strchr(arguments[i], '=');
        const json_t *row;
        char name[64];
        json_t *value;

        if (equals == NULL || equals == arguments[i] ||
            (size_t)(equals - arguments[i]) >= sizeof(name)) {
            fprintf(stderr, "openmmo-console: \"%s\" is not name=value\n", arguments[i]);
            json_decref(params);
            return NULL;
        }
        snprintf(name, sizeof(name), "%.*s", (int)(equals - arguments[i]), arguments[i]);
        row = named(json_object_get(method, "params"), name, strlen(name));
        value = value_of(equals + 1, json_string_value(json_object_get(row, "type")));
        if (value == NULL || json_object_get(params, name) != NULL) {
            fprintf(stderr, "openmmo-console: %s: %s\n", name,
                    value == NULL ? "this is not such a value" : "it is given twice");
            json_decref(value);
            json_decref(params);
            return NULL;
        }
        json_object_set_new(params, name, value);
    }
    return params;
}

/* What a method takes: the names of its parameters, those that may be left out in brackets. False:
 * the value is no list of parameters. */
static bool parameters_of(const json_t *list, char *out, size_t room_bytes)
{
    const json_t *row;
    size_t i, n = 0;

    if (json_array_size(list) == 0 || json_object_get(json_array_get(list, 0), "required") == NULL)
        return false;
    out[0] = '\0';
    json_array_foreach((json_t *)list, i, row)
    {
        bool required = json_is_true(json_object_get(row, "required"));
        const char *name = json_string_value(json_object_get(row, "name"));

        if (n < room_bytes)
            n += (size_t)snprintf(out + n, room_bytes - n, "%s%s%s%s", i > 0 ? " " : "",
                                  required ? "" : "[", name != NULL ? name : "?",
                                  required ? "" : "]");
    }
    return true;
}

/* A value as one cell, fit to be shown. */
static void cell_of(const json_t *value, char out[CELL_BYTES])
{
    const char *text = json_string_value(value);
    char room[CELL_BYTES], *dumped;

    if (text != NULL) {
        text_sanitise(text, json_string_length(value), out, CELL_BYTES);
    } else if (json_is_real(value)) {
        snprintf(out, CELL_BYTES, "%.2f", json_real_value(value));
    } else if (parameters_of(value, room, sizeof(room))) {
        text_sanitise(room, strlen(room), out, CELL_BYTES);
    } else {
        dumped = value != NULL ? json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT) : NULL;
        text_sanitise(dumped != NULL ? dumped : "", dumped != NULL ? strlen(dumped) : 0, out,
                      CELL_BYTES);
        free(dumped);
    }
}

static void print_cell(const char *text, size_t columns, bool right, bool last)
{
    size_t used = text_columns(text);
    int gap = columns > used ? (int)(columns - used) : 0;

    if (right)
        printf("%*s%s%s", gap, "", text, last ? "\n" : "  ");
    else if (last)
        printf("%s\n", text);
    else
        printf("%s%*s  ", text, gap, "");
}

struct head {
    const char *key;
    size_t width;
    bool number;
};

/* Every key that a row has, in the order in which they are met: one row of bans names a player, the
 * next a network. Returns how many. */
static size_t heads_of(const json_t *list, struct head heads[TABLE_COLUMNS])
{
    size_t n = 0, i, j;
    json_t *row, *value;
    const char *key;

    json_array_foreach((json_t *)list, i, row)
    {
        json_object_foreach(row, key, value)
        {
            for (j = 0; j < n && strcmp(heads[j].key, key) != 0; j++)
                continue;
            if (j == TABLE_COLUMNS || j < n)
                continue;
            if (strcmp(key, "help") == 0) /* whole sentences make no column; --json has them */
                continue;
            heads[n++] = (struct head){key, text_columns(key), json_is_number(value)};
        }
    }
    return n;
}

/* Objects of one kind: their keys as heads, one line each. */
static void print_table(const json_t *list)
{
    struct head heads[TABLE_COLUMNS];
    size_t n = heads_of(list, heads), i, j;
    json_t *row;
    char cell[CELL_BYTES];

    json_array_foreach((json_t *)list, i, row)
    {
        for (j = 0; j < n; j++) {
            cell_of(json_object_get(row, heads[j].key), cell);
            if (text_columns(cell) > heads[j].width)
                heads[j].width = text_columns(cell);
        }
    }
    for (j = 0; j < n; j++)
        print_cell(heads[j].key, heads[j].width, heads[j].number, j + 1 == n);
    json_array_foreach((json_t *)list, i, row)
    {
        for (j = 0; j < n; j++) {
            cell_of(json_object_get(row, heads[j].key), cell);
            print_cell(cell, heads[j].width, heads[j].number, j + 1 == n);
        }
    }
}

/* An object as "key  value" lines, inner objects as "outer.inner"; lists of objects as tables
 * behind the rest. Returns true if anything was printed. */
static bool print_object(const json_t *object, const char *prefix)
{
    char name[256], clean[96], cell[CELL_BYTES];
    bool printed = false;
    const char *key;
    json_t *value;

    json_object_foreach((json_t *)object, key, value)
    {
        text_sanitise(key, strlen(key), clean, sizeof(clean));
        snprintf(name, sizeof(name), "%.150s%s%s", prefix, prefix[0] != '\0' ? "." : "", clean);
        if (json_is_object(value)) {
            printed |= print_object(value, name);
        } else if (!json_is_object(json_array_get(value, 0))) {
            cell_of(value, cell);
            printf("%-26s %s\n", name, cell);
            printed = true;
        }
    }
    json_object_foreach((json_t *)object, key, value)
    {
        if (json_is_object(json_array_get(value, 0))) {
            if (printed)
                printf("\n");
            print_table(value);
            printed = true;
        }
    }
    return printed;
}

/* As one line of ASCII that shows itself: jansson leaves DEL as it is. */
static void print_json(const json_t *value)
{
    char *text = json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT | JSON_ENSURE_ASCII);

    for (const char *at = text; at != NULL && *at != '\0'; at++) {
        if (*at == 0x7f)
            fputs("\\u007f", stdout);
        else
            putchar(*at);
    }
    free(text);
}

static void print_result(const json_t *result, bool json)
{
    if (json)
        print_json(result);
    else if (json_is_object(result))
        print_object(result, "");
    else if (json_is_null(result))
        printf("ok");
    else
        print_json(result);
    if (json || !json_is_object(result))
        printf("\n");
}

static enum console_exit exit_of(const struct exec *exec)
{
    switch (exec->code) {
    case 0:
        return CONSOLE_OK;
    case ADMIN_CLIENT_LOST:
        return CONSOLE_NO_CONNECTION;
    case ADMIN_CLIENT_DENIED:
        return CONSOLE_DENIED;
    case -32601: /* no such method */
    case -32602: /* no such parameters */
        return CONSOLE_USAGE;
    default:
        return CONSOLE_FAILED;
    }
}

enum console_exit exec_run(const char *path, char *const *arguments, int arguments_n, bool json)
{
    struct exec exec = {.code = 0};
    struct admin_client_handlers handlers = {on_opened, on_lost, on_answer, on_notify, &exec};
    enum console_exit status;
    json_t *params;

    exec.client = admin_client_new(path, &handlers);
    if (exec.client == NULL)
        return CONSOLE_FAILED;
    if (ask(&exec, "rpc.discover", NULL) == 0) {
        params = parameters(exec.result, arguments, arguments_n);
        if (params == NULL) {
            status = CONSOLE_USAGE;
            goto out;
        }
        (void)ask(&exec, arguments[0], params);
    }
    status = exit_of(&exec);
    if (exec.code != 0)
        fprintf(stderr, "openmmo-console: %s\n", exec.sentence);
    else
        print_result(exec.result, json);
    if (exec.code == 0 && (fflush(stdout) != 0 || ferror(stdout)))
        status = CONSOLE_FAILED;
out:
    json_decref(exec.result);
    admin_client_free(exec.client);
    return status;
}
