/* logtail.c -- see logtail.h. The lock is a leaf: it is taken under the log's own lock (the tap)
 * and takes no other. */
#include "admin/logtail.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

struct logtail {
    pthread_mutex_t lock;
    uint64_t sequence; /* of the newest line */
    struct logtail_line ring[LOGTAIL_LINES];
};

/* Copy as much as fits, cut at a code point's end. */
static void copy_text(char *out, size_t room_bytes, const char *text)
{
    size_t n = strnlen(text, room_bytes);

    if (n == room_bytes) {
        n = room_bytes - 1;
        while (n > 0 && ((unsigned char)text[n] & 0xc0) == 0x80)
            n--;
    }
    memcpy(out, text, n);
    out[n] = '\0';
}

static void tap(void *context, int64_t time_ms, enum log_level level, const char *event,
                const char *line)
{
    struct logtail *logtail = context;
    struct logtail_line *slot;

    pthread_mutex_lock(&logtail->lock);
    slot = &logtail->ring[++logtail->sequence % LOGTAIL_LINES];
    slot->sequence = logtail->sequence;
    slot->time_ms = time_ms;
    slot->level = level;
    copy_text(slot->event, sizeof(slot->event), event);
    copy_text(slot->line, sizeof(slot->line), line);
    pthread_mutex_unlock(&logtail->lock);
}

struct logtail *logtail_new(void)
{
    struct logtail *logtail = calloc(1, sizeof(*logtail));

    if (logtail == NULL)
        return NULL;
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

/* The oldest sequence that is still held. Locked. */
static uint64_t oldest(const struct logtail *logtail)
{
    return logtail->sequence > LOGTAIL_LINES ? logtail->sequence - LOGTAIL_LINES + 1 : 1;
}

size_t logtail_read(struct logtail *logtail, enum log_level level, uint64_t *after,
                    struct logtail_line *lines, size_t max, uint64_t *lost)
{
    size_t n = 0;

    pthread_mutex_lock(&logtail->lock);
    if (*after + 1 < oldest(logtail)) {
        *lost += oldest(logtail) - *after - 1;
        *after = oldest(logtail) - 1;
    }
    while (n < max && *after < logtail->sequence) {
        const struct logtail_line *line = &logtail->ring[++*after % LOGTAIL_LINES];

        if (line->level <= level)
            lines[n++] = *line;
    }
    pthread_mutex_unlock(&logtail->lock);
    return n;
}

uint64_t logtail_back(struct logtail *logtail, enum log_level level, size_t n)
{
    uint64_t sequence;

    pthread_mutex_lock(&logtail->lock);
    sequence = logtail->sequence;
    while (n > 0 && sequence >= oldest(logtail)) {
        if (logtail->ring[sequence % LOGTAIL_LINES].level <= level)
            n--;
        sequence--;
    }
    pthread_mutex_unlock(&logtail->lock);
    return sequence;
}
