/* database.c -- see database.h.
 *
 *   where it is, is it well, what is durable
 *   its connections, a sign each, by lane; the longest that one is at
 *   the queues, now and in the last minutes
 *   the statements by what they cost        [the slow ones, where there is room]
 */
#include "database.h"

#include <stdio.h>
#include <string.h>

#include "common/compiler.h"
#include "console/ui/list.h"

#define REFRESH_MS   1000
#define SIGNS_MAX    24 /* of connections in a line of 80 columns */
#define QUEUE_BAR    10
#define SLOW_ROWS_AT 28 /* rows of the body from which the slow ones are below the statements */
#define SLOW_ROWS    9
#define GRAPH_ROWS   2

struct database_state {
    struct list list;
    struct line filter; /* a part of statements' names */
    struct requests_poll show, statements;
    bool begun; /* the first order is set */
    bool schema_asked;
};

static struct database_state *state_of(struct ui *ui)
{
    return ui_state(ui, &SCREEN_DATABASE);
}

/* -- statements -------------------------------------------------------------------------------- */

/* clang-format off */
enum { STATEMENT, LANE, TIME, SHARE, COUNT, MEAN, P50, P99, MAX, ERRORS, SLOW, COLUMNS_N };
static const struct list_column COLUMNS[COLUMNS_N] = {
    [STATEMENT] = {"STATEMENT", "name",   22,  0},
    [LANE] =      {"LANE",      NULL,     6,   100},
    [TIME] =      {"TIME",      "total",  -8,  0},
    [SHARE] =     {"SHARE",     NULL,     -6,  70},
    [COUNT] =     {"COUNT",     "count",  -9,  0},
    [MEAN] =      {"MEAN",      "mean",   -8,  0},
    [P50] =       {"P50",       NULL,     -8,  100},
    [P99] =       {"P99",       "p99",    -8,  60},
    [MAX] =       {"MAX",       "max",    -8,  70},
    [ERRORS] =    {"ERR",       "errors", -6,  90},
    [SLOW] =      {"SLOW",      "slow",   -6,  90},
};
/* clang-format on */

static bool wanted(struct ui *ui, const struct model_statement *statement)
{
    return strstr(statement->name, state_of(ui)->filter.text) != NULL;
}

/* That row of those that the filter lets through; NULL: there are fewer. */
static const struct model_statement *statement_at(struct ui *ui, long row)
{
    const struct model_database *database = &ui->model.database;

    for (size_t i = 0; i < database->statements_n && row >= 0; i++)
        if (wanted(ui, &database->statements[i]) && row-- == 0)
            return &database->statements[i];
    return NULL;
}

static long statements_n(struct ui *ui)
{
    const struct model_database *database = &ui->model.database;
    long n = 0;

    for (size_t i = 0; i < database->statements_n; i++)
        n += wanted(ui, &database->statements[i]);
    return database->statements_known ? n : -1;
}

static const char *statement_id(struct ui *ui, long row)
{
    const struct model_statement *statement = statement_at(ui, row);

    return statement != NULL ? statement->name : NULL;
}

/* "12.3ms", "412ms", "4.1s", "12m04s". */
static const char *long_time(double ms, char out[24])
{
    char figure[16];

    if (ms < 999.5)
        snprintf(out, 24, "%sms", figures_ms(ms, figure));
    else if (ms < 99950)
        snprintf(out, 24, "%.1fs", ms / 1000);
    else
        snprintf(out, 24, "%s", figures_span((int64_t)(ms / 1000), figure));
    return out;
}

static double time_of(const struct model_statement *statement, int column)
{
    switch (column) {
    case TIME:
        return statement->total_ms;
    case MEAN:
        return statement->mean_ms;
    case P50:
        return statement->p50_ms;
    case P99:
        return statement->p99_ms;
    default:
        return statement->max_ms;
    }
}

static bool statement_cell(struct ui *ui, long row, int column, char *text, size_t room_bytes)
{
    const struct model_statement *statement = statement_at(ui, row);
    double total_ms = ui->model.database.total_ms;
    char figure[24];

    if (statement == NULL)
        return false;
    switch (column) {
    case STATEMENT:
    case LANE:
        snprintf(text, room_bytes, "%s", column == LANE ? statement->lane : statement->name);
        break;
    case SHARE:
        snprintf(text, room_bytes, "%.1f%%",
                 total_ms > 0 ? statement->total_ms / total_ms * 100 : 0);
        break;
    case COUNT:
    case ERRORS:
    case SLOW:
        snprintf(text, room_bytes, "%lld",
                 (long long)(column == COUNT    ? statement->count
                             : column == ERRORS ? statement->errors
                                                : statement->slow));
        break;
    default:
        snprintf(text, room_bytes, "%s", long_time(time_of(statement, column), figure));
    }
    return true;
}

static enum style statement_style(struct ui *ui, long row, int column)
{
    const struct model_statement *statement = statement_at(ui, row);

    if (statement == NULL)
        return STYLE_PLAIN;
    if (column == ERRORS && statement->errors > 0)
        return STYLE_BAD;
    if (column == SLOW && statement->slow > 0)
        return STYLE_WARN;
    return STYLE_PLAIN;
}

static const struct list_table TABLE = {
    .columns = COLUMNS,
    .columns_n = COLUMNS_N,
    .nothing = "No statement by such a name was asked yet.",
    .n = statements_n,
    .cell = statement_cell,
    .id = statement_id,
    .style = statement_style,
};

/* -- above ------------------------------------------------------------------------------------- */

static int draw_head(struct ui *ui, struct canvas *canvas, int row)
{
    const struct model_database *database = &ui->model.database;
    char span[16];
    int used = 1;

    used += canvas_printf(canvas, row, used, canvas->columns - used, STYLE_BOLD, "%s",
                          database->driver);
    used += 1 + canvas_cut(canvas, row, used + 1, canvas->columns - used - 12, STYLE_PLAIN,
                           database->place);
    used +=
        2 + canvas_text(canvas, row, used + 2, canvas->columns - used - 2,
                        database->ok ? STYLE_GOOD : STYLE_BAD, database->ok ? "[ok]" : "[AWAY]");
    ui_draw_filter(ui, canvas, row, used, &state_of(ui)->filter);
    row++;
    if (!database->ok) {
        canvas_cut(canvas, row++, 1, canvas->columns - 2, STYLE_BAD, database->error);
        return row;
    }
    used = 1 + canvas_printf(
                   canvas, row, 1, canvas->columns - 2, STYLE_PLAIN,
                   "durable %s%s, %lld pending, %lld saved, ",
                   database->durable_ms > 0
                       ? figures_span((ui->model.status.now_ms - database->durable_ms) / 1000, span)
                       : "nothing",
                   database->durable_ms > 0 ? " ago" : " yet", (long long)database->saves_pending,
                   (long long)database->positions_saved);
    used += canvas_printf(canvas, row, used, canvas->columns - used - 1,
                          database->errors > 0 ? STYLE_WARN : STYLE_PLAIN, "%lld errors",
                          (long long)database->errors);
    if (strcmp(database->driver, "postgresql") == 0)
        used += canvas_printf(canvas, row, used, canvas->columns - used - 1,
                              database->reconnects > 0 ? STYLE_WARN : STYLE_PLAIN,
                              ", %lld reconnects", (long long)database->reconnects);
    if (database->chat_lost + database->audit_lost > 0)
        canvas_printf(canvas, row, used, canvas->columns - used - 1, STYLE_BAD,
                      ", lost: %lld chat, %lld audit", (long long)database->chat_lost,
                      (long long)database->audit_lost);
    return row + 1;
}

/* In the order in which they are drawn. */
static const struct {
    const char *state, *glyph;
    char ascii;
    enum style style;
} SIGNS[] = {
    {"busy", "\u2588", '#', STYLE_ACCENT},
    {"idle", "\u2591", '-', STYLE_DIM},
    {"starting", "\u2592", '+', STYLE_WARN},
    {"down", "\u00b7", '.', STYLE_BAD},
};

/* A sign for each of a lane's connections, then how many there are of each, then what the longest
 * is at. */
static void draw_lane(const struct ui *ui, struct canvas *canvas, int row, const char *lane)
{
    const struct model_database *database = &ui->model.database;
    const struct model_connection *longest = NULL;
    int at = 8, n = 0, of[ARRAY_N(SIGNS)] = {0};
    char figure[24];

    canvas_text(canvas, row, 1, 6, STYLE_PLAIN, lane);
    for (size_t sign = 0; sign < ARRAY_N(SIGNS); sign++) {
        for (size_t i = 0; i < database->connections_n; i++) {
            const struct model_connection *connection = &database->connections[i];

            if (strcmp(connection->lane, lane) != 0 ||
                strcmp(connection->state, SIGNS[sign].state) != 0)
                continue;
            of[sign]++;
            if (n++ < SIGNS_MAX)
                canvas_glyph(canvas, row, at++, SIGNS[sign].style, SIGNS[sign].glyph,
                             SIGNS[sign].ascii);
            if (connection->statement[0] != '\0' &&
                (longest == NULL || connection->busy_ms > longest->busy_ms))
                longest = connection;
        }
    }
    for (size_t sign = 0; sign < ARRAY_N(SIGNS); sign++)
        if (of[sign] > 0)
            at += 1 + canvas_printf(canvas, row, at + 1, canvas->columns - at - 1,
                                    sign < 2 ? STYLE_PLAIN : SIGNS[sign].style, "%d %s", of[sign],
                                    SIGNS[sign].state);
    if (longest != NULL)
        canvas_printf(canvas, row, at + 2, canvas->columns - at - 3,
                      longest->busy_ms > 1000 ? STYLE_WARN : STYLE_PLAIN, "%s for %s, %lld on it",
                      longest->statement, long_time(longest->busy_ms, figure),
                      (long long)longest->questions);
}

static int draw_lanes(const struct ui *ui, struct canvas *canvas, int row)
{
    const struct model_database *database = &ui->model.database;
    const char *last = "";

    for (size_t i = 0; i < database->connections_n; i++) {
        if (strcmp(database->connections[i].lane, last) == 0)
            continue;
        last = database->connections[i].lane; /* those of a lane stand together */
        draw_lane(ui, canvas, row++, last);
    }
    return row;
}

static double most_of(const struct series *series)
{
    double most = 4; /* a quiet one does not look like a full one */

    for (size_t i = 0; i < series->n; i++)
        most = series->values[i] > most ? series->values[i] : most;
    return most;
}

/* Both queues in a line each, and beside them how many were unanswered in the last minutes. */
static int draw_queues(const struct ui *ui, struct canvas *canvas, int row)
{
    const struct model_database *database = &ui->model.database;
    const struct canvas_graph graph = {.values = database->waiting.values,
                                       .n = database->waiting.n,
                                       .top = most_of(&database->waiting),
                                       .style = STYLE_ACCENT};

    for (size_t i = 0; i < database->queues_n; i++) {
        const struct model_queue *queue = &database->queues[i];
        int full = queue->max > 0 ? (int)(queue->unanswered * QUEUE_BAR / queue->max) : 0;
        enum style style = full > QUEUE_BAR / 2 ? STYLE_BAD : STYLE_PLAIN;

        canvas_printf(canvas, row + (int)i, 1, 7, STYLE_PLAIN, "%s", queue->lane);
        for (int k = 0; k < QUEUE_BAR; k++)
            canvas_glyph(canvas, row + (int)i, 8 + k, k < full ? style : STYLE_DIM,
                         k < full ? "\u2588" : "\u2591", k < full ? '#' : '-');
        canvas_printf(canvas, row + (int)i, 9 + QUEUE_BAR, 18, style, "%lld of %lld",
                      (long long)queue->unanswered, (long long)queue->max);
    }
    if (canvas->columns >= 60) {
        canvas_text(canvas, row, 38, 10, STYLE_DIM, "unanswered");
        canvas_printf(canvas, row + 1, 38, 10, STYLE_DIM, "most %.0f", graph.top);
        canvas_graph(canvas, row, 49, GRAPH_ROWS, canvas->columns - 50, &graph);
    }
    return row + GRAPH_ROWS;
}

/* -- what was slow, and the schema ------------------------------------------------------------- */

static void draw_slow(const struct ui *ui, struct canvas *canvas, int row, int rows)
{
    const struct model_database *database = &ui->model.database;
    char title[96], clock[16], took[24], waited[24];

    snprintf(title, sizeof(title), "SLOW: longer than %lld ms, newest first ([log] slow_statement)",
             (long long)database->slow_limit_ms);
    canvas_heading(canvas, row++,
                   database->slow_limit_ms > 0
                       ? title
                       : "SLOW: none is called so ([log] slow_statement is 0)");
    for (size_t i = 0; i < database->slow_n && (int)i < rows - 1; i++) {
        const struct model_slow *slow = &database->slow[i];
        int at = 10;

        canvas_text(canvas, row, 1, 8, STYLE_DIM, figures_clock(slow->at_ms, clock));
        at += canvas_printf(canvas, row, at, 30, STYLE_PLAIN, "%s", slow->statement);
        at = at < 34 ? 34 : at + 1;
        canvas_printf(canvas, row++, at, canvas->columns - at - 1,
                      slow->away ? STYLE_BAD : STYLE_PLAIN, "%s, of it %s waiting%s%s, %lld rows",
                      long_time(slow->took_ms, took), long_time(slow->waited_ms, waited),
                      slow->tries > 1 ? ", tried again" : "", slow->away ? ", NO ANSWER" : "",
                      (long long)slow->rows);
    }
    if (database->slow_n == 0 && rows > 1)
        canvas_text(canvas, row, 1, canvas->columns - 2, STYLE_DIM, "none since the start");
}

static void draw_schema(const struct ui *ui, struct canvas *canvas, int row, int rows)
{
    const struct model_database *database = &ui->model.database;
    char when[24];

    canvas_heading(canvas, row++, "SCHEMA: migrations that are applied, the newest first");
    for (size_t i = database->migrations_n; i-- > 0 && rows-- > 1;) {
        const struct model_migration *migration = &database->migrations[i];

        canvas_printf(canvas, row, 1, 30, STYLE_PLAIN, "%03lld %s", (long long)migration->version,
                      migration->name);
        canvas_text(canvas, row, 34, 17, STYLE_PLAIN, figures_date(migration->applied_ms, when));
        canvas_cut(canvas, row++, 52, canvas->columns - 53, STYLE_DIM, migration->checksum);
    }
}

static void draw_more(struct ui *ui, struct canvas *canvas, int row, int rows)
{
    int schema = (int)ui->model.database.migrations_n + 1;

    if (schema > rows / 2)
        schema = rows / 2;
    draw_slow(ui, canvas, row, rows - schema - 1);
    draw_schema(ui, canvas, row + rows - schema, schema);
}

/* -- the screen -------------------------------------------------------------------------------- */

static void draw(struct ui *ui, struct canvas *canvas, int row, int rows)
{
    struct database_state *state = state_of(ui);
    int last = row + rows, slow = rows >= SLOW_ROWS_AT ? SLOW_ROWS : 0;

    if (!ui->model.database.known)
        return;
    row = draw_head(ui, canvas, row);
    row = draw_lanes(ui, canvas, row);
    if (last - row >= 8)
        row = draw_queues(ui, canvas, row);
    list_draw(&state->list, &TABLE, ui, canvas, row, last - row - slow);
    if (slow > 0)
        draw_slow(ui, canvas, last - slow, slow);
}

static void on_time(struct ui *ui)
{
    struct database_state *state = state_of(ui);

    if (!state->begun) {
        state->begun = true;
        state->list.sort = TIME;
        state->list.descending = true;
    }
    if (ui_due(ui, &state->show, REFRESH_MS))
        ui_poll(ui, &state->show, "store.show", NULL);
    if (ui_due(ui, &state->statements, REFRESH_MS))
        ui_poll(ui, &state->statements, "store.statements",
                json_pack("{s:s, s:b}", "sort", list_sort(&state->list, &TABLE), "descending",
                          state->list.descending));
}

/* While it is open nothing but its own is asked for: what was slow comes with the statements. */
static void on_time_more(struct ui *ui)
{
    struct database_state *state = state_of(ui);

    on_time(ui);
    if (!state->schema_asked) {
        state->schema_asked = true;
        ui_ask(ui, "store.migrations", NULL);
    }
}

static void act(struct ui *ui, int action)
{
    struct database_state *state = state_of(ui);

    if (list_act(&state->list, &TABLE, ui, action)) {
        ui_again(&state->statements);
    } else if (action == KEYS_DO_FILTER) {
        ui_prompt(ui, &state->filter);
    } else if (action == KEYS_DO_BACK) {
        line_set(&state->filter, "");
        list_untag(&state->list);
    } else if (action == KEYS_DO_ENTER) {
        state->schema_asked = false;
        ui_open(ui, &SCREEN_DATABASE_MORE);
    }
}

static void answered(struct ui *ui, const struct screen_reply *reply)
{
    struct database_state *state = state_of(ui);

    if (strcmp(reply->method, "store.statements") == 0)
        list_settle(&state->list, &TABLE, ui);
}

static bool on_mouse(struct ui *ui, const struct mouse *mouse)
{
    struct database_state *state = state_of(ui);

    ui_again(&state->statements);
    return list_mouse(&state->list, &TABLE, ui, mouse);
}

/* clang-format off */
static const struct keys_row ROWS[] = {
    {{KEYS_ENTER}, KEYS_DO_ENTER, "Enter", "Slow", "the statements that were slow, and the schema's migrations"},
};
/* clang-format on */

const struct screen SCREEN_DATABASE = {
    .name = "Database",
    .short_name = "Db",
    .key = '6',
    .keys = KEYS_OF(ROWS),
    .list = true,
    .state_bytes = sizeof(struct database_state),
    .draw = draw,
    .act = act,
    .time = on_time,
    .answered = answered,
    .mouse = on_mouse,
};

const struct screen SCREEN_DATABASE_MORE = {
    .name = "Database",
    .draw = draw_more,
    .time = on_time_more,
};
