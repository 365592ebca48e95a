/* webplayer.c -- see webplayer.h. */
#include "http/webplayer.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "accounts/bans.h"
#include "common/clock.h"
#include "common/text.h"
#include "http/webcells.h"
#include "http/webtext.h"
#include "http/webview.h"
#include "http/worker.h"
#include "ops/metrics.h"
#include "play/seat.h"
#include "sim/sim.h"

#define REACH_M ((double)SPACE_LIMIT_UNITS / SPACE_UNITS_PER_M) /* no place is beyond */

/* Malformed events that are borne. */
static const struct bucket_rate malformed_rate = {1, 1000, 20};

enum webplayer_state {
    WEBPLAYER_ASKING,
    WEBPLAYER_CONNECTED,
    WEBPLAYER_JOINING,
    WEBPLAYER_PLAYING,
    WEBPLAYER_GONE
};

struct webplayer {
    struct seat seat;
    const struct webplayer_handlers *handlers;
    void *context;
    enum webplayer_state state;
    bool left;   /* webplayer_leave was called: no handler is */
    bool placed; /* it said where it joins: */
    int32_t x, z;
    uint32_t join_ack;
    struct bucket malformed;
    uint64_t player, issued_s; /* as its token says; 0: a guest */
    char *username;            /* likewise; NULL: a guest */
    struct io_deadline freeing;
    struct webview *view; /* from PLAYING on */
};

_Static_assert(sizeof(struct webplayer) <= 768, "one who has only connected is small");

static struct webplayer *player_of(struct seat *seat)
{
    return (struct webplayer *)(void *)((char *)seat - offsetof(struct webplayer, seat));
}

/* ---- end ---- */

static void on_freeing(struct io_deadline *deadline)
{
    struct webplayer *p =
        (struct webplayer *)(void *)((char *)deadline - offsetof(struct webplayer, freeing));

    if (p->view != NULL)
        webview_fini(p->view);
    free(p->view);
    free(p->username);
    free(p);
}

/* With a later turn: it may be among its own callers. */
static void free_later(struct webplayer *p)
{
    struct io *io = p->seat.host->io;

    io_deadline_arm(io, &p->freeing, HTTP_DEADLINE_FREE, io_now_ms(io));
    io_turn_soon(io);
}

/* Control forgets it; no turn comes any more. */
static void go(struct webplayer *p)
{
    enum webplayer_state state = p->state;

    p->state = WEBPLAYER_GONE;
    if (state == WEBPLAYER_PLAYING) {
        seat_play_no_more(&p->seat);
        metrics_gauge(METRIC_WEB_PLAYERS, -1);
    }
    if (p->seat.id != 0 && state != WEBPLAYER_GONE)
        seat_unlist(&p->seat);
}

static void ack(struct webplayer *p, uint32_t number, const char *error)
{
    if (number != WEBPLAYER_NO_ACK && !p->left)
        p->handlers->acked(p->context, number, error);
}

void webplayer_leave(struct webplayer *p)
{
    if (p == NULL || p->left)
        return;
    p->left = true;
    if (p->state == WEBPLAYER_ASKING)
        return; /* until control has answered */
    p->seat.reason = p->seat.reason != PROTOCOL_REASON_NONE ? p->seat.reason : PROTOCOL_REASON_LEFT;
    go(p);
    free_later(p);
}

static void on_end(struct seat *seat, enum protocol_reason reason, uint32_t retry_after_ms,
                   const char *text)
{
    struct webplayer *p = player_of(seat);

    (void)retry_after_ms;
    if (p->state == WEBPLAYER_GONE)
        return;
    seat->reason = reason;
    go(p);
    if (!p->left)
        p->handlers->ended(p->context, text != NULL ? text : protocol_reason_text(reason));
}

/* The host ends; who was asking is answered no more. */
static void on_close(struct seat *seat)
{
    struct webplayer *p = player_of(seat);

    if (p->state == WEBPLAYER_ASKING)
        seat_ask_no_more(seat);
    if (p->state == WEBPLAYER_ASKING && p->left)
        free_later(p);
    go(p);
}

/* ---- what control says ---- */

static void on_seated(struct seat *seat, const struct seat_ask *ask)
{
    struct webplayer *p = player_of(seat);
    char sid[WEBPLAYER_ID_MAX];

    p->state = ask->id != 0 ? WEBPLAYER_CONNECTED : WEBPLAYER_GONE;
    if (p->left) {
        seat->reason = PROTOCOL_REASON_LEFT;
        go(p);
        free_later(p);
        return;
    }
    if (ask->id == 0) {
        p->handlers->refused(p->context, ask->why);
        return;
    }
    seat->guest = ask->player == 0;
    p->player = ask->player;
    p->issued_s = ask->issued_s;
    if (ask->player != 0 && (p->username = strdup(ask->username)) == NULL) {
        on_end(seat, PROTOCOL_REASON_INTERNAL, 0, NULL);
        return;
    }
    *webtext_id(sid, ask->id) = '\0';
    p->handlers->connected(p->context, sid);
}

_Static_assert(WEBTEXT_ID_MAX < WEBPLAYER_ID_MAX, "an id fits");

/* A word of the server to him alone. It waits where nothing is taken now, as between two polls: it
 * comes once, and seldom (each has a limit, or an operator, behind it). */
static void tell(struct webplayer *p, const char *text)
{
    struct webtext_line line = {.name = "server",
                                .name_n = 6,
                                .text = text,
                                .text_n = text_cut(text, strlen(text), PROTOCOL_TEXT_MAX),
                                .wall_ms = clock_wall_ms()};
    char frame[WEBTEXT_CHAT_MAX];
    struct iovec part = {frame, 0};

    if (p->left)
        return;
    part.iov_len = (size_t)(webtext_chat(frame, &line) - frame);
    p->handlers->frames(p->context, &part, 1);
}

/* Clients of the old stack, where anybody came in, ask for no ack: they would wait for a world that
 * never comes. */
static void refuse_join(struct webplayer *p, uint32_t number, const char *why)
{
    if (number == WEBPLAYER_NO_ACK)
        tell(p, why);
    ack(p, number, why);
}

static void on_wait(struct seat *seat, const char *text)
{
    if (player_of(seat)->state == WEBPLAYER_JOINING)
        tell(player_of(seat), text);
}

static void on_notice(struct seat *seat, const char *text)
{
    tell(player_of(seat), text);
}

static void on_mute(struct seat *seat, uint64_t until_ms, const char *text)
{
    seat->muted_until_ms = until_ms;
    tell(player_of(seat), text);
}

static void play(struct webplayer *p, const struct login_answer *answer)
{
    struct seat *seat = &p->seat;

    p->view = calloc(1, sizeof(*p->view));
    if (p->view == NULL) {
        ack(p, p->join_ack, protocol_reason_text(PROTOCOL_REASON_INTERNAL));
        on_end(seat, PROTOCOL_REASON_INTERNAL, 0, NULL);
        return;
    }
    seat->guest = answer->guest;
    seat->entity = answer->entity;
    seat->joined_tick = answer->joined_tick;
    seat->muted_until_ms = answer->muted_until_ms;
    webview_init(p->view, seat, p->handlers, p->context);
    if (p->placed)
        webview_wish(p->view, p->x, p->z, true);
    p->state = WEBPLAYER_PLAYING;
    seat_play(seat);
    metrics_gauge(METRIC_WEB_PLAYERS, 1);
    ack(p, p->join_ack, NULL);
}

static void on_answer(struct seat *seat, const struct login_answer *answer)
{
    struct webplayer *p = player_of(seat);

    if (p->state != WEBPLAYER_JOINING)
        return;
    if (answer->reason == PROTOCOL_REASON_NONE) {
        play(p, answer);
        return;
    }
    p->state = WEBPLAYER_CONNECTED; /* he may try again, by another name */
    refuse_join(p, p->join_ack,
                answer->text[0] != '\0' ? answer->text : protocol_reason_text(answer->reason));
}

static void on_gather(struct seat *seat, struct snapshot *snapshot)
{
    struct webplayer *p = player_of(seat);

    webview_gather(p->view, snapshot);
    if (p->view->failed)
        on_end(seat, PROTOCOL_REASON_INTERNAL, 0, NULL);
}

static const struct seat_kind web_kind = {
    .seated = on_seated,
    .answer = on_answer,
    .wait = on_wait,
    .notice = on_notice,
    .mute = on_mute,
    .end = on_end,
    .gather = on_gather,
    .close = on_close,
};

/* ---- what he says ---- */

/* False: it is dropped, and all is said. */
static bool within_limit(struct webplayer *p, int limit, const char *event, uint32_t number)
{
    uint32_t wait_ms;

    metrics_add(METRIC_MESSAGES_IN, 1);
    switch (seat_take(&p->seat, limit, &wait_ms)) {
    case SEAT_WITHIN:
        return true;
    case SEAT_OVER:
        ack(p, number, protocol_reason_text(PROTOCOL_REASON_RATE_LIMITED));
        break;
    case SEAT_FLOODS:
        seat_log_flood(&p->seat, event);
        on_end(&p->seat, PROTOCOL_REASON_RATE_LIMITED, 0, NULL);
        break;
    }
    return false;
}

void webplayer_malformed(struct webplayer *p, const char *error, uint32_t number)
{
    if (p->state == WEBPLAYER_GONE || p->left)
        return;
    metrics_add(METRIC_WEB_EVENTS_REFUSED, 1);
    if (bucket_take(&p->malformed, &malformed_rate, io_now_ms(p->seat.host->io)))
        ack(p, number, error);
    else
        on_end(&p->seat, PROTOCOL_REASON_MALFORMED, 0, NULL);
}

/* In the world; else it is said why not. */
static bool plays(struct webplayer *p, uint32_t number)
{
    if (p->state == WEBPLAYER_PLAYING)
        return true;
    if (p->state == WEBPLAYER_CONNECTED || p->state == WEBPLAYER_JOINING)
        ack(p, number, "join first");
    return false;
}

static bool units_of(double m, int32_t *units)
{
    if (!isfinite(m) || m < -REACH_M || m > REACH_M)
        return false;
    *units = (int32_t)lround(m * SPACE_UNITS_PER_M);
    return true;
}

static bool place_of(double x, double y, double z, int32_t *units_x, int32_t *units_z)
{
    int32_t ground;

    return units_of(x, units_x) && units_of(y, &ground) && units_of(z, units_z);
}

static void ask_in(struct webplayer *p, const char *username, uint32_t number)
{
    const struct host_config *host = &p->seat.host->config;
    struct login_request *request;

    if (strlen(username) > TEXT_NAME_MAX_BYTES) {
        refuse_join(p, number, protocol_reason_text(PROTOCOL_REASON_BAD_NAME));
        return;
    }
    request = calloc(1, sizeof(*request));
    if (request == NULL) {
        ack(p, number, protocol_reason_text(PROTOCOL_REASON_INTERNAL));
        return;
    }
    request->session = p->seat.id;
    request->kind = p->player != 0 ? LOGIN_ACCESS : LOGIN_GUEST;
    request->address = p->seat.address;
    memcpy(request->username, username, strlen(username) + 1);
    request->player = p->player;
    request->issued_s = p->issued_s;
    request->placed = p->placed;
    request->x = p->x;
    request->z = p->z;
    p->state = WEBPLAYER_JOINING;
    p->join_ack = number;
    host->login(host->context, request);
}

void webplayer_join(struct webplayer *p, const char *username, const double position[3],
                    uint32_t number)
{
    int32_t x = 0, z = 0;

    if (p->state != WEBPLAYER_CONNECTED) {
        if (p->state == WEBPLAYER_JOINING || p->state == WEBPLAYER_PLAYING)
            ack(p, number, "joined already");
        return;
    }
    if (!within_limit(p, HOST_LIMIT_LOGIN, "player:join", number))
        return;
    if (position != NULL && !place_of(position[0], position[1], position[2], &x, &z)) {
        webplayer_malformed(p, "invalid position", number);
        return;
    }
    if (p->player == 0 && username == NULL) {
        webplayer_malformed(p, "a guest needs a username", number);
        return;
    }
    p->placed = position != NULL;
    p->x = x;
    p->z = z;
    ask_in(p, p->player != 0 ? p->username : username, number);
}

/* Too many are no fault as long as they are no flood: the newest counts. */
void webplayer_move(struct webplayer *p, double x, double y, double z, uint32_t number)
{
    int32_t units_x, units_z;
    uint32_t wait_ms;

    if (!plays(p, number))
        return;
    if (!place_of(x, y, z, &units_x, &units_z)) {
        webplayer_malformed(p, "invalid position", number);
        return;
    }
    metrics_add(METRIC_MESSAGES_IN, 1);
    if (seat_take(&p->seat, HOST_LIMIT_MOVE, &wait_ms) == SEAT_FLOODS) {
        seat_log_flood(&p->seat, "player:move");
        on_end(&p->seat, PROTOCOL_REASON_RATE_LIMITED, 0, NULL);
        return;
    }
    webview_wish(p->view, units_x, units_z, false);
    ack(p, number, NULL);
}

void webplayer_chat(struct webplayer *p, const char *message, size_t len_bytes, uint32_t number)
{
    struct command command = {.kind = COMMAND_CHAT};
    struct error error;

    if (!plays(p, number) || !within_limit(p, HOST_LIMIT_CHAT, "chat:send", number))
        return;
    if (text_chat_check(message, len_bytes, &error) != 0) {
        webplayer_malformed(p, error.text, number);
        return;
    }
    if (p->seat.muted_until_ms > clock_wall_ms()) {
        char why[BANS_TEXT_MAX];

        bans_mute_text(p->seat.muted_until_ms, "", why);
        metrics_add(METRIC_MUTED_LINES, 1);
        if (number == WEBPLAYER_NO_ACK)
            tell(p, why);
        ack(p, number, why);
        return;
    }
    command.as.chat.channel = PROTOCOL_CHANNEL_GLOBAL;
    command.as.chat.text = blob_new(message, len_bytes);
    if (command.as.chat.text == NULL || seat_command(&p->seat, &command) != 0) {
        blob_unref(command.as.chat.text);
        ack(p, number, protocol_reason_text(PROTOCOL_REASON_BUSY));
        return;
    }
    ack(p, number, NULL);
}

void webplayer_state(struct webplayer *p, uint32_t number)
{
    if (!plays(p, number) || !within_limit(p, HOST_LIMIT_WHO, "game:state", number))
        return;
    if (p->view->state_asked)
        ack(p, number, NULL); /* one answer for both */
    else
        p->view->state_ack = number;
    p->view->state_asked = true;
}

/* ---- begin ---- */

static void web_free(void *web)
{
    webcells_free(web);
}

struct webplayer *webplayer_new(struct host *host, const struct sockaddr_storage *address,
                                const char *token, const struct webplayer_handlers *handlers,
                                void *context)
{
    struct webplayer *p = calloc(1, sizeof(*p));

    if (p == NULL)
        return NULL;
    if (host->web == NULL) {
        host->web = webcells_new();
        host->web_free = web_free;
    }
    seat_init(&p->seat, &web_kind, host);
    p->seat.address = *address;
    p->handlers = handlers;
    p->context = context;
    p->freeing.expired = on_freeing;
    bucket_init(&p->malformed, &malformed_rate, io_now_ms(host->io));
    if (token != NULL && strlen(token) > PROTOCOL_TOKEN_MAX)
        token = ""; /* no less invalid */
    if (host->web == NULL || seat_ask(&p->seat, address, token) != 0) {
        free(p);
        return NULL;
    }
    return p;
}
