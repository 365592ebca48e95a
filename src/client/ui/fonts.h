/* fonts.h -- the fonts of the machine, by fontconfig: which one has a character, opened at a size.
 * Owns the FreeType faces and HarfBuzz fonts. One thread. */
#ifndef OPENMMO_CLIENT_FONTS_H
#define OPENMMO_CLIENT_FONTS_H

#include <stdbool.h>
#include <stdint.h>

#include <ft2build.h>
#include FT_FREETYPE_H
#include <hb.h>

#include "common/error.h"

struct fonts;

struct fonts_sized {
    FT_Face face;
    hb_font_t *hb;
};

/* NULL + error. */
struct fonts *fonts_new(struct error *error);
void fonts_free(struct fonts *fonts); /* NULL is fine */

/* The number of the first font that has the character; 0, the main one, where none has. */
unsigned fonts_for(const struct fonts *fonts, uint32_t codepoint);
/* That font at that size; NULL where it cannot be opened. Valid until fonts_free. */
const struct fonts_sized *fonts_get(struct fonts *fonts, unsigned font, unsigned pixels);
/* The main font's file, bold or not; NULL: none. Valid until fonts_free. */
const char *fonts_file(struct fonts *fonts, bool bold);

#endif
