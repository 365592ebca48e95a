/* logtail.h -- the last lines of the log, kept for operators who look at it.
 *
 * Rings of LOGTAIL_LINES and of LOGTAIL_BYTES of their texts, whichever is full first; written by
 * the log's tap on any thread (copy under a short lock, nothing else), read by control. Nobody is
 * woken: readers come by at their own interval, and lines that the ring let go of meanwhile are
 * counted. */
#ifndef OPENMMO_ADMIN_LOGTAIL_H
#define OPENMMO_ADMIN_LOGTAIL_H

#include <stddef.h>
#include <stdint.h>

#include "common/log.h"

#define LOGTAIL_LINES      1000
#define LOGTAIL_BYTES      (256 * 1024)
#define LOGTAIL_LINE_BYTES 1000 /* longer lines are cut at a code point's end */

struct logtail;

struct logtail_line {
    uint64_t sequence; /* rises by one a line; the first is 1 */
    int64_t time_ms;   /* Unix time */
    enum log_level level;
    char event[48];
    char line[LOGTAIL_LINE_BYTES + 1];
};

/* Take the log's tap / give it back. NULL when out of memory. Control thread. */
struct logtail *logtail_new(void);
void logtail_free(struct logtail *logtail); /* NULL is fine */

/* The newest line's sequence; 0: none yet. Any thread. */
uint64_t logtail_sequence(struct logtail *logtail);

/* Which lines are meant. */
struct logtail_filter {
    enum log_level level; /* at least that grave */
    const char *event;    /* how it begins; "" all */
    int64_t from_ms;      /* Unix time: not older */
    const char *without;  /* an event that is not meant, whatever it begins with; NULL: none */
};

/* Lines that are meant with sequence > after, oldest first: fills
 * lines[] with up to max, moves *after on to the last one looked at, and adds to *lost how many
 * were no longer held. Returns how many were filled in. Any thread. */
size_t logtail_read(struct logtail *logtail, const struct logtail_filter *filter, uint64_t *after,
                    struct logtail_line *lines, size_t max, uint64_t *lost);

/* The sequence after which the newest n lines that are meant stand (for logtail_read). Any thread.
 */
uint64_t logtail_back(struct logtail *logtail, const struct logtail_filter *filter, size_t n);

#endif
