/* admin.c -- see admin.h. The listener and the room's parts; what a client does is in client.c. */
#include "admin/admin.h"

#include <errno.h>
#include <event2/listener.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "admin/atlas.h"
#include "admin/client.h"
#include "admin/cmd_privacy.h"
#include "admin/door.h"
#include "admin/lately.h"
#include "admin/method.h"
#include "admin/relief.h"
#include "admin/roster.h"
#include "common/clock.h"
#include "common/log.h"
#include "ops/traffic.h"

#define ADMIN_CLIENTS_MAX  256
#define ADMIN_CLIENTS_KEPT 8 /* of them, for admins alone */
#define ADMIN_BACKLOG      64

struct admin {
    struct admin_config config;
    struct sockaddr_un address;
    struct samples samples;
    struct method_desk desk;
    bool saving;                /* the desk points here */
    struct method_call *parked; /* and here */
    struct erasure erasure;     /* and here */
    struct roster roster;       /* and here */
    struct lately lately;       /* and here */
    struct audittail audittail; /* and here */
    struct role_groups groups;
    struct door *door;
    struct evconnlistener *listener;
    struct event *timer; /* once a second */
    struct client *clients[ADMIN_CLIENTS_MAX];
};

static void on_second(evutil_socket_t fd, short what, void *context)
{
    struct admin *admin = context;

    (void)fd;
    (void)what;
    cmd_privacy_second(&admin->desk);
    samples_take(&admin->samples, clock_steady_ms(), clock_wall_ms());
    sessions_note_rates(admin->config.sessions);
    /* Accepting rests for a moment when descriptors run out. */
    if (admin->listener != NULL)
        evconnlistener_enable(admin->listener);
}

static void on_ended(void *context, struct client *client)
{
    struct admin *admin = context;

    for (unsigned i = 0; i < ADMIN_CLIENTS_MAX; i++) {
        if (admin->clients[i] == client)
            admin->clients[i] = NULL;
    }
    client_free(client);
}

/* A last word to one who may not stay, as far as the socket takes it at once. */
static void refuse(int fd, int code, const char *sentence)
{
    char *line = jsonrpc_refusal(code, sentence);

    traffic_count(TRAFFIC_ADMIN, TRAFFIC_REFUSED);
    if (line != NULL)
        (void)!send(fd, line, strlen(line), MSG_NOSIGNAL | MSG_DONTWAIT);
    free(line);
    close(fd);
}

static void refuse_stranger(int fd, const struct role_peer *peer)
{
    static struct log_limit limit;
    uint64_t swallowed;
    struct error sentence;

    error_set(&sentence, "%s has no role here: it takes a group, %s, %s or %s", peer->name,
              role_group(ROLE_VIEWER), role_group(ROLE_MODERATOR), role_group(ROLE_ADMIN));
    if (log_limit_pass(&limit, 5, &swallowed))
        log_event(LOG_LEVEL_WARN, "admin_refused", "a peer without a role was refused",
                  LOG_TEXT("by", peer->name), LOG_U64("uid", peer->uid), LOG_I64("pid", peer->pid),
                  LOG_U64("swallowed", swallowed));
    refuse(fd, JSONRPC_DENIED, sentence.text);
}

/* From the last on: the first ones are those that are kept. */
static struct client **free_slot(struct admin *admin, enum role role)
{
    unsigned kept = role < ROLE_ADMIN ? ADMIN_CLIENTS_KEPT : 0;

    for (unsigned i = ADMIN_CLIENTS_MAX; i > kept; i--) {
        if (admin->clients[i - 1] == NULL)
            return &admin->clients[i - 1];
    }
    return NULL;
}

static void on_known(void *context, int fd, const struct role_peer *peer)
{
    struct admin *admin = context;
    struct client **slot = free_slot(admin, peer->role);
    struct client_config config = {.desk = &admin->desk, .fd = fd, .peer = *peer};

    if (peer->role == ROLE_NONE) {
        refuse_stranger(fd, peer);
    } else if (slot == NULL) {
        refuse(fd, JSONRPC_BUSY, "too many operators are connected already");
    } else {
        traffic_count(TRAFFIC_ADMIN, TRAFFIC_ACCEPTED);
        config.ended = on_ended;
        config.context = admin;
        *slot = client_new(&config);
    }
}

static void on_accept(struct evconnlistener *listener, evutil_socket_t fd, struct sockaddr *from,
                      int from_bytes, void *context)
{
    struct admin *admin = context;
    struct role_peer peer;
    struct error error;

    (void)listener;
    (void)from;
    (void)from_bytes;
    if (role_of_socket(fd, &admin->groups, &peer, &error) != 0)
        refuse(fd, JSONRPC_DENIED, error.text);
    else
        door_enter(admin->door, fd, &peer);
}

static void on_accept_error(struct evconnlistener *listener, void *context)
{
    static struct log_limit limit;
    uint64_t swallowed;

    (void)context;
    if (log_limit_pass(&limit, 1, &swallowed))
        log_event(LOG_LEVEL_WARN, "admin_accept", "cannot accept an operator; trying again",
                  LOG_TEXT("error", strerror(errno)));
    evconnlistener_disable(listener);
}

/* Make way for our socket file: nothing there, or one that nobody answers on. */
static int clear_path(const struct sockaddr_un *address, struct error *error)
{
    struct stat at;
    int fd, result;

    if (lstat(address->sun_path, &at) != 0)
        return errno == ENOENT
                   ? 0
                   : error_set(error, "cannot look at %s: %s", address->sun_path, strerror(errno));
    if (!S_ISSOCK(at.st_mode))
        return error_set(error, "%s is in the way: it is no socket", address->sun_path);
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return error_set(error, "cannot make a socket: %s", strerror(errno));
    result = connect(fd, (const struct sockaddr *)address, sizeof(*address));
    if (result == 0 || errno != ECONNREFUSED)
        result = error_set(error, "%s: another daemon answers there", address->sun_path);
    else if (unlink(address->sun_path) != 0)
        result = error_set(error, "cannot remove %s: %s", address->sun_path, strerror(errno));
    else
        result = 0;
    close(fd);
    return result;
}

static int make_directory(const char *path, struct error *error)
{
    char copy[sizeof(((struct sockaddr_un *)0)->sun_path)];
    const char *directory;

    strcpy(copy, path); /* of checked length */
    directory = dirname(copy);
    if (mkdir(directory, 0755) != 0 && errno != EEXIST)
        return error_set(error, "cannot make the directory %s: %s", directory, strerror(errno));
    return 0;
}

static int address_of(const char *path, struct sockaddr_un *address, struct error *error)
{
    memset(address, 0, sizeof(*address));
    address->sun_family = AF_UNIX;
    if (strlen(path) >= sizeof(address->sun_path))
        return error_set(error, "%s: a socket's path is at most %zu bytes", path,
                         sizeof(address->sun_path) - 1);
    strcpy(address->sun_path, path);
    return 0;
}

int admin_bind(const char *path, struct error *error)
{
    struct sockaddr_un address;
    int fd;

    if (address_of(path, &address, error) != 0 || make_directory(path, error) != 0 ||
        clear_path(&address, error) != 0)
        return -1;
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return error_set(error, "cannot make a socket: %s", strerror(errno));
    /* Everybody may connect; who may stay is decided by role, before a line is read. */
    if (bind(fd, (const struct sockaddr *)&address, sizeof(address)) != 0 ||
        chmod(path, 0666) != 0 || listen(fd, ADMIN_BACKLOG) != 0) {
        error_set(error, "cannot listen on %s: %s", path, strerror(errno));
        close(fd);
        return -1;
    }
    return fd;
}

static int start(struct admin *admin, struct error *error)
{
    const struct timeval second = {1, 0};

    admin->door = door_new(admin->config.base, on_known, admin, error);
    if (admin->door == NULL)
        return -1;
    admin->listener =
        evconnlistener_new(admin->config.base, on_accept, admin,
                           LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC, 0, *admin->config.socket);
    if (admin->listener == NULL)
        return error_set(error, "out of memory");
    *admin->config.socket = -1;
    evconnlistener_set_error_cb(admin->listener, on_accept_error);
    admin->timer = event_new(admin->config.base, -1, EV_PERSIST, on_second, admin);
    admin->desk.logtail = logtail_new();
    admin->desk.atlas = atlas_new(admin->config.presence);
    admin->desk.relief = relief_new(admin->config.field);
    if (admin->timer == NULL || event_add(admin->timer, &second) != 0 ||
        admin->desk.logtail == NULL || admin->desk.atlas == NULL || admin->desk.relief == NULL)
        return error_set(error, "out of memory");
    on_second(-1, 0, admin);
    return 0;
}

struct admin *admin_new(const struct admin_config *config, struct error *error)
{
    struct admin *admin = calloc(1, sizeof(*admin));

    if (admin == NULL) {
        error_set(error, "out of memory");
        return NULL;
    }
    admin->config = *config;
    admin->config.path = admin->address.sun_path;
    admin->desk.config = &admin->config;
    admin->desk.samples = &admin->samples;
    admin->desk.saving = &admin->saving;
    admin->desk.parked = &admin->parked;
    admin->desk.erasure = &admin->erasure;
    admin->desk.roster = &admin->roster;
    admin->desk.lately = &admin->lately;
    admin->desk.audittail = &admin->audittail;
    role_groups_find(&admin->groups);
    if (address_of(config->path, &admin->address, error) != 0) {
        free(admin);
        return NULL;
    }
    if (samples_init(&admin->samples, sessions_threads(config->sessions)) != 0) {
        error_set(error, "out of memory");
        free(admin);
        return NULL;
    }
    if (start(admin, error) != 0) {
        admin_free(admin);
        return NULL;
    }
    return admin;
}

void admin_stop(struct admin *admin)
{
    if (admin == NULL)
        return;
    method_give_up(&admin->desk);
    door_free(admin->door);
    admin->door = NULL;
    for (unsigned i = 0; i < ADMIN_CLIENTS_MAX; i++) {
        client_free(admin->clients[i]);
        admin->clients[i] = NULL;
    }
    if (admin->listener != NULL) {
        evconnlistener_free(admin->listener);
        unlink(admin->address.sun_path);
    }
    admin->listener = NULL;
    if (admin->timer != NULL)
        event_free(admin->timer);
    admin->timer = NULL;
    logtail_free(admin->desk.logtail);
    admin->desk.logtail = NULL;
    atlas_free(admin->desk.atlas);
    admin->desk.atlas = NULL;
    relief_free(admin->desk.relief);
    admin->desk.relief = NULL;
}

void admin_free(struct admin *admin)
{
    admin_stop(admin);
    if (admin != NULL) {
        samples_fini(&admin->samples);
        roster_fini(&admin->roster);
        lately_expire(&admin->lately);
        audittail_clear(&admin->audittail);
    }
    free(admin);
}
