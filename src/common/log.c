/* log.c -- see log.h.
 *
 * A line is built in a buffer on the caller's stack and written whole under one lock, so that lines
 * of two threads never mix. The clock is read here and nowhere shown to the simulation. */
#include <config.h> /* _GNU_SOURCE */

#include "common/log.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <systemd/sd-journal.h>

#include "common/text.h"

#define LINE_MAX_BYTES  4000 /* with time and level below PIPE_BUF: a pipe takes it whole or not */
#define VALUE_MAX_BYTES 1024
#define FIELDS_MAX      24
#define KEY_MAX_BYTES   40

static struct {
    pthread_mutex_t lock; /* over writing, the tap and its context */
    pthread_once_t once;
    bool journal; /* set once, before the first line */
    _Atomic int level;
    uint64_t lost; /* lines that stderr did not take since the last that it took */
    log_tap_fn *tap;
    void *tap_context;
} sink = {.lock = PTHREAD_MUTEX_INITIALIZER, .once = PTHREAD_ONCE_INIT, .level = LOG_LEVEL_INFO};

static const char *const level_names[] = {"error", "warn", "info", "debug"};
static const int level_priorities[] = {3, 4, 6, 7}; /* syslog's */

struct line {
    char text[LINE_MAX_BYTES];
    size_t len;
};

/* systemd tells by JOURNAL_STREAM=device:inode which stream leads to the journal. sd_journal_sendv
 * calls it a success when there is no journal at all, so its socket must be there too. */
static void find_journal(void)
{
    const char *stream = getenv("JOURNAL_STREAM");
    unsigned long long device, inode;
    struct stat st;

    sink.journal = stream != NULL && sscanf(stream, "%llu:%llu", &device, &inode) == 2 &&
                   fstat(STDERR_FILENO, &st) == 0 && st.st_dev == device && st.st_ino == inode &&
                   access("/run/systemd/journal/socket", F_OK) == 0;
}

static void put_byte(struct line *line, char c)
{
    if (line->len + 2 < sizeof(line->text)) /* room for the newline too */
        line->text[line->len++] = c;
}

static void put_text(struct line *line, const char *text)
{
    for (; *text != '\0'; text++)
        put_byte(line, *text);
}

static bool needs_quotes(const char *text)
{
    return *text == '\0' || strpbrk(text, " =\"\\") != NULL;
}

/* text is sanitised already: no newline, valid UTF-8. A value that does not fit is left out whole.
 */
static void put_pair(struct line *line, const char *key, const char *text)
{
    bool quoted = needs_quotes(text);

    if (line->len + strlen(key) + 2 * strlen(text) + 8 >= sizeof(line->text))
        return;
    if (line->len > 0)
        put_byte(line, ' ');
    put_text(line, key);
    put_byte(line, '=');
    if (quoted)
        put_byte(line, '"');
    for (; *text != '\0'; text++) {
        if (*text == '"' || *text == '\\')
            put_byte(line, '\\');
        put_byte(line, *text);
    }
    if (quoted)
        put_byte(line, '"');
}

static void field_text(const struct log_field *field, char out[VALUE_MAX_BYTES])
{
    switch (field->kind) {
    case LOG_FIELD_TEXT:
        if (field->value.text == NULL)
            snprintf(out, VALUE_MAX_BYTES, "-");
        else
            text_sanitise(field->value.text, strlen(field->value.text), out, VALUE_MAX_BYTES);
        break;
    case LOG_FIELD_I64:
        snprintf(out, VALUE_MAX_BYTES, "%lld", (long long)field->value.i64);
        break;
    case LOG_FIELD_U64:
        snprintf(out, VALUE_MAX_BYTES, "%llu", (unsigned long long)field->value.u64);
        break;
    case LOG_FIELD_F64:
        snprintf(out, VALUE_MAX_BYTES, "%.6g", field->value.f64);
        break;
    }
}

static void put_fields(struct line *line, const struct log_field *fields, size_t fields_n)
{
    char value[VALUE_MAX_BYTES];

    for (size_t i = 0; i < fields_n && i < FIELDS_MAX; i++) {
        if (fields[i].key == NULL)
            continue;
        field_text(&fields[i], value);
        put_pair(line, fields[i].key, value);
    }
}

static int write_whole(const char *bytes, size_t n)
{
    while (n > 0) {
        ssize_t done = write(STDERR_FILENO, bytes, n);

        if (done < 0 && errno == EINTR)
            continue;
        if (done <= 0)
            return -1; /* nobody to tell */
        bytes += done;
        n -= (size_t)done;
    }
    return 0;
}

/* A pipe that nobody empties must not stop the world, whose threads all log. */
static bool stderr_takes(void)
{
    struct pollfd out = {.fd = STDERR_FILENO, .events = POLLOUT};

    return poll(&out, 1, 0) != 0; /* an error is for write to find */
}

static int write_line(int64_t time_ms, enum log_level level, const char *body)
{
    char text[LINE_MAX_BYTES + 80], date[40];
    time_t seconds = (time_t)(time_ms / 1000);
    struct tm tm;
    int n;

    gmtime_r(&seconds, &tm);
    strftime(date, sizeof(date), "%Y-%m-%dT%H:%M:%S", &tm);
    n = snprintf(text, sizeof(text), "time=%s.%03dZ level=%s %s\n", date, (int)(time_ms % 1000),
                 level_names[level], body);
    if (n <= 0 || !stderr_takes())
        return -1;
    return write_whole(text, (size_t)n < sizeof(text) ? (size_t)n : sizeof(text) - 1);
}

/* Under the lock. Never waits: what is not taken is counted, and said when lines are taken again.
 */
static void write_stderr(int64_t time_ms, enum log_level level, const struct line *body)
{
    char gap[120];

    snprintf(gap, sizeof(gap), "event=log_lost lost=%llu msg=\"nobody read the log\"",
             (unsigned long long)sink.lost);
    if (sink.lost > 0 && write_line(time_ms, LOG_LEVEL_WARN, gap) == 0)
        sink.lost = 0;
    if (sink.lost > 0 || write_line(time_ms, level, body->text) < 0)
        sink.lost++;
}

/* "KEY=value" for one journal field, in upper case. */
static void journal_field(struct iovec *iov, char *room, size_t room_bytes,
                          const struct log_field *field)
{
    char value[VALUE_MAX_BYTES];
    int n;

    field_text(field, value);
    n = snprintf(room, room_bytes, "%.*s=%s", KEY_MAX_BYTES - 2, field->key, value);
    for (char *c = room; *c != '=' && *c != '\0'; c++)
        *c = *c >= 'a' && *c <= 'z' ? (char)(*c - 'a' + 'A') : *c;
    *iov = (struct iovec){room, (size_t)n < room_bytes ? (size_t)n : room_bytes - 1};
}

/* Returns 0, or -1 when the journal did not take it. */
static int write_journal(enum log_level level, const char *event, const char *message,
                         const struct log_field *fields, size_t fields_n)
{
    char fixed[4][LINE_MAX_BYTES], rooms[FIELDS_MAX][KEY_MAX_BYTES + VALUE_MAX_BYTES];
    struct iovec iov[FIELDS_MAX + 4];
    struct line plain = {.len = 0};
    int iov_n = 4;

    put_fields(&plain, fields, fields_n);
    plain.text[plain.len] = '\0';
    snprintf(fixed[0], sizeof(fixed[0]), "MESSAGE=%s%s%.*s", message, plain.len > 0 ? " " : "",
             LINE_MAX_BYTES - VALUE_MAX_BYTES - 16, plain.text);
    snprintf(fixed[1], sizeof(fixed[1]), "PRIORITY=%d", level_priorities[level]);
    snprintf(fixed[2], sizeof(fixed[2]), "OPENMMO_EVENT=%s", event);
    snprintf(fixed[3], sizeof(fixed[3]), "SYSLOG_IDENTIFIER=%s", program_invocation_short_name);
    for (int i = 0; i < 4; i++)
        iov[i] = (struct iovec){fixed[i], strlen(fixed[i])};
    for (size_t i = 0; i < fields_n && i < FIELDS_MAX; i++) {
        if (fields[i].key == NULL)
            continue;
        journal_field(&iov[iov_n], rooms[iov_n - 4], sizeof(rooms[0]), &fields[i]);
        iov_n++;
    }
    return sd_journal_sendv(iov, iov_n) < 0 ? -1 : 0;
}

void log_write(enum log_level level, const char *event, const char *message,
               const struct log_field *fields, size_t fields_n)
{
    char clean[VALUE_MAX_BYTES];
    struct line body = {.len = 0};
    struct timespec now;
    int64_t time_ms;

    /* relaxed: a level that is a moment old does no harm */
    if ((int)level > atomic_load_explicit(&sink.level, memory_order_relaxed))
        return;
    pthread_once(&sink.once, find_journal);
    clock_gettime(CLOCK_REALTIME, &now);
    time_ms = (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
    text_sanitise(message, strlen(message), clean, sizeof(clean));
    put_pair(&body, "event", event);
    put_fields(&body, fields, fields_n);
    put_pair(&body, "msg", clean);
    body.text[body.len] = '\0';

    pthread_mutex_lock(&sink.lock);
    if (!sink.journal || write_journal(level, event, clean, fields, fields_n) < 0)
        write_stderr(time_ms, level, &body);
    if (sink.tap != NULL)
        sink.tap(sink.tap_context, time_ms, level, event, body.text);
    pthread_mutex_unlock(&sink.lock);
}

int log_limit_pass(struct log_limit *state, uint32_t burst, uint64_t *swallowed)
{
    uint64_t old, new, used;
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    /* relaxed throughout: a count for people, nothing else is ordered by it */
    old = atomic_load_explicit(&state->second_and_count, memory_order_relaxed);
    do {
        uint64_t passed = (uint32_t)((uint64_t)now.tv_sec - (old >> 32));

        used = old & UINT32_MAX;
        used = used > passed ? used - passed : 0; /* one comes back each second */
        if (used >= (burst > 0 ? burst : 1)) {
            atomic_fetch_add_explicit(&state->swallowed, 1, memory_order_relaxed);
            return 0;
        }
        new = (uint64_t)now.tv_sec << 32 | (used + 1);
    } while (!atomic_compare_exchange_weak_explicit(&state->second_and_count, &old, new,
                                                    memory_order_relaxed, memory_order_relaxed));
    *swallowed = atomic_exchange_explicit(&state->swallowed, 0, memory_order_relaxed);
    return 1;
}

void log_set_level(enum log_level level)
{
    atomic_store_explicit(&sink.level, (int)level, memory_order_relaxed);
}

int log_level_parse(const char *text, enum log_level *level)
{
    for (size_t i = 0; i < ARRAY_N(level_names); i++) {
        if (strcmp(text, level_names[i]) == 0) {
            *level = (enum log_level)i;
            return 0;
        }
    }
    return -1;
}

const char *log_level_name(enum log_level level)
{
    return level_names[level];
}

void log_set_tap(log_tap_fn *tap, void *context)
{
    pthread_mutex_lock(&sink.lock);
    sink.tap = tap;
    sink.tap_context = context;
    pthread_mutex_unlock(&sink.lock);
}
