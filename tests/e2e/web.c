/* web.c -- see web.h. */
#include "web.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#define ANSWER_MAX (8 << 20)

struct web_answer web;
static char *received;
static FILE *record;

void web_forget(void)
{
    json_decref(web.json);
    free(received);
    received = NULL;
    memset(&web, 0, sizeof(web));
}

/* Of the daemon that runs now. */
static uint16_t port(void)
{
    static pid_t asked;
    static uint16_t known;

    if (asked != server.pid) {
        known = daemon_http_port(&server);
        asked = server.pid;
    }
    return known;
}

int web_connect(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons(port()),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0)
        fail_msg("cannot connect: %s", strerror(errno));
    return fd;
}

static void send_all(int fd, const char *bytes, size_t n)
{
    while (n > 0) {
        ssize_t sent = send(fd, bytes, n, MSG_NOSIGNAL);

        if (sent < 0 && errno == EINTR)
            continue;
        if (sent <= 0) /* it has answered and closed: what it said is read */
            return;
        bytes += sent;
        n -= (size_t)sent;
    }
}

/* All until the other side closes. */
static size_t receive(int fd)
{
    uint64_t until_ms = now_ms() + DEADLINE_MS;
    size_t n = 0, room = 0;

    for (;;) {
        struct pollfd wait = {fd, POLLIN, 0};
        ssize_t got;

        if (n + 1 >= room) {
            room = room ? 2 * room : 16384;
            assert_true(room <= ANSWER_MAX);
            received = realloc(received, room);
        }
        if (now_ms() > until_ms)
            fail_msg("no whole answer in time: %.*s", (int)n, received);
        if (poll(&wait, 1, 100) <= 0)
            continue;
        got = recv(fd, received + n, room - n - 1, 0);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            break;
        n += (size_t)got;
    }
    received[n] = '\0';
    return n;
}

int web_raw(const void *bytes, size_t n)
{
    int fd;
    size_t got;
    char *end;

    web_forget();
    fd = web_connect();
    send_all(fd, bytes, n);
    got = receive(fd);
    close(fd);
    if (got == 0) /* closed without a word */
        return web.status = 0;
    end = strstr(received, "\r\n\r\n");
    if (end == NULL || sscanf(received, "HTTP/1.1 %d", &web.status) != 1)
        fail_msg("no answer of HTTP: %s", received);
    *end = '\0';
    web.head = received;
    web.body = end + 4;
    web.body_n = got - (size_t)(web.body - received);
    web.json = json_loadb(web.body, web.body_n, JSON_REJECT_DUPLICATES, NULL);
    return web.status;
}

static void write_down(const char *method, const char *path)
{
    const char *type = web_header("Content-Type");
    json_t *line =
        json_pack("{s:s, s:s, s:i, s:s, s:s%}", "method", method, "path", path, "status",
                  web.status, "type", type != NULL ? type : "", "body", web.body, web.body_n);

    assert_non_null(line);
    assert_int_equal(json_dumpf(line, record, JSON_COMPACT), 0);
    fputc('\n', record);
    json_decref(line);
}

void web_record(const char *path)
{
    if (record != NULL)
        fclose(record);
    record = path != NULL ? fopen(path, "we") : NULL;
    assert_true(path == NULL || record != NULL);
}

int web_ask(const char *method, const char *path, const char *token, const char *body)
{
    size_t room = 1024 + strlen(path) + (token != NULL ? strlen(token) : 0) +
                  (body != NULL ? strlen(body) : 0);
    char *request = malloc(room);
    size_t n;

    assert_non_null(request);
    n = (size_t)snprintf(
        request, room, "%s %s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n", method, path);
    if (token != NULL)
        n += (size_t)snprintf(request + n, room - n, "Authorization: Bearer %s\r\n", token);
    if (body != NULL)
        n += (size_t)snprintf(request + n, room - n,
                              "Content-Type: application/json\r\nContent-Length: %zu\r\n",
                              strlen(body));
    n += (size_t)snprintf(request + n, room - n, "\r\n%s", body != NULL ? body : "");
    web_raw(request, n);
    free(request);
    if (web.status == 0)
        fail_msg("%s %s was not answered", method, path);
    if (record != NULL)
        write_down(method, path);
    return web.status;
}

const char *web_header(const char *name)
{
    static char value[1024];
    size_t n = strlen(name);

    for (const char *line = strstr(web.head, "\r\n"); line != NULL; line = strstr(line, "\r\n")) {
        line += 2;
        if (strncasecmp(line, name, n) != 0 || line[n] != ':')
            continue;
        line += n + 1 + strspn(line + n + 1, " ");
        snprintf(value, sizeof(value), "%.*s", (int)strcspn(line, "\r"), line);
        return value;
    }
    return NULL;
}

const char *web_text(const char *member)
{
    const char *text = json_string_value(json_object_get(web.json, member));

    if (text == NULL)
        fail_msg("no %s in %d %s", member, web.status, web.body);
    return text;
}
