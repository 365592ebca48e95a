/* text.h -- text of any script over the picture: shaped by HarfBuzz, ordered by FriBidi, fonts
 * found by fontconfig.
 *
 * Owns the fonts, an atlas of glyphs (one byte a pixel) and a cache of shaped lines. Where no font
 * has a character its box is drawn. Sizes are pixels. Texts are UTF-8 of any origin, at most
 * UI_TEXT_CHARS_MAX characters; control characters should have been sanitised. One thread. */
#ifndef OPENMMO_CLIENT_UI_TEXT_H
#define OPENMMO_CLIENT_UI_TEXT_H

#include <stddef.h>
#include <stdint.h>

#include "common/error.h"
#include "gfx/gfx.h"
#include "ui/list.h"

#define UI_TEXT_CHARS_MAX  1024
#define UI_TEXT_PIXELS_MAX 96

struct ui_text;

/* NULL + error ("no font: install fonts-dejavu-core"). */
struct ui_text *ui_text_new(struct error *error);
void ui_text_free(struct ui_text *text); /* NULL is fine; the texture is gfx's to free */

/* The file of the best sans-serif font (bold or not): for other libraries. NULL: none. Valid until
 * ui_text_free. */
const char *ui_text_font_file(struct ui_text *text, int bold);

/* Before drawing a frame's texts: the atlas's texture and white texel go to the list. gfx may be
 * NULL (tests). */
void ui_text_begin(struct ui_text *text, struct gfx *gfx, struct ui_list *list);
/* After them: new glyphs go to the texture. */
void ui_text_end(struct ui_text *text, struct gfx *gfx);

/* Width of a line. 0 where it cannot be shaped. */
float ui_text_width(struct ui_text *text, const char *utf8, size_t len_bytes, unsigned pixels);
/* Draw with the left end at x and the baseline at y. Returns the width. */
float ui_text_draw(struct ui_text *text, struct ui_list *list, float x, float y, unsigned pixels,
                   uint32_t rgba, const char *utf8, size_t len_bytes);
/* How many bytes fit into that width, cut after a space where there is one; at least one character.
 */
size_t ui_text_fit(struct ui_text *text, const char *utf8, size_t len_bytes, unsigned pixels,
                   float width);
/* From baseline to baseline. */
float ui_text_line_height(unsigned pixels);

#endif
