/* map_draw.c -- the map's picture with what is upon it: the grid of cells, what is counted, single
 * players with their names, the cursor, who is followed. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "common/compiler.h"
#include "common/text.h"
#include "map_inside.h"

#define GRID_PIXELS 8 /* cells at least so wide have their edges drawn */
#define EDGE_PIXELS 3 /* the cursor's cell is outlined from this width on */
#define NAMES_MAX   40

#define WHITE  CANVAS_RGB(255, 255, 255)
#define BLACK  CANVAS_RGB(0, 0, 0)
#define CURSOR CANVAS_RGB(255, 255, 255)
#define TRAIL  CANVAS_RGB(90, 220, 255)
#define NIGHT  CANVAS_RGB(10, 12, 18) /* out of the world, or not known yet */

/* What lies upon the ground; one a pixel. */
struct scene {
    struct ui *ui;
    struct map_state *state;
    const struct model_world *world;
    struct canvas *canvas;
    int row, rows, columns; /* of characters */
};

/* A pixel's colour, with what was painted over it; NULL: not in the picture. */
static uint32_t *pixel(const struct scene *scene, int column, int row)
{
    struct canvas *canvas = scene->canvas;
    int at = scene->row + row / 2;
    struct canvas_cell *cell;

    if (column < 0 || row < 0 || column >= scene->columns || row >= 2 * scene->rows ||
        column >= canvas->columns || at >= canvas->rows)
        return NULL;
    cell = &canvas->cells[at * canvas->columns + column];
    return row % 2 == 0 ? &cell->front : &cell->back;
}

static void mix(const struct scene *scene, int column, int row, uint32_t colour, float share)
{
    uint32_t *at = pixel(scene, column, row);

    if (at != NULL)
        *at = map_picture_blend(*at, colour, share);
}

/* Where there are not enough colours for that, lines and marks say it. */
bool map_is_painted(const struct canvas *canvas)
{
    return !canvas->few && !canvas->mono && !canvas->ascii;
}

/* ---- the ground ---- */

static void braille(uint8_t bits, char glyph[4])
{
    glyph[0] = (char)0xe2;
    glyph[1] = (char)(0xa0 | bits >> 6);
    glyph[2] = (char)(0x80 | (bits & 0x3f));
    glyph[3] = '\0';
}

static void draw_ground(const struct scene *scene)
{
    const struct map_picture *picture = &scene->state->picture;
    bool few = scene->canvas->few || scene->canvas->mono, lines = few && !scene->canvas->ascii;

    for (int row = 0; row < scene->rows; row++) {
        for (int column = 0; column < scene->columns; column++) {
            uint32_t upper = picture->pixels[2 * row][column];
            uint32_t lower = picture->pixels[2 * row + 1][column];
            char glyph[4] = "\u2580", density = ' ';

            if (upper != 0)
                density = map_picture_density(scene->world, picture->heights[2 * row][column]);
            if (lines)
                braille(picture->dots[row][column], glyph);
            if (lines && picture->dots[row][column] == 0)
                strcpy(glyph, " ");
            upper = upper != 0 ? upper : NIGHT;
            lower = lower != 0 ? lower : NIGHT;
            if (few) { /* nothing behind a character: a colour that is near both would hide it */
                upper = map_picture_band(scene->world, picture->heights[2 * row][column]);
                lower = 0;
            } else if (scene->canvas->ascii) { /* the character upon the mean of both */
                lower = map_picture_blend(upper, lower, 0.5f);
                upper = map_picture_blend(lower, WHITE, 0.3f);
            }
            canvas_paint(scene->canvas, scene->row + row, column, glyph, density, upper, lower);
        }
    }
}

/* The edges of cells, where they are wide enough to be seen as such. */
static void draw_grid(const struct scene *scene)
{
    const struct map_view *view = &scene->state->view;
    int32_t step = map_view_step(view), cell_m = scene->world->cell_m;
    int32_t left = map_view_left(view), top = map_view_top(view);

    if (cell_m < GRID_PIXELS * step)
        return;
    for (int row = 0; row < 2 * scene->rows; row++) {
        for (int column = 0; column < scene->columns; column++) {
            int32_t x = left + column * step, z = top + row * step;
            bool edge =
                ((x % cell_m) + cell_m) % cell_m < step || ((z % cell_m) + cell_m) % cell_m < step;

            if (edge && scene->state->picture.pixels[row][column] != 0)
                mix(scene, column, row, BLACK, 0.13f);
        }
    }
}

/* ---- what is counted ---- */

/* Each tenfold is as much more to the eye as the one before; of players from one on, of all else
 * over two of them. */
static float share_of(double value, double most, enum map_layer layer)
{
    if (layer != MAP_POPULATION)
        return (float)(1 + log10(value / most) / 2);
    return most > 1 ? (float)(log(value) / log(most)) : 0;
}

static char digit_of(double value, double most, enum map_layer layer)
{
    if (layer == MAP_POPULATION)
        return value < 9.5 ? (char)('0' + (int)(value + 0.5)) : '#';
    return (char)('1' + (int)(8 * fmaxf(share_of(value, most, layer), 0)));
}

/* Where colours cannot tell, a character does. */
static void draw_mark(const struct scene *scene, int column, int row, char mark)
{
    char text[2] = {mark, '\0'};

    if (column < 0 || column >= scene->columns || row < 0 || row >= 2 * scene->rows)
        return;
    canvas_text(scene->canvas, scene->row + row / 2, column, 1, STYLE_SELECTED, text);
}

/* How many a mark that stands there counts already: a character is two bins high. */
static int marked(const struct scene *scene, int column, int row)
{
    const struct canvas *canvas = scene->canvas;
    const struct canvas_cell *cell;

    if (column < 0 || column >= scene->columns || column >= canvas->columns || row < 0 ||
        row >= 2 * scene->rows || scene->row + row / 2 >= canvas->rows)
        return 0;
    cell = &canvas->cells[(scene->row + row / 2) * canvas->columns + column];
    if (cell->style != STYLE_SELECTED)
        return 0;
    return cell->text[0] == '#' ? 10 : cell->text[0] - '0';
}

/* One bin: a dot, or as many pixels as it covers. */
static void draw_bin(const struct scene *scene, const struct model_world_population *population,
                     const struct model_world_bin *bin)
{
    const struct map_view *view = &scene->state->view;
    enum map_layer layer = scene->state->layer;
    double x_m =
        population->x + (double)(bin->index % (uint32_t)population->columns) * population->step;
    double z_m =
        population->z + (double)(bin->index / (uint32_t)population->columns) * population->step;
    double step = map_view_step(view), half = step / 2, value = bin->value;
    float share = share_of(bin->value, (double)population->most, layer);
    uint32_t colour = map_picture_heat(share, layer == MAP_POPULATION);
    int left, top, right, bottom;

    if (!map_is_painted(scene->canvas)) {
        map_view_pixel(view, x_m + population->step / 2.0, z_m + population->step / 2.0, &left,
                       &top);
        if (layer == MAP_POPULATION)
            value += marked(scene, left, top);
        draw_mark(scene, left, top, digit_of(value, (double)population->most, layer));
        return;
    }
    if (population->step <=
        map_view_step(view)) /* seen from another place, it may lie across two */
        half = population->step / 2.0;
    map_view_pixel(view, x_m + half, z_m + half, &left, &top);
    map_view_pixel(view, x_m + population->step - half, z_m + population->step - half, &right,
                   &bottom);
    for (int row = top; row <= (bottom > top ? bottom : top); row++) {
        for (int column = left; column <= (right > left ? right : left); column++)
            mix(scene, column, row, colour, layer == MAP_POPULATION ? 1 : 0.85f);
    }
}

static void draw_bins(const struct scene *scene)
{
    const struct model_world_population *population = &scene->world->population;

    if (!population->known || strcmp(population->what, MAP_LAYERS[scene->state->layer].what) != 0)
        return; /* the answer for the layer that was chosen is on its way */
    for (size_t i = 0; i < population->n; i++)
        draw_bin(scene, population, &population->bins[i]);
}

/* ---- single players ---- */

/* Text upon the picture: the ground shows behind it. */
static void draw_label(const struct scene *scene, int column, int row, int columns, bool strong,
                       const char *text)
{
    struct canvas *canvas = scene->canvas;
    uint32_t backs[64];
    int used;

    if (row < scene->row || row >= scene->row + scene->rows || column < 0)
        return;
    if (columns > scene->columns - column)
        columns = scene->columns - column;
    if (columns > (int)ARRAY_N(backs))
        columns = (int)ARRAY_N(backs);
    for (int i = 0; i < columns; i++) {
        const struct canvas_cell *cell = &canvas->cells[row * canvas->columns + column + i];

        backs[i] = map_picture_blend(map_picture_blend(cell->front, cell->back, 0.5f), BLACK,
                                     strong ? 0.6f : 0.35f);
    }
    used = canvas_cut(canvas, row, column, columns, strong ? STYLE_BOLD : STYLE_PLAIN, text);
    for (int i = 0; i < used && !canvas->few && !canvas->mono; i++) {
        struct canvas_cell *cell = &canvas->cells[row * canvas->columns + column + i];

        cell->front = WHITE;
        cell->back = backs[i];
    }
}

/* Is there nothing written yet where a label would stand? */
static bool is_free(const struct scene *scene, int column, int row, int columns)
{
    const struct canvas *canvas = scene->canvas;

    if (row < scene->row || row >= scene->row + scene->rows || column + columns > scene->columns)
        return false;
    for (int i = 0; i < columns; i++) {
        const struct canvas_cell *cell = &canvas->cells[row * canvas->columns + column + i];

        if (cell->style != STYLE_PLAIN ||
            (map_is_painted(canvas) && strcmp(cell->text, "\u2580") != 0))
            return false;
    }
    return true;
}

static void draw_name(const struct scene *scene, const struct model_world_player *player)
{
    int column, row, columns = (int)text_columns(player->name);

    if (strcmp(player->session, scene->state->follow) == 0)
        return; /* has his own */
    map_view_pixel(&scene->state->view, player->x, player->z, &column, &row);
    if (column < 0 || row < 0 || row >= 2 * scene->rows)
        return;
    if (is_free(scene, column + 1, scene->row + row / 2, columns + 1))
        draw_label(scene, column + 2, scene->row + row / 2, columns, false, player->name);
}

static void draw_players(const struct scene *scene)
{
    const struct model_world_list *near = &scene->world->near;
    bool exact = map_view_step(&scene->state->view) <= MAP_DOTS_STEP_M;

    if (!exact)
        return;
    for (size_t i = 0; i < near->n && near->matched <= NAMES_MAX; i++)
        draw_name(scene, &near->rows[i]);
}

/* ---- the cursor, and who is followed ---- */

static void draw_outline(const struct scene *scene, int left, int top, int right, int bottom)
{
    for (int column = left; column <= right; column++) {
        mix(scene, column, top, CURSOR, 0.6f);
        mix(scene, column, bottom, CURSOR, 0.6f);
    }
    for (int row = top + 1; row < bottom; row++) {
        mix(scene, left, row, CURSOR, 0.6f);
        mix(scene, right, row, CURSOR, 0.6f);
    }
}

/* A cell that is hardly a pixel is pointed at from four sides. */
static void draw_cross(const struct scene *scene, int column, int row)
{
    static const int WAYS[4][2] = {{1, 0}, {-1, 0}, {0, 1}, {0, -1}};

    for (size_t i = 0; i < ARRAY_N(WAYS); i++) {
        for (int far = 2; far <= 4; far++)
            mix(scene, column + WAYS[i][0] * far, row + WAYS[i][1] * far, CURSOR, 0.75f);
    }
}

static void draw_cursor(const struct scene *scene)
{
    const struct map_view *view = &scene->state->view;
    int32_t x_m, z_m, step = map_view_step(view), cell_m = scene->world->cell_m;
    int left, top, right, bottom;

    map_cell(scene->world, scene->state, &x_m, &z_m);
    if (!map_is_painted(scene->canvas)) {
        map_view_pixel(view, scene->state->x_m, scene->state->z_m, &left, &top);
        if (marked(scene, left - 1, top) == 0)
            draw_label(scene, left - 1, scene->row + top / 2, 1, true, "[");
        if (marked(scene, left + 1, top) == 0)
            draw_label(scene, left + 1, scene->row + top / 2, 1, true, "]");
        return;
    }
    if (cell_m >= EDGE_PIXELS * step) {
        map_view_pixel(view, x_m, z_m, &left, &top);
        map_view_pixel(view, x_m + cell_m - 1, z_m + cell_m - 1, &right, &bottom);
        draw_outline(scene, left, top, right, bottom);
    } else {
        map_view_pixel(view, scene->state->x_m, scene->state->z_m, &left, &top);
        draw_cross(scene, left, top);
    }
}

static void draw_followed(const struct scene *scene)
{
    const struct map_view *view = &scene->state->view;
    const struct model_world_one *one = &scene->world->one;
    int column, row;

    if (scene->state->follow[0] == '\0' || !one->known ||
        strcmp(one->session, scene->state->follow) != 0)
        return;
    for (size_t i = 0; i + 1 < one->trail_n && map_is_painted(scene->canvas); i++) {
        map_view_pixel(view, one->trail[i].x, one->trail[i].z, &column, &row);
        mix(scene, column, row, TRAIL, 0.3f + 0.5f * (float)i / MODEL_WORLD_TRAIL);
    }
    map_view_pixel(view, one->x, one->z, &column, &row);
    if (!map_is_painted(scene->canvas))
        draw_mark(scene, column, row, '@');
    else
        mix(scene, column, row, WHITE, 1);
    draw_label(scene, column + 2, scene->row + row / 2, (int)text_columns(one->name), true,
               one->name);
}

void map_draw(struct ui *ui, struct canvas *canvas, int row, int rows, int columns)
{
    struct map_state *state = map_state(ui);
    struct model_world *world = &ui->model.world;
    struct scene scene = {.ui = ui,
                          .state = state,
                          .world = world,
                          .canvas = canvas,
                          .row = row,
                          .rows = rows < MAP_ROWS_MAX ? rows : MAP_ROWS_MAX,
                          .columns = columns < MAP_COLUMNS_MAX ? columns : MAP_COLUMNS_MAX};

    map_picture_make(&state->picture, &state->view, world, state->layer != MAP_POPULATION,
                     (canvas->few || canvas->mono) && !canvas->ascii);
    draw_ground(&scene);
    if (map_is_painted(canvas))
        draw_grid(&scene);
    draw_bins(&scene);
    draw_cursor(&scene);
    draw_players(&scene);
    draw_followed(&scene);
}
