/* allowlist.c -- see allowlist.h.
 *
 *   add, remove --store--> committed --> the table
 *   read: page by page into a new table, which then takes the old one's place; begun anew where a
 *         change was committed meanwhile, for a page may be older than that */
#include "accounts/allowlist.h"

#include <stdio.h>
#include <stdlib.h>

#include "common/hash.h"
#include "common/log.h"
#include "store/timestamp.h"

#define PAGE    500
#define DOUBT_S 2 /* until it is read again where it is not known what the database holds */

struct listed {
    uint64_t player;
    UT_hash_handle hh;
};

struct allowlist {
    struct event_base *base;
    struct store *store;
    struct event *timer; /* when doubtful */
    struct listed *table;
    /* The read that is going on. */
    bool reading, loaded;
    struct listed *fresh;
    uint64_t page_from;
    uint64_t changes, changes_at_start; /* committed ones */
    struct error failure;               /* of the last read */
};

/* One change on its way. */
struct change {
    struct allowlist *allowlist;
    uint64_t player;
    struct listed *listed; /* to be put: no memory is asked for after the commit; NULL: removed */
    allowlist_done_fn *done;
    void *context;
    uint64_t tag;
};

/* -- the table --------------------------------------------------------------------------------- */

static struct listed *find(const struct listed *table, uint64_t player)
{
    struct listed *listed;

    HASH_FIND(hh, table, &player, sizeof(player), listed);
    return listed;
}

/* Takes listed. -1: out of memory. */
static int put(struct listed **table, struct listed *listed)
{
    if (listed == NULL)
        return -1;
    if (find(*table, listed->player) != NULL) {
        free(listed);
        return 0;
    }
    HASH_TRY_ADD(hh, *table, player, listed);
    if (HASH_ADDED(hh, listed))
        return 0;
    free(listed);
    return -1;
}

static void drop(struct listed **table, uint64_t player)
{
    struct listed *listed = find(*table, player);

    if (listed != NULL)
        HASH_DEL(*table, listed);
    free(listed);
}

static void clear(struct listed **table)
{
    struct listed *listed, *next;

    HASH_ITER(hh, *table, listed, next)
    {
        HASH_DEL(*table, listed);
        free(listed);
    }
}

static struct listed *listed_new(uint64_t player)
{
    struct listed *listed = calloc(1, sizeof(*listed));

    if (listed != NULL)
        listed->player = player;
    return listed;
}

bool allowlist_has(const struct allowlist *allowlist, uint64_t player)
{
    return find(allowlist->table, player) != NULL;
}

size_t allowlist_n(const struct allowlist *allowlist)
{
    return HASH_COUNT(allowlist->table);
}

/* -- reading ----------------------------------------------------------------------------------- */

static void read_page(struct allowlist *allowlist);

static void doubt(struct allowlist *allowlist)
{
    static const struct timeval wait = {DOUBT_S, 0};

    event_add(allowlist->timer, &wait);
}

static void read_failed(struct allowlist *allowlist, const char *why)
{
    static struct log_limit limit;
    uint64_t swallowed;

    allowlist->reading = false;
    clear(&allowlist->fresh);
    doubt(allowlist);
    error_set(&allowlist->failure, "the allowlist cannot be read: %s", why);
    if (allowlist->loaded && log_limit_pass(&limit, 1, &swallowed))
        log_event(LOG_LEVEL_WARN, "allowlist_unread", allowlist->failure.text, LOG_NONE);
}

static void read_begin(struct allowlist *allowlist)
{
    if (allowlist->reading)
        return;
    allowlist->reading = true;
    allowlist->page_from = 0;
    allowlist->changes_at_start = allowlist->changes;
    read_page(allowlist);
}

static void read_done(struct allowlist *allowlist)
{
    allowlist->reading = false;
    if (allowlist->changes != allowlist->changes_at_start) {
        clear(&allowlist->fresh);
        read_begin(allowlist);
        return;
    }
    clear(&allowlist->table);
    allowlist->table = allowlist->fresh;
    allowlist->fresh = NULL;
    allowlist->loaded = true;
}

static void took_page(void *context, uint64_t tag, const struct store_answer *answer)
{
    struct allowlist *allowlist = context;
    const struct store_listed *rows = answer->rows;

    (void)tag;
    if (answer->status == STORE_AWAY) {
        read_failed(allowlist, answer->error.text);
        return;
    }
    for (size_t i = 0; i < answer->rows_n; i++) {
        if (put(&allowlist->fresh, listed_new(rows[i].player_id)) != 0) {
            read_failed(allowlist, "out of memory");
            return;
        }
        allowlist->page_from = rows[i].player_id;
    }
    if (answer->rows_n == PAGE)
        read_page(allowlist);
    else
        read_done(allowlist);
}

static void read_page(struct allowlist *allowlist)
{
    struct store_question question = {
        .statement = STORE_ALLOWLIST_LIST, .answer = took_page, .context = allowlist};

    question.in.page.from = allowlist->page_from;
    question.in.page.limit = PAGE;
    if (store_ask(allowlist->store, &question) != 0)
        read_failed(allowlist, "the database has too much to do");
}

/* -- changing ---------------------------------------------------------------------------------- */

static void take_change(struct change *change)
{
    struct allowlist *allowlist = change->allowlist;
    struct listed *listed = change->listed;

    allowlist->changes++;
    change->listed = NULL;
    if (listed == NULL)
        drop(&allowlist->table, change->player);
    else if (put(&allowlist->table, listed) != 0)
        doubt(allowlist); /* read again when there is memory */
}

static void end(struct change *change, enum store_status status, const struct error *error)
{
    change->done(change->context, change->tag, status, error);
    free(change->listed);
    free(change);
}

static void changed(void *context, uint64_t tag, const struct store_answer *answer)
{
    struct change *change = context;

    (void)tag;
    if (answer->status == STORE_OK) {
        take_change(change);
    } else if (answer->status == STORE_AWAY) { /* perhaps it was made: nobody knows */
        change->allowlist->changes++;
        doubt(change->allowlist);
    }
    end(change, answer->status, &answer->error);
}

static void ask(const struct change *order, struct store_question *question)
{
    struct change *change = calloc(1, sizeof(*change));
    bool adds = question->statement == STORE_ALLOWLIST_ADD;
    struct error error;

    error_set(&error, "out of memory");
    if (change == NULL) {
        order->done(order->context, order->tag, STORE_AWAY, &error);
        return;
    }
    *change = *order;
    change->listed = adds ? listed_new(order->player) : NULL;
    if (adds && change->listed == NULL) {
        end(change, STORE_AWAY, &error);
        return;
    }
    question->answer = changed;
    question->context = change;
    if (store_ask(order->allowlist->store, question) == 0)
        return;
    error_set(&error, "the database has too much to do: try again");
    end(change, STORE_AWAY, &error);
}

void allowlist_add(struct allowlist *allowlist, uint64_t player, const char *by,
                   allowlist_done_fn *done, void *context, uint64_t tag)
{
    struct store_question question = {.statement = STORE_ALLOWLIST_ADD};

    question.in.listed.player_id = player;
    question.in.listed.added_ms = timestamp_now_ms();
    snprintf(question.in.listed.added_by, sizeof(question.in.listed.added_by), "%s", by);
    ask(&(struct change){allowlist, player, NULL, done, context, tag}, &question);
}

void allowlist_remove(struct allowlist *allowlist, uint64_t player, allowlist_done_fn *done,
                      void *context, uint64_t tag)
{
    struct store_question question = {.statement = STORE_ALLOWLIST_REMOVE};

    question.in.listed.player_id = player;
    ask(&(struct change){allowlist, player, NULL, done, context, tag}, &question);
}

void allowlist_forget(struct allowlist *allowlist, uint64_t player)
{
    if (allowlist == NULL)
        return;
    allowlist->changes++;
    drop(&allowlist->table, player);
}

/* -- beginning and end ------------------------------------------------------------------------- */

static void on_time(evutil_socket_t fd, short what, void *context)
{
    (void)fd, (void)what;
    read_begin(context);
}

struct allowlist *allowlist_new(struct event_base *base, struct store *store, struct error *error)
{
    struct allowlist *allowlist = calloc(1, sizeof(*allowlist));

    if (allowlist != NULL) {
        allowlist->base = base;
        allowlist->store = store;
        allowlist->timer = evtimer_new(base, on_time, allowlist);
    }
    if (allowlist == NULL || allowlist->timer == NULL) {
        error_set(error, "out of memory");
        allowlist_free(allowlist);
        return NULL;
    }
    read_begin(allowlist);
    while (allowlist->reading && event_base_loop(base, EVLOOP_ONCE) == 0)
        continue;
    if (!allowlist->loaded) {
        error_set(error, "%s", allowlist->failure.text);
        allowlist_free(allowlist);
        return NULL;
    }
    return allowlist;
}

void allowlist_free(struct allowlist *allowlist)
{
    if (allowlist == NULL)
        return;
    if (allowlist->timer != NULL)
        event_free(allowlist->timer);
    clear(&allowlist->table);
    clear(&allowlist->fresh);
    free(allowlist);
}
