/* log.h -- structured log: one event, one line.
 *
 * logfmt on stderr (`time=2026-11-22T12:04:31.123Z level=info event=player_joined player=alice
 * id=17 msg="..."`), or journal fields (OPENMMO_EVENT, PLAYER ...) when stderr is the systemd
 * journal. Every string value goes through text_sanitise(): no raw control character, bidi mark or
 * invalid UTF-8 ever reaches a line. Never pass a secret. The sink is the one mutable global of the
 * house. All functions: any thread.
 *
 * Nobody who logs waits for a journal that hangs or a stderr that nobody reads: a thread of the
 * log's own does (log_start), and what it cannot take in time is counted, given up and told
 * (event=log_lost). Without that thread lines are written by who logs, and a stderr that is a pipe
 * or a terminal and full is not waited for either. */
#ifndef OPENMMO_COMMON_LOG_H
#define OPENMMO_COMMON_LOG_H

#include <stddef.h>
#include <stdint.h>

#include "common/compiler.h"
#include "common/error.h"

enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARN, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG };

struct log_field {
    const char *key; /* lower_snake, constant */
    enum { LOG_FIELD_TEXT, LOG_FIELD_I64, LOG_FIELD_U64, LOG_FIELD_F64 } kind;
    union {
        const char *text; /* borrowed, NULL reads "-" */
        int64_t i64;
        uint64_t u64;
        double f64;
    } value;
};

#define LOG_TEXT(k, v) ((struct log_field){(k), LOG_FIELD_TEXT, {.text = (v)}})
#define LOG_I64(k, v)  ((struct log_field){(k), LOG_FIELD_I64, {.i64 = (int64_t)(v)}})
#define LOG_U64(k, v)  ((struct log_field){(k), LOG_FIELD_U64, {.u64 = (uint64_t)(v)}})
#define LOG_F64(k, v)  ((struct log_field){(k), LOG_FIELD_F64, {.f64 = (v)}})

/* log_event(LOG_LEVEL_INFO, "player_joined", "alice joined the world", LOG_TEXT("player", name));
 * At least one field is needed; use LOG_NONE where there is none. */
#define LOG_NONE ((struct log_field){NULL, LOG_FIELD_TEXT, {.text = NULL}})
#define log_event(level, event, message, ...)                                                      \
    log_write((level), (event), (message), (const struct log_field[]){__VA_ARGS__},                \
              sizeof((const struct log_field[]){__VA_ARGS__}) / sizeof(struct log_field))

/* One line. event is lower_snake and constant; message a sentence for a person. Lines below the
 * level are dropped. */
void log_write(enum log_level level, const char *event, const char *message,
               const struct log_field *fields, size_t fields_n);

/* Rate limiter for events that a stranger can cause: true at most `burst` times and then once a
 * second a site; the next line that passes should say how many were swallowed (*swallowed). state:
 * zeroed static of the call site. */
struct log_limit {
    _Atomic uint64_t second_and_count;
    _Atomic uint64_t swallowed;
};
/* 1: write the line; 0: swallowed (*swallowed is untouched). Any thread. */
int log_limit_pass(struct log_limit *state, uint32_t burst, uint64_t *swallowed);

/* Start the log's thread: from now on lines wait in its queue (512 KiB). A process that crashes
 * (SIGABRT, SIGSEGV and their like, where they have their default action) then waits up to half a
 * second until what it said before is written. 0, or -1 + error. Once. */
int log_start(struct error *error) MUST_CHECK;
/* Write what waits, for at most a second; later lines are written by who logs, or, if that second
 * was not enough, by nobody. At the end of main. Fine without log_start. */
void log_stop(void);
uint64_t log_lost(void); /* lines given up since log_start */

/* Set the lowest level that is written (default info). Any thread. */
void log_set_level(enum log_level level);
/* "error" | "warn" | "info" | "debug". Returns 0, or -1 if it is no level. */
int log_level_parse(const char *text, enum log_level *level) MUST_CHECK;
const char *log_level_name(enum log_level level); /* constant, lower case */

/* A second reader of all lines that pass the level (the console's log view). Called under the log's
 * lock: copy and return, never log from it. time_ms is Unix time; line is the logfmt text without
 * time and level, sanitised. NULL takes the tap away (after return it is not called any more). */
typedef void log_tap_fn(void *context, int64_t time_ms, enum log_level level, const char *event,
                        const char *line);
/* tap: on whatever thread logs. Any thread may set it; one at a time. */
void log_set_tap(log_tap_fn *tap, void *context);

/* Somebody who is told of each line at level error, with its fields (error reports). As the tap:
 * under the log's lock, never log from it. event and fields as given; message is sanitised. */
typedef void log_alarm_fn(void *context, const char *event, const char *message,
                          const struct log_field *fields, size_t fields_n);
/* alarm: on whatever thread logs; NULL takes it away. Any thread; one at a time. */
void log_set_alarm(log_alarm_fn *alarm, void *context);

#endif
