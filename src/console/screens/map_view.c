/* map_view.c -- see map_view.h. */
#include "map_view.h"

#include <math.h>

#include "common/compiler.h"

/* clang-format off */
static const int32_t STEPS_M[] = {
    1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128, 192, 256, 384, 512, 768, 1024, 1536, 2048,
    3072, 4096, 6144, 8192, 12288, 16384, 24576, 32768,
};
/* clang-format on */
#define STEPS_N ((int)ARRAY_N(STEPS_M))

int32_t map_view_step(const struct map_view *view)
{
    return STEPS_M[view->zoom];
}

int32_t map_view_left(const struct map_view *view)
{
    return (int32_t)floor(view->x_m - view->columns * (double)map_view_step(view) / 2 + 0.5);
}

int32_t map_view_top(const struct map_view *view)
{
    return (int32_t)floor(view->z_m - view->rows * (double)map_view_step(view) / 2 + 0.5);
}

void map_view_pixel(const struct map_view *view, double x_m, double z_m, int *column, int *row)
{
    *column = (int)floor((x_m - map_view_left(view)) / map_view_step(view));
    *row = (int)floor((z_m - map_view_top(view)) / map_view_step(view));
}

void map_view_place(const struct map_view *view, double column, double row, double *x_m,
                    double *z_m)
{
    *x_m = map_view_left(view) + (column + 0.5) * map_view_step(view);
    *z_m = map_view_top(view) + (row + 0.5) * map_view_step(view);
}

static double within(double value, double half)
{
    return value < -half ? -half : value > half ? half : value;
}

void map_view_centre(struct map_view *view, double x_m, double z_m)
{
    view->x_m = within(x_m, view->size_m / 2.0);
    view->z_m = within(z_m, view->size_m / 2.0);
}

void map_view_size(struct map_view *view, int columns, int rows)
{
    view->columns = columns;
    view->rows = rows;
}

void map_view_pan(struct map_view *view, int columns, int rows)
{
    map_view_centre(view, view->x_m + (double)columns * map_view_step(view),
                    view->z_m + (double)rows * map_view_step(view));
}

/* Coarser than this the whole world is a speck. */
static bool is_speck(const struct map_view *view, int zoom)
{
    int side = view->columns < view->rows ? view->columns : view->rows;

    return zoom >= STEPS_N ||
           (zoom > 0 && (int64_t)STEPS_M[zoom - 1] * side >= view->size_m && side > 0);
}

void map_view_zoom(struct map_view *view, int way, double x_m, double z_m)
{
    int before = map_view_step(view), zoom = view->zoom - way;
    double scale;

    if (zoom < 0 || (way < 0 && is_speck(view, zoom)))
        return;
    view->zoom = zoom;
    scale = (double)map_view_step(view) / before;
    map_view_centre(view, x_m + (view->x_m - x_m) * scale, z_m + (view->z_m - z_m) * scale);
}

void map_view_fit(struct map_view *view, double x_m, double z_m, double width_m, double depth_m,
                  int32_t least_step_m)
{
    int zoom = 0;

    while (zoom < STEPS_N - 1 &&
           (STEPS_M[zoom] < least_step_m || STEPS_M[zoom] * (double)view->columns < width_m ||
            STEPS_M[zoom] * (double)view->rows < depth_m))
        zoom++;
    view->zoom = zoom;
    map_view_centre(view, x_m + width_m / 2, z_m + depth_m / 2);
}
