/* roster.c -- see roster.h. */
#define _GNU_SOURCE
#include "admin/roster.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/command.h"

static int compare_u64(uint64_t a, uint64_t b)
{
    return (a > b) - (a < b);
}

static int by_name(const struct presence_row *a, const struct presence_row *b)
{
    return strcasecmp(a->name, b->name);
}
static int by_address(const struct presence_row *a, const struct presence_row *b)
{
    return strverscmp(a->figures.address, b->figures.address);
}

static int by_kind(const struct presence_row *a, const struct presence_row *b)
{
    return compare_u64(SESSION_WEB(a->session), SESSION_WEB(b->session));
}

/* clang-format off */
#define FIGURES(ROW) \
    ROW(rtt, figures.rtt_us) ROW(in, figures.bytes_in) ROW(out, figures.bytes_out) \
    ROW(joined, joined_ms) ROW(session, session) ROW(cost, figures.cost_us) \
    ROW(in_per_s, figures.in_per_s) ROW(out_per_s, figures.out_per_s) \
    ROW(cost_us_per_s, figures.cost_us_per_s) ROW(cells, figures.cells) ROW(shift, figures.shift) \
    ROW(withheld, figures.withheld) ROW(dropped, figures.dropped)

#define BY(word, member) \
    static int by_##word(const struct presence_row *a, const struct presence_row *b) \
    { \
        return compare_u64(a->member, b->member); \
    }
FIGURES(BY)

typedef int compare_fn(const struct presence_row *a, const struct presence_row *b);
#define WORD(word, member)    #word,
#define COMPARE(word, member) by_##word,
const char *const ROSTER_SORTS[] = {"name", "address", "kind", FIGURES(WORD) NULL};
static compare_fn *const COMPARES[] = {by_name, by_address, by_kind, FIGURES(COMPARE)};
/* clang-format on */

struct order {
    compare_fn *compare;
    bool descending;
};

/* Equal ones stand by session, so that a list does not jump about between two samples. */
static int in_order(const void *a, const void *b, void *context)
{
    const struct order *order = context;
    int way = order->compare(a, b);

    if (order->descending)
        way = -way;
    return way != 0 ? way : by_session(a, b);
}

static bool collect(void *context, const struct presence_row *row)
{
    struct roster *roster = context;

    if (!player_filter_holds(&roster->filter, row))
        return true;
    if (roster->n == roster->room) {
        size_t room = roster->room > 0 ? roster->room * 2 : 256;
        struct presence_row *more = realloc(roster->rows, room * sizeof(*more));

        if (more == NULL)
            return false;
        roster->rows = more;
        roster->room = room;
    }
    roster->rows[roster->n++] = *row;
    return true;
}

static int sort_of(const char *word)
{
    for (int i = 0; word != NULL && ROSTER_SORTS[i] != NULL; i++) {
        if (strcmp(ROSTER_SORTS[i], word) == 0)
            return i;
    }
    return 0;
}

static void make(struct roster *roster, struct presence *presence, const char *text)
{
    struct order order = {COMPARES[roster->sort], roster->descending};

    snprintf(roster->text, sizeof(roster->text), "%s", text);
    player_filter_parse(&roster->filter, text);
    roster->n = 0;
    presence_each(presence, collect, roster);
    if (roster->n > 0)
        qsort_r(roster->rows, roster->n, sizeof(roster->rows[0]), in_order, &order);
}

const struct presence_row *roster_rows(struct roster *roster, struct presence *presence,
                                       const struct roster_order *order, uint64_t now_ms, size_t *n)
{
    const char *text = order->filter != NULL ? order->filter : "";
    int sort = sort_of(order->sort);

    if (roster->made_ms == 0 || now_ms - roster->made_ms >= ROSTER_KEPT_MS ||
        sort != roster->sort || order->descending != roster->descending ||
        strcmp(text, roster->text) != 0) {
        roster->sort = sort;
        roster->descending = order->descending;
        roster->made_ms = now_ms;
        make(roster, presence, text);
    }
    *n = roster->n;
    return roster->rows;
}

void roster_expire(struct roster *roster)
{
    roster->made_ms = 0;
}

void roster_fini(struct roster *roster)
{
    free(roster->rows);
    memset(roster, 0, sizeof(*roster));
}
