/* audit.c -- what operators changed, tried or were denied, the newest first and as it is written.
 *
 * In the filter, by=kim, method=players. and target=#17 are searched by the daemon in all that it
 * keeps; every other word among the rows that are here. Older pages come as the cursor goes down.
 */
#define _GNU_SOURCE
#include "audit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/compiler.h"
#include "console/model/fields.h"
#include "console/ui/list.h"

#define REFRESH_MS 5000
#define PAGE_ROWS  100
#define SOON_ROWS  30 /* before the end the next page is asked for */
#define WHOLE_FROM 34 /* rows, from which on the row under the cursor is told in full below */
#define WHOLE_ROWS 16
#define DENIED     (-32001)
#define DAY_MS     86400000

struct audit_state {
    struct list list;
    struct line filter;
    struct requests_poll poll, older;
    uint64_t news, taken; /* of the model, as of the last look */
    bool denied;
    size_t shown[MODEL_AUDIT_ROWS], shown_n; /* indices into the model's rows */
};

static struct audit_state *state_of(struct ui *ui)
{
    return ui_state(ui, &SCREEN_AUDIT);
}

/* -- what a row says --------------------------------------------------------------------------- */

/* The player's name where there is one: an account's number says little. */
static const char *target_of(const json_t *row)
{
    const char *player = fields_string(json_object_get(row, "detail"), "player");

    return player[0] != '\0' ? player : fields_string(row, "target");
}

static void params_text(const json_t *row, char *text, size_t room_bytes)
{
    const json_t *params = json_object_get(json_object_get(row, "detail"), "params"), *value;
    const char *name;
    size_t n = 0;

    text[0] = '\0';
    json_object_foreach((json_t *)params, name, value)
    {
        char *dumped =
            json_is_string(value) ? NULL : json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);

        if (n < room_bytes)
            n += (size_t)snprintf(text + n, room_bytes - n, "%s%s=%s", n > 0 ? " " : "", name,
                                  dumped != NULL ? dumped : json_string_value(value));
        free(dumped);
    }
}

static enum style outcome_style(const json_t *row)
{
    const char *outcome = fields_string(row, "outcome");

    if (strncmp(outcome, "denied", 6) == 0)
        return STYLE_BAD;
    return strcmp(outcome, "ok") == 0 ? STYLE_GOOD : STYLE_WARN;
}

/* "12:04:31", of another day "11-21 12:04". */
static const char *time_of(const struct ui *ui, int64_t at_ms, char text[24])
{
    const char *year_ends;

    if (at_ms / DAY_MS == ui->wall_ms / DAY_MS)
        return figures_clock(at_ms, text);
    year_ends = strchr(figures_date(at_ms, text), '-');
    return year_ends != NULL ? year_ends + 1 : text;
}

/* -- the list ---------------------------------------------------------------------------------- */

/* clang-format off */
enum { TIME, BY, METHOD, TARGET, WITH, OUTCOME, COLUMNS_N };
static const struct list_column COLUMNS[COLUMNS_N] = {
    [TIME] =    {"TIME",    NULL, 11, 0},
    [BY] =      {"BY",      NULL, 10, 0},
    [METHOD] =  {"METHOD",  NULL, 20, 0},
    [TARGET] =  {"TARGET",  NULL, 20, 70},
    [WITH] =    {"WITH",    NULL, 50, 130},
    [OUTCOME] = {"OUTCOME", NULL, 0,  0},
};
/* clang-format on */

static const json_t *row_at(struct ui *ui, long row)
{
    const struct audit_state *state = state_of(ui);

    if (row < 0 || row >= (long)state->shown_n || state->shown[row] >= ui->model.audit.n)
        return NULL;
    return ui->model.audit.rows[state->shown[row]];
}

static long rows_n(struct ui *ui)
{
    return ui->model.audit.known ? (long)state_of(ui)->shown_n : -1;
}

static const char *row_id(struct ui *ui, long row)
{
    const json_t *json = row_at(ui, row);

    return json != NULL ? fields_string(json, "id") : NULL;
}

static bool row_cell(struct ui *ui, long row, int column, char *text, size_t room_bytes)
{
    const json_t *json = row_at(ui, row);
    int64_t at_ms = fields_integer(json, "at_ms");
    char figure[24];

    if (json == NULL)
        return false;
    if (column == WITH) {
        params_text(json, text, room_bytes);
        return true;
    }
    snprintf(text, room_bytes, "%s",
             column == TIME     ? time_of(ui, at_ms, figure)
             : column == BY     ? fields_string(json, "by")
             : column == METHOD ? fields_string(json, "method")
             : column == TARGET ? target_of(json)
                                : fields_string(json, "outcome"));
    return true;
}

static enum style row_style(struct ui *ui, long row, int column)
{
    const json_t *json = row_at(ui, row);

    if (column == TIME || column == WITH)
        return STYLE_DIM;
    return column == OUTCOME && json != NULL ? outcome_style(json) : STYLE_PLAIN;
}

static const struct list_table TABLE = {
    .columns = COLUMNS,
    .columns_n = COLUMNS_N,
    .nothing = "Nothing is on record that matches.",
    .n = rows_n,
    .cell = row_cell,
    .id = row_id,
    .style = row_style,
};

/* -- the filter -------------------------------------------------------------------------------- */

static const char *const SEARCHED[] = {"by", "method", "target"};

/* The search's parameter that a word gives; NULL: none. *value: what stands behind the sign. */
static const char *searched(const char *word, const char **value)
{
    for (size_t i = 0; i < ARRAY_N(SEARCHED); i++) {
        size_t n = strlen(SEARCHED[i]);

        if (strncmp(word, SEARCHED[i], n) == 0 && word[n] == '=') {
            *value = word + n + 1;
            return SEARCHED[i];
        }
    }
    return NULL;
}

/* What the daemon is asked for; a new reference. */
static json_t *search(struct ui *ui)
{
    json_t *params = json_pack("{s:i}", "limit", PAGE_ROWS);
    char words[LINE_BYTES], *rest = words;

    snprintf(words, sizeof(words), "%s", state_of(ui)->filter.text);
    for (char *word; (word = strsep(&rest, " ")) != NULL;) {
        const char *value, *name = searched(word, &value);

        if (name != NULL && value[0] != '\0')
            json_object_set_new(params, name, json_string(value));
    }
    return params;
}

static bool has_word(const json_t *row, const char *word)
{
    char with[512];

    params_text(row, with, sizeof(with));
    return strcasestr(fields_string(row, "by"), word) != NULL ||
           strcasestr(fields_string(row, "method"), word) != NULL ||
           strcasestr(fields_string(row, "target"), word) != NULL ||
           strcasestr(target_of(row), word) != NULL ||
           strcasestr(fields_string(row, "outcome"), word) != NULL ||
           strcasestr(with, word) != NULL;
}

static bool matches(const json_t *row, const char *filter)
{
    char words[LINE_BYTES], *rest = words;
    const char *value;

    snprintf(words, sizeof(words), "%s", filter);
    for (char *word; (word = strsep(&rest, " ")) != NULL;) {
        if (word[0] != '\0' && searched(word, &value) == NULL && !has_word(row, word))
            return false;
    }
    return true;
}

static void show_matching(struct ui *ui)
{
    struct audit_state *state = state_of(ui);
    const struct model_audit *audit = &ui->model.audit;

    state->shown_n = 0;
    for (size_t i = 0; i < audit->n; i++) {
        if (matches(audit->rows[i], state->filter.text))
            state->shown[state->shown_n++] = i;
    }
    state->taken = audit->taken;
    list_settle(&state->list, &TABLE, ui);
}

/* -- the screen -------------------------------------------------------------------------------- */

static void draw_whole(struct canvas *canvas, int row, int rows, const json_t *json);

static void draw(struct ui *ui, struct canvas *canvas, int row, int rows)
{
    struct audit_state *state = state_of(ui);
    const struct model_audit *audit = &ui->model.audit;
    int used = 1, whole = rows >= WHOLE_FROM && state->shown_n > 0 ? WHOLE_ROWS : 0;

    if (state->denied) {
        canvas_text(canvas, row + 1, 1, canvas->columns - 2, STYLE_WARN,
                    "The audit is for admins: your role may not read it.");
        return;
    }
    used += canvas_printf(canvas, row, 1, canvas->columns - 2, STYLE_BOLD, "%zu row%s%s",
                          state->shown_n, state->shown_n == 1 ? "" : "s",
                          audit->all ? "" : " and older ones");
    used += ui_draw_filter(ui, canvas, row, used, &state->filter);
    if (ui->prompt == &state->filter && state->filter.text[0] == '\0')
        canvas_text(canvas, row, used + 2, canvas->columns, STYLE_DIM,
                    "any word, by=kim, method=players., target=#17");
    list_draw(&state->list, &TABLE, ui, canvas, row + 1, rows - 1 - whole);
    if (whole > 0)
        draw_whole(canvas, row + rows - whole, whole, row_at(ui, state->list.cursor));
}

static void ask_for_older(struct ui *ui)
{
    struct audit_state *state = state_of(ui);
    const struct model_audit *audit = &ui->model.audit;
    json_t *params;

    if (audit->all || audit->n == 0 || audit->n >= MODEL_AUDIT_ROWS ||
        state->list.cursor + SOON_ROWS < (long)state->shown_n || !ui_due(ui, &state->older, 300))
        return;
    params = search(ui);
    json_object_set_new(params, "before",
                        json_string(fields_string(audit->rows[audit->n - 1], "id")));
    ui_poll(ui, &state->older, "audit.list", params);
}

static void on_time(struct ui *ui)
{
    struct audit_state *state = state_of(ui);

    if (strcmp(ui->model.rpc.role, "admin") == 0)
        state->denied = false; /* of the connection before */
    if (state->denied)
        return;
    if (state->news != ui->model.audit.news) {
        state->news = ui->model.audit.news;
        ui_again(&state->poll);
    }
    if (state->taken != ui->model.audit.taken)
        show_matching(ui);
    if (ui_due(ui, &state->poll, REFRESH_MS))
        ui_poll(ui, &state->poll, "audit.list", search(ui));
    else
        ask_for_older(ui);
}

static void answered(struct ui *ui, const struct screen_reply *reply)
{
    if (strcmp(reply->method, "audit.list") != 0)
        return;
    state_of(ui)->denied = reply->code == DENIED;
    show_matching(ui);
}

static void typed(struct ui *ui)
{
    state_of(ui)->list.cursor = 0; /* what is found stands at the top */
    state_of(ui)->list.id[0] = '\0';
    ui_again(&state_of(ui)->poll);
    show_matching(ui);
}

struct row_state {
    char id[LIST_ID_BYTES];
    int top; /* lines that are scrolled away */
};

static void open_row(struct ui *ui)
{
    struct row_state *page = ui_state(ui, &SCREEN_AUDIT_ROW);
    const char *id;

    show_matching(ui);
    id = row_id(ui, state_of(ui)->list.cursor);
    if (id == NULL)
        return;
    snprintf(page->id, sizeof(page->id), "%s", id);
    page->top = 0;
    ui_open(ui, &SCREEN_AUDIT_ROW);
}

static void act(struct ui *ui, int action)
{
    struct audit_state *state = state_of(ui);

    if (action == KEYS_DO_ENTER) {
        open_row(ui);
    } else if (action == KEYS_DO_FILTER) {
        ui_prompt(ui, &state->filter);
    } else if (action == KEYS_DO_BACK) {
        line_set(&state->filter, "");
        typed(ui);
    } else {
        (void)list_act(&state->list, &TABLE, ui, action);
    }
}

static bool on_mouse(struct ui *ui, const struct mouse *mouse)
{
    return list_mouse(&state_of(ui)->list, &TABLE, ui, mouse);
}

/* clang-format off */
#define MOVES                                                                                                               \
    {{KEYS_UP, 'k'},                        KEYS_DO_LINE_UP,   "Up, k",        NULL, "a line up"},                          \
    {{KEYS_DOWN, 'j'},                      KEYS_DO_LINE_DOWN, "Down, j",      NULL, "a line down"},                        \
    {{KEYS_PAGE_UP, KEYS_CTRL('B')},        KEYS_DO_PAGE_UP,   "PgUp, Ctrl-B", NULL, "a page up"},                          \
    {{KEYS_PAGE_DOWN, KEYS_CTRL('F'), ' '}, KEYS_DO_PAGE_DOWN, "PgDn, Space",  NULL, "a page down"}, \
    {{KEYS_HOME, 'g'},                      KEYS_DO_FIRST,     "Home, g",      NULL, "to the top"},                         \
    {{KEYS_END, 'G'},                       KEYS_DO_LAST,      "End, G",       NULL, "to the end"}
static const struct keys_row ROWS[] = {
    {{KEYS_ENTER},                KEYS_DO_ENTER,  "Enter",     "Show",   "all that is on record of this row"},
    {{'/', KEYS_F(3), KEYS_F(4)}, KEYS_DO_FILTER, "/, F3, F4", "Filter", "a word among these rows; by=kim, method=, target= among all"},
    MOVES,
};
/* clang-format on */

const struct screen SCREEN_AUDIT = {
    .name = "Audit",
    .short_name = "Audit",
    .key = '9',
    .keys = KEYS_OF(ROWS),
    .state_bytes = sizeof(struct audit_state),
    .draw = draw,
    .act = act,
    .time = on_time,
    .answered = answered,
    .typed = typed,
    .mouse = on_mouse,
};

/* -- one row ----------------------------------------------------------------------------------- */

/* Where the page's next line goes; lines before `top` and below the end are only counted. */
struct pen {
    struct canvas *canvas;
    int row, first, last;
};

static void line(struct pen *pen, const char *label, enum style style, const char *text)
{
    int columns = pen->canvas->columns - 14;
    int rows = canvas_wrap(NULL, 0, 0, 0, columns, text);

    if (pen->row >= pen->first && pen->row <= pen->last)
        canvas_text(pen->canvas, pen->row, 1, 11, STYLE_DIM, label);
    if (rows == 1 && pen->row >= pen->first && pen->row <= pen->last)
        canvas_cut(pen->canvas, pen->row, 13, columns, style, text);
    else if (rows > 1 && pen->row <= pen->last) /* below is only the bottom line, drawn later */
        canvas_wrap(pen->canvas, pen->row + rows - 1, pen->first, 13, columns, text);
    pen->row += rows;
}

static void lines_of(struct pen *pen, const char *title, const json_t *object)
{
    const json_t *value;
    const char *name;

    if (!json_is_object(object) || json_object_size(object) == 0)
        return;
    pen->row++;
    line(pen, title, STYLE_PLAIN, "");
    json_object_foreach((json_t *)object, name, value)
    {
        char *text = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);
        char label[16];

        snprintf(label, sizeof(label), "  %s", name);
        line(pen, label, STYLE_PLAIN,
             json_is_string(value) ? json_string_value(value)
             : text != NULL        ? text
                                   : "");
        free(text);
    }
}

static const json_t *row_shown(struct ui *ui)
{
    const struct row_state *page = ui_state(ui, &SCREEN_AUDIT_ROW);
    const struct model_audit *audit = &ui->model.audit;

    for (size_t i = 0; i < audit->n; i++) {
        if (strcmp(fields_string(audit->rows[i], "id"), page->id) == 0)
            return audit->rows[i];
    }
    return NULL;
}

static void all_lines(struct pen *pen, const json_t *json)
{
    const json_t *detail = json_object_get(json, "detail");
    char date[24], clock[16], text[96];

    snprintf(text, sizeof(text), "%.10s %s UTC", figures_date(fields_integer(json, "at_ms"), date),
             figures_clock(fields_integer(json, "at_ms"), clock));
    line(pen, "when", STYLE_PLAIN, text);
    snprintf(text, sizeof(text), "%.64s (uid %lld)", fields_string(json, "by"),
             (long long)fields_integer(json, "uid"));
    line(pen, "who", STYLE_BOLD, text);
    line(pen, "what", STYLE_BOLD, fields_string(json, "method"));
    line(pen, "target", STYLE_PLAIN, fields_string(json, "target"));
    line(pen, "player", STYLE_PLAIN, fields_string(detail, "player"));
    line(pen, "outcome", outcome_style(json), fields_string(json, "outcome"));
    line(pen, "row", STYLE_DIM, fields_string(json, "id"));
    lines_of(pen, "asked with", json_object_get(detail, "params"));
    lines_of(pen, "answered", json_object_get(detail, "result"));
}

/* As much as there is room for. */
static void draw_whole(struct canvas *canvas, int row, int rows, const json_t *json)
{
    struct pen pen = {canvas, row + 1, row + 1, row + rows - 1};

    if (json != NULL)
        all_lines(&pen, json);
    canvas_heading(canvas, row,
                   pen.row <= pen.last + 1
                       ? "THE ROW UNDER THE CURSOR"
                       : "THE ROW UNDER THE CURSOR, its beginning (Enter: all of it)");
}

static void draw_row(struct ui *ui, struct canvas *canvas, int row, int rows)
{
    struct row_state *page = ui_state(ui, &SCREEN_AUDIT_ROW);
    const json_t *json = row_shown(ui);
    struct pen reckoned = {canvas, 0, 0, -1}, pen;

    if (json == NULL) {
        canvas_text(canvas, row + 1, 1, canvas->columns - 2, STYLE_DIM, "It is here no more.");
        return;
    }
    all_lines(&reckoned, json); /* in no rows: how many they are */
    if (page->top > reckoned.row - rows)
        page->top = reckoned.row > rows ? reckoned.row - rows : 0;
    pen = (struct pen){canvas, row - page->top, row, row + rows - 1};
    all_lines(&pen, json);
}

static void act_on_row(struct ui *ui, int action)
{
    struct row_state *page = ui_state(ui, &SCREEN_AUDIT_ROW);
    long step = keys_step(action, ui->body_rows);

    if (action == KEYS_DO_LAST)
        step = 10000; /* the drawing brings it back */
    page->top = action == KEYS_DO_FIRST || page->top + step < 0 ? 0 : page->top + (int)step;
}

/* clang-format off */
static const struct keys_row ROW_ROWS[] = {MOVES};
/* clang-format on */

const struct screen SCREEN_AUDIT_ROW = {
    .name = "Audit row",
    .keys = KEYS_OF(ROW_ROWS),
    .state_bytes = sizeof(struct row_state),
    .draw = draw_row,
    .act = act_on_row,
};
