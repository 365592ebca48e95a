/* operator.c -- see operator.h. A connection for each call: they come seconds apart. */
#include "bots/operator.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#define LINE_MAX_BYTES 4096

static int call_on(const char *path, struct error *error)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    const struct timeval patience = {OPERATOR_WAIT_MS / 1000, OPERATOR_WAIT_MS % 1000 * 1000};
    if (strlen(path) >= sizeof address.sun_path)
        return error_set(error, "%s: too long for a socket's path", path);
    strcpy(address.sun_path, path);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd == -1)
        return error_set(error, "no socket: %s", strerror(errno));
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    if (connect(fd, (const struct sockaddr *)&address, sizeof address) != 0) {
        close(fd);
        return error_set(error, "%s: %s", path, strerror(errno));
    }
    return fd;
}

/* One line out, one line in. */
static int ask(int fd, const char *line, char answer[LINE_MAX_BYTES], struct error *error)
{
    size_t n = 0;
    if (send(fd, line, strlen(line), MSG_NOSIGNAL) != (ssize_t)strlen(line))
        return error_set(error, "the admin socket does not take a request");
    while (n == 0 || answer[n - 1] != '\n') {
        ssize_t came = n < LINE_MAX_BYTES ? recv(fd, answer + n, LINE_MAX_BYTES - n, 0) : -1;
        if (came <= 0)
            return error_set(error, "the admin socket gives no answer");
        n += (size_t)came;
    }
    answer[n - 1] = '\0';
    return 0;
}

/* How many, by the answer. */
static int read_answer(const char *answer, struct error *error)
{
    json_t *root = json_loads(answer, 0, NULL);
    const json_t *count = json_object_get(json_object_get(root, "result"), "teleported");
    const char *why = json_string_value(json_object_get(json_object_get(root, "error"), "message"));
    int n = json_is_integer(count) ? (int)json_integer_value(count) : -1;
    if (n == -1)
        error_set(error, "the server moves nobody: %s", why ? why : "an answer not understood");
    json_decref(root);
    return n;
}

int operator_put_everyone(const char *socket_path, int x_m, int z_m, unsigned spread_m,
                          struct error *error)
{
    char line[256], answer[LINE_MAX_BYTES];
    int fd = call_on(socket_path, error), n = -1;
    if (fd == -1)
        return -1;
    snprintf(line, sizeof line,
             "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"players.teleport\",\"params\":"
             "{\"everyone\":true,\"x\":%d,\"z\":%d,\"spread\":%u}}\n",
             x_m, z_m, spread_m);
    if (ask(fd, line, answer, error) == 0)
        n = read_answer(answer, error);
    close(fd);
    return n;
}
