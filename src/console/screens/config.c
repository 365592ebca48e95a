/* config.c -- each option of the server: value, where it came from, default, and in the box below
 * what it is for. Those that a reload applies can be set until the next reload or restart. */
#define _GNU_SOURCE
#include "config.h"

#include <stdio.h>
#include <string.h>

#include "common/compiler.h"
#include "console/model/fields.h"
#include "console/ui/list.h"

#define REFRESH_MS 5000
#define HELP_ROWS  7 /* of the box below the list */
#define DENIED     (-32001)

enum { DO_CHANGED = KEYS_OWN, DO_SET, DO_RESET, DO_RELOAD };

struct config_state {
    struct list list;
    struct line filter;
    struct requests_poll poll;
    bool changed; /* only those that are not at their default, or set by an operator */
    bool denied;
    uint64_t taken; /* of the model, as of the last look */
    size_t shown[MODEL_CONFIG_OPTIONS], shown_n;
};

static struct config_state *state_of(struct ui *ui)
{
    return ui_state(ui, &SCREEN_CONFIG);
}

static bool is_operators(const json_t *row)
{
    return strcmp(fields_string(row, "source"), "operator") == 0;
}

/* -- the list ---------------------------------------------------------------------------------- */

/* clang-format off */
enum { NAME, VALUE, SOURCE, DEFAULT, HOLDS, COLUMNS_N };
static const struct list_column COLUMNS[COLUMNS_N] = {
    [NAME] =    {"OPTION",  NULL, 31, 0},
    [VALUE] =   {"VALUE",   NULL, 0,  0},
    [SOURCE] =  {"FROM",    NULL, 12, 70},
    [DEFAULT] = {"DEFAULT", NULL, 24, 110},
    [HOLDS] =   {"CHANGES", NULL, 11, 90},
};
/* clang-format on */

static const json_t *row_at(struct ui *ui, long row)
{
    const struct config_state *state = state_of(ui);

    if (row < 0 || row >= (long)state->shown_n || state->shown[row] >= ui->model.config.n)
        return NULL;
    return ui->model.config.rows[state->shown[row]];
}

static long rows_n(struct ui *ui)
{
    return ui->model.config.options != NULL ? (long)state_of(ui)->shown_n : -1;
}

static const char *row_id(struct ui *ui, long row)
{
    const json_t *json = row_at(ui, row);

    return json != NULL ? fields_string(json, "name") : NULL;
}

static const char *holds_of(const json_t *row)
{
    if (fields_true(row, "settable"))
        return "at once";
    return fields_true(row, "reloadable") ? "by reload" : "by restart";
}

static bool row_cell(struct ui *ui, long row, int column, char *text, size_t room_bytes)
{
    const json_t *json = row_at(ui, row);

    if (json == NULL)
        return false;
    snprintf(text, room_bytes, "%s",
             column == NAME      ? fields_string(json, "name")
             : column == VALUE   ? fields_string(json, "value")
             : column == SOURCE  ? fields_string(json, "source")
             : column == DEFAULT ? fields_string(json, "default")
                                 : holds_of(json));
    return true;
}

static enum style row_style(struct ui *ui, long row, int column)
{
    const json_t *json = row_at(ui, row);

    if (json == NULL || column == DEFAULT || column == HOLDS)
        return STYLE_DIM;
    if (is_operators(json))
        return STYLE_WARN;
    if (!json_is_true(json_object_get(json, "changed")))
        return column == NAME ? STYLE_PLAIN : STYLE_DIM;
    return column == SOURCE ? STYLE_PLAIN : STYLE_BOLD;
}

static const struct list_table TABLE = {
    .columns = COLUMNS,
    .columns_n = COLUMNS_N,
    .nothing = "No option matches.",
    .n = rows_n,
    .cell = row_cell,
    .id = row_id,
    .style = row_style,
};

static bool matches(const struct config_state *state, const json_t *row)
{
    const char *filter = state->filter.text;

    if (state->changed && !json_is_true(json_object_get(row, "changed")) && !is_operators(row))
        return false;
    return filter[0] == '\0' || strcasestr(fields_string(row, "name"), filter) != NULL ||
           strcasestr(fields_string(row, "value"), filter) != NULL ||
           strcasestr(fields_string(row, "origin"), filter) != NULL ||
           strcasestr(fields_string(row, "help"), filter) != NULL;
}

static void show_matching(struct ui *ui)
{
    struct config_state *state = state_of(ui);
    const struct model_config *config = &ui->model.config;

    state->shown_n = 0;
    for (size_t i = 0; i < config->n; i++) {
        if (matches(state, config->rows[i]))
            state->shown[state->shown_n++] = i;
    }
    state->taken = config->taken;
    list_settle(&state->list, &TABLE, ui);
}

/* -- drawing ----------------------------------------------------------------------------------- */

static void draw_head(struct ui *ui, struct canvas *canvas, int row)
{
    struct config_state *state = state_of(ui);
    size_t set = 0;
    int used = 1;

    for (size_t i = 0; i < ui->model.config.n; i++)
        set += is_operators(ui->model.config.rows[i]);
    used += canvas_printf(canvas, row, used, canvas->columns - 2, STYLE_BOLD, "%zu %s%s",
                          state->shown_n, state->changed ? "changed option" : "option",
                          state->shown_n == 1 ? "" : "s");
    if (set > 0)
        used += canvas_printf(canvas, row, used, canvas->columns - used - 1, STYLE_WARN,
                              "   %zu set until the next reload or restart", set);
    (void)ui_draw_filter(ui, canvas, row, used, &state->filter);
}

/* What the option under the cursor is for. */
static void draw_help(struct canvas *canvas, int row, const json_t *json)
{
    int columns = canvas->columns - 4;

    canvas_box(canvas, row, 0, HELP_ROWS, canvas->columns, fields_string(json, "name"));
    canvas_printf(
        canvas, row + 1, 2, columns, STYLE_DIM, "%s; by default %s", fields_string(json, "kind"),
        fields_string(json, "default")[0] != '\0' ? fields_string(json, "default") : "empty");
    canvas_printf(canvas, row + 2, 2, columns, is_operators(json) ? STYLE_WARN : STYLE_DIM,
                  is_operators(json) ? "set by %s; changes %s" : "from %s; changes %s",
                  fields_string(json, "origin"), holds_of(json));
    (void)canvas_paragraph(canvas, row + 3, row + HELP_ROWS - 2, 2, columns,
                           fields_string(json, "help"));
}

static void draw(struct ui *ui, struct canvas *canvas, int row, int rows)
{
    struct config_state *state = state_of(ui);
    int help = rows > 2 * HELP_ROWS ? HELP_ROWS : 0;
    const json_t *json;

    if (state->denied) {
        canvas_text(canvas, row + 1, 1, canvas->columns - 2, STYLE_WARN,
                    "The configuration is for admins: your role may not read it.");
        return;
    }
    draw_head(ui, canvas, row);
    list_draw(&state->list, &TABLE, ui, canvas, row + 1, rows - 1 - help);
    json = row_at(ui, state->list.cursor);
    if (help > 0 && json != NULL)
        draw_help(canvas, row + rows - help, json);
}

/* -- what is done ------------------------------------------------------------------------------ */

/* clang-format off */
static const struct dialog_kind SET = {
    .verb = "Set", .done = "set", .many = "options", .method = "config.set",
    .what = "It holds at once, checked as a reload is, and until the next reload or restart: to keep it, change the file. "
            "This goes to the audit log.",
    .fields = {{.label = "to", .param = "value"}},
    .write_first = true,
};
static const struct dialog_kind RESET = {
    .verb = "Take back", .done = "taken back", .many = "options", .method = "config.reset",
    .what = "It is again as it was loaded. This goes to the audit log.",
};
static const struct dialog_kind RELOAD = {
    .verb = "Load the configuration anew", .done = "loaded anew", .method = "server.reload",
    .what = "The file is read again: all of it holds or, if anything is wrong, nothing. What operators set here is gone. "
            "This goes to the audit log.",
};
/* clang-format on */

static void set(struct ui *ui, const json_t *row)
{
    const char *name = fields_string(row, "name");
    char about[128];

    if (!fields_true(row, "settable")) {
        ui_say(ui, true, "%s is told by the file only, and changes %s", name, holds_of(row));
        return;
    }
    if (strlen(fields_string(row, "value")) > LINE_MAX_BYTES) { /* it would lose its end */
        ui_say(ui, true, "%s is too long for this line: exec config.set takes it", name);
        return;
    }
    snprintf(about, sizeof(about), "now %.100s", fields_string(row, "value"));
    dialog_open(ui, &SET);
    dialog_preset(ui, 0, fields_string(row, "value"));
    dialog_add(ui, json_pack("{s:s}", "name", name), name, about);
}

static void reset(struct ui *ui, const json_t *row)
{
    const char *name = fields_string(row, "name");
    char about[128];

    if (!is_operators(row)) {
        ui_say(ui, true, "%s was not set by an operator", name);
        return;
    }
    snprintf(about, sizeof(about), "now %.100s", fields_string(row, "value"));
    dialog_open(ui, &RESET);
    dialog_add(ui, json_pack("{s:s}", "name", name), name, about);
}

/* What is found stands at the top. */
static void typed(struct ui *ui)
{
    state_of(ui)->list.cursor = 0;
    state_of(ui)->list.id[0] = '\0';
    show_matching(ui);
}

static void act(struct ui *ui, int action)
{
    struct config_state *state = state_of(ui);
    const json_t *row;

    if (state->taken != ui->model.config.taken)
        show_matching(ui);
    row = row_at(ui, state->list.cursor);
    if (action == DO_SET && row != NULL) {
        set(ui, row);
    } else if (action == DO_RESET && row != NULL) {
        reset(ui, row);
    } else if (action == DO_RELOAD) {
        dialog_open(ui, &RELOAD);
    } else if (action == DO_CHANGED) {
        state->changed = !state->changed;
        show_matching(ui);
    } else if (action == KEYS_DO_FILTER) {
        ui_prompt(ui, &state->filter);
    } else if (action == KEYS_DO_BACK) {
        line_set(&state->filter, "");
        state->changed = false;
        show_matching(ui);
    } else {
        (void)list_act(&state->list, &TABLE, ui, action);
    }
}

static void on_time(struct ui *ui)
{
    struct config_state *state = state_of(ui);

    if (state->taken != ui->model.config.taken)
        show_matching(ui);
    if (strcmp(ui->model.rpc.role, "admin") == 0)
        state->denied = false; /* of the connection before */
    if (!state->denied && ui_due(ui, &state->poll, REFRESH_MS))
        ui_poll(ui, &state->poll, "config.list", NULL);
}

static void answered(struct ui *ui, const struct screen_reply *reply)
{
    if (strcmp(reply->method, "config.list") == 0)
        state_of(ui)->denied = reply->code == DENIED;
    else
        ui_again(&state_of(ui)->poll); /* what was done shows */
    if (strcmp(reply->method, "server.reload") == 0 && reply->code == 0)
        ui_say(ui, false, "%s", fields_string(reply->data, "outcome"));
    show_matching(ui);
}

static bool on_mouse(struct ui *ui, const struct mouse *mouse)
{
    (void)list_mouse(&state_of(ui)->list, &TABLE, ui, mouse);
    return false;
}

/* clang-format off */
static const struct keys_row ROWS[] = {
    {{'c'},                                 DO_CHANGED,        "c",            "Changed", "only options that are not at their default, or all"},
    {{'/', KEYS_F(3), KEYS_F(4)},           KEYS_DO_FILTER,    "/, F3, F4",    "Filter",  "by name, value, origin or what the help says"},
    {{'S', KEYS_F(9)},                      DO_SET,            "S, F9",        "Set",     "another value until the next reload or restart"},
    {{'U'},                                 DO_RESET,          "U",            NULL,      "take back what an operator set"},
    {{'R'},                                 DO_RELOAD,         "R",            "Reload",  "load the file anew"},
    {{KEYS_UP, 'k'},                        KEYS_DO_LINE_UP,   "Up, k",        NULL,      "the option above: what it is for stands below"},
    {{KEYS_DOWN, 'j'},                      KEYS_DO_LINE_DOWN, "Down, j",      NULL,      "the option below"},
    {{KEYS_PAGE_UP, KEYS_CTRL('B')},        KEYS_DO_PAGE_UP,   "PgUp, Ctrl-B", NULL,      "a page up"},
    {{KEYS_PAGE_DOWN, KEYS_CTRL('F'), ' '}, KEYS_DO_PAGE_DOWN, "PgDn, Space",  NULL,      "a page down"},
    {{KEYS_HOME, 'g'},                      KEYS_DO_FIRST,     "Home, g",      NULL,      "the first option"},
    {{KEYS_END, 'G'},                       KEYS_DO_LAST,      "End, G",       NULL,      "the last option"},
};
/* clang-format on */

const struct screen SCREEN_CONFIG = {
    .name = "Config",
    .short_name = "Config",
    .key = '0',
    .keys = KEYS_OF(ROWS),
    .state_bytes = sizeof(struct config_state),
    .draw = draw,
    .act = act,
    .time = on_time,
    .answered = answered,
    .typed = typed,
    .mouse = on_mouse,
};
