/* bot.c -- see bot.h. */
#include "bots/bot.h"

#include <config.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <uthash.h>

#include "bots/walker.h"
#include "common/replica.h"

#define ENTER_US     20000000 /* a login that takes longer is given up and tried again */
#define ATTEMPTS_MAX 20
#define ASK_US       1000000
#define EXPIRE_US    250000
#define RETRY_MIN_MS 500
#define SEEN_A_TICK  8 /* others whose moves a bot looks up, about, a tick */

struct bot {
    struct bot_shared *shared;
    struct account *account;
    enum bot_state state;
    struct link *link;
    struct event *event;
    int event_fd;
    short event_events;
    bool greeted, told; /* told: a DISCONNECT came */
    unsigned attempts;
    uint64_t deadline_us, start_at_us;
    uint64_t next_move_us, next_ask_us, next_expire_us, next_talk_us;
    uint64_t now_us; /* of this turn */
    uint16_t tempo;  /* world time per real time, in thousandths */
    unsigned seed;
    uint64_t entity;
    UT_hash_handle hh;
    struct replica *replica;
    struct walker walker;
    uint64_t counted_in, counted_out, counted_wire_in;
    struct replica_counts counted;
};

uint64_t bot_now_us(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

/* ---- the end of a connection ---- */

static void hang_up(struct bot *bot)
{
    bot_count(bot);
    if (bot->entity)
        HASH_DELETE(hh, bot->shared->by_entity, bot);
    bot->entity = 0;
    if (bot->event)
        event_free(bot->event);
    bot->event = NULL;
    bot->event_fd = -1;
    replica_free(bot->replica);
    bot->replica = NULL;
    link_free(bot->link);
    bot->link = NULL;
    bot->counted_in = bot->counted_out = bot->counted_wire_in = 0;
    memset(&bot->counted, 0, sizeof bot->counted);
}

static void give_up(struct bot *bot)
{
    struct report *report = bot->shared->report;
    if (bot->state == BOT_JOINED)
        report->lost++;
    else
        report->failed++;
    bot->state = BOT_OVER;
}

/* The way in is barred for now: again after_ms later, but not for ever. */
static void try_again(struct bot *bot, uint32_t after_ms)
{
    if (++bot->attempts >= ATTEMPTS_MAX) {
        give_up(bot);
        return;
    }
    bot->shared->report->retries++;
    bot->state = BOT_IDLE;
    bot->start_at_us =
        bot->now_us + 1000 * (uint64_t)(after_ms < RETRY_MIN_MS ? RETRY_MIN_MS : after_ms);
}

/* ---- sending ---- */

#define SEND(bot, word, message, need)                                                             \
    do {                                                                                           \
        struct wire_writer writer_;                                                                \
        if (link_send_begin((bot)->link, (need), &writer_) == 0) {                                 \
            protocol_encode_##word(&writer_, (message));                                           \
            link_send_commit((bot)->link, &writer_);                                               \
        }                                                                                          \
    } while (0)

static void say_hello(struct bot *bot)
{
    const struct protocol_hello hello = {PROTOCOL_VERSION_LOWEST, PROTOCOL_VERSION_HIGHEST, 0,
                                         wire_text_of("openmmo-bots " PACKAGE_VERSION)};
    SEND(bot, hello, &hello, 128);
}

static void log_in(struct bot *bot)
{
    const struct account *account = bot->account;
    if (account->registered) {
        struct protocol_auth auth = {.kind = PROTOCOL_AUTH_PASSWORD};
        if (account->token[0])
            auth.kind = PROTOCOL_AUTH_TOKEN;
        auth.token = wire_text_of(account->token);
        auth.username = wire_text_of(account->name);
        auth.password = wire_text_of(account->password);
        SEND(bot, auth, &auth, 2048);
    } else {
        const struct protocol_register reg = {wire_text_of(account->name), wire_text_of(""),
                                              wire_text_of(account->password)};
        SEND(bot, register, &reg, 1024);
    }
}

/* ---- what the server says ---- */

static void on_replica(void *context, enum replica_event event, struct replica_entity *entity)
{
    struct bot *bot = context;
    struct report *report = bot->shared->report;
    if (event != REPLICA_APPEARED && event != REPLICA_MOVED)
        return;
    int32_t x = space_wire(entity->pos.x), z = space_wire(entity->pos.z);
    uintptr_t place = (uintptr_t)((uint64_t)(uint32_t)x << 32 | (uint32_t)z);
    bool walked = event == REPLICA_MOVED && (uintptr_t)entity->user != place;
    entity->user = (void *)place; /* where it was seen last */
    unsigned stride = bot->shared->players / SEEN_A_TICK + 1;
    if (!walked || entity->id == bot->entity || (entity->id * 2654435761u + entity->tick) % stride)
        return;
    struct bot *other = NULL;
    HASH_FIND(hh, bot->shared->by_entity, &entity->id, sizeof entity->id, other);
    if (!other)
        return;
    uint64_t sent_us = walker_was_at(&other->walker, x, z);
    if (sent_us && sent_us <= bot->now_us)
        report_latency(report, bot->now_us - sent_us);
    else
        report->unmatched++;
}

/* The ground is made once, for all; another world than the server's would make every step wrong. */
static int take_world(struct bot *bot, const struct protocol_welcome *m)
{
    struct bot_shared *shared = bot->shared;
    uint8_t hash[HEIGHTFIELD_HASH_BYTES];
    if (!shared->field) {
        shared->field = heightfield_new(m->world_seed, (int32_t)m->world_size_m);
        if (!shared->field)
            return -1;
        heightfield_hash(shared->field, hash);
        if (memcmp(hash, m->world_hash, sizeof hash) != 0)
            return -1;
    }
    return heightfield_seed(shared->field) == m->world_seed &&
                   heightfield_size_m(shared->field) == (int32_t)m->world_size_m
               ? 0
               : -1;
}

static void copy_text(char *out, size_t room, struct wire_text text)
{
    size_t n = text.len < room - 1 ? text.len : room - 1;
    memcpy(out, text.bytes, n);
    out[n] = '\0';
}

static bool on_welcome(struct bot *bot, const struct protocol_frame *frame)
{
    struct protocol_welcome m;
    struct account *account = bot->account;
    if (bot->state != BOT_ENTERING ||
        protocol_decode_welcome(frame->body, frame->body_bytes, &m) != PROTOCOL_OK ||
        take_world(bot, &m) == -1)
        return false;
    bot->replica = replica_new(bot->shared->field, on_replica, bot);
    if (!bot->replica)
        return false;
    if (!account->registered)
        bot->shared->report->registered++;
    account->registered = true;
    copy_text(account->token, sizeof account->token, m.token);
    bot->entity = m.entity;
    struct bot *ghost = NULL; /* one whose end was not heard of yet */
    HASH_REPLACE(hh, bot->shared->by_entity, entity, sizeof bot->entity, bot, ghost);
    if (ghost)
        ghost->entity = 0;
    walker_init(&bot->walker, bot->seed);
    bot->walker.field = bot->shared->field;
    bot->tempo = PROTOCOL_TEMPO_MAX;
    bot->state = BOT_JOINED;
    bot->shared->report->joined++;
    bot->next_move_us = bot->now_us + (unsigned)rand_r(&bot->seed) % WALKER_MOVE_US;
    bot->next_ask_us = bot->next_talk_us = bot->now_us + (unsigned)rand_r(&bot->seed) % ASK_US;
    if (bot->shared->talk_per_minute)
        bot->next_talk_us +=
            (unsigned)rand_r(&bot->seed) % (60000000 / bot->shared->talk_per_minute);
    return true;
}

/* While entering, a refusal is dealt with; in the world it is only counted. */
static void on_refusal(struct bot *bot, unsigned reason, uint32_t retry_after_ms)
{
    struct account *account = bot->account;
    switch ((enum protocol_reason)reason) {
    case PROTOCOL_REASON_NAME_TAKEN: /* perhaps by ourselves, in a run whose end was not saved */
        account->registered = true;
        log_in(bot);
        return;
    case PROTOCOL_REASON_TOKEN_REFUSED:
        account->token[0] = '\0';
        log_in(bot);
        return;
    case PROTOCOL_REASON_LOGIN_FAILED:
        accounts_rename(bot->shared->accounts, account);
        log_in(bot);
        return;
    case PROTOCOL_REASON_BUSY:
    case PROTOCOL_REASON_FULL:
    case PROTOCOL_REASON_RATE_LIMITED:
    case PROTOCOL_REASON_STORE_AWAY:
    case PROTOCOL_REASON_SHUTTING_DOWN:
    case PROTOCOL_REASON_RESTARTING:
        try_again(bot, retry_after_ms);
        return;
    case PROTOCOL_REASON_WAITING: /* in the queue for a place: for as long as it takes */
        bot->deadline_us = bot->now_us + ENTER_US;
        return;
    case PROTOCOL_REASON_NONE:
        return; /* a word from the server */
    case PROTOCOL_REASON_VERSION:
    case PROTOCOL_REASON_MALFORMED:
    case PROTOCOL_REASON_TOO_SLOW:
    case PROTOCOL_REASON_NOT_READING:
    case PROTOCOL_REASON_BAD_NAME:
    case PROTOCOL_REASON_BAD_PASSWORD:
    case PROTOCOL_REASON_REPLACED:
    case PROTOCOL_REASON_KICKED:
    case PROTOCOL_REASON_REGISTRATION_CLOSED:
    case PROTOCOL_REASON_CHAT_REFUSED:
    case PROTOCOL_REASON_NOT_LOGGED_IN:
    case PROTOCOL_REASON_ALREADY_LOGGED_IN:
    case PROTOCOL_REASON_UNSUPPORTED:
    case PROTOCOL_REASON_INTERNAL:
    case PROTOCOL_REASON_BAD_EMAIL:
        break;
    }
    give_up(bot);
}

static bool on_notice(struct bot *bot, const struct protocol_frame *frame)
{
    struct protocol_notice m;
    if (protocol_decode_notice(frame->body, frame->body_bytes, &m) != PROTOCOL_OK)
        return false;
    if (m.reason)
        bot->shared->report->notices[m.reason]++;
    if (bot->state == BOT_ENTERING)
        on_refusal(bot, m.reason, m.retry_after_ms);
    return true;
}

static bool on_disconnect(struct bot *bot, const struct protocol_frame *frame)
{
    struct protocol_disconnect m;
    if (protocol_decode_disconnect(frame->body, frame->body_bytes, &m) != PROTOCOL_OK)
        return false;
    bot->told = true;
    bot->shared->report->disconnects[m.reason]++;
    if (bot->state == BOT_ENTERING && m.retry_after_ms)
        try_again(bot, m.retry_after_ms);
    else if (bot->state == BOT_ENTERING || bot->state == BOT_JOINED)
        give_up(bot);
    return true;
}

static bool on_self(struct bot *bot, const struct protocol_frame *frame)
{
    struct protocol_self m;
    if (protocol_decode_self(frame->body, frame->body_bytes, &m) != PROTOCOL_OK)
        return false;
    bot->shared->report->dropped += m.dropped;
    if (walker_self(&bot->walker, &m))
        bot->shared->report->corrections++;
    return true;
}

static bool on_chat_line(struct bot *bot, const struct protocol_frame *frame)
{
    struct protocol_chat_line m;
    if (protocol_decode_chat_line(frame->body, frame->body_bytes, &m) != PROTOCOL_OK)
        return false;
    if (m.entity != bot->entity)
        bot->shared->report->heard++;
    return true;
}

static bool on_view(struct bot *bot, const struct protocol_frame *frame)
{
    struct protocol_view m;
    return protocol_decode_view(frame->body, frame->body_bytes, &m) == PROTOCOL_OK &&
           replica_view(bot->replica, &m) == PROTOCOL_OK;
}

static bool on_blocks(struct bot *bot, const struct protocol_frame *frame)
{
    struct protocol_blocks m;
    return protocol_decode_blocks(frame->body, frame->body_bytes, &m) == PROTOCOL_OK &&
           replica_blocks(bot->replica, &m) == PROTOCOL_OK;
}

static bool on_identity(struct bot *bot, const struct protocol_frame *frame)
{
    struct protocol_identity m;
    return protocol_decode_identity(frame->body, frame->body_bytes, &m) == PROTOCOL_OK &&
           replica_identity(bot->replica, &m) == PROTOCOL_OK;
}

static bool on_clock(struct bot *bot, const struct protocol_frame *frame)
{
    struct protocol_clock m;
    if (protocol_decode_clock(frame->body, frame->body_bytes, &m) != PROTOCOL_OK)
        return false;
    bot->tempo = m.tempo;
    return true;
}

static bool on_greeting(struct bot *bot, const struct protocol_frame *frame)
{
    struct protocol_greeting m;
    if (bot->greeted || protocol_decode_greeting(frame->body, frame->body_bytes, &m) != PROTOCOL_OK)
        return false;
    bot->greeted = true;
    log_in(bot);
    return true;
}

/* clang-format off */
static const struct {
    uint8_t type;
    bool in_world; /* only once welcomed */
    bool (*take)(struct bot *bot, const struct protocol_frame *frame);
} handlers[] = {
    {PROTOCOL_GREETING,   false, on_greeting},
    {PROTOCOL_WELCOME,    false, on_welcome},
    {PROTOCOL_NOTICE,     false, on_notice},
    {PROTOCOL_DISCONNECT, false, on_disconnect},
    {PROTOCOL_BLOCKS,     true,  on_blocks},
    {PROTOCOL_VIEW,       true,  on_view},
    {PROTOCOL_SELF,       true,  on_self},
    {PROTOCOL_CHAT_LINE,  true,  on_chat_line},
    {PROTOCOL_IDENTITY,   true,  on_identity},
    {PROTOCOL_CLOCK,      true,  on_clock},
};
/* clang-format on */

static bool on_frame(void *context, const struct protocol_frame *frame)
{
    struct bot *bot = context;
    for (size_t i = 0; i < ARRAY_N(handlers); i++) {
        if (handlers[i].type == frame->type)
            return (bot->replica || !handlers[i].in_world) && handlers[i].take(bot, frame);
    }
    return true; /* PONG, and what a later server may say */
}

/* ---- the connection ---- */

static void on_socket(evutil_socket_t fd, short what, void *context);

/* Wait for what the link waits for. */
static void watch(struct bot *bot)
{
    short polled = link_events(bot->link);
    short wanted =
        (short)((polled & POLLIN ? EV_READ : 0) | (polled & POLLOUT ? EV_WRITE : 0) | EV_PERSIST);
    int fd = link_fd(bot->link);
    if (bot->event && fd == bot->event_fd && wanted == bot->event_events)
        return;
    if (bot->event)
        event_free(bot->event);
    bot->event = event_new(bot->shared->base, fd, wanted, on_socket, bot);
    bot->event_fd = fd;
    bot->event_events = wanted;
    if (bot->event)
        event_add(bot->event, NULL);
}

static void broke_off(struct bot *bot, const struct error *error)
{
    struct report *report = bot->shared->report;
    if (report->broken++ == 0)
        report->broken_text = *error;
    if (bot->state == BOT_ENTERING)
        try_again(bot, 1000);
    else
        give_up(bot);
}

static void pump(struct bot *bot)
{
    struct error error;
    enum link_state state = link_pump(bot->link, &error);
    if (state == LINK_CLOSED && !bot->told &&
        (bot->state == BOT_ENTERING || bot->state == BOT_JOINED))
        broke_off(bot, &error);
    if (state == LINK_CLOSED || bot->state == BOT_IDLE || bot->state == BOT_OVER)
        hang_up(bot);
    else
        watch(bot);
}

static void on_socket(evutil_socket_t fd, short what, void *context)
{
    struct bot *bot = context;
    (void)fd;
    (void)what;
    bot->now_us = bot_now_us();
    pump(bot);
}

void bot_start(struct bot *bot, uint64_t now_us)
{
    struct error error;
    const struct link_handlers link_handlers = {NULL, on_frame, bot};
    bot->now_us = now_us;
    bot->greeted = bot->told = false;
    bot->deadline_us = now_us + ENTER_US;
    bot->state = BOT_ENTERING;
    bot->link =
        link_new(bot->shared->tls, bot->shared->host, bot->shared->port, &link_handlers, &error);
    if (!bot->link) {
        broke_off(bot, &error);
        return;
    }
    say_hello(bot);
    watch(bot);
}

/* ---- what is due ---- */

static void talk(struct bot *bot)
{
    static const char *const lines[] = {
        "hello",
        "which way is the sea?",
        "I was here yesterday",
        "mind the slope",
        "anyone for a run?",
        "lovely weather",
        "see you on the hill",
        "was that you?",
    };
    const struct protocol_chat chat = {
        rand_r(&bot->seed) % 8 ? PROTOCOL_CHANNEL_NEARBY : PROTOCOL_CHANNEL_GLOBAL,
        wire_text_of(lines[(unsigned)rand_r(&bot->seed) % ARRAY_N(lines)]),
    };
    SEND(bot, chat, &chat, 1024);
    bot->shared->report->said++;
    uint64_t mean_us = 60000000 / bot->shared->talk_per_minute;
    bot->next_talk_us = bot->now_us + mean_us / 2 + (unsigned)rand_r(&bot->seed) % mean_us;
}

static void ask(struct bot *bot)
{
    struct protocol_who who;
    if (replica_wanted(bot->replica, replica_tick(bot->replica), &who) > 0)
        SEND(bot, who, &who, 1024);
    bot->next_ask_us = bot->now_us + ASK_US;
}

static void move(struct bot *bot)
{
    struct protocol_move m;
    walker_move(&bot->walker, bot->now_us, &m);
    SEND(bot, move, &m, 64);
    bot->shared->report->moves++;
    uint64_t each_us = (uint64_t)WALKER_MOVE_US * PROTOCOL_TEMPO_MAX / bot->tempo;
    bot->next_move_us += each_us;
    if (bot->next_move_us + 2 * each_us < bot->now_us) { /* the bots themselves were held up */
        bot->shared->report->left_out += (bot->now_us - bot->next_move_us) / each_us;
        bot->next_move_us = bot->now_us;
    }
}

static void turn_in_world(struct bot *bot)
{
    bool said = false;
    if (bot->walker.known && bot->now_us >= bot->next_move_us) {
        move(bot);
        said = true;
    }
    if (bot->now_us >= bot->next_ask_us)
        ask(bot);
    if (bot->now_us >= bot->next_expire_us) {
        replica_expire(bot->replica, replica_tick(bot->replica));
        bot->next_expire_us = bot->now_us + EXPIRE_US;
    }
    if (bot->shared->talk_per_minute && bot->now_us >= bot->next_talk_us)
        talk(bot);
    if (said)
        pump(bot);
}

void bot_turn(struct bot *bot, uint64_t now_us)
{
    bot->now_us = now_us;
    if (bot->state == BOT_JOINED) {
        turn_in_world(bot);
    } else if (bot->state == BOT_ENTERING && now_us > bot->deadline_us) {
        const struct error error = {"the login took too long"};
        broke_off(bot, &error);
        hang_up(bot);
    }
}

/* ---- the whole ---- */

struct bot *bot_new(struct bot_shared *shared, struct account *account, unsigned seed)
{
    struct bot *bot = calloc(1, sizeof *bot);
    if (!bot)
        return NULL;
    bot->shared = shared;
    bot->account = account;
    bot->seed = seed;
    bot->event_fd = -1;
    return bot;
}

void bot_free(struct bot *bot)
{
    if (!bot)
        return;
    hang_up(bot);
    free(bot);
}

enum bot_state bot_state(const struct bot *bot)
{
    return bot->state;
}

uint64_t bot_start_at_us(const struct bot *bot)
{
    return bot->start_at_us;
}

void bot_count(struct bot *bot)
{
    struct report *report = bot->shared->report;
    if (bot->link) {
        report->bytes_in += link_bytes_in(bot->link) - bot->counted_in;
        report->bytes_out += link_bytes_out(bot->link) - bot->counted_out;
        report->wire_bytes_in += link_wire_bytes_in(bot->link) - bot->counted_wire_in;
        bot->counted_in = link_bytes_in(bot->link);
        bot->counted_out = link_bytes_out(bot->link);
        bot->counted_wire_in = link_wire_bytes_in(bot->link);
    }
    if (bot->replica) {
        struct replica_counts now = replica_counts(bot->replica);
        report->records += now.records - bot->counted.records;
        report->blocks += now.blocks - bot->counted.blocks;
        report->blocks_full += now.blocks_full - bot->counted.blocks_full;
        bot->counted = now;
    }
}
