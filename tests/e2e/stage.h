/* stage.h -- what most end-to-end tests play on: one daemon and one party, fresh for each test.
 * See harness.h. */
#ifndef OPENMMO_TESTS_STAGE_H
#define OPENMMO_TESTS_STAGE_H

#include "harness.h"

extern struct daemon server;
extern struct party *party;

/* Make both; *state: more lines for the configuration (char *, may be NULL). The daemon is not
 * started. */
int stage_set(void **state);
/* Send the party home, end the daemon and remove its directory. */
int stage_clear(void **state);

/* The world goes on for this player: he walks a metre within ms, and stands again. */
void stage_expect_walking(struct player *player, uint64_t ms);

/* A row of a test table: the test with a stage of its own. */
#define STAGED(test, more_ini)                                                                     \
    cmocka_unit_test_prestate_setup_teardown(test, stage_set, stage_clear, (void *)(more_ini))

#endif
