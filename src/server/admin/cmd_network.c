/* cmd_network.c -- who comes from where: addresses with what they do, who is held back and why, the
 * lock of the login throttle, traffic by class. */
#include <stdlib.h>
#include <string.h>

#include "accounts/accounts.h"
#include "accounts/bans.h"
#include "accounts/throttle.h"
#include "accounts/whence.h"
#include "admin/lately.h"
#include "admin/pick.h"
#include "admin/standing.h"
#include "admin/who.h"
#include "common/clock.h"
#include "net/network.h"
#include "ops/traffic.h"

#define LIMIT_DEFAULT  100
#define LIMIT_MAX      500
#define SESSIONS_SHOWN 100
#define ACCOUNTS_SHOWN 100
#define LOCKS_MAX      LIMIT_MAX

/* -- addresses --------------------------------------------------------------------------------- */

/* clang-format off */
#define SORTS_BY(ROW) \
    ROW(trouble, tally_trouble(row)) ROW(connections, row->gauges[TALLY_OPEN]) \
    ROW(before_login, row->gauges[TALLY_BEFORE_LOGIN]) ROW(players, row->gauges[TALLY_PLAYERS]) \
    ROW(new, row->new_milli) ROW(failures, row->counts[TALLY_LOGIN_FAILED]) \
    ROW(limited, row->counts[TALLY_LIMITED] + row->counts[TALLY_LOGIN_LIMITED]) \
    ROW(refused, row->counts[TALLY_REFUSED] + row->counts[TALLY_BANNED]) \
    ROW(handshakes, row->counts[TALLY_UNSHAKEN]) ROW(in, row->counts[TALLY_BYTES_IN]) \
    ROW(out, row->counts[TALLY_BYTES_OUT]) ROW(seen, row->last_ms)

#define NUMBER(word, key) SORT_##word,
#define WORD(word, key)   #word,
#define KEY(word, key)    case SORT_##word: return key;
enum sort { SORTS_BY(NUMBER) };
static const char *const SORTS[] = {SORTS_BY(WORD) NULL};

static uint64_t key_of(const struct tally_row *row, enum sort sort)
{
    switch (sort) {
    SORTS_BY(KEY)
    }
    return 0;
}
/* clang-format on */

struct gathering {
    struct pick pick;
    enum sort sort;
    bool ascending;
    const char *filter; /* a part of the address's text; NULL: all */
    uint64_t known, matched;
};

static void gather(void *context, const struct tally_row *row)
{
    struct gathering *gathering = context;
    uint64_t key = key_of(row, gathering->sort);
    char text[NETWORK_TEXT_MAX];

    gathering->known++;
    if (gathering->filter != NULL) {
        network_text(&row->network, text);
        if (strstr(text, gathering->filter) == NULL)
            return;
    }
    gathering->matched++;
    pick_add(&gathering->pick, gathering->ascending ? ~key : key, row);
}

/* A time of the steady clock as Unix time. */
static json_int_t wall_of(uint64_t then_ms, uint64_t now_ms)
{
    return (json_int_t)(clock_wall_ms() - (now_ms > then_ms ? now_ms - then_ms : 0));
}

/* Bans, why they are and whose accounts are locked: as bans.list, for moderators. */
static bool sees_bans(const struct method_call *call)
{
    return call->peer.role >= ROLE_MODERATOR;
}

static json_t *standing_json(const struct method_call *call, const struct standing *standing)
{
    bool hidden = standing->state == STANDING_BANNED && !sees_bans(call);
    json_t *json = json_pack("{s:s, s:o, s:s}", "state", standing_word(standing->state), "until_ms",
                             method_time_json(standing->until_ms), "why",
                             hidden ? "moderators are told" : standing->why);

    if (standing->ban != 0 && !hidden)
        json_object_set_new(json, "ban", method_id_json(standing->ban));
    return json;
}

static json_t *row_json(const struct method_call *call, const struct tally_row *row,
                        uint64_t now_ms)
{
    static const struct {
        const char *name;
        enum tally_count count;
    } COUNTS[] = {{"accepted", TALLY_ACCEPTED},
                  {"refused", TALLY_REFUSED},
                  {"banned", TALLY_BANNED},
                  {"handshakes_failed", TALLY_UNSHAKEN},
                  {"login_failures", TALLY_LOGIN_FAILED},
                  {"logins_limited", TALLY_LOGIN_LIMITED},
                  {"limited", TALLY_LIMITED},
                  {"in", TALLY_BYTES_IN},
                  {"out", TALLY_BYTES_OUT}};
    struct standing standing;
    char text[NETWORK_TEXT_MAX];
    json_t *json;

    network_text(&row->network, text);
    standing_of(call->desk, row, now_ms, &standing);
    json =
        json_pack("{s:s, s:I, s:I, s:I, s:f, s:I, s:I, s:I}", "network", text, "connections",
                  (json_int_t)row->gauges[TALLY_OPEN], "before_login",
                  (json_int_t)row->gauges[TALLY_BEFORE_LOGIN], "players",
                  (json_int_t)row->gauges[TALLY_PLAYERS], "new_per_s",
                  (double)row->new_milli / 1000, "hits", (json_int_t)tally_trouble(row), "first_ms",
                  wall_of(row->first_ms, now_ms), "seen_ms", wall_of(row->last_ms, now_ms));
    for (unsigned i = 0; i < ARRAY_N(COUNTS); i++)
        json_object_set_new(json, COUNTS[i].name,
                            json_integer((json_int_t)row->counts[COUNTS[i].count]));
    json_object_update_new(json, standing_json(call, &standing));
    return json;
}

static json_t *addresses_json(const struct method_call *call, uint64_t now_ms)
{
    struct tally *tally = call->desk->config->tally;
    struct gathering gathering = {.sort = (enum sort)method_word(call, "sort", SORT_trouble),
                                  .ascending = !method_boolean(call, "descending", true),
                                  .filter = method_text(call, "filter", NULL)};
    json_t *list;

    if (pick_init(&gathering.pick, (size_t)method_integer(call, "limit", LIMIT_DEFAULT)) != 0)
        return NULL;
    list = json_array();
    tally_each(tally, now_ms, gather, &gathering);
    pick_sort(&gathering.pick);
    for (size_t i = 0; i < gathering.pick.n; i++)
        json_array_append_new(list, row_json(call, &gathering.pick.rows[i].row, now_ms));
    free(gathering.pick.rows);
    return json_pack("{s:I, s:I, s:I, s:o}", "known", (json_int_t)gathering.known, "matched",
                     (json_int_t)gathering.matched, "untold", (json_int_t)tally_untold(tally),
                     "addresses", list);
}

/* To look through all addresses is dear where there are many: who asks the same at once is told the
 * same. */
static void answer_lately(struct method_call *call,
                          json_t *(*make)(const struct method_call *call, uint64_t now_ms))
{
    struct lately *lately = call->desk->lately;
    uint64_t now_ms = clock_steady_ms();
    json_t *answer = lately_find(lately, call, now_ms);

    if (answer == NULL) {
        answer = make(call, now_ms);
        lately_keep(lately, call, answer, now_ms);
    }
    if (answer != NULL)
        method_done(call, answer);
    else
        method_fail(call, "out of memory");
}

static void run_addresses(struct method_call *call)
{
    answer_lately(call, addresses_json);
}

/* -- who is held back -------------------------------------------------------------------------- */

struct blocking {
    const struct method_desk *desk;
    struct pick pick;
    uint64_t now_ms, matched;
    json_t *accounts;
};

/* Whoever gave no trouble is held back by nobody, but for one who was banned before he came again:
 * he is seen when he does. */
static void gather_blocked(void *context, const struct tally_row *row)
{
    struct blocking *blocking = context;
    struct standing standing;

    if (tally_trouble(row) == 0)
        return;
    standing_of(blocking->desk, row, blocking->now_ms, &standing);
    if (standing.state >= STANDING_EXEMPT)
        return;
    blocking->matched++;
    pick_add(&blocking->pick, tally_trouble(row), row);
}

static bool gather_lock(void *context, const struct throttle_lock *lock)
{
    struct blocking *blocking = context;

    if (lock->network != NULL)
        return true; /* among the addresses */
    json_array_append_new(
        blocking->accounts,
        json_pack("{s:s?, s:o, s:I, s:b, s:I}", "player", lock->username, "id",
                  lock->player != 0 ? method_id_json(lock->player) : json_null(), "failures",
                  (json_int_t)lock->failures, "at_home", (int)lock->known, "until_ms",
                  (json_int_t)(clock_wall_ms() + (lock->until_ms - blocking->now_ms))));
    return json_array_size(blocking->accounts) < LOCKS_MAX;
}

static json_t *blocked_json(const struct method_call *call, uint64_t now_ms)
{
    const struct admin_config *config = call->desk->config;
    struct blocking blocking = {.desk = call->desk, .now_ms = now_ms};
    json_t *list;

    if (pick_init(&blocking.pick, (size_t)method_integer(call, "limit", LIMIT_DEFAULT)) != 0)
        return NULL;
    list = json_array();
    blocking.accounts = json_array();
    tally_each(config->tally, now_ms, gather_blocked, &blocking);
    if (config->accounts != NULL && sees_bans(call))
        throttle_locks(accounts_throttle(config->accounts), now_ms, gather_lock, &blocking);
    pick_sort(&blocking.pick);
    for (size_t i = 0; i < blocking.pick.n; i++)
        json_array_append_new(list, row_json(call, &blocking.pick.rows[i].row, now_ms));
    free(blocking.pick.rows);
    return json_pack("{s:I, s:o, s:o, s:I}", "matched", (json_int_t)blocking.matched, "addresses",
                     list, "accounts", blocking.accounts, "bans",
                     (json_int_t)(config->bans ? bans_n(config->bans) : 0));
}

static void run_blocked(struct method_call *call)
{
    answer_lately(call, blocked_json);
}

/* -- one network ------------------------------------------------------------------------------- */

/* False: the call is over. */
static bool take_network(struct method_call *call, struct network *network)
{
    struct error error = {""};

    if (network_parse(method_text(call, "network", ""), network, &error) != 0) {
        method_misused(call, "network: %s", error.text);
        return false;
    }
    network_mask(network);
    return true;
}

struct showing {
    const struct network *network;
    uint64_t now_ms;
    const struct method_desk *desk;
    uint64_t connections, players, addresses, trouble;
    unsigned sessions;
    json_t *rows; /* the sessions, by id for their names */
    json_t *list;
};

static void show_session(void *context, const struct sessions_peer *peer)
{
    struct showing *showing = context;
    char id[24];
    json_t *row;

    showing->sessions++;
    if (json_array_size(showing->list) >= SESSIONS_SHOWN)
        return;
    snprintf(id, sizeof(id), "%llu", (unsigned long long)peer->session);
    row = json_pack("{s:s, s:n, s:s, s:s, s:b, s:I, s:I, s:I, s:I}", "session", id, "name", "kind",
                    peer->web ? "web" : "native", "address", peer->figures.address, "logged_in",
                    (int)peer->logged_in, "opened_ms", (json_int_t)peer->figures.opened_ms, "in",
                    (json_int_t)peer->figures.bytes_in, "out", (json_int_t)peer->figures.bytes_out,
                    "rtt_us", (json_int_t)peer->figures.rtt_us);
    json_array_append_new(showing->list, row);
    json_object_set(showing->rows, id, row);
}

static bool show_name(void *context, const struct presence_row *row)
{
    struct showing *showing = context;
    char id[24];
    json_t *session;

    snprintf(id, sizeof(id), "%llu", (unsigned long long)row->session);
    session = json_object_get(showing->rows, id);
    if (session != NULL && !row->away)
        json_object_set_new(session, "name", json_string(row->name));
    return true;
}

static void show_row(void *context, const struct tally_row *row)
{
    struct showing *showing = context;

    if (row->network.bits < showing->network->bits ||
        !network_holds(showing->network, row->network.address))
        return;
    showing->addresses++;
    showing->connections += row->gauges[TALLY_OPEN];
    showing->players += row->gauges[TALLY_PLAYERS];
    showing->trouble += tally_trouble(row);
}

static void run_show(struct method_call *call)
{
    const struct admin_config *config = call->desk->config;
    struct network network;
    struct showing showing = {.network = &network, .desk = call->desk, .now_ms = clock_steady_ms()};
    char text[NETWORK_TEXT_MAX];

    if (!take_network(call, &network))
        return;
    showing.rows = json_object();
    showing.list = json_array();
    network_text(&network, text);
    tally_each(config->tally, showing.now_ms, show_row, &showing);
    sessions_each_from(config->sessions, &network, show_session, &showing);
    presence_each(config->presence, show_name, &showing);
    json_decref(showing.rows);
    method_done(call, json_pack("{s:s, s:I, s:I, s:I, s:I, s:I, s:o}", "network", text, "addresses",
                                (json_int_t)showing.addresses, "connections",
                                (json_int_t)showing.connections, "players",
                                (json_int_t)showing.players, "hits", (json_int_t)showing.trouble,
                                "matched", (json_int_t)showing.sessions, "sessions", showing.list));
}

/* As logins remember it: an IPv4 address, of IPv6 the /64. "": it is wider than that. */
static void whence_of(const struct network *network, char out[WHENCE_MAX])
{
    struct sockaddr_storage storage = {.ss_family = AF_INET6};
    unsigned bits = network_is_v4(network->address) ? NETWORK_BITS : 64;

    out[0] = '\0';
    memcpy(&((struct sockaddr_in6 *)(void *)&storage)->sin6_addr, network->address, NETWORK_BYTES);
    if (network->bits >= bits)
        whence_text(&storage, out);
}

static void accounts_listed(struct method_call *call, const struct store_answer *answer)
{
    const struct store_seen_account *rows = answer->rows;
    json_t *list = json_array();

    for (size_t i = 0; i < answer->rows_n; i++)
        json_array_append_new(
            list,
            json_pack("{s:s, s:o, s:I, s:b}", "player", rows[i].username, "id",
                      method_id_json(rows[i].player_id), "seen_ms", (json_int_t)rows[i].seen_ms,
                      "here", (int)presence_has(call->desk->config->presence, rows[i].player_id)));
    method_done(call, json_pack("{s:o}", "accounts", list));
}

static void run_accounts(struct method_call *call)
{
    struct store_question question = {.statement = STORE_ACCOUNTS_SEEN,
                                      .in.page.limit = ACCOUNTS_SHOWN};
    struct network network;
    char whence[WHENCE_MAX];

    if (!take_network(call, &network))
        return;
    whence_of(&network, whence);
    if (whence[0] == '\0') {
        method_misused(call, "network: logins are remembered by address, and by /64 of IPv6: ask "
                             "for one of these");
        return;
    }
    memcpy(question.in.page.text, whence, sizeof(whence));
    method_ask(call, &question, accounts_listed);
}

/* -- taking a lock off ------------------------------------------------------------------------- */

static void unlock_account(struct method_call *call, const struct store_answer *answer)
{
    struct accounts *accounts = call->desk->config->accounts;
    const struct store_player *player = &answer->out.player;

    if (accounts != NULL &&
        throttle_unlock_account(accounts_throttle(accounts), player->id, clock_steady_ms()))
        method_done(call, json_pack("{s:s, s:o}", "player", player->username, "id",
                                    method_id_json(player->id)));
    else
        method_fail(call, "%s is not locked", player->username);
}

static void unlock_network(struct method_call *call)
{
    struct accounts *accounts = call->desk->config->accounts;
    struct network network;
    char whence[WHENCE_MAX];

    if (!take_network(call, &network))
        return;
    whence_of(&network, whence);
    if (whence[0] == '\0') {
        method_misused(call, "network: locks are of an address, or of a /64 of IPv6");
        return;
    }
    method_target(call, whence);
    if (accounts != NULL &&
        throttle_unlock_address(accounts_throttle(accounts), whence, clock_steady_ms()))
        method_done(call, json_pack("{s:s}", "network", whence));
    else
        method_fail(call, "%s is not locked", whence);
}

static void run_unlock(struct method_call *call)
{
    if (!method_given(call, "network"))
        who_find(call, unlock_account);
    else if (method_given(call, "player") || method_given(call, "id"))
        method_misused(call, "name a network or an account, not both");
    else
        unlock_network(call);
}

/* -- by class ---------------------------------------------------------------------------------- */

static json_t *class_json(enum traffic_class class_of, enum metric open, enum metric in,
                          enum metric out)
{
    return json_pack("{s:s, s:I, s:I, s:I, s:I, s:I, s:I}", "class", traffic_word(class_of), "open",
                     (json_int_t)metrics_value(open), "accepted",
                     (json_int_t)traffic_counted(class_of, TRAFFIC_ACCEPTED), "refused",
                     (json_int_t)traffic_counted(class_of, TRAFFIC_REFUSED), "limited",
                     (json_int_t)traffic_counted(class_of, TRAFFIC_LIMITED), "in",
                     (json_int_t)metrics_value(in), "out", (json_int_t)metrics_value(out));
}

static void run_traffic(struct method_call *call)
{
    static const struct {
        enum metric open, in, out;
    } ROWS[TRAFFIC_CLASSES_N] = {
        [TRAFFIC_GAME] = {METRIC_CONNECTIONS, METRIC_BYTES_IN, METRIC_BYTES_OUT},
        [TRAFFIC_HTTP] = {METRIC_HTTP_CONNECTIONS, METRIC_HTTP_BYTES_IN, METRIC_HTTP_BYTES_OUT},
        [TRAFFIC_WEBSOCKET] = {METRIC_WEB_SOCKETS, METRIC_WEBSOCKET_BYTES_IN,
                               METRIC_WEBSOCKET_BYTES_OUT},
        [TRAFFIC_METRICS] = {METRIC_SCRAPE_CONNECTIONS, METRIC_SCRAPE_BYTES_IN,
                             METRIC_SCRAPE_BYTES_OUT},
        [TRAFFIC_ADMIN] = {METRIC_ADMIN_CLIENTS, METRIC_ADMIN_BYTES_IN, METRIC_ADMIN_BYTES_OUT},
    };
    json_t *list = json_array();

    for (unsigned i = 0; i < TRAFFIC_CLASSES_N; i++)
        json_array_append_new(
            list, class_json((enum traffic_class)i, ROWS[i].open, ROWS[i].in, ROWS[i].out));
    method_done(call,
                json_pack("{s:o, s:{s:I, s:I}, s:{s:I, s:I, s:I}, s:I}", "classes", list,
                          "handshakes", "ok", (json_int_t)metrics_value(METRIC_TLS_HANDSHAKES),
                          "failed", (json_int_t)metrics_value(METRIC_TLS_FAILED), "logins", "ok",
                          (json_int_t)metrics_value(METRIC_LOGINS_OK), "failed",
                          (json_int_t)metrics_value(METRIC_LOGINS_FAILED), "limited",
                          (json_int_t)metrics_value(METRIC_LOGINS_LIMITED), "banned",
                          (json_int_t)metrics_value(METRIC_BANNED_REFUSED)));
}

/* clang-format off */
#define NETWORK_PARAM(required) \
    {"network", METHOD_TEXT, required, 2, NETWORK_TEXT_MAX, NULL, "An address or a network, such as 192.0.2.7 or 2001:db8::/64."}

static const struct method_param ADDRESSES[] = {
    {"sort",       METHOD_WORD,    false, 0, 0, SORTS, "By what; trouble (all that failed or was refused) if not given."},
    {"descending", METHOD_BOOLEAN, false, 0, 0, NULL,  "The most first; that is so if not given."},
    {"filter",     METHOD_TEXT,    false, 1, NETWORK_TEXT_MAX, NULL, "Only addresses that have this in their text."},
    {"limit",      METHOD_INTEGER, false, 1, LIMIT_MAX, NULL, "At most so many; 100 if not given."},
    {NULL, METHOD_TEXT, false, 0, 0, NULL, NULL},
};
static const struct method_param BLOCKED[] = {
    {"limit", METHOD_INTEGER, false, 1, LIMIT_MAX, NULL, "At most so many addresses; 100 if not given."},
    {NULL, METHOD_TEXT, false, 0, 0, NULL, NULL},
};
static const struct method_param ONE[] = {
    NETWORK_PARAM(true),
    {NULL, METHOD_TEXT, false, 0, 0, NULL, NULL},
};
static const struct method_param UNLOCK[] = {
    NETWORK_PARAM(false),
    WHO_PARAMS,
    {NULL, METHOD_TEXT, false, 0, 0, NULL, NULL},
};

const struct method CMD_NETWORK[] = {
    {"network.traffic", ROLE_VIEWER, false, run_traffic, NULL,
     "Connections, refusals, limits and bytes by class: game, http, websocket, metrics, admin."},
    {"network.addresses", ROLE_VIEWER, false, run_addresses, ADDRESSES,
     "What came from each address lately: connections, players, bytes, what failed and what was refused, and how it stands."},
    {"network.blocked", ROLE_VIEWER, false, run_blocked, BLOCKED,
     "Who is banned, locked or held back at this moment and tried, why and until when; and, for moderators, which accounts are locked for wrong passwords."},
    {"network.show", ROLE_VIEWER, false, run_show, ONE,
     "Who is connected from an address or a network: what a ban would hit."},
    {"network.accounts", ROLE_MODERATOR, false, run_accounts, ONE,
     "The accounts that logged in from an address, or a /64 of IPv6; the last first."},
    {"network.unlock", ROLE_MODERATOR, true, run_unlock, UNLOCK,
     "Take off a lock that wrong passwords brought: of an address, or of an account."},
    {NULL, ROLE_NONE, false, NULL, NULL, NULL},
};
/* clang-format on */
