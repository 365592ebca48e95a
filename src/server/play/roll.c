/* roll.c -- see roll.h. */
#include "play/roll.h"

#include <string.h>

#include "play/saving.h"

static void describe(const struct person *person, const struct snapshot *snapshot,
                     const struct sessions *sessions, struct presence_row *row)
{
    const struct snapshot_entity *entity =
        snapshot ? snapshot_entity(snapshot, person->entity) : NULL;

    memset(row, 0, sizeof(*row));
    row->session = person->session;
    row->player = person->guest ? 0 : person->player;
    row->guest = person->guest;
    row->entity = person->entity;
    row->away = person->state == PERSON_AWAY;
    memcpy(row->name, person->name, sizeof(row->name));
    row->joined_ms = person->joined_ms;
    if (entity) {
        row->x_m = saving_metres(entity->state.pos.x);
        row->y_m = saving_metres(entity->state.pos.y);
        row->z_m = saving_metres(entity->state.pos.z);
    }
    if (sessions_figures(sessions, person->session, &row->figures) < 0)
        memset(&row->figures, 0, sizeof(row->figures)); /* it is closing, or away */
}

static bool stands(const struct person *person)
{
    return person->state == PERSON_PRESENT || person->state == PERSON_AWAY;
}

int roll_one(const struct people *people, const struct snapshot *snapshot,
             const struct sessions *sessions, uint64_t session, struct presence_row *row)
{
    const struct person *person = people_find(people, session);

    if (!person || !stands(person))
        return -1;
    describe(person, snapshot, sessions, row);
    return 0;
}

void roll_each(const struct people *people, const struct snapshot *snapshot,
               const struct sessions *sessions, presence_visit_fn *visit, void *context)
{
    struct person *person, *next;
    struct presence_row row;

    HASH_ITER(hh, people->persons, person, next)
    {
        if (!stands(person))
            continue;
        describe(person, snapshot, sessions, &row);
        if (!visit(context, &row))
            return;
    }
}
