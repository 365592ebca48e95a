/* peer.h -- an operator at the socket of fake_host: what he says, asks and hears. For tests of the
 * admin room; one thread, and whoever waits here turns the loop. */
#ifndef OPENMMO_TESTS_PEER_H
#define OPENMMO_TESTS_PEER_H

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "admin/jsonrpc.h"
#include "common/clock.h"
#include "fake_host.h"

#define DEADLINE_MS 5000

static inline uint64_t now_ms(void)
{
    return clock_steady_ms();
}

struct peer {
    int fd;
    size_t n;
    char in[4 * 1024 * 1024];
};

static inline struct peer *peer_new(void)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    struct peer *peer = calloc(1, sizeof(*peer));

    assert_non_null(peer);
    strcpy(address.sun_path, fake_host.path);
    peer->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(connect(peer->fd, (struct sockaddr *)&address, sizeof(address)), 0);
    fcntl(peer->fd, F_SETFL, O_NONBLOCK);
    return peer;
}

static inline void peer_free(struct peer *peer)
{
    close(peer->fd);
    free(peer);
    for (int i = 0; i < 5; i++)
        fake_host_turn();
}

static inline void peer_say(struct peer *peer, const char *bytes, size_t len_bytes)
{
    uint64_t end_ms = now_ms() + DEADLINE_MS;

    while (len_bytes > 0) {
        ssize_t n = send(peer->fd, bytes, len_bytes, MSG_NOSIGNAL);

        assert_true(now_ms() < end_ms);
        if (n < 0 && errno != EAGAIN)
            return; /* closed meanwhile: the answer tells */
        if (n > 0) {
            bytes += n;
            len_bytes -= (size_t)n;
        }
        fake_host_turn();
    }
}

static inline void peer_tell(struct peer *peer, const char *line)
{
    peer_say(peer, line, strlen(line));
}

/* The next line as JSON; NULL: the socket is closed. */
static inline json_t *peer_hear(struct peer *peer)
{
    uint64_t end_ms = now_ms() + DEADLINE_MS;

    for (;;) {
        char *eol = memchr(peer->in, '\n', peer->n);
        ssize_t n;

        if (eol != NULL) {
            json_t *value = json_loadb(peer->in, (size_t)(eol - peer->in), 0, NULL);

            assert_non_null(value);
            peer->n -= (size_t)(eol + 1 - peer->in);
            memmove(peer->in, eol + 1, peer->n);
            return value;
        }
        assert_true(now_ms() < end_ms);
        fake_host_turn();
        n = recv(peer->fd, peer->in + peer->n, sizeof(peer->in) - peer->n, 0);
        if (n == 0 || (n < 0 && errno == ECONNRESET))
            return NULL;
        if (n > 0)
            peer->n += (size_t)n;
    }
}

/* Ask and hear; notifications in between are skipped. */
static inline json_t *ask(struct peer *peer, const char *method, const char *params)
{
    char line[1024];
    json_t *answer;
    int n = snprintf(line, sizeof(line),
                     "{\"jsonrpc\":\"2.0\",\"method\":\"%s\",\"params\":%s,\"id\":1}\n", method,
                     params);

    peer_say(peer, line, (size_t)n);
    while ((answer = peer_hear(peer)) != NULL && json_object_get(answer, "id") == NULL)
        json_decref(answer);
    return answer;
}

static inline int code_of(json_t *answer)
{
    return (int)json_integer_value(json_object_get(json_object_get(answer, "error"), "code"));
}

static inline const char *message_of(json_t *answer)
{
    return json_string_value(json_object_get(json_object_get(answer, "error"), "message"));
}

/* The result, a new reference; an error ends the test. */
static inline json_t *result(struct peer *peer, const char *method, const char *params)
{
    json_t *answer = ask(peer, method, params);
    json_t *value = json_incref(json_object_get(answer, "result"));

    if (value == NULL)
        fail_msg("%s: %s", method, message_of(answer));
    json_decref(answer);
    return value;
}

static inline int with_host_begin(void **state)
{
    fake_host_start(5);
    *state = NULL;
    return 0;
}

static inline int with_host_end(void **state)
{
    (void)state;
    fake_host_stop();
    return 0;
}

/* A test with a host of its own, where five play. */
#define WITH_HOST(test) cmocka_unit_test_setup_teardown(test, with_host_begin, with_host_end)

#endif
