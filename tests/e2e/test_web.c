/* test_web.c -- native and web players in one world: they see each other come, walk and go, and
 * hear each other. The web client is the test's own, of a few lines: a WebSocket that speaks
 * Engine.IO and Socket.IO by text (npm's real one is in tests/interop, where there is npm). */
#define _GNU_SOURCE /* memmem */
#include "stage.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define HEARD_BYTES (256 * 1024)

struct web {
    int fd;
    bool open; /* the handshake is answered */
    uint8_t in[HEARD_BYTES];
    size_t in_n;
    char heard[HEARD_BYTES]; /* packets, a line each */
    size_t heard_n;
    char id[64];
};

static struct web webs[2];

static void web_send(struct web *web, const char *text)
{
    uint8_t frame[1024] = {0x81};
    size_t n = strlen(text), head = n < 126 ? 2 : 4;

    assert_true(n + 8 < sizeof(frame));
    frame[1] = (uint8_t)(0x80 | (n < 126 ? n : 126));
    if (head == 4) {
        frame[2] = (uint8_t)(n >> 8);
        frame[3] = (uint8_t)n;
    }
    memcpy(frame + head + 4, text, n); /* masked with zeros */
    assert_int_equal(send(web->fd, frame, head + 4 + n, MSG_NOSIGNAL), (ssize_t)(head + 4 + n));
}

/* Bytes of the whole frame at the beginning of what came, its payload at *text. 0: it is not whole.
 */
static size_t web_frame(const struct web *web, const char **text, size_t *len_bytes)
{
    size_t head = 2;

    if (web->in_n < 4)
        return 0;
    assert_true(web->in[0] == 0x81 || web->in[0] == 0x88); /* text or close, whole, unmasked */
    *len_bytes = web->in[1];
    if (web->in[1] == 126) {
        *len_bytes = (size_t)web->in[2] << 8 | web->in[3];
        head = 4;
    }
    assert_int_not_equal(web->in[1], 127);
    *text = (const char *)web->in + head;
    return web->in_n < head + *len_bytes ? 0 : head + *len_bytes;
}

static void web_take(struct web *web)
{
    const char *text;
    size_t n, used;

    if (!web->open) {
        const char *end = memmem(web->in, web->in_n, "\r\n\r\n", 4);

        if (end == NULL)
            return;
        assert_memory_equal(web->in, "HTTP/1.1 101 ", 13);
        used = (size_t)(end + 4 - (const char *)web->in);
        memmove(web->in, web->in + used, web->in_n -= used);
        web->open = true;
    }
    while ((used = web_frame(web, &text, &n)) > 0) {
        assert_true(web->heard_n + n + 2 < sizeof(web->heard));
        if (web->in[0] == 0x88) { /* told as a line of its own, with the code in hex */
            web->heard_n +=
                (size_t)sprintf(web->heard + web->heard_n, "close %02x%02x %.*s", (uint8_t)text[0],
                                (uint8_t)text[1], (int)n - 2, text + 2);
        } else {
            memcpy(web->heard + web->heard_n, text, n);
            web->heard_n += n;
        }
        web->heard[web->heard_n++] = '\n';
        web->heard[web->heard_n] = '\0';
        if (n == 1 && text[0] == '2')
            web_send(web, "3");
        memmove(web->in, web->in + used, web->in_n -= used);
    }
}

/* What came for all of them. Always true, for UNTIL. */
static bool web_pump(void)
{
    for (unsigned i = 0; i < 2; i++) {
        struct web *web = &webs[i];
        ssize_t n;

        while (web->fd >= 0 &&
               (n = recv(web->fd, web->in + web->in_n, sizeof(web->in) - web->in_n, 0)) > 0) {
            web->in_n += (size_t)n;
            web_take(web);
        }
    }
    return true;
}

static bool web_heard(const struct web *web, const char *text)
{
    return strstr(web->heard, text) != NULL;
}

static void web_forget(struct web *web)
{
    web->heard_n = 0;
    web->heard[0] = '\0';
}

/* Connected, and nobody yet. */
static void web_connect(struct web *web)
{
    static const char ask[] = "GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: x\r\n"
                              "Connection: Upgrade\r\nUpgrade: websocket\r\n"
                              "Sec-WebSocket-Version: 13\r\nX-Forwarded-For: 203.0.113.9\r\n"
                              "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons(daemon_http_port(&server)),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    const char *sid;

    memset(web, 0, sizeof(*web));
    web->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(connect(web->fd, (struct sockaddr *)&address, sizeof(address)), 0);
    assert_int_equal(fcntl(web->fd, F_SETFL, O_NONBLOCK), 0);
    assert_int_equal(send(web->fd, ask, strlen(ask), MSG_NOSIGNAL), (ssize_t)strlen(ask));
    UNTIL(party, DEADLINE_MS, web_pump() && web_heard(web, "0{"));
    web_send(web, "40");
    UNTIL(party, DEADLINE_MS, web_pump() && web_heard(web, "40{\"sid\":\""));
    sid = strstr(web->heard, "40{\"sid\":\"") + strlen("40{\"sid\":\"");
    snprintf(web->id, sizeof(web->id), "%.*s", (int)strcspn(sid, "\""), sid);
}

/* A guest of that name, in the world. */
static void web_enter(struct web *web, const char *name)
{
    char join[256];

    web_connect(web);
    snprintf(join, sizeof(join), "421[\"player:join\",{\"username\":\"%s\"}]", name);
    web_send(web, join);
    UNTIL(party, DEADLINE_MS, web_pump() && web_heard(web, "431[{\"ok\":true}]"));
    UNTIL(party, DEADLINE_MS, web_pump() && web_heard(web, "42[\"game:state\","));
}

static void web_leave(struct web *web)
{
    close(web->fd);
    web->fd = -1;
}

/* The last place told of an id; false: none was. */
static bool web_place(const struct web *web, const char *id, double *x, double *z)
{
    char key[128];
    const char *at = web->heard, *last = NULL;
    double y;

    snprintf(key, sizeof(key), "{\"id\":\"%s\",", id);
    while ((at = strstr(at, key)) != NULL) {
        const char *place = strstr(at, "\"position\":"), *end = strchr(at, '}');

        if (place != NULL && place < end + 1)
            last = place;
        at++;
    }
    return last != NULL &&
           sscanf(last, "\"position\":{\"x\":%lf,\"y\":%lf,\"z\":%lf}", x, &y, z) == 3;
}

/* ---- what a native player sees ---- */

struct wanted {
    const char *name;
    struct replica_entity *found;
};

static bool is_named(void *context, struct replica_entity *entity)
{
    struct wanted *wanted = context;

    if (entity->named && strcmp(entity->name, wanted->name) == 0)
        wanted->found = entity;
    return wanted->found == NULL;
}

/* NULL: he sees nobody of that name. */
static struct replica_entity *named(struct player *viewer, const char *name)
{
    struct wanted wanted = {.name = name};

    replica_each(viewer->replica, is_named, &wanted);
    return wanted.found;
}

/* ---- tests ---- */

static int setup(void **state)
{
    webs[0].fd = webs[1].fd = -1;
    stage_set(state);
    daemon_start(&server, NULL);
    return 0;
}

static int teardown(void **state)
{
    for (unsigned i = 0; i < 2; i++)
        if (webs[i].fd >= 0)
            web_leave(&webs[i]);
    return stage_clear(state);
}

static bool is_at(const struct replica_entity *entity, double x, double z)
{
    return fabs(entity->pos.x / 4096.0 - x) < 0.5 && fabs(entity->pos.z / 4096.0 - z) < 0.5;
}

static void test_one_world(void **state)
{
    struct player *alice = player_new_account(party, &server, "alice");
    struct web *web = &webs[0], *other = &webs[1];
    char id[64], walk[160];
    const char *at;
    double x, z, goal_x, goal_z;
    uint64_t entity;

    (void)state;
    web_enter(web, "walter");
    /* each sees the other */
    assert_true(web_heard(web, "\"username\":\"alice\""));
    at = strstr(web->heard, "\"username\":\"alice\"");
    while (strncmp(at, "{\"id\":\"", 7) != 0)
        at--;
    snprintf(id, sizeof(id), "%.*s", (int)strcspn(at + 7, "\""), at + 7);
    assert_string_not_equal(id, web->id);
    UNTIL(party, DEADLINE_MS, web_pump() && named(alice, "walter") != NULL);
    entity = named(alice, "walter")->id;
    /* the native one walks */
    web_forget(web);
    player_walk(alice, 0x2000, MOVEMENT_WALK);
    UNTIL(party, DEADLINE_MS, web_pump() && web_heard(web, "42[\"player:moved\","));
    player_stand(alice);
    UNTIL(party, DEADLINE_MS, player_is_still(alice));
    UNTIL(party, DEADLINE_MS,
          web_pump() && web_place(web, id, &x, &z) && fabs(x - alice->self.pos.x / 4096.0) < 0.02 &&
              fabs(z - alice->self.pos.z / 4096.0) < 0.02);
    /* the web one walks */
    goal_x = named(alice, "walter")->pos.x / 4096.0 + 3;
    goal_z = named(alice, "walter")->pos.z / 4096.0 - 2;
    snprintf(walk, sizeof(walk), "42[\"player:move\",{\"x\":%.3f,\"y\":0,\"z\":%.3f}]", goal_x,
             goal_z);
    web_send(web, walk);
    UNTIL(party, DEADLINE_MS,
          web_pump() && is_at(replica_find(alice->replica, entity), goal_x, goal_z));
    /* another web client sees both, and the web one's every move by his id */
    web_enter(other, "wanda");
    assert_true(web_heard(other, "\"username\":\"alice\"") &&
                web_heard(other, "\"username\":\"walter\""));
    web_forget(other);
    snprintf(walk, sizeof(walk), "42[\"player:move\",{\"x\":%.3f,\"y\":0,\"z\":%.3f}]", goal_x - 2,
             goal_z);
    web_send(web, walk);
    UNTIL(party, DEADLINE_MS,
          web_pump() && web_place(other, web->id, &x, &z) && fabs(x - goal_x + 2) < 0.5);
    assert_false(web_place(web, web->id, &x, &z)); /* no echo */
    /* they talk */
    web_send(web, "42[\"chat:send\",{\"message\":\"from the web\"}]");
    UNTIL(party, DEADLINE_MS, web_pump() && player_heard(alice, "from the web"));
    UNTIL(party, DEADLINE_MS, web_pump() && web_heard(other, "\"message\":\"from the web\""));
    player_chat(alice, PROTOCOL_CHANNEL_GLOBAL, "from afar");
    UNTIL(party, DEADLINE_MS,
          web_pump() && web_heard(web, "\"username\":\"alice\",\"message\":\"from afar\""));
    /* they leave */
    web_forget(other);
    web_leave(web);
    UNTIL(party, DEADLINE_MS, web_pump() && replica_find(alice->replica, entity) == NULL);
    UNTIL(party, DEADLINE_MS, web_pump() && web_heard(other, "42[\"player:left\",{\"id\":\""));
    player_leave(alice);
    UNTIL(party, DEADLINE_MS, web_pump() && web_heard(other, id));
}

static void test_kicked(void **state)
{
    struct web *web = &webs[0];

    (void)state;
    web_enter(web, "walter");
    assert_non_null(
        daemon_ask(&server, "players.kick", "{\"name\":\"walter\",\"reason\":\"be nice\"}"));
    UNTIL(party, DEADLINE_MS,
          web_pump() && web_heard(web, "42[\"server:disconnect\",{\"reason\":"));
    UNTIL(party, DEADLINE_MS, web_pump() && web_heard(web, "\n41\n"));
    UNTIL(party, DEADLINE_MS, web_pump() && web_heard(web, "\nclose 03f0 ")); /* 1008 */
    assert_non_null(strstr(strstr(web->heard, "close 03f0 "), "be nice"));
}

/* An operator's word to one is no other's. */
static void test_told(void **state)
{
    struct web *web = &webs[0], *other = &webs[1];

    (void)state;
    web_enter(web, "walter");
    web_enter(other, "wanda");
    assert_non_null(daemon_ask(&server, "players.message",
                               "{\"name\":\"walter\",\"text\":\"a word with you\"}"));
    assert_non_null(daemon_ask(&server, "announce", "{\"text\":\"a word with all\"}"));
    UNTIL(party, DEADLINE_MS, web_pump() && web_heard(other, "a word with all"));
    UNTIL(party, DEADLINE_MS, web_pump() && web_heard(web, "a word with all"));
    assert_true(web_heard(web, "\"username\":\"server\",\"message\":\"a word with you\""));
    assert_false(web_heard(other, "a word with you"));
}

/* Who is connected and wants to join is told in the operator's words. */
static void test_maintenance(void **state)
{
    struct web *web = &webs[0];

    (void)state;
    web_enter(web, "walter");
    assert_non_null(daemon_ask(&server, "server.maintenance",
                               "{\"on\":true,\"text\":\"Back at noon\",\"kick\":true}"));
    UNTIL(party, DEADLINE_MS,
          web_pump() && web_heard(web, "42[\"server:disconnect\",{\"reason\":"));
    assert_true(web_heard(web, "Back at noon"));
    web_leave(web);
    web_connect(web);
    web_send(web, "421[\"player:join\",{\"username\":\"walter\"}]");
    UNTIL(party, DEADLINE_MS, web_pump() && web_heard(web, "431["));
    assert_non_null(strstr(strstr(web->heard, "431["), "Back at noon"));
}

/* What a stranger says of whom he speaks for is not believed; what a trusted proxy says is. */
static void test_address(void **state)
{
    struct web *web = &webs[0];
    bool trusted = strstr(*state, "trusted_proxies") != NULL;
    const char *list;

    web_enter(web, "walter");
    list = daemon_ask(&server, "players.list", "{}");
    assert_non_null(list);
    assert_non_null(strstr(list, "\"name\":\"walter\",\"kind\":\"web\",\"guest\":true"));
    assert_int_equal(strstr(list, "203.0.113.9") != NULL, trusted);
    assert_int_equal(strstr(list, "127.0.0.1") != NULL, !trusted);
}

int main(void)
{
    static const char guests[] = "[auth]\nguests = yes\n",
                      threads[] = "[auth]\nguests = yes\n[net]\nio_threads = 2\n",
                      proxied[] = "[auth]\nguests = yes\n[http]\ntrusted_proxies = 127.0.0.0/8\n",
                      none[] = "[auth]\nguests = yes\n[net]\nio_threads = 0\n";
    const struct CMUnitTest tests[] = {
        {"test_one_world", test_one_world, setup, teardown, (void *)(uintptr_t)guests},
        {"test_one_world_two_threads", test_one_world, setup, teardown, (void *)(uintptr_t)threads},
        {"test_one_world_no_thread", test_one_world, setup, teardown, (void *)(uintptr_t)none},
        {"test_maintenance", test_maintenance, setup, teardown, (void *)(uintptr_t)guests},
        {"test_address", test_address, setup, teardown, (void *)(uintptr_t)guests},
        {"test_address_proxied", test_address, setup, teardown, (void *)(uintptr_t)proxied},
        {"test_told", test_told, setup, teardown, (void *)(uintptr_t)guests},
        {"test_kicked", test_kicked, setup, teardown, (void *)(uintptr_t)guests},
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
