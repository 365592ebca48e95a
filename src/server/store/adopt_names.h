/* adopt_names.h -- names and e-mails of adopted players: their keys, and what those get who come
 * second. For adopt.c. */
#ifndef OPENMMO_STORE_ADOPT_NAMES_H
#define OPENMMO_STORE_ADOPT_NAMES_H

#include "store/adopt.h"

/* Fill players from the old table. 0, or -1 + error. */
int adopt_names(struct adopt *adopt, struct error *error) MUST_CHECK;

/* Give players with an e-mail its key where they have none. 0, or -1 + error. */
int adopt_emails(struct adopt *adopt, struct error *error) MUST_CHECK;

#endif
