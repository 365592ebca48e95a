/* wire.c -- see wire.h. */
#include "wire.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

uint16_t wire_port(struct daemon *daemon, bool tls)
{
    const char *key = tls ? "\"tls_ports\":[" : "\"ports\":[";
    const char *answer = daemon_ask(daemon, "server.status", NULL);
    const char *ports = answer != NULL ? strstr(answer, key) : NULL;

    if (ports == NULL)
        fail_msg("no HTTP port: %s", answer != NULL ? answer : "no answer");
    return (uint16_t)strtoul(ports + strlen(key), NULL, 10);
}

static void shake(struct wire *wire)
{
    SSL_CTX *context = SSL_CTX_new(TLS_client_method());

    assert_non_null(context);
    wire->ssl = SSL_new(context);
    SSL_CTX_free(context);
    assert_non_null(wire->ssl);
    SSL_set_fd(wire->ssl, wire->fd);
    assert_int_equal(SSL_connect(wire->ssl), 1);
}

int wire_from(const char *from, uint16_t port)
{
    struct sockaddr_in here = {.sin_family = AF_INET, .sin_addr.s_addr = inet_addr(from)};
    struct sockaddr_in to = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    assert_true(fd >= 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&here, sizeof(here)), 0);
    if (connect(fd, (struct sockaddr *)&to, sizeof(to)) == 0)
        return fd;
    close(fd);
    return -1;
}

struct wire *wire_on(int fd, bool tls)
{
    struct wire *wire = malloc(sizeof(*wire));
    struct timeval most = {DEADLINE_MS / 1000, 0};

    assert_non_null(wire);
    wire->fd = fd;
    wire->ssl = NULL;
    wire->n = wire->body_n = 0;
    wire->status = 0;
    wire->head[0] = wire->body[0] = '\0';
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &most, sizeof(most));
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &most, sizeof(most));
    if (tls)
        shake(wire);
    return wire;
}

struct wire *wire_new(uint16_t port, bool tls)
{
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    assert_true(fd >= 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
    return wire_on(fd, tls);
}

void wire_free(struct wire *wire)
{
    if (wire == NULL)
        return;
    SSL_free(wire->ssl);
    if (wire->fd >= 0)
        close(wire->fd);
    free(wire);
}

bool wire_write(struct wire *wire, const void *bytes, size_t n)
{
    const char *from = bytes;

    while (n > 0) {
        ssize_t sent = wire->ssl != NULL ? SSL_write(wire->ssl, from, (int)n)
                                         : send(wire->fd, from, n, MSG_NOSIGNAL);

        if (sent <= 0)
            return false;
        from += sent;
        n -= (size_t)sent;
    }
    return true;
}

void wire_send(struct wire *wire, const char *text)
{
    if (!wire_write(wire, text, strlen(text)))
        fail_msg("cannot send: %s", strerror(errno));
}

bool wire_more(struct wire *wire)
{
    size_t room = sizeof(wire->bytes) - 1 - wire->n;
    ssize_t got;

    if (room == 0)
        fail_msg("an answer is longer than the test takes");
    got = wire->ssl != NULL ? SSL_read(wire->ssl, wire->bytes + wire->n, (int)room)
                            : recv(wire->fd, wire->bytes + wire->n, room, 0);
    if (got < 0 && wire->ssl == NULL && (errno == EAGAIN || errno == EWOULDBLOCK))
        fail_msg("no answer in time; so far: %.*s", (int)wire->n, wire->bytes);
    if (got <= 0)
        return false;
    wire->n += (size_t)got;
    wire->bytes[wire->n] = '\0';
    return true;
}

static void drop(struct wire *wire, size_t n)
{
    memmove(wire->bytes, wire->bytes + n, wire->n - n);
    wire->n -= n;
    wire->bytes[wire->n] = '\0';
}

int wire_answer(struct wire *wire, bool to_head)
{
    const char *length;
    char *end;
    size_t n;

    wire->bytes[wire->n] = '\0';
    while ((end = strstr(wire->bytes, "\r\n\r\n")) == NULL)
        if (!wire_more(wire))
            return 0;
    n = (size_t)(end - wire->bytes) + 4;
    assert_true(n < sizeof(wire->head));
    memcpy(wire->head, wire->bytes, n);
    wire->head[n] = '\0';
    drop(wire, n);
    assert_int_equal(strncmp(wire->head, "HTTP/1.1 ", 9), 0);
    wire->status = atoi(wire->head + 9);
    length = wire_header(wire, "content-length");
    wire->body_n = length != NULL && !to_head ? strtoul(length, NULL, 10) : 0;
    while (wire->n < wire->body_n)
        if (!wire_more(wire))
            fail_msg("the answer is cut: %s", wire->head);
    memcpy(wire->body, wire->bytes, wire->body_n);
    wire->body[wire->body_n] = '\0';
    drop(wire, wire->body_n);
    return wire->status;
}

int wire_ask(struct wire *wire, const char *text)
{
    wire_send(wire, text);
    return wire_answer(wire, strncmp(text, "HEAD ", 5) == 0);
}

int wire_get(struct wire *wire, const char *path, const char *lines)
{
    char text[2048];

    snprintf(text, sizeof(text), "GET %s HTTP/1.1\r\nHost: test\r\n%s\r\n", path,
             lines != NULL ? lines : "");
    return wire_ask(wire, text);
}

const char *wire_header(const struct wire *wire, const char *name)
{
    static char value[4096];
    size_t name_n = strlen(name);

    for (const char *line = strstr(wire->head, "\r\n"); line != NULL && line[2] != '\r';
         line = strstr(line + 2, "\r\n")) {
        const char *from = line + 2;

        if (strncasecmp(from, name, name_n) != 0 || from[name_n] != ':')
            continue;
        from += name_n + 1;
        from += strspn(from, " ");
        snprintf(value, sizeof(value), "%.*s", (int)strcspn(from, "\r"), from);
        return value;
    }
    return NULL;
}

bool wire_closes(struct wire *wire, int ms)
{
    uint64_t until_ms = now_ms() + (uint64_t)ms;
    char bytes[16384];

    while (now_ms() < until_ms) {
        struct pollfd pollfd = {wire->fd, POLLIN, 0};
        ssize_t n;

        if (poll(&pollfd, 1, 50) == 0)
            continue;
        n = wire->ssl != NULL ? SSL_read(wire->ssl, bytes, sizeof(bytes))
                              : recv(wire->fd, bytes, sizeof(bytes), 0);
        if (n <= 0)
            return true;
    }
    return false;
}
