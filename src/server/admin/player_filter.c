/* player_filter.c -- see player_filter.h. */
#define _GNU_SOURCE
#include "admin/player_filter.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/compiler.h"

/* In the units in which a person says it: what the console's columns show. */
struct player_filter_figure {
    const char *name;
    double (*value)(const struct presence_row *row);
};

static double rtt_ms(const struct presence_row *row)
{
    return row->figures.rtt_us / 1000.0;
}
static double in_kb_per_s(const struct presence_row *row)
{
    return row->figures.in_per_s / 1000.0;
}
static double out_kb_per_s(const struct presence_row *row)
{
    return row->figures.out_per_s / 1000.0;
}
static double cpu_ms_per_s(const struct presence_row *row)
{
    return row->figures.cost_us_per_s / 1000.0;
}
static double cells(const struct presence_row *row)
{
    return row->figures.cells;
}
static double shift(const struct presence_row *row)
{
    return row->figures.shift;
}
static double dropped(const struct presence_row *row)
{
    return row->figures.dropped;
}
static double withheld(const struct presence_row *row)
{
    return row->figures.withheld;
}

/* clang-format off */
static const struct player_filter_figure FIGURES[] = {
    {"rtt",      rtt_ms},
    {"in",       in_kb_per_s},
    {"out",      out_kb_per_s},
    {"cpu",      cpu_ms_per_s},
    {"cells",    cells},
    {"shift",    shift},
    {"dropped",  dropped},
    {"withheld", withheld},
};
/* clang-format on */

/* Yes or no, as 1 or 0: what is compared with what. */
static double is_native(const struct presence_row *row)
{
    return !SESSION_WEB(row->session);
}
static double is_web(const struct presence_row *row)
{
    return SESSION_WEB(row->session);
}
static double is_guest(const struct presence_row *row)
{
    return row->guest;
}
static double is_away(const struct presence_row *row)
{
    return row->away;
}

/* clang-format off */
static const struct player_filter_figure FACTS[] = {
    {"kind=native", is_native},
    {"kind=web",    is_web},
    {"is=guest",    is_guest},
    {"is=away",     is_away},
};
/* clang-format on */

static bool fact(const char *text, struct player_filter_word *word)
{
    for (size_t i = 0; i < ARRAY_N(FACTS); i++) {
        const char *sign = strchr(FACTS[i].name, '=');

        /* Not finished: the beginning of one, with its sign. */
        if (strlen(text) <= (size_t)(sign - FACTS[i].name) ||
            strncasecmp(FACTS[i].name, text, strlen(text)) != 0)
            continue;
        word->figure = &FACTS[i];
        word->sign = strcasecmp(FACTS[i].name, text) == 0 ? '=' : '\0';
        word->number = 1;
        return true;
    }
    return false;
}

static bool condition(const char *text, struct player_filter_word *word)
{
    size_t name_bytes = strcspn(text, "<>=");
    const char *number = text + name_bytes + 1;
    char *end;

    if (text[name_bytes] == '\0')
        return false;
    for (size_t i = 0; i < ARRAY_N(FIGURES); i++) {
        if (strlen(FIGURES[i].name) != name_bytes ||
            strncasecmp(FIGURES[i].name, text, name_bytes) != 0)
            continue;
        word->figure = &FIGURES[i];
        word->number = strtod(number, &end);
        word->sign = end != number && *end == '\0' ? text[name_bytes] : '\0';
        return true;
    }
    return false;
}

void player_filter_parse(struct player_filter *filter, const char *text)
{
    char *rest = NULL;

    memset(filter, 0, sizeof(*filter));
    snprintf(filter->room, sizeof(filter->room), "%s", text != NULL ? text : "");
    for (char *word = strtok_r(filter->room, " ", &rest);
         word != NULL && filter->words_n < PLAYER_FILTER_WORDS; word = strtok_r(NULL, " ", &rest)) {
        struct player_filter_word *parsed = &filter->words[filter->words_n++];

        parsed->text = word;
        if (!fact(word, parsed))
            condition(word, parsed);
    }
}

static bool word_holds(const struct player_filter_word *word, const struct presence_row *row)
{
    if (word->figure == NULL)
        return strcasestr(row->name, word->text) != NULL ||
               strcasestr(row->figures.address, word->text) != NULL;
    switch (word->sign) {
    case '<':
        return word->figure->value(row) < word->number;
    case '>':
        return word->figure->value(row) > word->number;
    case '=':
        return word->figure->value(row) == word->number;
    default:
        return true; /* not finished */
    }
}

bool player_filter_holds(const struct player_filter *filter, const struct presence_row *row)
{
    for (unsigned i = 0; i < filter->words_n; i++) {
        if (!word_holds(&filter->words[i], row))
            return false;
    }
    return true;
}
