/* test_admin.c -- the operator's socket against a make-believe server: who may what, what is asked
 * and changed, subscriptions and slow readers. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <pwd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "admin/client.h"
#include "admin/door.h"
#include "admin/method.h"
#include "admin/roster.h"
#include "admin/subscription.h"
#include "common/clock.h"
#include "common/compiler.h"
#include "fake_host.h"

#define DEADLINE_MS 5000

static uint64_t now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

struct peer {
    int fd;
    size_t n;
    char in[4 * 1024 * 1024];
};

static struct peer *peer_new(void)
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

static void peer_free(struct peer *peer)
{
    close(peer->fd);
    free(peer);
    for (int i = 0; i < 5; i++)
        fake_host_turn();
}

static void peer_say(struct peer *peer, const char *bytes, size_t len_bytes)
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

static void peer_tell(struct peer *peer, const char *line)
{
    peer_say(peer, line, strlen(line));
}

/* The next line as JSON; NULL: the socket is closed. */
static json_t *peer_hear(struct peer *peer)
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
static json_t *ask(struct peer *peer, const char *method, const char *params)
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

static int code_of(json_t *answer)
{
    return (int)json_integer_value(json_object_get(json_object_get(answer, "error"), "code"));
}

static const char *message_of(json_t *answer)
{
    return json_string_value(json_object_get(json_object_get(answer, "error"), "message"));
}

static int setup(void **state)
{
    fake_host_start(5);
    *state = NULL;
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    fake_host_stop();
    return 0;
}

/* --- Roles. --- */

static void roles_are_decided_by_table(void **state)
{
    static const struct role_groups GROUPS = {{false, true, true, true}, {0, 11, 12, 13}};
    static const struct role_groups NO_GROUPS = {{false}, {0}};
    /* clang-format off */
    static const struct { uid_t uid; gid_t gids[3]; size_t n; enum role role; } CASES[] = {
        {0,    {0},          1, ROLE_ADMIN},
        {500,  {99},         1, ROLE_ADMIN}, /* the daemon's own uid */
        {1000, {1000},       1, ROLE_NONE},
        {1000, {0},          1, ROLE_NONE},  /* group root is no role */
        {1000, {1000, 11},   2, ROLE_VIEWER},
        {1000, {12},         1, ROLE_MODERATOR},
        {1000, {11, 13, 12}, 3, ROLE_ADMIN},
        {1000, {11, 12, 5},  3, ROLE_MODERATOR},
        {1000, {11, 12, 13}, 0, ROLE_NONE},
    };
    /* clang-format on */

    (void)state;
    for (size_t i = 0; i < ARRAY_N(CASES); i++)
        assert_int_equal(role_decide(CASES[i].uid, 500, CASES[i].gids, CASES[i].n, &GROUPS),
                         CASES[i].role);
    assert_int_equal(role_decide(1000, 500, (const gid_t[]){0, 11}, 2, &NO_GROUPS), ROLE_NONE);
}

struct deaf {
    struct jsonrpc_port port;
    int code;
};

static void deaf_call(void *context, struct jsonrpc_call *call)
{
    struct role_peer peer = {.uid = 1000, .name = "kim", .role = ROLE_NONE};

    (void)context;
    peer.role = (enum role)json_integer_value(json_object_get(jsonrpc_params(call), "as"));
    method_begin(NULL, NULL, &peer, call);
}

static void deaf_answer(void *context, const char *line, size_t len_bytes)
{
    struct deaf *deaf = context;
    json_t *answer = json_loadb(line, len_bytes, 0, NULL);

    deaf->code = code_of(answer);
    json_decref(answer);
}

/* Every method, every role: denied below the row's role; at or above it, the check of parameters is
 * reached ("as" is no parameter of any). */
static void every_method_asks_for_its_role(void **state)
{
    struct deaf deaf = {.port = {.call = deaf_call, .answer = deaf_answer, .context = &deaf}};
    const struct method *method;
    unsigned n = 0;

    (void)state;
    for (; (method = method_at(n)) != NULL; n++) {
        assert_true(method->role != ROLE_NONE);
        assert_true(!method->changes || method->role >= ROLE_MODERATOR);
        for (int role = ROLE_NONE; role <= ROLE_ADMIN; role++) {
            char line[256];

            snprintf(line, sizeof(line),
                     "{\"jsonrpc\":\"2.0\",\"method\":\"%s\",\"params\":{\"as\":%d},\"id\":1}",
                     method->name, role);
            jsonrpc_line(&deaf.port, line, strlen(line));
            assert_int_equal(deaf.code,
                             role < (int)method->role ? JSONRPC_DENIED : JSONRPC_BAD_PARAMS);
        }
    }
    assert_true(n >= 15);
}

/* In a child: become nobody, connect, hear the refusal and the end. The exit status says how far.
 */
static int be_a_stranger(void)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    char said[1024] = "";
    size_t n = 0;
    ssize_t got;
    int fd;

    if (setgroups(0, NULL) != 0 || setresgid(65534, 65534, 65534) != 0 ||
        setresuid(65534, 65534, 65534) != 0)
        return 1;
    strcpy(address.sun_path, fake_host.path);
    fd = socket(AF_UNIX, SOCK_STREAM, 0);
    if (connect(fd, (struct sockaddr *)&address, sizeof(address)) != 0)
        return 2;
    while ((got = read(fd, said + n, sizeof(said) - 1 - n)) > 0)
        n += (size_t)got;
    return strstr(said, "-32001") != NULL && strstr(said, "has no role here") != NULL ? 0 : 3;
}

/* As root: a stranger by the kernel's word is told why and hung up on, before a line is read. */
static void a_stranger_is_refused(void **state)
{
    uint64_t end_ms = now_ms() + DEADLINE_MS;
    int status = -1;
    pid_t child;

    (void)state;
    if (geteuid() != 0) {
        print_message("skipped: only root can be somebody else\n");
        skip();
    }
    child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        alarm(DEADLINE_MS / 1000);
        _exit(be_a_stranger());
    }
    while (waitpid(child, &status, WNOHANG) == 0) {
        assert_true(now_ms() < end_ms);
        fake_host_turn();
    }
    assert_int_equal(status, 0);
    assert_int_equal(metrics_value(METRIC_ADMIN_CLIENTS), 0);
}

/* --- Names. --- */

/* In the place of libc's: what the machine's directory of users says, when it answers at all. */
static _Atomic bool directory_hangs;

int getpwuid_r(uid_t uid, struct passwd *entry, char *room, size_t room_bytes,
               struct passwd **found)
{
    const struct timespec pause = {0, 5000000};

    while (directory_hangs)
        nanosleep(&pause, NULL);
    snprintf(room, room_bytes, "user%u", (unsigned)uid);
    memset(entry, 0, sizeof(*entry));
    entry->pw_name = room;
    *found = entry;
    return 0;
}

static void expect_name(struct peer *peer, const char *name)
{
    json_t *answer = ask(peer, "rpc.discover", "{}");

    assert_string_equal(json_string_value(json_object_get(
                            json_object_get(json_object_get(answer, "result"), "you"), "name")),
                        name);
    json_decref(answer);
}

/* Who connects waits for his name for a second and goes by his number then; nobody else waits, and
 * neither does the end. */
static void a_directory_that_hangs_holds_up_nobody_else(void **state)
{
    struct peer *there = peer_new(), *late;
    uint64_t begun_ms;
    char name[32];

    (void)state;
    snprintf(name, sizeof(name), "user%u", (unsigned)geteuid());
    expect_name(there, name);
    directory_hangs = true;
    late = peer_new();
    begun_ms = now_ms();
    for (unsigned i = 0; i < 20; i++)
        expect_name(there, name);
    assert_true(now_ms() - begun_ms < DOOR_WAIT_MS);
    expect_name(late, name + strlen("user"));
    assert_in_range(now_ms() - begun_ms, DOOR_WAIT_MS - 50, DEADLINE_MS);
    begun_ms = now_ms();
    fake_host_stop();
    assert_true(now_ms() - begun_ms < DOOR_WAIT_MS);
    fake_host_start(5);
    directory_hangs = false;
    peer_free(late);
    peer_free(there);
    there = peer_new();
    expect_name(there, name);
    peer_free(there);
}

/* --- The socket. --- */

static void the_socket_is_open_to_all(void **state)
{
    char directory[108];
    struct stat at;

    (void)state;
    assert_int_equal(stat(fake_host.path, &at), 0);
    assert_int_equal(at.st_mode & 07777, 0666);
    snprintf(directory, sizeof(directory), "%s", fake_host.path);
    *strrchr(directory, '/') = '\0';
    assert_int_equal(stat(directory, &at), 0);
    assert_int_equal(at.st_mode & 07777, 0755);
}

static void a_second_daemon_is_refused_a_dead_ones_file_is_not(void **state)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    struct admin_config config = {.base = fake_host.base, .field = fake_host.field};
    char path[108];
    struct error error = {""};
    struct admin *second;
    int fd = socket(AF_UNIX, SOCK_STREAM, 0), bound;

    (void)state;
    assert_int_equal(admin_bind(fake_host.path, &error), -1);
    assert_non_null(strstr(error.text, "another daemon answers"));
    /* The first one is unharmed. */
    peer_free(peer_new());

    snprintf(path, sizeof(path), "%.90s.dead", fake_host.path);
    strcpy(address.sun_path, path);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
    close(fd); /* the file stays, nobody answers */
    config.path = path;
    config.socket = &bound;
    bound = admin_bind(path, &error);
    assert_true(bound >= 0);
    second = admin_new(&config, &error);
    assert_non_null(second);
    admin_free(second);
    assert_int_equal(access(path, F_OK), -1);

    fd = open(path, O_CREAT | O_WRONLY, 0600);
    assert_true(fd >= 0);
    close(fd);
    assert_int_equal(admin_bind(path, &error), -1);
    assert_non_null(strstr(error.text, "it is no socket"));
    assert_int_equal(unlink(path), 0);
}

static void a_line_too_long_is_refused_and_closed(void **state)
{
    size_t len_bytes = 100 * 1024 * 1024 / 64;
    char *line = malloc(len_bytes);
    struct peer *peer = peer_new();
    json_t *answer;

    (void)state;
    assert_non_null(line);
    memset(line, ' ', len_bytes);
    peer_say(peer, line, len_bytes);
    answer = peer_hear(peer);
    assert_int_equal(code_of(answer), JSONRPC_BAD_REQUEST);
    json_decref(answer);
    assert_null(peer_hear(peer));
    peer_free(peer);
    /* One byte less than too long is fine. */
    peer = peer_new();
    memset(line, ' ', JSONRPC_LINE_MAX);
    line[JSONRPC_LINE_MAX] = '\n';
    peer_say(peer, line, JSONRPC_LINE_MAX + 1);
    answer = peer_hear(peer);
    assert_int_equal(code_of(answer), JSONRPC_BAD_JSON);
    json_decref(answer);
    answer = ask(peer, "server.status", "{}");
    assert_non_null(json_object_get(answer, "result"));
    json_decref(answer);
    peer_free(peer);
    free(line);
}

static void who_stops_sending_is_still_answered(void **state)
{
    struct peer *peer = peer_new();
    json_t *answer;

    (void)state;
    peer_tell(peer, "{\"jsonrpc\":\"2.0\",\"method\":\"server.save\",\"id\":1}\n");
    shutdown(peer->fd, SHUT_WR);
    for (uint64_t end_ms = now_ms() + DEADLINE_MS; fake_host.saved == NULL;) {
        assert_true(now_ms() < end_ms);
        fake_host_turn();
    }
    for (int i = 0; i < 5; i++)
        fake_host_turn();
    fake_host.saved(fake_host.saved_context, 0);
    answer = peer_hear(peer);
    assert_non_null(json_object_get(answer, "result"));
    json_decref(answer);
    assert_null(peer_hear(peer));
    peer_free(peer);
}

static void who_leaves_while_an_answer_is_owed_harms_nobody(void **state)
{
    struct peer *peer = peer_new();

    (void)state;
    peer_tell(peer, "{\"jsonrpc\":\"2.0\",\"method\":\"server.save\",\"id\":1}\n");
    for (uint64_t end_ms = now_ms() + DEADLINE_MS; fake_host.saved == NULL;) {
        assert_true(now_ms() < end_ms);
        fake_host_turn();
    }
    peer_free(peer);
    fake_host.saved(fake_host.saved_context, 0);
}

/* --- Methods. --- */

static void bad_parameters_are_named(void **state)
{
    /* clang-format off */
    static const struct { const char *method, *params, *say; int code; } CASES[] = {
        {"players.list", "{\"sort\":\"shoe size\"}", "sort must be one of: name, address",   JSONRPC_BAD_PARAMS},
        {"players.list", "{\"limit\":0}",            "limit must be a whole number from 1",  JSONRPC_BAD_PARAMS},
        {"players.list", "{\"limit\":\"5\"}",        "limit must be a whole number",         JSONRPC_BAD_PARAMS},
        {"players.list", "{\"limit\":1.5}",          "limit must be a whole number",         JSONRPC_BAD_PARAMS},
        {"players.list", "{\"descending\":1}",       "descending must be true or false",     JSONRPC_BAD_PARAMS},
        {"players.list", "{\"nonsense\":1}",         "there is no parameter nonsense",       JSONRPC_BAD_PARAMS},
        {"players.list", "[1]",                      "by name",                              JSONRPC_BAD_PARAMS},
        {"players.kick", "{\"name\":\"\"}",          "name must be a text of 1 to 200",      JSONRPC_BAD_PARAMS},
        {"players.kick", "{\"session\":-1}",         "session must be a number",             JSONRPC_BAD_PARAMS},
        {"players.kick", "{\"session\":\"12x\"}",    "session must be a number",             JSONRPC_BAD_PARAMS},
        {"players.kick", "{}",                       "by name or by session",                JSONRPC_BAD_PARAMS},
        {"players.kick", "{\"name\":\"nobody\"}",    "nobody by the name of nobody",         JSONRPC_FAILED},
        {"players.kick", "{\"session\":1}",          "there is no session 1",                JSONRPC_FAILED},
        {"players.kick", "{\"name\":\"anna\",\"reason\":\"a\\u0007b\"}", "reason:",          JSONRPC_BAD_PARAMS},
        {"players.teleport", "{\"name\":\"anna\",\"x\":1}", "z is missing",                      JSONRPC_BAD_PARAMS},
        {"players.teleport", "{\"name\":\"anna\",\"x\":1,\"z\":0.5}", "z must be a whole number", JSONRPC_BAD_PARAMS},
        {"players.teleport", "{\"name\":\"anna\",\"x\":512001,\"z\":0}", "x must be",             JSONRPC_BAD_PARAMS},
        {"players.teleport", "{\"x\":1,\"z\":1}",    "by name or by session",                JSONRPC_BAD_PARAMS},
        {"players.teleport", "{\"everyone\":true,\"name\":\"anna\",\"x\":1,\"z\":1}", "not both", JSONRPC_BAD_PARAMS},
        {"players.teleport", "{\"name\":\"anna\",\"spread\":5,\"x\":1,\"z\":1}", "for everyone", JSONRPC_BAD_PARAMS},
        {"players.teleport", "{\"name\":\"nobody\",\"x\":1,\"z\":1}", "nobody by the name of nobody", JSONRPC_FAILED},
        {"players.summon", "{\"name\":\"anna\"}",    "to is missing",                        JSONRPC_BAD_PARAMS},
        {"players.summon", "{\"name\":\"anna\",\"to\":\"nobody\"}", "nobody by the name of nobody", JSONRPC_FAILED},
        {"players.message", "{\"name\":\"anna\"}",   "text is missing",                      JSONRPC_BAD_PARAMS},
        {"players.message", "{\"text\":\"hi\"}",     "by name or by session",                JSONRPC_BAD_PARAMS},
        {"players.message", "{\"name\":\"anna\",\"text\":\"\\u202e\"}", "text: ",          JSONRPC_BAD_PARAMS},
        {"players.message", "{\"name\":\"nobody\",\"text\":\"hi\"}", "nobody by the name of nobody", JSONRPC_FAILED},
        {"announce",     "{}",                       "text is missing",                      JSONRPC_BAD_PARAMS},
        {"announce",     "{\"text\":\"\\u001b[31m\"}", "text: ",                             JSONRPC_BAD_PARAMS},
        {"subscribe",    "{\"topic\":\"weather\"}",  "no such topic",                        JSONRPC_BAD_PARAMS},
        {"subscribe",    "{\"topic\":\"log\",\"params\":{\"level\":\"loud\"}}", "level must be", JSONRPC_BAD_PARAMS},
        {"subscribe",    "{\"topic\":\"log\",\"interval_ms\":1}", "interval_ms must be",     JSONRPC_BAD_PARAMS},
        {"unsubscribe",  "{\"subscription\":7}",     "there is no subscription 7",           JSONRPC_FAILED},
        {"players.lisst", "{}",                      "did you mean players.list?",           JSONRPC_NO_METHOD},
        {"frobnicate",   "{}",                       "there is no method frobnicate",        JSONRPC_NO_METHOD},
    };
    /* clang-format on */
    struct peer *peer = peer_new();

    (void)state;
    for (size_t i = 0; i < ARRAY_N(CASES); i++) {
        json_t *answer = ask(peer, CASES[i].method, CASES[i].params);

        if (code_of(answer) != CASES[i].code || strstr(message_of(answer), CASES[i].say) == NULL)
            fail_msg("case %zu: %d %s", i, code_of(answer), message_of(answer));
        json_decref(answer);
    }
    assert_int_equal(fake_host.kicks, 0);
    assert_int_equal(fake_host.teleports, 0);
    assert_string_equal(fake_host.announced, "");
    peer_free(peer);
}

static json_t *result(struct peer *peer, const char *method, const char *params)
{
    json_t *answer = ask(peer, method, params);
    json_t *value = json_incref(json_object_get(answer, "result"));

    if (value == NULL)
        fail_msg("%s: %s", method, message_of(answer));
    json_decref(answer);
    return value;
}

static void status_says_all(void **state)
{
    struct peer *peer = peer_new();
    json_t *status;
    const char *name, *driver;
    json_int_t here, uptime_s, budget_us, clients;

    (void)state;
    metrics_observe(METRIC_TICK_US, 3000);
    status = result(peer, "server.status", "{}");
    assert_int_equal(json_unpack(status, "{s:s, s:I, s:{s:I}, s:{s:I}, s:{s:s}, s:{s:I}}", "name",
                                 &name, "uptime_s", &uptime_s, "players", "here", &here, "tick",
                                 "budget_us", &budget_us, "store", "driver", &driver, "admin",
                                 "clients", &clients),
                     0);
    assert_string_equal(name, "Fake");
    assert_string_equal(driver, "sqlite");
    assert_int_equal(here, 5);
    assert_in_range(uptime_s, 3660, 3670);
    assert_int_equal(budget_us, 50000);
    assert_int_equal(clients, 1);
    json_decref(status);
    peer_free(peer);
}

static void players_are_sorted_filtered_and_cut(void **state)
{
    /* clang-format off */
    static const struct { const char *params, *names; json_int_t matched; } CASES[] = {
        {"{}", "anna Bjorn walker0003 walker0004 \xe6\x9d\x8e\xe5\xb0\x8f\xe9\xbe\x99 ", 5},
        {"{\"sort\":\"in\",\"descending\":true,\"limit\":2}", "walker0004 walker0003 ", 5},
        {"{\"sort\":\"in\",\"limit\":2,\"offset\":1}", "Bjorn \xe6\x9d\x8e\xe5\xb0\x8f\xe9\xbe\x99 ", 5},
        {"{\"sort\":\"cost\",\"descending\":true,\"limit\":2}", "walker0003 Bjorn ", 5},
        {"{\"filter\":\"WALK\"}", "walker0003 walker0004 ", 2},
        {"{\"filter\":\"192.0.2.1:\"}", "Bjorn ", 1},
        {"{\"filter\":\"x\"}", "", 0},
        {"{\"filter\":\"walk 0004\"}", "walker0004 ", 1},
        {"{\"filter\":\"walk rtt>110\"}", "walker0003 walker0004 ", 2},
        {"{\"filter\":\"rtt>111.5 rtt<150\"}", "walker0004 ", 1},
        {"{\"filter\":\"RTT<1\"}", "anna ", 1},
        {"{\"filter\":\"shift=2\"}", "\xe6\x9d\x8e\xe5\xb0\x8f\xe9\xbe\x99 ", 1},
        {"{\"filter\":\"cpu>1.6 out>14\"}", "Bjorn walker0003 \xe6\x9d\x8e\xe5\xb0\x8f\xe9\xbe\x99 ", 3},
        {"{\"filter\":\"kind=web\"}", "", 0},
        {"{\"filter\":\"kind=native is=gues\", \"limit\":1}", "anna ", 5}, /* not finished: no condition yet */
        {"{\"filter\":\"rtt> in<\", \"limit\":1}", "anna ", 5},
        {"{\"filter\":\"is=away\"}", "", 0},
        {"{\"filter\":\"size>3\"}", "", 0}, /* no figure: a part of no name */
        {"{\"sort\":\"cost_us_per_s\",\"descending\":true,\"limit\":2}", "walker0003 \xe6\x9d\x8e\xe5\xb0\x8f\xe9\xbe\x99 ", 5},
        {"{\"sort\":\"out_per_s\",\"limit\":1}", "anna ", 5},
        {"{\"offset\":5}", "", 5},
    };
    /* clang-format on */
    struct peer *peer = peer_new();

    (void)state;
    for (size_t i = 0; i < ARRAY_N(CASES); i++) {
        json_t *list = result(peer, "players.list", CASES[i].params), *player;
        char names[256] = "";
        size_t at;

        json_array_foreach(json_object_get(list, "players"), at, player)
        {
            strcat(names, json_string_value(json_object_get(player, "name")));
            strcat(names, " ");
        }
        assert_string_equal(names, CASES[i].names);
        assert_int_equal(json_integer_value(json_object_get(list, "matched")), CASES[i].matched);
        json_decref(list);
    }
    peer_free(peer);
}

/* Who asks for the same a moment later is given the same; who asks for another list, later, or
 * after something was changed is not. */
static void a_list_is_made_once_for_all_who_look(void **state)
{
    struct roster roster = {0};
    struct roster_order order = {NULL, "in", false};
    size_t n;

    (void)state;
    assert_int_equal(roster_rows(&roster, NULL, &order, 1000, &n)[0].figures.bytes_in, 0);
    assert_int_equal(n, 5);
    fake_host_players(6);
    roster_rows(&roster, NULL, &order, 1000 + ROSTER_KEPT_MS - 1, &n);
    assert_int_equal(n, 5);
    roster_rows(&roster, NULL, &order, 1000 + ROSTER_KEPT_MS, &n);
    assert_int_equal(n, 6);
    fake_host_players(5);
    roster_expire(&roster);
    roster_rows(&roster, NULL, &order, 1000 + ROSTER_KEPT_MS, &n);
    assert_int_equal(n, 5);
    order.descending = true;
    assert_int_equal(
        roster_rows(&roster, NULL, &order, 1001 + ROSTER_KEPT_MS, &n)[0].figures.bytes_in, 4000);
    order.filter = "walk";
    roster_rows(&roster, NULL, &order, 1001 + ROSTER_KEPT_MS, &n);
    assert_int_equal(n, 2);
    roster_fini(&roster);
}

/* What an operator just did, he sees. */
static void what_was_done_is_seen_at_once(void **state)
{
    struct peer *peer = peer_new();

    (void)state;
    for (json_int_t left = 5; left > 3; left--) {
        json_t *list = result(peer, "players.list", "{}");

        assert_int_equal(json_integer_value(json_object_get(list, "matched")), left);
        json_decref(list);
        json_decref(result(peer, "players.kick",
                           left == 5 ? "{\"name\":\"anna\"}" : "{\"name\":\"Bjorn\"}"));
    }
    peer_free(peer);
}

/* The rungs as they are, and the overview of them in server.status. */
static void the_ladder_is_shown(void **state)
{
    struct ladder_facts facts = {.threads_n = 1, .floor_max = 4, .tempo_permille = 400};
    struct ladder_acts acts;
    struct peer *peer = peer_new();
    json_t *value = result(peer, "server.ladder", "{}"), *rungs, *status;

    (void)state;
    assert_int_equal(json_integer_value(json_object_get(value, "rung")), 0);
    assert_string_equal(json_string_value(json_object_get(value, "words")), "all is well");
    json_decref(value);
    ladder_look(&fake_host.ladder, &facts, 1700000000000, &acts);
    value = result(peer, "server.ladder", "{}");
    rungs = json_object_get(value, "rungs");
    assert_int_equal(json_array_size(rungs), 5);
    assert_true(json_is_true(json_object_get(json_array_get(rungs, 4), "active")));
    assert_false(json_is_true(json_object_get(json_array_get(rungs, 3), "active")));
    assert_int_equal(json_integer_value(json_object_get(value, "rung")), 5);
    assert_int_equal(json_integer_value(json_object_get(value, "since_ms")), 1700000000000);
    assert_string_equal(json_string_value(json_object_get(value, "words")),
                        "the world runs at 40 %, for the simulation's step");
    json_decref(value);
    status = result(peer, "server.status", "{}");
    assert_int_equal(json_integer_value(json_object_get(json_object_get(status, "ladder"), "rung")),
                     5);
    json_decref(status);
    peer_free(peer);
}

/* Active ones, the gravest first, then what is over; all rules; how many in server.status. */
static void the_alerts_are_shown(void **state)
{
    struct alerts_facts facts = {.tempo_permille = 1000,
                                 .certificate_s = 5 * 86400,
                                 .memory_free_permille = 500,
                                 .disk_free_permille = 7,
                                 .journal_stopped = true};
    struct peer *peer = peer_new();
    json_t *value, *row, *status;

    (void)state;
    for (unsigned i = 1; i <= 30; i++) {
        facts.now_ms = i * UINT64_C(1000);
        facts.wall_ms = 1700000000000 + facts.now_ms;
        facts.ticks += 20;
        facts.journal_stopped = i < 20;
        alerts_look(&fake_host.alerts, &facts);
    }
    value = result(peer, "alerts.list", "{\"recent\":5}");
    assert_int_equal(json_array_size(json_object_get(value, "active")), 2);
    row = json_array_get(json_object_get(value, "active"), 0);
    assert_string_equal(json_string_value(json_object_get(row, "alert")), "DiskShort");
    assert_string_equal(json_string_value(json_object_get(row, "severity")), "page");
    assert_string_equal(json_string_value(json_object_get(row, "words")),
                        "0.7 % of the state directory's disk is free");
    assert_string_equal(json_string_value(json_object_get(row, "advice")),
                        "make room before nothing can be saved");
    assert_true(json_real_value(json_object_get(row, "value")) == 0.7);
    assert_true(json_real_value(json_object_get(row, "threshold")) == 5);
    assert_int_equal(json_integer_value(json_object_get(row, "since_ms")), 1700000011000);
    row = json_array_get(json_object_get(value, "active"), 1);
    assert_string_equal(json_string_value(json_object_get(row, "alert")), "CertificateExpiring");
    row = json_array_get(json_object_get(value, "recent"), 0);
    assert_string_equal(json_string_value(json_object_get(row, "alert")), "JournalStopped");
    assert_int_equal(json_integer_value(json_object_get(row, "since_ms")), 1700000001000);
    assert_int_equal(json_integer_value(json_object_get(row, "cleared_ms")), 1700000020000);
    json_decref(value);
    value = result(peer, "alerts.list", "{\"recent\":0}");
    assert_int_equal(json_array_size(json_object_get(value, "recent")), 0);
    json_decref(value);
    value = result(peer, "alerts.rules", "{}");
    row = json_array_get(json_object_get(value, "rules"), 8);
    assert_string_equal(json_string_value(json_object_get(row, "alert")), "StoreAway");
    assert_int_equal(json_integer_value(json_object_get(row, "raise_s")), 5);
    json_decref(value);
    status = result(peer, "server.status", "{}");
    row = json_object_get(status, "alerts");
    assert_int_equal(json_integer_value(json_object_get(row, "active")), 2);
    assert_int_equal(json_integer_value(json_object_get(row, "page")), 1);
    json_decref(status);
    peer_free(peer);
}

static void the_worst_are_shown(void **state)
{
    static const struct worst_record tick = {.kind = WORST_TICK,
                                             .tick = 77,
                                             .at_ms = 1000,
                                             .real_us = 36000,
                                             .cpu_us = 35000,
                                             .of.tick = {.step_us = 31000, .commands = 812}};
    static const struct worst_record sweep = {.kind = WORST_SWEEP,
                                              .thread = 0,
                                              .at_ms = 1000,
                                              .real_us = 9000,
                                              .cpu_us = 8500,
                                              .of.sweep = {.sessions = 700, .blocks = 5000}};
    struct peer *peer = peer_new();
    json_t *value, *row;

    (void)state;
    worst_note(fake_host.worst, 0, &tick);
    worst_note(fake_host.worst, 1, &sweep);
    worst_take(fake_host.worst, 1000);
    value = result(peer, "server.worst", "{}");
    row = json_array_get(json_object_get(value, "ticks"), 0);
    assert_int_equal(json_integer_value(json_object_get(row, "tick")), 77);
    assert_int_equal(json_integer_value(json_object_get(row, "step_us")), 31000);
    assert_non_null(strstr(json_string_value(json_object_get(row, "cause")), "the step took 31.0"));
    row = json_array_get(json_object_get(value, "sweeps"), 0);
    assert_int_equal(json_integer_value(json_object_get(row, "sessions")), 700);
    assert_non_null(strstr(json_string_value(json_object_get(row, "cause")), "700 players"));
    json_decref(value);
    value = result(peer, "server.profile", "{}");
    assert_non_null(
        strstr(json_string_value(json_object_get(json_object_get(value, "worst"), "cause")),
               "the step took 31.0"));
    json_decref(value);
    peer_free(peer);
}

static json_t *named(json_t *list, const char *name)
{
    json_t *row;
    size_t i;

    json_array_foreach(list, i, row)
    {
        if (strcmp(json_string_value(json_object_get(row, "name")), name) == 0)
            return row;
    }
    fail_msg("there is no %s", name);
    return NULL;
}

static json_int_t number_of(json_t *object, const char *member)
{
    return json_integer_value(json_object_get(object, member));
}

/* Two seconds pass as the desk's clock sees them; in the later one ticks and sweeps are long. */
static void the_profile_is_of_its_window(void **state)
{
    static struct samples samples;
    struct metrics_histogram window;

    (void)state;
    memset(&samples, 0, sizeof(samples));
    assert_int_equal(samples_init(&samples, 2), 0);
    metrics_member(METRIC_GROUP_SWEEP_THREAD_US, 1, "thread=\"1\"");
    metrics_member_observe(METRIC_GROUP_SWEEP_THREAD_US, 1, 900000);
    metrics_observe(METRIC_TICK_STEP_US, 900000);
    samples_take(&samples, 1000, 5000);
    metrics_set(METRIC_PLAYERS, 7);
    for (int i = 0; i < 20; i++) {
        metrics_observe(METRIC_TICK_STEP_US, 3000);
        metrics_member_observe(METRIC_GROUP_SWEEP_THREAD_US, 1, 100);
    }
    samples_take(&samples, 2000, 6000);
    metrics_set(METRIC_PLAYERS, 3);
    metrics_observe(METRIC_TICK_STEP_US, 40000);
    metrics_add(METRIC_TICKS_OVER_BUDGET, 2);
    samples_take(&samples, 3000, 7000);
    assert_int_equal(samples_window(&samples, SAMPLES_STEP, 60, &window), 2000);
    assert_int_equal(window.count, 21); /* and not what was before the first sample */
    assert_int_equal(window.sum_us, 100000);
    assert_int_equal(samples_times_of(&window).max_us, 65536);
    assert_int_equal(samples_window(&samples, SAMPLES_STEP, 1, &window), 1000);
    assert_int_equal(window.count, 1);
    assert_int_equal(samples_window_of_thread(&samples, 1, 10, &window), 2000);
    assert_int_equal(window.count, 20);
    assert_int_equal(samples_times_of(&window).max_us, 128);
    samples_window_of_thread(&samples, 0, 10, &window);
    assert_int_equal(window.count, 0);
    assert_int_equal(samples_counted(&samples, SAMPLES_OVER_BUDGET, 10), 2);
    assert_int_equal(samples.peak, 7);
    assert_int_equal(samples.peak_at_ms, 6000);
    assert_null(samples_minute(&samples, 0));
    for (uint64_t ms = 4000; ms <= 121000; ms += 1000)
        samples_take(&samples, ms, ms + 4000);
    assert_int_equal(samples_minute(&samples, 1)->players_max, 7);
    assert_int_equal(samples_minute(&samples, 0)->players_max, 3);
    assert_null(samples_minute(&samples, 2));
    metrics_set(METRIC_PLAYERS, 0);
    samples_fini(&samples);
}

static void the_profile_is_shown(void **state)
{
    struct peer *peer = peer_new();
    json_t *value, *step, *thread;

    (void)state;
    metrics_observe(METRIC_TICK_STEP_US, 20000);
    value = result(peer, "server.profile", "{\"seconds\":10}");
    assert_int_equal(number_of(value, "budget_us"), 50000);
    assert_int_equal(json_array_size(json_object_get(value, "bounds_us")), METRICS_BUCKETS - 1);
    step = named(json_object_get(value, "times"), "step");
    assert_non_null(json_object_get(step, "buckets"));
    assert_non_null(named(json_object_get(value, "times"), "real"));
    assert_int_equal(json_array_size(json_object_get(value, "threads")), 2);
    assert_true(json_is_null(json_object_get(value, "worst")));
    thread = json_array_get(json_object_get(value, "threads"), 1);
    assert_int_equal(number_of(thread, "sessions"), 4);
    assert_int_equal(number_of(thread, "busy_permille"), 120);
    assert_int_equal(number_of(thread, "floor"), 1);
    json_decref(value);
    value = result(peer, "metrics.history", "{\"span\":\"hour\"}");
    assert_int_equal(number_of(value, "interval_ms"), 60000);
    assert_int_equal(json_array_size(json_object_get(value, "players")), 0); /* none is over */
    json_decref(value);
    peer_free(peer);
}

/* -- addresses -- */

static void tally_of(uint32_t host, enum tally_count count, uint64_t n)
{
    struct sockaddr_in in = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(host)};

    tally_add(fake_host.tally, (struct sockaddr *)&in, count, n, clock_steady_ms());
}

/* The networks of an answer, one behind the other. */
static const char *networks(struct peer *peer, const char *params)
{
    static char text[1024];
    json_t *value = result(peer, "network.addresses", params), *row;
    size_t i;

    text[0] = '\0';
    json_array_foreach(json_object_get(value, "addresses"), i, row)
    {
        strcat(text, json_string_value(json_object_get(row, "network")));
        strcat(text, " ");
    }
    json_decref(value);
    return text;
}

static void addresses_are_sorted_filtered_and_cut(void **state)
{
    struct peer *peer = peer_new();
    json_t *value, *row;

    (void)state;
    tally_of(0xc0000201, TALLY_LOGIN_FAILED, 3);
    tally_of(0xc0000202, TALLY_LOGIN_FAILED, 61);
    tally_of(0xc0000203, TALLY_BYTES_IN, 5000);
    tally_of(0xc6336401, TALLY_REFUSED, 40);
    assert_string_equal(networks(peer, "{}"), "192.0.2.2 198.51.100.1 192.0.2.1 192.0.2.3 ");
    assert_string_equal(networks(peer, "{\"sort\":\"failures\",\"limit\":1}"), "192.0.2.2 ");
    assert_string_equal(networks(peer, "{\"sort\":\"in\",\"limit\":1}"), "192.0.2.3 ");
    assert_string_equal(networks(peer, "{\"filter\":\"192.0\",\"descending\":false}"),
                        "192.0.2.3 192.0.2.1 192.0.2.2 ");
    assert_string_equal(networks(peer, "{\"filter\":\"203\"}"), "");
    for (uint32_t i = 0; i < 600; i++)
        tally_of(0x0a000000 + i, TALLY_LIMITED, 100 + i);
    value = result(peer, "network.addresses", "{\"sort\":\"limited\",\"limit\":500}");
    assert_int_equal(json_array_size(json_object_get(value, "addresses")), 500);
    assert_int_equal(json_integer_value(json_object_get(value, "known")), 604);
    for (size_t i = 0; i < 500; i++) {
        row = json_array_get(json_object_get(value, "addresses"), i);
        assert_int_equal(json_integer_value(json_object_get(row, "limited")), 699 - i);
        assert_string_equal(json_string_value(json_object_get(row, "state")), "ok");
    }
    json_decref(value);
    peer_free(peer);
}

/* Who looks at the same at once is told the same, until a moment is over or something was changed.
 */
static void what_was_told_is_told_again_for_a_moment(void **state)
{
    struct peer *peer = peer_new();
    uint64_t end_ms = now_ms() + DEADLINE_MS;

    (void)state;
    tally_of(0xc0000201, TALLY_LOGIN_FAILED, 3);
    assert_string_equal(networks(peer, "{}"), "192.0.2.1 ");
    tally_of(0xc0000202, TALLY_LOGIN_FAILED, 1);
    assert_string_equal(networks(peer, "{\"limit\":7}"), "192.0.2.1 192.0.2.2 "); /* another */
    while (strcmp(networks(peer, "{}"), "192.0.2.1 192.0.2.2 ") != 0)
        assert_true(now_ms() < end_ms);
    tally_of(0xc0000203, TALLY_LOGIN_FAILED, 2);
    json_decref(ask(peer, "announce", "{\"text\":\"a change\"}"));
    assert_string_equal(networks(peer, "{}"), "192.0.2.1 192.0.2.3 192.0.2.2 ");
    peer_free(peer);
}

static void who_is_held_back_is_shown_with_the_reason(void **state)
{
    struct sockaddr_in in = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(0xc0000207)};
    struct peer *peer = peer_new();
    uint64_t now = clock_steady_ms();
    json_t *value, *row;

    (void)state;
    tally_of(0xc0000201, TALLY_LOGIN_FAILED, 3); /* that is no lock yet */
    tally_of(0xc0000207, TALLY_REFUSED, 12);
    tally_block(fake_host.tally, (struct sockaddr *)&in, TALLY_CROWDED, now + 60000, now);
    value = result(peer, "network.blocked", "{}");
    assert_int_equal(json_integer_value(json_object_get(value, "matched")), 1);
    row = json_array_get(json_object_get(value, "addresses"), 0);
    assert_string_equal(json_string_value(json_object_get(row, "network")), "192.0.2.7");
    assert_string_equal(json_string_value(json_object_get(row, "state")), "conn-capped");
    assert_true(json_integer_value(json_object_get(row, "until_ms")) > 0);
    assert_int_equal(json_integer_value(json_object_get(row, "hits")), 12);
    json_decref(value);
    value = result(peer, "network.show", "{\"network\":\"192.0.2.0/24\"}");
    assert_int_equal(json_integer_value(json_object_get(value, "addresses")), 2);
    assert_int_equal(json_integer_value(json_object_get(value, "hits")), 15);
    assert_int_equal(json_array_size(json_object_get(value, "sessions")), 5);
    row = json_array_get(json_object_get(value, "sessions"), 0);
    assert_string_equal(json_string_value(json_object_get(row, "name")), "anna");
    json_decref(value);
    value = ask(peer, "network.unlock", "{\"network\":\"192.0.2.7\"}");
    assert_string_equal(message_of(value), "192.0.2.7 is not locked");
    json_decref(value);
    value = ask(peer, "network.unlock", "{\"network\":\"192.0.2.0/24\"}");
    assert_int_equal(code_of(value), JSONRPC_BAD_PARAMS);
    json_decref(value);
    value = ask(peer, "network.show", "{\"network\":\"nonsense\"}");
    assert_int_equal(code_of(value), JSONRPC_BAD_PARAMS);
    json_decref(value);
    peer_free(peer);
}

static void a_player_is_shown_and_kicked(void **state)
{
    struct peer *peer = peer_new();
    json_t *value = result(peer, "players.show", "{\"session\":\"4294967298\"}");

    (void)state;
    assert_string_equal(json_string_value(json_object_get(value, "name")), "Bjorn");
    assert_int_equal(json_integer_value(json_object_get(value, "shift")), 1);
    assert_int_equal(json_integer_value(json_object_get(value, "withheld")), 4);
    assert_int_equal(json_integer_value(json_object_get(value, "dropped")), 6);
    assert_int_equal(json_integer_value(json_object_get(value, "cells")), 37);
    assert_int_equal(json_integer_value(json_object_get(value, "in_per_s")), 40);
    assert_int_equal(json_integer_value(json_object_get(value, "out_per_s")), 14900);
    assert_int_equal(json_integer_value(json_object_get(value, "cost_us_per_s")), 1650);
    assert_true(json_is_false(json_object_get(value, "muted")));
    assert_string_equal(json_string_value(json_object_get(value, "entity")),
                        "18446462598732840961");
    json_decref(value);
    json_decref(result(peer, "players.kick", "{\"name\":\"BJORN\",\"reason\":\"enough\"}"));
    assert_string_equal(fake_host.kicked, "Bjorn");
    assert_string_equal(fake_host.kick_reason, "enough");
    json_decref(result(peer, "players.kick", "{\"session\":4294967297}"));
    assert_string_equal(fake_host.kicked, "anna");
    strcpy(fake_host.players[0].name, "x!"); /* of an older server: today's rule takes it not */
    json_decref(result(peer, "players.kick", "{\"name\":\"X!\"}"));
    assert_string_equal(fake_host.kicked, "x!");
    peer_free(peer);
}

static void a_player_is_told_something(void **state)
{
    struct peer *peer = peer_new();
    json_t *value =
               result(peer, "players.message", "{\"name\":\"BJORN\",\"text\":\"mind the gap\"}"),
           *answer;

    (void)state;
    assert_string_equal(json_string_value(json_object_get(value, "told")), "Bjorn");
    json_decref(value);
    assert_string_equal(fake_host.notice, "mind the gap");
    assert_int_equal(fake_host.told, (UINT64_C(1) << 32) + 2);
    fake_host.players[0].away = true;
    answer = ask(peer, "players.message", "{\"name\":\"anna\",\"text\":\"are you there\"}");
    assert_int_equal(code_of(answer), JSONRPC_FAILED);
    assert_non_null(strstr(message_of(answer), "anna is away"));
    json_decref(answer);
    assert_string_equal(fake_host.notice, "mind the gap");
    peer_free(peer);
}

static const struct presence_row *row_named(const char *name)
{
    for (unsigned i = 0; i < fake_host.players_n; i++) {
        if (strcmp(fake_host.players[i].name, name) == 0)
            return &fake_host.players[i];
    }
    fail_msg("there is no %s", name);
    return NULL;
}

static void players_are_put_elsewhere(void **state)
{
    struct peer *peer = peer_new();
    json_t *value = result(peer, "players.teleport", "{\"name\":\"ANNA\",\"x\":-120,\"z\":7}");

    (void)state;
    assert_string_equal(json_string_value(json_object_get(value, "teleported")), "anna");
    json_decref(value);
    assert_true(row_named("anna")->x_m == -120 && row_named("anna")->z_m == 7);
    json_decref(result(peer, "players.summon", "{\"name\":\"Bjorn\",\"to\":\"anna\"}"));
    assert_true(row_named("Bjorn")->x_m == -120 && row_named("Bjorn")->z_m == 7);
    assert_int_equal(fake_host.teleports, 2);
    value = result(peer, "players.teleport",
                   "{\"everyone\":true,\"x\":1000,\"z\":-1000,\"spread\":50}");
    assert_int_equal(json_integer_value(json_object_get(value, "teleported")), fake_host.players_n);
    json_decref(value);
    assert_int_equal(fake_host.teleports, 2 + fake_host.players_n);
    for (unsigned i = 0; i < fake_host.players_n; i++) {
        const struct presence_row *row = &fake_host.players[i], *first = &fake_host.players[0];

        assert_true(row->x_m >= 950 && row->x_m <= 1050 && row->z_m >= -1050 && row->z_m <= -950);
        assert_true(i == 0 || row->x_m != first->x_m || row->z_m != first->z_m);
    }
    peer_free(peer);
}

static void changes_are_audited(void **state)
{
    struct peer *peer = peer_new();
    json_t *tail, *line;
    const char *text;

    (void)state;
    json_decref(result(peer, "announce", "{\"text\":\"hello\"}"));
    assert_string_equal(fake_host.announced, "hello");
    json_decref(ask(peer, "players.kick", "{\"name\":\"nobody\"}"));
    tail = result(peer, "log.tail", "{\"lines\":2}");
    line = json_array_get(json_object_get(tail, "lines"), 0);
    assert_string_equal(json_string_value(json_object_get(line, "event")), "admin");
    text = json_string_value(json_object_get(line, "line"));
    assert_non_null(strstr(text, "method=announce"));
    assert_non_null(strstr(text, "outcome=ok"));
    assert_non_null(strstr(text, "uid="));
    text = json_string_value(
        json_object_get(json_array_get(json_object_get(tail, "lines"), 1), "line"));
    assert_non_null(strstr(text, "method=players.kick"));
    assert_non_null(strstr(text, "outcome=failed"));
    json_decref(tail);
    peer_free(peer);
}

static void the_server_is_reloaded_and_stopped(void **state)
{
    struct peer *peer = peer_new();
    json_t *answer;

    (void)state;
    json_decref(result(peer, "server.reload", "{}"));
    fake_host.reload_fault = "openmmo.ini:3: nonsense";
    answer = ask(peer, "server.reload", "{}");
    assert_string_equal(message_of(answer), "openmmo.ini:3: nonsense");
    json_decref(answer);
    json_decref(result(peer, "auth.rotate-key", "{}"));
    assert_int_equal(fake_host.rotations, 1);
    json_decref(result(peer, "server.shutdown", "{\"reason\":\"tea\",\"restart\":true}"));
    assert_true(fake_host.restart);
    assert_int_equal(fake_host.shutdowns, 1);
    assert_string_equal(fake_host.shutdown_reason, "tea");
    peer_free(peer);
}

/* Presence serves one who waits; a second one must not take his place, nor that of a stop. */
static void one_save_at_a_time_and_none_at_the_end(void **state)
{
    struct peer *first = peer_new(), *second = peer_new();
    json_t *answer;

    (void)state;
    peer_tell(first, "{\"jsonrpc\":\"2.0\",\"method\":\"server.save\",\"id\":1}\n");
    for (uint64_t end_ms = now_ms() + DEADLINE_MS; fake_host.saves == 0;) {
        assert_true(now_ms() < end_ms);
        fake_host_turn();
    }
    answer = ask(second, "server.save", "{}");
    assert_non_null(strstr(message_of(answer), "under way already"));
    json_decref(answer);
    fake_host.saved(fake_host.saved_context, 0);
    answer = peer_hear(first);
    assert_non_null(json_object_get(answer, "result"));
    json_decref(answer);
    fake_host.stopping = true;
    answer = ask(second, "server.save", "{}");
    assert_non_null(strstr(message_of(answer), "the server stops"));
    json_decref(answer);
    assert_int_equal(fake_host.saves, 1);
    fake_host.stopping = false;
    peer_tell(first, "{\"jsonrpc\":\"2.0\",\"method\":\"server.save\",\"id\":1}\n");
    for (uint64_t end_ms = now_ms() + DEADLINE_MS; fake_host.saves == 1;) {
        assert_true(now_ms() < end_ms);
        fake_host_turn();
    }
    fake_host.saved(fake_host.saved_context, 3);
    answer = peer_hear(first);
    assert_string_equal(message_of(answer), "3 positions are not durable");
    json_decref(answer);
    peer_free(first);
    peer_free(second);
}

static void configuration_is_listed_without_secrets(void **state)
{
    struct peer *peer = peer_new();
    json_t *list = result(peer, "config.list", "{}"), *row;
    char *text = json_dumps(list, 0);

    (void)state;
    assert_int_equal(json_array_size(json_object_get(list, "options")), 4);
    assert_null(strstr(text, "swordfish"));
    assert_non_null(strstr(text, "fake.ini:2"));
    free(text);
    json_decref(list);
    list =
        result(peer, "config.list", "{\"changed\":true}"); /* not log.level, though it is given */
    assert_int_equal(json_array_size(json_object_get(list, "options")), 2);
    json_decref(list);
    list = result(peer, "config.list", "{\"name\":\"log.level\"}");
    row = json_array_get(json_object_get(list, "options"), 0);
    assert_string_equal(json_string_value(json_object_get(row, "source")), "file");
    assert_true(json_is_false(json_object_get(row, "changed")));
    json_decref(list);
    peer_free(peer);
}

/* The origin of an option, or its value; valid until the next call. */
static const char *option_says(struct peer *peer, const char *name, const char *member)
{
    static char text[200];
    char params[100];
    json_t *list;

    snprintf(params, sizeof(params), "{\"name\":\"%s\"}", name);
    list = result(peer, "config.list", params);
    snprintf(text, sizeof(text), "%s",
             json_string_value(
                 json_object_get(json_array_get(json_object_get(list, "options"), 0), member)));
    json_decref(list);
    return text;
}

static void refused(struct peer *peer, const char *method, const char *params, const char *words)
{
    json_t *answer = ask(peer, method, params);

    assert_int_equal(code_of(answer), JSONRPC_FAILED);
    if (strstr(message_of(answer), words) == NULL)
        fail_msg("%s %s: %s", method, params, message_of(answer));
    json_decref(answer);
}

/* An option is set, says by whom, and is taken back; a secret is refused and written nowhere. */
static void options_are_set_for_a_while(void **state)
{
    struct peer *peer = peer_new();
    json_t *value;

    (void)state;
    value = result(peer, "config.set", "{\"name\":\"server.name\",\"value\":\"Other\"}");
    assert_string_equal(json_string_value(json_object_get(value, "was")), "Fake");
    assert_string_equal(json_string_value(json_object_get(value, "value")), "Other");
    assert_string_equal(json_string_value(json_object_get(value, "until")),
                        "the next reload or restart");
    json_decref(value);
    assert_string_equal(option_says(peer, "server.name", "source"), "operator");
    assert_string_equal(option_says(peer, "server.name", "kind"), "a text of 1 to 100 bytes");
    refused(peer, "config.set", "{\"name\":\"net.listen\",\"value\":\"x\"}", "cannot be set");
    refused(peer, "config.set", "{\"name\":\"net.none\",\"value\":\"x\"}", "cannot be set");
    refused(peer, "config.reset", "{\"name\":\"log.level\"}", "was not set");
    value = result(peer, "log.level", "{\"level\":\"debug\"}");
    assert_string_equal(json_string_value(json_object_get(value, "level")), "debug");
    json_decref(value);
    assert_string_equal(option_says(peer, "log.level", "value"), "debug");
    value = result(peer, "config.reset", "{}");
    assert_int_equal(json_array_size(json_object_get(value, "options")), 2);
    json_decref(value);
    assert_string_equal(option_says(peer, "server.name", "value"), "Fake");
    refused(peer, "config.reset", "{}", "no option is set");
    json_decref(ask(peer, "config.set", "{\"name\":\"auth.secret\",\"value\":\"tuna42\"}"));
    value = result(peer, "log.tail", "{\"lines\":1000}");
    {
        char *text = json_dumps(value, 0);

        assert_null(strstr(text, "tuna42"));
        assert_non_null(strstr(text, "(not shown)"));
        free(text);
    }
    json_decref(value);
    peer_free(peer);
}

static void metrics_and_discovery_list_every_row(void **state)
{
    struct peer *peer = peer_new();
    json_t *value = result(peer, "metrics.get", "{}"), *method;
    size_t i;

    (void)state;
    for (unsigned row = 0; row < METRICS_N; row++) /* behind them: what was counted by groups */
        assert_string_equal(json_string_value(json_object_get(
                                json_array_get(json_object_get(value, "metrics"), row), "name")),
                            metrics_row((enum metric)row)->exported);
    json_decref(value);
    json_decref(result(peer, "metrics.history", "{}"));
    value = result(peer, "rpc.discover", "{}");
    json_array_foreach(json_object_get(value, "methods"), i, method)
    {
        assert_ptr_not_equal(method_at((unsigned)i), NULL);
        assert_string_equal(json_string_value(json_object_get(method, "name")),
                            method_at((unsigned)i)->name);
    }
    assert_null(method_at((unsigned)i));
    json_decref(value);
    peer_free(peer);
}

static char *file_text(const char *path)
{
    char *text = NULL;
    size_t room = 0;
    FILE *in = fopen(path, "r");

    assert_non_null(in);
    assert_true(getdelim(&text, &room, '\0', in) > 0);
    fclose(in);
    return text;
}

/* Is `word` there, between characters that belong to no word? */
static bool names(const char *text, const char *word)
{
    static const char INSIDE[] = "abcdefghijklmnopqrstuvwxyz_.";

    for (const char *at = text; (at = strstr(at, word)) != NULL; at++) {
        if ((at == text || strchr(INSIDE, at[-1]) == NULL) &&
            strchr(INSIDE, at[strlen(word)]) == NULL)
            return true;
    }
    return false;
}

static void the_manuals_name_every_row(void **state)
{
    char *page = file_text(SOURCE_DIR "/man/openmmo-console.1");
    char *doc = file_text(SOURCE_DIR "/doc/admin.md");
    const struct method *method;

    (void)state;
    for (unsigned i = 0; (method = method_at(i)) != NULL; i++) {
        char in_doc[64];
        const struct method_param *row = method->params;

        snprintf(in_doc, sizeof(in_doc), "| `%s` | %s |", method->name, role_name(method->role));
        if (!names(page, method->name) || strstr(doc, in_doc) == NULL)
            fail_msg("%s is missing in openmmo-console.1 or doc/admin.md", method->name);
        for (; row != NULL && row->name != NULL; row++) {
            if (!names(doc, row->name))
                fail_msg("%s of %s is missing in doc/admin.md", row->name, method->name);
        }
    }
    for (const struct topic *topic = TOPICS; topic->name != NULL; topic++) {
        char in_doc[64];

        snprintf(in_doc, sizeof(in_doc), "| `%s` | %s |", topic->name, role_name(topic->role));
        assert_non_null(strstr(doc, in_doc));
    }
    free(page);
    free(doc);
}

/* --- Subscriptions. --- */

static json_t *notified(struct peer *peer, const char *topic)
{
    for (;;) {
        json_t *line = peer_hear(peer);
        const char *method = json_string_value(json_object_get(line, "method"));

        assert_non_null(line);
        if (method != NULL && strcmp(method, topic) == 0) {
            json_t *params = json_incref(json_object_get(line, "params"));

            json_decref(line);
            return params;
        }
        json_decref(line);
    }
}

static void topics_are_heard_again_and_again(void **state)
{
    struct peer *peer = peer_new();
    json_t *params;
    json_int_t id;

    (void)state;
    json_decref(result(peer, "subscribe", "{\"topic\":\"metrics\",\"interval_ms\":100}"));
    params = result(peer, "subscribe",
                    "{\"topic\":\"players\",\"interval_ms\":100,\"params\":{\"limit\":1}}");
    id = json_integer_value(json_object_get(params, "subscription"));
    json_decref(params);
    json_decref(result(peer, "subscribe", "{\"topic\":\"log\",\"interval_ms\":100}"));
    for (int i = 0; i < 3; i++) {
        json_decref(notified(peer, "metrics"));
        params = notified(peer, "players");
        assert_int_equal(json_integer_value(json_object_get(params, "subscription")), id);
        assert_int_equal(
            json_array_size(json_object_get(json_object_get(params, "data"), "players")), 1);
        json_decref(params);
    }
    json_decref(result(peer, "announce", "{\"text\":\"psst\"}"));
    params = notified(peer, "log");
    assert_int_equal(json_integer_value(json_object_get(params, "lost")), 0);
    json_decref(params);
    json_decref(result(peer, "unsubscribe", "{\"subscription\":1}"));
    peer_free(peer);
}

/* What changes something is seen by who looks on, nothing else; what is no row any more is counted.
 */
static void the_audit_is_told_as_it_is_written(void **state)
{
    struct peer *peer = peer_new();
    json_t *params, *row;

    (void)state;
    json_decref(result(peer, "subscribe", "{\"topic\":\"audit\",\"interval_ms\":100}"));
    json_decref(result(peer, "server.status", "{}"));
    json_decref(result(peer, "announce", "{\"text\":\"psst\"}"));
    json_decref(ask(peer, "players.kick", "{\"name\":\"nobody\"}"));
    params = notified(peer, "audit");
    assert_int_equal(json_array_size(json_object_get(json_object_get(params, "data"), "rows")), 2);
    row = json_array_get(json_object_get(json_object_get(params, "data"), "rows"), 0);
    assert_string_equal(json_string_value(json_object_get(row, "method")), "announce");
    assert_true(json_is_null(json_object_get(row, "id"))); /* there is no database here */
    row = json_array_get(json_object_get(json_object_get(params, "data"), "rows"), 1);
    assert_memory_equal(json_string_value(json_object_get(row, "outcome")), "failed: ", 8);
    json_decref(params);
    peer_free(peer);
}

static void audit_rows_go_round(void **state)
{
    static struct audittail tail;
    json_t *rows[10];
    uint64_t after = 0, lost = 0;

    (void)state;
    for (int i = 1; i <= AUDITTAIL_ROWS + 44; i++)
        audittail_add(&tail, json_integer(i));
    audittail_add(&tail, NULL);
    assert_int_equal(audittail_read(&tail, &after, rows, ARRAY_N(rows), &lost), ARRAY_N(rows));
    assert_int_equal(lost, 44);
    assert_int_equal(after, 54);
    assert_int_equal(json_integer_value(rows[0]), 45);
    after = AUDITTAIL_ROWS + 43;
    assert_int_equal(audittail_read(&tail, &after, rows, ARRAY_N(rows), &lost), 1);
    assert_int_equal(json_integer_value(rows[0]), AUDITTAIL_ROWS + 44);
    assert_int_equal(audittail_read(&tail, &after, rows, ARRAY_N(rows), &lost), 0);
    audittail_clear(&tail);
}

/* At first, then only when something changed or while something is wrong. */
static void alerts_are_told_when_they_change(void **state)
{
    struct alerts_facts facts = {.now_ms = 1000,
                                 .wall_ms = 1700000000000,
                                 .tempo_permille = 1000,
                                 .certificate_s = INT64_MAX};
    struct peer *peer = peer_new();
    json_t *params;
    unsigned metrics_heard = 0;

    (void)state;
    json_decref(result(peer, "subscribe", "{\"topic\":\"alerts\",\"interval_ms\":100}"));
    params = notified(peer, "alerts");
    assert_int_equal(json_array_size(json_object_get(json_object_get(params, "data"), "active")),
                     0);
    json_decref(params);
    json_decref(result(peer, "subscribe", "{\"topic\":\"metrics\",\"interval_ms\":100}"));
    while (metrics_heard < 4) {
        json_t *line = peer_hear(peer);
        const char *method = json_string_value(json_object_get(line, "method"));

        assert_true(method == NULL || strcmp(method, "alerts") != 0);
        metrics_heard += method != NULL && strcmp(method, "metrics") == 0;
        json_decref(line);
    }
    facts.journal_stopped = true;
    alerts_look(&fake_host.alerts, &facts);
    for (unsigned i = 0; i < 3; i++) { /* as long as it is so */
        params = notified(peer, "alerts");
        assert_int_equal(
            json_array_size(json_object_get(json_object_get(params, "data"), "active")), 1);
        json_decref(params);
    }
    peer_free(peer);
}

/* One who does not read: his samples are lost and counted, his output stays bounded, another client
 * is answered at once meanwhile, and when he reads again he is told how many he lost. */
static void a_slow_subscriber_loses_samples_and_nobody_waits(void **state)
{
    struct peer *slow = peer_new(), *other = peer_new();
    int64_t dropped = metrics_value(METRIC_ADMIN_DROPPED);
    uint64_t end_ms = now_ms() + 2 * DEADLINE_MS;
    json_int_t lost = 0;

    (void)state;
    fake_host_players(500);
    json_decref(result(slow, "subscribe",
                       "{\"topic\":\"players\",\"interval_ms\":100,\"params\":{\"limit\":1000}}"));
    while (metrics_value(METRIC_ADMIN_DROPPED) < dropped + 3) {
        uint64_t asked_ms = now_ms();

        json_decref(result(other, "players.list", "{\"limit\":1}"));
        assert_true(now_ms() - asked_ms < 1000);
        assert_true(now_ms() < end_ms);
    }
    while (lost < 3) {
        json_t *params = notified(slow, "players");

        lost += json_integer_value(json_object_get(params, "lost"));
        json_decref(params);
        assert_true(now_ms() < end_ms);
    }
    peer_free(slow);
    peer_free(other);
}

static const char ASK_ALL[] =
    "{\"jsonrpc\":\"2.0\",\"method\":\"players.list\",\"params\":{\"limit\":1000},\"id\":1}\n";

/* He asks and does not read, until samples of his find no room. */
static void fill(struct peer *peer)
{
    fake_host_players(700);
    for (unsigned i = 0; i < 8; i++)
        peer_tell(peer, ASK_ALL);
}

static void until_dropped(int64_t more)
{
    uint64_t end_ms = now_ms() + 2 * DEADLINE_MS;
    int64_t dropped = metrics_value(METRIC_ADMIN_DROPPED);

    while (metrics_value(METRIC_ADMIN_DROPPED) < dropped + more) {
        assert_true(now_ms() < end_ms);
        fake_host_turn();
    }
}

/* Who takes nothing while an alert ends is told so when he does: it would be said once. */
static void what_changed_unheard_is_told_later(void **state)
{
    struct alerts_facts facts = {.now_ms = 1000,
                                 .wall_ms = 1700000000000,
                                 .tempo_permille = 1000,
                                 .certificate_s = INT64_MAX,
                                 .journal_stopped = true};
    struct peer *slow = peer_new();
    uint64_t end_ms = now_ms() + 4 * DEADLINE_MS;
    bool over = false;

    (void)state;
    alerts_look(&fake_host.alerts, &facts);
    json_decref(result(slow, "subscribe", "{\"topic\":\"alerts\",\"interval_ms\":100}"));
    json_decref(notified(slow, "alerts"));
    json_decref(result(slow, "subscribe", "{\"topic\":\"metrics\",\"interval_ms\":100}"));
    fill(slow);
    until_dropped(2);
    facts.now_ms += 1000;
    facts.journal_stopped = false;
    alerts_look(&fake_host.alerts, &facts);
    until_dropped(3);
    while (!over) {
        json_t *params = notified(slow, "alerts");
        const json_t *data = json_object_get(params, "data");

        over = json_array_size(json_object_get(data, "active")) == 0;
        assert_true(!over || json_array_size(json_object_get(data, "recent")) == 1);
        json_decref(params);
        assert_true(now_ms() < end_ms);
    }
    peer_free(slow);
}

/* For who would not take it nothing is put together. */
static void no_time_goes_into_what_is_lost(void **state)
{
    struct peer *slow = peer_new();
    unsigned lists;

    (void)state;
    json_decref(result(slow, "subscribe",
                       "{\"topic\":\"players\",\"interval_ms\":100,\"params\":{\"limit\":1000}}"));
    json_decref(notified(slow, "players"));
    fill(slow);
    until_dropped(2);
    lists = fake_host.lists;
    until_dropped(5);
    assert_int_equal(fake_host.lists, lists);
    peer_free(slow);
}

/* One who listens: what he has room for, and whether he takes it then. */
struct ear {
    size_t room_bytes;
    bool deaf;
    unsigned tried, heard;
};

static int ear_say(void *context, const char *line, size_t len_bytes)
{
    struct ear *ear = context;

    assert_int_equal(line[len_bytes - 1], '\n');
    ear->tried++;
    ear->heard += !ear->deaf;
    return ear->deaf ? -1 : 0;
}

static size_t ear_room(const void *context)
{
    return ((const struct ear *)context)->room_bytes;
}

static void hear_until(struct event_base *base, const unsigned *count, unsigned n)
{
    uint64_t end_ms = now_ms() + DEADLINE_MS;

    while (*count < n) {
        assert_true(now_ms() < end_ms);
        event_base_loop(base, EVLOOP_ONCE);
    }
}

/* There seemed to be room, and it was too little: what is said once a change is tried again, then
 * said once. */
static void a_change_that_found_no_room_is_said_again(void **state)
{
    static struct alerts alerts;
    static struct audittail tail;
    struct event_base *base = event_base_new();
    struct logtail *logtail = logtail_new();
    struct admin_config config = {.base = base, .alerts = &alerts};
    struct method_desk desk = {.config = &config, .logtail = logtail, .audittail = &tail};
    struct ear ear = {SIZE_MAX, true, 0, 0};
    struct subscription_config asked = {.desk = &desk,
                                        .topic = topic_find("alerts"),
                                        .interval_ms = 100,
                                        .params = json_object(),
                                        .role = ROLE_VIEWER,
                                        .say = ear_say,
                                        .room = ear_room,
                                        .context = &ear};
    struct subscription *subscription = subscription_new(&asked);

    (void)state;
    hear_until(base, &ear.tried, 3);
    ear.deaf = false;
    hear_until(base, &ear.heard, 1);
    for (uint64_t end_ms = now_ms() + 500; now_ms() < end_ms;)
        event_base_loop(base, EVLOOP_ONCE);
    assert_int_equal(ear.heard, 1);
    subscription_free(subscription);
    json_decref(asked.params);
    logtail_free(logtail);
    event_base_free(base);
}

/* A sample that is longer than what may wait comes to who reads. */
static void a_long_sample_comes_to_who_reads(void **state)
{
    struct peer *peer = peer_new();

    (void)state;
    fake_host_players(1000);
    json_decref(result(peer, "subscribe",
                       "{\"topic\":\"players\",\"interval_ms\":100,\"params\":{\"limit\":1000}}"));
    for (int i = 0; i < 3; i++) {
        json_t *params = notified(peer, "players");

        assert_int_equal(
            json_array_size(json_object_get(json_object_get(params, "data"), "players")), 1000);
        json_decref(params);
    }
    peer_free(peer);
}

/* One who asks and asks and never reads is not read either, and harms nobody. */
static void who_never_reads_is_not_read(void **state)
{
    struct peer *deaf = peer_new(), *other = peer_new();
    unsigned sent = 0, refused = 0;

    (void)state;
    fake_host_players(700);
    while (refused < 200) {
        if (send(deaf->fd, ASK_ALL, sizeof(ASK_ALL) - 1, MSG_NOSIGNAL) == sizeof(ASK_ALL) - 1)
            sent++;
        else
            refused++;
        fake_host_turn();
        assert_true(sent < 20000);
    }
    json_decref(result(other, "server.status", "{}"));
    peer_free(deaf);
    peer_free(other);
}

static void many_come_and_go(void **state)
{
    (void)state;
    for (int round = 0; round < 20; round++) {
        struct peer *peers[10];

        for (size_t i = 0; i < ARRAY_N(peers); i++) {
            peers[i] = peer_new();
            peer_tell(peers[i],
                      "{\"jsonrpc\":\"2.0\",\"method\":\"subscribe\",\"params\":{\"topic\":"
                      "\"metrics\"},\"id\":1}\n");
        }
        for (size_t i = 0; i < ARRAY_N(peers); i++) {
            close(peers[i]->fd);
            free(peers[i]);
        }
    }
    for (uint64_t end_ms = now_ms() + DEADLINE_MS; metrics_value(METRIC_ADMIN_CLIENTS) > 0;) {
        assert_true(now_ms() < end_ms);
        fake_host_turn();
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(roles_are_decided_by_table),
        cmocka_unit_test(every_method_asks_for_its_role),
#define WITH_HOST(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
        cmocka_unit_test(the_manuals_name_every_row),
        WITH_HOST(a_stranger_is_refused),
        WITH_HOST(a_directory_that_hangs_holds_up_nobody_else),
        WITH_HOST(the_socket_is_open_to_all),
        WITH_HOST(a_second_daemon_is_refused_a_dead_ones_file_is_not),
        WITH_HOST(a_line_too_long_is_refused_and_closed),
        WITH_HOST(who_stops_sending_is_still_answered),
        WITH_HOST(who_leaves_while_an_answer_is_owed_harms_nobody),
        WITH_HOST(bad_parameters_are_named),
        WITH_HOST(status_says_all),
        WITH_HOST(players_are_sorted_filtered_and_cut),
        WITH_HOST(a_list_is_made_once_for_all_who_look),
        WITH_HOST(what_was_done_is_seen_at_once),
        WITH_HOST(the_ladder_is_shown),
        WITH_HOST(the_alerts_are_shown),
        WITH_HOST(the_worst_are_shown),
        cmocka_unit_test(the_profile_is_of_its_window),
        WITH_HOST(the_profile_is_shown),
        WITH_HOST(addresses_are_sorted_filtered_and_cut),
        WITH_HOST(what_was_told_is_told_again_for_a_moment),
        WITH_HOST(who_is_held_back_is_shown_with_the_reason),
        WITH_HOST(a_player_is_shown_and_kicked),
        WITH_HOST(a_player_is_told_something),
        WITH_HOST(players_are_put_elsewhere),
        WITH_HOST(changes_are_audited),
        WITH_HOST(the_server_is_reloaded_and_stopped),
        WITH_HOST(one_save_at_a_time_and_none_at_the_end),
        WITH_HOST(configuration_is_listed_without_secrets),
        WITH_HOST(options_are_set_for_a_while),
        WITH_HOST(metrics_and_discovery_list_every_row),
        WITH_HOST(topics_are_heard_again_and_again),
        WITH_HOST(alerts_are_told_when_they_change),
        WITH_HOST(the_audit_is_told_as_it_is_written),
        cmocka_unit_test(audit_rows_go_round),
        WITH_HOST(a_slow_subscriber_loses_samples_and_nobody_waits),
        WITH_HOST(what_changed_unheard_is_told_later),
        WITH_HOST(no_time_goes_into_what_is_lost),
        cmocka_unit_test(a_change_that_found_no_room_is_said_again),
        WITH_HOST(a_long_sample_comes_to_who_reads),
        WITH_HOST(who_never_reads_is_not_read),
        WITH_HOST(many_come_and_go),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
