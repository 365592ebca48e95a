/* help.c -- see help.h. */
#include "help.h"

#include <stdio.h>
#include <string.h>

#include "common/compiler.h"
#include "common/text.h"

#define BLOCKS 3

/* The blocks in which a key is looked for; their number. */
static int blocks_of(const struct screen *screen, const struct keys *blocks[BLOCKS])
{
    int n = 0;

    blocks[n++] = &screen->keys;
    if (screen->list)
        blocks[n++] = &KEYS_IN_LISTS;
    blocks[n++] = &KEYS_EVERYWHERE;
    return n;
}

const struct keys_row *help_row(const struct screen *screen, int key)
{
    const struct keys *blocks[BLOCKS];
    const struct keys_row *row = NULL;
    int n = blocks_of(screen, blocks);

    for (int i = 0; i < n && row == NULL; i++)
        row = keys_find(blocks[i], key);
    return row;
}

/* The i-th row that the help shows, own ones first; NULL: there are no more. A row whose keys all
 * mean something else here is left out. */
static const struct keys_row *shown_row(const struct screen *screen, int i)
{
    const struct keys *blocks[BLOCKS];
    int n = blocks_of(screen, blocks);

    for (int block = 0; block < n; block++) {
        for (size_t k = 0; k < blocks[block]->n; k++) {
            const struct keys_row *row = &blocks[block]->rows[k];
            bool means = false;

            for (int j = 0; j < KEYS_A_ROW && row->keys[j] != 0; j++)
                means |= help_row(screen, row->keys[j]) == row;
            if (row->help != NULL && means && i-- == 0)
                return row;
        }
    }
    return NULL;
}

void help_draw(struct ui *ui, const struct screen *screen, struct canvas *canvas, int row)
{
    int a_page = ui->body_rows - 1, n = 0, used, first;

    while (shown_row(screen, n) != NULL)
        n++;
    ui->help_pages = (n + a_page - 1) / a_page;
    if (ui->help > ui->help_pages)
        ui->help = ui->help_pages;
    first = (ui->help - 1) * a_page;
    used = canvas_printf(canvas, row, 1, canvas->columns - 2, STYLE_BOLD, "Keys: %s", screen->name);
    if (ui->help_pages > 1)
        canvas_printf(canvas, row, 1 + used, canvas->columns, STYLE_DIM, "   %d of %d%s", ui->help,
                      ui->help_pages, ui->help < ui->help_pages ? ", ? turns the page" : "");
    for (int i = 0; i < a_page; i++) {
        const struct keys_row *key = shown_row(screen, first + i);

        if (key == NULL)
            break;
        canvas_text(canvas, row + 1 + i, 1, 15, STYLE_BOLD, key->shown);
        canvas_cut(canvas, row + 1 + i, 17, canvas->columns - 18, STYLE_PLAIN, key->help);
    }
}

/* One word of the bar, with its keys: the row's first, and the F-key beside it. */
struct word {
    const struct keys_row *row;
    char keys[24];
    int column, columns;
};

/* The first F-key of a row that does it here, too; 0: there is none. */
static int alias_of(const struct screen *screen, const struct keys_row *row)
{
    for (int i = 1; i < KEYS_A_ROW; i++) {
        if (row->keys[i] >= KEYS_F1 && row->keys[i] <= KEYS_F12 &&
            help_row(screen, row->keys[i]) == row)
            return row->keys[i];
    }
    return row->action == KEYS_DO_QUIT ? KEYS_F(10) : 0; /* which asks first */
}

/* Where the word would stand, from that column on. */
static void place(const struct screen *screen, const struct keys_row *row, int column,
                  struct word *word)
{
    int alias = alias_of(screen, row);
    size_t n;

    word->row = row;
    word->column = column;
    snprintf(word->keys, sizeof(word->keys), "%.*s", (int)strcspn(row->shown, ","), row->shown);
    n = strlen(word->keys);
    if (alias != 0)
        snprintf(word->keys + n, sizeof(word->keys) - n, " F%d", alias - KEYS_F1 + 1);
    word->columns = (int)(strlen(word->keys) + text_columns(row->bar)) + 3;
}

/* The i-th word; false: there is none, or no room. Help, Quit and Next first, then the screen's
 * own. */
static bool word_of(const struct screen *screen, int columns, int i, struct word *word)
{
    const struct keys *blocks[] = {&KEYS_EVERYWHERE, &screen->keys, &KEYS_IN_LISTS};
    int column = 0;

    for (size_t block = 0; block < ARRAY_N(blocks); block++) {
        if (blocks[block] == &KEYS_IN_LISTS && !screen->list)
            continue;
        for (size_t k = 0; k < blocks[block]->n; k++) {
            const struct keys_row *row = &blocks[block]->rows[k];

            if (row->bar == NULL || help_row(screen, row->keys[0]) != row)
                continue;
            place(screen, row, column, word);
            if (column + word->columns - 1 > columns) /* the last blank needs no room */
                continue;                             /* a shorter one may fit */
            if (i-- == 0)
                return true;
            column += word->columns;
        }
    }
    return false;
}

void help_draw_bar(const struct screen *screen, struct canvas *canvas, int row)
{
    struct word word;

    canvas_fill(canvas, row, 0, canvas->columns, STYLE_BAR);
    for (int i = 0; word_of(screen, canvas->columns, i, &word); i++) {
        int used =
            canvas_printf(canvas, row, word.column, word.columns, STYLE_KEY, " %s", word.keys);

        canvas_printf(canvas, row, word.column + used, word.columns - used, STYLE_BAR, " %s",
                      word.row->bar);
    }
}

int help_bar_key(const struct screen *screen, int columns, int column)
{
    struct word word;

    for (int i = 0; word_of(screen, columns, i, &word); i++) {
        if (column >= word.column && column < word.column + word.columns)
            return word.row->keys[0];
    }
    return 0;
}
