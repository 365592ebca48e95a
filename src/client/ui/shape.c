#include "ui/shape.h"

#include <stdlib.h>
#include <string.h>

#include <fribidi.h>

#define REPLACEMENT 0xFFFDu

/* A stretch of characters with one level, font and script. */
struct run {
    unsigned from, n;
    FriBidiLevel level;
    uint16_t font;
    hb_script_t script;
};

struct shaper {
    struct fonts *fonts;
    unsigned pixels;
    unsigned chars_n;
    FriBidiChar chars[SHAPE_CHARS_MAX];
    FriBidiCharType types[SHAPE_CHARS_MAX];
    FriBidiBracketType brackets[SHAPE_CHARS_MAX];
    FriBidiLevel levels[SHAPE_CHARS_MAX];
    struct run runs[SHAPE_CHARS_MAX];
    unsigned runs_n;
};

uint32_t shape_decode(const char *utf8, size_t len_bytes, size_t *used)
{
    const unsigned char *b = (const unsigned char *)utf8;
    static const uint32_t least[] = {0, 0x80, 0x800, 0x10000};
    unsigned more = b[0] < 0x80                   ? 0
                    : b[0] >= 0xF0 && b[0] < 0xF5 ? 3
                    : b[0] >= 0xE0 && b[0] < 0xF0 ? 2
                    : b[0] >= 0xC2 && b[0] < 0xE0 ? 1
                                                  : 4;
    *used = 1;
    if (more == 0)
        return b[0];
    if (more == 4 || more >= len_bytes)
        return REPLACEMENT;
    uint32_t c = b[0] & (0x3Fu >> more);
    for (unsigned i = 1; i <= more; i++) {
        if ((b[i] & 0xC0) != 0x80)
            return REPLACEMENT;
        c = c << 6 | (b[i] & 0x3F);
    }
    if (c < least[more] || c > 0x10FFFF || (c >= 0xD800 && c < 0xE000))
        return REPLACEMENT;
    *used = more + 1;
    return c;
}

static void decode(struct shaper *s, const char *utf8, size_t len)
{
    while (len > 0 && s->chars_n < SHAPE_CHARS_MAX) {
        size_t used;
        uint32_t c = shape_decode(utf8, len, &used);
        s->chars[s->chars_n++] = c < 0x20 ? ' ' : c;
        utf8 += used;
        len -= used;
    }
}

static void find_levels(struct shaper *s)
{
    FriBidiParType base = FRIBIDI_PAR_ON;
    fribidi_get_bidi_types(s->chars, (FriBidiStrIndex)s->chars_n, s->types);
    fribidi_get_bracket_types(s->chars, (FriBidiStrIndex)s->chars_n, s->types, s->brackets);
    if (fribidi_get_par_embedding_levels_ex(s->types, s->brackets, (FriBidiStrIndex)s->chars_n,
                                            &base, s->levels) == 0)
        memset(s->levels, 0, sizeof(s->levels));
}

/* Marks and joiners belong to what stands before them: they take its font and script. */
static bool follows(hb_unicode_funcs_t *unicode, uint32_t c, hb_script_t script)
{
    hb_unicode_general_category_t category = hb_unicode_general_category(unicode, c);
    return script == HB_SCRIPT_INHERITED ||
           category == HB_UNICODE_GENERAL_CATEGORY_NON_SPACING_MARK ||
           category == HB_UNICODE_GENERAL_CATEGORY_FORMAT;
}

static void find_runs(struct shaper *s)
{
    hb_unicode_funcs_t *unicode = hb_unicode_funcs_get_default();
    for (unsigned i = 0; i < s->chars_n; i++) {
        struct run *last = s->runs_n ? &s->runs[s->runs_n - 1] : NULL;
        hb_script_t script = hb_unicode_script(unicode, s->chars[i]);
        bool joins = last && last->level == s->levels[i];
        if (joins && follows(unicode, s->chars[i], script)) {
            last->n++;
            continue;
        }
        uint16_t font = (uint16_t)fonts_for(s->fonts, s->chars[i]);
        bool common = script == HB_SCRIPT_COMMON || script == HB_SCRIPT_UNKNOWN;
        if (joins && font == last->font &&
            (common || last->script == script || last->script == HB_SCRIPT_COMMON)) {
            if (!common)
                last->script = script;
            last->n++;
            continue;
        }
        s->runs[s->runs_n++] = (struct run){i, 1, s->levels[i], font, script};
    }
}

/* Rule L2 of the bidirectional algorithm, over runs: from the highest level down, turn round what
 * is at least so high. */
static void order_runs(struct shaper *s)
{
    FriBidiLevel highest = 0;
    for (unsigned i = 0; i < s->runs_n; i++)
        if (s->runs[i].level > highest)
            highest = s->runs[i].level;
    for (FriBidiLevel level = highest; level >= 1; level--) {
        for (unsigned i = 0; i < s->runs_n;) {
            unsigned end = i;
            while (end < s->runs_n && s->runs[end].level >= level)
                end++;
            for (unsigned a = i, b = end; a + 1 < b; a++) {
                struct run swapped = s->runs[a];
                s->runs[a] = s->runs[--b];
                s->runs[b] = swapped;
            }
            i = end > i ? end : i + 1;
        }
    }
}

static int append(struct shape_line *line, hb_buffer_t *buffer, uint16_t font)
{
    unsigned n;
    const hb_glyph_info_t *infos = hb_buffer_get_glyph_infos(buffer, &n);
    const hb_glyph_position_t *places = hb_buffer_get_glyph_positions(buffer, &n);
    if (n == 0)
        return 0;
    struct shape_glyph *more = realloc(line->glyphs, (line->glyphs_n + n) * sizeof(*more));
    if (!more)
        return -1;
    line->glyphs = more;
    for (unsigned i = 0; i < n; i++) {
        float x = line->width + (float)places[i].x_offset / 64, y = (float)places[i].y_offset / 64;
        line->glyphs[line->glyphs_n++] = (struct shape_glyph){infos[i].codepoint, font, x, y};
        line->width += (float)places[i].x_advance / 64;
    }
    return 0;
}

static int shape_runs(struct shaper *s, struct shape_line *line)
{
    hb_buffer_t *buffer = hb_buffer_create();
    int result = hb_buffer_allocation_successful(buffer) ? 0 : -1;
    for (unsigned i = 0; i < s->runs_n && result == 0; i++) {
        const struct run *run = &s->runs[i];
        const struct fonts_sized *sized = fonts_get(s->fonts, run->font, s->pixels);
        uint16_t font = run->font;
        if (!sized) {
            sized = fonts_get(s->fonts, 0, s->pixels);
            font = 0;
        }
        if (!sized)
            continue;
        hb_buffer_clear_contents(buffer);
        hb_buffer_add_utf32(buffer, s->chars, (int)s->chars_n, run->from, (int)run->n);
        hb_buffer_set_direction(buffer, run->level & 1 ? HB_DIRECTION_RTL : HB_DIRECTION_LTR);
        hb_buffer_set_script(buffer, run->script);
        hb_buffer_set_language(buffer, hb_language_get_default());
        hb_shape(sized->hb, buffer, NULL, 0);
        result = append(line, buffer, font);
    }
    hb_buffer_destroy(buffer);
    return result;
}

int shape_init(struct shape_line *line, struct fonts *fonts, const char *utf8, size_t len_bytes,
               unsigned pixels)
{
    memset(line, 0, sizeof(*line));
    struct shaper *s = malloc(sizeof(*s));
    if (!s)
        return -1;
    s->fonts = fonts;
    s->pixels = pixels;
    s->chars_n = s->runs_n = 0;
    decode(s, utf8, len_bytes);
    int result = 0;
    if (s->chars_n > 0) {
        find_levels(s);
        find_runs(s);
        order_runs(s);
        result = shape_runs(s, line);
    }
    free(s);
    if (result != 0)
        shape_fini(line);
    return result;
}

void shape_fini(struct shape_line *line)
{
    free(line->glyphs);
    memset(line, 0, sizeof(*line));
}
