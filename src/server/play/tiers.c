/* tiers.c -- see tiers.h. */
#include "play/tiers.h"

/* Of two intervals [a, a + a_m) and [b, b + b_m): what lies between them. */
static int64_t between(int64_t a, int64_t a_m, int64_t b, int64_t b_m)
{
    if (a + a_m < b)
        return b - a - a_m;
    return b + b_m < a ? a - b - b_m : 0;
}

int64_t tiers_gap2(struct tiers_square square, struct space_cell cell)
{
    int64_t edge_m = SPACE_CELL_M >> cell.level;
    int64_t dx =
        between((int64_t)square.x * TIERS_SQUARE_M, TIERS_SQUARE_M, cell.x * edge_m, edge_m);
    int64_t dz =
        between((int64_t)square.z * TIERS_SQUARE_M, TIERS_SQUARE_M, cell.z * edge_m, edge_m);

    return dx * dx + dz * dz;
}

/* The smallest base whose reach, TIERS_FULL_M * 2^base, is beyond the gap. */
static int8_t base_of(int64_t gap2)
{
    int64_t reach_m = TIERS_FULL_M >> -(TIERS_NEAREST + 1);
    int8_t base = TIERS_NEAREST + 1;

    if (gap2 == 0)
        return TIERS_NEAREST;
    while (base < TIERS_MAX && gap2 >= reach_m * reach_m) {
        reach_m *= 2;
        base++;
    }
    return base;
}

int8_t tiers_base(int64_t gap2, int8_t before)
{
    int8_t base = base_of(gap2);
    int8_t nearer;

    if (before == INT8_MAX || base <= before || before == TIERS_NEAREST)
        return base;
    nearer = base_of(gap2 * 9 / 16); /* as if it were at three quarters of the way */
    return nearer > before ? nearer : before;
}
