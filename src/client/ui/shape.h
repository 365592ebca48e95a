/* shape.h -- one line of text into glyphs in the order they are drawn: bidi levels, fonts, scripts,
 * HarfBuzz. Pure but for the fonts; one thread. */
#ifndef OPENMMO_CLIENT_SHAPE_H
#define OPENMMO_CLIENT_SHAPE_H

#include <stddef.h>
#include <stdint.h>

#include "common/compiler.h"
#include "ui/fonts.h"

#define SHAPE_CHARS_MAX 1024

struct shape_glyph {
    uint32_t glyph; /* in its font */
    uint16_t font;
    float x, y; /* pen place from the line's left end on the baseline; y up */
};

struct shape_line {
    struct shape_glyph *glyphs;
    unsigned glyphs_n;
    float width;
};

/* Shape the line; longer texts are cut at SHAPE_CHARS_MAX, invalid UTF-8 becomes U+FFFD. 0, or -1
 * when out of memory. The caller frees with shape_fini. */
int shape_init(struct shape_line *line, struct fonts *fonts, const char *utf8, size_t len_bytes,
               unsigned pixels) MUST_CHECK;
void shape_fini(struct shape_line *line); /* frees; may be called twice */

/* The next code point of the text; *used: its bytes (at least 1). U+FFFD for what is invalid.
 * len_bytes >= 1. */
uint32_t shape_decode(const char *utf8, size_t len_bytes, size_t *used);

#endif
