#include "net/connection.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include <openssl/crypto.h>

#include "common/log.h"
#include "files.h"
#include "net/reconnect.h"

struct connection {
    struct connection_handlers handlers;
    struct session *session;
    struct world *world;
    const char *token_file;
    struct session_login login;
    bool ended; /* the end was seen to */
    bool again; /* a try is due at again_us */
    uint64_t again_us;
    unsigned attempt;
    bool was_in;            /* the world that this login leads to */
    uint64_t chat_sequence; /* of the last line heard there; 0: none */
};

static void set_world(struct connection *c, struct world *world)
{
    struct world *old = c->world;
    c->world = world;
    if (c->handlers.world && (world || old))
        c->handlers.world(c->handlers.context, world);
    world_free(old);
}

/* Keep the token that WELCOME brought, and forget the password: the token takes its place. */
static void keep_token(struct connection *c, const struct protocol_welcome *m)
{
    struct error error = {{0}};
    if (m->token.len == 0 || m->token.len > PROTOCOL_TOKEN_MAX)
        return;
    memcpy(c->login.token, m->token.bytes, m->token.len);
    c->login.token[m->token.len] = '\0';
    c->login.kind = SESSION_LOGIN_TOKEN;
    OPENSSL_cleanse(c->login.password, sizeof(c->login.password));
    if (settings_token_save(session_server(c->session), c->login.user, c->login.token, &error) !=
            0 ||
        (c->token_file && files_write(c->token_file, c->login.token, m->token.len, &error) != 0))
        log_event(LOG_LEVEL_WARN, "token_not_kept", error.text,
                  LOG_TEXT("server", session_server(c->session)));
}

/* It opens nothing any more: it goes from where it was kept, but for another that lies there now.
 */
static void forget_token(const struct connection *c)
{
    char kept[PROTOCOL_TOKEN_MAX + 1];
    struct error error = {{0}};
    size_t len = strlen(c->login.token), file_len;
    if (len == 0)
        return;
    if (settings_token_load(session_server(c->session), c->login.user, kept) == 0 &&
        strcmp(kept, c->login.token) == 0 &&
        settings_token_save(session_server(c->session), c->login.user, "", &error) != 0)
        log_event(LOG_LEVEL_WARN, "token_not_forgotten", error.text, LOG_NONE);
    OPENSSL_cleanse(kept, sizeof(kept));
    char *text =
        c->token_file ? files_read(c->token_file, PROTOCOL_TOKEN_MAX + 1, &file_len, &error) : NULL;
    if (!text)
        return;
    if (strncmp(text, c->login.token, len) == 0 && text[len + strspn(text + len, "\r\n")] == '\0' &&
        unlink(c->token_file) != 0)
        log_event(LOG_LEVEL_WARN, "token_not_forgotten", "the token's file cannot be removed",
                  LOG_TEXT("file", c->token_file));
    OPENSSL_cleanse(text, file_len);
    free(text);
}

static bool on_welcome(void *context, const struct protocol_welcome *welcome, struct error *error)
{
    struct connection *c = context;
    struct world *world = world_new(welcome, error);
    if (!world)
        return false;
    keep_token(c, welcome);
    c->was_in = true;
    set_world(c, world);
    return true;
}

static bool on_world(void *context, const struct protocol_frame *frame, uint64_t now_us)
{
    struct connection *c = context;
    return world_message(c->world, frame, now_us);
}

static void on_chat(void *context, const struct protocol_chat_line *line)
{
    struct connection *c = context;
    c->chat_sequence = line->sequence;
    if (c->handlers.chat)
        c->handlers.chat(c->handlers.context, line);
}

static void on_notice(void *context, const struct protocol_notice *notice)
{
    struct connection *c = context;
    if (c->handlers.notice)
        c->handlers.notice(c->handlers.context, notice);
}

struct connection *connection_new(const struct connection_handlers *handlers, const char *pins_path,
                                  const char *token_file, struct error *error)
{
    struct connection *c = calloc(1, sizeof(*c));
    if (!c) {
        error_set(error, "out of memory");
        return NULL;
    }
    c->handlers = *handlers;
    c->token_file = token_file;
    struct session_handlers ours = {on_welcome, on_world, on_chat, on_notice, c};
    c->session = session_new(&ours, pins_path, error);
    if (!c->session) {
        connection_free(c);
        return NULL;
    }
    return c;
}

void connection_free(struct connection *c)
{
    if (!c)
        return;
    session_free(c->session);
    set_world(c, NULL);
    OPENSSL_cleanse(&c->login, sizeof(c->login));
    free(c);
}

static void start(struct connection *c, uint64_t now_us)
{
    struct session_login login = c->login;
    c->again = false;
    c->ended = false;
    if (c->was_in && login.kind == SESSION_LOGIN_TOKEN) { /* its end was not ours: go on */
        login.kind = SESSION_LOGIN_RESUME;
        login.chat_sequence = c->chat_sequence;
    }
    session_start(c->session, &login, now_us);
    OPENSSL_cleanse(&login, sizeof(login));
}

void connection_login(struct connection *c, const struct session_login *login, uint64_t now_us)
{
    c->login = *login;
    c->attempt = 0;
    c->was_in = false;
    c->chat_sequence = 0;
    if (login->kind == SESSION_LOGIN_TOKEN && !login->token[0]) {
        char server[SETTINGS_SERVER_MAX + 1];
        settings_join_server(login->host, login->port, server);
        if (settings_token_load(server, login->user, c->login.token) != 0)
            c->login.token[0] = '\0'; /* the server will say that it is not valid */
    }
    start(c, now_us);
}

void connection_again(struct connection *c, uint64_t now_us)
{
    start(c, now_us);
}

void connection_log_out(struct connection *c)
{
    session_log_out(c->session);
    forget_token(c);
    connection_leave(c);
}

void connection_leave(struct connection *c)
{
    session_stop(c->session);
    c->again = false;
    c->ended = true;
    set_world(c, NULL);
    OPENSSL_cleanse(&c->login, sizeof(c->login));
}

static void see_to_end(struct connection *c, uint64_t now_us)
{
    const struct session_end *end = session_end(c->session);
    c->ended = true;
    const struct prediction *prediction = c->world ? world_prediction(c->world) : NULL;
    log_event(LOG_LEVEL_INFO, "session_ended", end->text,
              LOG_TEXT("server", session_server(c->session)), LOG_U64("reason", end->reason),
              LOG_U64("corrections", prediction ? prediction->corrections : 0),
              LOG_U64("dropped", prediction ? prediction->dropped : 0));
    if (end->reason == PROTOCOL_REASON_TOKEN_REFUSED && c->login.kind == SESSION_LOGIN_TOKEN) {
        forget_token(c);
        c->login.token[0] = '\0';
        if (c->login.password[0]) {
            c->login.kind = SESSION_LOGIN_PASSWORD;
            start(c, now_us);
            return;
        }
    }
    /* By itself only back into a world one was in: a first try that fails is the player's to judge.
     */
    bool lost = end->kind == SESSION_END_LOST;
    if (!c->world || end->kind == SESSION_END_KEY_CHANGED || !reconnect_allowed(end->reason, lost))
        return;
    uint32_t random = 0;
    if (getrandom(&random, sizeof(random), GRND_NONBLOCK) < 0)
        random = (uint32_t)now_us;
    c->again = true;
    c->again_us =
        now_us + (uint64_t)reconnect_delay_ms(c->attempt++, end->retry_after_ms, random) * 1000;
}

enum session_state connection_pump(struct connection *c, uint64_t now_us)
{
    if (c->again && now_us >= c->again_us)
        start(c, now_us);
    enum session_state state = session_pump(c->session, now_us);
    if (state == SESSION_ENDED && !c->ended)
        see_to_end(c, now_us);
    if (connection_playing(c))
        c->attempt = 0;
    return session_state(c->session);
}

struct session *connection_session(struct connection *c)
{
    return c->session;
}

struct world *connection_world(struct connection *c)
{
    return c->world;
}

bool connection_playing(const struct connection *c)
{
    return session_state(c->session) == SESSION_PLAYING && c->world && world_ready(c->world);
}

int connection_countdown_s(const struct connection *c, uint64_t now_us)
{
    if (!c->again)
        return -1;
    return now_us >= c->again_us ? 0 : (int)((c->again_us - now_us + 999999) / 1000000);
}

static void send_move(void *context, const struct protocol_move *move)
{
    struct connection *c = context;
    /* -1: the session has noted its end, the next pump shows it. */
    if (session_move(c->session, move) != 0)
        return;
}

void connection_advance(struct connection *c, const struct movement_intent *intent,
                        uint64_t frame_us)
{
    if (!c->world || session_state(c->session) != SESSION_PLAYING)
        return;
    world_advance(c->world, intent, frame_us, send_move, c);
    struct protocol_who who;
    if (world_wanted(c->world, &who) > 0 && session_who(c->session, &who) != 0)
        return;
}
