#include "ui/text.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "common/hash.h"
#include "ui/fonts.h"
#include "ui/shape.h"

#define ATLAS_EDGE 1024
#define LINES_MAX  1024 /* shaped lines kept; all are let go together when they are more */
#define WHITE_EDGE 4    /* a white square at the atlas's corner, for panels */

struct glyph_key {
    uint32_t glyph;
    uint16_t font, pixels;
};

struct glyph {
    struct glyph_key key;
    uint16_t x, y, width, height; /* in the atlas; width 0: nothing to draw */
    int16_t left, top;            /* from the pen to the bitmap's corner; top up */
    UT_hash_handle hh;
};

struct cached_line {
    struct shape_line shape;
    UT_hash_handle hh;
    uint32_t key_bytes;
    char key[]; /* u16 pixels, then the text */
};

struct ui_text {
    struct fonts *fonts;
    struct glyph *glyphs;
    struct cached_line *lines;
    uint32_t texture;
    uint8_t *atlas;
    unsigned row_x, row_y, row_height; /* where the next glyph goes */
    unsigned dirty_from, dirty_to;     /* rows to send */
    bool full;                         /* a glyph found no room: begin anew next frame */
};

/* Forget all glyphs; the white square stays. */
static void clear_atlas(struct ui_text *t)
{
    struct glyph *glyph, *next;
    HASH_ITER(hh, t->glyphs, glyph, next)
    {
        HASH_DEL(t->glyphs, glyph);
        free(glyph);
    }
    memset(t->atlas, 0, (size_t)ATLAS_EDGE * ATLAS_EDGE);
    for (unsigned y = 0; y < WHITE_EDGE; y++)
        memset(t->atlas + y * ATLAS_EDGE, 255, WHITE_EDGE);
    t->row_x = WHITE_EDGE + 1;
    t->row_y = 0;
    t->row_height = WHITE_EDGE + 1;
    t->dirty_from = 0;
    t->dirty_to = ATLAS_EDGE;
    t->full = false;
}

static void clear_lines(struct ui_text *t)
{
    struct cached_line *line, *next;
    HASH_ITER(hh, t->lines, line, next)
    {
        HASH_DEL(t->lines, line);
        shape_fini(&line->shape);
        free(line);
    }
}

struct ui_text *ui_text_new(struct error *error)
{
    struct ui_text *t = calloc(1, sizeof(*t));
    if (!t) {
        error_set(error, "out of memory");
        return NULL;
    }
    t->fonts = fonts_new(error);
    t->atlas = t->fonts ? malloc((size_t)ATLAS_EDGE * ATLAS_EDGE) : NULL;
    if (!t->atlas) {
        ui_text_free(t);
        return NULL;
    }
    clear_atlas(t);
    return t;
}

void ui_text_free(struct ui_text *t)
{
    if (!t)
        return;
    if (t->atlas)
        clear_atlas(t);
    clear_lines(t);
    free(t->atlas);
    fonts_free(t->fonts);
    free(t);
}

const char *ui_text_font_file(struct ui_text *t, int bold)
{
    return fonts_file(t->fonts, bold != 0);
}

void ui_text_begin(struct ui_text *t, struct gfx *gfx, struct ui_list *list)
{
    if (t->full)
        clear_atlas(t);
    if (HASH_COUNT(t->lines) > LINES_MAX)
        clear_lines(t);
    if (gfx && t->texture == 0)
        t->texture = gfx_ui_texture(gfx, ATLAS_EDGE, ATLAS_EDGE, false, t->atlas);
    list->white_texture = t->texture;
    list->white_u = list->white_v = (float)WHITE_EDGE / 2 / ATLAS_EDGE;
}

void ui_text_end(struct ui_text *t, struct gfx *gfx)
{
    if (!gfx || t->dirty_to <= t->dirty_from)
        return;
    gfx_ui_texture_update(gfx, t->texture, 0, t->dirty_from, ATLAS_EDGE,
                          t->dirty_to - t->dirty_from,
                          t->atlas + (size_t)t->dirty_from * ATLAS_EDGE);
    t->dirty_from = ATLAS_EDGE;
    t->dirty_to = 0;
}

/* A free place in the atlas, row by row; false when it is full. */
static bool place(struct ui_text *t, unsigned width, unsigned height, struct glyph *glyph)
{
    if (t->row_x + width + 1 > ATLAS_EDGE) {
        t->row_y += t->row_height;
        t->row_x = t->row_height = 0;
    }
    if (width + 1 > ATLAS_EDGE || t->row_y + height + 1 > ATLAS_EDGE)
        return false;
    glyph->x = (uint16_t)t->row_x;
    glyph->y = (uint16_t)t->row_y;
    t->row_x += width + 1;
    if (t->row_height < height + 1)
        t->row_height = height + 1;
    return true;
}

static void copy_bitmap(struct ui_text *t, const struct glyph *glyph, const FT_Bitmap *bitmap)
{
    for (unsigned y = 0; y < glyph->height; y++) {
        const uint8_t *from = bitmap->buffer + (ptrdiff_t)y * bitmap->pitch;
        memcpy(t->atlas + (size_t)(glyph->y + y) * ATLAS_EDGE + glyph->x, from, glyph->width);
    }
    if (t->dirty_from > glyph->y)
        t->dirty_from = glyph->y;
    if (t->dirty_to < glyph->y + glyph->height)
        t->dirty_to = glyph->y + glyph->height;
}

static bool draw_glyph(struct ui_text *t, struct glyph *glyph)
{
    const struct fonts_sized *sized = fonts_get(t->fonts, glyph->key.font, glyph->key.pixels);
    if (!sized || FT_Load_Glyph(sized->face, glyph->key.glyph, FT_LOAD_TARGET_LIGHT) != 0 ||
        FT_Render_Glyph(sized->face->glyph, FT_RENDER_MODE_NORMAL) != 0)
        return true; /* nothing to draw */
    const FT_GlyphSlot slot = sized->face->glyph;
    if (slot->bitmap.pixel_mode != FT_PIXEL_MODE_GRAY || slot->bitmap.width == 0 ||
        slot->bitmap.rows == 0)
        return true;
    if (!place(t, slot->bitmap.width, slot->bitmap.rows, glyph))
        return false;
    glyph->width = (uint16_t)slot->bitmap.width;
    glyph->height = (uint16_t)slot->bitmap.rows;
    glyph->left = (int16_t)slot->bitmap_left;
    glyph->top = (int16_t)slot->bitmap_top;
    copy_bitmap(t, glyph, &slot->bitmap);
    return true;
}

static const struct glyph *find_glyph(struct ui_text *t, const struct shape_glyph *shaped,
                                      unsigned pixels)
{
    struct glyph_key key;
    memset(&key, 0, sizeof(key));
    key.glyph = shaped->glyph;
    key.font = shaped->font;
    key.pixels = (uint16_t)pixels;
    struct glyph *glyph;
    HASH_FIND(hh, t->glyphs, &key, sizeof(key), glyph);
    if (glyph)
        return glyph;
    glyph = calloc(1, sizeof(*glyph));
    if (!glyph)
        return NULL;
    glyph->key = key;
    if (!draw_glyph(t, glyph)) {
        t->full = true;
        free(glyph);
        return NULL;
    }
    HASH_TRY_ADD(hh, t->glyphs, key, glyph);
    if (!HASH_ADDED(hh, glyph)) {
        free(glyph);
        return NULL;
    }
    return glyph;
}

static const struct shape_line *find_line(struct ui_text *t, const char *utf8, size_t len,
                                          unsigned pixels)
{
    if (pixels < 1 || pixels > UI_TEXT_PIXELS_MAX || len == 0 || len > 4 * UI_TEXT_CHARS_MAX)
        return NULL;
    struct cached_line *line = malloc(sizeof(*line) + 2 + len), *known;
    if (!line)
        return NULL;
    memset(line, 0, sizeof(*line));
    line->key_bytes = (uint32_t)(2 + len);
    line->key[0] = (char)pixels;
    line->key[1] = 0;
    memcpy(line->key + 2, utf8, len);
    HASH_FIND(hh, t->lines, line->key, line->key_bytes, known);
    if (known) {
        free(line);
        return &known->shape;
    }
    if (shape_init(&line->shape, t->fonts, utf8, len, pixels) != 0) {
        free(line);
        return NULL;
    }
    HASH_ADD_KEYPTR(hh, t->lines, line->key, line->key_bytes, line);
    if (!HASH_ADDED(hh, line)) {
        shape_fini(&line->shape);
        free(line);
        return NULL;
    }
    return &line->shape;
}

float ui_text_width(struct ui_text *t, const char *utf8, size_t len, unsigned pixels)
{
    const struct shape_line *line = find_line(t, utf8, len, pixels);
    return line ? line->width : 0;
}

float ui_text_draw(struct ui_text *t, struct ui_list *list, float x, float y, unsigned pixels,
                   uint32_t rgba, const char *utf8, size_t len)
{
    const struct shape_line *line = find_line(t, utf8, len, pixels);
    if (!line)
        return 0;
    x = floorf(x);
    y = floorf(y);
    for (unsigned i = 0; i < line->glyphs_n; i++) {
        const struct shape_glyph *shaped = &line->glyphs[i];
        const struct glyph *glyph = find_glyph(t, shaped, pixels);
        if (!glyph || glyph->width == 0)
            continue;
        float x0 = floorf(x + shaped->x + 0.5f) + glyph->left,
              y0 = floorf(y - shaped->y + 0.5f) - glyph->top;
        struct ui_rect on = {x0, y0, x0 + glyph->width, y0 + glyph->height};
        struct ui_rect part = {(float)glyph->x / ATLAS_EDGE, (float)glyph->y / ATLAS_EDGE,
                               (float)(glyph->x + glyph->width) / ATLAS_EDGE,
                               (float)(glyph->y + glyph->height) / ATLAS_EDGE};
        ui_list_quad(list, t->texture, on, part, rgba);
    }
    return line->width;
}

size_t ui_text_fit(struct ui_text *t, const char *utf8, size_t len, unsigned pixels, float width)
{
    size_t at = 0, best = 0;
    float used = 0;
    while (at < len) {
        /* A word with the spaces after it. */
        size_t end = at;
        while (end < len && utf8[end] != ' ')
            end++;
        float word = ui_text_width(t, utf8 + at, end - at, pixels);
        while (end < len && utf8[end] == ' ')
            end++;
        if (used + word > width)
            break;
        used += ui_text_width(t, utf8 + at, end - at, pixels);
        best = at = end;
    }
    if (best > 0 || len == 0)
        return best;
    /* One word wider than the line: cut it between characters. */
    while (best < len) {
        size_t step;
        shape_decode(utf8 + best, len - best, &step);
        if (best > 0 && ui_text_width(t, utf8, best + step, pixels) > width)
            break;
        best += step;
    }
    return best;
}

float ui_text_line_height(unsigned pixels)
{
    return ceilf((float)pixels * 1.3f);
}
