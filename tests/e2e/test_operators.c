/* test_operators.c -- the operators' socket of a running server under attack, while players walk
 * about: a hundred consoles that come and go, consoles that are killed or stop reading, endless
 * lines, huge batches, and requests that mean nothing. Nobody is disconnected, nothing grows. */
#include "stage.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <jansson.h>

#include "common/compiler.h"

#define PLAYERS     6
#define CONSOLES    100
#define NONSENSE    3000 /* requests */
#define MINUTE_MS   60000
#define PATIENCE_MS 2000 /* of an operator who asks meanwhile */
#define LOST_LEAST  3000 /* samples, of 16 times 600 */
#define KIB         1024
#define MIB         (1024 * KIB)
/* What a run of this may leave behind: arenas of threads, not what was sent. */
#define GROWTH_BYTES (8 * MIB)
#ifdef __SANITIZE_ADDRESS__
#define FLAT(before) ((void)(before), true) /* it keeps what was freed */
#else
#define FLAT(before) (memory_bytes() < (before) + GROWTH_BYTES)
#endif

static struct player *walkers[PLAYERS];

/* -- the server, from outside ------------------------------------------------------------------ */

static size_t memory_bytes(void)
{
    char path[64];
    unsigned long size = 0, resident = 0;
    FILE *statm;

    snprintf(path, sizeof(path), "/proc/%d/statm", (int)server.pid);
    statm = fopen(path, "r");
    assert_non_null(statm);
    assert_int_equal(fscanf(statm, "%lu %lu", &size, &resident), 2);
    fclose(statm);
    return resident * (size_t)sysconf(_SC_PAGESIZE);
}

static void players_walk(void)
{
    char name[16];

    daemon_start(&server, NULL);
    for (unsigned i = 0; i < PLAYERS; i++) {
        snprintf(name, sizeof(name), "walker%u", i);
        walkers[i] = player_new_account(party, &server, name);
        player_walk(walkers[i], (uint16_t)(i * 9000), MOVEMENT_WALK);
    }
}

/* They were there all the time, and the world still hears them. */
static void nobody_noticed(void)
{
    for (unsigned i = 0; i < PLAYERS; i++) {
        assert_false(walkers[i]->gone);
        player_stand(walkers[i]);
    }
    stage_expect_walking(walkers[0], DEADLINE_MS);
    player_chat(walkers[0], PROTOCOL_CHANNEL_GLOBAL, "still here");
    for (unsigned i = 0; i < PLAYERS; i++)
        UNTIL(party, DEADLINE_MS, player_heard(walkers[i], "still here"));
    assert_non_null(daemon_ask(&server, "server.status", NULL));
    /* whoever asks is one himself */
    UNTIL(party, DEADLINE_MS, daemon_metric(&server, "openmmo_admin_clients") == 1);
}

/* -- an operator of our own -------------------------------------------------------------------- */

static int operator_connect(void)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    snprintf(address.sun_path, sizeof(address.sun_path), "%s", server.admin_path);
    assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
    assert_int_equal(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
    return fd;
}

/* All of it, as the server takes it. -1: it closed the connection. */
static int operator_say(int fd, const char *text, size_t n)
{
    uint64_t end_ms = now_ms() + DEADLINE_MS;

    while (n > 0) {
        ssize_t sent = send(fd, text, n, MSG_NOSIGNAL);

        assert_true(now_ms() < end_ms);
        if (sent < 0 && errno != EAGAIN)
            return -1;
        if (sent < 0)
            party_pump(party, 1);
        else
            text += sent, n -= (size_t)sent;
    }
    return 0;
}

/* What comes until the server is silent for so long, or closes. Returns bytes; *closed. */
static size_t operator_hear(int fd, char *room, size_t room_bytes, int silent_ms, bool *closed)
{
    size_t heard = 0;
    struct pollfd poller = {fd, POLLIN, 0};

    *closed = false;
    while (heard < room_bytes - 1 && poll(&poller, 1, silent_ms) > 0) {
        ssize_t n = recv(fd, room + heard, room_bytes - 1 - heard, 0);

        if (n <= 0) {
            *closed = n == 0 || errno == ECONNRESET;
            break;
        }
        heard += (size_t)n;
    }
    room[heard] = '\0';
    return heard;
}

/* Until that text stands in what came. */
static void operator_await(int fd, char *room, size_t room_bytes, const char *text)
{
    size_t heard = 0;

    room[0] = '\0';
    for (uint64_t end_ms = now_ms() + DEADLINE_MS; strstr(room, text) == NULL;) {
        ssize_t n = recv(fd, room + heard, room_bytes - 1 - heard, 0);

        if (now_ms() > end_ms)
            fail_msg("waited in vain for %s in: %.300s", text, room);
        if (n > 0)
            room[heard += (size_t)n] = '\0';
        else
            party_pump(party, 1);
    }
}

/* -- a hundred consoles ------------------------------------------------------------------------ */

/* What a console says first. */
static const char HELLO[] =
    "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"rpc.discover\"}\n"
    "{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"metrics.history\"}\n"
    "{\"jsonrpc\":\"2.0\",\"id\":3,\"method\":\"log.tail\",\"params\":{\"lines\":500}}\n"
    "{\"jsonrpc\":\"2.0\",\"id\":4,\"method\":\"subscribe\",\"params\":{\"topic\":\"metrics\"}}\n"
    "{\"jsonrpc\":\"2.0\",\"id\":5,\"method\":\"subscribe\",\"params\":{\"topic\":\"log\","
    "\"interval_ms\":250}}\n"
    "{\"jsonrpc\":\"2.0\",\"id\":6,\"method\":\"players.list\",\"params\":{\"limit\":100}}\n";

/* Some read what they asked for, some go without a look at it, some in the middle of a word. */
static void test_a_hundred_consoles(void **state)
{
    static char room[64 * KIB];
    int fds[CONSOLES];
    size_t before = 0;

    (void)state;
    players_walk();
    for (unsigned round = 0; round < 12; round++) {
        for (unsigned i = 0; i < CONSOLES; i++) {
            fds[i] = operator_connect();
            assert_int_equal(operator_say(fds[i], HELLO, sizeof(HELLO) - 1 - i % 3 * 20), 0);
        }
        party_pump(party, 20);
        for (unsigned i = 0; i < CONSOLES; i += 5)
            operator_await(fds[i], room, sizeof(room), "\"id\":");
        for (unsigned i = 0; i < CONSOLES; i++)
            close(fds[i]);
        if (round == 3)
            before = memory_bytes();
    }
    assert_true(FLAT(before));
    nobody_noticed();
}

/* -- consoles that end badly ------------------------------------------------------------------- */

/* The real one in a terminal. Returns its pid, *terminal our end of that. */
static pid_t console_start(int *terminal)
{
    struct winsize size = {.ws_row = 24, .ws_col = 80};
    pid_t pid = forkpty(terminal, NULL, NULL, &size);

    assert_true(pid >= 0);
    if (pid == 0) {
        setenv("TERM", "xterm-256color", 1);
        execl(CONSOLE_PROGRAM, "openmmo-console", "--socket", server.admin_path, NULL);
        _exit(127);
    }
    assert_int_equal(fcntl(*terminal, F_SETFL, O_NONBLOCK), 0);
    return pid;
}

static void console_shows(int terminal, const char *text)
{
    static char room[256 * KIB];
    size_t seen = 0;

    for (uint64_t end_ms = now_ms() + DEADLINE_MS;;) {
        ssize_t n = read(terminal, room + seen, sizeof(room) - 1 - seen);

        if (n > 0)
            room[seen += (size_t)n] = '\0';
        if (seen > 0 && strstr(room, text) != NULL)
            return;
        assert_true(now_ms() < end_ms && seen < sizeof(room) - 1);
        party_pump(party, 2);
    }
}

/* kill -9, a console that is stopped (its terminal hangs), and one that comes to again. */
static void test_consoles_are_killed(void **state)
{
    pid_t pids[5];
    int terminals[5];

    (void)state;
    players_walk();
    for (unsigned i = 0; i < ARRAY_N(pids); i++) {
        pids[i] = console_start(&terminals[i]);
        console_shows(terminals[i], "Traffic");
    }
    UNTIL(party, DEADLINE_MS, daemon_metric(&server, "openmmo_admin_clients") == 6);
    assert_int_equal(kill(pids[4], SIGSTOP), 0);
    for (unsigned i = 0; i < 3; i++)
        assert_int_equal(kill(pids[i], SIGKILL), 0);
    UNTIL(party, DEADLINE_MS, daemon_metric(&server, "openmmo_admin_clients") == 3);
    for (uint64_t end_ms = now_ms() + 3000; now_ms() < end_ms;)
        party_pump(party, 20);
    assert_int_equal(kill(pids[4], SIGCONT), 0);
    assert_int_equal(write(terminals[4], "3?", 2), 2);
    console_shows(terminals[4], "Keys");
    for (unsigned i = 3; i < 5; i++)
        assert_int_equal(kill(pids[i], SIGTERM), 0);
    for (unsigned i = 0; i < ARRAY_N(pids); i++) {
        int status;

        assert_int_equal(waitpid(pids[i], &status, 0), pids[i]);
        assert_true(WIFSIGNALED(status) || WEXITSTATUS(status) == 128 + SIGTERM);
        close(terminals[i]);
    }
    nobody_noticed();
}

/* For a minute players walk, and whoever else asks is answered. keys: two that redraw a terminal,
 * typed into it while a third of the minute lasts. */
static void a_minute_passes(int terminal, const char *keys)
{
    uint64_t begun_ms = now_ms(), next_ms = begun_ms;

    for (unsigned i = 0; now_ms() < begun_ms + MINUTE_MS; i++) {
        uint64_t asked_ms = now_ms();

        if (asked_ms < begun_ms + MINUTE_MS / 3)
            (void)!write(terminal, &keys[i % 2], 1);
        assert_non_null(daemon_ask(&server, "server.status", NULL));
        assert_true(now_ms() - asked_ms < PATIENCE_MS);
        for (next_ms += 250; now_ms() < next_ms;)
            party_pump(party, 20);
        for (unsigned player = 0; player < PLAYERS; player++)
            assert_false(walkers[player]->gone);
    }
}

/* He who reads again is told how much he lost, and then loses nothing. */
static void hears_of_the_loss(int fd)
{
    static char room[MIB];
    uint64_t end_ms = now_ms() + 3 * DEADLINE_MS;
    unsigned long lost = 0;

    for (bool whole = false; !whole;) {
        bool closed;
        size_t n = operator_hear(fd, room, sizeof(room), 200, &closed);

        assert_true(n > 0 && !closed && now_ms() < end_ms);
        for (const char *at = room; (at = strstr(at, "\"lost\":")) != NULL; at++) {
            unsigned long now = strtoul(at + 7, NULL, 10);

            whole = lost > LOST_LEAST && now == 0;
            lost += now;
        }
    }
}

/* Sixteen subscriptions, and not a byte is read; a console whose terminal takes nothing, and one
 * that is stopped: for a minute. What is there for them is bounded, nobody notices, and all three
 * go on when they come to themselves. */
static void test_consoles_stop_reading_for_a_minute(void **state)
{
    static const char ASK[] = "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"subscribe\",\"params\":{"
                              "\"topic\":\"metrics\",\"interval_ms\":100}}\n";
    pid_t consoles[2];
    int fd, terminals[2];
    size_t before;

    (void)state;
    players_walk();
    fd = operator_connect();
    for (unsigned i = 0; i < 2; i++) {
        consoles[i] = console_start(&terminals[i]);
        console_shows(terminals[i], "Traffic");
    }
    assert_int_equal(kill(consoles[1], SIGSTOP), 0);
    before = memory_bytes();
    for (unsigned i = 0; i < 16; i++)
        assert_int_equal(operator_say(fd, ASK, sizeof(ASK) - 1), 0);
    a_minute_passes(terminals[0], "21");
    assert_true(daemon_metric(&server, "openmmo_admin_dropped_total") > LOST_LEAST);
    assert_true(FLAT(before));
    hears_of_the_loss(fd);
    close(fd);
    assert_int_equal(kill(consoles[1], SIGCONT), 0);
    for (unsigned i = 0; i < 2; i++) {
        int status;

        if (i == 0)
            console_shows(terminals[i], "Traffic"); /* what has been waiting */
        assert_int_equal(write(terminals[i], "3?", 2), 2);
        console_shows(terminals[i], "Keys");
        assert_int_equal(kill(consoles[i], SIGTERM), 0);
        assert_int_equal(waitpid(consoles[i], &status, 0), consoles[i]);
        assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM);
        close(terminals[i]);
    }
    nobody_noticed();
}

/* -- what is no request ------------------------------------------------------------------------ */

/* 100 MB without an end: refused as soon as it is too long, and nothing of it is kept. */
static void test_an_endless_line(void **state)
{
    static char block[64 * KIB], room[4 * KIB];
    size_t sent = 0, before;
    bool closed;
    int fd;

    (void)state;
    players_walk();
    before = memory_bytes();
    memset(block, '[', sizeof(block));
    fd = operator_connect();
    while (sent < 100 * (size_t)MIB && operator_say(fd, block, sizeof(block)) == 0)
        sent += sizeof(block);
    assert_true(sent < 4 * (size_t)MIB);
    (void)operator_hear(fd, room, sizeof(room), 2000, &closed);
    assert_true(closed);
    close(fd);
    /* In many pieces it is no better, nor by many at once. */
    for (unsigned i = 0; i < 50; i++) {
        fd = operator_connect();
        (void)operator_say(fd, block, sizeof(block) - 1);
        close(fd);
    }
    assert_true(FLAT(before));
    nobody_noticed();
}

/* 10,000 requests in one line: as small as they may be they fit into a line, and are too many; as
 * requests they are too long. And many that are as large as may be. */
static void test_huge_batches(void **state)
{
    static const char ONE[] = "{\"jsonrpc\":\"2.0\",\"method\":\"server.worst\",\"id\":1},";
    static char line[10000 * sizeof(ONE) + 8], room[2 * MIB];
    size_t n = 0;
    bool closed;
    int fd;

    (void)state;
    players_walk();
    line[n++] = '[';
    for (unsigned i = 0; i < 10000; i++)
        n += (size_t)sprintf(line + n, "1,");
    strcpy(line + n - 1, "]\n");
    fd = operator_connect();
    assert_int_equal(operator_say(fd, line, strlen(line)), 0);
    operator_await(fd, room, sizeof(room), "-32600");
    for (n = 1; n < 10000 * (sizeof(ONE) - 1); n += sizeof(ONE) - 1)
        memcpy(line + n, ONE, sizeof(ONE));
    strcpy(line + n - 1, "]\n");
    (void)operator_say(fd, line, strlen(line));
    (void)operator_hear(fd, room, sizeof(room), 2000, &closed);
    assert_true(closed);
    close(fd);
    fd = operator_connect();
    n = 1 + 64 * (sizeof(ONE) - 1);
    strcpy(line + n - 1, "]\n");
    for (unsigned i = 0; i < 20; i++)
        assert_int_equal(operator_say(fd, line, strlen(line)), 0);
    assert_true(operator_hear(fd, room, sizeof(room), 1000, &closed) > 0 && !closed);
    close(fd);
    nobody_noticed();
}

/* -- requests that mean nothing ---------------------------------------------------------------- */

static uint32_t dice_state = 20261123;

static uint32_t dice(uint32_t sides)
{
    dice_state = dice_state * 1664525 + 1013904223;
    return (dice_state >> 8) % sides;
}

/* clang-format off */
static const char *const VALUES[] = {
    "1", "-1", "0", "18446744073709551615", "18446744073709551616", "9223372036854775807", "1e308", "1e-400", "-0",
    "99999999999999999999999999999999999999", "0.1", "true", "false", "null", "\"\"", "\"walker1\"", "\"yes\"", "\"10m\"",
    "\"\\u0000\"", "\"\\u001b[2J\"", "\"\\ud800\"", "\"\\u202e\"", "[]", "{}", "[[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]]",
    "{\"a\":{\"a\":{\"a\":{}}}}", "\"metrics\"", "\"log\"", "\"chat\"", "\"audit\"", "\"../../etc/passwd\"", "\"0.0.0.0/0\"",
    "\"'; DROP TABLE players; --\"", "\"%n%n%n%s\"",
};
static const char *const KEYS[] = {
    "name", "player", "session", "id", "topic", "params", "interval_ms", "limit", "text", "reason", "level", "sort", "filter", "x",
    "z", "offset", "after", "before", "duration", "network", "on", "in", "subscription", "everyone", "spread", "lines", "", "\\u0000",
};
/* What ends the server, or makes it wait for an hour, does so rightly. */
static const char *const SPARED[] = {"server.shutdown", "server.restart-when-empty", "players.erase", "server.maintenance",
                                     "server.drain", "players.kick", "log.level", "players.teleport", "auth.rotate-key"};
/* clang-format on */

static bool spared(const char *method)
{
    for (size_t i = 0; i < ARRAY_N(SPARED); i++)
        if (strcmp(SPARED[i], method) == 0)
            return true;
    return strncmp(method, "bans.", 5) == 0 || strncmp(method, "players.mute", 12) == 0;
}

/* A request of a method with what its dice say, and now and then a byte that is another. */
static size_t nonsense(char *line, size_t room_bytes, const char *method)
{
    unsigned params = dice(4);
    size_t n = (size_t)snprintf(
        line, room_bytes, "%s{\"jsonrpc\":\"2.0\",\"id\":%s,\"method\":\"%s\",\"params\":{",
        dice(8) == 0 ? "[" : "", dice(3) == 0 ? VALUES[dice(ARRAY_N(VALUES))] : "7", method);

    for (unsigned i = 0; i < params; i++)
        n += (size_t)snprintf(line + n, room_bytes - n, "%s\"%s\":%s", i > 0 ? "," : "",
                              KEYS[dice(ARRAY_N(KEYS))], VALUES[dice(ARRAY_N(VALUES))]);
    n += (size_t)snprintf(line + n, room_bytes - n, "}}%s", line[0] == '[' ? "]" : "");
    if (dice(4) == 0)
        line[dice((uint32_t)n)] = (char)dice(256);
    for (size_t i = 0; i < n; i++)
        if (line[i] == '\n')
            line[i] = ' ';
    line[n++] = '\n';
    return n;
}

/* Every line that comes back is whole JSON. Returns what is left of the last. */
static size_t check_lines(char *room, size_t n, unsigned *answers)
{
    char *at = room, *end;

    while ((end = memchr(at, '\n', n - (size_t)(at - room))) != NULL) {
        json_t *answer = json_loadb(at, (size_t)(end - at), 0, NULL);

        if (answer == NULL)
            fail_msg("no JSON came back: %.*s", (int)(end - at), at);
        json_decref(answer);
        (*answers)++;
        at = end + 1;
    }
    n -= (size_t)(at - room);
    memmove(room, at, n);
    return n;
}

/* What has come is read and checked. *left: of a line that is not whole yet. */
static void hear_lines(int fd, size_t *left, unsigned *answers)
{
    static char room[4 * MIB];
    ssize_t n;

    while ((n = recv(fd, room + *left, sizeof(room) - *left, 0)) > 0)
        *left = check_lines(room, *left + (size_t)n, answers);
    assert_true(n < 0 && errno == EAGAIN && *left < sizeof(room)); /* it is still open */
}

/* Who is not read from is not read either: so both. */
static void say_and_hear(int fd, const char *line, size_t n, size_t *left, unsigned *answers)
{
    for (uint64_t end_ms = now_ms() + DEADLINE_MS; n > 0;) {
        ssize_t sent = send(fd, line, n, MSG_NOSIGNAL);

        assert_true(now_ms() < end_ms && (sent > 0 || errno == EAGAIN));
        if (sent > 0)
            line += sent, n -= (size_t)sent;
        else
            party_pump(party, 1);
        hear_lines(fd, left, answers);
    }
}

static void test_nonsense(void **state)
{
    static char line[4 * KIB];
    json_t *discovered, *methods;
    size_t left = 0, before = 0;
    unsigned answers = 0;
    int fd;

    (void)state;
    players_walk();
    discovered = json_loads(daemon_ask(&server, "rpc.discover", NULL), 0, NULL);
    methods = json_object_get(json_object_get(discovered, "result"), "methods");
    assert_true(json_array_size(methods) > 40);
    fd = operator_connect();
    for (unsigned i = 0; i < NONSENSE; i++) {
        const json_t *row = json_array_get(methods, dice((uint32_t)json_array_size(methods)));
        const char *method = json_string_value(json_object_get(row, "name"));

        if (spared(method))
            continue;
        say_and_hear(fd, line, nonsense(line, sizeof(line), method), &left, &answers);
        if (i % 16 == 0)
            party_pump(party, 0);
        if (i == NONSENSE / 2)
            before = memory_bytes();
    }
    assert_true(answers > NONSENSE / 3);
    assert_true(FLAT(before));
    close(fd);
    json_decref(discovered);
    nobody_noticed();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        STAGED(test_a_hundred_consoles, NULL),
        STAGED(test_consoles_are_killed, NULL),
        STAGED(test_consoles_stop_reading_for_a_minute, NULL),
        STAGED(test_an_endless_line, NULL),
        STAGED(test_huge_batches, NULL),
        STAGED(test_nonsense, NULL),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
