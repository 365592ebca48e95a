/* reload.c -- see reload.h. */
#include "server/reload.h"

#include <stdio.h>
#include <time.h>

#include "common/log.h"
#include "common/options.h"
#include "ops/notify.h"

static void say_reload(void *context, enum log_level level, const char *line)
{
    struct error *outcome = context;

    log_event(level, level == LOG_LEVEL_ERROR ? "reload_error" : "reload_note", line, LOG_NONE);
    if (level == LOG_LEVEL_ERROR && !outcome->text[0])
        error_set(outcome, "nothing was changed: %s", line);
}

static unsigned note_changes(const struct config *old, const struct config *now)
{
    unsigned changed_n = 0;
    char name[128];

    for (size_t i = 0; i < config_table.rows_n; i++) {
        if (!options_differ(old->options, now->options, i))
            continue;
        changed_n++;
        snprintf(name, sizeof(name), "%s.%s", config_table.rows[i].section,
                 config_table.rows[i].key);
        log_event(LOG_LEVEL_INFO, "option_changed", "an option has a new value",
                  LOG_TEXT("option", name), LOG_TEXT("value", options_value(now->options, i)),
                  LOG_TEXT("origin", options_origin(now->options, i)));
    }
    return changed_n;
}

/* Put in the place of *config; how many options changed. */
static unsigned take(struct config **config, struct config *now)
{
    unsigned changed_n = note_changes(*config, now);

    config_free(*config);
    *config = now;
    return changed_n;
}

int reload_config(struct config **config, reload_apply_fn *apply, void *context,
                  struct error *outcome)
{
    struct config *now;
    struct error cause = {""};
    int rc = -1;

    outcome->text[0] = '\0';
    notify_reloading();
    now = config_reload(*config, say_reload, outcome);
    if (now && apply(context, now, &cause) == 0) {
        unsigned changed_n = take(config, now);

        error_set(outcome, "loaded anew: %u option%s changed%s%s", changed_n,
                  changed_n == 1 ? "" : "s", now->waiting[0] ? "; waiting for a restart: " : "",
                  now->waiting);
        log_event(LOG_LEVEL_INFO, "reloaded", outcome->text, LOG_U64("changed", changed_n));
        rc = 0;
    } else {
        config_free(now);
        if (!outcome->text[0])
            error_set(outcome, "nothing was changed: %.400s", cause.text);
        log_event(LOG_LEVEL_ERROR, "reload_refused", outcome->text, LOG_NONE);
    }
    notify_ready();
    return rc;
}

int reload_set(struct config **config, const char *name, const char *value, const char *by,
               reload_apply_fn *apply, void *context, struct error *outcome)
{
    char origin[160], at[32];
    time_t seconds = time(NULL);
    struct config *now;
    struct tm utc;

    strftime(at, sizeof(at), "%Y-%m-%d %H:%M:%S", gmtime_r(&seconds, &utc));
    snprintf(origin, sizeof(origin), "%.100s at %s UTC", by, at);
    now = name != NULL ? config_set(*config, name, value, origin, outcome)
                       : config_unset_all(*config, outcome);
    if (now == NULL)
        return -1;
    if (apply(context, now, outcome) != 0) {
        config_free(now);
        return -1;
    }
    (void)take(config, now);
    return 0;
}
