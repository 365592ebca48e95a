/* What leaves the machine: scrubbed, in the published shapes, by a thread that nobody waits for. */
#include <config.h> /* GNU extensions */

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>
#include <jansson.h>
#include <sodium.h>

#include "common/compiler.h"
#include "common/log.h"
#include "ops/metrics.h"
#include "ops/otlp.h"
#include "ops/post.h"
#include "ops/reports.h"
#include "ops/scrub.h"
#include "ops/sentry.h"

#define DEADLINE_MS 15000
#define BODY_MAX    (256 * 1024)

static uint64_t now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/* -- scrub ------------------------------------------------------------------------------------- */

static void test_scrub(void **state)
{
    static const struct {
        const char *text, *clean;
    } rows[] = {
        {"", ""},
        {"the database does not answer", "the database does not answer"},
        {"cannot reach alice@example.org now", "cannot reach [...] now"},
        {"connect postgresql://openmmo:hunter2@db.example/x failed", "connect [...] failed"},
        {"from 203.0.113.9 and 203.0.113.9:443 and 10.0.0.0/8", "from [...] and [...] and [...]"},
        {"from 2001:db8::1 and [2001:db8::1]:7777 at 12:04", "from [...] and [...] at 12:04"},
        {"server at \"db\" (10.0.0.5), port 5432 failed", "server at [...] [...] port 5432 failed"},
        {"(2001:db8::1), http://10.0.0.5:80/x or a=192.0.2.1;", "[...] [...] or [...]"},
        {"libpq.so.5.17.1 or v1.2.3.4 (07:04:54)", "libpq.so.5.17.1 or v1.2.3.4 (07:04:54)"},
        {"password=hunter2 was wrong", "password=[...] was wrong"},
        {"Password: hunter2 was wrong", "Password:[...] [...] was wrong"},
        {"PGPASSWORD=hunter2", "PGPASSWORD=[...]"},
        {"the token abc", "the token [...]"},
        {"alice@token=5 and b@key: abc", "[...] and [...] [...]"},
        {"Authorization: Bearer abc.def", "Authorization:[...] [...] [...]"},
        {"eyJhbGciOiJFZERTQSJ9.eyJzdWIiOiIxIn0.c2ln is it", "[...] is it"},
        {"$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHQ$aGFzaA no", "[...] no"},
        {"Key (username)=(alice smith) already exists", "Key [...][...] already exists"},
        {"column \"email\" of relation 'x y'", "column [...] of relation [...]"},
        {"an open \"quotation runs on", "an open [...]"},
        {"a\nb\x1b[31mc", "a b [31mc"},
        {"bind: Address already in use", "bind: Address already in use"},
        {"version 0.1.0 of 2026-11-23T07:04:54", "version 0.1.0 of 2026-11-23T07:04:54"},
    };
    char room[200], small[12];

    (void)state;
    for (unsigned i = 0; i < ARRAY_N(rows); i++) {
        scrub(rows[i].text, room, sizeof(room));
        if (strcmp(room, rows[i].clean) != 0)
            fail_msg("\"%s\": \"%s\", not \"%s\"", rows[i].text, room, rows[i].clean);
    }
    assert_string_equal(scrub("abcdefgh ijklmnop", small, sizeof(small)), "abcdefgh ij");
    assert_string_equal(scrub("abcdefgh i\xc3\xa9 k", small, sizeof(small)), "abcdefgh i");
}

/* -- shapes ------------------------------------------------------------------------------------ */

static void test_dsn(void **state)
{
    static const char *const bad[] = {"",
                                      "x",
                                      "ftp://k@h/1",
                                      "https://h/1",
                                      "https://@h/1",
                                      "https://k@h",
                                      "https://k@h/",
                                      "https://k@/1",
                                      "https://k/1@h",
                                      "https://k k@h/1",
                                      "https://k@h/1\r\nX: y",
                                      "https://k@h x/1",
                                      "https://k@h/1?x=y",
                                      "https://k\"@h/1"};
    struct sentry_dsn dsn;
    struct error error;
    char longer[700];

    (void)state;
    assert_int_equal(sentry_parse("https://abc123@o1.sentry.example/42", &dsn, &error), 0);
    assert_string_equal(dsn.url, "https://o1.sentry.example/api/42/envelope/");
    assert_string_equal(dsn.auth,
                        "Sentry sentry_version=7, sentry_client=openmmod/1, sentry_key=abc123");
    assert_int_equal(sentry_parse("http://abc:old@[::1]:8969/sub/path/7", &dsn, &error), 0);
    assert_string_equal(dsn.url, "http://[::1]:8969/sub/path/api/7/envelope/");
    assert_null(strstr(dsn.auth, "old"));
    for (unsigned i = 0; i < ARRAY_N(bad); i++)
        if (sentry_parse(bad[i], &dsn, &error) == 0)
            fail_msg("%s is no DSN", bad[i]);
    memset(longer, 'a', sizeof(longer));
    memcpy(longer, "https://", 8);
    memcpy(longer + sizeof(longer) - 5, "@h/1", 5);
    assert_int_equal(sentry_parse(longer, &dsn, &error), -1);
}

static struct span a_span(void)
{
    struct span span = {.name = "statement", .ended_ms = 1700000000123, .took_us = 1500};

    span_text(&span, "db.operation.name", "login_by_name");
    span_number(&span, "openmmo.rows", -3);
    return span;
}

/* As opentelemetry-proto's trace.proto, in protobuf's JSON with hexadecimal identities. */
static void check_otlp(const char *body, size_t spans_n)
{
    json_t *root = json_loads(body, 0, NULL), *resource, *spans, *span, *value;
    const char *key, *id;

    assert_non_null(root);
    resource = json_array_get(json_object_get(root, "resourceSpans"), 0);
    value = json_array_get(json_object_get(json_object_get(resource, "resource"), "attributes"), 0);
    assert_string_equal(json_string_value(json_object_get(value, "key")), "service.name");
    value = json_array_get(json_object_get(resource, "scopeSpans"), 0);
    assert_string_equal(json_string_value(json_object_get(json_object_get(value, "scope"), "name")),
                        "openmmod");
    spans = json_object_get(value, "spans");
    assert_int_equal(json_array_size(spans), spans_n);
    span = json_array_get(spans, 0);
    id = json_string_value(json_object_get(span, "traceId"));
    assert_int_equal(strspn(id, "0123456789abcdef"), 32);
    assert_int_equal(strlen(id), 32);
    id = json_string_value(json_object_get(span, "spanId"));
    assert_int_equal(strspn(id, "0123456789abcdef"), 16);
    assert_string_equal(json_string_value(json_object_get(span, "startTimeUnixNano")),
                        "1700000000121500000");
    assert_string_equal(json_string_value(json_object_get(span, "endTimeUnixNano")),
                        "1700000000123000000");
    assert_int_equal(json_integer_value(json_object_get(span, "kind")), 1);
    assert_int_equal(json_integer_value(json_object_get(json_object_get(span, "status"), "code")),
                     1);
    value = json_array_get(json_object_get(span, "attributes"), 1);
    assert_string_equal(json_string_value(json_object_get(value, "key")), "openmmo.rows");
    assert_string_equal(
        json_string_value(json_object_get(json_object_get(value, "value"), "intValue")), "-3");
    json_object_foreach(span, key, value)
    {
        assert_non_null(strstr("traceId spanId parentSpanId name kind startTimeUnixNano "
                               "endTimeUnixNano attributes events status",
                               key));
    }
    json_decref(root);
}

static void test_otlp(void **state)
{
    struct span spans[2] = {a_span(), a_span()};
    char *body = otlp_body(spans, 2, "1.2", "a \"server\"");

    (void)state;
    assert_non_null(body);
    check_otlp(body, 2);
    free(body);
}

/* As develop.sentry.dev's envelopes and events have it: lines of JSON, the length is right. */
static void check_envelope(const char *text, const char *event, const char *sentence)
{
    const char *second = strchr(text, '\n') + 1, *third = strchr(second, '\n') + 1;
    json_t *head = json_loads(text, JSON_DISABLE_EOF_CHECK, NULL);
    json_t *item = json_loads(second, JSON_DISABLE_EOF_CHECK, NULL);
    json_t *body = json_loads(third, JSON_DISABLE_EOF_CHECK, NULL);
    const char *id = json_string_value(json_object_get(head, "event_id"));

    assert_non_null(head);
    assert_non_null(item);
    assert_non_null(body);
    assert_int_equal(strlen(id), 32);
    assert_string_equal(json_string_value(json_object_get(body, "event_id")), id);
    assert_string_equal(json_string_value(json_object_get(item, "type")), "event");
    assert_int_equal(json_integer_value(json_object_get(item, "length")), strlen(third) - 1);
    assert_string_equal(json_string_value(json_object_get(body, "platform")), "native");
    assert_string_equal(json_string_value(json_object_get(body, "level")), "error");
    assert_true(json_real_value(json_object_get(body, "timestamp")) > 1e9);
    assert_string_equal(json_string_value(json_object_get(body, "message")), sentence);
    assert_string_equal(json_string_value(json_object_get(json_object_get(body, "tags"), "event")),
                        event);
    assert_string_equal(json_string_value(json_array_get(json_object_get(body, "fingerprint"), 0)),
                        event);
    json_decref(head);
    json_decref(item);
    json_decref(body);
}

static void test_envelope(void **state)
{
    const struct log_field fields[] = {LOG_TEXT("player", "alice"), LOG_U64("ms", 12),
                                       LOG_I64("n", -5)};
    struct sentry_event event;
    char *text;

    (void)state;
    sentry_fill(&event, 1700000000000, "store_away", "no answer from bob@example.org", fields, 3);
    text = sentry_envelope(&event, "1.2", "here", "test");
    assert_non_null(text);
    check_envelope(text, "store_away", "no answer from [...]");
    assert_null(strstr(text, "alice"));
    assert_null(strstr(text, "bob"));
    assert_non_null(strstr(text, "\"ms\":12.0"));
    assert_non_null(strstr(text, "\"release\":\"openmmo@1.2\""));
    free(text);
}

/* -- the thread, with a receiver --------------------------------------------------------------- */

static struct {
    int fd;
    uint16_t port;
    pthread_t thread;
    _Atomic bool stop, silent; /* silent: takes the connection, says nothing */
    _Atomic int status;
    const char *_Atomic retry_after; /* a header's value; NULL: there is none */
    _Atomic unsigned requests_n;
    pthread_mutex_t lock;
    char head[2000], body[BODY_MAX];
} receiver = {.lock = PTHREAD_MUTEX_INITIALIZER};

/* One request, all of it, into *head and *body. */
static bool read_request(int fd)
{
    static char bytes[BODY_MAX + 2000];
    size_t n = 0, length = 0;
    char *end = NULL, *at;
    ssize_t got = 1;

    while (got > 0 && (end == NULL || n < (size_t)(end - bytes) + 4 + length)) {
        got = recv(fd, bytes + n, sizeof(bytes) - n - 1, 0);
        n += got > 0 ? (size_t)got : 0;
        bytes[n] = '\0';
        end = strstr(bytes, "\r\n\r\n");
        at = end != NULL ? strcasestr(bytes, "\r\ncontent-length:") : NULL;
        length = at != NULL ? strtoul(at + 17, NULL, 10) : 0;
    }
    if (end == NULL)
        return false;
    pthread_mutex_lock(&receiver.lock);
    snprintf(receiver.head, sizeof(receiver.head), "%.*s", (int)(end - bytes), bytes);
    snprintf(receiver.body, sizeof(receiver.body), "%s", end + 4);
    pthread_mutex_unlock(&receiver.lock);
    return true;
}

static void *receive(void *unused)
{
    (void)unused;
    while (!atomic_load(&receiver.stop)) {
        struct pollfd waiting = {.fd = receiver.fd, .events = POLLIN};
        struct timeval limit = {2, 0};
        const char *retry_after;
        char answer[200];
        int fd, n;

        if (poll(&waiting, 1, 20) <= 0)
            continue;
        fd = accept(receiver.fd, NULL, NULL);
        setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
        while (atomic_load(&receiver.silent) && !atomic_load(&receiver.stop))
            (void)poll(NULL, 0, 10);
        if (!atomic_load(&receiver.stop) && read_request(fd)) {
            retry_after = atomic_load(&receiver.retry_after);
            n = snprintf(answer, sizeof(answer),
                         "HTTP/1.1 %d X\r\nContent-Length: 2\r\n%s%s%s"
                         "Connection: close\r\n\r\n{}",
                         atomic_load(&receiver.status), retry_after ? "Retry-After: " : "",
                         retry_after ? retry_after : "", retry_after ? "\r\n" : "");
            (void)!write(fd, answer, (size_t)n);
            atomic_fetch_add(&receiver.requests_n, 1);
        }
        close(fd);
    }
    return NULL;
}

static int receiver_begin(void **state)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof(address);

    (void)state;
    receiver.fd = socket(AF_INET, SOCK_STREAM, 0);
    if (bind(receiver.fd, (struct sockaddr *)&address, sizeof(address)) < 0 ||
        listen(receiver.fd, 8) < 0 ||
        getsockname(receiver.fd, (struct sockaddr *)&address, &len) < 0)
        return -1;
    receiver.port = ntohs(address.sin_port);
    atomic_store(&receiver.stop, false);
    atomic_store(&receiver.silent, false);
    atomic_store(&receiver.status, 200);
    atomic_store(&receiver.retry_after, NULL);
    atomic_store(&receiver.requests_n, 0);
    return pthread_create(&receiver.thread, NULL, receive, NULL);
}

static int receiver_end(void **state)
{
    (void)state;
    atomic_store(&receiver.stop, true);
    pthread_join(receiver.thread, NULL);
    close(receiver.fd);
    return 0;
}

static char head[sizeof(receiver.head)], body[BODY_MAX];

/* The last request into head and body: no lock is held where an assertion may fail. */
static void look(void)
{
    pthread_mutex_lock(&receiver.lock);
    memcpy(head, receiver.head, sizeof(head));
    memcpy(body, receiver.body, sizeof(body));
    pthread_mutex_unlock(&receiver.lock);
}

static struct reports *start(bool spans, bool errors)
{
    char endpoint[80] = "", dsn[80] = "";
    struct reports_config config = {.endpoint = endpoint,
                                    .dsn = dsn,
                                    .one_in = 10,
                                    .environment = "test",
                                    .server = "here",
                                    .version = "1.2"};
    struct reports *reports;
    struct error error;

    if (spans)
        snprintf(endpoint, sizeof(endpoint), "http://127.0.0.1:%u/v1/traces", receiver.port);
    if (errors)
        snprintf(dsn, sizeof(dsn), "http://abc@127.0.0.1:%u/7", receiver.port);
    reports = reports_new(&config, &error);
    if (reports == NULL)
        fail_msg("%s", error.text);
    return reports;
}

static void until(enum metric metric, int64_t value)
{
    uint64_t until_ms = now_ms() + DEADLINE_MS;

    while (metrics_value(metric) < value) {
        if (now_ms() > until_ms)
            fail_msg("%s is %lld, not %lld", metrics_row(metric)->exported,
                     (long long)metrics_value(metric), (long long)value);
        (void)poll(NULL, 0, 10);
    }
}

static void test_spans_are_sent(void **state)
{
    struct reports *reports = start(true, false);
    int64_t sent = metrics_value(METRIC_SPANS_SENT);
    struct span span = a_span();
    unsigned sampled = 0;

    (void)state;
    assert_true(reports_want_spans(reports));
    for (unsigned i = 0; i < 100; i++)
        sampled += reports_sampled(reports);
    assert_int_equal(sampled, 10);
    for (unsigned i = 0; i < 3; i++) /* they wait for each other */
        reports_span(reports, &span);
    until(METRIC_SPANS_SENT, sent + 3);
    look();
    assert_non_null(strstr(head, "POST /v1/traces HTTP/1.1"));
    assert_non_null(strstr(head, "Content-Type: application/json"));
    check_otlp(body, 3);
    reports_span(reports, &span);
    reports_free(reports); /* what is there goes out at the end */
    assert_int_equal(metrics_value(METRIC_SPANS_SENT), sent + 4);
}

static void test_errors_are_sent(void **state)
{
    struct reports *reports = start(false, true);
    int64_t sent = metrics_value(METRIC_ERRORS_SENT);

    (void)state;
    assert_false(reports_want_spans(reports));
    log_event(LOG_LEVEL_WARN, "not_so_bad", "this stays here", LOG_NONE);
    log_event(LOG_LEVEL_ERROR, "store_away", "PostgreSQL: password=hunter2 refused",
              LOG_TEXT("player", "alice"), LOG_U64("ms", 12));
    until(METRIC_ERRORS_SENT, sent + 1);
    look();
    assert_non_null(strstr(head, "POST /api/7/envelope/ HTTP/1.1"));
    assert_non_null(strstr(head, "X-Sentry-Auth: Sentry sentry_version=7"));
    assert_non_null(strstr(head, "application/x-sentry-envelope"));
    check_envelope(body, "store_away", "PostgreSQL: password=[...] refused");
    assert_null(strstr(body, "hunter2"));
    assert_null(strstr(body, "alice"));
    reports_free(reports);
    log_event(LOG_LEVEL_ERROR, "later", "nobody is told any more", LOG_NONE);
    assert_int_equal(atomic_load(&receiver.requests_n), 1);
}

/* Who says nothing, or no, costs who reports nothing: the ring fills, the rest is counted. */
static void test_nobody_waits(void **state)
{
    struct reports *reports = start(true, true);
    int64_t lost = metrics_value(METRIC_SPANS_LOST), errors = metrics_value(METRIC_ERRORS_LOST);
    struct span span = a_span();
    uint64_t begun_ms;

    (void)state;
    atomic_store(&receiver.silent, true);
    begun_ms = now_ms();
    for (unsigned i = 0; i < 10000; i++)
        reports_span(reports, &span);
    for (unsigned i = 0; i < 100; i++)
        log_event(LOG_LEVEL_ERROR, "again", "and again", LOG_NONE);
    assert_true(now_ms() - begun_ms < 2000); /* not a deadline of libcurl's */
    assert_true(metrics_value(METRIC_SPANS_LOST) - lost > 8000);
    assert_true(metrics_value(METRIC_ERRORS_LOST) - errors > 50);
    begun_ms = now_ms();
    reports_free(reports);
    assert_true(now_ms() - begun_ms < 4500); /* two seconds, and curl's own look */
}

static void test_who_refuses_is_left_alone(void **state)
{
    struct reports *reports = start(true, false);
    int64_t failed = metrics_value(METRIC_SPANS_FAILED), sent = metrics_value(METRIC_SPANS_SENT);
    struct span span = a_span();

    (void)state;
    atomic_store(&receiver.status, 503);
    reports_span(reports, &span);
    until(METRIC_SPANS_FAILED, failed + 1);
    atomic_store(&receiver.status, 200);
    reports_span(reports, &span);
    until(METRIC_SPANS_SENT, sent + 1); /* after a pause */
    assert_int_equal(metrics_value(METRIC_SPANS_FAILED), failed + 1);
    reports_free(reports);
}

/* He is believed for an hour at most, and what makes no sense means nothing. */
static void test_retry_after(void **state)
{
    static const struct {
        const char *value;
        uint32_t s;
    } rows[] = {{NULL, 0},
                {"7", 7},
                {"100000", 3600},
                {"-7", 0},
                {"99999999999999999999", 0},
                {"Sun, 06 Nov 1994 08:49:37 GMT", 0}, /* our clocks differ, or it came late */
                {"soon", 0}};
    static const _Atomic bool never;
    struct post *post = post_new(&never);
    struct post_answer answer;
    char url[60];

    (void)state;
    assert_non_null(post);
    snprintf(url, sizeof(url), "http://127.0.0.1:%u/", receiver.port);
    atomic_store(&receiver.status, 429);
    for (unsigned i = 0; i < ARRAY_N(rows); i++) {
        atomic_store(&receiver.retry_after, rows[i].value);
        post_send(post, url, "text/plain", NULL, "x", &answer);
        assert_int_equal(answer.status, 429);
        if (answer.retry_after_s != rows[i].s)
            fail_msg("\"%s\" asks for %u s", rows[i].value, answer.retry_after_s);
    }
    post_free(post);
}

/* In place of the C library's, for libcurl: name servers that say nothing for long. */
static _Atomic bool names_answer;
static _Atomic unsigned names_asked_n;

int getaddrinfo(const char *node, const char *service, const struct addrinfo *hints,
                struct addrinfo **list)
{
    (void)node, (void)service, (void)hints, (void)list;
    atomic_fetch_add(&names_asked_n, 1);
    for (uint64_t until_ms = now_ms() + DEADLINE_MS;
         !atomic_load(&names_answer) && now_ms() < until_ms;)
        (void)poll(NULL, 0, 10);
    return EAI_AGAIN;
}

/* The end waits for them no longer than for a receiver. */
static void test_silent_name_servers(void **state)
{
    struct reports_config config = {.endpoint = "http://collector.invalid/v1/traces",
                                    .dsn = "",
                                    .environment = "test",
                                    .server = "here",
                                    .version = "1.2"};
    struct span span = a_span();
    struct reports *reports;
    struct error error;
    uint64_t begun_ms = now_ms();

    (void)state;
    atomic_store(&names_answer, false);
    reports = reports_new(&config, &error);
    assert_non_null(reports);
    reports_span(reports, &span);
    while (atomic_load(&names_asked_n) == 0 && now_ms() < begun_ms + DEADLINE_MS)
        (void)poll(NULL, 0, 10);
    assert_int_equal(atomic_load(&names_asked_n), 1);
    begun_ms = now_ms();
    reports_free(reports);
    begun_ms = now_ms() - begun_ms;
    atomic_store(&names_answer, true);
    assert_true(begun_ms < 4500); /* as above */
}

static void test_nothing_is_configured(void **state)
{
    struct reports *reports = start(false, false);
    struct span span = a_span();

    (void)state;
    assert_false(reports_want_spans(reports));
    assert_false(reports_want_spans(NULL));
    assert_false(reports_sampled(reports));
    reports_span(reports, &span);
    reports_stop(reports);
    reports_free(reports);
    reports_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_scrub),
        cmocka_unit_test(test_dsn),
        cmocka_unit_test(test_otlp),
        cmocka_unit_test(test_envelope),
        cmocka_unit_test_setup_teardown(test_spans_are_sent, receiver_begin, receiver_end),
        cmocka_unit_test_setup_teardown(test_errors_are_sent, receiver_begin, receiver_end),
        cmocka_unit_test_setup_teardown(test_nobody_waits, receiver_begin, receiver_end),
        cmocka_unit_test_setup_teardown(test_who_refuses_is_left_alone, receiver_begin,
                                        receiver_end),
        cmocka_unit_test_setup_teardown(test_retry_after, receiver_begin, receiver_end),
        cmocka_unit_test(test_silent_name_servers),
        cmocka_unit_test_setup_teardown(test_nothing_is_configured, receiver_begin, receiver_end),
    };

    if (sodium_init() < 0)
        return 1;
    post_init();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
