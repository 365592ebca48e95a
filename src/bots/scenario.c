/* scenario.c -- see scenario.h. */
#include "bots/scenario.h"

#include <math.h>
#include <stddef.h>
#include <string.h>

#include "common/compiler.h"

#define IN_VIEW       50 /* of a spread crowd, about */
#define SPREAD_LEASH  20
#define FLASH_LEASH   16
#define ODD_ONE_IN    100
#define GOLDEN        2.39996322972865332 /* the angle by which a sunflower's seeds follow */
#define CELL_MARGIN_M 45                  /* views are of whole cells */

enum place { PLACE_WHERE_IT_COMES_IN, PLACE_CROWD, PLACE_SPREAD, PLACE_FLASH };

struct scenario {
    const char *name;
    bool steady, storms, flings;
    enum place place;
    unsigned radius_m;
    enum scenario_kind odd[3]; /* one in ODD_ONE_IN is one of these; PLAYER: none */
};

/* clang-format off */
static const struct scenario scenarios[] = {
    {"wander", false, false, false, PLACE_WHERE_IT_COMES_IN, 40,  {0}},
    {"crowd",  true,  false, false, PLACE_CROWD,             64,  {0}},
    {"spread", true,  false, false, PLACE_SPREAD,            0,   {0}},
    {"flash",  true,  false, false, PLACE_FLASH,             160, {0}},
    {"login",  true,  true,  false, PLACE_CROWD,             64,  {0}},
    {"storm",  true,  false, true,  PLACE_CROWD,             64,  {0}},
    {"slow",   true,  false, false, PLACE_CROWD,             64,  {SCENARIO_DEAF, SCENARIO_DEAF, SCENARIO_DEAF}},
    {"attack", true,  false, false, PLACE_CROWD,             64,  {SCENARIO_FLOOD, SCENARIO_VANISH, SCENARIO_TINY}},
};
/* clang-format on */

const struct scenario *scenario_find(const char *name)
{
    for (size_t i = 0; i < ARRAY_N(scenarios); i++) {
        if (strcmp(scenarios[i].name, name) == 0)
            return &scenarios[i];
    }
    return NULL;
}

void scenario_print_names(FILE *out)
{
    for (size_t i = 0; i < ARRAY_N(scenarios); i++)
        fprintf(out, "%s%s", i ? ", " : "", scenarios[i].name);
}

const char *scenario_name(const struct scenario *scenario)
{
    return scenario->name;
}

unsigned scenario_radius_m(const struct scenario *scenario)
{
    return scenario->radius_m;
}

bool scenario_steady(const struct scenario *scenario)
{
    return scenario->steady;
}

bool scenario_storms(const struct scenario *scenario)
{
    return scenario->storms;
}

bool scenario_flings(const struct scenario *scenario)
{
    return scenario->flings;
}

enum scenario_kind scenario_kind(const struct scenario_run *run, uint32_t player)
{
    uint32_t every = run->players < ODD_ONE_IN ? run->players : ODD_ONE_IN;
    if (player >= run->players)
        return SCENARIO_STORM;
    if (player % every != every - 1 || every < 2)
        return SCENARIO_PLAYER;
    return run->scenario->odd[player / every % ARRAY_N(run->scenario->odd)];
}

/* Seeds of a sunflower: evenly over a disc about the origin. */
static struct space_pos seed_place(const struct scenario_run *run, uint32_t player, double radius_m)
{
    double r = radius_m * sqrt((player + 0.5) / run->players), angle = player * GOLDEN;
    return (struct space_pos){.x = (int32_t)(r * cos(angle) * SPACE_UNITS_PER_M),
                              .z = (int32_t)(r * sin(angle) * SPACE_UNITS_PER_M)};
}

bool scenario_home(const struct scenario_run *run, uint32_t player, unsigned view_m, bool measured,
                   struct space_pos *home, unsigned *leash_m)
{
    if (run->here)
        return false;
    unsigned radius_m = run->radius_m ? run->radius_m : run->scenario->radius_m;
    switch (run->scenario->place) {
    case PLACE_WHERE_IT_COMES_IN:
        return false;
    case PLACE_CROWD:
        *home = (struct space_pos){0, 0, 0};
        *leash_m = radius_m;
        return true;
    case PLACE_SPREAD:
        *home = seed_place(
            run, player,
            radius_m ? radius_m : (view_m + CELL_MARGIN_M) * sqrt(run->players / (double)IN_VIEW));
        *leash_m = SPREAD_LEASH;
        return true;
    case PLACE_FLASH:
        *home = measured ? (struct space_pos){0, 0, 0} : seed_place(run, player, radius_m);
        *leash_m = measured ? FLASH_LEASH : SPREAD_LEASH;
        return true;
    }
    return false;
}
