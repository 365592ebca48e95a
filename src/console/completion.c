/* completion.c -- see completion.h. */
#include "completion.h"

#include <stdio.h>
#include <string.h>

#include "call.h"
#include "common/text.h"
#include "request.h"
#include "ui/complete.h"

#define DEADLINE_MS 2000 /* a person waits */
#define NAMES_MAX   200

struct completion {
    const char *path;
    const struct option *options;
    char *verb[REQUEST_WORDS]; /* exec or watch and what follows it, without options */
    int verb_n;
    const char *option; /* whose argument is being typed; NULL: none's */
};

static const struct option *option_of(const struct completion *completion, const char *word)
{
    for (const struct option *option = completion->options; option->name != NULL; option++) {
        if (strncmp(word, "--", 2) == 0 && strcmp(word + 2, option->name) == 0)
            return option;
    }
    return NULL;
}

/* What stands behind "--name="; NULL: the word is not that option. */
static const char *value_of(const char *word, const char *option)
{
    size_t n = strlen(option);

    return strncmp(word, option, n) == 0 && word[n] == '=' ? word + n + 1 : NULL;
}

/* What stands before the word that is typed. */
static void take(struct completion *completion, char *const *words, int n)
{
    for (int i = 0; i < n; i++) {
        const struct option *option = option_of(completion, words[i]);

        completion->option = NULL;
        if (value_of(words[i], "--socket") != NULL)
            completion->path = value_of(words[i], "--socket");
        if (option != NULL && option->has_arg == required_argument) {
            completion->option = option->name;
            if (i + 1 < n && strcmp(option->name, "socket") == 0)
                completion->path = words[i + 1];
            if (i + 1 < n)
                completion->option = NULL;
            i++;
        } else if (words[i][0] != '-' && completion->verb_n < REQUEST_WORDS) {
            completion->verb[completion->verb_n++] = words[i];
        }
    }
}

static void offer(const char *word, const char *begun)
{
    char clean[512];

    text_sanitise(word, strlen(word), clean, sizeof(clean));
    if (strncmp(word, begun, strlen(begun)) == 0 && strcmp(word, clean) == 0)
        printf("%s\n", word);
}

static void offer_options(const struct completion *completion, const char *begun)
{
    char word[64];

    for (const struct option *option = completion->options; option->name != NULL; option++) {
        snprintf(word, sizeof(word), "--%s", option->name);
        offer(word, begun);
    }
}

static void offer_names(struct call *call, struct complete *complete)
{
    const json_t *row;
    size_t i;

    if (call_ask(call, "players.list",
                 json_pack("{s:s, s:i}", "filter", complete->begun, "limit", NAMES_MAX)) != 0)
        return;
    json_array_foreach(json_object_get(call->result, "players"), i, row)
        complete_name(complete, json_string_value(json_object_get(row, "name")));
}

static void offer_words(const struct completion *completion, const char *begun)
{
    bool watch = strcmp(completion->verb[0], "watch") == 0;
    struct complete complete = {.n = 0};
    struct call call;
    const char *name;
    json_t *known, *row;
    size_t i;

    if (call_init(&call, completion->path, DEADLINE_MS) != 0)
        return;
    if (call_ask(&call, "rpc.discover", NULL) == 0) {
        known = json_copy(json_object_get(call.result, "methods"));
        json_array_foreach(json_object_get(call.result, "topics"), i, row)
        {
            if (watch)
                json_array_append(known, row);
        }
        complete_words(&complete, known, false, completion->verb + 1, completion->verb_n - 1,
                       begun);
        if (complete.names)
            offer_names(&call, &complete);
        json_decref(known);
    }
    call_fini(&call);
    for (i = 0; i < complete.n; i++) {
        name = complete.words[i];
        offer(name, complete.names ? "" : begun);
    }
}

enum console_exit completion_run(const char *path, const struct option *options, char *const *words,
                                 int words_n)
{
    static const char *const VERBS[] = {"exec", "watch"};
    static const char *const COLOURS[] = {"auto", "always", "never", "256"};
    struct completion completion = {.path = path, .options = options};
    const char *begun = words_n > 0 ? words[words_n - 1] : "";

    take(&completion, words, words_n - 1);
    if (completion.option != NULL) {
        for (int i = 0; i < 4 && strcmp(completion.option, "color") == 0; i++)
            offer(COLOURS[i], begun);
    } else if (begun[0] == '-') {
        offer_options(&completion, begun);
    } else if (completion.verb_n == 0) {
        for (int i = 0; i < 2; i++)
            offer(VERBS[i], begun);
    } else {
        offer_words(&completion, begun);
    }
    return CONSOLE_OK;
}
