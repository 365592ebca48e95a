/* list.h -- a list with columns on a screen: cursor, tags, order, keys and mouse.
 *
 * A list is part of its screen's state (zeroed is a list at its top, sorted by the first column);
 * its table is a constant row of functions that tell what the rows are. Rows are counted in the
 * whole list, of which the daemon may have sent a part. Where rows have an id, the cursor and the
 * tags stay with their rows when the order changes. One thread.
 *
 *     draw:     list_draw(&state->list, &TABLE, ui, canvas, row, rows);
 *     act:      if (list_act(&state->list, &TABLE, ui, action)) return;
 *     answered: list_settle(&state->list, &TABLE, ui);
 *     mouse:    list_mouse(&state->list, &TABLE, ui, mouse); */
#ifndef OPENMMO_CONSOLE_LIST_H
#define OPENMMO_CONSOLE_LIST_H

#include "screen.h"

#define LIST_ID_BYTES 48
#define LIST_TAGS     256 /* at most */

struct list_column {
    const char *title;
    const char *sort; /* what the screen sorts by, as the daemon names it; NULL: cannot be */
    int columns;      /* its width, negative: to the right; 0: what the others leave */
    int from_columns; /* only in terminals at least so wide */
};

struct list_table {
    const struct list_column *columns;
    int columns_n;
    const char *nothing; /* said where there are no rows: "Nobody is here." */
    /* How many rows the whole list has; -1: not known yet. */
    long (*n)(struct ui *ui);
    /* A cell's text. False: that row is not here. */
    bool (*cell)(struct ui *ui, long row, int column, char *text, size_t room_bytes);
    /* What makes it the same row in another order; NULL: the row is not here. Function NULL: rows
     * have none, and no tags. */
    const char *(*id)(struct ui *ui, long row);
    /* NULL: plain. */
    enum style (*style)(struct ui *ui, long row, int column);
};

struct list {
    long cursor, top;
    int sort; /* column */
    bool descending;
    int first_row, rows;    /* where its rows are on the canvas, of the last drawing */
    char id[LIST_ID_BYTES]; /* of the row under the cursor; empty: not known */
    char tags[LIST_TAGS][LIST_ID_BYTES];
    int tags_n;
};

/* The columns' names in the first row, then the rows. */
void list_draw(struct list *list, const struct list_table *table, struct ui *ui,
               struct canvas *canvas, int row, int rows);
/* True: it was an action of lists, and is done. Sorting moves list->sort and list->descending; the
 * screen brings the rows into that order. */
bool list_act(struct list *list, const struct list_table *table, struct ui *ui, int action);
/* Rows have come or gone: find the one under the cursor again. */
void list_settle(struct list *list, const struct list_table *table, struct ui *ui);
/* A click moves the cursor, one on a column's name sorts by it, the wheel moves three rows; true: a
 * double click on a row. */
bool list_mouse(struct list *list, const struct list_table *table, struct ui *ui,
                const struct mouse *mouse);

/* Has Space marked the row with that id? */
bool list_tagged(const struct list *list, const char *id);
void list_untag(struct list *list); /* all */
void list_untag_one(struct list *list, const char *id);
/* By what it is sorted now, as the daemon names it. */
const char *list_sort(const struct list *list, const struct list_table *table);

#endif
