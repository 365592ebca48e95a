/* map_view.h -- which part of the world a map shows, and at what scale: a square grid of pixels,
 * each some whole metres wide. North is up, east to the right.
 *
 * Pure arithmetic on a small structure; the caller's thread. */
#ifndef OPENMMO_CONSOLE_MAP_VIEW_H
#define OPENMMO_CONSOLE_MAP_VIEW_H

#include <stdbool.h>
#include <stdint.h>

struct map_view {
    int zoom;          /* index of its step */
    double x_m, z_m;   /* the middle */
    int columns, rows; /* pixels */
    int32_t size_m;    /* of the world; the middle stays in it */
};

int32_t map_view_step(const struct map_view *view); /* metres a pixel: 1, 2, 3, 4, 6, 8, 12... */
/* The north-west corner of the first pixel, whole metres. */
int32_t map_view_left(const struct map_view *view);
/* z of the upper edge, in metres. */
int32_t map_view_top(const struct map_view *view);
/* Which pixel a place lies in; it may lie outside. */
void map_view_pixel(const struct map_view *view, double x_m, double z_m, int *column, int *row);
/* The middle of a pixel. */
void map_view_place(const struct map_view *view, double column, double row, double *x_m,
                    double *z_m);

/* Another size of the picture: the middle stays. */
void map_view_size(struct map_view *view, int columns, int rows);
/* By so many pixels, east and south. */
void map_view_pan(struct map_view *view, int columns, int rows);
/* The place becomes the middle. */
void map_view_centre(struct map_view *view, double x_m, double z_m);
/* One step in (1) or out (-1); what lies at the place stays in its pixel. */
void map_view_zoom(struct map_view *view, int way, double x_m, double z_m);
/* The finest scale that shows the rectangle, but none finer than so many metres a pixel. */
void map_view_fit(struct map_view *view, double x_m, double z_m, double width_m, double depth_m,
                  int32_t least_step_m);

#endif
