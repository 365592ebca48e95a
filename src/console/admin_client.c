/* admin_client.c -- see admin_client.h. */
#include "admin_client.h"

#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define WAITING_MAX 32
#define OUT_MAX     (128 * 1024)
#define BACKOFF_MS  250
#define BACKOFF_MAX 4000
#define SYSTEM_PATH "/run/openmmo/admin.sock"

struct waiting {
    unsigned id; /* 0: free */
    int token;
    uint64_t deadline_ms; /* monotonic */
};

struct admin_client {
    struct sockaddr_un address;
    struct admin_client_handlers handlers;
    bool open, too_long; /* too_long: the path does not fit into an address, so it is no socket's */
    int fd;
    uint64_t now_ms, again_ms; /* again_ms: when the next try is due */
    unsigned backoff_ms, last_id;
    struct waiting waiting[WAITING_MAX];
    char *in, *out;
    size_t in_bytes, in_room, out_bytes;
    int word; /* code of an error without an id, behind which the end follows; 0: none came */
    struct error words;
};

struct admin_client *admin_client_new(const char *path,
                                      const struct admin_client_handlers *handlers)
{
    struct admin_client *client = calloc(1, sizeof(*client));

    if (client == NULL)
        return NULL;
    client->handlers = *handlers;
    client->fd = -1;
    client->backoff_ms = BACKOFF_MS;
    client->address.sun_family = AF_UNIX;
    client->too_long = strlen(path) >= sizeof(client->address.sun_path);
    snprintf(client->address.sun_path, sizeof(client->address.sun_path), "%s", path);
    client->out = malloc(OUT_MAX);
    if (client->out == NULL) {
        free(client);
        return NULL;
    }
    return client;
}

void admin_client_free(struct admin_client *client)
{
    if (client == NULL)
        return;
    if (client->fd >= 0)
        close(client->fd);
    free(client->in);
    free(client->out);
    free(client);
}

int admin_client_fd(const struct admin_client *client)
{
    return client->fd;
}

short admin_client_events(const struct admin_client *client)
{
    if (client->fd < 0)
        return 0;
    return (short)(POLLIN | (client->out_bytes > 0 ? POLLOUT : 0));
}

int admin_client_wait_ms(const struct admin_client *client, uint64_t now_ms)
{
    uint64_t due_ms = now_ms + 1000;

    if (client->fd < 0 && client->again_ms < due_ms)
        due_ms = client->again_ms;
    for (int i = 0; i < WAITING_MAX; i++) {
        if (client->waiting[i].id != 0 && client->waiting[i].deadline_ms < due_ms)
            due_ms = client->waiting[i].deadline_ms;
    }
    return due_ms > now_ms ? (int)(due_ms - now_ms) : 0;
}

/* The end of the connection, or of a try: everything that waits is told, and the owner. */
static void lose(struct admin_client *client, const char *sentence)
{
    int code = client->word == ADMIN_CLIENT_DENIED ? ADMIN_CLIENT_DENIED : ADMIN_CLIENT_LOST;

    if (client->word != 0)
        sentence = client->words.text;
    if (client->fd >= 0)
        close(client->fd);
    client->fd = -1;
    client->open = false;
    client->in_bytes = client->out_bytes = 0;
    client->again_ms = client->now_ms + client->backoff_ms;
    client->backoff_ms =
        client->backoff_ms * 2 > BACKOFF_MAX ? BACKOFF_MAX : client->backoff_ms * 2;
    client->word = 0;
    for (int i = 0; i < WAITING_MAX; i++) {
        struct waiting waiting = client->waiting[i];

        client->waiting[i].id = 0;
        if (waiting.id != 0)
            client->handlers.answer(client->handlers.context, waiting.token, NULL, code, sentence);
    }
    client->handlers.lost(client->handlers.context, code, sentence);
}

static void lose_errno(struct admin_client *client, const char *what)
{
    struct error error;

    error_set(&error, "%s %s: %s", what, client->address.sun_path, strerror(errno));
    lose(client, error.text);
}

static void begin(struct admin_client *client)
{
    if (client->too_long) {
        lose(client, "the socket's path is longer than a Unix socket's can be (107 bytes)");
        return;
    }
    client->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (client->fd < 0) {
        lose_errno(client, "cannot make a socket for");
        return;
    }
    if (connect(client->fd, (struct sockaddr *)&client->address, sizeof(client->address)) != 0) {
        /* EAGAIN: the daemon's backlog is full; a Unix socket knows no "in progress". */
        lose_errno(client, "cannot connect to");
        return;
    }
    client->open = true;
    client->handlers.opened(client->handlers.context);
}

static struct waiting *waiting_for(struct admin_client *client, unsigned id)
{
    for (int i = 0; i < WAITING_MAX; i++) {
        if (client->waiting[i].id == id)
            return &client->waiting[i];
    }
    return NULL;
}

int admin_client_ask(struct admin_client *client, const char *method, json_t *params, int token,
                     unsigned deadline_ms)
{
    struct waiting *waiting = waiting_for(client, 0);
    json_t *request;
    char *text;
    size_t n;

    if (!client->open || waiting == NULL) {
        json_decref(params);
        return -1;
    }
    if (++client->last_id == 0)
        client->last_id = 1;
    request = json_pack("{s:s, s:s, s:o, s:I}", "jsonrpc", "2.0", "method", method, "params",
                        params != NULL ? params : json_object(), "id", (json_int_t)client->last_id);
    text = json_dumps(request, JSON_COMPACT);
    json_decref(request);
    n = text != NULL ? strlen(text) : 0;
    if (text == NULL || client->out_bytes + n + 1 > OUT_MAX) {
        free(text);
        return -1;
    }
    memcpy(client->out + client->out_bytes, text, n);
    client->out[client->out_bytes + n] = '\n';
    client->out_bytes += n + 1;
    free(text);
    *waiting = (struct waiting){client->last_id, token, client->now_ms + deadline_ms};
    return 0;
}

static void take_answer(struct admin_client *client, json_t *line)
{
    const json_t *id = json_object_get(line, "id");
    const json_t *error = json_object_get(line, "error");
    int code = (int)json_integer_value(json_object_get(error, "code"));
    const char *sentence = json_string_value(json_object_get(error, "message"));
    struct waiting *waiting = NULL;
    int token;

    if (json_is_integer(id) && json_integer_value(id) > 0)
        waiting = waiting_for(client, (unsigned)json_integer_value(id));
    if (waiting == NULL) {
        /* An error that answers no request: we are not wanted. An answer that is late has an id. */
        if (error != NULL && json_is_null(id)) {
            client->word = code;
            error_set(&client->words, "%s", sentence != NULL ? sentence : "refused");
        }
        return;
    }
    token = waiting->token;
    waiting->id = 0;
    if (error != NULL)
        client->handlers.answer(client->handlers.context, token, NULL, code != 0 ? code : -32603,
                                sentence != NULL ? sentence : "the daemon gave no reason");
    else
        client->handlers.answer(client->handlers.context, token, json_object_get(line, "result"), 0,
                                "");
    client->backoff_ms = BACKOFF_MS; /* who answers is there */
    client->word = 0;
}

/* False: the line is nonsense, the connection was ended. */
static bool take_line(struct admin_client *client, const char *bytes, size_t len_bytes)
{
    json_t *line = json_loadb(bytes, len_bytes, JSON_REJECT_DUPLICATES, NULL);
    const char *method = json_string_value(json_object_get(line, "method"));

    if (!json_is_object(line)) {
        json_decref(line);
        lose(client, "the daemon speaks another language (is it openmmod?)");
        return false;
    }
    if (method != NULL)
        client->handlers.notify(client->handlers.context, method, json_object_get(line, "params"));
    else
        take_answer(client, line);
    json_decref(line);
    return client->fd >= 0;
}

static bool take_lines(struct admin_client *client)
{
    size_t from = 0;
    char *eol;

    while ((eol = memchr(client->in + from, '\n', client->in_bytes - from)) != NULL) {
        size_t len_bytes = (size_t)(eol - client->in) - from;

        if (!take_line(client, client->in + from, len_bytes))
            return false;
        from += len_bytes + 1;
    }
    memmove(client->in, client->in + from, client->in_bytes - from);
    client->in_bytes -= from;
    return true;
}

/* At most so much a pump, so that keys are seen meanwhile. */
static void read_some(struct admin_client *client)
{
    for (int turn = 0; turn < 16; turn++) {
        ssize_t n;

        if (client->in_room - client->in_bytes < 65536) {
            char *more;

            if (client->in_room >= ADMIN_CLIENT_LINE_MAX) {
                lose(client, "the daemon's line is longer than 2 MiB");
                return;
            }
            more = realloc(client->in, client->in_room + 262144);
            if (more == NULL) {
                lose(client, "out of memory");
                return;
            }
            client->in = more;
            client->in_room += 262144;
        }
        n = recv(client->fd, client->in + client->in_bytes, client->in_room - client->in_bytes, 0);
        if (n < 0 && (errno == EAGAIN || errno == EINTR))
            return;
        if (n <= 0) {
            lose(client, "the daemon closed the connection");
            return;
        }
        client->in_bytes += (size_t)n;
        if (!take_lines(client))
            return;
    }
}

static void write_some(struct admin_client *client)
{
    while (client->out_bytes > 0) {
        ssize_t n = send(client->fd, client->out, client->out_bytes, MSG_NOSIGNAL);

        if (n <= 0) /* a broken connection is found by reading: a last word may wait there */
            return;
        client->out_bytes -= (size_t)n;
        memmove(client->out, client->out + n, client->out_bytes);
    }
}

static void expire(struct admin_client *client)
{
    for (int i = 0; i < WAITING_MAX; i++) {
        struct waiting waiting = client->waiting[i];

        if (waiting.id == 0 || waiting.deadline_ms > client->now_ms)
            continue;
        client->waiting[i].id = 0;
        client->handlers.answer(client->handlers.context, waiting.token, NULL, ADMIN_CLIENT_TIMEOUT,
                                "the daemon did not answer in time");
    }
}

void admin_client_pump(struct admin_client *client, uint64_t now_ms)
{
    client->now_ms = now_ms;
    if (client->fd < 0 && now_ms >= client->again_ms)
        begin(client);
    if (client->fd >= 0)
        write_some(client);
    if (client->fd >= 0)
        read_some(client);
    if (client->fd >= 0)
        write_some(client); /* what the handlers asked just now */
    expire(client);
}

void admin_client_default_path(char *path, size_t room_bytes)
{
    const char *named = getenv("OPENMMO_ADMIN_SOCKET"), *state = getenv("XDG_STATE_HOME");
    const char *home = getenv("HOME");
    char own[sizeof(((struct sockaddr_un *)0)->sun_path)];

    if (state != NULL && state[0] == '/')
        snprintf(own, sizeof(own), "%s/openmmo/admin.sock", state);
    else
        snprintf(own, sizeof(own), "%s/.local/state/openmmo/admin.sock", home != NULL ? home : "");
    if (named != NULL && named[0] != '\0')
        snprintf(path, room_bytes, "%s", named);
    else if (access(SYSTEM_PATH, F_OK) == 0 || (geteuid() == 0 && access(own, F_OK) != 0))
        snprintf(path, room_bytes, "%s", SYSTEM_PATH);
    else
        snprintf(path, room_bytes, "%s", own);
}
