/* cmd_config.c -- the configuration as it holds: each option's value and where it came from. */
#include <stdio.h>
#include <string.h>

#include "admin/method.h"

static const char *const SOURCES[] = {
    [OPTION_FROM_DEFAULT] = "default",
    [OPTION_FROM_FILE] = "file",
    [OPTION_FROM_ENVIRONMENT] = "environment",
    [OPTION_FROM_COMMAND_LINE] = "command line",
};

static json_t *option_json(const struct option_row *row, const struct options *options, size_t i,
                           const char *name)
{
    bool secret = (row->flags & OPTION_SECRET) != 0;

    return json_pack("{s:s, s:s, s:s, s:s, s:s, s:b, s:s}", "name", name, "value",
                     secret ? "(secret)" : options_value(options, i), "source",
                     SOURCES[options_source(options, i)], "origin", options_origin(options, i),
                     "default", secret ? "" : row->initial, "reloadable",
                     (row->flags & OPTION_RELOAD) != 0, "help", row->help);
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
            (changed && options_source(options, i) == OPTION_FROM_DEFAULT))
            continue;
        json_array_append_new(list, option_json(&table->rows[i], options, i, name));
    }
    method_done(call, json_pack("{s:o}", "options", list));
}

/* clang-format off */
static const struct method_param LIST[] = {
    {"name",    METHOD_TEXT,    false, 1, 100, NULL, "Only those whose name begins so: \"net.\""},
    {"changed", METHOD_BOOLEAN, false, 0, 0,   NULL, "Only those that are not at their default."},
    {NULL, METHOD_TEXT, false, 0, 0, NULL, NULL},
};

const struct method CMD_CONFIG[] = {
    {"config.list", ROLE_ADMIN, false, run_list, LIST,
     "Each option: value, where it came from, default, whether a reload applies it."},
    {NULL, ROLE_NONE, false, NULL, NULL, NULL},
};
/* clang-format on */
