/* bot.c -- see bot.h. */
#include "bots/bot.h"

#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>

#include "bots/entry.h"
#include "bots/walker.h"
#include "common/clock.h"

#define ENTER_US     20000000 /* a login that takes longer is given up and tried again */
#define ATTEMPTS_MAX 20
#define ASK_US       1000000
#define EXPIRE_US    250000
#define SAMPLE_US    2000000
#define RETRY_MIN_MS 500
#define ODD_AGAIN_US 1000000 /* from an odd one's end to its next try */
#define FLOOD_A_TURN 100     /* messages, ten turns a second */
#define TINY_WINDOW  2048
#define TINY_US      1000000 /* between reads through a tiny window */
/* From the first SELF to the first MOVE: by then the figure has all the time saved up that it may
 * have, and each MOVE, which covers the time before it, is walked in the tick that it comes in. */
#define FIRST_MOVE_US 300000

struct bot {
    struct bot_shared *shared;
    struct account *account;
    struct bot_part part;
    enum bot_state state;
    struct link *link;
    int fd;             /* that epoll knows; -1: none */
    bool greeted, told; /* told: a DISCONNECT came */
    bool ready;         /* is where it lives, or has a token for when it comes later */
    unsigned attempts;
    uint64_t started_us, deadline_us, start_at_us;
    uint64_t first_move_us, next_ask_us, next_expire_us, next_talk_us, next_sample_us;
    uint64_t now_us; /* of this turn */
    uint16_t tempo;  /* world time per real time, in thousandths */
    unsigned owed;   /* thousandths of a MOVE that the world's time has come to */
    unsigned seed;
    uint64_t entity;
    bool resumes;        /* was in the world, and goes on with that */
    uint64_t chat_heard; /* sequence of the last line */
    struct receiver *receiver;
    struct walker walker;
    uint64_t counted_in, counted_out, counted_wire_in;
};

uint64_t bot_now_us(void)
{
    return clock_steady_us();
}

static void enter_state(struct bot *bot, enum bot_state state)
{
    bot->shared->states[bot->state]--;
    bot->shared->states[state]++;
    bot->state = state;
}

static bool is_player(const struct bot *bot)
{
    return bot->part.kind == SCENARIO_PLAYER;
}

/* ---- the end of a connection ---- */

static void hang_up(struct bot *bot)
{
    bot_count(bot);
    if (bot->entity && is_player(bot))
        board_leave(bot->shared->board, bot->entity);
    bot->entity = 0;
    bot->fd = -1;
    receiver_free(bot->receiver);
    bot->receiver = NULL;
    link_free(bot->link);
    bot->link = NULL;
    bot->counted_in = bot->counted_out = bot->counted_wire_in = 0;
}

static void give_up(struct bot *bot)
{
    struct report *report = bot->shared->report;
    if (!is_player(bot)) {
        report->odd_ended++;
        bot->start_at_us = bot->now_us + ODD_AGAIN_US;
        enter_state(bot, BOT_IDLE);
        return;
    }
    if (bot->state == BOT_JOINED)
        report->lost++;
    else
        report->failed++;
    enter_state(bot, BOT_OVER);
}

/* The way in is barred for now: again after_ms later, but not for ever. */
static void try_again(struct bot *bot, uint32_t after_ms)
{
    if (++bot->attempts >= ATTEMPTS_MAX && is_player(bot)) {
        give_up(bot);
        return;
    }
    bot->shared->report->retries += is_player(bot);
    enter_state(bot, BOT_IDLE);
    bot->start_at_us =
        bot->now_us + 1000 * (uint64_t)(after_ms < RETRY_MIN_MS ? RETRY_MIN_MS : after_ms);
}

/* ---- what the server says ---- */

/* The ground is made once, for all; another world than the server's would make every step wrong. */
static int take_world(struct bot *bot, const struct protocol_welcome *m)
{
    struct bot_shared *shared = bot->shared;
    uint8_t hash[HEIGHTFIELD_HASH_BYTES];
    if (shared->epoch != m->epoch)
        book_forget(shared->receivers.book);
    shared->epoch = m->epoch;
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

/* Where the scenario wants it. */
static void go_home(struct bot *bot)
{
    const struct bot_shared *shared = bot->shared;
    struct space_pos home;
    unsigned leash_m;
    if (scenario_home(shared->run, bot->part.player, shared->view_m, shared->measured, &home,
                      &leash_m))
        walker_go(&bot->walker, home, leash_m);
}

static void set_up_walker(struct bot *bot)
{
    struct walker *walker = &bot->walker;
    walker_init(walker, bot->seed);
    walker->field = bot->shared->field;
    walker->trail = &bot->shared->board->trails[bot->part.player];
    walker->steady = scenario_steady(bot->shared->run->scenario);
    trail_clear(walker->trail);
    go_home(bot);
}

/* The server restarts, and says when to come back. */
static void come_back(struct bot *bot, uint32_t after_ms)
{
    bot->shared->report->restarts++;
    bot->resumes = true;
    bot->attempts = 0;
    try_again(bot, after_ms);
}

/* A player is in; one that comes later is in, or has its token and goes until then. */
static void count_in(struct bot *bot, bool fresh)
{
    struct report *report = bot->shared->report;
    uint64_t took_us = bot->now_us - bot->started_us;
    if (is_player(bot) && bot->resumes) {
        report->resumed++;
        histogram_add(&report->entering, took_us);
    } else if (is_player(bot)) {
        report->joined++;
        report->registered += fresh;
        histogram_add(&report->entering, took_us);
    } else if (bot->part.kind == SCENARIO_STORM && bot->shared->measured) {
        report->storm_joined++;
        histogram_add(&report->storm, took_us);
    } else if (bot->part.kind == SCENARIO_STORM) {
        bot->ready = true;
        bot->start_at_us = UINT64_MAX;
        enter_state(bot, BOT_IDLE);
    }
}

static bool on_welcome(struct bot *bot, const struct protocol_frame *frame)
{
    struct protocol_welcome m;
    if (bot->state != BOT_ENTERING ||
        protocol_decode_welcome(frame->body, frame->body_bytes, &m) != PROTOCOL_OK ||
        take_world(bot, &m) == -1)
        return false;
    bot->receiver = receiver_new(&bot->shared->receivers, bot->part.player, bot->part.decodes);
    if (!bot->receiver)
        return false;
    bot->shared->view_m = m.view_m;
    set_up_walker(bot);
    bot->tempo = PROTOCOL_TEMPO_MAX;
    bot->entity = m.entity;
    if (is_player(bot)) /* the rest is nobody's to match */
        board_enter(bot->shared->board, bot->entity, bot->part.player);
    enter_state(bot, BOT_JOINED);
    count_in(bot, entry_welcome(bot->account, &m));
    bot->next_ask_us = bot->next_talk_us = bot->now_us + (unsigned)rand_r(&bot->seed) % ASK_US;
    bot->next_sample_us = bot->now_us + (unsigned)rand_r(&bot->seed) % SAMPLE_US;
    if (bot->shared->talk_per_minute)
        bot->next_talk_us +=
            (unsigned)rand_r(&bot->seed) % (60000000 / bot->shared->talk_per_minute);
    return true;
}

/* While entering, a refusal is dealt with; in the world it is only counted. */
static void on_refusal(struct bot *bot, unsigned reason, uint32_t retry_after_ms)
{
    switch (entry_refused(bot->link, bot->shared->accounts, bot->account, reason)) {
    case ENTRY_WAIT:
        break;
    case ENTRY_QUEUED:
        bot->deadline_us = bot->now_us + ENTER_US;
        break;
    case ENTRY_AGAIN:
        try_again(bot, retry_after_ms);
        break;
    case ENTRY_BARRED:
        give_up(bot);
        break;
    }
}

static bool on_notice(struct bot *bot, const struct protocol_frame *frame)
{
    struct protocol_notice m;
    if (protocol_decode_notice(frame->body, frame->body_bytes, &m) != PROTOCOL_OK)
        return false;
    if (m.reason && m.reason != PROTOCOL_REASON_SHOWN_LESS && is_player(bot))
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
    if (is_player(bot))
        bot->shared->report->disconnects[m.reason]++;
    else
        bot->shared->report->odd_disconnects[m.reason]++;
    if (bot->state == BOT_ENTERING && m.retry_after_ms)
        try_again(bot, m.retry_after_ms);
    else if (bot->state == BOT_JOINED && is_player(bot) && m.retry_after_ms &&
             m.reason == PROTOCOL_REASON_RESTARTING)
        come_back(bot, m.retry_after_ms);
    else if (bot->state == BOT_ENTERING || bot->state == BOT_JOINED)
        give_up(bot);
    return true;
}

static bool on_self(struct bot *bot, const struct protocol_frame *frame)
{
    struct protocol_self m;
    if (protocol_decode_self(frame->body, frame->body_bytes, &m) != PROTOCOL_OK)
        return false;
    if (!bot->walker.known)
        bot->first_move_us = bot->now_us + FIRST_MOVE_US;
    enum walker_news news = walker_self(&bot->walker, &m);
    if (is_player(bot)) {
        bot->shared->report->dropped += m.dropped;
        bot->shared->report->corrections += news == WALKER_CORRECTED;
        bot->shared->report->teleports += news == WALKER_PUT;
        histogram_add(&bot->shared->report->unwalked, bot->walker.seq - m.seq);
    }
    return true;
}

static bool on_chat_line(struct bot *bot, const struct protocol_frame *frame)
{
    struct protocol_chat_line m;
    if (protocol_decode_chat_line(frame->body, frame->body_bytes, &m) != PROTOCOL_OK)
        return false;
    if (m.sequence <= bot->chat_heard)
        return false; /* each comes once, in order */
    bot->chat_heard = m.sequence;
    if (m.entity != bot->entity)
        bot->shared->report->heard++;
    return true;
}

static bool on_view(struct bot *bot, const struct protocol_frame *frame)
{
    return receiver_view(bot->receiver, frame);
}

static bool on_blocks(struct bot *bot, const struct protocol_frame *frame)
{
    return receiver_blocks(bot->receiver, frame, bot->now_us);
}

static bool on_identity(struct bot *bot, const struct protocol_frame *frame)
{
    return receiver_identity(bot->receiver, frame);
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
    if (bot->resumes && bot->account->token[0])
        entry_resume(bot->link, bot->account, bot->chat_heard);
    else
        entry_log_in(bot->link, bot->account);
    return true;
}

/* clang-format off */
static const struct {
    uint8_t type;
    bool in_world; /* only once welcomed */
    bool (*take)(struct bot *bot, const struct protocol_frame *frame);
} handlers[] = {
    {PROTOCOL_BLOCKS,     true,  on_blocks},
    {PROTOCOL_SELF,       true,  on_self},
    {PROTOCOL_GREETING,   false, on_greeting},
    {PROTOCOL_WELCOME,    false, on_welcome},
    {PROTOCOL_NOTICE,     false, on_notice},
    {PROTOCOL_DISCONNECT, false, on_disconnect},
    {PROTOCOL_VIEW,       true,  on_view},
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
            return (bot->receiver || !handlers[i].in_world) && handlers[i].take(bot, frame);
    }
    return true; /* PONG, and what a later server may say */
}

/* ---- the connection ---- */

/* Let epoll tell of the link's socket, which is another one while addresses are tried. */
static void watch(struct bot *bot)
{
    struct epoll_event event = {.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET,
                                .data.ptr = bot};
    int fd = link_fd(bot->link);
    if (fd == -1 || (fd == bot->fd && link_state(bot->link) != LINK_CONNECTING))
        return;
    bot->fd = fd; /* another one may bear the same number: adding it twice does no harm */
    epoll_ctl(bot->shared->epoll, EPOLL_CTL_ADD, fd, &event);
}

static void broke_off(struct bot *bot, const struct error *error)
{
    struct report *report = bot->shared->report;
    if (is_player(bot) && report->broken++ == 0)
        report->broken_text = *error;
    if (bot->state == BOT_ENTERING)
        try_again(bot, 1000);
    else
        give_up(bot);
}

/* After a pump or a flush. */
static void go_on(struct bot *bot, enum link_state state, const struct error *error)
{
    if (state == LINK_CLOSED && !bot->told &&
        (bot->state == BOT_ENTERING || bot->state == BOT_JOINED))
        broke_off(bot, error);
    if (state != LINK_CLOSED && !bot->told && bot->entity && bot->state == BOT_IDLE)
        entry_leave(bot->link); /* it has its token, and comes later */
    if (state == LINK_CLOSED || bot->state == BOT_IDLE || bot->state == BOT_OVER)
        hang_up(bot);
    else
        watch(bot);
}

void bot_ready(struct bot *bot, uint32_t events, uint64_t now_us)
{
    struct error error;
    if (!bot->link)
        return; /* an event that came before it hung up */
    bot->now_us = now_us;
    if (bot->state == BOT_JOINED &&
        (bot->part.kind == SCENARIO_DEAF || bot->part.kind == SCENARIO_TINY)) {
        if (events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) {
            give_up(bot);
            hang_up(bot);
        }
        return; /* what comes in between it leaves lying */
    }
    enum link_state state = link_pump(bot->link, &error);
    if (state != LINK_CLOSED && events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR))
        state = link_pump(bot->link, &error); /* there is no other edge to come */
    go_on(bot, state, &error);
}

void bot_start(struct bot *bot, uint64_t now_us)
{
    struct error error;
    const struct link_handlers link_handlers = {NULL, on_frame, bot};
    bot->now_us = bot->started_us = now_us;
    if (bot->part.kind == SCENARIO_STORM && bot->start_at_us)
        bot->started_us = bot->start_at_us; /* when it was meant to come */
    bot->greeted = bot->told = false;
    bot->deadline_us = now_us + ENTER_US;
    enter_state(bot, BOT_ENTERING);
    bot->link =
        link_new(bot->shared->tls, bot->shared->host, bot->shared->port, &link_handlers, &error);
    if (!bot->link) {
        broke_off(bot, &error);
        return;
    }
    if (bot->part.kind == SCENARIO_TINY) {
        const int window = TINY_WINDOW;
        setsockopt(link_fd(bot->link), SOL_SOCKET, SO_RCVBUF, &window, sizeof window);
    }
    entry_hello(bot->link);
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
    ENTRY_SEND(bot->link, chat, &chat, 1024);
    bot->shared->report->said++;
    uint64_t mean_us = 60000000 / bot->shared->talk_per_minute;
    bot->next_talk_us = bot->now_us + mean_us / 2 + (unsigned)rand_r(&bot->seed) % mean_us;
}

static void ask(struct bot *bot)
{
    struct protocol_who who;
    if (receiver_wanted(bot->receiver, &who) > 0)
        ENTRY_SEND(bot->link, who, &who, 1024);
    bot->next_ask_us = bot->now_us + ASK_US;
}

static void slowed(struct bot *bot)
{
    struct report *report = bot->shared->report;
    uint32_t by = (uint32_t)(PROTOCOL_TEMPO_MAX - bot->tempo);
    if (is_player(bot)) {
        report->slowed++;
        report->slowed_by = by > report->slowed_by ? by : report->slowed_by;
    }
}

/* A turn is a MOVE, but where the world is slowed. */
static void move(struct bot *bot, uint64_t due_us)
{
    struct protocol_move m;
    bot->owed += bot->tempo;
    if (bot->owed < PROTOCOL_TEMPO_MAX) {
        slowed(bot);
        return;
    }
    bot->owed -= PROTOCOL_TEMPO_MAX;
    walker_move(&bot->walker, due_us, &m);
    ENTRY_SEND(bot->link, move, &m, 64);
    if (!is_player(bot))
        return;
    bot->shared->report->moves++;
    histogram_add(&bot->shared->report->lag, bot->now_us - due_us);
}

/* Ten times what a server takes, for as long as it takes it. */
static void flood(struct bot *bot)
{
    for (unsigned i = 0; i < FLOOD_A_TURN; i++) {
        const struct protocol_move m = {++bot->walker.seq, (uint16_t)(i * 601), 0, 1, 1};
        ENTRY_SEND(bot->link, move, &m, 64);
    }
    bot->shared->report->flooded += FLOOD_A_TURN;
}

/* Gone in the middle of whatever it was about. */
static void vanish(struct bot *bot)
{
    bot->shared->report->vanished++;
    bot->start_at_us = 0;
    enter_state(bot, BOT_IDLE);
    hang_up(bot);
}

static void flush(struct bot *bot)
{
    struct error error;
    enum link_state state = link_flush(bot->link, &error);
    if (state == LINK_CLOSED)
        go_on(bot, state, &error);
}

static void turn_in_world(struct bot *bot, uint64_t due_us)
{
    if (!bot->ready)
        bot->ready = walker_is_home(&bot->walker);
    if (bot->walker.known && due_us >= bot->first_move_us)
        move(bot, due_us);
    if (bot->part.decodes && bot->now_us >= bot->next_ask_us)
        ask(bot);
    if (bot->part.decodes && bot->now_us >= bot->next_expire_us) {
        receiver_expire(bot->receiver);
        bot->next_expire_us = bot->now_us + EXPIRE_US;
    }
    if (bot->part.decodes && bot->now_us >= bot->next_sample_us) {
        receiver_sample(bot->receiver, bot->walker.state.pos, bot->now_us);
        bot->next_sample_us = bot->now_us + SAMPLE_US;
    }
    if (bot->shared->talk_per_minute && bot->now_us >= bot->next_talk_us)
        talk(bot);
    flush(bot);
}

static void read_a_little(struct bot *bot)
{
    struct error error;
    if (bot->now_us < bot->next_ask_us)
        return;
    bot->next_ask_us = bot->now_us + TINY_US;
    go_on(bot, link_pump(bot->link, &error), &error);
}

static void turn_of_joined(struct bot *bot, uint64_t due_us)
{
    switch (bot->part.kind) {
    case SCENARIO_PLAYER:
    case SCENARIO_STORM:
        turn_in_world(bot, due_us);
        break;
    case SCENARIO_FLOOD:
        flood(bot);
        flush(bot);
        break;
    case SCENARIO_TINY:
        read_a_little(bot);
        break;
    case SCENARIO_DEAF:
    case SCENARIO_VANISH:
        break;
    }
}

void bot_turn(struct bot *bot, uint64_t due_us, uint64_t now_us)
{
    bot->now_us = now_us;
    if (bot->part.kind == SCENARIO_VANISH && bot->link) {
        vanish(bot);
    } else if (bot->state == BOT_JOINED) {
        turn_of_joined(bot, due_us);
    } else if (bot->state == BOT_ENTERING && now_us > bot->deadline_us) {
        const struct error error = {"the login took too long"};
        broke_off(bot, &error);
        hang_up(bot);
    }
}

/* ---- the whole ---- */

struct bot *bot_new(struct bot_shared *shared, struct account *account, const struct bot_part *part)
{
    struct bot *bot = calloc(1, sizeof *bot);
    if (!bot)
        return NULL;
    bot->shared = shared;
    bot->account = account;
    bot->part = *part;
    bot->seed = part->seed;
    bot->fd = -1;
    shared->states[BOT_IDLE]++;
    if (part->decodes && part->kind == SCENARIO_PLAYER)
        shared->report->decoders++;
    return bot;
}

void bot_free(struct bot *bot)
{
    if (!bot)
        return;
    if (bot->state == BOT_JOINED && bot->link)
        entry_leave(bot->link);
    hang_up(bot);
    free(bot);
}

enum bot_state bot_state(const struct bot *bot)
{
    return bot->state;
}

bool bot_returns(const struct bot *bot)
{
    return bot->resumes;
}

uint64_t bot_start_at_us(const struct bot *bot)
{
    return bot->start_at_us;
}

void bot_count(struct bot *bot)
{
    struct report *report = bot->shared->report;
    if (!is_player(bot))
        return;
    if (bot->link) {
        report->bytes_in += link_bytes_in(bot->link) - bot->counted_in;
        report->bytes_out += link_bytes_out(bot->link) - bot->counted_out;
        report->wire_bytes_in += link_wire_bytes_in(bot->link) - bot->counted_wire_in;
        bot->counted_in = link_bytes_in(bot->link);
        bot->counted_out = link_bytes_out(bot->link);
        bot->counted_wire_in = link_wire_bytes_in(bot->link);
    }
}

void bot_finish(struct bot *bot, uint64_t now_us)
{
    if (bot->receiver && is_player(bot))
        receiver_finish(bot->receiver, now_us);
}

enum scenario_kind bot_kind(const struct bot *bot)
{
    return bot->part.kind;
}

bool bot_settled(const struct bot *bot)
{
    bool awaited = is_player(bot) || bot->part.kind == SCENARIO_STORM;
    return !awaited || bot->ready || bot->state == BOT_OVER;
}

void bot_begin(struct bot *bot, uint64_t storm_us, bool by_password)
{
    if (bot->part.kind == SCENARIO_STORM) {
        bot->start_at_us = storm_us;
        if (by_password)
            bot->account->token[0] = '\0';
    } else if (bot->state == BOT_JOINED) {
        go_home(bot);
    }
}
