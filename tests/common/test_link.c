/* test_link.c -- the client's side of a connection against a small TLS server in this program, on
 * the loopback. */
#define _GNU_SOURCE 1 /* accept4 */
#include <arpa/inet.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include <openssl/err.h>
#include <openssl/ssl.h>

#include "common/link.h"

#define DEADLINE_MS 10000

/* ---- the server ---- */

static EVP_PKEY *key;
static X509 *certificate;

struct server {
    SSL_CTX *context;
    SSL *ssl;
    int listener, fd;
    uint16_t port;
    bool handshaken, ended;
    uint8_t in[1 << 17];
    size_t in_bytes;
    const uint8_t *out; /* still to be written */
    size_t out_bytes, out_step;
};
static struct server server;

static void make_certificate(void)
{
    key = EVP_EC_gen("P-256");
    certificate = X509_new();
    ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
    X509_gmtime_adj(X509_getm_notBefore(certificate), -3600);
    X509_gmtime_adj(X509_getm_notAfter(certificate), 3600);
    X509_set_pubkey(certificate, key);
    X509_NAME *name = X509_get_subject_name(certificate);
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const unsigned char *)"test", -1, -1, 0);
    X509_set_issuer_name(certificate, name);
    X509_sign(certificate, key, EVP_sha256());
}

static int choose_alpn(SSL *ssl, const unsigned char **out, unsigned char *out_n,
                       const unsigned char *in, unsigned in_n, void *wanted)
{
    (void)ssl;
    const unsigned char *list = wanted;
    if (SSL_select_next_proto((unsigned char **)out, out_n, list, list[0] + 1u, in, in_n) !=
        OPENSSL_NPN_NEGOTIATED)
        return SSL_TLSEXT_ERR_NOACK;
    return SSL_TLSEXT_ERR_OK;
}

static void server_start(const char *alpn)
{
    memset(&server, 0, sizeof server);
    server.context = SSL_CTX_new(TLS_server_method());
    assert_int_equal(SSL_CTX_use_certificate(server.context, certificate), 1);
    assert_int_equal(SSL_CTX_use_PrivateKey(server.context, key), 1);
    SSL_CTX_set_mode(server.context,
                     SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    if (alpn)
        SSL_CTX_set_alpn_select_cb(server.context, choose_alpn, (void *)alpn);
    server.fd = -1;
    server.out_step = SIZE_MAX;
    server.listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    assert_int_equal(bind(server.listener, (struct sockaddr *)&address, size), 0);
    assert_int_equal(listen(server.listener, 4), 0);
    getsockname(server.listener, (struct sockaddr *)&address, &size);
    server.port = ntohs(address.sin_port);
}

static void server_hang_up(void)
{
    SSL_free(server.ssl);
    server.ssl = NULL;
    if (server.fd != -1)
        close(server.fd);
    server.fd = -1;
    server.ended = true;
}

static void server_stop(void)
{
    server_hang_up();
    close(server.listener);
    SSL_CTX_free(server.context);
}

static void server_accept(void)
{
    server.fd = accept4(server.listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (server.fd == -1)
        return;
    server.ssl = SSL_new(server.context);
    SSL_set_fd(server.ssl, server.fd);
    SSL_set_accept_state(server.ssl);
}

static void server_turn(void)
{
    ERR_clear_error();
    if (!server.ended && server.fd == -1)
        server_accept();
    if (!server.ssl)
        return;
    if (!server.handshaken) {
        server.handshaken = SSL_do_handshake(server.ssl) == 1;
        return;
    }
    int n;
    while ((n = SSL_read(server.ssl, server.in + server.in_bytes,
                         (int)(sizeof server.in - server.in_bytes))) > 0)
        server.in_bytes += (size_t)n;
    if (SSL_get_shutdown(server.ssl) & SSL_RECEIVED_SHUTDOWN)
        server.ended = true;
    if (server.out_bytes) {
        size_t step = server.out_bytes < server.out_step ? server.out_bytes : server.out_step;
        n = SSL_write(server.ssl, server.out, (int)step);
        if (n > 0) {
            server.out += n;
            server.out_bytes -= (size_t)n;
        }
    }
}

/* ---- the client ---- */

struct client {
    struct link_tls *tls;
    struct link *link;
    unsigned frames, pins;
    size_t body_bytes;
    uint64_t sum; /* of all bodies' bytes */
    bool refuse_pin, refuse_frames, answer;
    uint8_t pin[LINK_PIN_BYTES];
    struct error error;
};
static struct client client;

static bool on_pin(void *context, const uint8_t pin[LINK_PIN_BYTES])
{
    struct client *c = context;
    c->pins++;
    memcpy(c->pin, pin, LINK_PIN_BYTES);
    return !c->refuse_pin;
}

static bool on_frame(void *context, const struct protocol_frame *frame)
{
    struct client *c = context;
    c->frames++;
    c->body_bytes += frame->body_bytes;
    for (size_t i = 0; i < frame->body_bytes; i++)
        c->sum += frame->body[i];
    if (c->answer) {
        struct wire_writer w;
        assert_int_equal(link_send_begin(c->link, 64, &w), 0);
        protocol_encode_ping(&w, &(struct protocol_ping){c->frames});
        link_send_commit(c->link, &w);
    }
    return !c->refuse_frames;
}

static void client_start(uint16_t port, bool with_pin)
{
    memset(&client, 0, sizeof client);
    client.tls = link_tls_new(&client.error);
    assert_non_null(client.tls);
    struct link_handlers handlers = {with_pin ? on_pin : NULL, on_frame, &client};
    client.link = link_new(client.tls, "127.0.0.1", port, &handlers, &client.error);
    assert_non_null(client.link);
    assert_int_equal(link_state(client.link), LINK_CONNECTING);
}

static void client_stop(void)
{
    link_free(client.link);
    link_tls_free(client.tls);
}

static int64_t now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* Let both work until done says so. The client waits as an owner would: for its fd and its events
 * only. */
static void turn_until(bool (*done)(void))
{
    int64_t deadline = now_ms() + DEADLINE_MS;
    while (!done()) {
        assert_true(now_ms() < deadline);
        struct pollfd p = {.fd = link_fd(client.link), .events = link_events(client.link)};
        if (poll(&p, 1, 1) > 0)
            link_pump(client.link, &client.error);
        server_turn();
    }
}

static bool is_open(void)
{
    return link_state(client.link) == LINK_OPEN && server.handshaken;
}

static bool is_closed(void)
{
    return link_state(client.link) == LINK_CLOSED;
}

static bool server_ended(void)
{
    return server.ended;
}

static unsigned frames_awaited;
static bool frames_came(void)
{
    return client.frames >= frames_awaited || is_closed();
}

static size_t bytes_awaited;
static bool bytes_came(void)
{
    return server.in_bytes >= bytes_awaited || is_closed();
}

static void assert_says(const char *part)
{
    if (!strstr(client.error.text, part))
        fail_msg("\"%s\" does not say \"%s\"", client.error.text, part);
    assert_int_equal(link_fd(client.link), -1);
    assert_int_equal(link_events(client.link), 0);
    struct wire_writer w;
    assert_int_equal(link_send_begin(client.link, 1, &w), -1);
    struct error again = {""};
    assert_int_equal(link_pump(client.link, &again), LINK_CLOSED); /* and goes on saying so */
    assert_string_equal(again.text, client.error.text);
}

/* ---- what is tested ---- */

#define ALPN "\x09openmmo/1"

static void frames_both_ways(void **state)
{
    (void)state;
    static uint8_t out[200000];
    server_start(ALPN);
    client_start(server.port, true);
    struct wire_writer w;
    /* What is said before the connection stands goes out when it does. */
    assert_int_equal(link_send_begin(client.link, 100, &w), 0);
    protocol_encode_hello(&w, &(struct protocol_hello){1, 1, 0, wire_text_of("test")});
    size_t hello_bytes = wire_written(&w);
    link_send_commit(client.link, &w);
    turn_until(is_open);
    assert_int_equal(client.pins, 1);
    assert_memory_equal(link_peer_pin(client.link), client.pin, LINK_PIN_BYTES);
    unsigned char *der = NULL;
    uint8_t expected[LINK_PIN_BYTES];
    int n = i2d_PUBKEY(key, &der);
    EVP_Digest(der, (size_t)n, expected, NULL, EVP_sha256(), NULL);
    OPENSSL_free(der);
    assert_memory_equal(client.pin, expected, LINK_PIN_BYTES);
    bytes_awaited = hello_bytes;
    turn_until(bytes_came);
    assert_int_equal(server.in_bytes, hello_bytes);
    assert_int_equal(link_bytes_out(client.link), hello_bytes);

    /* The largest frame, the smallest, and a hundred between. */
    uint64_t sum = 0;
    wire_writer_init(&w, out, sizeof out);
    static uint8_t body[65530];
    for (size_t i = 0; i < sizeof body; i++)
        sum += body[i] = (uint8_t)(i * 7);
    protocol_encode_blocks(&w, &(struct protocol_blocks){0, body, sizeof body});
    wire_put_u16(&w, 1);
    wire_put_u8(&w, 99);
    for (unsigned i = 0; i < 100; i++) {
        protocol_encode_blocks(&w, &(struct protocol_blocks){0, body, i + 1});
        for (unsigned j = 0; j <= i; j++)
            sum += body[j];
    }
    assert_false(w.bad);
    server.out = out;
    server.out_bytes = wire_written(&w);
    frames_awaited = 102;
    turn_until(frames_came);
    assert_int_equal(client.frames, 102);
    assert_true(client.sum == sum);
    assert_int_equal(link_bytes_in(client.link), wire_written(&w));
    assert_true(link_wire_bytes_in(client.link) > wire_written(&w));
    link_free(client.link); /* says that it goes */
    client.link = NULL;
    int64_t deadline = now_ms() + DEADLINE_MS;
    while (!server_ended() && now_ms() < deadline)
        server_turn();
    assert_true(server.ended);
    client_stop();
    server_stop();
}

/* One byte a TLS record; an answer to each frame from within the handler. */
static void byte_by_byte(void **state)
{
    (void)state;
    uint8_t out[256];
    struct wire_writer w;
    server_start(ALPN);
    client_start(server.port, false);
    client.answer = true;
    turn_until(is_open);
    wire_writer_init(&w, out, sizeof out);
    for (unsigned i = 0; i < 5; i++)
        protocol_encode_clock(&w, &(struct protocol_clock){i, i, 1000});
    server.out = out;
    server.out_bytes = wire_written(&w);
    server.out_step = 1;
    frames_awaited = 5;
    turn_until(frames_came);
    assert_int_equal(client.frames, 5);
    bytes_awaited = 5 * 11;
    turn_until(bytes_came);
    assert_int_equal(server.in_bytes, 5 * 11);
    client_stop();
    server_stop();
}

/* A server that does not read: 64 KiB wait, no more; and all arrives once it reads. */
static void room_is_bounded(void **state)
{
    (void)state;
    server_start(ALPN);
    client_start(server.port, false);
    turn_until(is_open);
    struct wire_writer w;
    size_t sent = 0;
    unsigned refused = 0;
    for (unsigned i = 0; i < 40; i++) {
        if (link_send_begin(client.link, 4096, &w) == -1) {
            refused++;
            continue;
        }
        static uint8_t body[4000];
        protocol_encode_blocks(&w, &(struct protocol_blocks){0, body, sizeof body});
        sent += wire_written(&w);
        link_send_commit(client.link, &w);
    }
    assert_true(sent > 60000 && sent <= 65536 && refused > 0);
    assert_int_equal(link_send_begin(client.link, 65537, &w), -1);
    assert_int_equal(link_events(client.link), POLLIN | POLLOUT);
    bytes_awaited = sent;
    turn_until(bytes_came);
    assert_int_equal(server.in_bytes, sent);
    assert_int_equal(link_send_begin(client.link, 65536, &w), 0);
    /* A writer that went bad sends nothing. */
    w.bad = true;
    link_send_commit(client.link, &w);
    assert_int_equal(link_events(client.link), POLLIN);
    client_stop();
    server_stop();
}

static void pin_refused(void **state)
{
    (void)state;
    server_start(ALPN);
    client_start(server.port, true);
    client.refuse_pin = true;
    turn_until(is_closed);
    assert_says("key was not accepted");
    client_stop();
    server_stop();
}

static void other_protocols(void **state)
{
    (void)state;
    static const char *const alpns[] = {NULL, "\x08http/1.1"};
    for (unsigned i = 0; i < 2; i++) {
        server_start(alpns[i]);
        client_start(server.port, false);
        turn_until(is_closed);
        assert_says("does not speak openmmo/1");
        client_stop();
        server_stop();
    }
    server_start(ALPN);
    SSL_CTX_set_max_proto_version(server.context, TLS1_2_VERSION);
    client_start(server.port, false);
    turn_until(is_closed);
    assert_true(client.error.text[0] != '\0');
    client_stop();
    server_stop();
}

static void endings(void **state)
{
    (void)state;
    /* After some whole frames: they are handed on before the end is told. */
    uint8_t out[64];
    struct wire_writer w;
    server_start(ALPN);
    client_start(server.port, false);
    turn_until(is_open);
    wire_writer_init(&w, out, sizeof out);
    protocol_encode_clock(&w, &(struct protocol_clock){1, 1, 1000});
    protocol_encode_disconnect(&w, &(struct protocol_disconnect){14, 0, wire_text_of("")});
    assert_int_equal(SSL_write(server.ssl, out, (int)wire_written(&w)), wire_written(&w));
    server_hang_up();
    turn_until(is_closed);
    assert_int_equal(client.frames, 2);
    assert_says("the server closed the connection");
    client_stop();
    server_stop();

    /* During the handshake. */
    server_start(ALPN);
    client_start(server.port, false);
    int64_t deadline = now_ms() + DEADLINE_MS;
    while (server.fd == -1 && now_ms() < deadline) {
        link_pump(client.link, &client.error);
        server_accept();
    }
    server_hang_up();
    turn_until(is_closed);
    assert_true(client.error.text[0] != '\0');
    client_stop();
    server_stop();

    /* Nobody listens. */
    server_start(ALPN);
    uint16_t port = server.port;
    server_stop();
    memset(&client, 0, sizeof client);
    client.tls = link_tls_new(NULL);
    struct link_handlers handlers = {NULL, on_frame, &client};
    client.link = link_new(client.tls, "127.0.0.1", port, &handlers, &client.error);
    if (client.link) { /* else it was known at once */
        server.ended = true;
        server.ssl = NULL;
        turn_until(is_closed);
        assert_says("refused");
    }
    client_stop();
}

static void malformed(void **state)
{
    (void)state;
    static const uint8_t nothing[] = {0, 0};
    for (unsigned i = 0; i < 2; i++) {
        uint8_t clock[32];
        struct wire_writer w;
        wire_writer_init(&w, clock, sizeof clock);
        protocol_encode_clock(&w, &(struct protocol_clock){1, 1, 1000});
        server_start(ALPN);
        client_start(server.port, false);
        client.refuse_frames = i == 1;
        turn_until(is_open);
        server.out = i ? clock : nothing;
        server.out_bytes = i ? wire_written(&w) : sizeof nothing;
        turn_until(is_closed);
        assert_says("malformed");
        client_stop();
        server_stop();
    }
}

static void unknown_host(void **state)
{
    (void)state;
    struct error error = {""};
    struct link_tls *tls = link_tls_new(&error);
    struct link_handlers handlers = {NULL, on_frame, NULL};
    assert_null(link_new(tls, "256.1.1.1.invalid", 7777, &handlers, &error));
    assert_non_null(strstr(error.text, "256.1.1.1.invalid"));
    link_free(NULL);
    link_tls_free(tls);
    link_tls_free(NULL);
}

int main(void)
{
    signal(SIGPIPE, SIG_IGN);
    make_certificate();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(frames_both_ways), cmocka_unit_test(byte_by_byte),
        cmocka_unit_test(room_is_bounded),  cmocka_unit_test(pin_refused),
        cmocka_unit_test(other_protocols),  cmocka_unit_test(endings),
        cmocka_unit_test(malformed),        cmocka_unit_test(unknown_host),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    X509_free(certificate);
    EVP_PKEY_free(key);
    return failed;
}
