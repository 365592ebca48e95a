/* colour.c -- see colour.h. */
#include "colour.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "common/compiler.h"

struct rgb {
    int red, green, blue;
};

static struct rgb split(uint32_t rgb)
{
    return (struct rgb){(int)(rgb >> 16 & 255), (int)(rgb >> 8 & 255), (int)(rgb & 255)};
}

/* Green differs most to the eye, blue least. */
static int distance(struct rgb a, struct rgb b)
{
    int red = a.red - b.red, green = a.green - b.green, blue = a.blue - b.blue;

    return 3 * red * red + 6 * green * green + blue * blue;
}

/* The step of the cube's edge: 0, 95, 135, ... 255. */
static int step_of(int value)
{
    return value < 48 ? 0 : value < 115 ? 1 : (value - 35) / 40;
}

static int nearest_256(struct rgb rgb)
{
    static const int EDGE[] = {0, 95, 135, 175, 215, 255};
    int red = step_of(rgb.red), green = step_of(rgb.green), blue = step_of(rgb.blue);
    int mean = (rgb.red + rgb.green + rgb.blue) / 3;
    int grey = mean > 238 ? 23 : mean < 3 ? 0 : (mean - 3) / 10;
    struct rgb cube = {EDGE[red], EDGE[green], EDGE[blue]};
    struct rgb level = {8 + 10 * grey, 8 + 10 * grey, 8 + 10 * grey};

    return distance(rgb, level) < distance(rgb, cube) ? 232 + grey
                                                      : 16 + 36 * red + 6 * green + blue;
}

static int nearest_16(struct rgb rgb, int colours)
{
    /* xterm's own: other terminals have others, but none far from these. */
    static const struct rgb NAMED[] = {
        {0, 0, 0},       {205, 0, 0},   {0, 205, 0},   {205, 205, 0},
        {0, 0, 238},     {205, 0, 205}, {0, 205, 205}, {229, 229, 229},
        {127, 127, 127}, {255, 0, 0},   {0, 255, 0},   {255, 255, 0},
        {92, 92, 255},   {255, 0, 255}, {0, 255, 255}, {255, 255, 255},
    };
    int best = 0;

    for (int i = 1; i < colours && i < (int)ARRAY_N(NAMED); i++) {
        if (distance(rgb, NAMED[i]) < distance(rgb, NAMED[best]))
            best = i;
    }
    return best;
}

int colour_nearest(uint32_t rgb, int colours)
{
    rgb &= 0xffffff;
    if (colours > 256) /* 0 to 7 are still the eight that have names */
        return rgb < 8 ? 0 : (int)rgb;
    return colours == 256 ? nearest_256(split(rgb)) : nearest_16(split(rgb), colours);
}

bool colour_direct_name(const char *term, const char *colorterm, char *out, unsigned room_bytes)
{
    static const char TAIL[] = "-256color";
    size_t n = term != NULL ? strlen(term) : 0, tail = sizeof(TAIL) - 1;
    bool tailed = n > tail && strcmp(term + n - tail, TAIL) == 0;

    if (colorterm == NULL ||
        (strcmp(colorterm, "truecolor") != 0 && strcmp(colorterm, "24bit") != 0))
        return false;
    if (n == 0)
        return false;
    snprintf(out, room_bytes, "%.*s-direct", (int)(tailed ? n - tail : n), term);
    return true;
}
