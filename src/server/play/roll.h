/* roll.h -- who is in the world, as operators see it. Control thread. */
#ifndef OPENMMO_PLAY_ROLL_H
#define OPENMMO_PLAY_ROLL_H

#include "play/people.h"
#include "play/presence.h"

/* presence_each, of these people; where they are is as of snapshot (NULL: not known). */
void roll_each(const struct people *people, const struct snapshot *snapshot,
               const struct sessions *sessions, presence_visit_fn *visit, void *context);
/* presence_row, likewise. */
int roll_one(const struct people *people, const struct snapshot *snapshot,
             const struct sessions *sessions, uint64_t session,
             struct presence_row *row) MUST_CHECK;

#endif
