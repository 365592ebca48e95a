/* list.c -- see list.h. */
#include "list.h"

#include <stdio.h>
#include <string.h>

#define WHEEL_ROWS 3

static bool shown(const struct canvas *canvas, const struct list_column *column)
{
    return canvas->columns >= column->from_columns;
}

/* The column of width 0 takes what the others leave. */
static int width_of(const struct list_table *table, const struct canvas *canvas, int i)
{
    int width = table->columns[i].columns, used = 1;

    if (width != 0)
        return width < 0 ? -width : width;
    for (int j = 0; j < table->columns_n; j++) {
        if (j != i && shown(canvas, &table->columns[j]))
            used += width_of(table, canvas, j) + 1;
    }
    return canvas->columns > used + 1 ? canvas->columns - used - 1 : 1;
}

static void put(struct canvas *canvas, int row, int at, int width, enum style style, bool right,
                const char *text)
{
    if (right)
        canvas_right(canvas, row, at + width, width, style, text);
    else
        canvas_cut(canvas, row, at, width, style, text);
}

static void draw_heads(const struct list *list, const struct list_table *table,
                       struct canvas *canvas, int row)
{
    const char *down = canvas->ascii ? "v" : "\u25bc", *up = canvas->ascii ? "^" : "\u25b2";
    int at = 1;

    canvas_fill(canvas, row, 0, canvas->columns, STYLE_TITLE);
    for (int i = 0; i < table->columns_n; i++) {
        const struct list_column *column = &table->columns[i];
        int width = width_of(table, canvas, i);
        bool sorted = i == list->sort && column->sort != NULL;
        char title[48];

        if (!shown(canvas, column))
            continue;
        snprintf(title, sizeof(title), "%s%s", column->title,
                 !sorted            ? ""
                 : list->descending ? down
                                    : up);
        put(canvas, row, at, width, STYLE_TITLE, column->columns < 0, title);
        at += width + 1;
    }
}

static void draw_row(const struct list *list, const struct list_table *table, struct ui *ui,
                     struct canvas *canvas, int row, long index)
{
    const char *id = table->id != NULL ? table->id(ui, index) : NULL;
    bool selected = index == list->cursor;
    int at = 1;

    if (selected)
        canvas_fill(canvas, row, 0, canvas->columns, STYLE_SELECTED);
    if (id != NULL && list_tagged(list, id))
        canvas_text(canvas, row, 0, 1, selected ? STYLE_SELECTED : STYLE_WARN, "*");
    for (int i = 0; i < table->columns_n; i++) {
        const struct list_column *column = &table->columns[i];
        int width = width_of(table, canvas, i);
        enum style style = STYLE_PLAIN;
        char text[512] = "";

        if (!shown(canvas, column))
            continue;
        if (!table->cell(ui, index, i, text, sizeof(text)))
            return;
        if (selected)
            style = STYLE_SELECTED;
        else if (table->style != NULL)
            style = table->style(ui, index, i);
        put(canvas, row, at, width, style, column->columns < 0, text);
        at += width + 1;
    }
}

/* Keep the cursor in the list and in view; before the first drawing there is no view. */
static void keep(struct list *list, long n)
{
    long last = n > 0 ? n - 1 : 0;

    if (list->cursor > last)
        list->cursor = last;
    if (list->cursor < 0)
        list->cursor = 0;
    if (list->rows > 0 && list->top < list->cursor - list->rows + 1)
        list->top = list->cursor - list->rows + 1;
    if (list->rows > 0 && list->top > last - list->rows + 1)
        list->top = last - list->rows + 1;
    if (list->top > list->cursor)
        list->top = list->cursor;
    if (list->top < 0)
        list->top = 0;
}

static void remember(struct list *list, const struct list_table *table, struct ui *ui)
{
    const char *id = table->id != NULL ? table->id(ui, list->cursor) : NULL;

    snprintf(list->id, sizeof(list->id), "%s", id != NULL ? id : "");
}

void list_draw(struct list *list, const struct list_table *table, struct ui *ui,
               struct canvas *canvas, int row, int rows)
{
    long n = table->n(ui);

    list->first_row = row + 1;
    list->rows = rows > 1 ? rows - 1 : 0;
    keep(list, n);
    if (rows < 1)
        return;
    draw_heads(list, table, canvas, row);
    for (int i = 0; i < list->rows && list->top + i < n; i++)
        draw_row(list, table, ui, canvas, row + 1 + i, list->top + i);
    if (n == 0 && rows > 2)
        canvas_text(canvas, row + 2, 1, canvas->columns - 2, STYLE_DIM, table->nothing);
}

void list_settle(struct list *list, const struct list_table *table, struct ui *ui)
{
    long n = table->n(ui);

    for (long i = 0; list->id[0] != '\0' && table->id != NULL && i < n; i++) {
        const char *id = table->id(ui, i);

        if (id != NULL && strcmp(id, list->id) == 0) {
            list->cursor = i;
            break;
        }
    }
    keep(list, n);
    remember(list, table, ui);
}

static void move(struct list *list, const struct list_table *table, struct ui *ui, long to)
{
    list->cursor = to;
    keep(list, table->n(ui));
    remember(list, table, ui);
}

static int tag_of(const struct list *list, const char *id)
{
    for (int i = 0; i < list->tags_n; i++) {
        if (strcmp(list->tags[i], id) == 0)
            return i;
    }
    return -1;
}

bool list_tagged(const struct list *list, const char *id)
{
    return tag_of(list, id) >= 0;
}

void list_untag(struct list *list)
{
    list->tags_n = 0;
}

void list_untag_one(struct list *list, const char *id)
{
    int i = tag_of(list, id);

    if (i >= 0)
        memmove(list->tags[i], list->tags[--list->tags_n], LIST_ID_BYTES);
}

static void tag(struct list *list, const struct list_table *table, struct ui *ui)
{
    const char *id = table->id != NULL ? table->id(ui, list->cursor) : NULL;
    int i = id != NULL ? tag_of(list, id) : -1;

    if (id == NULL)
        return;
    if (i >= 0)
        list_untag_one(list, id);
    else if (list->tags_n < LIST_TAGS)
        snprintf(list->tags[list->tags_n++], LIST_ID_BYTES, "%s", id);
    else
        ui_say(ui, true, "%d are tagged, more are not taken", LIST_TAGS);
    move(list, table, ui, list->cursor + 1);
}

/* The next column in view in that direction that can be sorted by. */
static void sort_by(struct list *list, const struct list_table *table, const struct ui *ui, int way)
{
    int i = list->sort;

    do {
        i = (i + way + table->columns_n) % table->columns_n;
    } while (i != list->sort &&
             (table->columns[i].sort == NULL || table->columns[i].from_columns > ui->columns));
    list->sort = i;
}

bool list_act(struct list *list, const struct list_table *table, struct ui *ui, int action)
{
    long step = keys_step(action, list->rows > 0 ? list->rows : 1);

    if (step != 0)
        move(list, table, ui, list->cursor + step);
    else if (action == KEYS_DO_FIRST)
        move(list, table, ui, 0);
    else if (action == KEYS_DO_LAST)
        move(list, table, ui, table->n(ui) - 1);
    else if (action == KEYS_DO_TAG)
        tag(list, table, ui);
    else if (action == KEYS_DO_SORT_LEFT || action == KEYS_DO_SORT_RIGHT)
        sort_by(list, table, ui, action == KEYS_DO_SORT_RIGHT ? 1 : -1);
    else if (action == KEYS_DO_INVERT)
        list->descending = !list->descending;
    else
        return false;
    return true;
}

/* The column whose name stands there; -1: none that can be sorted by. */
static int column_at(const struct list_table *table, const struct ui *ui, int column)
{
    const struct canvas canvas = {.columns = ui->columns};
    int at = 1;

    for (int i = 0; i < table->columns_n; i++) {
        if (!shown(&canvas, &table->columns[i]))
            continue;
        if (column >= at && column < at + width_of(table, &canvas, i))
            return table->columns[i].sort != NULL ? i : -1;
        at += width_of(table, &canvas, i) + 1;
    }
    return -1;
}

static void click_head(struct list *list, const struct list_table *table, const struct ui *ui,
                       int column)
{
    int i = column_at(table, ui, column);

    if (i == list->sort)
        list->descending = !list->descending;
    else if (i >= 0)
        list->sort = i;
}

bool list_mouse(struct list *list, const struct list_table *table, struct ui *ui,
                const struct mouse *mouse)
{
    long row = list->top + mouse->row - list->first_row;
    bool on_a_row = mouse->row >= list->first_row && mouse->row < list->first_row + list->rows &&
                    row < table->n(ui);
    bool click = mouse->what == MOUSE_CLICK || mouse->what == MOUSE_DOUBLE_CLICK;

    if (mouse->what == MOUSE_WHEEL_UP)
        move(list, table, ui, list->cursor - WHEEL_ROWS);
    else if (mouse->what == MOUSE_WHEEL_DOWN)
        move(list, table, ui, list->cursor + WHEEL_ROWS);
    else if (click && on_a_row)
        move(list, table, ui, row);
    else if (click && mouse->row == list->first_row - 1)
        click_head(list, table, ui, mouse->column);
    return on_a_row && mouse->what == MOUSE_DOUBLE_CLICK;
}

const char *list_sort(const struct list *list, const struct list_table *table)
{
    return table->columns[list->sort].sort;
}
