/* protocol_tables.h -- the numbers of the game port: limits, message types, reasons. Once released
 * a number never changes its meaning. Included by protocol.h; any thread. */
#ifndef OPENMMO_COMMON_PROTOCOL_TABLES_H
#define OPENMMO_COMMON_PROTOCOL_TABLES_H

#define PROTOCOL_ALPN                   "openmmo/1"
#define PROTOCOL_VERSION_LOWEST         2
#define PROTOCOL_VERSION_HIGHEST        2
#define PROTOCOL_DEFAULT_PORT           7777
#define PROTOCOL_FRAME_HEADER           3     /* u16 length + u8 type */
#define PROTOCOL_FRAME_MAX              65537 /* with its length field */
#define PROTOCOL_FRAME_MAX_BEFORE_LOGIN 4096
#define PROTOCOL_WHO_MAX                64
#define PROTOCOL_NUMBERS                16384 /* of keys in view: 0..16383 */
#define PROTOCOL_TOKEN_MAX              1024
#define PROTOCOL_TEXT_MAX               500
#define PROTOCOL_EMAIL_MAX              254
#define PROTOCOL_CODE_MAX               64
#define PROTOCOL_SUBSTEPS_MAX           15 /* substeps that one MOVE may claim: a quarter of a second */

/* clang-format off */
/*        number, NAME,       struct / function word, from */
#define PROTOCOL_MESSAGES(ROW)                         \
    ROW(  1, HELLO,      hello,      CLIENT)           \
    ROW(  2, REGISTER,   register,   CLIENT)           \
    ROW(  3, AUTH,       auth,       CLIENT)           \
    ROW(  4, RESUME,     resume,     CLIENT)           \
    ROW(  5, MOVE,       move,       CLIENT)           \
    ROW(  6, CHAT,       chat,       CLIENT)           \
    ROW(  7, PING,       ping,       CLIENT)           \
    ROW(  8, WHO,        who,        CLIENT)           \
    ROW(  9, LEAVE,      leave,      CLIENT)           \
    ROW( 10, PASSWORD,   password,   CLIENT) /* a new one, of who plays */ \
    ROW( 11, REPORT,     report,     CLIENT) /* one player, by another */   \
    ROW( 65, GREETING,   greeting,   SERVER) /* the answer to HELLO */ \
    ROW( 66, WELCOME,    welcome,    SERVER)           \
    ROW( 67, BLOCKS,     blocks,     SERVER) /* cell blocks, see cellblock.h */ \
    ROW( 68, VIEW,       view,       SERVER)           \
    ROW( 69, SELF,       self,       SERVER)           \
    ROW( 70, CHAT_LINE,  chat_line,  SERVER)           \
    ROW( 71, NOTICE,     notice,     SERVER)           \
    ROW( 72, DISCONNECT, disconnect, SERVER)           \
    ROW( 73, PONG,       pong,       SERVER)           \
    ROW( 74, IDENTITY,   identity,   SERVER) /* the answer to WHO */ \
    ROW( 75, CLOCK,      clock,      SERVER) /* tick <-> wall clock, tempo */
/* clang-format on */
enum protocol_type {
#define ROW(number, NAME, word, from) PROTOCOL_##NAME = (number),
    PROTOCOL_MESSAGES(ROW)
#undef ROW
};

/* Why a session ends (DISCONNECT) or a request is refused (NOTICE). Numbers are stable. */
/* clang-format off */
#define PROTOCOL_REASONS(ROW)                                                       \
    ROW( 0, NONE,             "")                                                   \
    ROW( 1, VERSION,          "no common protocol version")                         \
    ROW( 2, MALFORMED,        "a message was malformed")                            \
    ROW( 3, TOO_SLOW,         "a message did not arrive in time")                   \
    ROW( 4, NOT_READING,      "the connection did not take what was sent")          \
    ROW( 5, LOGIN_FAILED,     "wrong name or password")                             \
    ROW( 6, TOKEN_REFUSED,    "the token is not valid any more: log in again")      \
    ROW( 7, NAME_TAKEN,       "that name is taken")                                 \
    ROW( 8, BAD_NAME,         "that name is not allowed")                           \
    ROW( 9, BAD_PASSWORD,     "that password is not allowed")                       \
    ROW(10, BUSY,             "the server is busy: try again in a moment")          \
    ROW(11, FULL,             "the server is full")                                 \
    ROW(12, RATE_LIMITED,     "too many requests: slow down")                       \
    ROW(13, REPLACED,         "the same account logged in from elsewhere")          \
    ROW(14, KICKED,           "an operator ended the session")                      \
    ROW(15, SHUTTING_DOWN,    "the server is stopping")                             \
    ROW(16, RESTARTING,       "the server is restarting")                           \
    ROW(17, STORE_AWAY,       "the database is not available: try again")           \
    ROW(18, REGISTRATION_CLOSED, "this server takes no registrations")              \
    ROW(19, CHAT_REFUSED,     "that text is not allowed")                           \
    ROW(20, NOT_LOGGED_IN,    "log in first")                                       \
    ROW(21, ALREADY_LOGGED_IN,"already logged in")                                  \
    ROW(22, UNSUPPORTED,      "this server does not support that")                  \
    ROW(23, INTERNAL,         "the server failed: the fault is ours")               \
    ROW(24, BAD_EMAIL,        "that e-mail address is not allowed")               \
    ROW(25, WAITING,          "waiting for a place in the world")                   \
    ROW(26, BANNED,           "you are banned")                                     \
    ROW(27, MUTED,            "you are muted")                                      \
    ROW(28, LEFT,             "you left")                                          \
    ROW(29, BAD_CODE,         "that code is not valid")                             \
    ROW(30, LOGGED_OUT,       "you logged out")                                     \
    ROW(31, MAINTENANCE,      "the server is under maintenance")                    \
    ROW(32, NOT_LISTED,       "this server takes only those on its list")  \
    ROW(33, SHOWN_LESS,       "those far away are shown less often for now")
/* clang-format on */
enum protocol_reason {
#define ROW(number, NAME, text) PROTOCOL_REASON_##NAME = (number),
    PROTOCOL_REASONS(ROW)
#undef ROW
};

enum protocol_auth_kind {
    PROTOCOL_AUTH_PASSWORD = 1,
    PROTOCOL_AUTH_TOKEN = 2,
    PROTOCOL_AUTH_GUEST = 3, /* by a name alone, where the server takes guests */
    PROTOCOL_AUTH_CODE = 4,  /* by an operator's one-time code, which sets a new password */
};

/* What GREETING says of ways in: bits. */
enum protocol_login {
    PROTOCOL_LOGIN_PASSWORD = 1,
    PROTOCOL_LOGIN_TOKEN = 2,
    PROTOCOL_LOGIN_REGISTER = 4,
    PROTOCOL_LOGIN_INVITE = 8, /* REGISTER takes an invitation's code */
    PROTOCOL_LOGIN_GUEST = 16,
    PROTOCOL_LOGIN_EMAIL = 32,    /* REGISTER needs an e-mail address */
    PROTOCOL_LOGIN_NO_EMAIL = 64, /* REGISTER takes none */
};

/* What GREETING says that this server takes besides: bits. A client sends nothing of what is not
 * among them. */
enum protocol_feature {
    PROTOCOL_FEATURE_REPORT = 1, /* REPORT */
};

enum protocol_channel { PROTOCOL_CHANNEL_NEARBY, PROTOCOL_CHANNEL_GLOBAL, PROTOCOL_CHANNEL_SERVER };
#define PROTOCOL_CHANNELS_N 3

/* What an account may do. By name: the words that the database, tokens and operators use. */
/* clang-format off */
#define PROTOCOL_ROLES(ROW)        \
    ROW(0, PLAYER,    "player")    \
    ROW(1, MODERATOR, "moderator") \
    ROW(2, ADMIN,     "admin")
/* clang-format on */
enum protocol_role {
#define ROW(number, NAME, name) PROTOCOL_ROLE_##NAME = (number),
    PROTOCOL_ROLES(ROW)
#undef ROW
};

#define PROTOCOL_LEVEL_MAX 3 /* 8 m */

#define PROTOCOL_TEMPO_MIN 100  /* thousandths: the world never runs slower */
#define PROTOCOL_TEMPO_MAX 1000 /* real time */

#endif
