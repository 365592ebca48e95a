/* query.c -- see query.h. */
#include "http/query.h"

#include <string.h>

#include "common/text.h"

#define NAME_MAX_BYTES 64 /* of a parameter that anybody asks for */

static int hex(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

int query_decode(const char *text, size_t len_bytes, bool plus, char *out, size_t out_bytes)
{
    size_t n = 0;

    for (size_t i = 0; i < len_bytes; i++) {
        int c = (unsigned char)text[i];
        if (c == '%') {
            int high = len_bytes - i > 2 ? hex(text[i + 1]) : -1;
            int low = len_bytes - i > 2 ? hex(text[i + 2]) : -1;
            if (high < 0 || low < 0)
                return -1;
            c = high << 4 | low;
            i += 2;
        } else if (c == '+' && plus) {
            c = ' ';
        }
        if (c < 0x20 || c == 0x7f || n + 1 >= out_bytes)
            return -1;
        out[n++] = (char)c;
    }
    if (out_bytes == 0 || !text_utf8_valid(out, n))
        return -1;
    out[n] = '\0';
    return (int)n;
}

int query_find(struct query_text query, const char *name, char *out, size_t out_bytes)
{
    const char *at = query.at, *end = query.at + query.len_bytes;

    while (at < end) {
        char found[NAME_MAX_BYTES];
        const char *stop = memchr(at, '&', (size_t)(end - at));
        const char *equals;
        int n;
        if (!stop)
            stop = end;
        equals = memchr(at, '=', (size_t)(stop - at));
        n = query_decode(at, (size_t)((equals ? equals : stop) - at), true, found, sizeof(found));
        if (n >= 0 && strcmp(found, name) == 0) {
            const char *value = equals ? equals + 1 : stop;
            n = query_decode(value, (size_t)(stop - value), true, out, out_bytes);
            return n >= 0 ? n : -2;
        }
        at = stop + (stop < end);
    }
    return -1;
}
