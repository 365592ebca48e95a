/* protocol.h -- the messages of the game port; doc/protocol.md is the same for strangers.
 *
 * A frame is u16 length (of what follows, 1..65535), u8 type, body; all little-endian. Each message
 * is one row of PROTOCOL_MESSAGES and one struct with one encode and one decode function. Texts in
 * decoded structs are borrowed from the frame. Pure; any thread. */
#ifndef OPENMMO_COMMON_PROTOCOL_H
#define OPENMMO_COMMON_PROTOCOL_H

#include <stdint.h>

#include "common/compiler.h"
#include "common/protocol_tables.h"
#include "common/space.h"
#include "common/wire.h"

/* A cell's key, as VIEW names it once; blocks name it by its number there, and add the part. */
struct protocol_key {
    uint16_t source; /* server; 0 alone */
    uint8_t layer;   /* 0 public */
    uint8_t level;   /* 0: 64 m; each level halves the edge; 0..PROTOCOL_LEVEL_MAX */
    int32_t x, z;    /* cell index at that level */
};

struct protocol_hello {
    uint16_t lowest, highest;
    uint32_t features;        /* none yet: 0; unknown bits are ignored */
    struct wire_text program; /* <= 64 bytes: "openmmo-client 0.1.0" */
};

struct protocol_register {
    struct wire_text username, email /* may be empty */, password;
    struct wire_text code; /* of an invitation; may be empty */
};

struct protocol_auth {
    uint8_t kind;                        /* enum protocol_auth_kind */
    struct wire_text username, password; /* PASSWORD; GUEST: the name; CODE: the new password */
    struct wire_text token;              /* TOKEN */
    struct wire_text code;               /* CODE */
};

struct protocol_resume {
    struct wire_text token;
    uint64_t chat_sequence; /* of the last line that was heard; 0: none */
};

struct protocol_leave { /* on purpose: the figure does not wait for one's return */
    bool log_out;       /* and what was handed out since the login opens nothing any more */
};

struct protocol_move {
    uint32_t seq; /* rises by one a message, from 1 */
    uint16_t heading, yaw;
    uint8_t flags;    /* MOVEMENT_* */
    uint8_t substeps; /* 1..PROTOCOL_SUBSTEPS_MAX of 1/60 s */
};

struct protocol_chat {
    uint8_t channel; /* NEARBY or GLOBAL */
    struct wire_text text;
};

struct protocol_ping {
    uint64_t cookie; /* comes back in PONG */
};

struct protocol_who {
    uint8_t ids_n; /* 1..64 */
    uint64_t ids[PROTOCOL_WHO_MAX];
};

struct protocol_password {
    struct wire_text password, now; /* as it is, and as it shall be */
};

struct protocol_report {
    struct wire_text name, words; /* of whom, and what he did */
};

struct protocol_greeting {
    uint16_t version;  /* chosen: the highest that both know */
    uint32_t features; /* enum protocol_feature; unknown bits are ignored */
    uint32_t players, players_max;
    uint8_t logins;              /* of enum protocol_login; unknown bits are ignored */
    struct wire_text name, motd; /* <= 100, <= 500 bytes */
};

struct protocol_welcome {
    uint64_t entity;
    uint32_t tick;
    uint64_t wall_ms; /* Unix time of that tick */
    uint8_t tick_hz;
    uint16_t view_m; /* how far cells are sent */
    uint32_t world_seed, world_size_m;
    const uint8_t *world_hash;        /* 32 bytes, borrowed */
    uint32_t epoch;                   /* rises at each start of the server */
    struct wire_text username, token; /* token: empty for a guest */
    uint8_t role;                     /* enum protocol_role; one not known is a player's */
};

struct protocol_blocks {
    uint32_t to;          /* the tick up to which all of them tell */
    const uint8_t *bytes; /* one or more: protocol_number, then cellblock_parse */
    size_t len_bytes;
};

/* A key that is in view from now on, and the number that stands for it while it is. */
struct protocol_gain {
    struct protocol_key key;
    uint16_t number; /* 0..PROTOCOL_NUMBERS - 1, another than those of all others in view */
};

struct protocol_view {
    /* They follow: gained, read with protocol_view_gain; then lost, with protocol_number. */
    uint16_t gained_n, lost_n;
    struct wire_reader keys;
};

struct protocol_self {
    uint32_t tick, seq; /* seq: the last MOVE wholly applied */
    struct space_pos pos;
    int32_t velocity_y;
    uint16_t yaw;
    uint8_t airborne;
    uint8_t dropped;   /* substeps given up since the last SELF (saturates) */
    uint8_t ahead;     /* substeps of the MOVE after seq that pos holds already: 0..14 */
    uint8_t teleports; /* how often the figure was put elsewhere, modulo 256 */
};

struct protocol_chat_line {
    uint64_t sequence; /* rises by one a line in the world */
    uint64_t wall_ms;
    uint64_t entity; /* 0: the server */
    uint8_t channel;
    struct wire_text name, text;
};

struct protocol_notice {
    uint8_t reason; /* enum protocol_reason, NONE: a word; one not known is shown by its text */
    uint32_t retry_after_ms;
    struct wire_text text;
};

struct protocol_disconnect {
    uint8_t reason;
    uint32_t retry_after_ms; /* 0: do not reconnect by yourself */
    struct wire_text text;
};

struct protocol_pong {
    uint64_t cookie;
    uint32_t tick;
    uint64_t wall_ms;
};

struct protocol_identity_row {
    uint64_t id;
    uint8_t version; /* of name and looks; blocks carry it */
    uint32_t looks;  /* colours and shape, a hash of the account */
    struct wire_text name;
};

struct protocol_identity {
    uint8_t rows_n;
    struct protocol_identity_row rows[PROTOCOL_WHO_MAX];
};

struct protocol_clock {
    uint32_t tick;
    uint64_t wall_ms; /* Unix time of that tick */
    uint16_t tempo;   /* world time per real time from then on, in thousandths: 100..1000 */
};

/* Frames. MORE: wait for more bytes; BAD: close. */
enum protocol_result { PROTOCOL_OK, PROTOCOL_MORE, PROTOCOL_BAD };
struct protocol_frame {
    uint8_t type;
    const uint8_t *body;
    size_t body_bytes;
    size_t frame_bytes; /* whole frame: how much to consume */
};

/* Look for one frame at the front of bytes. max_bytes: the limit on frame_bytes; a longer one is
 * BAD at once, before its bytes came. */
enum protocol_result protocol_frame_parse(const uint8_t *bytes, size_t len_bytes, size_t max_bytes,
                                          struct protocol_frame *frame) MUST_CHECK;

/* Decode a body. OK or BAD (never MORE); *message is written only if OK. All ranges named above are
 * checked: texts by length (not by content), counts, enums, flags. */
#define ROW(number, NAME, word, from)                                                              \
    enum protocol_result protocol_decode_##word(const uint8_t *body, size_t body_bytes,            \
                                                struct protocol_##word *message) MUST_CHECK;
PROTOCOL_MESSAGES(ROW)
#undef ROW

/* Append one whole frame to w: protocol_encode_hello(w, m) and so on. An error (no room, a text or
 * count over its limit) is sticky and takes the frame back whole: check w->bad. */
/* clang-format off */
#define ENCODE(word) void protocol_encode_##word(struct wire_writer *w, const struct protocol_##word *m)
ENCODE(hello); ENCODE(register); ENCODE(auth); ENCODE(resume); ENCODE(move); ENCODE(chat); ENCODE(ping); ENCODE(who);
ENCODE(leave); ENCODE(password); ENCODE(report);
ENCODE(greeting); ENCODE(welcome); ENCODE(blocks); ENCODE(self); ENCODE(chat_line); ENCODE(notice); ENCODE(disconnect);
ENCODE(pong); ENCODE(identity); ENCODE(clock);
#undef ENCODE
/* clang-format on */
/* VIEW's keys and numbers come as arrays (NULL where there are none). */
void protocol_encode_view(struct wire_writer *w, const struct protocol_gain *gained,
                          uint16_t gained_n, const uint16_t *lost, uint16_t lost_n);

/* The next key that a decoded VIEW gains (its count was checked). The reader turns bad if the level
 * is none, the cell beyond any position, or the number too high. */
struct protocol_gain protocol_view_gain(struct wire_reader *keys);
/* The number of a key that VIEW loses, or whose block follows. As above. */
uint16_t protocol_number(struct wire_reader *reader);
/* Append a number below PROTOCOL_NUMBERS: 1 byte below 128, else 2. */
void protocol_put_number(struct wire_writer *w, uint16_t number);

/* Constant names: "MOVE", "KICKED", a reason's default sentence; NULL for numbers that are none. */
const char *protocol_type_name(unsigned type);
const char *protocol_reason_name(unsigned reason); /* "KICKED" */
const char *protocol_reason_text(unsigned reason); /* its default sentence */
const char *protocol_role_name(unsigned role);     /* "player" */
/* The role of that name; what is none is a PLAYER. */
enum protocol_role protocol_role_of(const char *name);

#endif
