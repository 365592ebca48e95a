/* map_picture.c -- see map_picture.h. */
#include "map_picture.h"

#include <math.h>
#include <string.h>

#include "common/compiler.h"
#include "console/ui/canvas.h"

#define UNKNOWN (-1.0f)
/* How much of the colours goes by what is in the picture, where it spans so many metres at least.
 */
#define LOCAL         0.22f
#define LOCAL_LEAST_M 30.0f

struct stop {
    float at;
    uint8_t red, green, blue;
};

/* clang-format off */
/* From the lowest to the highest ground: meadows, heath, bare rock, snow. None is so dark that 256
 * colours make a grey of it, nor so light, but for summits, that a dot upon it is lost. */
static const struct stop GROUND[] = {
    {0.00f,  70, 122,  70}, {0.10f,  88, 136,  80}, {0.22f, 118, 148,  86}, {0.34f, 150, 154,  96},
    {0.48f, 162, 138,  96}, {0.62f, 138, 110,  88}, {0.78f, 126, 116, 112}, {0.90f, 176, 176, 178},
    {1.00f, 232, 234, 238},
};
static const struct stop WARM[] = {
    {0.00f, 255, 232,  64}, {0.40f, 255, 160,  32}, {0.75f, 255,  72,  40}, {1.00f, 255,  60, 190},
};
static const struct stop HEAT[] = {
    {0.00f,  64,  32, 140}, {0.30f, 150,  40, 130}, {0.55f, 226,  72,  72}, {0.80f, 252, 160,  40},
    {1.00f, 255, 244, 150},
};
/* clang-format on */

static uint32_t ramp(const struct stop *stops, size_t n, float at)
{
    size_t i = 1;
    float share;

    if (!(at > 0))
        at = 0;
    while (i < n - 1 && stops[i].at < at)
        i++;
    share = (at - stops[i - 1].at) / (stops[i].at - stops[i - 1].at);
    share = share > 1 ? 1 : share;
    return map_picture_blend(CANVAS_RGB(stops[i - 1].red, stops[i - 1].green, stops[i - 1].blue),
                             CANVAS_RGB(stops[i].red, stops[i].green, stops[i].blue), share);
}

static int channel(uint32_t colour, int shift)
{
    return (int)(colour >> shift & 0xff);
}

uint32_t map_picture_blend(uint32_t from, uint32_t to, float share)
{
    int mixed[3];

    for (int i = 0; i < 3; i++)
        mixed[i] = (int)((float)channel(from, 16 - 8 * i) * (1 - share) +
                         (float)channel(to, 16 - 8 * i) * share + 0.5f);
    return CANVAS_RGB(mixed[0], mixed[1], mixed[2]);
}

uint32_t map_picture_heat(float share, bool warm)
{
    return warm ? ramp(WARM, ARRAY_N(WARM), share) : ramp(HEAT, ARRAY_N(HEAT), share);
}

/* 0..1 of the world's heights; lowlands, where people are, get more than their share of the
 * colours. */
static float relative(const struct model_world *world, float height_m)
{
    double range = world->highest_m - world->lowest_m;
    double share = range > 0 ? (height_m - world->lowest_m) / range : 0;

    return share <= 0 ? 0 : share >= 1 ? 1 : (float)pow(share, 0.7);
}

char map_picture_density(const struct model_world *world, float height_m)
{
    static const char DENSITIES[] = ".,:;-=+*%";
    int i = (int)(relative(world, height_m) * (float)(sizeof(DENSITIES) - 1));

    return DENSITIES[i < (int)sizeof(DENSITIES) - 2 ? i : (int)sizeof(DENSITIES) - 2];
}

uint32_t map_picture_band(const struct model_world *world, float height_m)
{
    float share = relative(world, height_m);

    return share < 0.34f   ? CANVAS_RGB(0, 205, 0)
           : share < 0.78f ? CANVAS_RGB(205, 205, 0)
                           : CANVAS_RGB(229, 229, 229);
}

/* The eye takes 32 steps of a colour for a run, and curses has room for so many pairs of two. */
static uint32_t stepped(uint32_t colour)
{
    return (colour & 0xfff8f8f8) | 0x040404;
}

static uint32_t lit(uint32_t colour, float light)
{
    return light < 1 ? map_picture_blend(CANVAS_RGB(8, 12, 24), colour, light)
                     : map_picture_blend(colour, CANVAS_RGB(255, 252, 235), light - 1);
}

/* How much light falls on a slope that rises so much a metre to the east and to the south. Seen
 * from afar hills are flat: they are made steeper then. */
static float light_on(float east, float south, int32_t step_m)
{
    float steeper = 1.8f + 0.3f * log2f((float)step_m);
    float light = 0.86f + (east + south) * 0.5f * steeper;

    return light < 0.5f ? 0.5f : light > 1.25f ? 1.25f : light;
}

/* 0..1 of the heights in the picture, so that flat land has colours too. */
static float local(const struct map_picture *picture, float height_m)
{
    float range = picture->highest_m - picture->lowest_m;

    return (height_m - picture->lowest_m) / (range > LOCAL_LEAST_M ? range : LOCAL_LEAST_M);
}

static uint32_t colour_of(const struct map_picture *picture, const struct model_world *world,
                          int row, int column)
{
    float here = picture->heights[row][column], east, south;
    float share = relative(world, here) + LOCAL * (local(picture, here) - 0.5f);
    uint32_t colour;
    int grey;

    if (here < 0)
        return 0;
    east = column + 1 < picture->columns ? picture->heights[row][column + 1] : UNKNOWN;
    south = row + 1 < picture->rows ? picture->heights[row + 1][column] : UNKNOWN;
    east = east < 0 ? 0 : (east - here) / (float)picture->step_m;
    south = south < 0 ? 0 : (south - here) / (float)picture->step_m;
    grey = 40 + (int)(60 * (share < 0 ? 0 : share));
    colour =
        picture->grey ? CANVAS_RGB(grey, grey + 2, grey + 6) : ramp(GROUND, ARRAY_N(GROUND), share);
    return stepped(lit(colour, light_on(east, south, picture->step_m)));
}

static bool in_world(const struct model_world *world, double x_m, double z_m)
{
    double half = world->size_m / 2.0;

    return x_m >= -half && x_m < half && z_m >= -half && z_m < half;
}

static void take_heights(struct map_picture *picture, struct model_world *world)
{
    uint32_t step_m = ground_step((uint32_t)picture->step_m);

    for (int row = 0; row < picture->rows; row++) {
        for (int column = 0; column < picture->columns; column++) {
            double x_m = picture->left_m + (column + 0.5) * picture->step_m;
            double z_m = picture->top_m + (row + 0.5) * picture->step_m;
            float *height = &picture->heights[row][column];

            if (!in_world(world, x_m, z_m) ||
                !ground_height(&world->ground, step_m, x_m, z_m, height))
                *height = UNKNOWN;
        }
    }
}

static void find_range(struct map_picture *picture)
{
    picture->lowest_m = 1e9f;
    picture->highest_m = 0;
    for (int row = 0; row < picture->rows; row++) {
        for (int column = 0; column < picture->columns; column++) {
            float height = picture->heights[row][column];

            if (height < 0)
                continue;
            picture->lowest_m = fminf(picture->lowest_m, height);
            picture->highest_m = fmaxf(picture->highest_m, height);
        }
    }
}

/* ---- contours ---- */

/* A round number of metres such that some ten lines are in the picture. */
static int32_t interval_of(const struct map_picture *picture)
{
    static const int32_t ROUND_M[] = {1, 2, 5, 10, 20, 25, 50, 100, 200};
    size_t i = 0;

    while (i + 1 < ARRAY_N(ROUND_M) &&
           (picture->highest_m - picture->lowest_m) / (float)ROUND_M[i] > 10)
        i++;
    return ROUND_M[i];
}

/* The level that a dot lies on; dots are half a pixel wide. -1: not known. */
static int level_of(const struct map_picture *picture, struct model_world *world, int row,
                    int column)
{
    double x_m = picture->left_m + (column + 0.5) * picture->step_m / 2;
    double z_m = picture->top_m + (row + 0.5) * picture->step_m / 2;
    uint32_t half = picture->step_m > 1 ? (uint32_t)picture->step_m / 2 : 1;
    float height;

    if (!in_world(world, x_m, z_m) ||
        !ground_height(&world->ground, ground_step(half), x_m, z_m, &height))
        return -1;
    return (int)(height / (float)picture->interval_m);
}

static void draw_contours(struct map_picture *picture, struct model_world *world)
{
    static const uint8_t BITS[4][2] = {{0x01, 0x08}, {0x02, 0x10}, {0x04, 0x20}, {0x40, 0x80}};
    int columns = 2 * picture->columns, rows = 2 * picture->rows;

    memset(picture->dots, 0, sizeof(picture->dots));
    for (int row = 0; row < rows; row++) {
        for (int column = 0; column < columns; column++) {
            int here = level_of(picture, world, row, column);
            int east = level_of(picture, world, row, column + 1);
            int south = level_of(picture, world, row + 1, column);

            if (here >= 0 && ((east >= 0 && east != here) || (south >= 0 && south != here)))
                picture->dots[row / 4][column / 2] |= BITS[row % 4][column % 2];
        }
    }
}

void map_picture_make(struct map_picture *picture, const struct map_view *view,
                      struct model_world *world, bool grey, bool contours)
{
    int columns = view->columns < MAP_COLUMNS_MAX ? view->columns : MAP_COLUMNS_MAX;
    int rows = view->rows < 2 * MAP_ROWS_MAX ? view->rows : 2 * MAP_ROWS_MAX;

    if (picture->columns == columns && picture->rows == rows &&
        picture->left_m == map_view_left(view) && picture->top_m == map_view_top(view) &&
        picture->step_m == map_view_step(view) && picture->taken == world->ground.taken &&
        picture->grey == grey && picture->contours == contours)
        return;
    picture->columns = columns;
    picture->rows = rows;
    picture->left_m = map_view_left(view);
    picture->top_m = map_view_top(view);
    picture->step_m = map_view_step(view);
    picture->taken = world->ground.taken;
    picture->grey = grey;
    picture->contours = contours;
    take_heights(picture, world);
    find_range(picture);
    for (int row = 0; row < rows; row++) {
        for (int column = 0; column < columns; column++)
            picture->pixels[row][column] = colour_of(picture, world, row, column);
    }
    picture->interval_m = interval_of(picture);
    if (contours)
        draw_contours(picture, world);
}
