/* notify.c -- the service manager's datagrams and the watchdog timer.
 *
 * sd_notify() of libsystemd waits for as long as nobody reads the socket, and control would wait
 * with it. The protocol is one datagram (sd_notify(3), "Standalone Implementations"), so it is sent
 * here, without waiting for it or with a bound. */
#include "ops/notify.h"
#include "common/clock.h"

#include <poll.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <systemd/sd-daemon.h>
#include <time.h>
#include <unistd.h>

#define STATUS_MAX 256
#define STATE_MS   1000 /* how long a change of state may wait for room in the socket */

struct notify {
    struct event *timer; /* NULL: nobody watches */
    notify_progress_fn *progress;
    void *context;
    uint64_t seen;
};

/* Where the service manager listens; false: nowhere. */
static bool manager_address(struct sockaddr_un *address, socklen_t *len_bytes)
{
    const char *path = getenv("NOTIFY_SOCKET");
    size_t n = path != NULL ? strlen(path) : 0;

    if (n < 2 || n >= sizeof(address->sun_path) || (path[0] != '/' && path[0] != '@'))
        return false;
    memset(address, 0, sizeof(*address));
    address->sun_family = AF_UNIX;
    memcpy(address->sun_path, path, n);
    if (path[0] == '@')
        address->sun_path[0] = '\0'; /* abstract */
    *len_bytes = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n);
    return true;
}

/* One datagram; given up when there is no room for it within wait_ms. */
static void tell(const char *text, int wait_ms)
{
    struct sockaddr_un address;
    socklen_t address_bytes;
    struct pollfd room = {.events = POLLOUT};

    if (!manager_address(&address, &address_bytes))
        return;
    room.fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (room.fd < 0)
        return;
    if (connect(room.fd, (struct sockaddr *)&address, address_bytes) == 0) {
        ssize_t sent = send(room.fd, text, strlen(text), MSG_NOSIGNAL);

        if (sent < 0 && wait_ms > 0 && poll(&room, 1, wait_ms) == 1)
            sent = send(room.fd, text, strlen(text), MSG_NOSIGNAL);
        (void)sent; /* a manager that does not listen is not told */
    }
    close(room.fd);
}

static void tick_advances(evutil_socket_t fd, short what, void *context)
{
    struct notify *notify = context;
    uint64_t now = notify->progress(notify->context);

    (void)fd, (void)what;
    if (now == notify->seen)
        return; /* a world that stands still is to be restarted */
    notify->seen = now;
    tell("WATCHDOG=1", 0);
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
    tell("READY=1", STATE_MS);
}

void notify_reloading(void)
{
    char text[STATUS_MAX];

    snprintf(text, sizeof(text), "RELOADING=1\nMONOTONIC_USEC=%llu",
             (unsigned long long)clock_steady_us());
    tell(text, STATE_MS);
}

void notify_stopping(void)
{
    tell("STOPPING=1", STATE_MS);
}

void notify_status(const char *format, ...)
{
    static const char key[] = "STATUS=";
    char text[STATUS_MAX] = "STATUS=";
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(text + sizeof(key) - 1, sizeof(text) - sizeof(key) + 1, format, arguments);
    va_end(arguments);
    tell(text, 0);
}
