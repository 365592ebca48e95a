/* map_inside.h -- what the files of the map screen share, and nobody else includes.
 *
 *   map.c        what it asks for, keys, mouse
 *   map_draw.c   the picture with what is upon it
 *   map_panel.c  what is said beside it
 *   cell.c       the page of who stands in the cell under the cursor
 *
 * One thread. */
#ifndef OPENMMO_CONSOLE_MAP_INSIDE_H
#define OPENMMO_CONSOLE_MAP_INSIDE_H

#include "console/ui/list.h"
#include "map.h"
#include "map_picture.h"
#include "map_view.h"

#define MAP_TILES_FLYING 8 /* heights that are asked for at once */
#define MAP_DOTS_STEP_M  8 /* up to this scale single players are known by place and name */

enum map_layer { MAP_POPULATION, MAP_COST, MAP_OUT, MAP_LAYERS_N };

/* How a layer is spoken of. */
struct map_layer_row {
    const char *name, *what; /* on the screen; as world.population calls it */
};
extern const struct map_layer_row MAP_LAYERS[MAP_LAYERS_N];

struct map_flying {
    struct ground_key key; /* step_m 0: free */
    uint64_t until_ms;     /* then it is asked for again */
};

struct map_state {
    struct map_view view;
    bool begun;      /* the view was fitted to where the players are */
    double x_m, z_m; /* the cursor */
    enum map_layer layer;
    char follow[24], follow_name[256]; /* session; empty: nobody */
    struct line go;
    struct requests_poll world, population, near, there, cell, one;
    struct map_flying flying[MAP_TILES_FLYING];
    struct map_picture picture;
    /* Of the last drawing, on the canvas. */
    int row, rows, columns;
};

/* The Map's own state. */
struct map_state *map_state(struct ui *ui);

/* The level 0 cell that the cursor is in: its north-west corner. */
void map_cell(const struct model_world *world, const struct map_state *state, int32_t *x_m,
              int32_t *z_m);

/* Is it in colours, half a character a pixel? Else lines and marks. */
bool map_is_painted(const struct canvas *canvas);
/* Into the rectangle of characters at (row, 0). */
void map_draw(struct ui *ui, struct canvas *canvas, int row, int rows, int columns);
/* The panel at the right, or, rows being few, lines below the map. */
void map_panel(struct ui *ui, struct canvas *canvas, int row, int column, int rows, int columns);
/* What is under the cursor, in few rows below the picture: for low terminals. */
void map_panel_low(struct ui *ui, struct canvas *canvas, int row, int columns);

#endif
