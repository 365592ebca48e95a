/* crowd_relay.c -- see crowd.h: a line between a player and the daemon that takes what it is told
 * to, through the smallest window there is. */
#include "config.h"

#include "crowd.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define WINDOW  1 /* the kernel makes its minimum of it */
#define DRIP_MS 1 /* between bytes */

struct crowd_relay {
    pthread_t thread;
    atomic_int mode; /* enum crowd_taking */
    atomic_bool over;
    int listener, server, client; /* server: its side of the line */
    uint16_t port, server_port;
    const char *from;
};

static int listen_anywhere(uint16_t *port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof(address);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    assert_true(fd >= 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
    assert_int_equal(listen(fd, 1), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &len), 0);
    *port = ntohs(address.sin_port);
    return fd;
}

static int connect_narrowly(uint16_t port, const char *from)
{
    static const int window = WINDOW;
    struct sockaddr_in here = {.sin_family = AF_INET, .sin_addr.s_addr = inet_addr(from)};
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    /* before connect: a window that was offered is not taken back */
    if (fd >= 0 && (setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &window, sizeof window) != 0 ||
                    bind(fd, (struct sockaddr *)&here, sizeof(here)) != 0 ||
                    connect(fd, (struct sockaddr *)&address, sizeof(address)) != 0)) {
        close(fd);
        fd = -1;
    }
    return fd;
}

/* False: the line is over. */
static bool pass_on(int from, int to, size_t most)
{
    char bytes[4096];
    ssize_t n = recv(from, bytes, most < sizeof bytes ? most : sizeof bytes, MSG_DONTWAIT);

    if (n < 0)
        return errno == EAGAIN || errno == EINTR;
    return n > 0 && send(to, bytes, (size_t)n, MSG_NOSIGNAL) == n;
}

static void *relay_main(void *context)
{
    struct crowd_relay *relay = context;
    bool open;

    relay->client = accept(relay->listener, NULL, NULL);
    relay->server = connect_narrowly(relay->server_port, relay->from);
    open = relay->client >= 0 && relay->server >= 0;
    /* relaxed: nothing else is told by them */
    while (open && !atomic_load_explicit(&relay->over, memory_order_relaxed)) {
        int mode = atomic_load_explicit(&relay->mode, memory_order_relaxed);
        struct pollfd fds[] = {{relay->client, POLLIN, 0},
                               {mode == CROWD_TAKE_ALL ? relay->server : -1, POLLIN, 0}};

        poll(fds, 2, mode == CROWD_TAKE_BYTES ? DRIP_MS : 5);
        open = pass_on(relay->client, relay->server, SIZE_MAX);
        if (open && mode != CROWD_TAKE_NOTHING)
            open = pass_on(relay->server, relay->client, mode == CROWD_TAKE_BYTES ? 1 : SIZE_MAX);
    }
    close(relay->client);
    close(relay->server);
    return NULL;
}

struct crowd_relay *crowd_relay_new(uint16_t server_port, const char *from)
{
    struct crowd_relay *relay = calloc(1, sizeof(*relay));

    assert_non_null(relay);
    relay->server_port = server_port;
    relay->from = from != NULL ? from : "127.0.0.1";
    relay->listener = listen_anywhere(&relay->port);
    assert_int_equal(pthread_create(&relay->thread, NULL, relay_main, relay), 0);
    return relay;
}

uint16_t crowd_relay_port(const struct crowd_relay *relay)
{
    return relay->port;
}

void crowd_relay_take(struct crowd_relay *relay, enum crowd_taking taking)
{
    atomic_store_explicit(&relay->mode, (int)taking, memory_order_relaxed);
}

void crowd_relay_free(struct crowd_relay *relay)
{
    if (relay == NULL)
        return;
    atomic_store_explicit(&relay->over, true, memory_order_relaxed);
    shutdown(relay->listener, SHUT_RDWR); /* where nobody ever came */
    pthread_join(relay->thread, NULL);
    close(relay->listener);
    free(relay);
}
