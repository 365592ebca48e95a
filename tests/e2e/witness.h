/* witness.h -- one daemon for all tests of a program, and a player who walks through each of them:
 * whatever others do there, he is not disturbed. The daemon and the party are the stage's. */
#ifndef OPENMMO_TESTS_WITNESS_H
#define OPENMMO_TESTS_WITNESS_H

#include "stage.h"

extern struct player *witness;

/* For the group's own setup: the daemon runs, this process may open up to so many files, and he has
 * an account. extra: as daemon_start's. Returns how many files may be open. */
unsigned witness_stage(const char *ini, const char *const *extra, unsigned files_max);
/* The group's teardown. */
int witness_unstage(void **state);

int witness_comes(void **state);
/* Fails where he was dropped, told something or held back, or where the daemon is gone. */
int witness_leaves(void **state);

#define WITNESSED(test) cmocka_unit_test_setup_teardown(test, witness_comes, witness_leaves)

#endif
