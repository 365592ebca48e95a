/* The client's sessions against a small game port in this program: entering, refusals, a changed
 * key, losses and coming back, on the loopback. */
#define _GNU_SOURCE 1 /* accept4 */
#include <arpa/inet.h>
#include <math.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include <openssl/ssl.h>

#include "common/cellblock.h"
#include "files.h"
#include "net/connection.h"

#define DEADLINE_US UINT64_C(10000000)
#define WORLD_SEED  7
#define WORLD_M     1024
#define SELF_ID     UINT64_C(0x10000)

/* --- the server --- */

struct server {
    SSL_CTX *context;
    SSL *ssl;
    int listener, fd;
    uint16_t port;
    uint8_t in[1 << 16];
    size_t in_n;
    bool refuses_tokens, silent, full;
    unsigned logins[5]; /* by protocol_auth_kind; 3: registrations, 0: resumed */
    uint64_t heard;     /* as RESUME said */
    unsigned leaves, log_outs;
    uint32_t moves;
};

static struct server server;

static void new_key(void)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *certificate = X509_new();
    X509_gmtime_adj(X509_getm_notBefore(certificate), -3600);
    X509_gmtime_adj(X509_getm_notAfter(certificate), 3600);
    X509_set_pubkey(certificate, key);
    X509_sign(certificate, key, EVP_sha256());
    assert_int_equal(SSL_CTX_use_certificate(server.context, certificate), 1);
    assert_int_equal(SSL_CTX_use_PrivateKey(server.context, key), 1);
    X509_free(certificate);
    EVP_PKEY_free(key);
}

static int choose_alpn(SSL *ssl, const unsigned char **out, unsigned char *out_n,
                       const unsigned char *in, unsigned in_n, void *context)
{
    static const unsigned char ours[] = "\x09" PROTOCOL_ALPN;
    (void)ssl;
    (void)context;
    return SSL_select_next_proto((unsigned char **)out, out_n, ours, sizeof(ours) - 1, in, in_n) ==
                   OPENSSL_NPN_NEGOTIATED
               ? SSL_TLSEXT_ERR_OK
               : SSL_TLSEXT_ERR_NOACK;
}

static void server_listen(uint16_t port)
{
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof(address);
    int on = 1;
    server.listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    setsockopt(server.listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    assert_int_equal(bind(server.listener, (struct sockaddr *)&address, size), 0);
    assert_int_equal(listen(server.listener, 4), 0);
    getsockname(server.listener, (struct sockaddr *)&address, &size);
    server.port = ntohs(address.sin_port);
}

static void server_hang_up(void)
{
    SSL_free(server.ssl);
    server.ssl = NULL;
    if (server.fd >= 0)
        close(server.fd);
    server.fd = -1;
    server.in_n = 0;
}

static void server_say(struct wire_writer *w)
{
    assert_false(w->bad);
    assert_int_equal(SSL_write(server.ssl, w->start, (int)wire_written(w)), wire_written(w));
}

static void say_notice(unsigned reason, const char *text)
{
    uint8_t room[1024];
    struct wire_writer w;
    wire_writer_init(&w, room, sizeof(room));
    protocol_encode_notice(&w, &(struct protocol_notice){(uint8_t)reason, 0, wire_text_of(text)});
    server_say(&w);
}

static void say_disconnect(unsigned reason, uint32_t retry_after_ms, const char *text)
{
    uint8_t room[1024];
    struct wire_writer w;
    wire_writer_init(&w, room, sizeof(room));
    protocol_encode_disconnect(
        &w, &(struct protocol_disconnect){(uint8_t)reason, retry_after_ms, wire_text_of(text)});
    server_say(&w);
}

static void say_welcome(struct wire_text username)
{
    uint8_t room[4096], hash[HEIGHTFIELD_HASH_BYTES];
    struct wire_writer w;
    struct heightfield *field = heightfield_new(WORLD_SEED, WORLD_M);
    struct movement_state place;
    heightfield_hash(field, hash);
    movement_place(&place, 0, 0, 0, field);
    wire_writer_init(&w, room, sizeof(room));
    struct protocol_welcome m = {
        .entity = SELF_ID,
        .tick = 100,
        .wall_ms = 1,
        .tick_hz = 20,
        .view_m = 128,
        .world_seed = WORLD_SEED,
        .world_size_m = WORLD_M,
        .world_hash = hash,
        .epoch = 1,
        .username = username,
        .token = wire_text_of("a-token"),
    };
    protocol_encode_welcome(&w, &m);
    /* One's own cell, empty but for oneself, and where one is. */
    struct protocol_gain gain = {.number = 0};
    protocol_encode_view(&w, &gain, 1, NULL, 0);
    struct cellblock_header header = {gain.key, 0, CELLBLOCK_PART - 1, CELLBLOCK_NONE, 101};
    struct cellblock_record record = {.kind = CELLBLOCK_ENTERED, .entity = SELF_ID, .version = 1};
    uint8_t block[1 + CELLBLOCK_MAX_BYTES] = {0}; /* its number, then itself */
    size_t len = cellblock_encode(&header, &record, 1, block + 1, sizeof(block) - 1);
    assert_true(len > 0);
    protocol_encode_blocks(&w, &(struct protocol_blocks){101, block, 1 + len});
    protocol_encode_self(&w,
                         &(struct protocol_self){.tick = 101, .pos = place.pos, .yaw = place.yaw});
    server_say(&w);
    heightfield_free(field);
}

static void say_line(uint64_t sequence)
{
    uint8_t room[1024];
    struct wire_writer w;
    wire_writer_init(&w, room, sizeof(room));
    protocol_encode_chat_line(&w, &(struct protocol_chat_line){.sequence = sequence,
                                                               .name = wire_text_of("bob"),
                                                               .text = wire_text_of("hello")});
    server_say(&w);
}

static bool is(struct wire_text text, const char *word)
{
    return text.len == strlen(word) && memcmp(text.bytes, word, text.len) == 0;
}

static void on_auth(const struct protocol_auth *m)
{
    server.logins[m->kind]++;
    if (server.full) {
        say_notice(PROTOCOL_REASON_WAITING, "You are number 3 of 12 waiting.");
        return;
    }
    if (m->kind == PROTOCOL_AUTH_TOKEN && (server.refuses_tokens || !is(m->token, "a-token")))
        say_notice(PROTOCOL_REASON_TOKEN_REFUSED, "");
    else if (m->kind == PROTOCOL_AUTH_CODE &&
             !(is(m->code, "01ab0 cdefg") && is(m->password, "a new password")))
        say_notice(PROTOCOL_REASON_BAD_CODE, "that code is not valid");
    else if (m->kind == PROTOCOL_AUTH_PASSWORD && !is(m->password, "password"))
        say_notice(PROTOCOL_REASON_LOGIN_FAILED, "wrong name or password");
    else
        say_welcome(m->username);
}

static void on_message(const struct protocol_frame *frame)
{
    uint8_t room[1024];
    struct wire_writer w;
    wire_writer_init(&w, room, sizeof(room));
    switch (frame->type) {
    case PROTOCOL_HELLO: {
        struct protocol_hello m;
        assert_int_equal(protocol_decode_hello(frame->body, frame->body_bytes, &m), PROTOCOL_OK);
        struct protocol_greeting greeting = {
            .version = 1, .logins = 3, .name = wire_text_of("Test")};
        protocol_encode_greeting(&w, &greeting);
        server_say(&w);
        break;
    }
    case PROTOCOL_AUTH: {
        struct protocol_auth m;
        assert_int_equal(protocol_decode_auth(frame->body, frame->body_bytes, &m), PROTOCOL_OK);
        on_auth(&m);
        break;
    }
    case PROTOCOL_REGISTER:
        server.logins[3]++;
        break;
    case PROTOCOL_RESUME: {
        struct protocol_resume m;
        assert_int_equal(protocol_decode_resume(frame->body, frame->body_bytes, &m), PROTOCOL_OK);
        server.logins[0]++;
        server.heard = m.chat_sequence;
        if (server.refuses_tokens || !is(m.token, "a-token"))
            say_notice(PROTOCOL_REASON_TOKEN_REFUSED, "");
        else
            say_welcome(wire_text_of("anna"));
        break;
    }
    case PROTOCOL_LEAVE: {
        struct protocol_leave m;
        assert_int_equal(protocol_decode_leave(frame->body, frame->body_bytes, &m), PROTOCOL_OK);
        server.leaves++;
        server.log_outs += m.log_out;
        break;
    }
    case PROTOCOL_PING: {
        struct protocol_ping m;
        assert_int_equal(protocol_decode_ping(frame->body, frame->body_bytes, &m), PROTOCOL_OK);
        protocol_encode_pong(&w, &(struct protocol_pong){m.cookie, 110, 1});
        server_say(&w);
        break;
    }
    case PROTOCOL_MOVE:
        server.moves++;
        break;
    default:
        break;
    }
}

static void server_turn(void)
{
    if (server.fd < 0) {
        server.fd = accept4(server.listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (server.fd < 0)
            return;
        server.ssl = SSL_new(server.context);
        SSL_set_fd(server.ssl, server.fd);
        SSL_set_accept_state(server.ssl);
    }
    int n = SSL_read(server.ssl, server.in + server.in_n, (int)(sizeof(server.in) - server.in_n));
    if (n > 0)
        server.in_n += (size_t)n;
    else if (SSL_get_error(server.ssl, n) != SSL_ERROR_WANT_READ) {
        server_hang_up();
        return;
    }
    struct protocol_frame frame;
    while (!server.silent && server.ssl &&
           protocol_frame_parse(server.in, server.in_n, PROTOCOL_FRAME_MAX, &frame) ==
               PROTOCOL_OK) {
        on_message(&frame);
        memmove(server.in, server.in + frame.frame_bytes, server.in_n - frame.frame_bytes);
        server.in_n -= frame.frame_bytes;
    }
}

/* --- the client --- */

static char folder[] = "/tmp/openmmo-session-XXXXXX";
static char pins[FILES_PATH_MAX];
static uint64_t skipped_us; /* time that the tests let pass in one go */

static uint64_t now_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000 + skipped_us;
}

static struct session_login login_as(enum session_login_kind kind, const char *secret)
{
    struct session_login login = {.kind = kind, .port = server.port};
    strcpy(login.host, "127.0.0.1");
    strcpy(login.user, "alice");
    strcpy(kind == SESSION_LOGIN_TOKEN ? login.token : login.password, secret);
    return login;
}

/* Run both until the client is in that state (and, for PLAYING, has entered). */
static void run_until(struct connection *c, enum session_state wanted)
{
    for (uint64_t end = now_us() + DEADLINE_US; now_us() < end;) {
        server_turn();
        enum session_state state = connection_pump(c, now_us());
        if (state == wanted && (wanted != SESSION_PLAYING || connection_playing(c)))
            return;
    }
    fail_msg("the session stays %s: %s", session_stage(connection_session(c)),
             session_end(connection_session(c))->text);
}

#define UNTIL(c, condition)                                                                        \
    do {                                                                                           \
        for (uint64_t end_ = now_us() + DEADLINE_US; !(condition) && now_us() < end_;) {           \
            server_turn();                                                                         \
            connection_pump((c), now_us());                                                        \
        }                                                                                          \
        assert_true(condition);                                                                    \
    } while (0)

static unsigned heard_n;

static void on_line(void *context, const struct protocol_chat_line *line)
{
    (void)context;
    heard_n += line->sequence > 0;
}

static const char *token_file; /* NULL: none */

static struct connection *new_connection(void)
{
    struct error error = {{0}};
    struct connection_handlers handlers = {.chat = on_line};
    struct connection *c = connection_new(&handlers, pins, token_file, &error);
    assert_non_null(c);
    return c;
}

static struct connection *enter(void)
{
    struct connection *c = new_connection();
    struct session_login login = login_as(SESSION_LOGIN_PASSWORD, "password");
    connection_login(c, &login, now_us());
    run_until(c, SESSION_PLAYING);
    return c;
}

static const struct session_end *end_of(struct connection *c)
{
    run_until(c, SESSION_ENDED);
    return session_end(connection_session(c));
}

static int set_up(void **state)
{
    (void)state;
    memset(&server, 0, sizeof(server));
    server.fd = -1;
    server.context = SSL_CTX_new(TLS_server_method());
    SSL_CTX_set_alpn_select_cb(server.context, choose_alpn, NULL);
    new_key();
    server_listen(0);
    unlink(pins);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    server_hang_up();
    close(server.listener);
    SSL_CTX_free(server.context);
    return 0;
}

static void test_enter_and_walk(void **state)
{
    (void)state;
    struct connection *c = enter();
    struct movement_intent intent = {.flags = MOVEMENT_WALK};
    assert_int_equal(server.logins[PROTOCOL_AUTH_PASSWORD], 1);
    assert_string_equal(session_server_name(connection_session(c)), "Test");
    for (unsigned i = 0; i < 6; i++)
        connection_advance(c, &intent, 50000);
    for (uint64_t end = now_us() + DEADLINE_US; now_us() < end;) {
        server_turn();
        connection_pump(c, now_us());
        if (server.moves >= 5 && session_rtt_us(connection_session(c)) > 0)
            break;
    }
    assert_true(server.moves >= 5);
    assert_true(session_rtt_us(connection_session(c)) > 0);
    /* Leaving lets go of the world at once. */
    connection_leave(c);
    assert_null(connection_world(c));
    connection_free(c);
}

static void test_wrong_password(void **state)
{
    (void)state;
    struct connection *c = new_connection();
    struct session_login login = login_as(SESSION_LOGIN_PASSWORD, "guess");
    connection_login(c, &login, now_us());
    const struct session_end *end = end_of(c);
    assert_int_equal(end->kind, SESSION_END_REFUSED);
    assert_int_equal(end->reason, PROTOCOL_REASON_LOGIN_FAILED);
    assert_string_equal(end->text, "wrong name or password");
    assert_int_equal(connection_countdown_s(c, now_us()), -1);
    connection_free(c);
}

static void say_clock(uint32_t tick, uint16_t tempo)
{
    uint8_t room[64];
    struct wire_writer w;
    wire_writer_init(&w, room, sizeof(room));
    protocol_encode_clock(&w, &(struct protocol_clock){tick, 1, tempo});
    server_say(&w);
}

/* At 40 % a second of real time is 24 substeps, not 60. */
static void test_slows_down_with_the_world(void **state)
{
    (void)state;
    struct connection *c = enter();
    struct movement_intent intent = {.flags = MOVEMENT_WALK};
    const struct prediction *prediction = world_prediction(connection_world(c));
    assert_int_equal(world_tempo(connection_world(c)), 1000);
    say_clock(120, 400);
    for (uint64_t end = now_us() + DEADLINE_US;
         now_us() < end && world_tempo(connection_world(c)) == 1000;)
        connection_pump(c, now_us());
    assert_int_equal(world_tempo(connection_world(c)), 400);
    double tick = session_tick(connection_session(c), now_us());
    assert_true(tick > 119 && tick < 130);
    assert_true(fabs(session_tick(connection_session(c), now_us() + 1000000) - tick - 8) < 1);
    for (unsigned frame = 0; frame < 60; frame++)
        connection_advance(c, &intent, 1000000 / 60);
    unsigned substeps = prediction->open.substeps;
    for (unsigned i = 0; i < prediction->pending_n; i++)
        substeps += prediction->pending[i].substeps;
    assert_in_range(substeps, 23, 24);
    connection_free(c);
}

/* The queue's words are shown, for as long as it takes; and then one is in. */
static void test_waits_for_a_place(void **state)
{
    (void)state;
    struct connection *c = new_connection();
    struct session_login login = login_as(SESSION_LOGIN_PASSWORD, "password");
    struct session *session = connection_session(c);
    char text[64];
    server.full = true;
    connection_login(c, &login, now_us());
    for (unsigned i = 3; i > 0; i--) {
        snprintf(text, sizeof(text), "You are number %u of 12 waiting.", i);
        if (i < 3)
            say_notice(PROTOCOL_REASON_WAITING, text);
        for (uint64_t end = now_us() + DEADLINE_US;
             now_us() < end && strcmp(session_stage(session), text) != 0;) {
            server_turn();
            connection_pump(c, now_us());
        }
        assert_string_equal(session_stage(session), text);
        assert_int_equal(session_state(session), SESSION_LOGGING_IN);
        assert_true(session_waits(session));
        skipped_us += 50000000;
    }
    server.full = false;
    say_welcome(wire_text_of("alice"));
    run_until(c, SESSION_PLAYING);
    assert_false(session_waits(session));
    assert_int_equal(server.logins[PROTOCOL_AUTH_PASSWORD], 1);
    connection_free(c);
}

static void test_registration_closed_is_known_before_it_is_sent(void **state)
{
    (void)state;
    struct connection *c = new_connection();
    struct session_login login = login_as(SESSION_LOGIN_REGISTER, "password");
    connection_login(c, &login, now_us());
    const struct session_end *end = end_of(c);
    assert_int_equal(end->reason, PROTOCOL_REASON_REGISTRATION_CLOSED);
    assert_int_equal(server.logins[3], 0); /* the password stayed here */
    connection_free(c);
}

/* An operator's code goes out as it was typed, with the new password; then the token counts. */
static void test_by_code(void **state)
{
    (void)state;
    struct connection *c = new_connection();
    struct session_login login = login_as(SESSION_LOGIN_CODE, "a new password");
    strcpy(login.invite, "01ab0 cdefg");
    connection_login(c, &login, now_us());
    run_until(c, SESSION_PLAYING);
    assert_int_equal(server.logins[PROTOCOL_AUTH_CODE], 1);
    connection_free(c);
}

static void test_key_is_pinned(void **state)
{
    (void)state;
    struct error error = {{0}};
    connection_free(enter()); /* the first meeting: kept */
    server_hang_up();
    connection_free(enter()); /* the same */
    server_hang_up();
    new_key();
    struct connection *c = new_connection();
    struct session_login login = login_as(SESSION_LOGIN_PASSWORD, "password");
    connection_login(c, &login, now_us());
    const struct session_end *end = end_of(c);
    assert_int_equal(end->kind, SESSION_END_KEY_CHANGED);
    assert_memory_not_equal(end->pin_known, end->pin_offered, LINK_PIN_BYTES);
    assert_int_equal(server.logins[PROTOCOL_AUTH_PASSWORD], 2); /* nothing was sent */
    assert_int_equal(connection_countdown_s(c, now_us()), -1);
    /* The player accepts it. */
    server_hang_up();
    assert_int_equal(session_accept_key(connection_session(c), &error), 0);
    connection_login(c, &login, now_us());
    run_until(c, SESSION_PLAYING);
    connection_free(c);
}

static void test_lost_connection_comes_back_with_the_token(void **state)
{
    (void)state;
    struct connection *c = enter();
    say_line(77);
    UNTIL(c, heard_n == 1);
    server_hang_up();
    const struct session_end *end = end_of(c);
    assert_int_equal(end->kind, SESSION_END_LOST);
    assert_true(end->was_playing);
    assert_non_null(connection_world(c)); /* the picture stays */
    assert_in_range(connection_countdown_s(c, now_us()), 1, 2);
    skipped_us += 2000000;
    run_until(c, SESSION_PLAYING);
    assert_int_equal(server.logins[PROTOCOL_AUTH_PASSWORD], 1);
    assert_int_equal(server.logins[PROTOCOL_AUTH_TOKEN], 0);
    assert_int_equal(server.logins[0], 1); /* RESUME, behind the last line that it heard */
    assert_int_equal(server.heard, 77);
    assert_int_equal(server.leaves, 0);
    /* It waits longer each time that nobody is there. */
    server_hang_up();
    close(server.listener);
    int last = 0;
    for (unsigned i = 0; i < 4; i++) {
        end_of(c);
        int wait = connection_countdown_s(c, now_us());
        assert_true(wait > last);
        last = wait;
        skipped_us += (uint64_t)wait * 1000000;
        connection_pump(c, now_us());
    }
    server_listen(server.port);
    connection_again(c, now_us()); /* the player does not wait */
    run_until(c, SESSION_PLAYING);
    /* He goes on purpose: the server is told, and the next login is a new one. */
    connection_leave(c);
    UNTIL(c, server.leaves == 1 && server.fd < 0);
    struct session_login login = login_as(SESSION_LOGIN_TOKEN, "a-token");
    connection_login(c, &login, now_us());
    run_until(c, SESSION_PLAYING);
    assert_int_equal(server.logins[PROTOCOL_AUTH_TOKEN], 1);
    /* To log out is told apart from that, and the token that was kept is forgotten. */
    char address[SETTINGS_SERVER_MAX + 1], token[PROTOCOL_TOKEN_MAX + 1];
    snprintf(address, sizeof(address), "%s", session_server(connection_session(c)));
    assert_int_equal(server.log_outs, 0);
    assert_int_equal(settings_token_load(address, login.user, token), 0);
    connection_log_out(c);
    UNTIL(c, server.leaves == 2 && server.fd < 0);
    assert_int_equal(server.log_outs, 1);
    assert_int_equal(settings_token_load(address, login.user, token), -1);
    connection_free(c);
}

static void test_refused_token_without_password(void **state)
{
    (void)state;
    struct connection *c = enter();
    server.refuses_tokens = true;
    server_hang_up();
    end_of(c);
    connection_again(c, now_us());
    const struct session_end *end = end_of(c);
    assert_int_equal(end->kind, SESSION_END_REFUSED);
    assert_int_equal(end->reason, PROTOCOL_REASON_TOKEN_REFUSED);
    assert_int_equal(connection_countdown_s(c, now_us()), -1);
    connection_free(c);
}

static void put_token(const char *token)
{
    struct error error = {{0}};
    assert_int_equal(files_write(token_file, token, strlen(token), &error), 0);
}

/* A token that opens nothing any more is not left lying about; another's is. */
static void test_token_file_goes(void **state)
{
    (void)state;
    char path[] = "/tmp/test-session-token-XXXXXX", address[SETTINGS_SERVER_MAX + 1];
    char kept[PROTOCOL_TOKEN_MAX + 1];
    close(mkstemp(path));
    token_file = path;
    struct connection *c = enter();
    struct session_login login = login_as(SESSION_LOGIN_TOKEN, "a-token");
    snprintf(address, sizeof(address), "%s", session_server(connection_session(c)));
    assert_int_equal(access(path, F_OK), 0);
    connection_log_out(c);
    assert_int_equal(access(path, F_OK), -1);
    UNTIL(c, server.leaves == 1 && server.fd < 0);
    for (unsigned i = 0; i < 2; i++) {
        server.refuses_tokens = false;
        connection_login(c, &login, now_us());
        run_until(c, SESSION_PLAYING);
        assert_int_equal(access(path, F_OK), 0);
        server.refuses_tokens = true;
        server_hang_up();
        end_of(c);
        put_token(i == 0 ? "a-token\n" : "a-token-of-another-login");
        connection_again(c, now_us());
        assert_int_equal(end_of(c)->reason, PROTOCOL_REASON_TOKEN_REFUSED);
        assert_int_equal(access(path, F_OK), i == 0 ? -1 : 0);
        assert_int_equal(settings_token_load(address, login.user, kept), -1);
        server_hang_up();
    }
    connection_free(c);
    unlink(path);
    token_file = NULL;
}

static void test_refused_token_falls_back_to_the_password(void **state)
{
    (void)state;
    struct connection *c = new_connection();
    struct session_login login = login_as(SESSION_LOGIN_TOKEN, "stale");
    strcpy(login.password, "password");
    connection_login(c, &login, now_us());
    run_until(c, SESSION_PLAYING);
    assert_int_equal(server.logins[PROTOCOL_AUTH_TOKEN], 1);
    assert_int_equal(server.logins[PROTOCOL_AUTH_PASSWORD], 1);
    connection_free(c);
}

static void test_the_server_ends_it(void **state)
{
    (void)state;
    static const struct {
        unsigned reason;
        const char *words, *text;
        bool comes_back;
    } cases[] = {
        {PROTOCOL_REASON_KICKED, "be kind", "an operator ended the session: be kind", false},
        {PROTOCOL_REASON_REPLACED, "", "the same account logged in from elsewhere", false},
        {PROTOCOL_REASON_RESTARTING, "", "the server is restarting", true},
        {PROTOCOL_REASON_BANNED, "until 2026-12-01 10:00 UTC: spam",
         "you are banned: until 2026-12-01 10:00 UTC: spam", false},
        {PROTOCOL_REASON_NONE, "bye \x1b[2J", "bye \\u{1B}[2J", false},
    };
    for (unsigned i = 0; i < ARRAY_N(cases); i++) {
        struct connection *c = enter();
        say_disconnect(cases[i].reason, 0, cases[i].words);
        const struct session_end *end = end_of(c);
        assert_int_equal(end->kind, SESSION_END_SERVER);
        assert_int_equal(end->reason, cases[i].reason);
        if (i < 4)
            assert_string_equal(end->text, cases[i].text);
        else
            assert_null(strchr(end->text, '\x1b'));
        assert_int_equal(connection_countdown_s(c, now_us()) >= 0, cases[i].comes_back);
        connection_free(c);
        server_hang_up();
    }
}

static void test_deadlines(void **state)
{
    (void)state;
    struct connection *c = new_connection();
    struct session_login login = login_as(SESSION_LOGIN_PASSWORD, "password");
    server.silent = true;
    connection_login(c, &login, now_us());
    run_until(c, SESSION_GREETING);
    skipped_us += 11000000;
    const struct session_end *end = end_of(c);
    assert_int_equal(end->kind, SESSION_END_LOST);
    assert_non_null(strstr(end->text, "in time"));
    connection_free(c);
    server_hang_up();
    server.silent = false;
    c = enter();
    server.silent = true;
    skipped_us += 16000000;
    assert_string_equal(end_of(c)->text, "the server fell silent");
    connection_free(c);
}

static void test_garbage_ends_it(void **state)
{
    (void)state;
    struct connection *c = enter();
    static const uint8_t unknown[] = {1, 0, 200};
    SSL_write(server.ssl, unknown, sizeof(unknown));
    assert_int_equal(end_of(c)->kind, SESSION_END_LOST);
    connection_free(c);
}

static int make_folder(void **state)
{
    (void)state;
    signal(SIGPIPE, SIG_IGN);
    if (!mkdtemp(folder))
        return -1;
    setenv("XDG_STATE_HOME", folder, 1);
    snprintf(pins, sizeof(pins), "%s/known-servers", folder);
    return 0;
}

static int remove_folder(void **state)
{
    (void)state;
    char path[FILES_PATH_MAX];
    unlink(pins);
    snprintf(path, sizeof(path), "%s/openmmo/tokens", folder);
    unlink(path);
    snprintf(path, sizeof(path), "%s/openmmo", folder);
    rmdir(path);
    return rmdir(folder);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_enter_and_walk),
        TEST(test_wrong_password),
        TEST(test_slows_down_with_the_world),
        TEST(test_waits_for_a_place),
        TEST(test_registration_closed_is_known_before_it_is_sent),
        TEST(test_by_code),
        TEST(test_key_is_pinned),
        TEST(test_lost_connection_comes_back_with_the_token),
        TEST(test_refused_token_without_password),
        TEST(test_token_file_goes),
        TEST(test_refused_token_falls_back_to_the_password),
        TEST(test_the_server_ends_it),
        TEST(test_deadlines),
        TEST(test_garbage_ends_it),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
