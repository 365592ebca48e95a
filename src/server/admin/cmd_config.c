/* cmd_config.c -- the configuration as it holds: each option's value and where it came from; and
 * turned in an emergency, until the next reload or restart. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "admin/method.h"
#include "common/option_value.h"

#define UNTIL "the next reload or restart"

static const char *const SOURCES[] = {
    [OPTION_FROM_DEFAULT] = "default",         [OPTION_FROM_FILE] = "file",
    [OPTION_FROM_ENVIRONMENT] = "environment", [OPTION_FROM_COMMAND_LINE] = "command line",
    [OPTION_FROM_OPERATOR] = "operator",
};

static json_t *option_json(const struct option_row *row, const struct options *options, size_t i,
                           const char *name)
{
    bool secret = (row->flags & OPTION_SECRET) != 0;
    bool reloadable = (row->flags & OPTION_RELOAD) != 0;
    char kind[200];

    option_value_kind(row, kind, sizeof(kind));
    return json_pack("{s:s, s:s, s:s, s:s, s:s, s:b, s:b, s:b, s:s, s:s}", "name", name, "value",
                     secret ? "(secret)" : options_value(options, i), "source",
                     SOURCES[options_source(options, i)], "origin", options_origin(options, i),
                     "default", secret ? "" : row->initial, "changed",
                     (int)!options_is_default(options, i), "reloadable", (int)reloadable,
                     "settable", (int)options_settable(row), "kind", kind, "help", row->help);
}

static void run_list(struct method_call *call)
{
    const struct admin_config *config = call->desk->config;
    const struct options_table *table = config->options_table;
    const struct options *options = config->host.options(config->host.context);
    const char *prefix = method_text(call, "name", "");
    bool changed = method_boolean(call, "changed", false);
    json_t *list = json_array();

    for (size_t i = 0; i < table->rows_n; i++) {
        char name[128];

        snprintf(name, sizeof(name), "%s.%s", table->rows[i].section, table->rows[i].key);
        if (strncmp(name, prefix, strlen(prefix)) != 0 ||
            (changed && options_is_default(options, i) &&
             options_source(options, i) != OPTION_FROM_OPERATOR))
            continue;
        json_array_append_new(list, option_json(&table->rows[i], options, i, name));
    }
    method_done(call, json_pack("{s:o}", "options", list));
}

static const struct options *options_of(const struct method_call *call)
{
    const struct admin_host *host = &call->desk->config->host;

    return host->options(host->context);
}

/* Whether it is an option at all, and nothing of a secret one is written down. */
static int row_asked(struct method_call *call, const char *name)
{
    const struct options_table *table = call->desk->config->options_table;
    int row = options_row(table, name);

    if (row >= 0 && (table->rows[row].flags & OPTION_SECRET) != 0)
        json_object_set_new(call->params, "value", json_string("(not shown)"));
    return row;
}

static void run_set(struct method_call *call)
{
    const struct admin_host *host = &call->desk->config->host;
    const char *name = method_text(call, "name", "");
    char *value = strdup(method_text(call, "value", ""));
    int row = row_asked(call, name);
    struct error error = {"out of memory"};
    json_t *was;

    method_target(call, name);
    was = json_string(row >= 0 ? options_value(options_of(call), (size_t)row) : "");
    if (value == NULL || host->set(host->context, name, value, call->peer.name, &error) != 0 ||
        row < 0) {
        method_fail(call, "%s", error.text);
        json_decref(was);
    } else {
        method_done(call, json_pack("{s:s, s:o, s:s, s:s}", "option", name, "was", was, "value",
                                    options_value(options_of(call), (size_t)row), "until", UNTIL));
    }
    free(value);
}

/* What operators set, as it is now. New reference. */
static json_t *set_ones(const struct method_call *call, const char *only)
{
    const struct options_table *table = call->desk->config->options_table;
    const struct options *options = options_of(call);
    json_t *list = json_array();

    for (size_t i = 0; i < table->rows_n; i++) {
        char name[128];

        snprintf(name, sizeof(name), "%s.%s", table->rows[i].section, table->rows[i].key);
        if (options_source(options, i) == OPTION_FROM_OPERATOR &&
            (only == NULL || strcmp(only, name) == 0))
            json_array_append_new(
                list, json_pack("{s:s, s:s}", "option", name, "was", options_value(options, i)));
    }
    return list;
}

static void run_reset(struct method_call *call)
{
    const struct admin_host *host = &call->desk->config->host;
    const char *name = method_text(call, "name", NULL);
    struct error error = {""};
    json_t *list = set_ones(call, name), *one;
    size_t i;

    if (name != NULL)
        method_target(call, name);
    if (json_array_size(list) == 0) {
        json_decref(list);
        method_fail(call, "%s set by an operator", name != NULL ? "it was not" : "no option is");
        return;
    }
    if (host->set(host->context, name, NULL, call->peer.name, &error) != 0) {
        json_decref(list);
        method_fail(call, "%s", error.text);
        return;
    }
    json_array_foreach(list, i, one)
    {
        int row = options_row(call->desk->config->options_table,
                              json_string_value(json_object_get(one, "option")));

        json_object_set_new(one, "value",
                            json_string(options_value(options_of(call), (size_t)row)));
    }
    method_done(call, json_pack("{s:o}", "options", list));
}

/* clang-format off */
static const struct method_param LIST[] = {
    {"name",    METHOD_TEXT,    false, 1, 100, NULL, "Only those whose name begins so: \"net.\""},
    {"changed", METHOD_BOOLEAN, false, 0, 0,   NULL, "Only those that are not at their default, or that an operator set."},
    {NULL, METHOD_TEXT, false, 0, 0, NULL, NULL},
};

static const struct method_param SET[] = {
    {"name",  METHOD_TEXT, true, 1, 100,  NULL, "Which option: \"limits.chats_per_10s\"; one that a reload applies, no path, no secret and no retention_days."},
    {"value", METHOD_TEXT, true, 0, 2000, NULL, "As it would stand in the file."},
    {NULL, METHOD_TEXT, false, 0, 0, NULL, NULL},
};
static const struct method_param RESET[] = {
    {"name",  METHOD_TEXT, false, 1, 100, NULL, "Only this one; all if not given."},
    {NULL, METHOD_TEXT, false, 0, 0, NULL, NULL},
};

const struct method CMD_CONFIG[] = {
    {"config.list", ROLE_ADMIN, false, run_list, LIST,
     "Each option: value, where it came from, default, whether a reload applies it."},
    {"config.set", ROLE_ADMIN, true, run_set, SET,
     "Give an option another value until the next reload or restart; checked as a reload is, all or nothing."},
    {"config.reset", ROLE_ADMIN, true, run_reset, RESET,
     "Take back what operators set: the options are again as they were loaded."},
    {NULL, ROLE_NONE, false, NULL, NULL, NULL},
};
/* clang-format on */
