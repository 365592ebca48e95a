/* unplaced.c -- see unplaced.h. */
#include "play/unplaced.h"

#include <stdio.h>

#include "ops/metrics.h"
#include "play/presence_inside.h"

void unplaced_add(struct presence *presence, struct person *person)
{
    person->unplaced = true;
    presence->people.unplaced_n++;
    if (person->welcome)
        snprintf(person->welcome->text, sizeof(person->welcome->text),
                 "The database is away: you begin in the middle, and will be put where you were.");
}

void unplaced_inherit(struct presence *presence, struct person *person, const struct person *from)
{
    if (from->unplaced)
        unplaced_add(presence, person);
}

static void answered(void *context, uint64_t session, const struct store_answer *answer)
{
    struct presence *presence = context;
    struct person *person = people_find(&presence->people, session);
    const struct store_position *place = &answer->out.position;
    int32_t x, z;

    if (!person || !person->unplaced || person->state != PERSON_PRESENT ||
        answer->status == STORE_AWAY)
        return; /* the next flush asks again */
    if (answer->status == STORE_OK && saving_units(place->x_m, &x) &&
        saving_units(place->z_m, &z) && presence_teleport(presence, session, x, z) < 0)
        return;
    person->unplaced = false;
    presence->people.unplaced_n--;
}

void unplaced_ask(struct presence *presence)
{
    struct store_question question = {
        .statement = STORE_POSITION_BY_PLAYER, .answer = answered, .context = presence};
    struct person *person, *next;

    if (presence->people.unplaced_n == 0)
        return;
    HASH_ITER(hh, presence->people.persons, person, next)
    {
        if (!person->unplaced || person->state != PERSON_PRESENT)
            continue;
        question.tag = person->session;
        question.in.id.player_id = person->player;
        if (store_ask(presence->config.store, &question) < 0) {
            metrics_add(METRIC_STORE_ERRORS, 1);
            return;
        }
    }
}
