/* routes.c -- what the HTTP face answers, row by row. */
#include "http/route.h"

#include "common/compiler.h"
#include "common/protocol.h"
#include "common/text.h"
#include "http/api.h"
#include "http/engineio.h"
#include "http/page.h"
#include "play/recent.h"

/* clang-format off */

/* -- queries ----------------------------------------------------------------------------------- */

#define CURSOR {"cursor", ROUTE_STRING, true, 1, 19, "Where the page begins, as a Link header says it."}

static const struct route_field PLAYERS_FIELDS[] = {
    {"limit", ROUTE_INTEGER, true, 1, PAGE_MAX, "At most so many; 100 if not given."}, CURSOR};
static const struct route_field SESSIONS_FIELDS[] = {
    {"limit", ROUTE_INTEGER, true, 1, PAGE_SESSIONS_MAX, "At most so many; 50 if not given."}, CURSOR};
static const struct route_field CHAT_FIELDS[] = {
    {"limit", ROUTE_INTEGER, true, 1, RECENT_LINES, "At most so many, the newest; 50 if not given."}, CURSOR};

static const struct route_schema PLAYERS_QUERY = {PLAYERS_FIELDS, ARRAY_N(PLAYERS_FIELDS), 400, NULL};
static const struct route_schema SESSIONS_QUERY = {SESSIONS_FIELDS, ARRAY_N(SESSIONS_FIELDS), 400, NULL};
static const struct route_schema CHAT_QUERY = {CHAT_FIELDS, ARRAY_N(CHAT_FIELDS), 400, NULL};

/* -- bodies ------------------------------------------------------------------------------------ */

#define COORDINATE_MAX 1e9 /* how large the world is, presence knows */
#define COORDINATE(name) {name, ROUTE_NUMBER, false, -COORDINATE_MAX, COORDINATE_MAX, "Metres; y is up."}

static const struct route_field POSITION_FIELDS[] = {COORDINATE("x"), COORDINATE("y"), COORDINATE("z")};
static const struct route_field REGISTER_FIELDS[] = {
    {"username", ROUTE_STRING, false, 0, TEXT_NAME_MAX_BYTES,     "3 to 50 characters."},
    {"email",    ROUTE_STRING, true,  0, PROTOCOL_EMAIL_MAX,      "Where the server keeps e-mail addresses."},
    {"password", ROUTE_STRING, false, 0, TEXT_PASSWORD_MAX_BYTES, "8 bytes or more."},
    {"code",     ROUTE_STRING, true,  0, PROTOCOL_CODE_MAX,       "Of an invitation, where one is needed."}};
static const struct route_field LOGIN_FIELDS[] = {
    {"username", ROUTE_STRING, false, 0, TEXT_NAME_MAX_BYTES,     NULL},
    {"password", ROUTE_STRING, false, 0, TEXT_PASSWORD_MAX_BYTES, NULL}};
static const struct route_field REFRESH_FIELDS[] = {
    {"refresh_token", ROUTE_STRING, false, 0, PROTOCOL_TOKEN_MAX, "Good for one use."}};
static const struct route_field LOGOUT_FIELDS[] = {
    {"refresh_token", ROUTE_STRING, true, 0, PROTOCOL_TOKEN_MAX,
     "Of the login that ends; without it the access token says which."}};

static const struct route_field REPORT_FIELDS[] = {
    {"username", ROUTE_STRING, false, 1, TEXT_NAME_MAX_BYTES, "Of the player it is about."},
    {"message",  ROUTE_STRING, false, 1, PROTOCOL_TEXT_MAX,   "What he did, in words."}};

static const struct route_schema POSITION = {POSITION_FIELDS, ARRAY_N(POSITION_FIELDS), 400, "Invalid position data"};
static const struct route_schema REGISTER = {REGISTER_FIELDS, ARRAY_N(REGISTER_FIELDS), 422, NULL};
static const struct route_schema LOGIN = {LOGIN_FIELDS, ARRAY_N(LOGIN_FIELDS), 422, NULL};
static const struct route_schema REFRESH = {REFRESH_FIELDS, ARRAY_N(REFRESH_FIELDS), 422, NULL};
static const struct route_schema LOGOUT = {LOGOUT_FIELDS, ARRAY_N(LOGOUT_FIELDS), 422, NULL};
static const struct route_schema REPORT = {REPORT_FIELDS, ARRAY_N(REPORT_FIELDS), 422, NULL};

/* -- answers ----------------------------------------------------------------------------------- */

#define REPLIES static const struct route_reply
#define END     {0, NULL, NULL}
#define NO_PLAYER   {404, "There is no such player", NULL}
#define NO_POSITION {404, "Nobody knows where that player is", NULL}

REPLIES HEALTH[] = {{200, "It does", "Health"}, END};
REPLIES UPTIME[] = {{200, "It does", "Uptime"}, END};
REPLIES LIVE[] = {{200, "It does", NULL}, {503, "It stands still", NULL}, END};
REPLIES READY[] = {{200, "They can", NULL}, {503, "Not now", NULL}, END};
REPLIES PLAYERS[] = {{200, "A page of them, by id; Link leads to the next", "[Player]"}, END};
REPLIES PLAYER[] = {{200, "The account", "Player"}, NO_PLAYER, END};
REPLIES PLACE[] = {{200, "Where it is now, or was saved last", "Position"}, NO_POSITION, END};
REPLIES PUT[] = {{200, "It was done", "Done"}, {403, "That is another player's, and you are no administrator", NULL},
                 NO_PLAYER, END};
REPLIES STATS[] = {{200, "How many", "Stats"}, END};
REPLIES REGISTERED[] = {{201, "The account is made, and logged in", "Tokens"}, {409, "The name or the e-mail address is taken", NULL},
                        {403, "This server takes no registrations, or only those on a list, or you are banned", NULL}, END};
REPLIES LOGGED_IN[] = {{200, "Logged in", "Tokens"}, {401, "Wrong name or password", NULL},
                       {403, "Banned, or not listed where only those on a list may in", NULL}, END};
REPLIES REFRESHED[] = {{200, "The next pair of tokens", "Tokens"}, {401, "The token is not good any more: log in again", NULL},
                       {403, "Banned, or listed no longer where only those on a list may in", NULL}, END};
REPLIES LOGGED_OUT[] = {{204, "It is over", NULL}, {401, "No token, or none that is good", NULL}, END};
REPLIES SESSIONS[] = {{200, "One's own, newest first; Link leads to older ones", "[Session]"}, END};
REPLIES CHAT[] = {{200, "The newest lines, oldest first; Link leads to older ones", "[ChatLine]"}, END};
REPLIES REPORTED[] = {{201, "The moderators see it", "Reported"}, {404, "There is nobody by that name", NULL},
                      {403, "This server takes no reports", NULL}, END};
REPLIES OPENAPI[] = {{200, "This description", NULL}, END};

/* -- routes ------------------------------------------------------------------------------------ */

#define IO      ROUTE_ON_IO
#define CONTROL ROUTE_ON_CONTROL

const struct route routes[] = {
    {HTTP_GET, "/health", IO, ROUTE_PUBLIC, ROUTE_RATE_CHEAP, api_health,
     "Whether the server answers", NULL, NULL, HEALTH},
    {HTTP_GET, "/api/health", IO, ROUTE_PUBLIC, ROUTE_RATE_CHEAP, api_health_uptime,
     "Whether the server answers, and since when it runs", NULL, NULL, UPTIME},
    {HTTP_GET, "/livez", IO, ROUTE_PUBLIC, ROUTE_RATE_CHEAP, api_live,
     "Whether the world ticks: 503 asks for a restart", NULL, NULL, LIVE},
    {HTTP_GET, "/readyz", IO, ROUTE_PUBLIC, ROUTE_RATE_CHEAP, api_ready,
     "Whether players can come: 503 says not now", NULL, NULL, READY},
    {HTTP_GET, "/metrics", CONTROL, ROUTE_PUBLIC, ROUTE_RATE_READ, api_metrics, NULL, NULL, NULL, NULL},
    {HTTP_GET, "/api/openapi.json", IO, ROUTE_PUBLIC, ROUTE_RATE_READ, api_openapi,
     "This description", NULL, NULL, OPENAPI},

    {HTTP_GET, "/api/players", CONTROL, ROUTE_PUBLIC, ROUTE_RATE_READ, api_players,
     "All accounts, by id", NULL, &PLAYERS_QUERY, PLAYERS},
    {HTTP_GET, "/api/players/:id", CONTROL, ROUTE_PUBLIC, ROUTE_RATE_READ, api_player,
     "One account", NULL, NULL, PLAYER},
    {HTTP_GET, "/api/players/:id/position", CONTROL, ROUTE_PUBLIC, ROUTE_RATE_READ, api_position,
     "Where a player is, or was when he left", NULL, NULL, PLACE},
    {HTTP_POST, "/api/players/:id/position", CONTROL, ROUTE_PLAYER, ROUTE_RATE_WRITE, api_put_position,
     "Put oneself elsewhere; administrators, anybody", &POSITION, NULL, PUT},
    {HTTP_GET, "/api/stats", CONTROL, ROUTE_PUBLIC, ROUTE_RATE_READ, api_stats,
     "How many accounts there are, and how many play", NULL, NULL, STATS},

    {HTTP_POST, "/api/auth/register", CONTROL, ROUTE_PUBLIC, ROUTE_RATE_LOGIN, api_register,
     "Make an account", &REGISTER, NULL, REGISTERED},
    {HTTP_POST, "/api/auth/login", CONTROL, ROUTE_PUBLIC, ROUTE_RATE_LOGIN, api_login,
     "Log in by name and password", &LOGIN, NULL, LOGGED_IN},
    {HTTP_POST, "/api/auth/refresh", CONTROL, ROUTE_PUBLIC, ROUTE_RATE_LOGIN, api_refresh,
     "Stay logged in: change a refresh token into the next pair", &REFRESH, NULL, REFRESHED},
    {HTTP_POST, "/api/auth/logout", CONTROL, ROUTE_PUBLIC, ROUTE_RATE_LOGIN, api_logout,
     "Log out", &LOGOUT, NULL, LOGGED_OUT},

    {HTTP_GET, "/api/sessions", CONTROL, ROUTE_PLAYER, ROUTE_RATE_READ, api_sessions,
     "When one was here", NULL, &SESSIONS_QUERY, SESSIONS},
    {HTTP_GET, "/api/chat/recent", CONTROL, ROUTE_PLAYER, ROUTE_RATE_READ, api_chat_recent,
     "What was said to all lately", NULL, &CHAT_QUERY, CHAT},
    {HTTP_POST, "/api/reports", CONTROL, ROUTE_PLAYER, ROUTE_RATE_WRITE, api_report,
     "Tell the moderators what another player did", &REPORT, NULL, REPORTED},
    /* Engine.IO answers for every method itself. */
    {HTTP_GET, "/socket.io", IO, ROUTE_PUBLIC, ROUTE_RATE_CHEAP, engineio_run, NULL, NULL, NULL, NULL},
    {HTTP_POST, "/socket.io", IO, ROUTE_PUBLIC, ROUTE_RATE_CHEAP, engineio_run, NULL, NULL, NULL, NULL},
    {HTTP_PUT, "/socket.io", IO, ROUTE_PUBLIC, ROUTE_RATE_CHEAP, engineio_run, NULL, NULL, NULL, NULL},
    {HTTP_DELETE, "/socket.io", IO, ROUTE_PUBLIC, ROUTE_RATE_CHEAP, engineio_run, NULL, NULL, NULL, NULL},
    {HTTP_PATCH, "/socket.io", IO, ROUTE_PUBLIC, ROUTE_RATE_CHEAP, engineio_run, NULL, NULL, NULL, NULL},
};
/* clang-format on */

const unsigned routes_n = ARRAY_N(routes);
