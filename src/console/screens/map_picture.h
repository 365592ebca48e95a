/* map_picture.h -- the ground of a map as a picture: colours for half-blocks, contours for
 * terminals without colours, densities for those that have ASCII only.
 *
 * Made when the view or what is known of the ground changes, and kept until then. Colours say how
 * high it is, light from the north-west how steep. One thread. */
#ifndef OPENMMO_CONSOLE_MAP_PICTURE_H
#define OPENMMO_CONSOLE_MAP_PICTURE_H

#include <stdbool.h>
#include <stdint.h>

#include "console/model/world.h"
#include "map_view.h"

/* Larger terminals show the map smaller. */
#define MAP_COLUMNS_MAX 400 /* characters, and pixels: a character is two pixels high */
#define MAP_ROWS_MAX    120 /* characters */

struct map_picture {
    /* What it was made of. */
    int32_t left_m, top_m, step_m;
    int columns, rows; /* pixels; 0: nothing was made */
    uint32_t taken;
    bool grey, contours;
    /* CANVAS_RGB; 0: out of the world, or not known yet. */
    uint32_t pixels[2 * MAP_ROWS_MAX][MAP_COLUMNS_MAX];
    float heights[2 * MAP_ROWS_MAX][MAP_COLUMNS_MAX]; /* metres; below 0: as above */
    uint8_t dots[MAP_ROWS_MAX][MAP_COLUMNS_MAX];      /* contours, braille bits; with `contours` */
    float lowest_m, highest_m;                        /* in the picture */
    int32_t interval_m;                               /* between two contours */
};

/* Make it if it is not that of this view. grey: for what is painted over in colours that must be
 * told from the ground's. contours: make them too. */
void map_picture_make(struct map_picture *picture, const struct map_view *view,
                      struct model_world *world, bool grey, bool contours);

/* A character for how high a pixel lies: denser is higher. */
char map_picture_density(const struct model_world *world, float height_m);
/* The same in three colours that the poorest terminal has: green, yellow, white. */
uint32_t map_picture_band(const struct model_world *world, float height_m);

/* Between two colours: share 0 is the first, 1 the second. */
uint32_t map_picture_blend(uint32_t from, uint32_t to, float share);
/* Colours of what is counted, from little (0) to most (1). warm: dots upon the coloured ground;
 * else heat upon a grey one. */
uint32_t map_picture_heat(float share, bool warm);

#endif
