/* histogram.c -- see histogram.h. */
#include "histogram.h"

#include <stdio.h>

#define LABEL_COLUMNS 9 /* "<= 65.5ms" */
#define SHARE_COLUMNS 6 /* "100.0%" */

/* A bar of part/whole of `columns` cells, to an eighth of a cell. */
static void bar(struct canvas *canvas, int row, int column, int columns, enum style style,
                double share)
{
    static const char *const EIGHTHS[] = {"",       "\u258f", "\u258e", "\u258d",
                                          "\u258c", "\u258b", "\u258a", "\u2589"};
    int eighths = (int)(share * columns * 8 + 0.5), full;

    if (share > 0 && eighths == 0)
        eighths = 1; /* one of thousands is seen too */
    full = eighths / 8;
    for (int i = 0; i < full; i++)
        canvas_glyph(canvas, row, column + i, style, "\u2588", '#');
    if (eighths % 8 > 0)
        canvas_glyph(canvas, row, column + full, style, EIGHTHS[eighths % 8],
                     full == 0 || eighths % 8 >= 4 ? '#' : ' ');
}

static int highest(const struct model_phase *phase)
{
    int last = MODEL_BUCKETS - 1;

    while (last > 0 && phase->buckets[last] == 0)
        last--;
    return last;
}

static int lowest(const struct model_phase *phase)
{
    int first = 0;

    while (first < MODEL_BUCKETS - 1 && phase->buckets[first] == 0)
        first++;
    return first;
}

static enum style style_of(double from_ms, double budget_ms)
{
    if (budget_ms <= 0)
        return STYLE_ACCENT;
    return from_ms >= budget_ms ? STYLE_BAD : from_ms * 2 >= budget_ms ? STYLE_WARN : STYLE_GOOD;
}

static void label(struct canvas *canvas, int row, int column, const struct model_profile *profile,
                  int bucket)
{
    char ms[16];

    if (bucket < (int)profile->bounds_n)
        canvas_printf(canvas, row, column, LABEL_COLUMNS, STYLE_DIM, "%5s ms",
                      figures_ms(profile->bounds_ms[bucket], ms));
    else
        canvas_text(canvas, row, column, LABEL_COLUMNS, STYLE_DIM, " longer");
}

void histogram_draw(struct canvas *canvas, int row, int column, int rows, int columns,
                    const struct model_profile *profile, const struct model_phase *phase,
                    double budget_ms)
{
    int width = columns - LABEL_COLUMNS - SHARE_COLUMNS - 2, last = highest(phase);
    int first = last - rows + 1 > lowest(phase) ? last - rows + 1 : lowest(phase);

    if (phase->times.n == 0 || width < 1)
        return;
    for (int i = 0; i < rows && first + i <= last; i++) {
        int64_t n = phase->buckets[first + i];
        double from_ms = first + i > 0 ? profile->bounds_ms[first + i - 1] : 0;

        for (int below = 0; i == 0 && below < first; below++)
            n += phase->buckets[below];
        label(canvas, row + i, column, profile, first + i);
        bar(canvas, row + i, column + LABEL_COLUMNS, width, style_of(from_ms, budget_ms),
            (double)n / (double)phase->times.n);
        canvas_printf(canvas, row + i, column + columns - SHARE_COLUMNS, SHARE_COLUMNS, STYLE_DIM,
                      "%5.1f%%", 100.0 * (double)n / (double)phase->times.n);
    }
}
