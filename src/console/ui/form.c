/* form.c -- see form.h. */
#include "form.h"

#include <stdio.h>
#include <string.h>

#include "common/compiler.h"
#include "console/request.h"

/* clang-format off */
const struct form FORMS[] = {
    {"allow",    "allowlist.add",    {"player"}},
    {"announce", "announce",         {"text"}},
    {"backup",   "server.backup",    {"name"}},
    {"ban",      "bans.add",         {"player", "duration", "reason"}},
    {"cancel",   "server.cancel",    {NULL}},
    {"close",    "reports.close",    {"report", "verdict"}},
    {"disallow", "allowlist.remove", {"player"}},
    {"drain",    "server.drain",     {"on", "retry_after"}},
    {"kick",     "players.kick",     {"name", "reason"}},
    {"loglevel", "log.level",        {"level"}},
    {"maintenance", "server.maintenance", {"on", "text"}},
    {"mute",     "players.mute",     {"player", "duration", "reason"}},
    {"reload",   "server.reload",    {NULL}},
    {"restart-when-empty", "server.restart-when-empty", {NULL}},
    {"save",     "server.save",      {NULL}},
    {"say",      "chat.say",         {"text"}},
    {"show",     "players.show",     {"name"}},
    {"shutdown", "server.shutdown",  {"in", "reason"}},
    {"status",   "server.status",    {NULL}},
    {"summon",   "players.summon",   {"name", "to"}},
    {"tell",     "players.message",  {"name", "text"}},
    {"tp",       "players.teleport", {"name", "x", "z"}},
    {"unban",    "bans.lift",        {"player"}},
    {"unmute",   "players.unmute",   {"player"}},
};
/* clang-format on */
const size_t FORMS_N = ARRAY_N(FORMS);

/* What changes something and takes nothing from anybody. */
static const char *const HARMLESS[] = {"allowlist.add",  "announce",      "bans.lift",
                                       "chat.say",       "log.level",     "players.message",
                                       "players.unmute", "server.backup", "server.cancel",
                                       "server.reload",  "server.save"};

const struct form *form_find(const char *name)
{
    for (size_t i = 0; i < FORMS_N; i++) {
        if (strcmp(FORMS[i].name, name) == 0)
            return &FORMS[i];
    }
    return NULL;
}

static int params_n(const struct form *form)
{
    int n = 0;

    while (n < FORM_PARAMS && form->params[n] != NULL)
        n++;
    return n;
}

/* Is the word "name=value" of a parameter that the method has? */
static bool is_named(const json_t *methods, const char *method, const char *word)
{
    const json_t *params = json_object_get(request_row(methods, method), "params");
    char name[64];

    snprintf(name, sizeof(name), "%.*s", (int)strcspn(word, "="), word);
    return strchr(word, '=') != NULL && request_row(params, name) != NULL;
}

/* Put a word, or behind one that is there already. -1 + error. */
static int put(json_t *params, const struct form *form, const json_t *methods, const char *name,
               const char *word, struct error *error)
{
    const char *before = json_string_value(json_object_get(params, name));
    char joined[512];
    json_t *value;

    snprintf(joined, sizeof(joined), "%s%s%s", before != NULL ? before : "",
             before != NULL ? " " : "", word);
    value = request_value(methods, form->method, name, joined);
    if (value == NULL) {
        request_refuse(methods, form->method, name, error);
        return -1;
    }
    json_object_set_new(params, name, value);
    return 0;
}

json_t *form_request(const struct form *form, const json_t *methods, char *const *words, int n,
                     struct error *error)
{
    json_t *params = json_object();
    int next = 0;

    for (int i = 0; i < n; i++) {
        bool named = is_named(methods, form->method, words[i]);
        char name[64];

        if (!named && params_n(form) == 0) {
            error_set(error, "%s takes nothing more than its name", form->name);
            json_decref(params);
            return NULL;
        }
        if (named)
            snprintf(name, sizeof(name), "%.*s", (int)strcspn(words[i], "="), words[i]);
        else
            snprintf(name, sizeof(name), "%s", form->params[next]);
        if (put(params, form, methods, name, named ? strchr(words[i], '=') + 1 : words[i], error) !=
            0) {
            json_decref(params);
            return NULL;
        }
        if (!named && next + 1 < params_n(form))
            next++;
    }
    return params;
}

bool form_hurts(const json_t *methods, const char *method)
{
    const json_t *row = request_row(methods, method);

    for (size_t i = 0; i < ARRAY_N(HARMLESS); i++) {
        if (strcmp(HARMLESS[i], method) == 0)
            return false;
    }
    return row == NULL || json_is_true(json_object_get(row, "changes"));
}
