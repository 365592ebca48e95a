/* complete.c -- see complete.h. */
#include "complete.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "common/compiler.h"
#include "console/request.h"
#include "form.h"

static void add(struct complete *complete, const char *begun, const char *word)
{
    if (strncmp(word, begun, strlen(begun)) != 0 || complete->n == COMPLETE_MAX ||
        strlen(word) >= COMPLETE_BYTES)
        return;
    for (size_t i = 0; i < complete->n; i++) {
        if (strcmp(complete->words[i], word) == 0)
            return;
    }
    snprintf(complete->words[complete->n++], COMPLETE_BYTES, "%s", word);
}

static void add_methods(struct complete *complete, const json_t *methods, bool forms,
                        const char *begun)
{
    const json_t *row;
    size_t i;

    for (i = 0; i < FORMS_N && forms; i++)
        add(complete, begun, FORMS[i].name);
    json_array_foreach((json_t *)methods, i, row)
        add(complete, begun, json_string_value(json_object_get(row, "name")));
}

/* Is a parameter of that name a player's name? */
static bool is_player(const char *method, const char *param)
{
    static const char *const FAMILIES[] = {"players.",   "bans.",    "mutes.", "accounts.",
                                           "allowlist.", "network.", "world."};
    static const char *const PARAMS[] = {"name", "player", "to"};
    bool family = false, is = false;

    for (size_t i = 0; i < ARRAY_N(FAMILIES); i++)
        family |= strncmp(method, FAMILIES[i], strlen(FAMILIES[i])) == 0;
    for (size_t i = 0; i < ARRAY_N(PARAMS); i++)
        is |= strcmp(param, PARAMS[i]) == 0;
    return family && is;
}

/* Values of a parameter; lead: "param=", or empty where the word is the value alone. */
static void add_values(struct complete *complete, const char *method, const json_t *param,
                       const char *lead, const char *begun)
{
    const char *type = json_string_value(json_object_get(param, "type"));
    const char *name = json_string_value(json_object_get(param, "name"));
    const json_t *word;
    char text[COMPLETE_BYTES], whole[COMPLETE_BYTES + 80];
    size_t i;

    if (name == NULL || type == NULL)
        return;
    snprintf(whole, sizeof(whole), "%s%s", lead, begun);
    json_array_foreach(json_object_get(param, "words"), i, word)
    {
        snprintf(text, sizeof(text), "%s%s", lead, json_string_value(word));
        add(complete, whole, text);
    }
    for (i = 0; i < 2 && strcmp(type, "boolean") == 0; i++) {
        snprintf(text, sizeof(text), "%s%s", lead, i == 0 ? "yes" : "no");
        add(complete, whole, text);
    }
    if (!is_player(method, name))
        return;
    complete->names = true;
    snprintf(complete->lead, sizeof(complete->lead), "%s", lead);
    snprintf(complete->begun, sizeof(complete->begun), "%s", begun);
}

/* Which of the form's parameters the next word without "=" is. */
static const char *next_param(const struct form *form, char *const *before, int before_n)
{
    int next = 0;

    for (int i = 1; i < before_n; i++) {
        if (strchr(before[i], '=') == NULL && next + 1 < FORM_PARAMS &&
            form->params[next + 1] != NULL)
            next++;
    }
    return form->params[next];
}

static bool is_given(char *const *before, int before_n, const char *name)
{
    size_t n = strlen(name);

    for (int i = 1; i < before_n; i++) {
        if (strncmp(before[i], name, n) == 0 && before[i][n] == '=')
            return true;
    }
    return false;
}

void complete_words(struct complete *complete, const json_t *methods, bool forms,
                    char *const *before, int before_n, const char *begun)
{
    const struct form *form = forms && before_n > 0 ? form_find(before[0]) : NULL;
    const char *method = form != NULL ? form->method : before_n > 0 ? before[0] : "";
    const json_t *params = json_object_get(request_row(methods, method), "params"), *param;
    const char *equals = strchr(begun, '=');
    char name[64];
    size_t i;

    memset(complete, 0, sizeof(*complete));
    if (before_n == 0) {
        add_methods(complete, methods, forms, begun);
        return;
    }
    if (equals != NULL) {
        int name_bytes = (int)(equals - begun);

        snprintf(name, sizeof(name), "%.*s", name_bytes, begun);
        param = request_row(params, name);
        if (snprintf(name, sizeof(name), "%.*s=", name_bytes, begun) < (int)sizeof(name))
            add_values(complete, method, param, name, equals + 1);
        return;
    }
    if (form != NULL && next_param(form, before, before_n) != NULL)
        add_values(complete, method, request_row(params, next_param(form, before, before_n)), "",
                   begun);
    json_array_foreach((json_t *)params, i, param)
    {
        const char *is = json_string_value(json_object_get(param, "name"));

        if (is == NULL || is_given(before, before_n, is) || strlen(is) + 2 > sizeof(name))
            continue;
        snprintf(name, sizeof(name), "%s=", is);
        if (form == NULL || begun[0] != '\0')
            add(complete, begun, name);
    }
}

/* A name that would be taken apart at its blanks goes between quotes. */
void complete_name(struct complete *complete, const char *name)
{
    bool quoted = strpbrk(name, " '\"\\") != NULL;
    char word[COMPLETE_BYTES + 96];

    if (!complete->names || strncasecmp(name, complete->begun, strlen(complete->begun)) != 0 ||
        strchr(name, '\'') != NULL)
        return;
    snprintf(word, sizeof(word), quoted ? "%s'%.90s'" : "%s%.90s", complete->lead, name);
    add(complete, "", word);
}

size_t complete_common(const struct complete *complete, char *out, size_t room_bytes)
{
    size_t n = complete->n > 0 ? strlen(complete->words[0]) : 0;

    for (size_t i = 1; i < complete->n; i++) {
        size_t same = 0;

        while (same < n && complete->words[i][same] == complete->words[0][same])
            same++;
        n = same;
    }
    while (n > 0 && ((unsigned char)complete->words[0][n] & 0xc0) == 0x80)
        n--; /* no half of a character */
    snprintf(out, room_bytes, "%.*s", (int)n, complete->words[0]);
    return n;
}
