/* listener.h -- the listening sockets: accepted in one place, on control's loop.
 *
 * When the process has no file descriptor left, accepting pauses for a moment (connections wait in
 * the kernel's queue) instead of turning in circles. Owner: control thread. */
#ifndef OPENMMO_NET_LISTENER_H
#define OPENMMO_NET_LISTENER_H

#include <event2/event.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include "common/compiler.h"
#include "common/error.h"

struct listener;

struct listener_handlers {
    /* Asked before each accept. False: not now (the callee has called listener_hold). */
    bool (*room)(void *context);
    /* A connection: fd (non-blocking, close-on-exec, TCP_NODELAY) is the callee's. */
    void (*accepted)(void *context, int fd, const struct sockaddr_storage *address);
};

/* A socket that listens on "127.0.0.1:7777" or "[::]:7777" (IPv6 only: list 0.0.0.0 too for IPv4):
 * who connects waits in the kernel's queue. -1 + error ("cannot listen on X: Address already in
 * use"). Any thread. */
int listener_bind(const char *address, struct error *error) MUST_CHECK;
/* The port that such a socket is bound to. */
uint16_t listener_bound(int fd);
/* Take over a socket of listener_bind (closed when this fails); accepting begins with
 * listener_open. NULL + error. */
struct listener *listener_new(struct event_base *base, int fd,
                              const struct listener_handlers *handlers, void *context,
                              struct error *error);
/* Begin to accept, or go on; no effect after listener_close. */
void listener_open(struct listener *listener);
void listener_hold(struct listener *listener);  /* leave those who come in the kernel's queue */
void listener_close(struct listener *listener); /* accept no more; the port is free */
void listener_free(struct listener *listener);  /* NULL is fine */
/* The port that is bound, also when 0 was asked for. */
uint16_t listener_port(const struct listener *listener);

#endif
