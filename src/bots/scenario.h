/* scenario.h -- what the players of a run are there for: who walks where, who misbehaves, and who
 * comes later.
 *
 * One const row a scenario. Who is what follows from his number alone, so that every process knows.
 * Pure. */
#ifndef OPENMMO_BOTS_SCENARIO_H
#define OPENMMO_BOTS_SCENARIO_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "common/space.h"

#define SCENARIO_VIEW_DEFAULT_M 192
#define SCENARIO_MORE_MAX       100000

enum scenario_kind {
    SCENARIO_PLAYER, /* measured */
    /* Others, who are no fault if they are ended; they come back as often as it takes. */
    SCENARIO_DEAF,   /* never reads once it is in */
    SCENARIO_FLOOD,  /* sends a thousand messages a second */
    SCENARIO_VANISH, /* connects and goes, in a loop */
    SCENARIO_TINY,   /* takes a few KB a second, through the smallest window */
    SCENARIO_STORM,  /* comes in once it is measured, with all others of its kind */
};

struct scenario; /* a row */

/* By name; NULL: there is none. */
const struct scenario *scenario_find(const char *name);
/* "crowd, spread, ..." */
void scenario_print_names(FILE *out);
const char *scenario_name(const struct scenario *scenario); /* as it is found by */
/* Its radius where the user gives none, in metres; 0: it follows from the view. */
unsigned scenario_radius_m(const struct scenario *scenario);
/* Players walk all the time, to new places: so they can be measured. */
bool scenario_steady(const struct scenario *scenario);
bool scenario_storms(const struct scenario *scenario); /* others come later */
/* All are put elsewhere again and again while it is measured, by an operator. */
bool scenario_flings(const struct scenario *scenario);

struct scenario_run {
    const struct scenario *scenario;
    uint32_t players;  /* without those who come later */
    unsigned radius_m; /* 0: the scenario's */
    bool here;         /* all live where they come in, if the scenario lets them */
};

/* What that player is there for; beyond run->players: one who comes later. */
enum scenario_kind scenario_kind(const struct scenario_run *run, uint32_t player);
/* Where the player lives until it is measured, and from then on; view_m: how far the server shows.
 * False: where it comes in. */
bool scenario_home(const struct scenario_run *run, uint32_t player, unsigned view_m, bool measured,
                   struct space_pos *home, unsigned *leash_m);

#endif
