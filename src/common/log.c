/* log.c -- see log.h.
 *
 *   log_write: record on the caller's stack -> tap -> queue -> [log thread: journal or stderr]
 *                                                 \-> journal or stderr, where no thread was
 * started
 *
 * The clock is read here and nowhere shown to the simulation. */
#include <config.h> /* _GNU_SOURCE */

#include "common/log.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "common/log_queue.h"
#include "common/log_sink.h"
#include "common/text.h"

#define VALUE_MAX_BYTES 1024
#define FIELDS_MAX      24
#define KEY_MAX_BYTES   40
#define LAST_WORDS_MS   500  /* a process that crashes waits so long for its log */
#define STOP_MS         1000 /* and one that ends well */

static struct {
    pthread_mutex_t lock; /* over the tap, and writing where there is no queue */
    pthread_once_t once;
    bool journal; /* set once, before the first line */
    bool deaf;    /* the thread never came back: nothing is written any more */
    _Atomic int level;
    struct log_queue *_Atomic queue; /* NULL: who logs writes */
    uint64_t lost; /* without a queue: lines that stderr did not take since the last that it took */
    log_tap_fn *tap;
    void *tap_context;
    log_alarm_fn *alarm;
    void *alarm_context;
} sink = {.lock = PTHREAD_MUTEX_INITIALIZER, .once = PTHREAD_ONCE_INIT, .level = LOG_LEVEL_INFO};

static const char *const level_names[] = {"error", "warn", "info", "debug"};

struct line {
    char text[LOG_LINE_MAX];
    size_t len;
};

static void find_journal(void)
{
    sink.journal = log_sink_has_journal();
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

/* One more text of the record, whole or not at all. */
static void put_record(struct log_record *record, const char *key, const char *value)
{
    size_t key_n = strlen(key), value_n = strlen(value);

    if (record->n + key_n + value_n + 1 > sizeof(record->text))
        return;
    memcpy(&record->text[record->n], key, key_n);
    memcpy(&record->text[record->n + key_n], value, value_n + 1);
    record->n += (uint32_t)(key_n + value_n + 1);
}

/* "KEY=" of a journal field. */
static void journal_key(const char *key, char out[KEY_MAX_BYTES])
{
    size_t n = 0;

    for (; key[n] != '\0' && n < KEY_MAX_BYTES - 2; n++)
        out[n] = key[n] >= 'a' && key[n] <= 'z' ? (char)(key[n] - 'a' + 'A') : key[n];
    out[n] = '=';
    out[n + 1] = '\0';
}

static void put_journal(struct log_record *record, const char *event, const char *message,
                        const struct log_field *fields, size_t fields_n)
{
    char key[KEY_MAX_BYTES], value[VALUE_MAX_BYTES];
    struct line plain = {.len = 0};
    struct line text;

    put_fields(&plain, fields, fields_n);
    plain.text[plain.len] = '\0';
    snprintf(text.text, sizeof(text.text), "%s%s%.*s", message, plain.len > 0 ? " " : "",
             LOG_LINE_MAX - VALUE_MAX_BYTES - 16, plain.text);
    put_record(record, "MESSAGE=", text.text);
    put_record(record, "OPENMMO_EVENT=", event);
    for (size_t i = 0; i < fields_n && i < FIELDS_MAX; i++) {
        if (fields[i].key == NULL)
            continue;
        journal_key(fields[i].key, key);
        field_text(&fields[i], value);
        put_record(record, key, value);
    }
}

/* Under the lock, without a queue. Never waits for stderr: what is not taken is counted, and said
 * when lines are taken again. */
static void write_here(const struct log_record *record)
{
    struct log_record gap;

    log_sink_gap(&gap, record->time_ms, sink.lost);
    if (sink.lost > 0 && log_sink_write(&gap, false) == 0)
        sink.lost = 0;
    if (sink.lost > 0 || log_sink_write(record, false) < 0)
        sink.lost++;
}

static void take(const struct log_record *record, const char *event)
{
    struct log_queue *queue;

    pthread_mutex_lock(&sink.lock);
    if (sink.tap != NULL)
        sink.tap(sink.tap_context, record->time_ms, record->level, event, record->text);
    queue = atomic_load_explicit(&sink.queue, memory_order_relaxed); /* the lock orders it */
    if (queue != NULL)
        log_queue_put(queue, record);
    else if (!sink.deaf)
        write_here(record);
    pthread_mutex_unlock(&sink.lock);
}

static void raise_alarm(const char *event, const char *message, const struct log_field *fields,
                        size_t fields_n)
{
    pthread_mutex_lock(&sink.lock);
    if (sink.alarm != NULL)
        sink.alarm(sink.alarm_context, event, message, fields, fields_n);
    pthread_mutex_unlock(&sink.lock);
}

void log_write(enum log_level level, const char *event, const char *message,
               const struct log_field *fields, size_t fields_n)
{
    char clean[VALUE_MAX_BYTES];
    struct log_record record;
    struct line body = {.len = 0};
    struct timespec now;

    /* relaxed: a level that is a moment old does no harm */
    if ((int)level > atomic_load_explicit(&sink.level, memory_order_relaxed))
        return;
    pthread_once(&sink.once, find_journal);
    clock_gettime(CLOCK_REALTIME, &now);
    text_sanitise(message, strlen(message), clean, sizeof(clean));
    put_pair(&body, "event", event);
    put_fields(&body, fields, fields_n);
    put_pair(&body, "msg", clean);
    body.text[body.len] = '\0';
    record.time_ms = (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
    record.level = level;
    record.n = 0;
    put_record(&record, "", body.text);
    if (sink.journal)
        put_journal(&record, event, clean, fields, fields_n);
    take(&record, event);
    if (level == LOG_LEVEL_ERROR)
        raise_alarm(event, clean, fields, fields_n);
}

/* ---- the log's own thread ---- */

/* Async-signal-safe. On whichever thread crashed; the log's own goes on meanwhile. */
static void last_words(int number)
{
    /* acquire: what lies behind it was made before it was set */
    struct log_queue *queue = atomic_load_explicit(&sink.queue, memory_order_acquire);

    if (queue != NULL)
        log_queue_await(queue, LAST_WORDS_MS);
    raise(number); /* its default is back (SA_RESETHAND): core and status are as without us */
}

/* Where nobody else (a sanitizer) is to be told of a crash. */
static void watch_crashes(void)
{
    static const int numbers[] = {SIGABRT, SIGSEGV, SIGBUS, SIGFPE, SIGILL};
    struct sigaction ours = {.sa_handler = last_words, .sa_flags = SA_RESETHAND | SA_NODEFER}, old;

    for (size_t i = 0; i < ARRAY_N(numbers); i++)
        if (sigaction(numbers[i], NULL, &old) == 0 && old.sa_handler == SIG_DFL)
            sigaction(numbers[i], &ours, NULL);
}

int log_start(struct error *error)
{
    struct log_queue *queue = log_queue_new(error);

    if (queue == NULL)
        return -1;
    pthread_mutex_lock(&sink.lock);
    atomic_store_explicit(&sink.queue, queue, memory_order_release); /* see last_words */
    pthread_mutex_unlock(&sink.lock);
    watch_crashes();
    return 0;
}

void log_stop(void)
{
    struct log_queue *queue;
    bool done;

    pthread_mutex_lock(&sink.lock);
    queue = atomic_load_explicit(&sink.queue, memory_order_relaxed);
    atomic_store_explicit(&sink.queue, NULL, memory_order_relaxed);
    done = queue == NULL || log_queue_free(queue, STOP_MS);
    sink.deaf = !done; /* who tried to write now would wait as the thread does */
    pthread_mutex_unlock(&sink.lock);
}

uint64_t log_lost(void)
{
    uint64_t lost;
    struct log_queue *queue;

    pthread_mutex_lock(&sink.lock);
    queue = atomic_load_explicit(&sink.queue, memory_order_relaxed);
    lost = queue != NULL ? log_queue_lost(queue) : sink.lost;
    pthread_mutex_unlock(&sink.lock);
    return lost;
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

void log_set_alarm(log_alarm_fn *alarm, void *context)
{
    pthread_mutex_lock(&sink.lock);
    sink.alarm = alarm;
    sink.alarm_context = context;
    pthread_mutex_unlock(&sink.lock);
}
