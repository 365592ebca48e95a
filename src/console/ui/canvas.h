/* canvas.h -- a screenful of characters with styles, drawn by screens and shown by the terminal.
 *
 * Knows no terminal: tests read it back as text. All text that comes in is passed through
 * text_sanitise here, at the one place where it becomes cells, so that nothing hostile is shown
 * raw. Drawing outside is cut. One thread. */
#ifndef OPENMMO_CONSOLE_CANVAS_H
#define OPENMMO_CONSOLE_CANVAS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum style {
    STYLE_PLAIN,
    STYLE_TITLE, /* header line */
    STYLE_BOLD,
    STYLE_DIM,
    STYLE_BORDER,
    STYLE_GOOD,
    STYLE_WARN,
    STYLE_BAD,
    STYLE_ACCENT,   /* graphs */
    STYLE_SELECTED, /* the line under the cursor */
    STYLE_KEY,      /* a key's name in the bottom bar */
    STYLE_BAR,      /* the rest of the bottom bar */
    STYLES_N
};

#define CANVAS_CELL_BYTES 24 /* a character and what combines with it; more is left out */

struct canvas_cell {
    char text[CANVAS_CELL_BYTES]; /* UTF-8, NUL-terminated; empty: the right half of a wide one */
    unsigned char style;          /* enum style */
    uint32_t front, back;         /* CANVAS_RGB; 0: as the style says */
};

/* A colour of a cell's own, for pictures such as a map: the terminal shows the nearest that it has.
 * Where it has none, only the character is seen: never say anything by colour alone. */
#define CANVAS_RGB(red, green, blue)                                                               \
    (UINT32_C(0x1000000) | (uint32_t)(red) << 16 | (uint32_t)(green) << 8 | (uint32_t)(blue))

struct canvas {
    int rows, columns;
    bool ascii; /* draw with ASCII only */
    bool mono;  /* colours are not seen: whoever makes the canvas says so */
    bool few;   /* less than 256 are, or none: no picture can be made of them */
    struct canvas_cell *cells;
    int cursor_row, cursor_column; /* -1: no cursor */
};

/* In place; a canvas of the new size, blank. -1: out of memory (then it is 0 x 0). */
int canvas_init(struct canvas *canvas, int rows, int columns, bool ascii);
/* Frees; a zeroed canvas is fine. */
void canvas_fini(struct canvas *canvas);
/* All blanks, no cursor. */
void canvas_clear(struct canvas *canvas);

/* Text from (row, column), cut at `columns` columns (and at the edge). Returns the columns it took.
 */
int canvas_text(struct canvas *canvas, int row, int column, int columns, enum style style,
                const char *text);
/* As canvas_cut, of a formatted text. */
int canvas_printf(struct canvas *canvas, int row, int column, int columns, enum style style,
                  const char *format, ...) __attribute__((format(printf, 6, 7)));
/* As canvas_text, but text that is cut ends in "…" ("~" in ASCII): for names, addresses and
 * figures, of which a part would read as another one. */
int canvas_cut(struct canvas *canvas, int row, int column, int columns, enum style style,
               const char *text);
/* Text that ends at the column `end` (exclusive); cut as canvas_cut does. */
int canvas_right(struct canvas *canvas, int row, int end, int columns, enum style style,
                 const char *text);
/* Text broken into lines of at most `columns` columns, at spaces where it can; the last line stands
 * at `row`, lines above `top` are left out. Returns how many lines it takes. canvas NULL: only
 * reckon. */
int canvas_wrap(struct canvas *canvas, int row, int top, int column, int columns, const char *text);
/* The same from `row` downward, to the row `last` at most, which then ends as canvas_cut ends it.
 * Returns the row below all of it, as if there were room: above last + 1 where there was none. */
int canvas_paragraph(struct canvas *canvas, int row, int last, int column, int columns,
                     const char *text);
/* The end of a text that is being typed, in at most `columns` columns, of which the last one stays
 * free for the cursor. Returns the columns it took. */
int canvas_tail(struct canvas *canvas, int row, int column, int columns, enum style style,
                const char *text);
/* One of our own glyphs, with what stands for it in ASCII. */
void canvas_glyph(struct canvas *canvas, int row, int column, enum style style, const char *glyph,
                  char ascii);
/* The same in colours of its own (CANVAS_RGB; 0: the terminal's). */
void canvas_paint(struct canvas *canvas, int row, int column, const char *glyph, char ascii,
                  uint32_t front, uint32_t back);
/* Blanks of that style. */
void canvas_fill(struct canvas *canvas, int row, int column, int columns, enum style style);
/* A line of its own, as of a table's head. */
void canvas_heading(struct canvas *canvas, int row, const char *text);
/* A frame with a title in its upper edge. */
void canvas_box(struct canvas *canvas, int row, int column, int rows, int columns,
                const char *title);
/* Everything grey, from that row on; colours of its own become greys. */
void canvas_grey(struct canvas *canvas, int from_row);

/* All of a row in that style, whatever it was drawn in: the line under the cursor. */
void canvas_mark(struct canvas *canvas, int row, enum style style);

/* A graph of n values 0..top in rows x columns cells: the newest value at the right edge. In
 * braille two values and four steps a cell; in ASCII one and two. marks: a dot at another value of
 * each time (may be NULL); line: a dotted line at that value (0: none). Values over top are cut. */
struct canvas_graph {
    const double *values, *marks;
    size_t n;
    double top, line;
    enum style style;
};
/* Draw it into that rectangle; cells without ink are left alone. */
void canvas_graph(struct canvas *canvas, int row, int column, int rows, int columns,
                  const struct canvas_graph *graph);

/* As lines of text, trailing spaces cut; with styles: below each line one digit a column
 * (hexadecimal style), trailing zeros cut, and, where cells have colours of their own, a line
 * "~ column+columns front/back, ..." of them. */
void canvas_print(const struct canvas *canvas, FILE *out, bool styles);

#endif
