/* test_store_dns.c -- the database by a host name, and name servers that fail: silent, refusing,
 * talking nonsense. The name server is the test's own; the cluster's Unix socket stands for the
 * address that it gives. */
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>
#include <event2/dns.h>
#include <event2/event.h>
#include <libpq-fe.h>

#include "common/compiler.h"
#include "common/log.h"
#include "ops/libevent_log.h"
#include "pg_cluster.h"
#include "store/store.h"
#include "store/timestamp.h"

#define DEADLINE_MS 20000
#define CONNECT_MS  1000
#define TICK_MS     10
#define GAP_MS_MAX  500 /* of the ticks, on a busy machine; a look-up that blocks takes seconds */
#define NAME        "db.openmmo.test"

enum answer {
    SAYS_RIGHT,
    SAYS_SILENT,
    SAYS_SERVFAIL,
    SAYS_REFUSED,
    SAYS_NXDOMAIN,
    SAYS_NO_ADDRESS,
    SAYS_SHORT,
    SAYS_LOOP,
    SAYS_NOISE,
    SAYS_OTHER_ID
};

static char connection[PG_CLUSTER_CONNECTION_BYTES]; /* by the socket */
static char named[PG_CLUSTER_CONNECTION_BYTES];      /* by the name: what the store is told */
static struct event_base *base;
static struct event *question_event, *tick_event;
static struct store *store;
static int dns_fd;
static char dns_place[40];
static const char *dns_listed = dns_place; /* in the machine's list */
static time_t dns_listed_s = 1;            /* when that was written */
static enum answer dns_says;
static unsigned dns_asked_n, looked_up_n;
static uint64_t ticked_ms, gap_ms;
static struct store_answer last;
static bool have_answer;
static unsigned failed_n, back_n; /* lines of the log about the name server */

/* -- in place of the machine's name servers, and of a server at the address -- */

int __wrap_evdns_base_resolv_conf_parse(struct evdns_base *dns, int flags, const char *path);
int __real_stat(const char *path, struct stat *status);
int __wrap_stat(const char *path, struct stat *status);
PGconn *__real_PQconnectdbParams(const char *const *keywords, const char *const *values,
                                 int dbname);
PGconn *__wrap_PQconnectdbParams(const char *const *keywords, const char *const *values,
                                 int dbname);
PGconn *__wrap_PQconnectStartParams(const char *const *keywords, const char *const *values,
                                    int dbname);
PQconninfoOption *__wrap_PQconninfo(PGconn *conn);

int __wrap_evdns_base_resolv_conf_parse(struct evdns_base *dns, int flags, const char *path)
{
    (void)flags, (void)path;
    return evdns_base_nameserver_ip_add(dns, dns_listed);
}

int __wrap_stat(const char *path, struct stat *status)
{
    if (strcmp(path, "/etc/resolv.conf") != 0)
        return __real_stat(path, status);
    *status = (struct stat){.st_ino = 1, .st_mtim.tv_sec = dns_listed_s};
    return 0;
}

/* The first connection looks names up by itself, blocking: that is not what is tested here. */
PGconn *__wrap_PQconnectdbParams(const char *const *keywords, const char *const *values, int dbname)
{
    (void)keywords, (void)values, (void)dbname;
    return PQconnectdb(connection);
}

PQconninfoOption *__wrap_PQconninfo(PGconn *conn)
{
    (void)conn;
    return PQconninfoParse(named, NULL);
}

PGconn *__wrap_PQconnectStartParams(const char *const *keywords, const char *const *values,
                                    int dbname)
{
    const char *address = "";

    (void)dbname;
    for (size_t i = 0; keywords[i]; i++)
        if (strcmp(keywords[i], "hostaddr") == 0)
            address = values[i];
    assert_string_equal(address, "127.0.0.1");
    looked_up_n++;
    return PQconnectStart(connection);
}

/* -- a name server -- */

/* The answer to the question in room, made in place; its bytes, 0: none. */
static size_t answer_in(uint8_t room[512], size_t n)
{
    static const uint8_t ADDRESS[] = {0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 0, 0, 4, 127, 0, 0, 1};
    static const uint8_t LOOPING[] = {0xc0, 0, 0, 1, 0, 1, 0, 0, 0, 0, 0xff, 0xff};
    uint8_t code = dns_says == SAYS_SERVFAIL   ? 2
                   : dns_says == SAYS_NXDOMAIN ? 3
                   : dns_says == SAYS_REFUSED  ? 5
                                               : 0;
    bool v4 = n >= 17 && room[n - 3] == 1; /* its question ends the query: A, or AAAA */

    if (dns_says == SAYS_SILENT || n < 17 || n > 400)
        return 0;
    room[2] = 0x81;
    room[3] = 0x80 | code;
    memset(room + 6, 0, 6);
    switch (dns_says) {
    case SAYS_RIGHT:
    case SAYS_OTHER_ID:
        room[1] ^= dns_says == SAYS_OTHER_ID;
        if (!v4)
            break;
        room[7] = 1;
        memcpy(room + n, ADDRESS, sizeof(ADDRESS));
        return n + sizeof(ADDRESS);
    case SAYS_SHORT:
        room[7] = 200; /* answers, and none is there */
        return n - 3;
    case SAYS_LOOP:
        room[7] = 9;
        memcpy(room + n, LOOPING, sizeof(LOOPING));
        room[n + 1] = (uint8_t)n; /* a name that points at itself */
        return n + sizeof(LOOPING);
    case SAYS_NOISE:
        memset(room + 2, 0xff, n - 2);
        return n;
    case SAYS_SILENT:
    case SAYS_SERVFAIL:
    case SAYS_REFUSED:
    case SAYS_NXDOMAIN:
    case SAYS_NO_ADDRESS:
        break;
    }
    return n;
}

static void on_question(evutil_socket_t fd, short what, void *context)
{
    struct sockaddr_in from;
    socklen_t from_bytes = sizeof(from);
    uint8_t room[512];
    ssize_t n = recvfrom(fd, room, sizeof(room), 0, (struct sockaddr *)&from, &from_bytes);
    size_t bytes;

    (void)what, (void)context;
    if (n < 0)
        return;
    dns_asked_n++;
    bytes = answer_in(room, (size_t)n);
    if (bytes > 0)
        (void)sendto(fd, room, bytes, 0, (struct sockaddr *)&from, from_bytes);
}

static void on_line(void *context, int64_t time_ms, enum log_level level, const char *event,
                    const char *line)
{
    (void)context, (void)time_ms, (void)level;
    if (strcmp(event, "libevent") != 0 || !strstr(line, dns_place))
        return;
    failed_n += strstr(line, "has failed") != NULL;
    back_n += strstr(line, "is back up") != NULL;
}

static void on_tick(evutil_socket_t fd, short what, void *context)
{
    uint64_t now_ms = timestamp_now_ms();

    (void)fd, (void)what, (void)context;
    if (ticked_ms && now_ms > ticked_ms + gap_ms)
        gap_ms = now_ms - ticked_ms;
    ticked_ms = now_ms;
}

/* -- the store -- */

static void answered(void *context, uint64_t tag, const struct store_answer *answer)
{
    (void)context, (void)tag;
    last = *answer;
    have_answer = true;
}

static enum store_status asks(bool changes)
{
    static unsigned players_n;
    struct store_question question = {.statement = STORE_PLAYER_BY_NAME, .answer = answered};
    uint64_t end_ms = timestamp_now_ms() + DEADLINE_MS;
    struct timeval step = {0, 10000};

    if (changes) {
        question.statement = STORE_PLAYER_ADD;
        snprintf(question.in.player.username, sizeof(question.in.player.username), "p%u",
                 ++players_n);
        strcpy(question.in.player.key, question.in.player.username);
        strcpy(question.in.player.hash, "$hash$");
        question.in.player.created_ms = 1700000000123;
    } else {
        strcpy(question.in.key, "nobody");
    }
    have_answer = false;
    assert_int_equal(store_ask(store, &question), 0);
    while (!have_answer) {
        assert_true(timestamp_now_ms() < end_ms);
        event_base_loopexit(base, &step);
        event_base_dispatch(base);
    }
    return last.status;
}

/* Until the database is away, in these words, and its name was asked for more than that often. */
static void asks_until_away(const char *words, unsigned asked_n)
{
    uint64_t end_ms = timestamp_now_ms() + DEADLINE_MS;

    while (asks(false) != STORE_AWAY || !strstr(last.error.text, words) || dns_asked_n == asked_n)
        if (timestamp_now_ms() > end_ms)
            fail_msg("never %s; the newest: %d %s", words, (int)last.status, last.error.text);
}

/* Until it takes changes again, and nothing is the matter. */
static void asks_until_back(void)
{
    uint64_t end_ms = timestamp_now_ms() + DEADLINE_MS;

    while (asks(true) != STORE_OK || store_trouble(store)[0] != '\0')
        if (timestamp_now_ms() > end_ms)
            fail_msg("it never came back: %d %s", (int)last.status, last.error.text);
}

static void all_connections_end(void)
{
    (void)pg_cluster_sql(connection, "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
                                     " WHERE application_name <> 'psql' AND pid <> pg_backend_pid()"
                                     " AND datname = current_database()");
}

static void test_name_servers_that_fail(void **state)
{
    static const char *const NO_NAME = "PostgreSQL: host name " NAME " cannot be looked up: ";
    static const char *const SILENCE = "PostgreSQL: its host name was not looked up in time";
    const struct {
        enum answer says;
        const char *words;
    } CASES[] = {
        {SAYS_SILENT, SILENCE},  {SAYS_SERVFAIL, NO_NAME},   {SAYS_NXDOMAIN, NO_NAME},
        {SAYS_REFUSED, NO_NAME}, {SAYS_NO_ADDRESS, NO_NAME}, {SAYS_SHORT, ""},
        {SAYS_LOOP, ""},         {SAYS_NOISE, ""},           {SAYS_OTHER_ID, SILENCE},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_N(CASES); i++) {
        unsigned asked_n = dns_asked_n, found_n = looked_up_n;

        dns_says = CASES[i].says;
        all_connections_end();
        asks_until_away(CASES[i].words, asked_n);
        assert_int_equal(looked_up_n, found_n); /* nothing was taken for an address */
        assert_null(strchr(last.error.text, '\n'));
        dns_says = SAYS_RIGHT;
        asks_until_back();
        assert_true(looked_up_n > found_n);
    }
    assert_true(failed_n > 0 && back_n > 0); /* said in the log, not on stderr */
    assert_true(ticked_ms > 0);
    assert_in_range(gap_ms, 1, GAP_MS_MAX);
}

/* The machine comes to another network, where the name servers that it had are not. */
static void test_other_name_servers(void **state)
{
    uint64_t end_ms = timestamp_now_ms() + DEADLINE_MS / 4;
    unsigned found_n;

    (void)state;
    dns_says = SAYS_RIGHT;
    while (pg_cluster_sql(connection, "SELECT count(*) FROM pg_stat_activity WHERE datname = "
                                      "current_database() AND pid <> pg_backend_pid()") < 2) {
        assert_true(timestamp_now_ms() < end_ms); /* none is on its way to one by the old list */
        (void)asks(false);
    }
    found_n = looked_up_n;
    dns_listed = "127.0.0.1:9"; /* nobody */
    dns_listed_s++;
    all_connections_end();
    while (asks(false) != STORE_AWAY)
        assert_true(timestamp_now_ms() < end_ms);
    assert_int_equal(looked_up_n, found_n);
    dns_listed = dns_place;
    dns_listed_s++;
    asks_until_back();
    assert_true(looked_up_n > found_n);
}

/* What comes after is the stop, in the midst of a look-up: sanitizers see what it leaves behind. */
static void test_a_stop_while_it_looks(void **state)
{
    unsigned asked_n = dns_asked_n;

    (void)state;
    dns_says = SAYS_SILENT;
    all_connections_end();
    asks_until_away("its host name was not looked up in time", asked_n);
    asked_n = dns_asked_n;
    while (dns_asked_n == asked_n)
        (void)asks(false);
}

static int setup(void **state)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t bytes = sizeof(address);
    const char *user;
    struct timeval every = {0, TICK_MS * 1000};
    struct store_config config = {.kind = STORE_POSTGRESQL,
                                  .queue_max = 100,
                                  .migrate = true,
                                  .pg = {.connection = named,
                                         .password_file = "",
                                         .pool_min = 1,
                                         .pool_max = 2,
                                         .statement_ms = 200,
                                         .answer_ms = 400,
                                         .connect_ms = CONNECT_MS}};
    struct error error = {""};

    (void)state;
    assert_int_equal(pg_cluster_make(&cluster, false), 0);
    assert_int_equal(pg_cluster_database(&cluster, connection), 0);
    user = strstr(connection, " ");
    assert_true(strncmp(connection, "host=", 5) == 0 && user != NULL);
    snprintf(named, sizeof(named), "host=" NAME "%s", user);
    log_set_tap(on_line, NULL);
    libevent_log_install();
    base = event_base_new();
    dns_fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    assert_int_equal(bind(dns_fd, (struct sockaddr *)&address, bytes), 0);
    assert_int_equal(getsockname(dns_fd, (struct sockaddr *)&address, &bytes), 0);
    snprintf(dns_place, sizeof(dns_place), "127.0.0.1:%u", ntohs(address.sin_port));
    question_event = event_new(base, dns_fd, EV_READ | EV_PERSIST, on_question, NULL);
    tick_event = event_new(base, -1, EV_PERSIST, on_tick, NULL);
    assert_int_equal(event_add(question_event, NULL), 0);
    assert_int_equal(event_add(tick_event, &every), 0);
    config.base = base;
    store = store_open(&config, &error);
    if (!store)
        fail_msg("%s", error.text);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    store_close(store);
    event_free(question_event);
    event_free(tick_event);
    event_base_loop(base, EVLOOP_NONBLOCK); /* where libevent ends what was not looked up yet */
    event_base_free(base);
    close(dns_fd);
    pg_cluster_remove(&cluster);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_name_servers_that_fail),
                                       cmocka_unit_test(test_other_name_servers),
                                       cmocka_unit_test(test_a_stop_while_it_looks)};

    return cmocka_run_group_tests(tests, setup, teardown);
}
