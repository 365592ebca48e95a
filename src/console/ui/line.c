/* line.c -- see line.h. */
#include "line.h"

#include <stdio.h>
#include <string.h>

#include "common/text.h"
#include "keys.h"

void line_set(struct line *line, const char *text)
{
    snprintf(line->text, sizeof(line->text), "%.*s", LINE_MAX_BYTES, text);
    line->at = strlen(line->text);
}

/* UTF-8 of a code point; returns its bytes. */
static size_t encode(int point, char out[5])
{
    size_t n = 0;

    if (point < 0x80) {
        out[n++] = (char)point;
    } else if (point < 0x800) {
        out[n++] = (char)(0xc0 | point >> 6);
        out[n++] = (char)(0x80 | (point & 0x3f));
    } else if (point < 0x10000) {
        out[n++] = (char)(0xe0 | point >> 12);
        out[n++] = (char)(0x80 | (point >> 6 & 0x3f));
        out[n++] = (char)(0x80 | (point & 0x3f));
    } else {
        out[n++] = (char)(0xf0 | point >> 18);
        out[n++] = (char)(0x80 | (point >> 12 & 0x3f));
        out[n++] = (char)(0x80 | (point >> 6 & 0x3f));
        out[n++] = (char)(0x80 | (point & 0x3f));
    }
    out[n] = '\0';
    return n;
}

static bool is_inside(char byte)
{
    return ((unsigned char)byte & 0xc0) == 0x80;
}

static size_t before(const struct line *line, size_t at)
{
    while (at > 0 && is_inside(line->text[--at]))
        continue;
    return at;
}

static size_t behind(const struct line *line, size_t at)
{
    if (line->text[at] != '\0')
        at++;
    while (is_inside(line->text[at]))
        at++;
    return at;
}

static size_t word_before(const struct line *line)
{
    size_t at = line->at;

    while (at > 0 && line->text[at - 1] == ' ')
        at--;
    while (at > 0 && line->text[at - 1] != ' ')
        at--;
    return at;
}

static void cut(struct line *line, size_t from, size_t to)
{
    memmove(line->text + from, line->text + to, strlen(line->text + to) + 1);
    line->at = from;
}

static void put(struct line *line, int key)
{
    char point[5];
    size_t bytes = encode(key, point), n = strlen(line->text);

    if (n + bytes > LINE_MAX_BYTES || !text_utf8_valid(point, bytes))
        return;
    memmove(line->text + line->at + bytes, line->text + line->at, n - line->at + 1);
    memcpy(line->text + line->at, point, bytes);
    line->at += bytes;
}

bool line_key(struct line *line, int key)
{
    if (key == KEYS_BACKSPACE || key == 8)
        cut(line, before(line, line->at), line->at);
    else if (key == KEYS_DELETE)
        cut(line, line->at, behind(line, line->at));
    else if (key == KEYS_CTRL('U'))
        cut(line, 0, line->at);
    else if (key == KEYS_CTRL('W'))
        cut(line, word_before(line), line->at);
    else if (key == KEYS_LEFT)
        line->at = before(line, line->at);
    else if (key == KEYS_RIGHT)
        line->at = behind(line, line->at);
    else if (key == KEYS_HOME || key == KEYS_CTRL('A'))
        line->at = 0;
    else if (key == KEYS_END || key == KEYS_CTRL('E'))
        line->at = strlen(line->text);
    else if (key >= ' ' && key < KEYS_UP)
        put(line, key);
    else
        return false;
    return true;
}

int line_draw(const struct line *line, struct canvas *canvas, int row, int column, int columns,
              bool typing)
{
    char head[LINE_BYTES];
    int used, rest;

    snprintf(head, sizeof(head), "%.*s", (int)line->at, line->text);
    used = canvas_tail(canvas, row, column, columns, typing ? STYLE_BOLD : STYLE_PLAIN, head);
    rest = canvas_text(canvas, row, column + used, columns - used,
                       typing ? STYLE_BOLD : STYLE_PLAIN, line->text + line->at);
    if (typing) {
        canvas->cursor_row = row;
        canvas->cursor_column = column + used;
    }
    return used + rest;
}
