/* test_abuse.c -- clients that misbehave: each is shown the door by an absolute deadline or a
 * limit, and a witness who walks through it all is not disturbed. */
#include "witness.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

/* Deadlines short enough for a test, long enough for a sanitizer on a busy machine. */
#define FIRST_BYTE_MS 1500
#define LOGIN_MS      3000
#define MESSAGE_MS    1500
#define SLACK_MS      4000

static int start_daemon(void **state)
{
    static const char *const limits[] = {"--limits.first_byte=1500ms", "--limits.login=3s",
                                         "--limits.message=1500ms", "--limits.chats_per_10s=10000",
                                         NULL};

    (void)state; /* both sides need a thousand files */
    (void)witness_stage("[store]\nflush = 1s\n[auth]\nlinger = 1s\n", limits, 4096);
    return 0;
}

static struct player *greeted(void)
{
    struct player *player = player_connect(party, &server);

    UNTIL(party, DEADLINE_MS, player->greeted || player->gone);
    assert_false(player->gone);
    return player;
}

static struct player *open_and_mute(void)
{
    struct player *player = player_connect(party, &server);

    player->mute = true;
    UNTIL(party, DEADLINE_MS, player->state == LINK_OPEN || player->gone);
    return player;
}

/* The player is told why and closed within the milliseconds. */
static void expect_end(struct player *player, enum protocol_reason reason, int ms)
{
    UNTIL(party, ms, player->gone);
    if (player->farewell != reason)
        fail_msg("wanted farewell %u, got %u (%s %s)", reason, player->farewell,
                 player->farewell_text, player->closed.text);
    player_leave(player);
}

static void test_half_frame(void **state)
{
    static const uint8_t half[] = {12, 0, PROTOCOL_MOVE, 1, 0};
    struct player *player = player_new_account(party, &server, "halfframe");

    (void)state;
    player->mute = true; /* a question for names would be the other half */
    player_raw(player, half, sizeof(half));
    expect_end(player, PROTOCOL_REASON_TOO_SLOW, MESSAGE_MS + SLACK_MS);
}

static void test_frame_over_the_limit(void **state)
{
    static const uint8_t length[] = {0xff, 0x10}; /* 4351 bytes: more than before a login */
    struct player *player = greeted();

    (void)state;
    player_raw(player, length, sizeof(length));
    expect_end(player, PROTOCOL_REASON_MALFORMED, SLACK_MS);
}

static void test_garbage(void **state)
{
    uint8_t garbage[1000];
    struct player *player;
    int fd;

    (void)state;
    srand(5);
    for (size_t i = 0; i < sizeof(garbage); i++)
        garbage[i] = (uint8_t)rand();
    garbage[0] = 3; /* a frame of 3 bytes, of a type that is none */
    garbage[1] = 0;
    garbage[2] = 200;
    player = open_and_mute();
    player_raw(player, garbage, sizeof(garbage));
    expect_end(player, PROTOCOL_REASON_MALFORMED, SLACK_MS);
    player = player_new_account(party, &server, "garbage");
    player_raw(player, garbage, sizeof(garbage));
    expect_end(player, PROTOCOL_REASON_MALFORMED, SLACK_MS);
    fd = raw_connect(&server); /* and where no TLS was begun */
    assert_true(send(fd, "GET / HTTP/1.1\r\n\r\n", 18, MSG_NOSIGNAL) == 18);
    UNTIL(party, LOGIN_MS + SLACK_MS, raw_closed(fd));
    close(fd);
}

static void test_wrong_version(void **state)
{
    struct player *player = open_and_mute();
    struct protocol_hello hello = {.lowest = 900, .highest = 901};
    uint8_t room[200];
    struct wire_writer w;

    (void)state;
    hello.program = wire_text_of("future");
    wire_writer_init(&w, room, sizeof(room));
    protocol_encode_hello(&w, &hello);
    player_raw(player, room, wire_written(&w));
    UNTIL(party, SLACK_MS, player->gone);
    assert_int_equal(player->farewell, PROTOCOL_REASON_VERSION);
    assert_non_null(strchr(player->farewell_text, '2')); /* which version is wanted */
    player_leave(player);
}

/* It takes nothing while everyone talks: it is let go, and nothing waits for it. */
static void test_never_reads(void **state)
{
    struct player *deaf = player_new_account(party, &server, "neverreads");
    struct player *talker = player_new_account(party, &server, "talker");
    uint64_t entity = deaf->entity, until_ms = now_ms() + DEADLINE_MS, next_ms = now_ms();
    int small = 2048;
    char line[451];

    (void)state;
    UNTIL(party, DEADLINE_MS, player_sees(witness, deaf) != NULL);
    setsockopt(link_fd(deaf->link), SOL_SOCKET, SO_RCVBUF, &small, sizeof(small));
    deaf->deaf = true;
    memset(line, 'x', sizeof(line) - 1);
    line[sizeof(line) - 1] = '\0';
    while (replica_find(witness->replica, entity) != NULL) {
        if (now_ms() >= next_ms) {
            player_chat(talker, PROTOCOL_CHANNEL_GLOBAL, line);
            next_ms += 10;
        }
        party_pump(party, 2);
        if (now_ms() > until_ms)
            fail_msg("one who never reads is still here");
    }
    assert_false(talker->gone);
    player_leave(talker);
    player_leave(deaf);
}

static void test_never_writes(void **state)
{
    struct player *silent = open_and_mute(); /* TLS, then nothing */
    int fd = raw_connect(&server);           /* nothing at all */

    (void)state;
    UNTIL(party, FIRST_BYTE_MS + SLACK_MS, raw_closed(fd));
    close(fd);
    expect_end(silent, PROTOCOL_REASON_TOO_SLOW, LOGIN_MS + SLACK_MS);
    silent = greeted(); /* HELLO, then nothing */
    expect_end(silent, PROTOCOL_REASON_TOO_SLOW, LOGIN_MS + SLACK_MS);
}

/* A byte every 300 ms does not put the deadline off. */
static void test_drip_in_tls_hello(void **state)
{
    /* the record header of a ClientHello of 512 bytes, then its beginning; zeros go on */
    static const uint8_t hello[200] = {0x16, 3, 1, 2, 0, 1, 0, 1, 0xfc, 3, 3};
    uint64_t began = now_ms();
    int fd = raw_connect(&server);
    bool closed = false;

    (void)state;
    for (size_t i = 0; i < sizeof(hello) && !closed; i++) {
        uint64_t next_ms = now_ms() + 300;

        closed = send(fd, &hello[i], 1, MSG_NOSIGNAL) < 0;
        while (!closed && now_ms() < next_ms) {
            party_pump(party, 10);
            closed = raw_closed(fd);
        }
        if (now_ms() - began > LOGIN_MS + SLACK_MS)
            fail_msg("dripping a TLS hello keeps a connection open");
    }
    assert_true(closed);
    close(fd);
}

/* Send the bytes one by one until the player is gone; it must be by the deadline. */
static void drip(struct player *player, const uint8_t *bytes, size_t n, int deadline_ms)
{
    uint64_t began = now_ms();

    for (size_t i = 0; i < n && !player->gone; i++) {
        uint64_t next_ms = now_ms() + 300;

        player_raw(player, &bytes[i], 1);
        while (!player->gone && now_ms() < next_ms)
            party_pump(party, 10);
    }
    assert_true(player->gone);
    assert_int_equal(player->farewell, PROTOCOL_REASON_TOO_SLOW);
    assert_true(now_ms() - began < (uint64_t)deadline_ms + SLACK_MS);
    player_leave(player);
}

static void test_drip_in_login(void **state)
{
    struct protocol_auth auth = {.kind = PROTOCOL_AUTH_PASSWORD};
    uint8_t room[300];
    struct wire_writer w;

    (void)state;
    auth.username = wire_text_of("a name that takes long to say");
    auth.password = wire_text_of(PASSWORD);
    wire_writer_init(&w, room, sizeof(room));
    protocol_encode_auth(&w, &auth);
    drip(greeted(), room, wire_written(&w), LOGIN_MS);
}

static void test_drip_in_a_frame(void **state)
{
    uint8_t frame[60] = {57, 0, PROTOCOL_CHAT};
    struct player *player = player_new_account(party, &server, "dripping");

    (void)state;
    player->mute = true;
    drip(player, frame, sizeof(frame), MESSAGE_MS);
}

static void test_gone_in_mid_login(void **state)
{
    struct player *player;

    (void)state;
    for (int i = 0; i < 20; i++) {
        char name[20];

        snprintf(name, sizeof(name), "hasty%d", i);
        player = greeted();
        player_register(player, name, PASSWORD);
        for (int turn = 0; turn < i % 4; turn++) /* at one moment or another of it */
            party_pump(party, 1);
        player_leave(player);
    }
    player_leave(player_new_account(party, &server, "patient"));
}

static void test_thousand_silent(void **state)
{
    int fds[1000];
    size_t n = 0;

    (void)state;
    for (; n < ARRAY_N(fds); n++) {
        fds[n] = raw_connect(&server);
        if (n % 50 == 0)
            party_pump(party, 0);
    }
    player_leave(player_new_account(party, &server, "newcomer")); /* they keep nobody out */
    for (size_t i = 0; i < n; i++) {
        UNTIL(party, FIRST_BYTE_MS + 2 * SLACK_MS, raw_closed(fds[i]));
        close(fds[i]);
    }
}

static void test_same_account_twice(void **state)
{
    struct player *older = player_new_account(party, &server, "twice"), *newer;
    struct space_pos place;

    (void)state;
    player_walk(older, 0x4000, MOVEMENT_WALK);
    UNTIL(party, DEADLINE_MS, older->selves_n > 20);
    player_stand(older);
    UNTIL(party, DEADLINE_MS, player_is_still(older));
    place = older->self.pos;
    newer = player_returns(party, &server, "twice");
    UNTIL(party, DEADLINE_MS, older->gone);
    assert_int_equal(older->farewell, PROTOCOL_REASON_REPLACED);
    assert_false(newer->gone);
    assert_int_equal(newer->self.pos.x, place.x); /* where it stood */
    assert_int_equal(newer->self.pos.z, place.z);
    player_walk(newer, 0, MOVEMENT_WALK);
    UNTIL(party, DEADLINE_MS, distance_m(newer->self.pos, place) > 1);
    player_leave(newer);
    player_leave(older);
}

/* Twenty times the time that passed, for two seconds: it comes no further than an honest runner. */
static void test_time_that_did_not_pass(void **state)
{
    struct player *cheat = player_new_account(party, &server, "cheat");
    struct space_pos from = cheat->self.pos;
    uint64_t began = now_ms(), next_ms = began;
    double seconds;

    (void)state;
    while (now_ms() < began + 2000) {
        if (now_ms() >= next_ms) {
            for (int i = 0; i < 4; i++)
                player_move(cheat, 0x8000, MOVEMENT_WALK | MOVEMENT_RUN, PROTOCOL_SUBSTEPS_MAX);
            next_ms += 50;
        }
        party_pump(party, 5);
    }
    UNTIL(party, DEADLINE_MS, cheat->dropped > 0);
    assert_false(cheat->gone);
    seconds = (double)(now_ms() - began) / 1000;
    if (distance_m(from, cheat->self.pos) > MOVEMENT_RUN_M_S * (seconds + 0.5))
        fail_msg("%.1f m in %.1f s", distance_m(from, cheat->self.pos), seconds);
    player_leave(cheat);
}

/* The whole server stands still for half a second: nobody is dropped, nobody pulled back, no burst.
 */
static void test_stopped_for_500_ms(void **state)
{
    struct player *runner = player_new_account(party, &server, "runner");
    uint64_t until_ms;

    (void)state;
    player_walk(runner, 0xC000, MOVEMENT_WALK | MOVEMENT_RUN);
    UNTIL(party, DEADLINE_MS, runner->selves_n > 20);
    daemon_signal(&server, SIGSTOP);
    for (until_ms = now_ms() + 500; now_ms() < until_ms;)
        party_pump(party, 5);
    daemon_signal(&server, SIGCONT);
    for (until_ms = now_ms() + 2000; now_ms() < until_ms;)
        party_pump(party, 5);
    player_stand(runner);
    player_stand(witness);
    UNTIL(party, DEADLINE_MS, player_is_still(runner) && player_is_still(witness));
    assert_false(runner->gone);
    assert_int_equal(runner->dropped, 0);
    assert_true(player_predicted_rightly(runner));
    assert_true(player_predicted_rightly(witness));
    UNTIL(party, DEADLINE_MS, player_sees_truly(witness, runner));
    player_leave(runner);
}

static int still_open(const int *fds, size_t n)
{
    int open_n = 0;

    for (size_t i = 0; i < n; i++)
        open_n += !raw_closed(fds[i]);
    return open_n;
}

/* Without an exemption one address gets its share, and what it holds falls under the deadlines. */
static void test_share_of_an_address(void **state)
{
    static const char *const strict[] = {"--limits.exempt=", "--limits.before_login_per_address=5",
                                         NULL};
    struct daemon other;
    struct player *player;
    struct party *others = party_new();
    int fds[30], open_n = 0;

    (void)state;
    daemon_make(&other, NULL);
    daemon_start(&other, strict);
    player = player_new_account(others, &other, "early");
    for (size_t i = 0; i < ARRAY_N(fds); i++)
        fds[i] = raw_connect(&other);
    UNTIL(others, DEADLINE_MS, (open_n = still_open(fds, ARRAY_N(fds))) <= 5);
    assert_int_equal(open_n, 5);
    assert_false(player->gone);
    for (size_t i = 0; i < ARRAY_N(fds); i++)
        close(fds[i]);
    party_free(others);
    assert_int_equal(daemon_terminate(&other), 0);
    daemon_remove(&other);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITNESSED(test_half_frame),
        WITNESSED(test_frame_over_the_limit),
        WITNESSED(test_garbage),
        WITNESSED(test_wrong_version),
        WITNESSED(test_never_reads),
        WITNESSED(test_never_writes),
        WITNESSED(test_drip_in_tls_hello),
        WITNESSED(test_drip_in_login),
        WITNESSED(test_drip_in_a_frame),
        WITNESSED(test_gone_in_mid_login),
        WITNESSED(test_thousand_silent),
        WITNESSED(test_same_account_twice),
        WITNESSED(test_time_that_did_not_pass),
        WITNESSED(test_stopped_for_500_ms),
        WITNESSED(test_share_of_an_address),
    };

    return cmocka_run_group_tests(tests, start_daemon, witness_unstage);
}
