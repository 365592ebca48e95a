/* cmd_log.c -- the last lines of the log, and how much of it there is. */
#include <stdlib.h>

#include "admin/audit.h"
#include "admin/method.h"

#define LEVEL_OPTION "log.level"

/* By enum log_level. */
static const char *const LEVELS[] = {"error", "warn", "info", "debug", NULL};

json_t *cmd_log_line(const struct logtail_line *line)
{
    return json_pack("{s:I, s:I, s:s, s:s, s:s}", "sequence", (json_int_t)line->sequence, "time_ms",
                     (json_int_t)line->time_ms, "level", log_level_name(line->level), "event",
                     line->event, "line", line->line);
}

static void run_tail(struct method_call *call)
{
    struct logtail *logtail = call->desk->logtail;
    struct logtail_filter filter = {
        .level = (enum log_level)method_word(call, "level", LOG_LEVEL_DEBUG),
        .event = method_text(call, "event", ""),
        .from_ms = method_integer(call, "from_ms", 0),
        .without = audit_hidden(call->peer.role),
    };
    size_t most = (size_t)method_integer(call, "lines", 100);
    uint64_t after = method_id(call, "after", 0), lost = 0;
    struct logtail_line *lines = malloc(most * sizeof(*lines));
    json_t *list = json_array();
    bool skipped;
    size_t n;

    if (lines == NULL) {
        json_decref(list);
        method_fail(call, "out of memory");
        return;
    }
    if (!method_given(call, "after") && !method_given(call, "from_ms"))
        after = logtail_back(logtail, &filter, most);
    skipped = after == 0 && method_given(call, "from_ms"); /* what is gone was not asked for */
    n = logtail_read(logtail, &filter, &after, lines, most, &lost);
    for (size_t i = 0; i < n; i++)
        json_array_append_new(list, cmd_log_line(&lines[i]));
    free(lines);
    method_done(call, json_pack("{s:o, s:I, s:I}", "lines", list, "after", (json_int_t)after,
                                "lost", (json_int_t)(skipped ? 0 : lost)));
}

static void run_level(struct method_call *call)
{
    const struct admin_host *host = &call->desk->config->host;
    const char *level = method_text(call, "level", "");
    struct error error = {""};

    method_target(call, LEVEL_OPTION);
    if (host->set(host->context, LEVEL_OPTION, level, call->peer.name, &error) != 0)
        method_fail(call, "%s", error.text);
    else
        method_done(call, json_pack("{s:s}", "level", level));
}

/* clang-format off */
static const struct method_param TAIL[] = {
    {"lines", METHOD_INTEGER, false, 1, LOGTAIL_LINES, NULL,   "At most so many; 100 if not given."},
    {"level", METHOD_WORD,    false, 0, 0,             LEVELS, "Only lines at least as grave."},
    {"event", METHOD_TEXT,    false, 1, 47,            NULL,   "Only events whose name begins so: \"store_\""},
    {"from_ms", METHOD_INTEGER, false, 0, INT64_MAX,   NULL,   "Jump to this time (Unix time): the oldest lines from then on."},
    {"after", METHOD_ID,      false, 0, 0,             NULL,   "The oldest lines after this sequence, not the newest of all."},
    {NULL, METHOD_TEXT, false, 0, 0, NULL, NULL},
};
static const struct method_param LEVEL[] = {
    {"level", METHOD_WORD, true, 0, 0, LEVELS, "The least that is logged from now on."},
    {NULL, METHOD_TEXT, false, 0, 0, NULL, NULL},
};

const struct method CMD_LOG[] = {
    {"log.tail", ROLE_VIEWER, false, run_tail, TAIL, "The newest lines of the log, oldest first; or those after a line, or from a time on."},
    {"log.level", ROLE_ADMIN, true, run_level, LEVEL,
     "Log more, or less, until the next reload or restart: config.set of log.level."},
    {NULL, ROLE_NONE, false, NULL, NULL, NULL},
};
/* clang-format on */
