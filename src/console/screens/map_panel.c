/* map_panel.c -- what is said beside the map: the scale and the legend, the one who is followed,
 * the cell under the cursor and who is in it. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "common/compiler.h"
#include "map_inside.h"

#define RAMP_COLUMNS 10

/* Lines of the panel, downwards. */
struct panel {
    struct ui *ui;
    struct map_state *state;
    const struct model_world *world;
    struct canvas *canvas;
    int row, end, column, columns;
};

static void say(struct panel *panel, enum style style, const char *format, ...) PRINTF_LIKE(3, 4);
static void say(struct panel *panel, enum style style, const char *format, ...)
{
    char text[400];
    va_list arguments;

    if (panel->row >= panel->end)
        return;
    va_start(arguments, format);
    vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    canvas_cut(panel->canvas, panel->row++, panel->column, panel->columns, style, text);
}

/* A label at the left, its value at the right. */
static void tell(struct panel *panel, const char *label, const char *value)
{
    if (panel->row >= panel->end)
        return;
    canvas_text(panel->canvas, panel->row, panel->column, panel->columns, STYLE_DIM, label);
    canvas_right(panel->canvas, panel->row++, panel->column + panel->columns, panel->columns,
                 STYLE_PLAIN, value);
}

static void head(struct panel *panel, const char *title)
{
    int used;

    if (panel->row >= panel->end)
        return;
    used = canvas_printf(panel->canvas, panel->row, panel->column, panel->columns, STYLE_BOLD,
                         "%s ", title);
    for (int i = used; i < panel->columns; i++)
        canvas_glyph(panel->canvas, panel->row, panel->column + i, STYLE_BORDER, "\u2500", '-');
    panel->row++;
}

static void gap(struct panel *panel)
{
    panel->row++;
}

/* ---- figures ---- */

/* CPU time a second, as in the list of players: "0.48ms/s", "13.6ms/s". */
static const char *cost_text(int64_t us, char out[24])
{
    double ms = (double)us / 1000;

    snprintf(out, 24, "%.*fms/s", us < 1000 ? 2 : us < 99950 ? 1 : 0, ms);
    return out;
}

static const char *rate_text(int64_t bytes, char out[24])
{
    char text[16];

    snprintf(out, 24, "%s/s", figures_bytes((double)bytes, text));
    return out;
}

static const char *value_text(enum map_layer layer, int64_t value, char out[24])
{
    switch (layer) {
    case MAP_POPULATION:
        snprintf(out, 24, "%lld", (long long)value);
        return out;
    case MAP_COST:
        return cost_text(value, out);
    case MAP_OUT:
        return rate_text(value, out);
    case MAP_LAYERS_N:
        break;
    }
    out[0] = '\0';
    return out;
}

/* "16 m", "1.5 km". */
static const char *metres_text(double metres, char out[24])
{
    if (metres < 1000)
        snprintf(out, 24, "%.0f m", metres);
    else
        snprintf(out, 24, metres < 9950 ? "%.1f km" : "%.0f km", metres / 1000);
    return out;
}

/* A yaw as where it looks to: 0 is north, and it grows to the west. */
static const char *compass(int64_t yaw)
{
    static const char *const NAMES[] = {"N", "NW", "W", "SW", "S", "SE", "E", "NE"};

    return NAMES[((yaw % 360 + 360) % 360 * 2 + 45) / 90 % 8];
}

/* ---- the legend ---- */

/* From little to most, in the colours that the map has, or the digits. Returns the columns it took.
 */
static int draw_ramp(struct canvas *canvas, int row, int column, enum map_layer layer)
{
    static const char DIGITS[RAMP_COLUMNS + 1] = "1223456789";
    bool digits = canvas->few || canvas->mono;

    for (int i = 0; i < RAMP_COLUMNS; i++) {
        uint32_t colour = map_picture_heat((float)i / (RAMP_COLUMNS - 1), layer == MAP_POPULATION);
        const char digit[2] = {DIGITS[i], '\0'};

        canvas_paint(canvas, row, column + i, digits ? digit : "\u2588", DIGITS[i],
                     digits ? 0 : colour, 0);
    }
    return RAMP_COLUMNS;
}

static int draw_legend(const struct panel *panel, int row, int column, int columns)
{
    const struct model_world_population *population = &panel->world->population;
    enum map_layer layer = panel->state->layer;
    char most[24], least[24];
    int used;

    if (!population->known || population->n == 0)
        return canvas_text(panel->canvas, row, column, columns, STYLE_DIM, "nobody in view");
    if (layer == MAP_POPULATION && population->most <= 1)
        return canvas_text(panel->canvas, row, column, columns, STYLE_PLAIN,
                           map_is_painted(panel->canvas) ? "a dot is a player"
                                                         : "a digit counts players");
    used = canvas_printf(
        panel->canvas, row, column, columns, STYLE_PLAIN, "%s ",
        layer == MAP_POPULATION ? "1" : value_text(layer, population->most / 100, least));
    used += draw_ramp(panel->canvas, row, column + used, layer);
    used += canvas_printf(panel->canvas, row, column + used, columns - used, STYLE_PLAIN, " %s",
                          value_text(layer, population->most, most));
    return used;
}

/* A round length that takes at most that many columns. */
static double scale_of(int32_t step_m, int columns, int *length)
{
    double metres = 1;

    while (metres * 10 <= (double)step_m * columns)
        metres *= 10;
    if (metres * 5 <= (double)step_m * columns)
        metres *= 5;
    else if (metres * 2 <= (double)step_m * columns)
        metres *= 2;
    *length = (int)(metres / step_m + 0.5);
    if (*length < 1)
        *length = 1;
    return metres;
}

static int draw_scale(const struct panel *panel, int row, int column, int columns)
{
    char text[24];
    int length;
    double metres = scale_of(map_view_step(&panel->state->view), columns, &length);

    for (int i = 0; i < length; i++)
        canvas_glyph(panel->canvas, row, column + i, STYLE_PLAIN,
                     i == 0            ? "\u251c"
                     : i == length - 1 ? "\u2524"
                                       : "\u2500",
                     i == 0 || i == length - 1 ? '|' : '-');
    return length + canvas_printf(panel->canvas, row, column + length, 10, STYLE_PLAIN, " %s",
                                  metres_text(metres, text));
}

static void draw_view(struct panel *panel)
{
    const struct model_world_population *population = &panel->world->population;
    char text[64];

    head(panel, MAP_LAYERS[panel->state->layer].name);
    if (panel->row < panel->end)
        draw_legend(panel, panel->row++, panel->column, panel->columns);
    if (panel->row < panel->end)
        draw_scale(panel, panel->row++, panel->column, panel->columns - 8);
    if (population->known) {
        snprintf(text, sizeof(text), "%lld of %lld", (long long)population->players,
                 (long long)panel->world->players);
        tell(panel, "players in view", text);
    }
    snprintf(text, sizeof(text), "%lld, %lld divided", (long long)panel->world->cells,
             (long long)panel->world->divided);
    tell(panel, "cells", text);
}

/* ---- who is followed, and the cell ---- */

static void draw_one(struct panel *panel)
{
    const struct model_world_one *one = &panel->world->one;
    char text[64], figure[24];

    gap(panel);
    head(panel, "Following");
    if (strcmp(one->session, panel->state->follow) != 0 || !one->known) {
        say(panel, STYLE_BOLD, "%s", panel->state->follow_name);
        say(panel, STYLE_DIM, "looking for him...");
        return;
    }
    say(panel, STYLE_BOLD, "%s", one->name);
    snprintf(text, sizeof(text), "%.1f m/s %s", one->speed_m_s, compass(one->yaw));
    tell(panel, one->pose, text);
    snprintf(text, sizeof(text), "%.0f, %.0f", one->x, one->z);
    tell(panel, "at", text);
    if (one->rtt_us > 0)
        snprintf(text, sizeof(text), "%s ms", figures_ms((double)one->rtt_us / 1000, figure));
    else
        snprintf(text, sizeof(text), "-");
    tell(panel, "round trip", text);
    tell(panel, "is sent", rate_text(one->out, figure));
    tell(panel, "CPU", cost_text(one->cost_us, figure));
    snprintf(text, sizeof(text), "%lld", (long long)one->cells);
    tell(panel, "cells in view", text);
}

static bool cell_is_here(const struct panel *panel)
{
    const struct model_world_cell *cell = &panel->world->cell;
    int32_t x_m, z_m;

    map_cell(panel->world, panel->state, &x_m, &z_m);
    return cell->known && cell->x == x_m && cell->z == z_m;
}

static void draw_names(struct panel *panel)
{
    const struct model_world_list *there = &panel->world->there;
    int32_t x_m, z_m;

    map_cell(panel->world, panel->state, &x_m, &z_m);
    if (there->x != x_m || there->z != z_m)
        return;
    for (size_t i = 0; i < there->n && panel->row < panel->end; i++) {
        const struct model_world_player *player = &there->rows[i];
        bool last = panel->row == panel->end - 1 && (int64_t)i + 1 < there->matched;
        enum style style =
            strcmp(player->session, panel->state->follow) == 0 ? STYLE_ACCENT : STYLE_PLAIN;

        if (last) {
            say(panel, STYLE_DIM, "and %lld more, Enter", (long long)(there->matched - (int64_t)i));
            return;
        }
        canvas_cut(panel->canvas, panel->row, panel->column, panel->columns - 9, style,
                   player->name);
        canvas_right(panel->canvas, panel->row++, panel->column + panel->columns, 9, STYLE_DIM,
                     player->pose);
    }
}

static void draw_cell(struct panel *panel)
{
    const struct model_world_cell *cell = &panel->world->cell;
    char text[64], figure[24], bytes[16];
    int32_t x_m, z_m;

    map_cell(panel->world, panel->state, &x_m, &z_m);
    gap(panel);
    snprintf(text, sizeof(text), "Cell %d, %d", x_m / panel->world->cell_m,
             z_m / panel->world->cell_m);
    head(panel, text);
    if (!cell_is_here(panel)) {
        say(panel, STYLE_DIM, "...");
        return;
    }
    snprintf(text, sizeof(text), "%.0f, %.0f", panel->state->x_m, panel->state->z_m);
    tell(panel, "at", text);
    snprintf(text, sizeof(text), "%.0f m", cell->height);
    tell(panel, "ground", text);
    if (cell->figures > cell->players)
        snprintf(text, sizeof(text), "%lld of %lld figures", (long long)cell->players,
                 (long long)cell->figures);
    else
        snprintf(text, sizeof(text), "%lld", (long long)cell->players);
    tell(panel, "players", text);
    if (cell->players > 0) {
        tell(panel, "CPU", cost_text(cell->cost_us, figure));
        tell(panel, "are sent", rate_text(cell->out, figure));
        tell(panel, "send", rate_text(cell->in, figure));
    }
    if (cell->leaves > 0) {
        snprintf(text, sizeof(text), "%s%s", figures_bytes((double)cell->block_bytes, bytes),
                 cell->leaves > 1 ? ", divided" : "");
        tell(panel, "its blocks", text);
        tell(panel, "changed a tick", figures_bytes((double)cell->update_bytes, bytes));
    }
    draw_names(panel);
}

void map_panel(struct ui *ui, struct canvas *canvas, int row, int column, int rows, int columns)
{
    struct map_state *state = map_state(ui);
    struct panel panel = {ui, state, &ui->model.world, canvas, row, row + rows, column, columns};

    draw_view(&panel);
    if (state->follow[0] != '\0')
        draw_one(&panel);
    draw_cell(&panel);
}

/* Two lines: the layer, its legend and the scale; the one who is followed, or the cell. */
void map_panel_low(struct ui *ui, struct canvas *canvas, int row, int columns)
{
    struct map_state *state = map_state(ui);
    struct panel panel = {ui, state, &ui->model.world, canvas, row, row + 2, 0, columns};
    const struct model_world_cell *cell = &ui->model.world.cell;
    const struct model_world_one *one = &ui->model.world.one;
    char cost[24], out[24], rtt[16];
    int32_t x_m, z_m;
    int used =
        canvas_printf(canvas, row, 0, columns, STYLE_BOLD, "%s ", MAP_LAYERS[state->layer].name);

    used += draw_legend(&panel, row, used, columns - used) + 2;
    if (used + 24 < columns)
        draw_scale(&panel, row, used, columns - used - 8 < 16 ? columns - used - 8 : 16);
    if (state->follow[0] != '\0' && one->known && strcmp(one->session, state->follow) == 0) {
        canvas_printf(canvas, row + 1, 0, columns, STYLE_PLAIN, "%s %s %.1f m/s %s, rtt %s ms",
                      one->name, one->pose, one->speed_m_s, compass(one->yaw),
                      figures_ms((double)one->rtt_us / 1000, rtt));
        return;
    }
    map_cell(panel.world, state, &x_m, &z_m);
    if (cell_is_here(&panel))
        canvas_printf(canvas, row + 1, 0, columns, STYLE_PLAIN,
                      "cell %d,%d: %lld players, CPU %s, sent %s", x_m / panel.world->cell_m,
                      z_m / panel.world->cell_m, (long long)cell->players,
                      cost_text(cell->cost_us, cost), rate_text(cell->out, out));
}
