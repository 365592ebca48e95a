/* unplaced.h -- those who came back while the database was away and nothing here knew their places:
 * who they are their tokens say. They wait in the middle of the world, are saved nowhere, and are
 * put where they belong once the database answers. For presence only; control thread. */
#ifndef OPENMMO_PLAY_UNPLACED_H
#define OPENMMO_PLAY_UNPLACED_H

#include "play/presence.h"

struct person;

/* This one is one of them; his welcome tells him. */
void unplaced_add(struct presence *presence, struct person *person);
/* His figure was another's who was one: so is he. */
void unplaced_inherit(struct presence *presence, struct person *person, const struct person *from);
/* Ask for the places of all of them who are present; with each flush. */
void unplaced_ask(struct presence *presence);

#endif
