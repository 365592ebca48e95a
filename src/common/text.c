/* text.c -- see text.h. Unicode's facts come from utf8proc. */
#include "common/text.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <utf8proc.h>

#define MARKS_MAX                                                                                  \
    3 /* combining marks in a row: more is no writing, but a tower over other people's lines */

/* The code point at the front of bytes; returns its length, or -1 if there is none that is valid.
 */
static int next_code_point(const char *bytes, size_t len_bytes, int32_t *code_point)
{
    utf8proc_ssize_t n =
        utf8proc_iterate((const utf8proc_uint8_t *)bytes, (utf8proc_ssize_t)len_bytes, code_point);

    return n <= 0 || *code_point < 0 ? -1 : (int)n;
}

static bool is_bidi_control(int32_t c)
{
    return c == 0x061C || c == 0x200E || c == 0x200F || (c >= 0x202A && c <= 0x202E) ||
           (c >= 0x2066 && c <= 0x2069);
}

/* Shows nothing by itself, or moves what others show. */
static bool is_invisible(int32_t c)
{
    switch (utf8proc_category(c)) {
    case UTF8PROC_CATEGORY_CC:
    case UTF8PROC_CATEGORY_CF:
    case UTF8PROC_CATEGORY_CS:
    case UTF8PROC_CATEGORY_CO:
    case UTF8PROC_CATEGORY_CN:
    case UTF8PROC_CATEGORY_ZL:
    case UTF8PROC_CATEGORY_ZP:
        return true;
    default: /* an enum of utf8proc's, not ours */
        return utf8proc_get_property(c)->ignorable;
    }
}

static bool is_mark(int32_t c)
{
    utf8proc_category_t category = utf8proc_category(c);

    return category == UTF8PROC_CATEGORY_MN || category == UTF8PROC_CATEGORY_MC ||
           category == UTF8PROC_CATEGORY_ME;
}

static bool is_letter_or_digit(int32_t c)
{
    utf8proc_category_t category = utf8proc_category(c);

    return (category >= UTF8PROC_CATEGORY_LU && category <= UTF8PROC_CATEGORY_LO) ||
           category == UTF8PROC_CATEGORY_ND;
}

/* utf8proc_map over at most TEXT_NAME_KEY_BYTES - 1 bytes. Returns the new text (free it) or NULL.
 */
static char *mapped(const char *text, size_t len_bytes, utf8proc_option_t how)
{
    utf8proc_uint8_t *out = NULL;

    if (utf8proc_map((const utf8proc_uint8_t *)text, (utf8proc_ssize_t)len_bytes, &out, how) < 0) {
        free(out);
        return NULL;
    }
    return (char *)out;
}

static int check_name_characters(const char *name, size_t len_bytes, struct error *error)
{
    size_t chars_n = 0, marks_n = 0;
    int32_t before = ' ';

    for (size_t at = 0; at < len_bytes; chars_n++) {
        int32_t c;
        int n = next_code_point(name + at, len_bytes - at, &c);

        if (n < 0)
            return error_set(error, "a name must be valid UTF-8");
        marks_n = is_mark(c) ? marks_n + 1 : 0;
        if (is_invisible(c) ||
            (!is_letter_or_digit(c) && !is_mark(c) && c != '_' && c != '-' && c != '.' && c != ' '))
            return error_set(
                error, "a name takes letters, digits, '_', '-', '.' and single spaces, not U+%04X",
                (unsigned)c);
        if (c == ' ' && before == ' ')
            return error_set(error, "a name has no space at its start and no two spaces in a row");
        if (marks_n > MARKS_MAX || (is_mark(c) && (before == ' ' || chars_n == 0)))
            return error_set(error, "a name has its accents on letters, at most %d on each",
                             MARKS_MAX);
        before = c;
        at += (size_t)n;
    }
    if (before == ' ')
        return error_set(error, "a name has no space at its end");
    if (chars_n < TEXT_NAME_MIN_CHARS || chars_n > TEXT_NAME_MAX_CHARS)
        return error_set(error, "a name has %d to %d characters", TEXT_NAME_MIN_CHARS,
                         TEXT_NAME_MAX_CHARS);
    return 0;
}

int text_name_check(const char *name, size_t len_bytes, struct error *error)
{
    char *normal;
    bool stable;

    if (len_bytes == 0 || len_bytes > TEXT_NAME_MAX_BYTES)
        return error_set(error, "a name has %d to %d characters", TEXT_NAME_MIN_CHARS,
                         TEXT_NAME_MAX_CHARS);
    if (check_name_characters(name, len_bytes, error) < 0)
        return -1;
    normal = mapped(name, len_bytes, UTF8PROC_STABLE | UTF8PROC_COMPOSE | UTF8PROC_COMPAT);
    if (normal == NULL)
        return error_set(error, "that name cannot be normalised");
    stable = strlen(normal) == len_bytes && memcmp(normal, name, len_bytes) == 0;
    free(normal);
    if (!stable)
        return error_set(error,
                         "a name must be in Unicode's form NFKC: write it with plain letters");
    return 0;
}

int text_fold(const char *text, size_t len_bytes, char *out, size_t out_bytes)
{
    const utf8proc_option_t how =
        UTF8PROC_STABLE | UTF8PROC_COMPOSE | UTF8PROC_COMPAT | UTF8PROC_CASEFOLD;
    char *once, *twice;
    int n = -1;

    if (!text_utf8_valid(text, len_bytes))
        return -1;
    once = mapped(text, len_bytes, how);
    /* folding can leave a text that is not normal any more; the second pass settles it */
    twice = once == NULL ? NULL : mapped(once, strlen(once), how);
    free(once);
    if (twice != NULL && strlen(twice) < out_bytes) {
        n = (int)strlen(twice);
        memcpy(out, twice, (size_t)n + 1);
    }
    free(twice);
    return n;
}

int text_name_key(const char *name, size_t len_bytes, char out[TEXT_NAME_KEY_BYTES],
                  struct error *error)
{
    int n;

    if (text_name_check(name, len_bytes, error) < 0)
        return -1;
    n = text_fold(name, len_bytes, out, TEXT_NAME_KEY_BYTES);
    return n < 0 ? error_set(error, "that name cannot be normalised") : n;
}

size_t text_cut(const char *text, size_t len_bytes, size_t most_bytes)
{
    if (len_bytes <= most_bytes)
        return len_bytes;
    while (most_bytes > 0 && ((unsigned char)text[most_bytes] & 0xC0) == 0x80)
        most_bytes--;
    return most_bytes;
}

int text_chat_check(const char *text, size_t len_bytes, struct error *error)
{
    bool visible = false;

    if (len_bytes == 0)
        return error_set(error, "there is nothing to say");
    if (len_bytes > TEXT_CHAT_MAX_BYTES)
        return error_set(error, "a line has at most %d bytes", TEXT_CHAT_MAX_BYTES);
    for (size_t at = 0; at < len_bytes;) {
        int32_t c;
        int n = next_code_point(text + at, len_bytes - at, &c);
        utf8proc_category_t category;

        if (n < 0)
            return error_set(error, "a line must be valid UTF-8");
        category = utf8proc_category(c);
        if (category == UTF8PROC_CATEGORY_CC || category == UTF8PROC_CATEGORY_ZL ||
            category == UTF8PROC_CATEGORY_ZP)
            return error_set(error, "a line holds no control character (U+%04X)", (unsigned)c);
        if (is_bidi_control(c))
            return error_set(
                error, "a line holds no character that turns the direction of writing (U+%04X)",
                (unsigned)c);
        visible |= category != UTF8PROC_CATEGORY_ZS && !is_invisible(c);
        at += (size_t)n;
    }
    if (!visible)
        return error_set(error, "there is nothing to say");
    return 0;
}

size_t text_sanitise(const char *bytes, size_t len_bytes, char *out, size_t out_bytes)
{
    size_t written = 0;

    for (size_t at = 0; at < len_bytes;) {
        char piece[16];
        int piece_n, n;
        int32_t c;

        n = next_code_point(bytes + at, len_bytes - at, &c);
        if (n < 0) {
            n = 1;
            piece_n = snprintf(piece, sizeof(piece), "\xEF\xBF\xBD");
        } else if (is_invisible(c)) {
            piece_n = snprintf(piece, sizeof(piece), "\\u{%04X}", (unsigned)c);
        } else {
            piece_n = n;
            memcpy(piece, bytes + at, (size_t)n);
        }
        if (written + (size_t)piece_n >= out_bytes)
            break;
        memcpy(out + written, piece, (size_t)piece_n);
        written += (size_t)piece_n;
        at += (size_t)n;
    }
    out[written] = '\0';
    return written;
}

int text_utf8_valid(const char *bytes, size_t len_bytes)
{
    for (size_t at = 0; at < len_bytes;) {
        int32_t c;
        int n = next_code_point(bytes + at, len_bytes - at, &c);

        if (n < 0 || c == 0)
            return 0;
        at += (size_t)n;
    }
    return 1;
}

/* utf8proc's widths, but where terminals see it otherwise: a spacing mark has a column of its own,
 * the inner and last parts of a Hangul syllable have none. */
static size_t columns_of(int32_t c)
{
    if (utf8proc_category(c) == UTF8PROC_CATEGORY_MC)
        return 1;
    if ((c >= 0x1160 && c <= 0x11FF) || (c >= 0xD7B0 && c <= 0xD7FF))
        return 0;
    return (size_t)utf8proc_charwidth(c);
}

size_t text_columns(const char *utf8)
{
    size_t columns = 0, len_bytes = strlen(utf8);

    for (size_t at = 0; at < len_bytes;) {
        int32_t c;
        int n = next_code_point(utf8 + at, len_bytes - at, &c);

        columns += n < 0 ? 1 : columns_of(c);
        at += n < 0 ? 1 : (size_t)n;
    }
    return columns;
}

/* Edit distance with neighbours swapped as one step (optimal string alignment), of words of up to
 * WORD_MAX bytes. */
#define WORD_MAX 63

static unsigned least(unsigned a, unsigned b)
{
    return a < b ? a : b;
}

static unsigned distance(const char *a, size_t a_n, const char *b, size_t b_n)
{
    unsigned rows[3][WORD_MAX + 1];
    unsigned *before = rows[0], *above = rows[1], *row = rows[2];

    for (size_t j = 0; j <= b_n; j++)
        above[j] = (unsigned)j;
    for (size_t i = 1; i <= a_n; i++) {
        unsigned *spare = before;

        row[0] = (unsigned)i;
        for (size_t j = 1; j <= b_n; j++) {
            row[j] = least(above[j - 1] + (a[i - 1] != b[j - 1]), least(above[j], row[j - 1]) + 1);
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                row[j] = least(row[j], before[j - 2] + 1);
        }
        before = above;
        above = row;
        row = spare;
    }
    return above[b_n];
}

const char *text_nearest(const char *word, const char *const *candidates, size_t candidates_n)
{
    const char *nearest = NULL;
    unsigned best = 4; /* at most 3 steps away */
    size_t word_n = strlen(word);

    if (word_n > WORD_MAX)
        return NULL;
    for (size_t i = 0; i < candidates_n; i++) {
        size_t n = strlen(candidates[i]);
        unsigned d;

        if (n > WORD_MAX)
            continue;
        d = distance(word, word_n, candidates[i], n);
        if (d < best && 2 * d < word_n) {
            best = d;
            nearest = candidates[i];
        }
    }
    return nearest;
}
