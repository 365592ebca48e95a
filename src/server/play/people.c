/* people.c -- see people.h. */
#include "play/people.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#include "common/log.h"
#include "ops/metrics.h"

struct person *people_add(struct people *people, uint64_t session)
{
    struct person *person = calloc(1, sizeof(*person));

    if (!person)
        return NULL;
    person->session = session;
    person->state = PERSON_LOGIN;
    HASH_TRY_ADD(hh, people->persons, session, person);
    if (!HASH_ADDED(hh, person)) {
        free(person);
        return NULL;
    }
    return person;
}

void people_drop_welcome(struct person *person)
{
    if (!person->welcome)
        return;
    sodium_memzero(person->welcome, sizeof(*person->welcome)); /* the token */
    free(person->welcome);
    person->welcome = NULL;
}

void people_remove(struct people *people, struct person *person)
{
    people_enter(people, person, PERSON_LOGIN);
    if (people_holder(people, person->player) == person)
        HASH_DELETE(by_player, people->holders, person);
    HASH_DEL(people->persons, person);
    people->unplaced_n -= person->unplaced;
    people_drop_welcome(person);
    free(person);
}

void people_fini(struct people *people)
{
    struct person *person, *next;

    HASH_CLEAR(by_player, people->holders);
    HASH_ITER(hh, people->persons, person, next)
    {
        HASH_DEL(people->persons, person);
        people_drop_welcome(person);
        free(person);
    }
}

struct person *people_find(const struct people *people, uint64_t session)
{
    struct person *person;

    HASH_FIND(hh, people->persons, &session, sizeof(session), person);
    return person;
}

struct person *people_holder(const struct people *people, uint64_t player)
{
    struct person *person;

    HASH_FIND(by_player, people->holders, &player, sizeof(player), person);
    return person;
}

struct person *people_present(const struct people *people, const char *name)
{
    char wanted[TEXT_NAME_KEY_BYTES], key[TEXT_NAME_KEY_BYTES];
    struct person *person, *next;

    if (text_name_key(name, strlen(name), wanted, NULL) < 0)
        return NULL;
    HASH_ITER(hh, people->persons, person, next)
    if ((person->state == PERSON_PRESENT || person->state == PERSON_AWAY) &&
        text_name_key(person->name, strlen(person->name), key, NULL) >= 0 &&
        strcmp(key, wanted) == 0)
        return person;
    return NULL;
}

/* The count that a state has, NULL for those that none is kept of. */
static uint32_t *count_of(struct people *people, enum person_state state)
{
    switch (state) {
    case PERSON_PRESENT:
        return &people->present_n;
    case PERSON_AWAY:
        return &people->away_n;
    case PERSON_LEAVING:
        return &people->leaving_n;
    case PERSON_IN_LINE:
        return &people->in_line_n;
    case PERSON_LOGIN:
    case PERSON_WAITING:
    case PERSON_PLACE:
    case PERSON_JOINING:
        break;
    }
    return NULL;
}

void people_enter(struct people *people, struct person *person, enum person_state state)
{
    uint32_t *before = count_of(people, person->state), *now = count_of(people, state);

    if (before)
        --*before;
    if (person->state == PERSON_AWAY)
        DL_DELETE2(people->away, person, prev, next);
    person->state = state;
    if (state == PERSON_AWAY)
        DL_APPEND2(people->away, person, prev, next);
    if (now)
        ++*now;
    metrics_set(METRIC_PLAYERS, people->present_n);
    metrics_set(METRIC_WAITING, people->in_line_n);
    metrics_set(METRIC_AWAY, people->away_n);
}

int people_hold(struct people *people, struct person *person)
{
    if (people_holder(people, person->player) == person)
        return 0;
    HASH_TRY_ADD(by_player, people->holders, player, person);
    return HASH_ADDED(by_player, person) ? 0 : -1;
}

void people_hold_after(struct people *people, struct person *person, struct person *holder)
{
    HASH_TRY_ADD(by_player, people->holders, player, person); /* first: so it cannot fail */
    HASH_DELETE(by_player, people->holders, holder);
}

uint32_t people_inside(const struct people *people)
{
    return (uint32_t)HASH_CNT(by_player, people->holders) - people->in_line_n;
}

/* The queue has room for all that can be said of everybody: -1 is a fault of ours. */
int people_command(struct person *person, struct queue *commands, struct command *command)
{
    command->session = person->session;
    command->producer = COMMAND_FROM_CONTROL;
    command->sequence = ++person->sequence;
    if (queue_push_reserved(commands, command) == 0)
        return 0;
    log_event(LOG_LEVEL_ERROR, "command_lost", "control's queue to the simulation is full",
              LOG_U64("id", person->player));
    command_drop(command);
    return -1;
}
