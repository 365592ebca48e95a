/* listener.c -- see listener.h. */
#include "net/listener.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/log.h"
#include "net/address.h"

#define LISTENER_BACKLOG    4096 /* where a storm of logins waits; the kernel may allow less */
#define LISTENER_TURN       32   /* connections taken before others get their turn */
#define LISTENER_SNDBUF     (64 * 1024) /* small: what waits in the kernel is old news */
#define LISTENER_SILENCE_MS 20000 /* sent and not acknowledged by the peer's kernel: it is gone */
#define LISTENER_PAUSE_MS   200

struct listener {
    struct event *readable, *resume;
    const struct listener_handlers *handlers;
    void *context;
    int fd;
    uint16_t port;
    char text[ADDRESS_TEXT_MAX];
};

static void listener_pause(struct listener *listener, int why)
{
    static struct log_limit limit;
    static const struct timeval pause = {0, LISTENER_PAUSE_MS * 1000};
    uint64_t swallowed;

    event_del(listener->readable);
    event_add(listener->resume, &pause);
    if (log_limit_pass(&limit, 1, &swallowed))
        log_event(LOG_LEVEL_WARN, "accept_paused",
                  "cannot take more connections now: they wait until there is room",
                  LOG_TEXT("listen", listener->text), LOG_TEXT("reason", strerror(why)),
                  LOG_U64("swallowed", swallowed));
}

static void listener_readable(evutil_socket_t fd, short what, void *context)
{
    struct listener *listener = context;

    (void)what;
    for (unsigned i = 0; i < LISTENER_TURN && listener->fd == fd; i++) {
        struct sockaddr_storage address;
        socklen_t len_bytes = sizeof(address);
        int taken;

        if (!listener->handlers->room(listener->context))
            return;
        taken = accept4(fd, (struct sockaddr *)&address, &len_bytes, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (taken >= 0) {
            listener->handlers->accepted(listener->context, taken, &address);
            continue;
        }
        if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
            listener_pause(listener, errno);
            return;
        }
        if (errno == EAGAIN || errno == EWOULDBLOCK)
            return;
        /* else: that one connection failed (ECONNABORTED, EPROTO ...) */
    }
}

static void listener_resume(evutil_socket_t fd, short what, void *context)
{
    struct listener *listener = context;

    (void)fd;
    (void)what;
    if (listener->fd >= 0)
        event_add(listener->readable, NULL);
}

/* A socket that listens, or -1 with errno. Accepted sockets inherit its options. */
static int listener_socket(const struct sockaddr_storage *address, socklen_t len_bytes)
{
    static const int one = 1, sndbuf = LISTENER_SNDBUF;
    static const unsigned silence_ms = LISTENER_SILENCE_MS;
    int fd = socket(address->ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    int saved;

    if (fd < 0)
        return -1;
    if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) == 0 &&
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one)) == 0 &&
        setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &sndbuf, sizeof(sndbuf)) == 0 &&
        setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &silence_ms, sizeof(silence_ms)) == 0 &&
        (address->ss_family != AF_INET6 ||
         setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof(one)) == 0) &&
        bind(fd, (const struct sockaddr *)address, len_bytes) == 0 &&
        listen(fd, LISTENER_BACKLOG) == 0)
        return fd;
    saved = errno;
    close(fd);
    errno = saved;
    return -1;
}

int listener_bind(const char *address, struct error *error)
{
    struct sockaddr_storage where;
    socklen_t where_bytes;
    int fd;

    if (address_parse(address, &where, &where_bytes, error) != 0)
        return -1;
    fd = listener_socket(&where, where_bytes);
    return fd >= 0 ? fd : error_set(error, "cannot listen on %s: %s", address, strerror(errno));
}

static uint16_t port_of(const struct sockaddr_storage *where)
{
    return ntohs(where->ss_family == AF_INET6 ? ((const struct sockaddr_in6 *)where)->sin6_port
                                              : ((const struct sockaddr_in *)where)->sin_port);
}

uint16_t listener_bound(int fd)
{
    struct sockaddr_storage where = {0};
    socklen_t where_bytes = sizeof(where);

    return getsockname(fd, (struct sockaddr *)&where, &where_bytes) == 0 ? port_of(&where) : 0;
}

struct listener *listener_new(struct event_base *base, int fd,
                              const struct listener_handlers *handlers, void *context,
                              struct error *error)
{
    struct listener *listener = calloc(1, sizeof(*listener));
    struct sockaddr_storage where = {0};
    socklen_t where_bytes = sizeof(where);

    if (listener == NULL) {
        close(fd);
        error_set(error, "out of memory");
        return NULL;
    }
    listener->handlers = handlers;
    listener->context = context;
    listener->fd = fd;
    if (getsockname(fd, (struct sockaddr *)&where, &where_bytes) == 0) {
        address_text((const struct sockaddr *)&where, listener->text);
        listener->port = port_of(&where);
    }
    listener->readable = event_new(base, fd, EV_READ | EV_PERSIST, listener_readable, listener);
    listener->resume = event_new(base, -1, 0, listener_resume, listener);
    if (listener->readable != NULL && listener->resume != NULL)
        return listener;
    error_set(error, "out of memory");
    listener_free(listener);
    return NULL;
}

void listener_open(struct listener *listener)
{
    if (listener->fd >= 0)
        event_add(listener->readable, NULL);
}

void listener_hold(struct listener *listener)
{
    event_del(listener->readable);
}

void listener_close(struct listener *listener)
{
    if (listener->fd < 0)
        return;
    event_del(listener->readable);
    event_del(listener->resume);
    close(listener->fd);
    listener->fd = -1;
}

void listener_free(struct listener *listener)
{
    if (listener == NULL)
        return;
    if (listener->readable != NULL)
        event_free(listener->readable);
    if (listener->resume != NULL)
        event_free(listener->resume);
    if (listener->fd >= 0)
        close(listener->fd);
    free(listener);
}

uint16_t listener_port(const struct listener *listener)
{
    return listener->port;
}
