/* live.h -- what the console is tried before as a whole: the real daemon with bots in it, and a
 * terminal. Failures end the test through cmocka. One thread. */
#ifndef OPENMMO_TESTS_LIVE_H
#define OPENMMO_TESTS_LIVE_H

#include "../e2e/harness.h"

extern struct daemon openmmod;

/* Before and after each test. *state: how many bots, as text; afterwards why there can be no
 * terminal here, or NULL. */
int live_setup(void **state);
int live_teardown(void **state);

/* Where the one who is followed is, x and z, as the map's panel says. False: it says nothing. */
bool live_followed(double place_m[2]);

#endif
