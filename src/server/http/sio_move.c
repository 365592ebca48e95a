/* sio_move.c -- see sio_move.h. */
#include "http/sio_move.h"

#include <stdlib.h>
#include <string.h>

#include "http/sio_packet.h"

#define ACK_DIGITS             9 /* fit whatever they are */
#define WHOLE_MAX              15 /* digits before the point: an integer that JSON's reader takes too */
#define NUMBER_MAX             40 /* characters */
#define EXACT_MAX              15 /* digits that a double holds, so that one division rounds right */
#define LITERAL(at, end, text) literal(at, end, text, sizeof(text) - 1)

static bool literal(const char **at, const char *end, const char *text, size_t n)
{
    if ((size_t)(end - *at) < n || memcmp(*at, text, n) != 0)
        return false;
    *at += n;
    return true;
}

/* Digits at *at, which moves behind them. Returns how many; *sum is undefined beyond EXACT_MAX. */
static size_t digits(const char **at, const char *end, uint64_t *sum)
{
    const char *from = *at;

    for (; *at < end && **at >= '0' && **at <= '9'; (*at)++)
        *sum = *sum * 10 + (uint64_t)(**at - '0');
    return (size_t)(*at - from);
}

/* A number as JSON writes it, without an exponent, that something follows. */
static bool number(const char **at, const char *end, double *value)
{
    static const double tens[EXACT_MAX + 1] = {1e0, 1e1, 1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                               1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15};
    const char *from = *at, *first;
    bool minus = LITERAL(at, end, "-");
    size_t whole_n, part_n = 0;
    uint64_t sum = 0;
    char *stop;

    first = *at;
    whole_n = digits(at, end, &sum);
    if (whole_n == 0 || whole_n > WHOLE_MAX || (whole_n > 1 && *first == '0'))
        return false;
    if (LITERAL(at, end, ".") && (part_n = digits(at, end, &sum)) == 0)
        return false;
    if (*at == end || *at - from > NUMBER_MAX || **at == 'e' || **at == 'E')
        return false;
    if (whole_n + part_n <= EXACT_MAX) {
        *value = (double)sum / tens[part_n];
        if (minus)
            *value = -*value;
        return true;
    }
    *value = strtod(from, &stop); /* what follows is no part of a number */
    return stop == *at;
}

static bool ack_of(const char **at, const char *end, uint32_t *ack)
{
    uint64_t sum = 0;
    size_t n = digits(at, end, &sum);

    *ack = n > 0 ? (uint32_t)sum : SIO_NO_ACK;
    return n <= ACK_DIGITS;
}

bool sio_move_read(const char *text, size_t len_bytes, struct sio_move *move)
{
    const char *at = text, *end = text + len_bytes;

    return LITERAL(&at, end, "2") && ack_of(&at, end, &move->ack) &&
           LITERAL(&at, end, "[\"player:move\",{\"x\":") && number(&at, end, &move->to[0]) &&
           LITERAL(&at, end, ",\"y\":") && number(&at, end, &move->to[1]) &&
           LITERAL(&at, end, ",\"z\":") && number(&at, end, &move->to[2]) &&
           LITERAL(&at, end, "}]") && at == end;
}
