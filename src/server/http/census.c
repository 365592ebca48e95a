/* census.c -- see census.h. */
#include "http/census.h"
#include "common/clock.h"

#include <stdbool.h>
#include <stdlib.h>
#include <time.h>

#define ROOM_FIRST 16

struct waiting {
    census_done_fn *done;
    void *context;
};

struct census {
    struct store *store;
    int64_t players; /* -1: never told */
    uint64_t told_ms;
    bool asked;
    struct waiting *waiting;
    unsigned n, room;
};

/* Who is told may ask again at once. */
static void tell(struct census *census)
{
    struct waiting *waiting = census->waiting;
    unsigned n = census->n;

    census->waiting = NULL;
    census->n = census->room = 0;
    for (unsigned i = 0; i < n; i++)
        waiting[i].done(waiting[i].context, census->players);
    free(waiting);
}

/* While the database is away an old number is better than none. */
static void answered(void *context, uint64_t tag, const struct store_answer *answer)
{
    struct census *census = context;

    (void)tag;
    census->asked = false;
    if (answer->status == STORE_OK) {
        census->players = (int64_t)answer->out.id;
        census->told_ms = clock_steady_ms();
    }
    tell(census);
}

static bool wait_for_it(struct census *census, census_done_fn *done, void *context)
{
    if (census->n == census->room) {
        unsigned room = census->room ? 2 * census->room : ROOM_FIRST;
        struct waiting *grown =
            room > CENSUS_WAITING ? NULL : realloc(census->waiting, room * sizeof(*grown));

        if (!grown)
            return false;
        census->waiting = grown;
        census->room = room;
    }
    census->waiting[census->n++] = (struct waiting){done, context};
    return true;
}

void census_ask(struct census *census, census_done_fn *done, void *context)
{
    struct store_question question = {
        .statement = STORE_PLAYERS_COUNT, .answer = answered, .context = census};

    if (census->players >= 0 && clock_steady_ms() - census->told_ms < CENSUS_MS) {
        done(context, census->players);
        return;
    }
    if (!wait_for_it(census, done, context)) {
        done(context, -1);
        return;
    }
    if (census->asked)
        return;
    census->asked = true;
    if (store_ask(census->store, &question) < 0) {
        census->asked = false;
        tell(census);
    }
}

struct census *census_new(struct store *store)
{
    struct census *census = calloc(1, sizeof(*census));

    if (census) {
        census->store = store;
        census->players = -1;
    }
    return census;
}

void census_free(struct census *census)
{
    if (census)
        free(census->waiting);
    free(census);
}
