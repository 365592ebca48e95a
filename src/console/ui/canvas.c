/* canvas.c -- see canvas.h. */
#include "canvas.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/text.h"

#define TEXT_ROOM 2048

int canvas_init(struct canvas *canvas, int rows, int columns, bool ascii)
{
    *canvas = (struct canvas){.rows = rows, .columns = columns, .ascii = ascii};
    canvas->cells = calloc((size_t)rows * (size_t)columns + 1, sizeof(canvas->cells[0]));
    if (canvas->cells == NULL) {
        canvas->rows = canvas->columns = 0;
        return -1;
    }
    canvas_clear(canvas);
    return 0;
}

void canvas_fini(struct canvas *canvas)
{
    free(canvas->cells);
    *canvas = (struct canvas){0};
}

static struct canvas_cell *at(struct canvas *canvas, int row, int column)
{
    if (row < 0 || column < 0 || row >= canvas->rows || column >= canvas->columns)
        return NULL;
    return &canvas->cells[row * canvas->columns + column];
}

static void blank(struct canvas_cell *cell)
{
    strcpy(cell->text, " ");
}

/* Put a character of that width; halves of wide ones that it covers become blanks. */
static void put(struct canvas *canvas, int row, int column, int width, enum style style,
                const char *text)
{
    struct canvas_cell *cell = at(canvas, row, column);
    struct canvas_cell *before = at(canvas, row, column - 1);
    struct canvas_cell *after = at(canvas, row, column + width);

    if (cell == NULL || (width == 2 && at(canvas, row, column + 1) == NULL))
        return;
    if (cell->text[0] == '\0' && before != NULL)
        blank(before);
    if (after != NULL && after->text[0] == '\0')
        blank(after);
    snprintf(cell->text, sizeof(cell->text), "%s", text);
    cell->style = (unsigned char)style;
    cell->front = cell->back = 0;
    if (width == 2) {
        cell[1].text[0] = '\0';
        cell[1].style = (unsigned char)style;
        cell[1].front = cell[1].back = 0;
    }
}

void canvas_clear(struct canvas *canvas)
{
    for (int i = 0; i < canvas->rows * canvas->columns; i++) {
        blank(&canvas->cells[i]);
        canvas->cells[i].style = STYLE_PLAIN;
        canvas->cells[i].front = canvas->cells[i].back = 0;
    }
    canvas->cursor_row = canvas->cursor_column = -1;
}

/* The bytes of the code point that begins here, in valid UTF-8. */
static size_t point_bytes(const char *text)
{
    unsigned char first = (unsigned char)text[0];

    return first < 0x80 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
}

/* One code point at a time; what has no width joins the cell before it. */
int canvas_text(struct canvas *canvas, int row, int column, int columns, enum style style,
                const char *text)
{
    char clean[TEXT_ROOM];
    int used = 0;

    text_sanitise(text, strlen(text), clean, sizeof(clean));
    for (const char *next = clean; *next != '\0';) {
        char point[5] = "";
        size_t bytes = point_bytes(next);
        int width;

        memcpy(point, next, bytes);
        next += bytes;
        width = (int)text_columns(point);
        if (canvas->ascii && (point[0] & 0x80) != 0)
            strcpy(point, "?");
        if (width == 0) {
            struct canvas_cell *last = used > 0 ? at(canvas, row, column + used - 1) : NULL;

            if (last != NULL && last->text[0] == '\0') /* the left half of a wide one */
                last--;
            if (last != NULL && !canvas->ascii && strlen(last->text) + bytes < CANVAS_CELL_BYTES)
                strcat(last->text, point);
            continue;
        }
        if (used + width > columns || column + used + width > canvas->columns)
            break;
        if (canvas->ascii && point[0] == '?' && width == 2)
            put(canvas, row, column + used + 1, 1, style, "?");
        put(canvas, row, column + used, point[0] == '?' ? 1 : width, style, point);
        used += width;
    }
    return used;
}

int canvas_cut(struct canvas *canvas, int row, int column, int columns, enum style style,
               const char *text)
{
    char clean[TEXT_ROOM];
    int used;

    if (columns > canvas->columns - column)
        columns = canvas->columns - column;
    text_sanitise(text, strlen(text), clean, sizeof(clean));
    if (columns < 1 || (int)text_columns(clean) <= columns)
        return canvas_text(canvas, row, column, columns, style, clean);
    used = canvas_text(canvas, row, column, columns - 1, style, clean);
    canvas_glyph(canvas, row, column + used, style, "\u2026", '~');
    return used + 1;
}

int canvas_printf(struct canvas *canvas, int row, int column, int columns, enum style style,
                  const char *format, ...)
{
    char text[TEXT_ROOM];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    return canvas_cut(canvas, row, column, columns, style, text);
}

/* The bytes of the first line of clean text: as much as fits, up to a space where there is one in
 * its second half. */
static size_t line_bytes(const char *clean, int columns)
{
    size_t bytes = 0, at_space = 0;
    int used = 0;

    while (clean[bytes] != '\0') {
        char point[5] = "";
        size_t n = point_bytes(clean + bytes);

        memcpy(point, clean + bytes, n);
        if (used + (int)text_columns(point) > columns)
            return at_space > 0 ? at_space : bytes > 0 ? bytes : n;
        used += (int)text_columns(point);
        bytes += n;
        if (point[0] == ' ' && used > columns / 2)
            at_space = bytes;
    }
    return bytes;
}

int canvas_wrap(struct canvas *canvas, int row, int top, int column, int columns, const char *text)
{
    char clean[TEXT_ROOM];
    int lines = 0, line = 0;

    text_sanitise(text, strlen(text), clean, sizeof(clean));
    for (size_t from = 0; from == 0 || clean[from] != '\0';) {
        lines++;
        from += line_bytes(clean + from, columns);
        if (clean[from] == '\0')
            break;
    }
    for (size_t from = 0; canvas != NULL && line < lines; line++) {
        size_t n = line_bytes(clean + from, columns);
        char saved = clean[from + n];

        clean[from + n] = '\0';
        if (row - lines + 1 + line >= top)
            canvas_text(canvas, row - lines + 1 + line, column, columns, STYLE_PLAIN, clean + from);
        clean[from + n] = saved;
        from += n;
    }
    return lines;
}

int canvas_paragraph(struct canvas *canvas, int row, int last, int column, int columns,
                     const char *text)
{
    char clean[TEXT_ROOM], *from = clean;

    text_sanitise(text, strlen(text), clean, sizeof(clean));
    do {
        char *next = from + line_bytes(from, columns), saved = *next;

        if (row == last) /* with all that is left, so that it shows where that is cut */
            canvas_cut(canvas, row, column, columns, STYLE_PLAIN, from);
        *next = '\0';
        if (row < last)
            canvas_text(canvas, row, column, columns, STYLE_PLAIN, from);
        *next = saved;
        from = next;
        row++;
    } while (*from != '\0');
    return row;
}

int canvas_right(struct canvas *canvas, int row, int end, int columns, enum style style,
                 const char *text)
{
    char clean[TEXT_ROOM];
    int width;

    text_sanitise(text, strlen(text), clean, sizeof(clean));
    width = (int)text_columns(clean);
    if (width > columns)
        width = columns;
    return canvas_cut(canvas, row, end - width, width, style, clean);
}

int canvas_tail(struct canvas *canvas, int row, int column, int columns, enum style style,
                const char *text)
{
    char clean[TEXT_ROOM];
    const char *from = clean;

    text_sanitise(text, strlen(text), clean, sizeof(clean));
    while (*from != '\0' && (int)text_columns(from) >= columns)
        from += point_bytes(from);
    return canvas_text(canvas, row, column, columns, style, from);
}

void canvas_glyph(struct canvas *canvas, int row, int column, enum style style, const char *glyph,
                  char ascii)
{
    const char plain[2] = {ascii, '\0'};

    put(canvas, row, column, 1, style, canvas->ascii ? plain : glyph);
}

void canvas_paint(struct canvas *canvas, int row, int column, const char *glyph, char ascii,
                  uint32_t front, uint32_t back)
{
    struct canvas_cell *cell = at(canvas, row, column);

    canvas_glyph(canvas, row, column, STYLE_PLAIN, glyph, ascii);
    if (cell != NULL) {
        cell->front = front;
        cell->back = back;
    }
}

void canvas_fill(struct canvas *canvas, int row, int column, int columns, enum style style)
{
    for (int i = 0; i < columns; i++)
        put(canvas, row, column + i, 1, style, " ");
}

void canvas_heading(struct canvas *canvas, int row, const char *text)
{
    canvas_fill(canvas, row, 0, canvas->columns, STYLE_TITLE);
    canvas_cut(canvas, row, 1, canvas->columns - 2, STYLE_TITLE, text);
}

void canvas_box(struct canvas *canvas, int row, int column, int rows, int columns,
                const char *title)
{
    int bottom = row + rows - 1, right = column + columns - 1;

    for (int x = column + 1; x < right; x++) {
        canvas_glyph(canvas, row, x, STYLE_BORDER, "\u2500", '-');
        canvas_glyph(canvas, bottom, x, STYLE_BORDER, "\u2500", '-');
    }
    for (int y = row + 1; y < bottom; y++) {
        canvas_fill(canvas, y, column + 1, columns - 2, STYLE_PLAIN);
        canvas_glyph(canvas, y, column, STYLE_BORDER, "\u2502", '|');
        canvas_glyph(canvas, y, right, STYLE_BORDER, "\u2502", '|');
    }
    canvas_glyph(canvas, row, column, STYLE_BORDER, "\u250c", '+');
    canvas_glyph(canvas, row, right, STYLE_BORDER, "\u2510", '+');
    canvas_glyph(canvas, bottom, column, STYLE_BORDER, "\u2514", '+');
    canvas_glyph(canvas, bottom, right, STYLE_BORDER, "\u2518", '+');
    if (title != NULL && columns > 6) {
        int used = canvas_cut(canvas, row, column + 2, columns - 5, STYLE_BOLD, title);

        canvas_fill(canvas, row, column + 1, 1, STYLE_BORDER);
        canvas_fill(canvas, row, column + 2 + used, 1, STYLE_BORDER);
    }
}

/* As bright as it was to the eye, but darker. */
static uint32_t greyed(uint32_t colour)
{
    uint32_t red = colour >> 16 & 0xff, green = colour >> 8 & 0xff, blue = colour & 0xff;
    uint32_t grey = (red * 3 + green * 6 + blue) * 6 / 100;

    return colour != 0 ? CANVAS_RGB(grey, grey, grey) : 0;
}

void canvas_grey(struct canvas *canvas, int from_row)
{
    for (int i = from_row * canvas->columns; i < canvas->rows * canvas->columns; i++) {
        canvas->cells[i].style = STYLE_DIM;
        canvas->cells[i].front = greyed(canvas->cells[i].front);
        canvas->cells[i].back = greyed(canvas->cells[i].back);
    }
}

void canvas_mark(struct canvas *canvas, int row, enum style style)
{
    for (int i = row * canvas->columns;
         row >= 0 && row < canvas->rows && i < (row + 1) * canvas->columns; i++) {
        canvas->cells[i].style = (unsigned char)style;
        canvas->cells[i].front = canvas->cells[i].back = 0;
    }
}

/* Height in steps (1 = the lowest) of a value; 0 for nothing. What is not nothing shows. */
static int steps_of(double value, double top, int steps)
{
    int height = top > 0 ? (int)(value / top * steps + 0.5) : 0;

    if (height < 1 && value > 0)
        height = 1;
    return height > steps ? steps : height;
}

/* Is there ink at that step of the i-th value from the right? */
static bool inked(const struct canvas_graph *graph, size_t back, int step, int steps)
{
    bool bar, mark;

    if (back >= graph->n)
        return false;
    bar = step <= steps_of(graph->values[graph->n - 1 - back], graph->top, steps);
    mark = graph->marks != NULL &&
           step == steps_of(graph->marks[graph->n - 1 - back], graph->top, steps);
    return bar || mark;
}

/* The line's step; 0: not in the picture. */
static int line_step(const struct canvas_graph *graph, int steps)
{
    if (graph->line <= 0 || graph->line > graph->top)
        return 0;
    return steps_of(graph->line, graph->top, steps);
}

static void graph_braille(struct canvas *canvas, int row, int column, int rows, int columns,
                          const struct canvas_graph *graph)
{
    static const uint8_t DOTS[2][4] = {{0x40, 0x04, 0x02, 0x01}, {0x80, 0x20, 0x10, 0x08}};
    int steps = rows * 4, line = line_step(graph, steps);

    for (int y = 0; y < rows; y++) {
        for (int x = 0; x < columns; x++) {
            unsigned bits = 0;
            bool ink = false;

            for (int half = 0; half < 2; half++) {
                size_t back = (size_t)(columns - 1 - x) * 2 + (half == 0 ? 1 : 0);

                for (int dot = 0; dot < 4; dot++) {
                    int step = (rows - 1 - y) * 4 + dot + 1;

                    if (inked(graph, back, step, steps)) {
                        bits |= DOTS[half][dot];
                        ink = true;
                    } else if (step == line && half == 0) {
                        bits |= DOTS[half][dot];
                    }
                }
            }
            if (bits != 0) {
                char glyph[4] = {(char)0xe2, (char)(0xa0 | bits >> 6), (char)(0x80 | (bits & 0x3f)),
                                 '\0'};

                put(canvas, row + y, column + x, 1, ink ? graph->style : STYLE_BAD, glyph);
            }
        }
    }
}

static void graph_ascii(struct canvas *canvas, int row, int column, int rows, int columns,
                        const struct canvas_graph *graph)
{
    int steps = rows * 2, line = line_step(graph, steps);

    for (int y = 0; y < rows; y++) {
        for (int x = 0; x < columns; x++) {
            size_t back = (size_t)(columns - 1 - x);
            int low = (rows - 1 - y) * 2 + 1;
            bool lower = inked(graph, back, low, steps), upper = inked(graph, back, low + 1, steps);

            if (upper || lower)
                put(canvas, row + y, column + x, 1, graph->style,
                    upper && lower ? "#"
                    : upper        ? "'"
                    : rows == 1    ? "_"
                                   : ".");
            else if (line == low || line == low + 1)
                put(canvas, row + y, column + x, 1, STYLE_BAD, x % 2 == 0 ? "-" : " ");
        }
    }
}

void canvas_graph(struct canvas *canvas, int row, int column, int rows, int columns,
                  const struct canvas_graph *graph)
{
    if (canvas->ascii)
        graph_ascii(canvas, row, column, rows, columns, graph);
    else
        graph_braille(canvas, row, column, rows, columns, graph);
}

static void print_colour(uint32_t colour, FILE *out)
{
    if (colour != 0)
        fprintf(out, "%06x", colour & 0xffffff);
    else
        fputc('-', out);
}

/* Runs of cells with the same colours of their own. */
static void print_colours(const struct canvas_cell *cells, int columns, FILE *out)
{
    bool any = false;

    for (int from = 0, to; from < columns; from = to) {
        const struct canvas_cell *cell = &cells[from];

        for (to = from + 1; to < columns; to++) {
            if (cells[to].front != cell->front || cells[to].back != cell->back)
                break;
        }
        if (cell->front == 0 && cell->back == 0)
            continue;
        fprintf(out, "%s%d+%d ", any ? ", " : "~ ", from, to - from);
        print_colour(cell->front, out);
        fputc('/', out);
        print_colour(cell->back, out);
        any = true;
    }
    if (any)
        fputc('\n', out);
}

void canvas_print(const struct canvas *canvas, FILE *out, bool styles)
{
    for (int row = 0; row < canvas->rows; row++) {
        const struct canvas_cell *cells = &canvas->cells[row * canvas->columns];
        int text_end = canvas->columns, style_end = canvas->columns;

        while (text_end > 0 && strcmp(cells[text_end - 1].text, " ") == 0)
            text_end--;
        while (style_end > 0 && cells[style_end - 1].style == STYLE_PLAIN)
            style_end--;
        for (int column = 0; column < text_end; column++)
            fputs(cells[column].text, out);
        fputc('\n', out);
        for (int column = 0; styles && column < style_end; column++)
            fprintf(out, "%x", cells[column].style);
        if (styles) {
            fputc('\n', out);
            print_colours(cells, canvas->columns, out);
        }
    }
}
