/* ask_list.h -- questions that wait, oldest first. One thread. */
#ifndef OPENMMO_STORE_ASK_LIST_H
#define OPENMMO_STORE_ASK_LIST_H

#include "store/driver.h"

struct ask_list {
    struct store_ask *oldest, **tail; /* tail: &oldest where it is empty */
    unsigned n;
};

static inline void ask_list_add(struct ask_list *list, struct store_ask *ask)
{
    ask->next = NULL;
    *list->tail = ask;
    list->tail = &ask->next;
    list->n++;
}

/* One or more, linked, before all others, in their order. */
static inline void ask_list_add_before(struct ask_list *list, struct store_ask *asks)
{
    struct store_ask *last = asks;

    list->n++;
    for (; last->next; last = last->next)
        list->n++;
    last->next = list->oldest;
    if (!list->oldest)
        list->tail = &last->next;
    list->oldest = asks;
}

/* The oldest n (1 or more, and so many there are), linked. */
static inline struct store_ask *ask_list_take(struct ask_list *list, unsigned n)
{
    struct store_ask *first = list->oldest, *last = first;

    for (unsigned i = 1; i < n; i++)
        last = last->next;
    list->oldest = last->next;
    last->next = NULL;
    if (!list->oldest)
        list->tail = &list->oldest;
    list->n -= n;
    return first;
}

#endif
