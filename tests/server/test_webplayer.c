/* Web clients in a world: who may come, what they see beside a model of the contract, what they
 * say, and how they go. */
#include "webclient.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "http/webcells.h"
#include "http/webtext.h"
#include "net/network.h"
#include "play/pressure.h"
#include "sim_world.h"

static int make(void **state)
{
    struct scene *scene = scene_new_world(0, 1024, 8);

    scene->stopped = true;
    scene_start(scene);
    *state = scene;
    return 0;
}

static int unmake(void **state)
{
    scene_free(*state);
    return 0;
}

static void steps(struct scene *scene, unsigned n)
{
    while (n-- > 0)
        scene_step(scene);
}

static void command(struct scene *scene, uint64_t session, enum command_kind kind,
                    uint32_t sequence, int32_t a, int32_t b)
{
    struct command order = {.session = session, .sequence = sequence, .kind = (uint8_t)kind};

    if (kind == COMMAND_TELEPORT) {
        order.as.teleport.x = a * SPACE_UNITS_PER_M;
        order.as.teleport.z = b * SPACE_UNITS_PER_M;
    } else if (kind == COMMAND_LAYER) {
        order.as.layer.layer = (uint8_t)a;
    }
    scene_command(scene, order);
}

static uint64_t session_of(struct scene *scene, const struct webclient *client)
{
    struct snapshot *snapshot = sim_snapshot(scene->sim);
    uint64_t session = 0;
    char id[WEBPLAYER_ID_MAX];

    for (uint32_t slot = 0; slot < snapshot_slots_n(snapshot); slot++) {
        const struct snapshot_entity *e = snapshot_slot(snapshot, slot);

        if (e == NULL)
            continue;
        *webtext_id(id, WEBTEXT_KEY(e->session, e->id)) = '\0';
        if (strcmp(id, client->sid) == 0)
            session = e->session;
    }
    snapshot_unref(snapshot);
    assert_true(session != 0);
    return session;
}

/* ---- coming and going ---- */

/* Its transport is closed when its thread has ended. */
static void on_thread_ended(void *context, unsigned thread)
{
    assert_int_equal(thread, 0);
    webclient_free(context);
}

static void test_connect(void **state)
{
    struct scene *scene = *state;
    struct webclient *guest = webclient_new(scene, NULL), *good = webclient_new(scene, "good");
    struct webclient *bad = webclient_new(scene, "bad"), *gone = webclient_new(scene, NULL);
    struct webclient *nobody;
    char *token = malloc(5000);

    webclient_leave(gone); /* before control has answered */
    assert_string_equal(guest->sid, "");
    steps(scene, 2);
    assert_string_not_equal(guest->sid, "");
    assert_string_not_equal(good->sid, "");
    assert_string_not_equal(good->sid, guest->sid);
    assert_string_equal(bad->sid, "");
    assert_string_equal(bad->refused, "invalid token");
    assert_string_equal(gone->sid, "");
    scene->no_guests = true;
    nobody = webclient_new(scene, NULL);
    steps(scene, 2);
    assert_string_equal(nobody->refused, "authentication required");
    webclient_free(nobody);
    memset(token, 'x', 4999);
    token[4999] = '\0';
    nobody = webclient_new(scene, token);
    steps(scene, 2);
    assert_string_equal(nobody->refused, "invalid token");
    webclient_free(nobody);
    free(token);
    webclient_free(guest);
    webclient_free(good);
    webclient_free(bad);
    webclient_free(gone);
    steps(scene, 2);
    assert_int_equal(scene->closed, 3);
    webclient_free(webclient_new(scene, "good")); /* the scene ends while it asks, */
    sessions_on_end(scene->sessions, on_thread_ended, webclient_new(scene, "good"));
}

static void test_join(void **state)
{
    struct scene *scene = *state;
    struct webclient *client = webclient_new(scene, "good");

    webplayer_join(client->player, NULL, NULL, 1);
    assert_int_equal(client->acks, 0); /* it has not connected */
    steps(scene, 2);
    webplayer_move(client->player, 1, 2, 3, 2);
    assert_string_equal(client->error, "join first");
    webplayer_join(client->player, NULL, (double[3]){1, 2, NAN}, 3);
    assert_string_equal(client->error, "invalid position");
    webplayer_join(client->player, "ignored", (double[3]){5.5, 2, -7.25}, 4);
    steps(scene, 3);
    assert_int_equal(client->last_ack, 4);
    assert_string_equal(client->error, "");
    assert_int_equal(scene->last.kind, LOGIN_ACCESS);
    assert_int_equal(scene->last.player, 4711);
    assert_string_equal(scene->last.username, "tokena");
    assert_int_equal(client->states, 1);
    assert_int_equal(client->corrected, 0);
    webplayer_join(client->player, NULL, NULL, 5);
    assert_string_equal(client->error, "joined already");
    steps(scene, 3);
    assert_int_equal(scene->logins, 1);
    webclient_compare(client);
    webclient_leave(client);
    steps(scene, 2);
    assert_int_equal(scene->closed, 1);
    assert_int_equal(scene->closed_reason, PROTOCOL_REASON_LEFT);
    free(client);
    client = webclient_new(scene, NULL);
    steps(scene, 2);
    webplayer_join(client->player, NULL, NULL, 1);
    assert_string_equal(client->error, "a guest needs a username");
    webplayer_join(client->player, "bob", NULL, 2);
    steps(scene, 3);
    assert_int_equal(scene->last.kind, LOGIN_GUEST);
    assert_int_equal(client->states, 1);
    assert_int_equal(client->corrected, 1); /* it cannot know where it is */
    client->leaves = true;
    scene_figure(scene, 1, 1);
    steps(scene, 3);
    assert_null(client->player);
    assert_int_equal(scene->closed, 2);
    free(client);
}

/* Those who connect and do nothing leave room for those who play. */
static void test_strangers(void **state)
{
    struct scene *scene = scene_new_world(0, 64, 8);
    struct webclient *clients[8];
    unsigned in = 0;

    (void)state;
    scene->stopped = true;
    scene->config.connections_max = 10;
    scene_start(scene);
    for (unsigned i = 0; i < 8; i++)
        clients[i] = webclient_new(scene, NULL);
    steps(scene, 2);
    for (unsigned i = 0; i < 8; i++) {
        in += clients[i]->sid[0] != '\0';
        if (i >= 5)
            assert_string_equal(clients[i]->refused, protocol_reason_text(PROTOCOL_REASON_FULL));
    }
    assert_int_equal(in, 5);
    webplayer_join(clients[0]->player, "bob", NULL, 1);
    webclient_leave(clients[1]);
    steps(scene, 3);
    assert_int_equal(clients[0]->states, 1);
    for (unsigned i = 5; i < 8; i++) { /* two have room now */
        webclient_free(clients[i]);
        clients[i] = webclient_new(scene, NULL);
    }
    steps(scene, 2);
    assert_string_not_equal(clients[6]->sid, "");
    assert_string_equal(clients[7]->sid, "");
    for (unsigned i = 0; i < 8; i++)
        webclient_free(clients[i]);
    scene_free(scene);
}

/* A refused name may be followed by another; who asks for no ack is told why in the chat. */
static void test_refused_join(void **state)
{
    struct scene *scene = *state;
    struct webclient *client = webclient_new(scene, NULL);
    struct login_answer answer = {.reason = PROTOCOL_REASON_NAME_TAKEN};
    char longer[TEXT_NAME_MAX_BYTES + 2];

    memset(longer, 'x', sizeof(longer) - 1);
    longer[sizeof(longer) - 1] = '\0';
    steps(scene, 2);
    scene->silent = true;
    webplayer_join(client->player, "bob", NULL, 1);
    steps(scene, 2);
    webplayer_join(client->player, "rob", NULL, 2);
    assert_string_equal(client->error, "joined already");
    sessions_wait(scene->sessions, scene->last.session, "You are number 1 of 1 waiting.");
    steps(scene, 1);
    assert_string_equal(client->line, "You are number 1 of 1 waiting.");
    assert_string_equal(client->line_id, "server");
    sessions_answer(scene->sessions, scene->last.session, &answer);
    steps(scene, 1);
    assert_int_equal(client->last_ack, 1);
    assert_string_equal(client->error, protocol_reason_text(PROTOCOL_REASON_NAME_TAKEN));
    assert_int_equal(client->lines, 1);
    webplayer_join(client->player, "eve", NULL, WEBPLAYER_NO_ACK); /* as older clients do */
    steps(scene, 2);
    sessions_answer(scene->sessions, scene->last.session, &answer);
    steps(scene, 1);
    assert_int_equal(client->last_ack, 1);
    assert_int_equal(client->lines, 2);
    assert_string_equal(client->line, protocol_reason_text(PROTOCOL_REASON_NAME_TAKEN));
    assert_string_equal(client->line_id, "server");
    webplayer_join(client->player, longer, NULL, WEBPLAYER_NO_ACK);
    assert_int_equal(client->lines, 3);
    assert_string_equal(client->line, protocol_reason_text(PROTOCOL_REASON_BAD_NAME));
    scene->silent = false;
    webplayer_join(client->player, "rob", NULL, 3);
    steps(scene, 3);
    assert_int_equal(client->last_ack, 3);
    assert_int_equal(client->states, 1);
    webclient_free(client);
}

/* Kicked, banned by address, replaced, drained: told once why. */
static void test_ended(void **state)
{
    struct scene *scene = *state;
    struct webclient *client = webclient_join(scene, "bob", 0, 0);
    struct webclient *other = webclient_new(scene, NULL);
    struct network network;
    struct error error;

    steps(scene, 2);
    sessions_disconnect(scene->sessions, session_of(scene, client), PROTOCOL_REASON_KICKED, 0,
                        "go away");
    steps(scene, 2);
    assert_string_equal(client->ended, "go away");
    assert_int_equal(scene->closed_reason, PROTOCOL_REASON_KICKED);
    assert_int_equal(network_parse("0.0.0.0/8", &network, &error), 0);
    assert_int_equal(
        sessions_disconnect_from(scene->sessions, &network, PROTOCOL_REASON_BANNED, NULL), 1);
    steps(scene, 2);
    assert_string_equal(other->ended, protocol_reason_text(PROTOCOL_REASON_BANNED));
    webplayer_move(client->player, 1, 1, 1, 9); /* does nothing */
    webplayer_chat(client->player, "hello", 5, 9);
    assert_int_equal(client->acks, 1);
    webclient_free(client);
    webclient_free(other);
}

static void on_drained(void *context)
{
    *(bool *)context = true;
}

static void test_drained(void **state)
{
    struct scene *scene = *state;
    struct webclient *client = webclient_join(scene, "bob", 0, 0), *late;
    struct sessions_goodbye goodbye = {.reason = PROTOCOL_REASON_RESTARTING};
    bool drained = false;

    sessions_drain(scene->sessions, &goodbye, on_drained, &drained);
    late = webclient_new(scene, NULL);
    steps(scene, 3);
    assert_string_equal(client->ended, protocol_reason_text(PROTOCOL_REASON_RESTARTING));
    assert_string_equal(late->refused, protocol_reason_text(PROTOCOL_REASON_SHUTTING_DOWN));
    assert_true(drained);
    webclient_free(client);
    webclient_free(late);
}

/* ---- what they say ---- */

static void test_chat(void **state)
{
    struct scene *scene = *state;
    struct webclient *bob = webclient_join(scene, "bob", 0, 0);
    struct webclient *eve = webclient_join(scene, "e\"ve", 900, 900);
    uint64_t session = session_of(scene, eve);
    char longest[600];

    webplayer_chat(bob->player, "hi \"all\" \\ \xc3\xa9", 13, 2);
    assert_int_equal(bob->last_ack, 2);
    steps(scene, 2);
    assert_int_equal(bob->lines, 1);
    assert_int_equal(eve->lines, 1); /* wherever it is */
    assert_string_equal(eve->line, "hi \"all\" \\ \xc3\xa9");
    assert_string_equal(eve->line_id, bob->sid);
    assert_string_equal(eve->line_name, "bob");
    assert_int_equal(strlen(eve->line_time), 24);
    webplayer_chat(eve->player, "x", 1, 3);
    steps(scene, 2);
    assert_string_equal(bob->line_name, "e\"ve");
    memset(longest, 'a', sizeof(longest));
    webplayer_chat(bob->player, longest, sizeof(longest), 4);
    assert_int_equal(bob->errors, 1);
    webplayer_chat(bob->player, "\xff", 1, 5);
    webplayer_chat(bob->player, "a\nb", 3, 6);
    assert_int_equal(bob->errors, 3);
    sessions_mute(scene->sessions, session, UINT64_MAX, "You are muted.");
    steps(scene, 2);
    assert_string_equal(eve->line, "You are muted.");
    webplayer_chat(eve->player, "hm", 2, 7);
    assert_int_equal(eve->errors, 1);
    steps(scene, 2);
    eve->between = true; /* a word to him alone is not lost */
    sessions_notice(scene->sessions, session, "A word to you.");
    steps(scene, 2);
    assert_string_equal(eve->line, "A word to you.");
    webplayer_chat(eve->player, "hm", 2, WEBPLAYER_NO_ACK);
    assert_string_not_equal(eve->line, "A word to you.");
    eve->between = false;
    assert_int_equal(bob->lines, 2);
    sessions_announce(scene->sessions, "all hear this");
    steps(scene, 2);
    assert_string_equal(bob->line, "all hear this");
    assert_string_equal(bob->line_id, "server");
    for (unsigned i = 0; i < 40 && bob->ended[0] == '\0'; i++)
        webplayer_malformed(bob->player, "what", i);
    assert_string_equal(bob->ended, protocol_reason_text(PROTOCOL_REASON_MALFORMED));
    webclient_free(bob);
    webclient_free(eve);
}

static void test_moves(void **state)
{
    static const double bad[] = {NAN, INFINITY, -INFINITY, 512001, -1e300, DBL_MAX};
    struct scene *scene = *state;
    struct webclient *bob = webclient_join(scene, "bob", 3, 4);
    struct webclient *eve = webclient_join(scene, "eve", 8, 4);
    unsigned corrected;

    steps(scene, 6);
    assert_int_equal(bob->seen_n, 1);
    assert_int_equal(bob->joined, 1);
    assert_int_equal(eve->joined, 0); /* bob was in its state */
    webplayer_move(bob->player, 3.37, 99, 4.5, 7);
    assert_int_equal(bob->last_ack, 7);
    steps(scene, 2);
    assert_int_equal(eve->moved, 1);
    assert_true(eve->seen[0].x == 3.37 && eve->seen[0].z == 4.5); /* as it said */
    assert_int_equal(bob->moved, 0);
    webclient_compare(eve);
    for (unsigned i = 0; i < ARRAY_N(bad); i++) {
        webplayer_move(bob->player, bad[i], 0, 0, 8);
        webplayer_move(bob->player, 0, bad[i], 0, 8);
        webplayer_move(bob->player, 0, 0, bad[i], 8);
    }
    assert_int_equal(bob->errors, 3 * ARRAY_N(bad));
    steps(scene, 2);
    assert_int_equal(eve->moved, 1);
    /* Some ticks of way, and never more than 2 m from where it wishes to be: not told so. */
    corrected = bob->corrected;
    webplayer_move(bob->player, 6.9, 0, 4.5, WEBPLAYER_NO_ACK);
    steps(scene, 12);
    assert_true(eve->seen[0].x == 6.9);
    assert_int_equal(bob->corrected, corrected);
    webplayer_move(bob->player, 11.5, 0, 4.5, WEBPLAYER_NO_ACK); /* a metre more, and once so */
    steps(scene, 12);
    assert_true(eve->seen[0].x == 11.5);
    assert_int_equal(bob->corrected, corrected + 1);
    /* Farther than it can go: told so, but not with every tick, and it gets there. */
    webplayer_move(bob->player, 33, 0, 4.5, 9);
    steps(scene, 3);
    assert_int_equal(bob->corrected, corrected + 1);
    assert_true(bob->corrected_x < 17);
    steps(scene, 5);
    assert_int_equal(bob->corrected, corrected + 1);
    steps(scene, 80);
    assert_true(eve->seen[0].x == 33 && eve->seen[0].z == 4.5);
    webclient_compare(eve);
    /* Put elsewhere by an operator: told at once. */
    corrected = bob->corrected;
    command(scene, session_of(scene, bob), COMMAND_TELEPORT, 99, -40, 40);
    steps(scene, 2);
    assert_int_equal(bob->corrected, corrected + 1);
    assert_true(bob->corrected_x == -40);
    steps(scene, 5);
    webclient_compare(eve);
    /* What is said too often is no fault, the newest counts. */
    for (unsigned i = 0; i < 50; i++)
        webplayer_move(bob->player, -40 + 0.01 * i, 0, 40, WEBPLAYER_NO_ACK);
    steps(scene, 4);
    webclient_compare(eve);
    assert_true(eve->seen[0].x == -39.51);
    webclient_free(bob);
    webclient_free(eve);
}

static void test_state(void **state)
{
    struct scene *scene = *state;
    struct webclient *bob = webclient_join(scene, "bob", 3, 4);

    for (int i = 0; i < 50; i++)
        scene_figure(scene, i % 10 * 20, i / 10 * 20);
    steps(scene, 3);
    assert_int_equal(bob->joined, 50);
    webplayer_state(bob->player, 5);
    assert_int_equal(bob->last_ack, 1);
    steps(scene, 2);
    assert_int_equal(bob->last_ack, 5);
    assert_int_equal(bob->states, 2);
    assert_int_equal(bob->joined, 50);
    webclient_compare(bob);
    webclient_free(bob);
}

/* Larger than a write may be: the nearest are in the state, the others come in turns. */
static void test_many(void **state)
{
    struct scene *scene = *state;
    struct webclient *bob;

    for (int i = 0; i < 1000; i++)
        scene_figure(scene, i % 40 * 4 - 80, i / 40 * 4 - 80);
    steps(scene, 2);
    bob = webclient_join(scene, "bob", 3, 4);
    assert_int_equal(bob->seen_n, 1000);
    steps(scene, 3);
    webclient_compare(bob);
    webclient_free(bob);
}

static unsigned looks_fail; /* so many of those to come find no memory */

int __real_webcells_look(struct webcells *cells, const struct snapshot *snapshot);
int __wrap_webcells_look(struct webcells *cells, const struct snapshot *snapshot);

int __wrap_webcells_look(struct webcells *cells, const struct snapshot *snapshot)
{
    if (looks_fail == 0)
        return __real_webcells_look(cells, snapshot);
    looks_fail--;
    return -1;
}

/* A look that nobody could take is made up for; one that the others took is lost, and with it who
 * left: better no picture than a wrong one. */
static void test_missed_look(void **state)
{
    struct scene *scene = *state;
    struct webclient *clients[] = {webclient_join(scene, "bob", 0, 0),
                                   webclient_join(scene, "eve", 3, 3)};
    uint64_t figures[2] = {scene_figure(scene, 1, 1), scene_figure(scene, 2, 2)};
    unsigned ended = 0;

    steps(scene, 3);
    command(scene, figures[0], COMMAND_LEAVE, UINT32_MAX, 0, 0);
    for (unsigned i = 0; i < 3; i++) {
        looks_fail = 2;
        steps(scene, 1);
        assert_int_equal(looks_fail, 0);
    }
    steps(scene, 3);
    webclient_compare(clients[0]);
    webclient_compare(clients[1]);
    command(scene, figures[1], COMMAND_LEAVE, UINT32_MAX, 0, 0);
    for (unsigned i = 0; i < 3; i++) {
        looks_fail = 1;
        steps(scene, 1);
    }
    steps(scene, 3);
    for (unsigned i = 0; i < 2; i++) {
        if (clients[i]->ended[0] == '\0') {
            webclient_compare(clients[i]);
        } else {
            assert_string_equal(clients[i]->ended, protocol_reason_text(PROTOCOL_REASON_INTERNAL));
            ended++;
        }
        webclient_free(clients[i]);
    }
    assert_int_equal(ended, 1);
}

/* ---- the model ---- */

#define FIGURES 120
#define CLIENTS 6

struct life {
    struct scene *scene;
    uint64_t sessions[FIGURES]; /* 0: not there */
    uint32_t sequence;
    struct webclient *clients[CLIENTS];
    uint64_t seed;
};

static int32_t somewhere(struct life *life)
{
    if (draw(&life->seed) % 3 == 0)
        return (int32_t)(draw(&life->seed) % 40); /* where cells are divided */
    return (int32_t)(draw(&life->seed) % 900) - 450;
}

/* Another session, of another kind perhaps, takes the figure over. */
static void take_over(struct life *life, unsigned i)
{
    uint64_t session = (UINT64_C(0x100) + ++life->sequence) << 32 | (0x400u + i);
    struct command join = {.session = session, .sequence = 1, .kind = COMMAND_JOIN};

    if (draw(&life->seed) % 2)
        join.session |= SESSION_WEB_BIT;
    join.as.join.player = life->sessions[i] & 0xfffff;
    join.as.join.player = 100000 + i;
    join.as.join.name = blob_new(draw(&life->seed) % 4 ? "figure" : "renamed", 6);
    scene_command(life->scene, join);
    life->sessions[i] = join.session;
}

static void stir_figure(struct life *life, unsigned i)
{
    uint32_t what = draw(&life->seed) % 100;

    life->sequence++;
    if (life->sessions[i] == 0) {
        if (what < 30) {
            struct command join = {.session = UINT64_C(0x90000000) + (uint64_t)life->sequence,
                                   .sequence = 1,
                                   .kind = COMMAND_JOIN};

            join.as.join.player = 100000 + i;
            join.as.join.name = blob_new("figure", 6);
            join.as.join.x = somewhere(life) * SPACE_UNITS_PER_M;
            join.as.join.z = somewhere(life) * SPACE_UNITS_PER_M;
            scene_command(life->scene, join);
            life->sessions[i] = join.session;
        }
    } else if (what < 60) {
        scene_figure_move(life->scene, life->sessions[i], life->sequence,
                          (uint16_t)(draw(&life->seed) % 65536));
    } else if (what < 66) {
        command(life->scene, life->sessions[i], COMMAND_TELEPORT, life->sequence, somewhere(life),
                somewhere(life));
    } else if (what < 68) {
        command(life->scene, life->sessions[i], COMMAND_LEAVE, UINT32_MAX, 0, 0);
        life->sessions[i] = 0;
    } else if (what < 70) {
        command(life->scene, life->sessions[i], COMMAND_LAYER, life->sequence,
                (int32_t)(draw(&life->seed) % 3), 0);
    } else if (what < 72) {
        take_over(life, i);
    }
}

static void stir_client(struct life *life, unsigned i)
{
    struct webclient *client = life->clients[i];
    uint32_t what = draw(&life->seed) % 200;

    if (client == NULL) {
        life->scene->hidden = false;
        if (what < 20)
            life->clients[i] =
                webclient_join(life->scene, "guest", somewhere(life), somewhere(life));
    } else if (what < 60) {
        webplayer_move(client->player, somewhere(life), 0, somewhere(life), WEBPLAYER_NO_ACK);
    } else if (what < 64) {
        client->stuck = !client->stuck;
    } else if (what < 66) {
        command(life->scene, session_of(life->scene, client), COMMAND_TELEPORT, ++life->sequence,
                somewhere(life), somewhere(life));
    } else if (what < 67) {
        command(life->scene, session_of(life->scene, client), COMMAND_LAYER, ++life->sequence,
                (int32_t)(draw(&life->seed) % 3), 0);
    } else if (what < 69) {
        webplayer_state(client->player, WEBPLAYER_NO_ACK);
    } else if (what < 70) {
        webclient_free(client);
        life->clients[i] = NULL;
    }
}

/* Who is told of far cells less often, as its socket took nothing for a while, is behind. */
static bool keeps_up(struct scene *scene, const struct webclient *client)
{
    struct session_figures figures;

    return !client->stuck &&
           sessions_figures(scene->sessions, session_of(scene, client), &figures) == 0 &&
           figures.shift == 0;
}

/* Whatever happens, the picture of who keeps up equals the world; of all, once it is quiet. */
static void live(struct scene *scene, uint64_t seed, unsigned ticks)
{
    struct life *life = calloc(1, sizeof(*life));
    unsigned compared = 0;

    life->scene = scene;
    life->seed = seed;
    for (unsigned tick = 0; tick < ticks; tick++) {
        for (unsigned i = 0; i < FIGURES; i++)
            stir_figure(life, i);
        for (unsigned i = 0; i < CLIENTS; i++)
            stir_client(life, i);
        scene->hidden = draw(&life->seed) % 8 == 0; /* a snapshot that nobody takes */
        scene_step(scene);
        for (unsigned i = 0; !scene->hidden && i < CLIENTS; i++) {
            if (life->clients[i] == NULL || !keeps_up(scene, life->clients[i]))
                continue;
            webclient_compare(life->clients[i]);
            compared++;
        }
    }
    assert_true(compared > ticks);
    scene->hidden = false;
    for (unsigned i = 0; i < CLIENTS; i++) {
        if (life->clients[i] != NULL)
            life->clients[i]->stuck = false;
    }
    steps(scene, 160); /* nobody is shifted any more */
    for (unsigned i = 0; i < CLIENTS; i++) {
        if (life->clients[i] == NULL)
            continue;
        webclient_compare(life->clients[i]);
        assert_string_equal(life->clients[i]->ended, "");
        webclient_free(life->clients[i]);
    }
    free(life);
}

/* Whose socket takes nothing for a while is told of far cells less often, until it keeps up. */
static void test_stuck(void **state)
{
    struct scene *scene = *state;
    struct webclient *client = webclient_join(scene, "walter", 1, 1);
    struct session_figures figures;

    client->stuck = true;
    steps(scene, 40);
    assert_int_equal(sessions_figures(scene->sessions, session_of(scene, client), &figures), 0);
    assert_true(figures.shift > 0);
    client->stuck = false;
    steps(scene, 160); /* without a word to it, for there is nothing to tell */
    assert_int_equal(sessions_figures(scene->sessions, session_of(scene, client), &figures), 0);
    assert_int_equal(figures.shift, 0);
    webclient_compare(client);
    webclient_free(client);
}

/* Is it so for more than a moment, it is told why. */
static void test_stuck_for_long(void **state)
{
    struct scene *scene = *state;
    struct webclient *client = webclient_join(scene, "walter", 1, 1);
    struct webclient *other = webclient_join(scene, "otto", 2, 2);

    client->stuck = true;
    steps(scene, 120);
    assert_int_equal(client->lines, 0);
    client->stuck = false;
    steps(scene, 2);
    assert_int_equal(client->lines, 1);
    assert_string_equal(client->line, PACE_WORDS);
    assert_string_equal(client->line_id, "server");
    steps(scene, 200);
    assert_int_equal(client->lines, 1);
    assert_int_equal(other->lines, 0);
    webclient_free(client);
    webclient_free(other);
}

static void test_model(void **state)
{
    for (uint64_t seed = 1; seed <= 3; seed++)
        live(*state, seed, 400);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_connect, make, unmake),
        cmocka_unit_test_setup_teardown(test_join, make, unmake),
        cmocka_unit_test(test_strangers),
        cmocka_unit_test_setup_teardown(test_refused_join, make, unmake),
        cmocka_unit_test_setup_teardown(test_ended, make, unmake),
        cmocka_unit_test_setup_teardown(test_drained, make, unmake),
        cmocka_unit_test_setup_teardown(test_chat, make, unmake),
        cmocka_unit_test_setup_teardown(test_moves, make, unmake),
        cmocka_unit_test_setup_teardown(test_state, make, unmake),
        cmocka_unit_test_setup_teardown(test_many, make, unmake),
        cmocka_unit_test_setup_teardown(test_missed_look, make, unmake),
        cmocka_unit_test_setup_teardown(test_stuck, make, unmake),
        cmocka_unit_test_setup_teardown(test_stuck_for_long, make, unmake),
        cmocka_unit_test_setup_teardown(test_model, make, unmake),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
