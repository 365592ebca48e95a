/* accept.c -- see accept.h. */
#include "http/accept.h"

#include <string.h>
#include <strings.h>

#define Q_ONE    1000 /* q is a number of three places at most */
#define Q_UNSAID (-1)
#define Q_BAD    (-2)

/* "0.5" -> 500. */
static int q_of(const char *at, size_t n)
{
    int q = 0, place = Q_ONE;

    if (n == 0 || n > 5 || (at[0] != '0' && at[0] != '1') || (n > 1 && at[1] != '.'))
        return Q_BAD;
    q = (at[0] - '0') * Q_ONE;
    for (size_t i = 2; i < n; i++) {
        if (at[i] < '0' || at[i] > '9')
            return Q_BAD;
        place /= 10;
        q += (at[i] - '0') * place;
    }
    return q <= Q_ONE ? q : Q_BAD;
}

static const char *skip_blanks(const char *at, const char *end)
{
    while (at < end && (*at == ' ' || *at == '\t'))
        at++;
    return at;
}

static const char *trim(const char *at, const char *end)
{
    while (end > at && (end[-1] == ' ' || end[-1] == '\t'))
        end--;
    return end;
}

/* One of the list, from at to end -> its q, and where its name ends. */
static int read_coding(const char *at, const char *end, const char **name_end)
{
    const char *mark = memchr(at, ';', (size_t)(end - at));

    *name_end = trim(at, mark ? mark : end);
    if (!mark)
        return Q_ONE;
    mark = skip_blanks(mark + 1, end);
    if (end - mark < 2 || (mark[0] != 'q' && mark[0] != 'Q') || mark[1] != '=')
        return Q_BAD;
    return q_of(mark + 2, (size_t)(end - mark) - 2);
}

static bool is(const char *at, const char *end, const char *name)
{
    return (size_t)(end - at) == strlen(name) && strncasecmp(at, name, strlen(name)) == 0;
}

bool accept_gzip(const char *header)
{
    int gzip = Q_UNSAID, plain = Q_UNSAID, others = Q_UNSAID;

    while (header && *header) {
        const char *comma = strchr(header, ','), *name_end;
        const char *stop = comma ? comma : header + strlen(header);
        const char *at = skip_blanks(header, stop);
        int q = read_coding(at, trim(at, stop), &name_end);
        if (q == Q_BAD)
            ; /* passed over */
        else if (is(at, name_end, "gzip") || is(at, name_end, "x-gzip"))
            gzip = q;
        else if (is(at, name_end, "identity"))
            plain = q;
        else if (is(at, name_end, "*"))
            others = q;
        header = comma ? comma + 1 : stop;
    }
    if (gzip == Q_UNSAID)
        gzip = others;
    return gzip > 0 && gzip >= plain;
}
