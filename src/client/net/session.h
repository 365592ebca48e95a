/* session.h -- one try at a server, from the first packet to the last: connect, certificate, hello,
 * login, playing.
 *
 *   IDLE -> CONNECTING -> SECURING -> GREETING -> LOGGING_IN -> PLAYING -> ENDED
 *
 * Owns the link. Checks the server's key against the known-servers file, measures the round trip
 * and the server's clock, and hands messages of the world on. Knows nothing of pictures. Time is
 * passed in (monotonic us). One thread. */
#ifndef OPENMMO_CLIENT_SESSION_H
#define OPENMMO_CLIENT_SESSION_H

#include <stdbool.h>
#include <stdint.h>

#include "common/compiler.h"
#include "common/error.h"
#include "common/link.h"
#include "common/protocol.h"
#include "common/text.h"
#include "settings.h"

enum session_state {
    SESSION_IDLE,
    SESSION_CONNECTING,
    SESSION_SECURING,
    SESSION_GREETING,
    SESSION_LOGGING_IN,
    SESSION_PLAYING,
    SESSION_ENDED,
};

enum session_end_kind {
    SESSION_END_NONE,
    SESSION_END_LOST,        /* could not connect, or the connection broke */
    SESSION_END_REFUSED,     /* the login was refused: reason says why */
    SESSION_END_SERVER,      /* the server ended it: reason says why */
    SESSION_END_KEY_CHANGED, /* another key than the one on file */
};

struct session_end {
    enum session_end_kind kind;
    uint8_t reason; /* enum protocol_reason */
    bool was_playing;
    uint32_t retry_after_ms;
    uint8_t pin_known[LINK_PIN_BYTES], pin_offered[LINK_PIN_BYTES]; /* KEY_CHANGED */
    char text[640]; /* the whole sentence for the player, sanitised */
};

enum session_login_kind {
    SESSION_LOGIN_PASSWORD,
    SESSION_LOGIN_TOKEN,
    SESSION_LOGIN_REGISTER,
    SESSION_LOGIN_CODE,   /* by a code (invite), which sets the password */
    SESSION_LOGIN_GUEST,  /* by a name alone, without an account */
    SESSION_LOGIN_RESUME, /* by token, into the world that one was in */
};

struct session_login {
    enum session_login_kind kind;
    char host[SETTINGS_HOST_MAX + 1];
    uint16_t port;
    char user[TEXT_NAME_MAX_BYTES + 1];
    char email[PROTOCOL_EMAIL_MAX + 1]; /* REGISTER; may be empty */
    char invite[PROTOCOL_CODE_MAX + 1]; /* the same; CODE */
    char password[TEXT_PASSWORD_MAX_BYTES + 1];
    char token[PROTOCOL_TOKEN_MAX + 1]; /* TOKEN, RESUME */
    uint64_t chat_sequence;             /* RESUME: of the last line heard; 0: none */
};

/* Each may be NULL. Texts are borrowed for the call. Must not free the session. */
struct session_handlers {
    /* PLAYING began. false + error: this client cannot enter (the session ends with that sentence).
     */
    bool (*welcome)(void *context, const struct protocol_welcome *welcome, struct error *error);
    /* BLOCKS, VIEW, SELF, IDENTITY and CLOCK. false: malformed, the session ends. */
    bool (*world)(void *context, const struct protocol_frame *frame, uint64_t now_us);
    void (*chat)(void *context, const struct protocol_chat_line *line);
    void (*notice)(void *context, const struct protocol_notice *notice); /* while playing */
    void *context;
};

struct session;

/* pins_path: the known-servers file, NULL: trust any key (tests). Copies it. NULL + error. */
struct session *session_new(const struct session_handlers *handlers, const char *pins_path,
                            struct error *error);
void session_free(struct session *session); /* NULL is fine */

/* Begin a try; ends a running one first. The password is wiped from the session once it was sent.
 * Never fails at once: what is wrong shows as ENDED. */
void session_start(struct session *session, const struct session_login *login, uint64_t now_us);
/* Leave on purpose (the server is told, the figure goes): back to IDLE, no end is recorded. */
void session_stop(struct session *session);
/* The same, and the tokens of this login end. */
void session_log_out(struct session *session);
/* Do what can be done now: read, write, time out, ping. Returns the state. */
enum session_state session_pump(struct session *session, uint64_t now_us);

/* Where it stands. */
enum session_state session_state(const struct session *session);
const struct session_end *session_end(const struct session *session); /* kind NONE unless ENDED */
/* "connecting", "checking the certificate", "You are number 3 of 12 waiting." ... for a person;
 * valid until the next pump. */
const char *session_stage(const struct session *session);
bool session_waits(const struct session *session);            /* for a place: the login was good */
int session_fd(const struct session *session, short *events); /* to poll; -1: none */

/* Send while PLAYING. -1: not playing, or the connection took nothing for so long that it is given
 * up. */
int session_move(struct session *session, const struct protocol_move *move) MUST_CHECK;
/* 1..PROTOCOL_TEXT_MAX bytes; -1 also beyond that. */
int session_chat(struct session *session, enum protocol_channel channel,
                 const char *text) MUST_CHECK;
/* GREETING said that it does. */
bool session_takes_reports(const struct session *session);
/* Tell the moderators of another player; NOTICE says what came of it. Texts are copied. */
int session_report(struct session *session, const char *name, const char *words) MUST_CHECK;
/* A new password; NOTICE says what came of it. Texts are copied. */
int session_password(struct session *session, const char *now, const char *fresh) MUST_CHECK;
/* Ask who these are; IDENTITY answers. 0; -1: not connected, or too much waits. */
int session_who(struct session *session, const struct protocol_who *who) MUST_CHECK;

/* "host:port" of the running or last try, as in known-servers. */
const char *session_server(const struct session *session);
/* What the server said of itself; empty before GREETING. */
const char *session_server_name(const struct session *session);
/* Accept the changed key that the last try met. 0, or -1 + error. */
int session_accept_key(struct session *session, struct error *error) MUST_CHECK;

uint32_t session_rtt_us(const struct session *session); /* smoothed; 0: not measured */
/* The server's tick now, as the client reckons it; fractions are the time within the tick. 0 before
 * WELCOME. */
double session_tick(const struct session *session, uint64_t now_us);
/* Bytes of frames received in this try. */
uint64_t session_bytes_in(const struct session *session);

#endif
