/* test_sessions.c -- players over TLS against the sessions of a server: the way in, the world seen,
 * and each kind of misbehaviour, of which nobody else may suffer. */
#include "scene.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "ops/metrics.h"
#include "play/host.h"

/* ---- the way in ---- */

static void test_greeting(void **state)
{
    struct scene *scene = scene_new(1);
    struct player *one, *old, *new;

    (void)state;
    scene_start(scene);
    scene_join(scene, "someone");
    one = scene_connect(scene);
    assert_int_equal(strlen(sessions_fingerprint(scene->sessions)), 64);
    player_hello(one, 0, 99);
    SCENE_UNTIL(scene, one->counts[PROTOCOL_GREETING] == 1);
    assert_string_equal(one->name, "a test");
    assert_string_equal(one->motd, "welcome");
    assert_int_equal(one->players, 1);
    assert_int_equal(one->players_max, 100);
    assert_int_equal(one->logins, 7);
    old = scene_connect(scene);
    player_hello(old, 0, PROTOCOL_VERSION_LOWEST - 1);
    SCENE_UNTIL(scene, player_closed(old));
    assert_int_equal(old->disconnect, PROTOCOL_REASON_VERSION);
    assert_non_null(strstr(old->text, "2 to 2"));
    new = scene_connect(scene);
    player_hello(new, PROTOCOL_VERSION_HIGHEST + 1, 99);
    SCENE_UNTIL(scene, player_closed(new));
    assert_int_equal(new->disconnect, PROTOCOL_REASON_VERSION);
    scene_free(scene);
}

static void test_login(void **state)
{
    struct scene *scene = scene_new(1);
    struct player *player;

    (void)state;
    scene_start(scene);
    player = scene_connect(scene);
    player_hello(player, PROTOCOL_VERSION_LOWEST, PROTOCOL_VERSION_HIGHEST);
    player_move(player, 0, 0, 1);
    SCENE_UNTIL(scene, player->counts[PROTOCOL_NOTICE] == 1);
    assert_int_equal(player->notice, PROTOCOL_REASON_NOT_LOGGED_IN);
    player_auth(player, "alice", "the wrong password");
    SCENE_UNTIL(scene, player->counts[PROTOCOL_NOTICE] == 2);
    assert_int_equal(player->notice, PROTOCOL_REASON_LOGIN_FAILED);
    assert_int_equal(player->retry_after_ms, 7);
    assert_string_equal(scene->last.username, "alice");
    assert_string_equal(scene->last.password, "the wrong password");
    assert_int_equal(scene->last.kind, LOGIN_PASSWORD);
    player_auth(player, "alice", "the right password");
    SCENE_UNTIL(scene, player->counts[PROTOCOL_SELF] > 0);
    assert_int_equal(player->counts[PROTOCOL_WELCOME], 1);
    assert_string_equal(player->token, "a token");
    assert_string_equal(player->name, "player 1");
    assert_int_equal(player->epoch, 3);
    player_auth(player, "alice", "the right password");
    SCENE_UNTIL(scene, player->notice == PROTOCOL_REASON_ALREADY_LOGGED_IN);
    assert_int_equal(scene->logins, 2);
    player->notice = 0;
    scene_run_ms(scene, 1100); /* such notices come once a second */
    player_hello(player, PROTOCOL_VERSION_LOWEST, PROTOCOL_VERSION_HIGHEST);
    SCENE_UNTIL(scene, player->notice == PROTOCOL_REASON_ALREADY_LOGGED_IN);
    scene_free(scene);
}

/* Only one login at a time is asked of control; an answer for one who has gone is nobody's. */
static void test_login_pending(void **state)
{
    struct scene *scene = scene_new(1);
    struct player *player;
    struct login_answer answer = {.reason = PROTOCOL_REASON_BUSY};

    (void)state;
    scene->silent = true;
    scene->config.login_ms = 1000;
    scene_start(scene);
    player = scene_connect(scene);
    player_hello(player, PROTOCOL_VERSION_LOWEST, PROTOCOL_VERSION_HIGHEST);
    player_auth(player, "alice", "x");
    player_auth(player, "alice", "y");
    SCENE_UNTIL(scene, player->notice == PROTOCOL_REASON_BUSY);
    assert_int_equal(scene->logins, 1);
    scene_run_ms(scene, 1500); /* our own waiting does not count */
    assert_false(player_closed(player));
    link_free(player->link);
    player->link = NULL;
    SCENE_UNTIL(scene, scene->closed == 1);
    sessions_answer(scene->sessions, scene->last.session, &answer);
    sessions_disconnect(scene->sessions, scene->last.session, PROTOCOL_REASON_KICKED, 0, NULL);
    scene_run_ms(scene, 50);
    scene_free(scene);
}

/* Who logs out is told when control says so; if it says nothing, in time, that it is not on record.
 */
static void test_log_out(void **state)
{
    struct scene *scene = scene_new(1);
    struct player *alice, *bob;
    uint64_t asked_ms;

    (void)state;
    scene_start(scene);
    alice = scene_join(scene, "alice");
    bob = scene_join(scene, "bob");
    player_log_out(alice);
    player_log_out(alice); /* is not heard any more, nor is this: */
    player_chat(alice, PROTOCOL_CHANNEL_GLOBAL, "still here");
    SCENE_UNTIL(scene, player_closed(alice));
    assert_int_equal(alice->disconnect, PROTOCOL_REASON_LOGGED_OUT);
    assert_int_equal(scene->log_outs, 1);
    SCENE_UNTIL(scene, scene->closed == 1);
    assert_int_equal(scene->closed_reason, PROTOCOL_REASON_LOGGED_OUT);
    scene->silent = true;
    asked_ms = scene_now_ms();
    player_log_out(bob);
    SCENE_UNTIL(scene, scene->log_outs == 2);
    assert_int_equal(bob->counts[PROTOCOL_DISCONNECT], 0);
    SCENE_UNTIL(scene, player_closed(bob));
    assert_in_range(scene_now_ms() - asked_ms, 1900, 4000);
    assert_int_equal(bob->disconnect, PROTOCOL_REASON_STORE_AWAY);
    assert_string_equal(bob->text, SESSIONS_LOG_OUT_OWED);
    assert_int_equal(bob->counts[PROTOCOL_CHAT_LINE], 0);
    scene_free(scene);
}

/* ---- the world ---- */

static void walk_and_compare(unsigned io_threads)
{
    struct scene *scene = scene_new(io_threads);
    struct player *a, *b;
    struct protocol_who who;
    uint64_t figures[20];

    scene_start(scene);
    for (unsigned i = 0; i < 20; i++)
        figures[i] = scene_figure(scene, (int32_t)i * 31 - 300, (int32_t)(i * 57 % 400) - 200);
    a = scene_join(scene, "alice");
    b = scene_join(scene, "bob");
    SCENE_UNTIL(scene, replica_find(a->replica, b->entity) != NULL);
    for (uint32_t i = 1; i < 400; i++) {
        player_move(a, (uint16_t)(i * 50), MOVEMENT_WALK | MOVEMENT_RUN, 3);
        for (unsigned j = 0; j < 20; j += 2)
            scene_figure_move(scene, figures[j], i, (uint16_t)(j * 4000));
        scene_turn(scene);
        scene_turn(scene);
    }
    SCENE_UNTIL(scene, a->self.seq == a->seq);
    scene_run_ms(scene, 300); /* quiet: then everybody's picture is the server's */
    scene_compare(scene, a);
    scene_compare(scene, b);
    assert_true(a->counts[PROTOCOL_VIEW] > 0 && a->counts[PROTOCOL_CLOCK] > 0);
    who.ids_n = (uint8_t)replica_wanted(b->replica, replica_tick(b->replica), &who);
    assert_true(who.ids_n > 0);
    player_who(b, who.ids, who.ids_n);
    SCENE_UNTIL(scene, b->counts[PROTOCOL_IDENTITY] == 1);
    assert_string_equal(replica_find(b->replica, a->entity)->name, "alice");
    scene_free(scene);
}

static void test_walk_one_thread(void **state)
{
    (void)state;
    walk_and_compare(1);
}

static void test_walk_three_threads(void **state)
{
    (void)state;
    walk_and_compare(3);
}

static void test_walk_no_thread(void **state)
{
    (void)state;
    walk_and_compare(0);
}

/* Walking from one end of the view to another: cells come and go, and what is left behind is gone.
 */
static void test_view_moves(void **state)
{
    struct scene *scene = scene_new(1);
    struct player *player;
    struct snapshot_entity far;
    uint64_t id = 0;

    (void)state;
    scene->config.view_m = 64;
    scene->every_ms = 2;
    scene_start(scene);
    player = scene_join(scene, "alice");
    assert_true(scene_entity(scene, player->entity, &far));
    scene_figure(scene, (far.state.pos.x >> SPACE_UNITS_SHIFT) - 20,
                 far.state.pos.z >> SPACE_UNITS_SHIFT);
    uint64_t limit_ms = scene_now_ms() + 20000;
    while (replica_entities_n(player->replica) < 2 && scene_now_ms() < limit_ms)
        scene_turn(scene);
    assert_int_equal(replica_entities_n(player->replica), 2);
    limit_ms = scene_now_ms() + 60000;
    while (replica_entities_n(player->replica) == 2 && scene_now_ms() < limit_ms) {
        player_move(player, 49152, MOVEMENT_WALK | MOVEMENT_RUN, 3); /* +x */
        scene_turn(scene);
    }
    assert_int_equal(replica_entities_n(player->replica), 1);
    assert_non_null(replica_find(player->replica, player->entity));
    /* who is out of view is not told of */
    struct snapshot *snapshot = sim_snapshot(scene->sim);
    for (uint32_t i = 0; i < snapshot_slots_n(snapshot); i++) {
        const struct snapshot_entity *e = snapshot_slot(snapshot, i);
        if (e != NULL && e->id != player->entity)
            id = e->id;
    }
    snapshot_unref(snapshot);
    player_who(player, &id, 1);
    scene_run_ms(scene, 100);
    assert_int_equal(player->counts[PROTOCOL_IDENTITY], 0);
    player_who(player, &player->entity, 1);
    SCENE_UNTIL(scene, player->counts[PROTOCOL_IDENTITY] == 1);
    scene_free(scene);
}

/* A crowd in one cell, of several parts; it thins out, and at last nobody is left of it: first seen
 * tick by tick, then in one look long after the server has forgotten that the cell was ever
 * occupied. */
static void crowd(bool hidden)
{
    struct scene *scene = scene_new(1);
    uint64_t figures[900];
    struct player *player;
    struct snapshot_entity self;

    scene->config.view_m = 128;
    scene_start(scene);
    player = scene_join(scene, "alice");
    assert_true(scene_entity(scene, player->entity, &self));
    for (unsigned i = 0; i < 900; i++) /* all in the cell beside the player's */
        figures[i] = scene_figure(scene, (self.cell.x + 1) * 64 + 1 + (int32_t)(i % 60),
                                  self.cell.z * 64 + 1 + (int32_t)(i / 60) * 4);
    SCENE_UNTIL(scene, replica_entities_n(player->replica) == 901);
    scene_compare(scene, player);
    for (uint32_t i = 1; i < 20; i++) {
        for (unsigned j = 0; j < 900; j += 3)
            scene_figure_move(scene, figures[j], i, (uint16_t)(j * 999));
        scene_turn(scene);
    }
    for (unsigned i = 0; i < 850; i++)
        scene_figure_leave(scene, figures[i]);
    scene_run_ms(scene, 400);
    scene_compare(scene, player);
    scene->hidden = hidden;
    for (unsigned i = 850; i < 900; i++)
        scene_figure_leave(scene, figures[i]);
    for (unsigned i = 0; i < 100; i++)
        scene_tick(scene);
    scene->hidden = false;
    SCENE_UNTIL(scene, replica_entities_n(player->replica) == 1);
    scene_figure(scene, (self.cell.x + 1) * 64 + 1, self.cell.z * 64 + 1);
    SCENE_UNTIL(scene, replica_entities_n(player->replica) == 2);
    scene_run_ms(scene, 100);
    scene_compare(scene, player);
    scene_free(scene);
}

static void test_crowd(void **state)
{
    (void)state;
    crowd(false);
}

static void test_crowd_forgotten(void **state)
{
    (void)state;
    crowd(true);
}

static void test_chat(void **state)
{
    struct scene *scene = scene_new(2);
    struct player *a, *b, *late;

    (void)state;
    scene_start(scene);
    a = scene_join(scene, "alice");
    b = scene_join(scene, "bob");
    player_chat(a, PROTOCOL_CHANNEL_GLOBAL, "grüß dich");
    SCENE_UNTIL(scene, b->counts[PROTOCOL_CHAT_LINE] == 1 && a->counts[PROTOCOL_CHAT_LINE] == 1);
    assert_string_equal(b->text, "grüß dich");
    assert_string_equal(b->speaker, "alice");
    player_chat(b, PROTOCOL_CHANNEL_NEARBY, "and you");
    SCENE_UNTIL(scene, b->counts[PROTOCOL_CHAT_LINE] == 2);
    late = scene_join(scene, "late");
    player_chat(a, PROTOCOL_CHANNEL_GLOBAL, "bad \x1b[2J");
    SCENE_UNTIL(scene, a->counts[PROTOCOL_NOTICE] == 1);
    assert_int_equal(a->notice, PROTOCOL_REASON_CHAT_REFUSED);
    scene_run_ms(scene, 100);
    assert_int_equal(late->counts[PROTOCOL_CHAT_LINE], 0); /* said before it came, or refused */
    assert_int_equal(b->counts[PROTOCOL_CHAT_LINE], 2);
    sessions_announce(scene->sessions, "a word");
    SCENE_UNTIL(scene, late->counts[PROTOCOL_NOTICE] == 1 && b->counts[PROTOCOL_NOTICE] == 1);
    assert_int_equal(late->notice, PROTOCOL_REASON_NONE);
    assert_string_equal(late->text, "a word");
    scene_free(scene);
}

static void test_ping_and_figures(void **state)
{
    struct scene *scene = scene_new(1);
    struct player *player;
    struct session_figures figures;

    (void)state;
    scene_start(scene);
    player = scene_join(scene, "alice");
    player_ping(player, UINT64_C(0x1234567890abcdef));
    SCENE_UNTIL(scene, player->counts[PROTOCOL_PONG] == 1);
    assert_true(player->cookie == UINT64_C(0x1234567890abcdef));
    scene_run_ms(scene, 50);
    assert_int_equal(sessions_figures(scene->sessions, scene->last.session, &figures), 0);
    assert_memory_equal(figures.address, "127.0.0.1:", 10);
    assert_true(figures.bytes_in > 100 && figures.bytes_out > 500 && figures.rtt_us > 0);
    assert_int_equal(sessions_figures(scene->sessions, scene->last.session + 1, &figures), -1);
    scene_free(scene);
}

/* The newer login of an account takes the figure; the older session gets nothing of the world any
 * more. */
static void test_handed_over(void **state)
{
    struct scene *scene = scene_new(1);
    struct player *old, *new;
    unsigned selfs;

    (void)state;
    scene_start(scene);
    old = scene_join(scene, "alice");
    scene->next_player--; /* the same account */
    new = scene_join(scene, "alice");
    assert_true(new->entity == old->entity);
    scene_run_ms(scene, 50);
    selfs = old->counts[PROTOCOL_SELF];
    for (unsigned i = 0; i < 20; i++) {
        player_move(new, 0, MOVEMENT_WALK, 3);
        scene_turn(scene);
    }
    SCENE_UNTIL(scene, new->self.seq == 20);
    assert_int_equal(old->counts[PROTOCOL_SELF], selfs);
    scene_free(scene);
}

/* ---- the end ---- */

static void test_disconnect(void **state)
{
    struct scene *scene = scene_new(1);
    struct player *player;

    (void)state;
    scene_start(scene);
    player = scene_join(scene, "alice");
    sessions_disconnect(scene->sessions, scene->last.session, PROTOCOL_REASON_KICKED, 0, "be nice");
    sessions_disconnect(scene->sessions, scene->last.session, PROTOCOL_REASON_KICKED, 0, "twice");
    SCENE_UNTIL(scene, player_closed(player));
    assert_int_equal(player->disconnect, PROTOCOL_REASON_KICKED);
    assert_string_equal(player->text, "be nice");
    SCENE_UNTIL(scene, scene->closed == 1);
    assert_int_equal(scene->closed_reason, PROTOCOL_REASON_KICKED);
    scene_free(scene);
}

static void on_done(void *context)
{
    ((struct scene *)context)->done++;
}

static void drain(unsigned io_threads)
{
    struct scene *scene = scene_new(io_threads);
    struct player *a, *b, *stranger;
    int raw;

    scene_start(scene);
    a = scene_join(scene, "alice");
    b = scene_join(scene, "bob");
    stranger = scene_connect(scene);
    raw = scene_raw(scene); /* never says anything */
    scene_run_ms(scene, 50);
    sessions_drain(scene->sessions,
                   &(struct sessions_goodbye){PROTOCOL_REASON_RESTARTING, 5000, 4000, 1000},
                   on_done, scene);
    SCENE_UNTIL(scene, scene->done == 1);
    SCENE_UNTIL(scene, player_closed(a) && player_closed(b) && player_closed(stranger));
    assert_int_equal(a->disconnect, PROTOCOL_REASON_RESTARTING);
    assert_int_equal(b->disconnect, PROTOCOL_REASON_RESTARTING);
    assert_int_equal(stranger->disconnect, PROTOCOL_REASON_RESTARTING);
    /* Each at a time of his own. */
    assert_in_range(a->retry_after_ms, 5000, 8999);
    assert_in_range(b->retry_after_ms, 5000, 8999);
    assert_in_range(stranger->retry_after_ms, 5000, 8999);
    if (io_threads == 0)
        assert_true(a->retry_after_ms != b->retry_after_ms &&
                    b->retry_after_ms != stranger->retry_after_ms);
    assert_int_equal(scene->closed, 4);
    close(raw);
    scene_free(scene);
}

static void test_drain(void **state)
{
    (void)state;
    drain(2);
    drain(0);
}

static void test_drain_nobody(void **state)
{
    struct scene *scene = scene_new(1);

    (void)state;
    scene_start(scene);
    sessions_drain(scene->sessions,
                   &(struct sessions_goodbye){PROTOCOL_REASON_SHUTTING_DOWN, 0, 0, 1000}, on_done,
                   scene);
    SCENE_UNTIL(scene, scene->done == 1);
    scene_free(scene);
}

static void test_reconfigure(void **state)
{
    struct scene *scene = scene_new(2);
    struct player *before, *after;
    struct sessions_config config;
    struct error error = {{0}};
    char old[80];

    (void)state;
    scene_start(scene);
    before = scene_join(scene, "alice");
    snprintf(old, sizeof(old), "%s", sessions_fingerprint(scene->sessions));
    config = scene->config;
    snprintf(config.certificate, sizeof(config.certificate), "%s/absent.pem", scene->folder);
    snprintf(config.motd, sizeof(config.motd), "never");
    assert_int_equal(sessions_reconfigure(scene->sessions, &config, &error), -1);
    assert_non_null(strstr(error.text, "absent.pem"));
    config = scene->config;
    config.exempt = (const char *const[]){"nonsense"};
    config.exempt_n = 1;
    snprintf(config.motd, sizeof(config.motd), "never");
    assert_int_equal(sessions_reconfigure(scene->sessions, &config, &error), -1);
    assert_string_equal(sessions_fingerprint(scene->sessions), old);
    config = scene->config;
    snprintf(config.motd, sizeof(config.motd), "changed");
    config.logins = 3;
    config.view_m = 320;
    unlink(config.key);
    unlink(config.certificate);
    struct scene *other = scene_new(1); /* makes another certificate */
    scene_start(other);
    assert_int_equal(rename(other->config.key, config.key), 0);
    assert_int_equal(rename(other->config.certificate, config.certificate), 0);
    scene_free(other);
    assert_int_equal(sessions_reconfigure(scene->sessions, &config, &error), 0);
    scene->config.view_m = 320;
    assert_string_not_equal(sessions_fingerprint(scene->sessions), old);
    after = scene_connect(scene);
    player_hello(after, PROTOCOL_VERSION_LOWEST, PROTOCOL_VERSION_HIGHEST);
    SCENE_UNTIL(scene, after->counts[PROTOCOL_GREETING] == 1);
    assert_string_equal(after->motd, "changed");
    assert_int_equal(after->logins, 3);
    assert_false(player_closed(before)); /* and goes on, with the wider view */
    unsigned views = before->counts[PROTOCOL_VIEW];
    SCENE_UNTIL(scene, before->counts[PROTOCOL_VIEW] > views || views > 1);
    scene_compare(scene, before);
    scene_free(scene);
}

/* ---- misbehaviour ---- */

/* A frame of raw bytes on an open link. */
static void send_bytes(struct player *player, const void *bytes, size_t len_bytes)
{
    struct wire_writer w;

    if (link_send_begin(player->link, len_bytes, &w) != 0)
        return;
    wire_put_bytes(&w, bytes, len_bytes);
    link_send_commit(player->link, &w);
    link_pump(player->link, &player->error);
}

static void test_malformed(void **state)
{
    static const struct {
        const char *bytes;
        size_t len_bytes;
        bool joined;
    } cases[] = {
        {"\0\0", 2, false},         /* a frame of nothing */
        {"\xff\xff\x01", 3, false}, /* too long before login: its bytes need not come */
        {"\xff\x0f\x01", 3, false}, /* 4097 bytes */
        {"\x01\0\x63", 3, false},   /* no such message */
        {"\x01\0\x41", 3, false},   /* a server's */
        {"\x01\0\x01", 3, false},   /* HELLO without a body */
        {"\x01\0\xff", 3, true},    /* no such message */
        {"\x0b\0\x05\0\0\0\0\0\0\0\0\0\x01", 13, true},     /* MOVE with seq 0 */
        {"\x0b\0\x05\x01\0\0\0\0\0\0\0\xff\x01", 13, true}, /* unknown flags */
        {"\x02\0\x08\0", 4, true},                          /* WHO of nobody */
    };
    struct scene *scene = scene_new(1);
    struct player *witness;
    int64_t malformed = metrics_value(METRIC_MALFORMED);

    (void)state;
    scene_start(scene);
    witness = scene_join(scene, "witness");
    for (unsigned i = 0; i < ARRAY_N(cases); i++) {
        struct player *player = cases[i].joined ? scene_join(scene, "x") : scene_connect(scene);
        send_bytes(player, cases[i].bytes, cases[i].len_bytes);
        SCENE_UNTIL(scene, player_closed(player));
        assert_int_equal(player->disconnect, PROTOCOL_REASON_MALFORMED);
    }
    struct player *twice = scene_connect(scene);
    player_hello(twice, PROTOCOL_VERSION_LOWEST, PROTOCOL_VERSION_HIGHEST);
    player_hello(twice, PROTOCOL_VERSION_LOWEST, PROTOCOL_VERSION_HIGHEST);
    SCENE_UNTIL(scene, player_closed(twice));
    assert_int_equal(twice->disconnect, PROTOCOL_REASON_MALFORMED);
    assert_int_equal(metrics_value(METRIC_MALFORMED) - malformed, ARRAY_N(cases) + 1);
    assert_false(player_closed(witness));
    scene_free(scene);
}

static bool raw_closed(int fd)
{
    char byte;
    ssize_t n = recv(fd, &byte, 1, 0);

    return n == 0 || (n < 0 && errno != EAGAIN && errno != ENOTCONN);
}

/* Nothing at all; a drip into the TLS hello; a drip into the login; half a frame in the world. */
static void test_deadlines(void **state)
{
    struct scene *scene = scene_new(1);
    struct player *witness, *login, *half, *greeted;
    int silent, drip;
    uint64_t begun_ms = scene_now_ms(), next_ms = 0;
    unsigned sent = 0, drips = 0;

    (void)state;
    scene->config.first_byte_ms = 400;
    scene->config.login_ms = 900;
    scene->config.message_ms = 500;
    scene_start(scene);
    witness = scene_join(scene, "witness");
    half = scene_join(scene, "half");
    silent = scene_raw(scene);
    drip = scene_raw(scene);
    login = scene_connect(scene);
    player_hello(login, PROTOCOL_VERSION_LOWEST, PROTOCOL_VERSION_HIGHEST);
    greeted = scene_connect(scene);
    player_hello(greeted, PROTOCOL_VERSION_LOWEST, PROTOCOL_VERSION_HIGHEST);
    send_bytes(half, "\x0b\0\x05", 3);
    while (!(raw_closed(silent) && raw_closed(drip) && player_closed(login) &&
             player_closed(half) && player_closed(greeted)) &&
           scene_now_ms() - begun_ms < 15000) {
        scene_turn(scene);
        if (scene_now_ms() < next_ms)
            continue;
        next_ms = scene_now_ms() + 100;
        (void)!send(drip, "\x16\x03\x01\x02\x00\x01" + (drips < 5 ? drips : 5), 1, MSG_NOSIGNAL);
        drips++;
        if (link_state(login->link) == LINK_OPEN)
            send_bytes(login, "\xff\0\x03\x01" + (sent < 3 ? sent : 3), 1), sent++;
    }
    assert_true(raw_closed(silent) && raw_closed(drip));
    assert_int_equal(login->disconnect, PROTOCOL_REASON_TOO_SLOW);
    assert_int_equal(greeted->disconnect, PROTOCOL_REASON_TOO_SLOW);
    assert_int_equal(half->disconnect, PROTOCOL_REASON_TOO_SLOW);
    assert_false(player_closed(witness));
    close(silent);
    close(drip);
    scene_free(scene);
}

/* A login that is due before the first byte is: then it is over, whatever has come. */
static void test_login_due_first(void **state)
{
    struct scene *scene = scene_new(1);
    uint64_t begun_ms = scene_now_ms();
    struct player *player;

    (void)state;
    scene->config.first_byte_ms = 15000;
    scene->config.login_ms = 1000;
    scene_start(scene);
    player = scene_connect(scene);
    player_hello(player, PROTOCOL_VERSION_LOWEST, PROTOCOL_VERSION_HIGHEST);
    SCENE_UNTIL(scene, player_closed(player));
    assert_int_equal(player->disconnect, PROTOCOL_REASON_TOO_SLOW);
    assert_true(scene_now_ms() - begun_ms < 10000);
    scene_free(scene);
}

/* A stall of the server moves the deadlines on. */
static void test_stalled(void **state)
{
    struct scene *scene = scene_new(1);
    struct player *half;

    (void)state;
    scene->config.message_ms = 500;
    scene_start(scene);
    half = scene_join(scene, "half");
    send_bytes(half, "\x0b\0\x05", 3);
    scene_run_ms(scene, 100);
    sessions_stalled(scene->sessions, 1500);
    scene_run_ms(scene, 1200);
    assert_false(player_closed(half));
    SCENE_UNTIL(scene, player_closed(half));
    scene_free(scene);
}

static void test_rates(void **state)
{
    struct scene *scene = scene_new(1);
    struct player *player, *chatty, *witness;
    int64_t limited = metrics_value(METRIC_RATE_LIMITED);

    (void)state;
    scene->config.chats_per_10s = 3;
    scene->config.pings_per_second = 5;
    scene->config.logins_per_minute = 2;
    scene_start(scene);
    witness = scene_join(scene, "witness");
    chatty = scene_join(scene, "chatty");
    for (unsigned i = 0; i < 10; i++)
        player_chat(chatty, PROTOCOL_CHANNEL_GLOBAL, "hello");
    SCENE_UNTIL(scene, witness->counts[PROTOCOL_CHAT_LINE] == 3);
    SCENE_UNTIL(scene, chatty->notice == PROTOCOL_REASON_RATE_LIMITED);
    assert_true(chatty->retry_after_ms > 1000 && chatty->retry_after_ms < 4000);
    assert_int_equal(chatty->counts[PROTOCOL_NOTICE], 1); /* not for each */
    assert_int_equal(metrics_value(METRIC_RATE_LIMITED) - limited, 7);
    assert_false(player_closed(chatty));
    /* far too much for long: out */
    while (!player_closed(chatty)) {
        for (unsigned i = 0; i < 20; i++)
            player_ping(chatty, i);
        scene_turn(scene);
    }
    assert_int_equal(chatty->disconnect, PROTOCOL_REASON_RATE_LIMITED);
    assert_int_equal(witness->counts[PROTOCOL_CHAT_LINE], 3);
    player = scene_connect(scene);
    player_hello(player, PROTOCOL_VERSION_LOWEST, PROTOCOL_VERSION_HIGHEST);
    for (unsigned i = 0; i < 2; i++) {
        player_auth(player, "alice", "wrong");
        SCENE_UNTIL(scene, player->counts[PROTOCOL_NOTICE] == i + 1);
        assert_int_equal(player->notice, PROTOCOL_REASON_LOGIN_FAILED);
    }
    player_auth(player, "alice", "the right password");
    SCENE_UNTIL(scene, player->counts[PROTOCOL_NOTICE] == 3);
    assert_int_equal(player->notice, PROTOCOL_REASON_RATE_LIMITED);
    assert_true(player->retry_after_ms > 20000);
    scene_free(scene);
}

/* Who guesses on has no connection for ever: each refusal brings a new deadline, but not without
 * end. */
static void test_refused_logins(void **state)
{
    struct scene *scene = scene_new(1);
    struct player *player;

    (void)state;
    scene->config.logins_per_minute = 1000;
    scene_start(scene);
    player = scene_connect(scene);
    player_hello(player, PROTOCOL_VERSION_LOWEST, PROTOCOL_VERSION_HIGHEST);
    for (unsigned i = 0; i < 9; i++) {
        player_auth(player, "alice", "wrong");
        SCENE_UNTIL(scene, player->counts[PROTOCOL_NOTICE] == i + 1);
    }
    player_auth(player, "alice", "wrong");
    SCENE_UNTIL(scene, player_closed(player));
    assert_int_equal(player->disconnect, PROTOCOL_REASON_LOGIN_FAILED);
    assert_int_equal(player->counts[PROTOCOL_NOTICE], 9);
    scene_free(scene);
}

/* More intents than the queue to the sim holds: the socket is left unread, and nothing is lost. */
static void test_queue_full(void **state)
{
    struct scene *scene = scene_new(1);
    struct player *player;
    int64_t paused = metrics_value(METRIC_READING_PAUSED);

    (void)state;
    queue_free(scene->queues[0]);
    scene->queues[0] = queue_new(sizeof(struct command), 16, 0);
    scene_start(scene);
    player = scene_join(scene, "alice");
    scene->stopped = true;
    for (unsigned i = 0; i < 200; i++)
        player_move(player, 0, 0, 1);
    SCENE_UNTIL(scene, metrics_value(METRIC_READING_PAUSED) > paused);
    scene->stopped = false;
    SCENE_UNTIL(scene, queue_length(scene->queues[0]) == 0);
    scene_run_ms(scene, 200);
    player_ping(player, 1); /* behind all of them */
    SCENE_UNTIL(scene, player->counts[PROTOCOL_PONG] == 1);
    scene_free(scene);
}

/* What piled up while the world stood still is told to it a share a tick: nothing is given up. */
static void test_share(void **state)
{
    struct scene *scene = scene_new(1);
    struct player *player;

    (void)state;
    scene_start(scene);
    player = scene_join(scene, "alice");
    scene->stopped = true;
    for (unsigned i = 0; i < 12; i++) /* within what a figure saves up */
        player_move(player, 0, MOVEMENT_WALK, 1);
    scene_run_ms(scene, 100);
    scene->stopped = false;
    SCENE_UNTIL(scene, player->self.seq == 12);
    assert_int_equal(scene->intents_refused, 0);
    assert_int_equal(player->self.dropped, 0);
    scene_free(scene);
}

/* One who stood for a day, while others walked, goes on at once. */
static void test_share_of_long_ago(void **state)
{
    struct scene *scene = scene_new(0);
    struct player *player;

    (void)state;
    scene_start(scene);
    player = scene_join(scene, "alice");
    for (unsigned i = 0; i < SIM_INTENTS_TICK; i++)
        player_move(player, 0, MOVEMENT_WALK, 1);
    SCENE_UNTIL(scene, player->self.seq == SIM_INTENTS_TICK);
    sessions_host(scene->sessions, 0)->pushed += (UINT64_C(1) << 31) + 100;
    player_move(player, 0, MOVEMENT_WALK, 1);
    SCENE_UNTIL(scene, player->self.seq == SIM_INTENTS_TICK + 1);
    scene_free(scene);
}

/* What was given up in ticks whose snapshots nobody took is told with the next that is. */
static void test_given_up_unseen(void **state)
{
    struct scene *scene = scene_new(1);
    struct snapshot_entity self;
    struct player *player;

    (void)state;
    scene_start(scene);
    player = scene_join(scene, "alice");
    scene->stopped = true;
    for (unsigned i = 0; i < SIM_INTENTS_TICK; i++) /* far more than a figure has time for */
        player_move(player, 0, MOVEMENT_WALK, 15);
    SCENE_UNTIL(scene, queue_length(scene->queues[0]) == SIM_INTENTS_TICK);
    scene->hidden = true;
    for (unsigned i = 0; i < 3; i++)
        scene_tick(scene);
    scene->hidden = false;
    scene_tick(scene);
    assert_true(scene_entity(scene, player->entity, &self));
    assert_in_range(self.dropped, 15, 60);
    SCENE_UNTIL(scene, player->self.dropped > 0);
    assert_int_equal(player->self.dropped, self.dropped);
    scene_free(scene);
}

/* The server's end of the one connection: the socket of ours whose own port is the server's. */
static int server_end(const struct scene *scene)
{
    for (int fd = 3; fd < 1024; fd++) {
        struct sockaddr_in own, peer;
        socklen_t own_n = sizeof(own), peer_n = sizeof(peer);

        if (getsockname(fd, (struct sockaddr *)&own, &own_n) == 0 && own.sin_family == AF_INET &&
            ntohs(own.sin_port) == sessions_port(scene->sessions, 0) &&
            getpeername(fd, (struct sockaddr *)&peer, &peer_n) == 0)
            return fd;
    }
    return -1;
}

static int option_of(int fd, int level, int name)
{
    socklen_t n = sizeof(int);
    int value = -1;

    assert_int_equal(getsockopt(fd, level, name, &value, &n), 0);
    return value;
}

/* What waits in the kernel is old news: little may, whoever reads it, and nothing waits there for
 * company. */
static void test_little_in_the_kernel(void **state)
{
    struct scene *scene = scene_new(1);
    int fd;

    (void)state;
    scene_start(scene);
    scene_join(scene, "alice");
    fd = server_end(scene);
    assert_in_range(option_of(fd, SOL_SOCKET, SO_SNDBUF), 1, 2 * 64 * 1024); /* Linux says twice */
    assert_in_range(option_of(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT), 1, 16 * 1024);
    assert_int_equal(option_of(fd, IPPROTO_TCP, TCP_NODELAY), 1);
    scene_free(scene);
}

/* One that never reads is let go; the others do not notice. */
static void test_not_reading(void **state)
{
    struct scene *scene = scene_new(1);
    struct player *deaf, *witness;
    uint64_t figures[200];
    static const int small = 2048;

    (void)state;
    scene->config.message_ms = 700;
    scene->every_ms = 1;
    scene_start(scene);
    witness = scene_join(scene, "witness");
    deaf = scene_join(scene, "deaf");
    setsockopt(link_fd(deaf->link), SOL_SOCKET, SO_RCVBUF, &small, sizeof(small));
    for (unsigned i = 0; i < 200; i++)
        figures[i] = scene_figure(scene, (int32_t)(i % 20) - 10, (int32_t)(i / 20) - 5);
    scene->players_n--; /* deaf is not pumped any more */
    for (uint32_t i = 1; scene->closed == 0 && i < 20000; i++) {
        for (unsigned j = 0; j < 200; j++)
            scene_figure_move(scene, figures[j], i, (uint16_t)(i * 300 + j));
        scene_tick(scene);
        scene_turn(scene);
    }
    assert_int_equal(scene->closed, 1);
    assert_int_equal(scene->closed_reason, PROTOCOL_REASON_NOT_READING);
    scene->players_n++;
    assert_false(player_closed(witness));
    scene_run_ms(scene, 300);
    scene_compare(scene, witness);
    scene_free(scene);
}

static void test_address_limits(void **state)
{
    struct scene *scene = scene_new(1);
    struct player *player;
    int fds[4];
    int64_t refused = metrics_value(METRIC_REFUSED_ADDRESS);

    (void)state;
    scene->config.before_login_per_address = 3;
    scene->config.first_byte_ms = 1000;
    scene_start(scene);
    player = scene_join(scene, "alice"); /* logged in: does not count any more */
    for (unsigned i = 0; i < 4; i++)
        fds[i] = scene_raw(scene);
    SCENE_UNTIL(scene, raw_closed(fds[3]));
    assert_int_equal(metrics_value(METRIC_REFUSED_ADDRESS) - refused, 1);
    assert_false(raw_closed(fds[2]));
    SCENE_UNTIL(scene, raw_closed(fds[0]) && raw_closed(fds[1]) && raw_closed(fds[2]));
    scene_join(scene, "bob");
    assert_false(player_closed(player));
    for (unsigned i = 0; i < 4; i++)
        close(fds[i]);
    scene_free(scene);
}

/* Connections that say nothing take all the room there is; players play on, and the room comes
 * back. */
static void test_silent_crowd(void **state)
{
    struct scene *scene = scene_new(2);
    struct player *player;
    static int fds[300];
    int64_t full = metrics_value(METRIC_REFUSED_FULL);
    unsigned n = 0, closed = 0;

    (void)state;
    scene->config.connections_max = 200;
    scene->config.first_byte_ms = 1500;
    scene_start(scene);
    player = scene_join(scene, "alice");
    for (; n < 250; n++)
        fds[n] = scene_raw(scene);
    SCENE_UNTIL(scene, metrics_value(METRIC_REFUSED_FULL) - full >= 51);
    player_move(player, 0, MOVEMENT_WALK, 3);
    SCENE_UNTIL(scene, player->self.seq == 1);
    SCENE_UNTIL(scene, scene->closed >= 199);
    for (unsigned i = 0; i < n; i++) {
        closed += raw_closed(fds[i]);
        close(fds[i]);
    }
    assert_int_equal(closed, 250);
    scene_join(scene, "bob");
    scene_free(scene);
}

/* Closed in the middle of a login, of a frame, of the handshake: nothing is left behind. */
static void test_gone_midway(void **state)
{
    struct scene *scene = scene_new(2);

    (void)state;
    scene_start(scene);
    for (unsigned i = 0; i < 20; i++) {
        struct player *player = scene_connect(scene);
        player_hello(player, PROTOCOL_VERSION_LOWEST, PROTOCOL_VERSION_HIGHEST);
        player_auth(player, "alice", "the right password");
        if (i % 2 == 0)
            scene_run_ms(scene, i);
        link_free(player->link);
        player->link = NULL;
        close(scene_raw(scene));
    }
    SCENE_UNTIL(scene, scene->closed == 40);
    scene_run_ms(scene, 50);
    struct snapshot *snapshot = sim_snapshot(scene->sim);
    assert_int_equal(snapshot_entities_n(snapshot), 0);
    snapshot_unref(snapshot);
    scene_free(scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_greeting),
        cmocka_unit_test(test_login),
        cmocka_unit_test(test_login_pending),
        cmocka_unit_test(test_log_out),
        cmocka_unit_test(test_walk_one_thread),
        cmocka_unit_test(test_walk_three_threads),
        cmocka_unit_test(test_walk_no_thread),
        cmocka_unit_test(test_view_moves),
        cmocka_unit_test(test_crowd),
        cmocka_unit_test(test_crowd_forgotten),
        cmocka_unit_test(test_chat),
        cmocka_unit_test(test_ping_and_figures),
        cmocka_unit_test(test_handed_over),
        cmocka_unit_test(test_disconnect),
        cmocka_unit_test(test_drain),
        cmocka_unit_test(test_drain_nobody),
        cmocka_unit_test(test_reconfigure),
        cmocka_unit_test(test_malformed),
        cmocka_unit_test(test_deadlines),
        cmocka_unit_test(test_login_due_first),
        cmocka_unit_test(test_stalled),
        cmocka_unit_test(test_rates),
        cmocka_unit_test(test_refused_logins),
        cmocka_unit_test(test_queue_full),
        cmocka_unit_test(test_share),
        cmocka_unit_test(test_share_of_long_ago),
        cmocka_unit_test(test_given_up_unseen),
        cmocka_unit_test(test_little_in_the_kernel),
        cmocka_unit_test(test_not_reading),
        cmocka_unit_test(test_address_limits),
        cmocka_unit_test(test_silent_crowd),
        cmocka_unit_test(test_gone_midway),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
