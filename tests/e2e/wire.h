/* wire.h -- HTTP byte by byte for tests: what goes out is said as it is, what comes back is read
 * answer by answer. Blocking, with a deadline; failures end the test. See harness.h. */
#ifndef OPENMMO_TESTS_WIRE_H
#define OPENMMO_TESTS_WIRE_H

#include "harness.h"

#include <openssl/ssl.h>

#define WIRE_ROOM (256 * 1024)

struct wire {
    int fd;   /* -1: closed */
    SSL *ssl; /* NULL: plain */
    size_t n; /* bytes that came and belong to no answer yet */
    char bytes[WIRE_ROOM];
    /* The last answer. */
    int status;
    char head[8192], body[WIRE_ROOM];
    size_t body_n;
};

/* Of the running daemon: its first port of a kind, from server.status. */
uint16_t wire_port(struct daemon *daemon, bool tls);
/* Connected, and nothing said. tls: with a handshake, any certificate. */
struct wire *wire_new(uint16_t port, bool tls);
/* A socket connected to a port of this machine from that address of it; -1: nobody listens. */
int wire_from(const char *address, uint16_t port);
/* The same on a socket that is connected already. */
struct wire *wire_on(int fd, bool tls);
void wire_free(struct wire *wire);

void wire_send(struct wire *wire, const char *text);
/* The same, of any bytes. False: the other side has closed. */
bool wire_write(struct wire *wire, const void *bytes, size_t n);
/* Reads what comes next into bytes, as one does after an upgrade. False: the other side has closed.
 */
bool wire_more(struct wire *wire);
/* The next answer: its status. 0: the other side closed instead. Answers to HEAD have no body. */
int wire_answer(struct wire *wire, bool to_head);
/* Both, of a whole request. */
int wire_ask(struct wire *wire, const char *text);
/* GET of a path, with more header lines ("A: b\r\n") or NULL. */
int wire_get(struct wire *wire, const char *path, const char *lines);
/* A header of the last answer, valid until the next call; NULL: absent. */
const char *wire_header(const struct wire *wire, const char *name);
/* True: the other side closes within ms; what it still says is thrown away. */
bool wire_closes(struct wire *wire, int ms);

#endif
