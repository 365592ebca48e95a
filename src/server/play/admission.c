/* admission.c -- see admission.h: two lists in one order, and a ring of who left. */
#include "play/admission.h"

#include <stdlib.h>
#include <utlist.h>

#include "common/hash.h"

#define TELL_EVERY_MS 1000
#define TELL_AGAIN_MS 20000

enum rank { RANK_STAFF, RANK_RETURNING, RANK_NEWCOMER, RANKS };

struct waiting {
    uint64_t session; /* key */
    unsigned rank;
    uint32_t told; /* place, 0: not yet */
    uint64_t told_ms;
    struct waiting *prev, *next;
    UT_hash_handle hh;
};

struct gone {
    uint64_t player; /* key; 0: an unused seat of the ring */
    uint64_t left_ms;
    UT_hash_handle hh;
};

struct admission {
    uint32_t waiting_max;
    struct waiting *line[RANKS];
    uint32_t line_n[RANKS];
    struct waiting *by_session;
    struct gone *ring, *by_player;
    uint32_t ring_n, ring_at; /* the oldest seat */
};

struct admission *admission_new(uint32_t waiting_max, uint32_t remembered_max, struct error *error)
{
    struct admission *admission = calloc(1, sizeof(*admission));

    if (admission)
        admission->ring = calloc(remembered_max, sizeof(*admission->ring));
    if (!admission || !admission->ring) {
        error_set(error, "out of memory");
        admission_free(admission);
        return NULL;
    }
    admission->waiting_max = waiting_max;
    admission->ring_n = remembered_max;
    return admission;
}

void admission_free(struct admission *admission)
{
    struct waiting *waiting, *next;

    if (!admission)
        return;
    HASH_ITER(hh, admission->by_session, waiting, next)
    {
        HASH_DEL(admission->by_session, waiting);
        free(waiting);
    }
    HASH_CLEAR(hh, admission->by_player);
    free(admission->ring);
    free(admission);
}

void admission_reconfigure(struct admission *admission, uint32_t waiting_max)
{
    admission->waiting_max = waiting_max;
}

/* -- who left -------------------------------------------------------------------------------- */

void admission_remember(struct admission *admission, uint64_t player, uint64_t now_ms)
{
    struct gone *gone;

    HASH_FIND(hh, admission->by_player, &player, sizeof(player), gone);
    if (!gone) {
        gone = &admission->ring[admission->ring_at];
        admission->ring_at = (admission->ring_at + 1) % admission->ring_n;
        if (gone->player != 0)
            HASH_DEL(admission->by_player, gone);
        gone->player = player;
        HASH_TRY_ADD(hh, admission->by_player, player, gone);
        if (!HASH_ADDED(hh, gone)) { /* he comes back as a newcomer */
            gone->player = 0;
            return;
        }
    }
    gone->left_ms = now_ms;
}

bool admission_returns(const struct admission *admission, uint64_t player, uint64_t now_ms)
{
    struct gone *gone;

    HASH_FIND(hh, admission->by_player, &player, sizeof(player), gone);
    return gone && now_ms - gone->left_ms < ADMISSION_MEMORY_MS;
}

/* -- the line ---------------------------------------------------------------------------------- */

static struct waiting *find(const struct admission *admission, uint64_t session)
{
    struct waiting *waiting;

    HASH_FIND(hh, admission->by_session, &session, sizeof(session), waiting);
    return waiting;
}

int admission_wait(struct admission *admission, uint64_t session, uint64_t player, bool staff,
                   uint64_t now_ms)
{
    enum rank rank = RANK_NEWCOMER;
    struct waiting *waiting;

    if (staff)
        rank = RANK_STAFF;
    else if (admission_returns(admission, player, now_ms))
        rank = RANK_RETURNING;
    if (rank == RANK_NEWCOMER && admission->line_n[rank] >= admission->waiting_max)
        return -1;
    waiting = calloc(1, sizeof(*waiting));
    if (!waiting)
        return -1;
    waiting->session = session;
    waiting->rank = rank;
    HASH_TRY_ADD(hh, admission->by_session, session, waiting);
    if (!HASH_ADDED(hh, waiting)) {
        free(waiting);
        return -1;
    }
    DL_APPEND(admission->line[rank], waiting);
    admission->line_n[rank]++;
    return 0;
}

int admission_replace(struct admission *admission, uint64_t session, uint64_t by_session)
{
    struct waiting *waiting = find(admission, session), *other;

    if (!waiting)
        return 0;
    other = calloc(1, sizeof(*other));
    if (!other)
        return -1;
    other->session = by_session;
    other->rank = waiting->rank;
    HASH_TRY_ADD(hh, admission->by_session, session, other); /* behind another: it cannot fail */
    HASH_DEL(admission->by_session, waiting);
    DL_REPLACE_ELEM(admission->line[waiting->rank], waiting, other);
    free(waiting);
    return 0;
}

void admission_promote(struct admission *admission, uint64_t session)
{
    struct waiting *waiting = find(admission, session);

    if (!waiting || waiting->rank == RANK_STAFF)
        return;
    DL_DELETE(admission->line[waiting->rank], waiting);
    admission->line_n[waiting->rank]--;
    waiting->rank = RANK_STAFF;
    DL_APPEND(admission->line[RANK_STAFF], waiting);
    admission->line_n[RANK_STAFF]++;
}

void admission_leave(struct admission *admission, uint64_t session)
{
    struct waiting *waiting = find(admission, session);

    if (!waiting)
        return;
    HASH_DEL(admission->by_session, waiting);
    DL_DELETE(admission->line[waiting->rank], waiting);
    admission->line_n[waiting->rank]--;
    free(waiting);
}

uint64_t admission_next(const struct admission *admission, bool returning_only)
{
    if (admission->line[RANK_STAFF])
        return admission->line[RANK_STAFF]->session;
    if (admission->line[RANK_RETURNING])
        return admission->line[RANK_RETURNING]->session;
    if (returning_only || !admission->line[RANK_NEWCOMER])
        return 0;
    return admission->line[RANK_NEWCOMER]->session;
}

uint32_t admission_n(const struct admission *admission)
{
    uint32_t n = 0;

    for (unsigned rank = 0; rank < RANKS; rank++)
        n += admission->line_n[rank];
    return n;
}

static bool is_news(const struct waiting *waiting, uint32_t place, uint64_t now_ms)
{
    uint64_t since_ms = now_ms - waiting->told_ms;

    if (waiting->told == 0)
        return true;
    return since_ms >= (waiting->told != place ? TELL_EVERY_MS : TELL_AGAIN_MS);
}

void admission_tell(struct admission *admission, uint64_t now_ms, admission_tell_fn *tell,
                    void *context)
{
    uint32_t place = 0, of = admission_n(admission);
    struct waiting *waiting;

    for (unsigned rank = 0; rank < RANKS; rank++)
        DL_FOREACH(admission->line[rank], waiting)
        {
            if (!is_news(waiting, ++place, now_ms))
                continue;
            waiting->told = place;
            waiting->told_ms = now_ms;
            tell(context, waiting->session, place, of);
        }
}
