/* lookalike.c -- see lookalike.h. Scripts come from the Unicode character database
 * (scripts_table.h, written by scripts/make-scripts); the look-alikes were chosen by hand from UTS
 * #39's confusables.txt: Cyrillic, Greek, Armenian, Cherokee, Coptic and Lisu letters that are
 * shown as one of A-Z, a-z (those of Lisu are the capitals themselves, its tones are dots and
 * commas). */
#include "common/lookalike.h"

#include <stdbool.h>
#include <stdint.h>

#include <utf8proc.h>

enum script {
    SCRIPT_COMMON = 0, /* goes with any */
    SCRIPT_LATIN = 1 << 0,
    SCRIPT_HAN = 1 << 1,
    SCRIPT_KANA = 1 << 2, /* both */
    SCRIPT_BOPOMOFO = 1 << 3,
    SCRIPT_HANGUL = 1 << 4,
    SCRIPT_GREEK = 1 << 5,
    SCRIPT_CYRILLIC = 1 << 6,
    SCRIPT_OTHER = 1 << 7, /* and what is added to it: each a script of its own */
};
#define SCRIPT_MIXED (SCRIPT_OTHER << 8)

static const struct script_range {
    int32_t first, last;
    int script;
} ranges[] = {
#include "common/scripts_table.h"
};

/* Beside Latin, each of these is one writing. */
static const int writings[] = {SCRIPT_LATIN | SCRIPT_HAN | SCRIPT_KANA,
                               SCRIPT_LATIN | SCRIPT_HAN | SCRIPT_BOPOMOFO,
                               SCRIPT_LATIN | SCRIPT_HAN | SCRIPT_HANGUL};

/* In order. */
static const uint16_t latin_looking[] = {
    /* Greek */
    0x0391, 0x0392, 0x0395, 0x0396, 0x0397, 0x0399, 0x039A, 0x039C, 0x039D, 0x039F, 0x03A1, 0x03A4,
    0x03A5, 0x03A7, 0x03B1, 0x03B3, 0x03B9, 0x03BA, 0x03BD, 0x03BF, 0x03C1, 0x03C3, 0x03C5, 0x03F2,
    0x03F3, 0x03F9,
    /* Cyrillic */
    0x0405, 0x0406, 0x0408, 0x0410, 0x0412, 0x0415, 0x041A, 0x041C, 0x041D, 0x041E, 0x0420, 0x0421,
    0x0422, 0x0423, 0x0425, 0x042C, 0x0430, 0x0433, 0x0435, 0x043E, 0x0440, 0x0441, 0x0443, 0x0445,
    0x0455, 0x0456, 0x0458, 0x0474, 0x0475, 0x04AE, 0x04AF, 0x04BB, 0x04C0, 0x04CF, 0x0501, 0x050C,
    0x051A, 0x051B, 0x051C, 0x051D,
    /* Armenian */
    0x054D, 0x054F, 0x0555, 0x0563, 0x0566, 0x0570, 0x0578, 0x057D, 0x0581, 0x0585,
    /* Cherokee */
    0x13A0, 0x13A1, 0x13A2, 0x13A5, 0x13A9, 0x13AA, 0x13AB, 0x13AC, 0x13B3, 0x13B7, 0x13BB, 0x13BD,
    0x13C0, 0x13C2, 0x13C3, 0x13CF, 0x13D2, 0x13D4, 0x13D5, 0x13D9, 0x13DA, 0x13DE, 0x13DF, 0x13E2,
    0x13E6, 0x13E7, 0x13F3, 0x13F4,
    /* Coptic */
    0x2C82, 0x2C85, 0x2C8E, 0x2C92, 0x2C94, 0x2C98, 0x2C9A, 0x2C9E, 0x2C9F, 0x2CA2, 0x2CA3, 0x2CA4,
    0x2CA5, 0x2CA6, 0x2CA8, 0x2CAC, 0x2CAD,
    /* Lisu */
    0xA4D0, 0xA4D1, 0xA4D2, 0xA4D3, 0xA4D4, 0xA4D6, 0xA4D7, 0xA4D9, 0xA4DA, 0xA4DC, 0xA4DD, 0xA4DF,
    0xA4E0, 0xA4E1, 0xA4E2, 0xA4E3, 0xA4E6, 0xA4E7, 0xA4EA, 0xA4EB, 0xA4EC, 0xA4EE, 0xA4F0, 0xA4F2,
    0xA4F3, 0xA4F4, 0xA4F8, 0xA4F9, 0xA4FA, 0xA4FB, 0xA4FC, 0xA4FD,
    /* Cherokee, small */
    0xAB75, 0xAB81, 0xAB83, 0xAB93, 0xABA9, 0xABAA, 0xABAF};

/* Latin by their script, of no language's everyday writing, and shown like a plain one. In order.
 */
static const uint16_t phonetic[] = {0x01C0, 0x0251, 0x0261, 0x0269, 0x026A, 0x1D04,
                                    0x1D0F, 0x1D1C, 0x1D20, 0x1D21, 0x1D22, 0xA731};

#define ARRAY_HAS(array, c) has(array, sizeof(array) / sizeof(array[0]), c)

static bool has(const uint16_t *sorted, size_t n, int32_t c)
{
    size_t low = 0, high = n;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (sorted[middle] == c)
            return true;
        if (sorted[middle] < c)
            low = middle + 1;
        else
            high = middle;
    }
    return false;
}

static int script_of(int32_t c)
{
    size_t low = 0, high = sizeof(ranges) / sizeof(ranges[0]);

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (c < ranges[middle].first)
            high = middle;
        else if (c > ranges[middle].last)
            low = middle + 1;
        else
            return ranges[middle].script;
    }
    return SCRIPT_COMMON;
}

/* What two scripts of one name make together. */
static int together(int a, int b)
{
    if (a == b || b == SCRIPT_COMMON)
        return a;
    if (a == SCRIPT_COMMON)
        return b;
    if (a >= SCRIPT_OTHER || b >= SCRIPT_OTHER)
        return SCRIPT_MIXED;
    for (size_t i = 0; i < sizeof(writings) / sizeof(writings[0]); i++)
        if (((a | b) & ~writings[i]) == 0)
            return a | b;
    return SCRIPT_MIXED;
}

/* The zero of a decimal digit's system; -1 where it is no digit. Each system lies in order from a
 * multiple of 16, or 6 beyond one. */
static int32_t zero_of(int32_t c)
{
    int32_t at = c & 15;

    if (utf8proc_category(c) != UTF8PROC_CATEGORY_ND)
        return -1;
    return c - at + (at >= 6 && utf8proc_category(c - at) != UTF8PROC_CATEGORY_ND ? 6 : 0);
}

static bool is_letter(int32_t c)
{
    utf8proc_category_t category = utf8proc_category(c);

    return category >= UTF8PROC_CATEGORY_LU && category <= UTF8PROC_CATEGORY_LO;
}

int lookalike_check(const char *name, size_t len_bytes, struct error *error)
{
    int script = SCRIPT_COMMON;
    int32_t zero = -1;
    size_t letters_n = 0, looking_n = 0;

    for (size_t at = 0; at < len_bytes;) {
        int32_t c, own;
        utf8proc_ssize_t n = utf8proc_iterate((const utf8proc_uint8_t *)name + at,
                                              (utf8proc_ssize_t)(len_bytes - at), &c);

        if (n <= 0)
            return error_set(error, "a name must be valid UTF-8");
        if (ARRAY_HAS(phonetic, c))
            return error_set(error, "a name takes no phonetic letter that looks plain (U+%04X)",
                             (unsigned)c);
        own = zero_of(c);
        if (own >= 0 && zero >= 0 && own != zero)
            return error_set(error, "a name has its digits from one system");
        zero = own >= 0 ? own : zero;
        script = together(script, script_of(c));
        letters_n += is_letter(c);
        looking_n += ARRAY_HAS(latin_looking, c);
        at += (size_t)n;
    }
    if (script == SCRIPT_MIXED)
        return error_set(error, "a name has its letters from one script: these could be taken for "
                                "another name");
    if (letters_n > 0 && looking_n == letters_n)
        return error_set(error, "that name looks Latin but is not: it could be taken for another");
    return 0;
}
