/* harness_player.c -- the players' half of harness.h. */
#include "config.h"

#include "harness.h"

#include <math.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#define MOVE_MS 50 /* three substeps each: honest */

static void copy_text(char *out, size_t out_bytes, struct wire_text text)
{
    snprintf(out, out_bytes, "%.*s", (int)text.len, text.bytes);
}

static void begin(struct player *p, struct wire_writer *w)
{
    if (link_send_begin(p->link, PROTOCOL_FRAME_MAX_BEFORE_LOGIN, w) < 0)
        fail_msg("there is no room to send");
}

static void commit(struct player *p, const struct wire_writer *w)
{
    assert_false(w->bad);
    link_send_commit(p->link, w);
}

static void say_hello(struct player *p)
{
    struct protocol_hello hello = {.lowest = PROTOCOL_VERSION_LOWEST,
                                   .highest = PROTOCOL_VERSION_HIGHEST};
    struct wire_writer w;

    hello.program = wire_text_of("e2e");
    begin(p, &w);
    protocol_encode_hello(&w, &hello);
    commit(p, &w);
}

static bool on_welcome(struct player *p, const struct protocol_frame *frame)
{
    struct protocol_welcome welcome;

    if (protocol_decode_welcome(frame->body, frame->body_bytes, &welcome) != PROTOCOL_OK)
        return false;
    p->welcomed = true;
    p->entity = welcome.entity;
    p->epoch = welcome.epoch;
    p->role = welcome.role;
    copy_text(p->name, sizeof(p->name), welcome.username);
    copy_text(p->token, sizeof(p->token), welcome.token);
    p->field = heightfield_new(welcome.world_seed, (int32_t)welcome.world_size_m);
    p->replica = replica_new(p->field, NULL, NULL);
    return p->replica != NULL;
}

static bool on_chat_line(struct player *p, const struct protocol_frame *frame)
{
    struct protocol_chat_line line;

    if (protocol_decode_chat_line(frame->body, frame->body_bytes, &line) != PROTOCOL_OK)
        return false;
    if (line.sequence <= p->heard)
        return false; /* once, and in order */
    p->heard = line.sequence;
    if (p->lines_n < ARRAY_N(p->lines)) {
        p->lines[p->lines_n].entity = line.entity;
        p->lines[p->lines_n].channel = line.channel;
        copy_text(p->lines[p->lines_n].name, sizeof(p->lines[0].name), line.name);
        copy_text(p->lines[p->lines_n].text, sizeof(p->lines[0].text), line.text);
        p->lines_n++;
    }
    return true;
}

static bool on_world(struct player *p, const struct protocol_frame *frame)
{
    struct protocol_blocks blocks;
    struct protocol_view view;
    struct protocol_identity identity;

    if (p->replica == NULL)
        return false;
    if (frame->type == PROTOCOL_BLOCKS)
        return protocol_decode_blocks(frame->body, frame->body_bytes, &blocks) == PROTOCOL_OK &&
               replica_blocks(p->replica, &blocks) == PROTOCOL_OK;
    if (frame->type == PROTOCOL_VIEW)
        return protocol_decode_view(frame->body, frame->body_bytes, &view) == PROTOCOL_OK &&
               replica_view(p->replica, &view) == PROTOCOL_OK;
    return protocol_decode_identity(frame->body, frame->body_bytes, &identity) == PROTOCOL_OK &&
           replica_identity(p->replica, &identity) == PROTOCOL_OK;
}

static bool on_words(struct player *p, const struct protocol_frame *frame)
{
    struct protocol_notice notice;
    struct protocol_disconnect farewell;

    if (frame->type == PROTOCOL_NOTICE) {
        if (protocol_decode_notice(frame->body, frame->body_bytes, &notice) != PROTOCOL_OK)
            return false;
        p->notice = notice.reason;
        copy_text(p->notice_text, sizeof(p->notice_text), notice.text);
        p->notices_n++;
        return true;
    }
    if (protocol_decode_disconnect(frame->body, frame->body_bytes, &farewell) != PROTOCOL_OK)
        return false;
    p->farewell = farewell.reason;
    p->retry_after_ms = farewell.retry_after_ms;
    copy_text(p->farewell_text, sizeof(p->farewell_text), farewell.text);
    return true;
}

static bool on_self(struct player *p, const struct protocol_frame *frame)
{
    if (protocol_decode_self(frame->body, frame->body_bytes, &p->self) != PROTOCOL_OK)
        return false;
    if (p->selves_n++ == 0)
        p->predicted = (struct movement_state){.pos = p->self.pos,
                                               .velocity_y = p->self.velocity_y,
                                               .yaw = p->self.yaw,
                                               .airborne = p->self.airborne};
    p->dropped += p->self.dropped;
    return true;
}

static bool on_clock(struct player *p, const struct protocol_frame *frame)
{
    struct protocol_clock clock;

    if (protocol_decode_clock(frame->body, frame->body_bytes, &clock) != PROTOCOL_OK)
        return false;
    p->tempo = clock.tempo;
    return true;
}

static bool on_frame(void *context, const struct protocol_frame *frame)
{
    struct player *p = context;

    p->frames_n++;
    switch (frame->type) {
    case PROTOCOL_GREETING:
        p->greeted = true;
        return protocol_decode_greeting(frame->body, frame->body_bytes, &p->greeting) ==
               PROTOCOL_OK;
    case PROTOCOL_WELCOME:
        return on_welcome(p, frame);
    case PROTOCOL_CHAT_LINE:
        return on_chat_line(p, frame);
    case PROTOCOL_SELF:
        return on_self(p, frame);
    case PROTOCOL_CLOCK:
        return on_clock(p, frame);
    case PROTOCOL_NOTICE:
    case PROTOCOL_DISCONNECT:
        return on_words(p, frame);
    case PROTOCOL_BLOCKS:
    case PROTOCOL_VIEW:
    case PROTOCOL_IDENTITY:
        return on_world(p, frame);
    default: /* the rest is of no interest here */
        return true;
    }
}

struct party *party_new(void)
{
    struct party *party = calloc(1, sizeof(*party));
    struct error error = {""};

    assert_non_null(party);
    party->tls = link_tls_new(&error);
    if (party->tls == NULL)
        fail_msg("%s", error.text);
    return party;
}

void party_free(struct party *party)
{
    if (party == NULL)
        return;
    while (party->players != NULL)
        player_leave(party->players);
    link_tls_free(party->tls);
    free(party);
}

struct player *player_connect(struct party *party, const struct daemon *daemon)
{
    struct player *p = calloc(1, sizeof(*p));
    struct error error = {""};

    assert_non_null(p);
    p->party = party;
    p->notice = p->farewell = 0xff;
    p->tempo = PROTOCOL_TEMPO_MAX;
    p->link =
        link_new(party->tls, "127.0.0.1", daemon->port,
                 &(struct link_handlers){.pin = NULL, .frame = on_frame, .context = p}, &error);
    if (p->link == NULL)
        fail_msg("%s", error.text);
    p->state = link_state(p->link);
    p->next = party->players;
    party->players = p;
    return p;
}

/* The last word, if the link still takes one. */
static void say_goodbye(struct player *player, bool log_out)
{
    const struct protocol_leave message = {.log_out = log_out};
    struct wire_writer w;
    struct error error;

    if (!player->welcomed || link_send_begin(player->link, 64, &w) != 0)
        return;
    protocol_encode_leave(&w, &message);
    link_send_commit(player->link, &w);
    (void)link_flush(player->link, &error);
}

void player_leave(struct player *player)
{
    say_goodbye(player, false);
    player_drop(player);
}

void player_log_out(struct player *player)
{
    say_goodbye(player, true);
}

void player_drop(struct player *player)
{
    struct player **at = &player->party->players;

    while (*at != player)
        at = &(*at)->next;
    *at = player->next;
    link_free(player->link);
    replica_free(player->replica);
    heightfield_free(player->field);
    free(player);
}

static void ask_for_names(struct player *p)
{
    struct protocol_who who;
    struct wire_writer w;

    if (p->mute || p->replica == NULL ||
        replica_wanted(p->replica, replica_tick(p->replica), &who) == 0)
        return;
    begin(p, &w);
    protocol_encode_who(&w, &who);
    commit(p, &w);
}

static void pump_one(struct player *p)
{
    enum link_state before = p->state;

    if (p->deaf || p->state == LINK_CLOSED)
        return;
    p->state = link_pump(p->link, &p->closed);
    if (p->state == LINK_CLOSED) {
        p->gone = true;
        return;
    }
    if (p->state == LINK_OPEN && before != LINK_OPEN && !p->mute)
        say_hello(p);
    if (p->state != LINK_OPEN || !p->welcomed)
        return;
    if (p->walking && now_ms() >= p->next_move_ms) {
        player_move(p, p->intent.heading, p->intent.flags, MOVEMENT_SUBSTEPS_PER_TICK);
        /* rounded up: nobody claims more time than passes */
        uint64_t each_ms = (MOVE_MS * PROTOCOL_TEMPO_MAX + p->tempo - 1u) / p->tempo;
        p->next_move_ms =
            (p->next_move_ms + each_ms < now_ms() ? now_ms() : p->next_move_ms) + each_ms;
    }
    ask_for_names(p);
    p->state = link_pump(p->link, &p->closed); /* what was just written */
    p->gone = p->state == LINK_CLOSED;
}

void party_pump(struct party *party, int wait_ms)
{
    struct pollfd fds[256];
    nfds_t n = 0;

    for (struct player *p = party != NULL ? party->players : NULL; p != NULL && n < ARRAY_N(fds);
         p = p->next) {
        if (!p->deaf && p->state != LINK_CLOSED)
            fds[n++] = (struct pollfd){link_fd(p->link), link_events(p->link), 0};
    }
    poll(fds, n, wait_ms);
    for (struct player *p = party != NULL ? party->players : NULL; p != NULL; p = p->next)
        pump_one(p);
}

void player_register(struct player *player, const char *name, const char *password)
{
    struct protocol_register message = {
        wire_text_of(name), wire_text_of(""), wire_text_of(password), {"", 0}};
    struct wire_writer w;

    begin(player, &w);
    protocol_encode_register(&w, &message);
    commit(player, &w);
}

void player_login(struct player *player, const char *name, const char *password)
{
    struct protocol_auth message = {.kind = PROTOCOL_AUTH_PASSWORD};
    struct wire_writer w;

    message.username = wire_text_of(name);
    message.password = wire_text_of(password);
    begin(player, &w);
    protocol_encode_auth(&w, &message);
    commit(player, &w);
}

void player_by_token(struct player *player, const char *token)
{
    struct protocol_auth message = {.kind = PROTOCOL_AUTH_TOKEN};
    struct wire_writer w;

    message.token = wire_text_of(token);
    begin(player, &w);
    protocol_encode_auth(&w, &message);
    commit(player, &w);
}

void player_resume(struct player *player, const char *token, uint64_t heard)
{
    struct protocol_resume message = {wire_text_of(token), heard};
    struct wire_writer w;

    player->heard = heard;
    begin(player, &w);
    protocol_encode_resume(&w, &message);
    commit(player, &w);
}

void player_chat(struct player *player, enum protocol_channel channel, const char *text)
{
    struct protocol_chat message = {.channel = (uint8_t)channel, .text = wire_text_of(text)};
    struct wire_writer w;

    begin(player, &w);
    protocol_encode_chat(&w, &message);
    commit(player, &w);
}

void player_report(struct player *player, const char *name, const char *words)
{
    struct protocol_report message = {wire_text_of(name), wire_text_of(words)};
    struct wire_writer w;

    begin(player, &w);
    protocol_encode_report(&w, &message);
    commit(player, &w);
}

void player_move(struct player *player, uint16_t heading, uint8_t flags, uint8_t substeps)
{
    struct protocol_move message = {
        .heading = heading, .yaw = heading, .flags = flags, .substeps = substeps};
    struct wire_writer w;

    message.seq = ++player->seq;
    for (unsigned i = 0; i < substeps && player->field != NULL; i++)
        movement_step(&player->predicted, &(struct movement_intent){heading, heading, flags},
                      player->field);
    begin(player, &w);
    protocol_encode_move(&w, &message);
    commit(player, &w);
}

void player_raw(struct player *player, const void *bytes, size_t n)
{
    struct wire_writer w;

    begin(player, &w);
    wire_put_bytes(&w, bytes, n);
    commit(player, &w);
}

static struct player *arrive(struct party *party, const struct daemon *daemon, const char *name,
                             bool new_account)
{
    struct player *p = player_connect(party, daemon);

    UNTIL(party, DEADLINE_MS, p->greeted || p->gone);
    if (p->gone)
        fail_msg("%s is gone before the greeting: %s", name, p->closed.text);
    if (new_account)
        player_register(p, name, PASSWORD);
    else
        player_login(p, name, PASSWORD);
    UNTIL(party, DEADLINE_MS, (p->welcomed && p->selves_n > 0) || p->gone || p->notices_n > 0);
    if (!p->welcomed)
        fail_msg("%s is not welcome: notice %u, farewell %u %s %s", name, p->notice, p->farewell,
                 p->farewell_text, p->closed.text);
    return p;
}

struct player *player_new_account(struct party *party, const struct daemon *daemon,
                                  const char *name)
{
    return arrive(party, daemon, name, true);
}

struct player *player_returns(struct party *party, const struct daemon *daemon, const char *name)
{
    return arrive(party, daemon, name, false);
}

void player_walk(struct player *player, uint16_t heading, uint8_t flags)
{
    player->intent = (struct movement_intent){.heading = heading, .yaw = heading, .flags = flags};
    player->walking = true;
    player->next_move_ms = now_ms();
}

void player_stand(struct player *player)
{
    player->walking = false;
    player_move(player, player->intent.heading, 0, MOVEMENT_SUBSTEPS_PER_TICK);
}

bool player_is_still(const struct player *player)
{
    return player->self.seq == player->seq && !player->self.airborne;
}

bool player_predicted_rightly(const struct player *player)
{
    return memcmp(&player->predicted.pos, &player->self.pos, sizeof(struct space_pos)) == 0;
}

double distance_m(struct space_pos a, struct space_pos b)
{
    return hypot((double)(a.x - b.x), (double)(a.z - b.z)) / SPACE_UNITS_PER_M;
}

struct replica_entity *player_sees(const struct player *viewer, const struct player *other)
{
    return viewer->replica == NULL ? NULL : replica_find(viewer->replica, other->entity);
}

bool player_sees_truly(const struct player *viewer, const struct player *other)
{
    const struct replica_entity *seen = player_sees(viewer, other);

    return seen != NULL && space_wire(seen->pos.x) == space_wire(other->self.pos.x) &&
           space_wire(seen->pos.z) == space_wire(other->self.pos.z);
}

bool player_heard(const struct player *player, const char *text)
{
    for (unsigned i = 0; i < player->lines_n; i++) {
        if (strcmp(player->lines[i].text, text) == 0)
            return true;
    }
    return false;
}
