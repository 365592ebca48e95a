/* log_record.h -- one line of the log on its way from who logs to where it is written. Inside the
 * log only (log.c makes it, log_queue.c carries it, log_sink.c writes it). */
#ifndef OPENMMO_COMMON_LOG_RECORD_H
#define OPENMMO_COMMON_LOG_RECORD_H

#include <stddef.h>
#include <stdint.h>

#include "common/log.h"

#define LOG_LINE_MAX 4000 /* with time and level below PIPE_BUF: a pipe takes it whole */
#define LOG_RECORD_MAX                                                                             \
    (16 << 10) /* texts of a record; a journal field beyond is left out whole                      \
                */

struct log_record {
    int64_t time_ms; /* Unix time */
    enum log_level level;
    uint32_t n; /* bytes used of text */
    /* Texts one after the other, each with its NUL: the logfmt line without time and level (<=
     * LOG_LINE_MAX), then, if there is a journal, its fields, "KEY=value". All sanitised. */
    char text[LOG_RECORD_MAX];
};

#define LOG_RECORD_HEAD offsetof(struct log_record, text)

#endif
