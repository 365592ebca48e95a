#include "ui/fonts.h"

#include <stdlib.h>
#include <string.h>

#include <fontconfig/fontconfig.h>
#include <hb-ft.h>

#define FONTS_MAX 32 /* fallbacks; more are not looked at */
#define OPEN_MAX  64 /* font and size pairs */

struct opened {
    unsigned font, pixels;
    struct fonts_sized sized;
};

struct fonts {
    FcConfig *config;
    FcFontSet *set; /* best first */
    FT_Library library;
    struct opened opened[OPEN_MAX];
    unsigned opened_n;
    char *bold_file;
};

/* The sans-serif fonts of the machine, best first; a later one only if it adds characters. */
static FcFontSet *sorted(FcConfig *config)
{
    FcResult result;
    FcPattern *pattern = FcNameParse((const FcChar8 *)"DejaVu Sans,sans-serif");
    if (!pattern)
        return NULL;
    FcConfigSubstitute(config, pattern, FcMatchPattern);
    FcDefaultSubstitute(pattern);
    FcFontSet *set = FcFontSort(config, pattern, FcTrue, NULL, &result);
    FcPatternDestroy(pattern);
    return set;
}

static const char *file_of(FcPattern *pattern)
{
    FcChar8 *file = NULL;
    if (FcPatternGetString(pattern, FC_FILE, 0, &file) != FcResultMatch)
        return NULL;
    return (const char *)file;
}

static char *find_bold(FcConfig *config)
{
    FcResult result;
    FcPattern *pattern = FcNameParse((const FcChar8 *)"DejaVu Sans,sans-serif:bold");
    if (!pattern)
        return NULL;
    FcConfigSubstitute(config, pattern, FcMatchPattern);
    FcDefaultSubstitute(pattern);
    FcPattern *match = FcFontMatch(config, pattern, &result);
    FcPatternDestroy(pattern);
    const char *file = match ? file_of(match) : NULL;
    char *copy = file ? strdup(file) : NULL;
    if (match)
        FcPatternDestroy(match);
    return copy;
}

struct fonts *fonts_new(struct error *error)
{
    struct fonts *fonts = calloc(1, sizeof(*fonts));
    if (!fonts) {
        error_set(error, "out of memory");
        return NULL;
    }
    fonts->config = FcInitLoadConfigAndFonts();
    fonts->set = fonts->config ? sorted(fonts->config) : NULL;
    if (!fonts->set || FT_Init_FreeType(&fonts->library) != 0 || fonts->set->nfont == 0 ||
        !fonts_get(fonts, 0, 16)) {
        error_set(error, "no font to write with: install fonts-dejavu-core");
        fonts_free(fonts);
        return NULL;
    }
    fonts->bold_file = find_bold(fonts->config);
    return fonts;
}

void fonts_free(struct fonts *fonts)
{
    if (!fonts)
        return;
    for (unsigned i = 0; i < fonts->opened_n; i++) {
        hb_font_destroy(fonts->opened[i].sized.hb);
        if (fonts->opened[i].sized.face)
            FT_Done_Face(fonts->opened[i].sized.face);
    }
    if (fonts->library)
        FT_Done_FreeType(fonts->library);
    if (fonts->set)
        FcFontSetDestroy(fonts->set);
    if (fonts->config)
        FcConfigDestroy(fonts->config);
    free(fonts->bold_file);
    free(fonts);
}

unsigned fonts_for(const struct fonts *fonts, uint32_t codepoint)
{
    int n = fonts->set->nfont < FONTS_MAX ? fonts->set->nfont : FONTS_MAX;
    for (int i = 0; i < n; i++) {
        FcCharSet *has;
        if (FcPatternGetCharSet(fonts->set->fonts[i], FC_CHARSET, 0, &has) == FcResultMatch &&
            FcCharSetHasChar(has, codepoint))
            return (unsigned)i;
    }
    return 0;
}

static int open_sized(struct fonts *fonts, struct opened *opened)
{
    FcPattern *pattern = fonts->set->fonts[opened->font];
    int index = 0;
    const char *file = file_of(pattern);
    FcPatternGetInteger(pattern, FC_INDEX, 0, &index);
    if (!file || FT_New_Face(fonts->library, file, index, &opened->sized.face) != 0)
        return -1;
    /* A font of fixed bitmaps that lacks the size is of no use: its sizes would not fit the line.
     */
    if (FT_Set_Pixel_Sizes(opened->sized.face, 0, opened->pixels) == 0)
        opened->sized.hb = hb_ft_font_create_referenced(opened->sized.face);
    if (opened->sized.hb)
        return 0;
    FT_Done_Face(opened->sized.face);
    opened->sized.face = NULL;
    return -1;
}

const struct fonts_sized *fonts_get(struct fonts *fonts, unsigned font, unsigned pixels)
{
    for (unsigned i = 0; i < fonts->opened_n; i++)
        if (fonts->opened[i].font == font && fonts->opened[i].pixels == pixels)
            return fonts->opened[i].sized.face ? &fonts->opened[i].sized : NULL;
    if (fonts->opened_n == OPEN_MAX || font >= (unsigned)fonts->set->nfont)
        return NULL;
    struct opened *opened = &fonts->opened[fonts->opened_n++];
    *opened = (struct opened){.font = font, .pixels = pixels};
    return open_sized(fonts, opened) == 0 ? &opened->sized : NULL;
}

const char *fonts_file(struct fonts *fonts, bool bold)
{
    return bold ? fonts->bold_file : file_of(fonts->set->fonts[0]);
}
