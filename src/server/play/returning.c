/* returning.c -- see returning.h. */
#include "play/returning.h"

#include <string.h>
#include <utlist.h>

#include "common/clock.h"

static void arm(struct returning *returning, uint64_t at_ms)
{
    const struct person *first = returning->people->away;
    uint64_t wait_ms;
    struct timeval wait;

    if (!first)
        return;
    wait_ms = first->away_until_ms > at_ms ? first->away_until_ms - at_ms : 0;
    wait.tv_sec = (time_t)(wait_ms / 1000);
    wait.tv_usec = (suseconds_t)(wait_ms % 1000) * 1000;
    event_add(returning->timer, &wait);
}

static void due(evutil_socket_t fd, short what, void *context)
{
    struct returning *returning = context;
    uint64_t at_ms = clock_steady_ms();

    (void)fd, (void)what;
    while (returning->people->away && returning->people->away->away_until_ms <= at_ms)
        returning->over(returning->context, returning->people->away);
    arm(returning, at_ms);
}

int returning_init(struct returning *returning, struct event_base *base, struct people *people,
                   returning_over_fn *over, void *context, struct error *error)
{
    *returning = (struct returning){.people = people, .over = over, .context = context};
    returning->timer = evtimer_new(base, due, returning);
    return returning->timer ? 0 : error_set(error, "out of memory");
}

void returning_fini(struct returning *returning)
{
    if (returning->timer)
        event_free(returning->timer);
}

/* Whoever is lost later is behind those who are away: were they to wait longer, so would he. */
void returning_set(struct returning *returning, uint32_t linger_ms)
{
    uint64_t at_ms = clock_steady_ms();
    struct person *person;

    returning->linger_ms = linger_ms;
    DL_FOREACH2(returning->people->away, person, next)
    if (person->away_until_ms > at_ms + linger_ms)
        person->away_until_ms = at_ms + linger_ms;
    arm(returning, at_ms);
}

bool returning_may(const struct returning *returning, enum protocol_reason reason)
{
    /* It broke off, or its client did not keep up; all else was decided by somebody. */
    return returning->linger_ms > 0 &&
           (reason == PROTOCOL_REASON_NONE || reason == PROTOCOL_REASON_TOO_SLOW ||
            reason == PROTOCOL_REASON_NOT_READING);
}

bool returning_room(const struct returning *returning, const struct person *person)
{
    const struct person *other;
    size_t n = 0, bytes = network_is_v4(person->address) ? NETWORK_BYTES : NETWORK_BYTES / 2;

    if (person->exempt)
        return true;
    DL_FOREACH2(returning->people->away, other, next)
    n += memcmp(other->address, person->address, bytes) == 0;
    return n < RETURNING_PER_NETWORK;
}

void returning_wait(struct returning *returning, struct person *person)
{
    uint64_t at_ms = clock_steady_ms();

    person->away_until_ms = at_ms + returning->linger_ms;
    people_enter(returning->people, person, PERSON_AWAY);
    arm(returning, at_ms);
}

void returning_end(struct returning *returning)
{
    returning->linger_ms = 0;
    while (returning->people->away)
        returning->over(returning->context, returning->people->away);
}
