/* test_network.c -- what operators see of who comes from where: one who guesses passwords is seen
 * by his address, is locked, unlocked, banned and let in again, and others notice nothing of it. */
#include "stage_store.h"

#include <arpa/inet.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* Players come from this address from now on; NULL: as the kernel likes. */
static const char *source;

int __real_connect(int fd, const struct sockaddr *address, socklen_t bytes);
int __wrap_connect(int fd, const struct sockaddr *address, socklen_t bytes);

int __wrap_connect(int fd, const struct sockaddr *address, socklen_t bytes)
{
    struct sockaddr_in from = {.sin_family = AF_INET};

    if (source != NULL && address->sa_family == AF_INET) {
        assert_int_equal(inet_pton(AF_INET, source, &from.sin_addr), 1);
        assert_int_equal(bind(fd, (const struct sockaddr *)&from, sizeof(from)), 0);
    }
    return __real_connect(fd, address, bytes);
}

/* -- what is told ------------------------------------------------------------------------------ */

static json_int_t number(const json_t *object, const char *key)
{
    const json_t *value = json_object_get(object, key);

    if (!json_is_integer(value))
        fail_msg("no number: %s", key);
    return json_integer_value(value);
}

static const char *word(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));

    return text != NULL ? text : "";
}

/* A new reference to the row of a method's list whose member is that word; NULL: there is none. */
static json_t *row_of(const char *method, const char *list, const char *key, const char *text)
{
    json_t *result = result_of(method, "{}"), *row, *found = NULL;
    size_t i;

    json_array_foreach(json_object_get(result, list), i, row)
    {
        if (strcmp(word(row, key), text) == 0)
            found = json_incref(row);
    }
    json_decref(result);
    return found;
}

/* Of an address; 0: it is not known. */
static json_int_t figure(const char *network, const char *key)
{
    json_t *row = row_of("network.addresses", "addresses", "network", network);
    json_int_t value = row != NULL ? number(row, key) : 0;

    json_decref(row);
    return value;
}

static bool stands(const char *method, const char *network, const char *state)
{
    json_t *row = row_of(method, "addresses", "network", network);
    bool so = row != NULL && strcmp(word(row, "state"), state) == 0;

    json_decref(row);
    return so;
}

/* -- who guesses ------------------------------------------------------------------------------- */

/* From the source, so often; each is told that it was wrong, or that he must wait. */
static unsigned guess(const char *name, unsigned n)
{
    unsigned wrong = 0;

    for (unsigned i = 0; i < n; i++) {
        struct player *p = player_connect(party, &server);

        UNTIL(party, DEADLINE_MS, p->greeted);
        player_login(p, name, "not the password");
        UNTIL(party, DEADLINE_MS, p->notices_n > 0 || p->gone);
        wrong += p->notice == PROTOCOL_REASON_LOGIN_FAILED;
        player_leave(p);
    }
    return wrong;
}

#define ATTACKER "127.0.0.66"

/* Limits on addresses hold for everybody. */
static const char *const limited[] = {"--limits.exempt=192.0.2.0/24", NULL};

static void test_an_attacker_is_seen_locked_and_banned(void **state)
{
    struct player *anna, *near;
    json_t *row;
    char ban[80];

    (void)state;
    daemon_start(&server, limited);
    source = "127.0.0.9";
    anna = player_new_account(party, &server, "anna");
    source = ATTACKER;
    near = player_new_account(party, &server, "near"); /* sits behind the same address */
    assert_int_equal(guess("nobody1", 5), 5);
    assert_int_equal(guess("nobody2", 5), 5);
    assert_int_equal(figure(ATTACKER, "login_failures"), 10);
    assert_true(stands("network.addresses", ATTACKER, "auth-locked"));
    assert_int_equal(guess("nobody3", 2), 0); /* told to wait */
    UNTIL(party, DEADLINE_MS, figure(ATTACKER, "logins_limited") == 2);
    row = row_of("network.blocked", "addresses", "network", ATTACKER);
    assert_string_equal(word(row, "why"), "too many wrong logins");
    assert_true(number(row, "until_ms") > number(row, "seen_ms"));
    assert_int_equal(number(row, "players"), 1);
    json_decref(row);
    assert_true(stands("network.addresses", "127.0.0.9", "ok"));
    assert_null(row_of("network.blocked", "addresses", "network", "127.0.0.9"));

    /* the lock is taken off, once, and he can be wrong again */
    good("network.unlock", "{\"network\":\"" ATTACKER "\"}");
    bad("network.unlock", "{\"network\":\"" ATTACKER "\"}", "is not locked");
    assert_int_equal(guess("nobody4", 1), 1);
    assert_true(stands("network.addresses", ATTACKER, "ok"));
    assert_int_equal(sql("SELECT count(*) FROM audit WHERE method = 'network.unlock' AND target = "
                         "'" ATTACKER "'"),
                     2);

    /* what a ban would hit is known before it is made; then he is out, and says so */
    row = result_of("network.show", "{\"network\":\"" ATTACKER "\"}");
    assert_int_equal(number(row, "players"), 1);
    assert_string_equal(word(json_array_get(json_object_get(row, "sessions"), 0), "name"), "near");
    json_decref(row);
    row = result_of("bans.add", "{\"network\":\"" ATTACKER "\",\"reason\":\"guesses\"}");
    snprintf(ban, sizeof(ban), "{\"ban\":\"%s\"}", word(row, "ban"));
    json_decref(row);
    UNTIL(party, DEADLINE_MS, near->gone);
    UNTIL(party, DEADLINE_MS, figure(ATTACKER, "connections") == 0);
    UNTIL(party, DEADLINE_MS, stands("network.blocked", ATTACKER, "banned"));
    player_connect(party, &server);
    UNTIL(party, DEADLINE_MS, figure(ATTACKER, "banned") == 1);
    good("bans.lift", ban);
    assert_true(stands("network.addresses", ATTACKER, "ok"));
    player_returns(party, &server, "near");
    assert_true(anna->welcomed && !anna->gone);
    source = NULL;
    assert_int_equal(daemon_terminate(&server), 0);
}

/* Whose password is guessed at from many places: it is the account that is locked. */
static void test_an_account_is_locked_and_unlocked(void **state)
{
    struct player *anna;
    json_t *row;
    char from[32];

    (void)state;
    daemon_start(&server, limited);
    source = "127.0.0.9";
    anna = player_new_account(party, &server, "anna");
    for (unsigned i = 0; i < 8; i++) {
        snprintf(from, sizeof(from), "127.0.1.%u", i + 1);
        source = from;
        guess("Anna", 1);
    }
    row = row_of("network.blocked", "accounts", "player", "anna");
    assert_non_null(row);
    assert_true(number(row, "failures") >= 5);
    assert_true(number(row, "until_ms") > 0);
    json_decref(row);
    good("network.unlock", "{\"player\":\"anna\"}");
    assert_null(row_of("network.blocked", "accounts", "player", "anna"));
    bad("network.unlock", "{\"player\":\"anna\"}", "anna is not locked");
    bad("network.unlock", "{\"player\":\"anna\",\"network\":\"127.0.1.1\"}", "not both");
    source = NULL;
    player_leave(anna);
    assert_int_equal(daemon_terminate(&server), 0);
}

/* -- who is there ------------------------------------------------------------------------------ */

static void test_connections_and_bytes_are_counted_by_address(void **state)
{
    struct player *anna;
    json_t *result;
    int raw;

    (void)state;
    daemon_start(&server, NULL);
    source = "127.0.0.21";
    anna = player_new_account(party, &server, "anna");
    raw = raw_connect(&server);
    UNTIL(party, DEADLINE_MS, figure("127.0.0.21", "connections") == 2);
    assert_int_equal(figure("127.0.0.21", "before_login"), 1);
    assert_int_equal(figure("127.0.0.21", "players"), 1);
    assert_int_equal(figure("127.0.0.21", "accepted"), 2);
    close(raw); /* no TLS ever */
    UNTIL(party, DEADLINE_MS, figure("127.0.0.21", "handshakes_failed") == 1);
    player_leave(anna);
    UNTIL(party, DEADLINE_MS, figure("127.0.0.21", "connections") == 0);
    assert_int_equal(figure("127.0.0.21", "players"), 0);
    assert_int_equal(figure("127.0.0.21", "before_login"), 0);
    UNTIL(party, DEADLINE_MS, figure("127.0.0.21", "in") > 300); /* what TLS takes at the least */
    UNTIL(party, DEADLINE_MS, figure("127.0.0.21", "out") > 500);
    /* who logged in from there is known by then; whoever asks for a wide network is told how */
    UNTIL(party, DEADLINE_MS, sql("SELECT count(*) FROM player_addresses") == 1);
    result = result_of("network.accounts", "{\"network\":\"127.0.0.21\"}");
    assert_string_equal(word(json_array_get(json_object_get(result, "accounts"), 0), "player"),
                        "anna");
    json_decref(result);
    bad("network.accounts", "{\"network\":\"127.0.0.0/24\"}", "remembered by address");
    source = NULL;
    assert_int_equal(daemon_terminate(&server), 0);
}

/* One who asks over HTTP, on one connection, until he is told that it was too often. */
static void ask_too_often(uint16_t port)
{
    static const char ASK[] = "GET /api/stats HTTP/1.1\r\nHost: test\r\n\r\n";
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(port)};
    uint64_t until_ms = now_ms() + DEADLINE_MS;
    char answers[8192] = "";
    size_t n = 0;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    assert_int_equal(connect(fd, (const struct sockaddr *)&to, sizeof(to)), 0);
    while (strstr(answers, " 429 ") == NULL) {
        ssize_t got;

        assert_true(now_ms() < until_ms);
        assert_int_equal(send(fd, ASK, sizeof(ASK) - 1, MSG_NOSIGNAL), sizeof(ASK) - 1);
        n = n > sizeof(answers) / 2 ? 0 : n;
        got = recv(fd, answers + n, sizeof(answers) - 1 - n, 0);
        assert_true(got > 0);
        answers[n += (size_t)got] = '\0';
    }
    close(fd);
}

static json_int_t of_class(const char *class_of, const char *key)
{
    json_t *row = row_of("network.traffic", "classes", "class", class_of);
    json_int_t value = number(row, key);

    json_decref(row);
    return value;
}

static void test_web_clients_are_seen_too(void **state)
{
    static const char *const slow[] = {"--limits.exempt=192.0.2.0/24", "--http.reads_per_minute=10",
                                       NULL};

    (void)state;
    daemon_start(&server, slow);
    source = "127.0.0.77";
    ask_too_often(daemon_http_port(&server));
    source = NULL;
    UNTIL(party, DEADLINE_MS, figure("127.0.0.77", "connections") == 0);
    assert_true(figure("127.0.0.77", "limited") >= 1);
    assert_int_equal(figure("127.0.0.77", "accepted"), 1);
    UNTIL(party, DEADLINE_MS, figure("127.0.0.77", "in") > 300);
    assert_true(stands("network.blocked", "127.0.0.77", "rate-limited"));
    assert_int_equal(of_class("http", "accepted"), 1);
    assert_true(of_class("http", "limited") >= 1);
    assert_int_equal(of_class("game", "accepted"), 0);
    assert_int_equal(daemon_terminate(&server), 0);
}

static void test_traffic_by_class(void **state)
{
    json_int_t asked;

    (void)state;
    daemon_start(&server, NULL);
    assert_int_equal(of_class("game", "accepted"), 0);
    source = "127.0.0.5";
    player_new_account(party, &server, "anna");
    assert_int_equal(of_class("game", "accepted"), 1);
    assert_int_equal(of_class("game", "open"), 1);
    UNTIL(party, DEADLINE_MS, of_class("game", "in") > 0 && of_class("game", "out") > 0);
    asked = of_class("admin", "accepted");
    assert_int_equal(of_class("admin", "accepted"), asked + 1);
    assert_true(of_class("admin", "in") > 0 && of_class("admin", "out") > 0);
    assert_int_equal(of_class("http", "accepted"), 0);
    good("bans.add", "{\"network\":\"127.0.0.6\",\"reason\":\"x\"}");
    source = "127.0.0.6";
    player_connect(party, &server);
    UNTIL(party, DEADLINE_MS, of_class("game", "refused") == 1);
    source = NULL;
    assert_int_equal(daemon_terminate(&server), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        STAGED_BOTH(test_an_attacker_is_seen_locked_and_banned, NULL),
        STAGED_BOTH(test_an_account_is_locked_and_unlocked, NULL),
        STAGED_BOTH(test_connections_and_bytes_are_counted_by_address, NULL),
        STAGED(test_web_clients_are_seen_too, NULL),
        STAGED(test_traffic_by_class, NULL),
    };

    return cmocka_run_group_tests(tests, pg_cluster_begin, pg_cluster_end);
}
