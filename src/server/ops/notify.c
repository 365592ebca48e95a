/* notify.c -- sd_notify and the watchdog timer. */
#include "ops/notify.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <systemd/sd-daemon.h>
#include <time.h>

#define STATUS_MAX 256

struct notify {
    struct event *timer; /* NULL: nobody watches */
    notify_progress_fn *progress;
    void *context;
    uint64_t seen;
};

static void tick_advances(evutil_socket_t fd, short what, void *context)
{
    struct notify *notify = context;
    uint64_t now = notify->progress(notify->context);

    (void)fd, (void)what;
    if (now == notify->seen)
        return; /* a world that stands still is to be restarted */
    notify->seen = now;
    sd_notify(0, "WATCHDOG=1");
}

struct notify *notify_new(struct event_base *base, notify_progress_fn *progress, void *context)
{
    struct notify *notify = calloc(1, sizeof(*notify));
    uint64_t watchdog_us = 0;
    struct timeval period;

    if (!notify)
        return NULL;
    notify->progress = progress;
    notify->context = context;
    if (sd_watchdog_enabled(0, &watchdog_us) <= 0)
        return notify;
    period.tv_sec = (time_t)(watchdog_us / 3 / 1000000);
    period.tv_usec = (suseconds_t)(watchdog_us / 3 % 1000000);
    notify->timer = event_new(base, -1, EV_PERSIST, tick_advances, notify);
    if (!notify->timer || event_add(notify->timer, &period) < 0) {
        notify_free(notify);
        return NULL;
    }
    return notify;
}

void notify_free(struct notify *notify)
{
    if (!notify)
        return;
    if (notify->timer)
        event_free(notify->timer);
    free(notify);
}

void notify_ready(void)
{
    sd_notify(0, "READY=1");
}

void notify_reloading(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    sd_notifyf(0, "RELOADING=1\nMONOTONIC_USEC=%llu",
               (unsigned long long)now.tv_sec * 1000000ULL +
                   (unsigned long long)now.tv_nsec / 1000ULL);
}

void notify_stopping(void)
{
    sd_notify(0, "STOPPING=1");
}

void notify_status(const char *format, ...)
{
    char status[STATUS_MAX];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(status, sizeof(status), format, arguments);
    va_end(arguments);
    sd_notifyf(0, "STATUS=%s", status);
}
