/* libevent_log.c -- see libevent_log.h. Its threads are ours: any may speak. */
#include "ops/libevent_log.h"

#include <event2/event.h>

#include "common/log.h"

#define LINES_AT_ONCE 8 /* a stranger can make it speak */

static void said(int severity, const char *words)
{
    static struct log_limit limit;
    static const enum log_level levels[] = {[EVENT_LOG_DEBUG] = LOG_LEVEL_DEBUG,
                                            [EVENT_LOG_MSG] = LOG_LEVEL_INFO,
                                            [EVENT_LOG_WARN] = LOG_LEVEL_WARN,
                                            [EVENT_LOG_ERR] = LOG_LEVEL_ERROR};
    enum log_level level = severity >= EVENT_LOG_DEBUG && severity <= EVENT_LOG_ERR
                               ? levels[severity]
                               : LOG_LEVEL_ERROR;
    uint64_t swallowed;

    if (log_limit_pass(&limit, LINES_AT_ONCE, &swallowed))
        log_event(level, "libevent", words, LOG_U64("swallowed", swallowed));
}

void libevent_log_install(void)
{
    event_set_log_callback(said);
}
