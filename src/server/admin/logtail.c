/* logtail.c -- see logtail.h. The lock is a leaf: it is taken under the log's own lock (the tap)
 * and takes no other. */
#include "admin/logtail.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* Its texts, the event and the line behind it, lie in one piece. */
struct row {
    int64_t time_ms;
    uint64_t at; /* in the ring of texts, counted from the first ever */
    enum log_level level;
    uint16_t event_n, line_n; /* bytes */
};

struct logtail {
    pthread_mutex_t lock;
    uint64_t sequence; /* of the newest line */
    uint64_t oldest;   /* of the oldest that is held; more than sequence: none is */
    uint64_t bytes;    /* of texts, ever */
    struct row rows[LOGTAIL_LINES];
    char texts[LOGTAIL_BYTES];
};

/* How much of it fits, cut at a code point's end. */
static size_t fitting(size_t room_bytes, const char *text)
{
    size_t n = strnlen(text, room_bytes);

    if (n == room_bytes) {
        n = room_bytes - 1;
        while (n > 0 && ((unsigned char)text[n] & 0xc0) == 0x80)
            n--;
    }
    return n;
}

/* Room for so many bytes in one piece. Lines that lie there are let go of. */
static uint64_t make_room(struct logtail *logtail, size_t n)
{
    uint64_t at = logtail->bytes, left = LOGTAIL_BYTES - at % LOGTAIL_BYTES;

    if (n > left)
        at += left;
    logtail->bytes = at + n;
    while (logtail->oldest <= logtail->sequence &&
           (logtail->sequence - logtail->oldest >= LOGTAIL_LINES - 1 ||
            logtail->rows[logtail->oldest % LOGTAIL_LINES].at + LOGTAIL_BYTES < logtail->bytes))
        logtail->oldest++;
    return at;
}

static void tap(void *context, int64_t time_ms, enum log_level level, const char *event,
                const char *line)
{
    struct logtail *logtail = context;
    size_t event_n = fitting(sizeof(((struct logtail_line *)0)->event), event);
    size_t line_n = fitting(sizeof(((struct logtail_line *)0)->line), line);
    char *text;
    uint64_t at;

    pthread_mutex_lock(&logtail->lock);
    at = make_room(logtail, event_n + line_n);
    text = logtail->texts + at % LOGTAIL_BYTES;
    memcpy(text, event, event_n);
    memcpy(text + event_n, line, line_n);
    logtail->rows[++logtail->sequence % LOGTAIL_LINES] = (struct row){.time_ms = time_ms,
                                                                      .at = at,
                                                                      .level = level,
                                                                      .event_n = (uint16_t)event_n,
                                                                      .line_n = (uint16_t)line_n};
    pthread_mutex_unlock(&logtail->lock);
}

static void show(const struct logtail *logtail, uint64_t sequence, struct logtail_line *line)
{
    const struct row *row = &logtail->rows[sequence % LOGTAIL_LINES];
    const char *text = logtail->texts + row->at % LOGTAIL_BYTES;

    line->sequence = sequence;
    line->time_ms = row->time_ms;
    line->level = row->level;
    memcpy(line->event, text, row->event_n);
    line->event[row->event_n] = '\0';
    memcpy(line->line, text + row->event_n, row->line_n);
    line->line[row->line_n] = '\0';
}

struct logtail *logtail_new(void)
{
    struct logtail *logtail = calloc(1, sizeof(*logtail));

    if (logtail == NULL)
        return NULL;
    logtail->oldest = 1;
    pthread_mutex_init(&logtail->lock, NULL);
    log_set_tap(tap, logtail);
    return logtail;
}

void logtail_free(struct logtail *logtail)
{
    if (logtail == NULL)
        return;
    log_set_tap(NULL, NULL);
    pthread_mutex_destroy(&logtail->lock);
    free(logtail);
}

uint64_t logtail_sequence(struct logtail *logtail)
{
    uint64_t sequence;

    pthread_mutex_lock(&logtail->lock);
    sequence = logtail->sequence;
    pthread_mutex_unlock(&logtail->lock);
    return sequence;
}

static bool is_meant(const struct logtail *logtail, uint64_t sequence,
                     const struct logtail_filter *filter)
{
    const struct row *row = &logtail->rows[sequence % LOGTAIL_LINES];
    const char *event = logtail->texts + row->at % LOGTAIL_BYTES;
    size_t n = strlen(filter->event);

    if (filter->without != NULL && row->event_n == strlen(filter->without) &&
        memcmp(event, filter->without, row->event_n) == 0)
        return false;
    return row->level <= filter->level && row->time_ms >= filter->from_ms && n <= row->event_n &&
           memcmp(event, filter->event, n) == 0;
}

size_t logtail_read(struct logtail *logtail, const struct logtail_filter *filter, uint64_t *after,
                    struct logtail_line *lines, size_t max, uint64_t *lost)
{
    size_t n = 0;

    pthread_mutex_lock(&logtail->lock);
    if (*after + 1 < logtail->oldest) {
        *lost += logtail->oldest - *after - 1;
        *after = logtail->oldest - 1;
    }
    while (n < max && *after < logtail->sequence) {
        if (is_meant(logtail, ++*after, filter))
            show(logtail, *after, &lines[n++]);
    }
    pthread_mutex_unlock(&logtail->lock);
    return n;
}

uint64_t logtail_back(struct logtail *logtail, const struct logtail_filter *filter, size_t n)
{
    uint64_t sequence;

    pthread_mutex_lock(&logtail->lock);
    sequence = logtail->sequence;
    while (n > 0 && sequence >= logtail->oldest) {
        if (is_meant(logtail, sequence, filter))
            n--;
        sequence--;
    }
    pthread_mutex_unlock(&logtail->lock);
    return sequence;
}
