/* Many web clients, all in one view, each moving ten times a second: every move reaches everybody
 * once, nothing is taken from the heap, and what a delivery costs is said. */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "http/webplayer.h"
#include "scene.h"

#define CROWD 600
#define TICKS 200 /* that are measured: each moves with every second one */
#define WARM  60
#define MOVED "42[\"player:moved\""

/* ---- allocations ---- */

static uint64_t allocations;
static bool counting;

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define COUNTS_ALLOCATIONS false
#else
#define COUNTS_ALLOCATIONS true
extern void *__libc_malloc(size_t bytes);
extern void *__libc_calloc(size_t n, size_t bytes);
extern void *__libc_realloc(void *old, size_t bytes);

void *malloc(size_t bytes)
{
    allocations += counting;
    return __libc_malloc(bytes);
}

void *calloc(size_t n, size_t bytes)
{
    allocations += counting;
    return __libc_calloc(n, bytes);
}

void *realloc(void *old, size_t bytes)
{
    allocations += counting;
    return __libc_realloc(old, bytes);
}
#endif

/* ---- clients that count ---- */

struct client {
    struct webplayer *player;
    bool connected;
    uint64_t moved, bytes;
};

static struct client clients[CROWD];
static uint8_t sink[1 << 20];

static void on_connected(void *context, const char *sid)
{
    (void)sid;
    ((struct client *)context)->connected = true;
}

static void on_text(void *context, const char *text)
{
    (void)context;
    fail_msg("%s", text);
}

static bool on_writable(void *context)
{
    (void)context;
    return true;
}

/* The bytes are copied, as a socket would; in one client of sixty every frame is looked at. */
static void on_frames(void *context, const struct iovec *parts, unsigned parts_n)
{
    struct client *client = context;
    size_t n = 0;

    for (unsigned i = 0; i < parts_n; i++) {
        assert_true(n + parts[i].iov_len <= sizeof(sink));
        memcpy(sink + n, parts[i].iov_base, parts[i].iov_len);
        n += parts[i].iov_len;
    }
    client->bytes += n;
    if ((client - clients) % 60 != 0) /* looking costs more than telling */
        return;
    for (size_t at = 0; at < n;) {
        size_t head = sink[at + 1] < 126 ? 2 : sink[at + 1] == 126 ? 4 : 10;
        size_t len = sink[at + 1];

        if (head > 2) {
            len = 0;
            for (size_t i = 2; i < head; i++)
                len = len << 8 | sink[at + i];
        }
        client->moved += memcmp(sink + at + head, MOVED, sizeof(MOVED) - 1) == 0;
        at += head + len;
    }
}

static void on_acked(void *context, uint32_t ack, const char *error)
{
    (void)context, (void)ack;
    assert_null(error);
}

static const struct webplayer_handlers handlers = {on_connected, on_text,  on_writable,
                                                   on_frames,    on_acked, on_text};

static double cpu_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

/* To and fro over a quarter of a metre. */
static void move(struct scene *scene, unsigned tick)
{
    (void)scene;
    for (unsigned i = tick % 2; i < CROWD; i += 2)
        webplayer_move(clients[i].player, i % 30 * 2 + 2 + (tick / 2 % 2) * 0.25, 0, i / 30 * 3 + 2,
                       WEBPLAYER_NO_ACK);
}

static void come(struct scene *scene)
{
    struct sockaddr_storage address = {.ss_family = AF_INET};
    char name[16];

    for (unsigned i = 0; i < CROWD; i++)
        clients[i].player = webplayer_new(sessions_host(scene->sessions, 0), &address, NULL,
                                          &handlers, &clients[i]);
    for (unsigned i = 0; i < 5; i++)
        scene_step(scene);
    for (unsigned i = 0; i < CROWD; i++) {
        assert_true(clients[i].connected);
        snprintf(name, sizeof(name), "crowd%u", i);
        webplayer_join(clients[i].player, name, (double[3]){i % 30 * 2 + 2, 0, i / 30 * 3 + 2},
                       WEBPLAYER_NO_ACK);
        if (i % 100 == 99)
            scene_step(scene);
    }
}

static void test_crowd(void **state)
{
    struct scene *scene = scene_new_world(0, 1024, 256);
    double spent_ms = 0, began_ms;
    uint64_t before, moved = 0, bytes = 0;

    (void)state;
    scene->stopped = true;
    scene->config.connections_max = 2 * CROWD + 100; /* half of them for web clients on their way */
    scene_start(scene);
    come(scene);
    for (unsigned tick = 0; tick < WARM; tick++) {
        move(scene, tick);
        scene_step(scene);
    }
    for (unsigned i = 0; i < CROWD; i++)
        clients[i].moved = clients[i].bytes = 0;
    before = allocations;
    for (unsigned tick = WARM; tick < WARM + TICKS; tick++) {
        counting = true;
        move(scene, tick);
        counting = false;
        scene_tick(scene);
        counting = true;
        began_ms = cpu_ms();
        event_base_loop(scene->base, EVLOOP_NONBLOCK);
        event_base_loop(scene->base, EVLOOP_NONBLOCK);
        spent_ms += cpu_ms() - began_ms;
        counting = false;
    }
    for (unsigned i = 0; i < CROWD; i++) {
        moved += clients[i].moved;
        bytes += clients[i].bytes;
    }
    print_message("%u web clients: %.2f ms CPU a tick, %.1f M deliveries a CPU second, %.0f bytes "
                  "each; %u allocations\n",
                  CROWD, spent_ms / TICKS,
                  (double)(CROWD - 1) * CROWD * TICKS / 2 / spent_ms * 1e3 / 1e6,
                  (double)bytes / ((double)(CROWD - 1) * CROWD * TICKS / 2),
                  (unsigned)(allocations - before));
    assert_int_equal(moved, (uint64_t)(CROWD / 60) * (CROWD - 1) * TICKS / 2);
    if (COUNTS_ALLOCATIONS)
        assert_int_equal(allocations, before);
    for (unsigned i = 0; i < CROWD; i++)
        webplayer_leave(clients[i].player);
    scene_free(scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_crowd),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
