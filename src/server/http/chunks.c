/* chunks.c -- see chunks.h. */
#include "http/chunks.h"

#include <string.h>

#define SIZE_DIGITS 8 /* of a chunk; more are beyond any limit */

enum state {
    SIZE,      /* hex digits */
    EXTENSION, /* behind them, up to CR */
    SIZE_LF,
    DATA,
    DATA_CR,
    DATA_LF,
    TRAILER_START, /* of a line */
    TRAILER_NAME,
    TRAILER, /* behind its colon */
    TRAILER_LF,
    LAST_LF, /* of the empty line */
};

void chunks_init(struct chunks *chunks, uint64_t most_bytes)
{
    memset(chunks, 0, sizeof(*chunks));
    chunks->most_bytes = most_bytes;
    chunks->state = SIZE;
}

static enum parse_result bad(struct chunks *chunks, uint16_t status)
{
    chunks->status = status;
    return PARSE_BAD;
}

static int hex(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static enum parse_result take_size(struct chunks *chunks, char c)
{
    int digit = hex(c);

    if (digit >= 0) {
        if (++chunks->line_bytes > SIZE_DIGITS)
            return bad(chunks, 413);
        chunks->left = chunks->left << 4 | (uint64_t)digit;
        if (chunks->left > chunks->most_bytes - chunks->body_bytes)
            return bad(chunks, 413);
        return PARSE_MORE;
    }
    if (chunks->line_bytes == 0 || (c != ';' && c != '\r'))
        return bad(chunks, 400);
    chunks->line_bytes = 0;
    chunks->state = c == ';' ? EXTENSION : SIZE_LF;
    return PARSE_MORE;
}

/* Of what is skipped: HT, and anything else that is no control character. */
static bool is_text(char c)
{
    unsigned char byte = (unsigned char)c;
    return (byte >= 0x20 && byte != 0x7f) || byte == '\t';
}

static enum parse_result take_extension(struct chunks *chunks, char c)
{
    if (c == '\r') {
        chunks->line_bytes = 0;
        chunks->state = SIZE_LF;
        return PARSE_MORE;
    }
    if (!is_text(c) || ++chunks->line_bytes > CHUNKS_EXTENSION_MAX ||
        ++chunks->extensions > CHUNKS_EXTENSIONS)
        return bad(chunks, 400);
    return PARSE_MORE;
}

static enum parse_result take_trailer(struct chunks *chunks, char c)
{
    if (++chunks->line_bytes > CHUNKS_TRAILERS_MAX)
        return bad(chunks, 431);
    if (chunks->state == TRAILER_START && c == '\r')
        chunks->state = LAST_LF;
    else if (chunks->state != TRAILER && parse_token_char(c))
        chunks->state = TRAILER_NAME;
    else if (chunks->state == TRAILER_NAME && c == ':')
        chunks->state = TRAILER;
    else if (chunks->state == TRAILER && c == '\r')
        chunks->state = TRAILER_LF;
    else if (chunks->state != TRAILER || !is_text(c))
        return bad(chunks, 400);
    return PARSE_MORE;
}

static enum parse_result expect(struct chunks *chunks, char c, char wanted, enum state next)
{
    if (c != wanted)
        return bad(chunks, 400);
    chunks->state = (uint8_t)next;
    return PARSE_MORE;
}

/* One byte that is not of the body. */
static enum parse_result take_byte(struct chunks *chunks, char c)
{
    switch ((enum state)chunks->state) {
    case SIZE:
        return take_size(chunks, c);
    case EXTENSION:
        return take_extension(chunks, c);
    case SIZE_LF:
        return expect(chunks, c, '\n', chunks->left > 0 ? DATA : TRAILER_START);
    case DATA_CR:
        return expect(chunks, c, '\r', DATA_LF);
    case DATA_LF:
        return expect(chunks, c, '\n', SIZE);
    case TRAILER_START:
    case TRAILER_NAME:
    case TRAILER:
        return take_trailer(chunks, c);
    case TRAILER_LF:
        return expect(chunks, c, '\n', TRAILER_START);
    case LAST_LF:
        return c == '\n' ? PARSE_OK : bad(chunks, 400);
    case DATA:
        break; /* taken by runs, not by bytes */
    }
    return bad(chunks, 400);
}

enum parse_result chunks_take(struct chunks *chunks, char *bytes, size_t len_bytes,
                              size_t *body_bytes, size_t *used_bytes)
{
    enum parse_result result = PARSE_MORE;
    size_t at = 0;

    *body_bytes = 0;
    while (at < len_bytes && result == PARSE_MORE) {
        size_t run = len_bytes - at;
        if (chunks->state != DATA) {
            result = take_byte(chunks, bytes[at++]);
            continue;
        }
        if (run > chunks->left)
            run = (size_t)chunks->left;
        memmove(bytes + *body_bytes, bytes + at, run);
        *body_bytes += run;
        chunks->body_bytes += run;
        chunks->left -= run;
        at += run;
        if (chunks->left == 0)
            chunks->state = DATA_CR;
    }
    *used_bytes = at;
    return result;
}
