/* scrub.c -- see scrub.h.
 *
 * Word by word; it is better that a word too much is taken out than one too few. */
#include "ops/scrub.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>
#include <strings.h>

#include "common/compiler.h"
#include "common/text.h"

#define GONE         "[...]"
#define RANDOM_BYTES 20 /* no English word is as long */

struct writer {
    char *room;
    size_t n, room_bytes;
};

/* What does not fit ends the text, and no letter is cut in two. */
static void put(struct writer *out, const char *bytes, size_t n)
{
    size_t fits = out->room_bytes > 0 ? text_cut(bytes, n, out->room_bytes - 1 - out->n) : 0;

    for (size_t i = 0; i < fits; i++)
        out->room[out->n++] = (unsigned char)bytes[i] < 0x20 || bytes[i] == 0x7f ? ' ' : bytes[i];
    if (fits < n && out->room_bytes > 0)
        out->room_bytes = out->n + 1;
}

static bool blank(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* Digits, dots and colons enough to be an address. */
static bool is_address(const char *word, size_t n)
{
    unsigned dots = 0, colons = 0, digits = 0, others = 0;

    for (size_t i = 0; i < n; i++) {
        dots += word[i] == '.';
        colons += word[i] == ':';
        digits += isxdigit((unsigned char)word[i]) != 0;
        others += strchr(".:[]/%", word[i]) == NULL && !isxdigit((unsigned char)word[i]);
    }
    return others == 0 && ((dots >= 3 && digits >= 4) || colons >= 2);
}

/* Of four numbers with a dot between each two, at the text's beginning. */
static bool begins_v4(const char *text, size_t n)
{
    size_t at = 0;

    for (unsigned numbers = 0; numbers < 4; numbers++) {
        size_t digits = 0;

        if (numbers > 0 && (at == n || text[at++] != '.'))
            return false;
        while (at < n && isdigit((unsigned char)text[at]))
            at++, digits++;
        if (digits < 1 || digits > 3)
            return false;
    }
    return true;
}

/* Hexadecimal digits and colons, too many of these for a time of day. */
static bool begins_v6(const char *text, size_t n)
{
    unsigned colons = 0, digits = 0, pairs = 0;

    for (size_t i = 0; i < n && (text[i] == ':' || isxdigit((unsigned char)text[i])); i++) {
        digits += text[i] != ':';
        colons += text[i] == ':';
        pairs += i > 0 && text[i] == ':' && text[i - 1] == ':';
    }
    return digits > 0 && (pairs > 0 || colons >= 4);
}

/* Within brackets, a URL, or before a comma: "(10.0.0.5),". */
static bool holds_address(const char *word, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        bool within = i > 0 && (isalnum((unsigned char)word[i - 1]) || word[i - 1] == '.');

        if ((!within && begins_v4(word + i, n - i)) || begins_v6(word + i, n - i))
            return true;
    }
    return is_address(word, n);
}

static bool is_random(const char *word, size_t n)
{
    size_t run = 0, longest = 0;

    for (size_t i = 0; i < n; i++) {
        bool of_token = isalnum((unsigned char)word[i]) || strchr("+-_=$", word[i]) != NULL;

        run = of_token ? run + 1 : 0;
        longest = run > longest ? run : longest;
    }
    return longest >= RANDOM_BYTES;
}

/* It names a secret: what follows goes. *at: behind the name, in the word. */
static bool names_secret(const char *word, size_t n, size_t *at)
{
    static const char *const NAMES[] = {"password", "passwd",        "secret", "token",
                                        "key",      "authorization", "bearer"};

    for (unsigned i = 0; i < ARRAY_N(NAMES); i++) {
        size_t length = strlen(NAMES[i]);

        for (size_t begin = 0; begin + length <= n; begin++)
            if (strncasecmp(word + begin, NAMES[i], length) == 0 &&
                (begin + length == n || word[begin + length] == '=' ||
                 word[begin + length] == ':')) {
                *at = begin + length;
                return true;
            }
    }
    return false;
}

static bool has(const char *word, size_t n, char c)
{
    return memchr(word, c, n) != NULL;
}

/* Where what stands in quotes or behind "=(" ends, its end included; 0: it does not begin here. */
static size_t quoted(const char *text)
{
    const char *end = NULL;

    if (text[0] == '"' || text[0] == '\'' || text[0] == '`')
        end = strchr(text + 1, text[0]);
    else if (strncmp(text, "=(", 2) == 0)
        end = strchr(text + 2, ')');
    else
        return 0;
    return end != NULL ? (size_t)(end - text) + 1 : strlen(text);
}

/* A word, up to a blank or a quotation. Returns whether the next one goes too. */
static bool put_word(struct writer *out, const char *word, size_t n)
{
    size_t at = 0;
    bool named = names_secret(word, n, &at);

    if (named && !has(word, at, '@')) {
        put(out, word, at);
        if (at == n)
            return true;
        put(out, word + at, 1);
        put(out, GONE, strlen(GONE));
        return at + 1 == n;
    }
    if (has(word, n, '@') || holds_address(word, n) || is_random(word, n))
        put(out, GONE, strlen(GONE));
    else
        put(out, word, n);
    return named && at + 1 >= n;
}

char *scrub(const char *text, char *room, size_t room_bytes)
{
    struct writer out = {room, 0, room_bytes};
    bool secret = false;
    size_t at;

    while (*text != '\0') {
        size_t n = quoted(text);

        if (n > 0) {
            put(&out, GONE, strlen(GONE));
            secret = false;
        } else if (blank(*text)) {
            put(&out, text, n = 1);
        } else {
            for (n = 1; text[n] != '\0' && !blank(text[n]) && quoted(text + n) == 0; n++)
                continue;
            if (secret) /* "Authorization: Bearer ..." goes on */
                put(&out, GONE, strlen(GONE));
            secret = secret ? names_secret(text, n, &at) && at == n : put_word(&out, text, n);
        }
        text += n;
    }
    if (room_bytes > 0)
        room[out.n] = '\0';
    return room;
}
