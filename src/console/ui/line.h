/* line.h -- a line of text that is being typed. In place, zeroed is empty. One thread. */
#ifndef OPENMMO_CONSOLE_LINE_H
#define OPENMMO_CONSOLE_LINE_H

#include <stdbool.h>
#include <stddef.h>

#include "canvas.h"

#define LINE_BYTES     512
#define LINE_MAX_BYTES 480 /* that can be typed */

struct line {
    char text[LINE_BYTES]; /* UTF-8 */
    size_t at;             /* the cursor's byte */
};

/* The text anew, the cursor behind it. */
void line_set(struct line *line, const char *text);
/* Typing: letters, Backspace, Delete, Left, Right, Home, End, Ctrl-A, -E, -U, -W. True if it was
 * such a key, whether or not there was something to do. */
bool line_key(struct line *line, int key);
/* As much of it as fits into `columns`, the cursor's place always in view; with typing, the
 * canvas's cursor is put there. Returns the columns it took. */
int line_draw(const struct line *line, struct canvas *canvas, int row, int column, int columns,
              bool typing);

#endif
