/* cmd_bans.c -- who may not come in, and who may not speak. */
#include <string.h>

#include "accounts/bans.h"
#include "admin/duration.h"
#include "admin/who.h"
#include "common/text.h"
#include "store/timestamp.h"

#define PAGE_DEFAULT    100
#define PAGE_MAX        500
#define DURATION_MAX_MS (UINT64_C(3653) * 24 * 3600 * 1000)
#define DURATION_MIN_MS (UINT64_C(60) * 1000)

json_t *cmd_bans_json(const struct store_ban *ban)
{
    json_t *object = json_pack(
        "{s:o, s:s, s:I, s:s, s:o, s:o}", "ban", method_id_json(ban->id), "reason", ban->reason,
        "created_ms", (json_int_t)ban->created_ms, "by", ban->created_by, "expires_ms",
        method_time_json(ban->expires_ms), "lifted_ms", method_time_json(ban->lifted_ms));

    if (ban->lifted_ms != 0)
        json_object_set_new(object, "lifted_by", json_string(ban->lifted_by));
    if (ban->player_id != 0) {
        json_object_set_new(object, "player", json_string(ban->player));
        json_object_set_new(object, "id", method_id_json(ban->player_id));
    } else {
        json_object_set_new(object, "network", json_string(ban->network));
    }
    return object;
}

/* -- what is asked for ------------------------------------------------------------------------- */

/* reason and duration. False: the call is over. */
static bool take_order(struct method_call *call, struct bans_order *order)
{
    const char *duration = method_text(call, "duration", NULL);
    struct error error = {""};
    uint64_t ms = 0;

    order->reason = method_text(call, "reason", "");
    order->by = call->peer.name;
    if (text_chat_check(order->reason, strlen(order->reason), &error) != 0) {
        method_misused(call, "reason: %s", error.text);
        return false;
    }
    if (duration != NULL &&
        duration_parse(duration, "mhdw", DURATION_MIN_MS, DURATION_MAX_MS, &ms) != 0) {
        method_misused(call, "duration must be a time such as 30m, 12h, 7d or 2w, from 1m to "
                             "3653d; without it, it is for good");
        return false;
    }
    order->expires_ms = ms != 0 ? timestamp_now_ms() + ms : 0;
    return true;
}

/* Exactly one of player, id, network (and ban). False: the call is over. */
static bool one_target(struct method_call *call, const char *sentence)
{
    int n = method_given(call, "player") + method_given(call, "id") +
            method_given(call, "network") + method_given(call, "ban");

    if (n != 1)
        method_misused(call, "%s", sentence);
    return n == 1;
}

/* False: the call is over, or none was given. */
static bool take_network(struct method_call *call, struct network *network)
{
    struct error error = {""};
    char text[NETWORK_TEXT_MAX];

    if (bans_network_parse(method_text(call, "network", ""), network, &error) != 0) {
        method_misused(call, "network: %s", error.text);
        return false;
    }
    network_text(network, text);
    method_target(call, text);
    return true;
}

/* -- adding ------------------------------------------------------------------------------------ */

static void done(void *context, uint64_t tag, enum store_status status, uint64_t id,
                 const struct error *error)
{
    struct method_call *call = method_unpark(context, tag);
    json_t *result;

    if (call == NULL)
        return;
    switch (status) {
    case STORE_OK:
        result = json_pack("{s:o}", "ban", method_id_json(id));
        if (call->player != 0)
            json_object_set_new(result, "player", json_string(call->player_name));
        else if (call->target[0] != '\0')
            json_object_set_new(result, "network", json_string(call->target));
        method_done(call, result);
        break;
    case STORE_NONE:
    case STORE_TAKEN:
        method_fail(call, "that is not in force any more, or the account is gone");
        break;
    case STORE_AWAY:
        method_fail(call, "nothing was changed, as far as is known: %s", error->text);
        break;
    }
}

static void add(struct method_call *call, struct bans_order *order)
{
    uint64_t tag = method_park(call);

    if (tag != 0)
        bans_add(call->desk->config->bans, order, done, (void *)call->desk, tag);
}

static void add_found(struct method_call *call, const struct store_answer *answer)
{
    struct bans_order order = {.kind = BANS_BAN, .target.player = answer->out.player.id};

    if (take_order(call, &order))
        add(call, &order);
}

static void run_add(struct method_call *call)
{
    struct bans_order order = {.kind = BANS_BAN};

    if (!one_target(call, "name whom: by player, by id or by network"))
        return;
    if (!method_given(call, "network"))
        who_find(call, add_found);
    else if (take_network(call, &order.target.network) && take_order(call, &order))
        add(call, &order);
}

static void mute_found(struct method_call *call, const struct store_answer *answer)
{
    struct bans_order order = {.kind = BANS_MUTE, .target.player = answer->out.player.id};

    if (take_order(call, &order))
        add(call, &order);
}

/* In the audit: "guest NAME", as names are told apart. */
static void target_guest(struct method_call *call, const char *name)
{
    char key[TEXT_NAME_KEY_BYTES], target[STORE_TARGET_MAX] = "guest";
    int n = text_fold(name, strlen(name), key, sizeof(key));

    if (n > 0 && (size_t)n + sizeof("guest ") <= sizeof(target)) {
        memcpy(target, "guest ", sizeof("guest "));
        memcpy(target + strlen(target), key, (size_t)n + 1);
    }
    method_target(call, target);
}

/* A guest who is here has a name, which no account has, and nothing else that could be muted: so it
 * holds for as long as he stays. False: none is named. */
static bool mute_guest(struct method_call *call, bool muted)
{
    const char *name = method_given(call, "id") ? NULL : method_text(call, "player", NULL);
    struct presence *presence = call->desk->config->presence;
    uint64_t session = name != NULL ? presence_guest(presence, name) : 0;
    struct bans_order order = {.expires_ms = 0};
    char text[BANS_TEXT_MAX] = "You may speak again";

    if (session == 0)
        return false;
    target_guest(call, name);
    if (muted && !take_order(call, &order))
        return true;
    if (muted && order.expires_ms == 0)
        order.expires_ms = UINT64_MAX;
    if (muted)
        bans_mute_text(order.expires_ms, order.reason, text);
    presence_mute_guest(presence, session, order.expires_ms, text);
    method_done(call, json_pack("{s:s, s:b}", "player", name, "guest", 1));
    return true;
}

static void run_mute(struct method_call *call)
{
    if (!mute_guest(call, true))
        who_find(call, mute_found);
}

/* -- lifting ----------------------------------------------------------------------------------- */

static void lift(struct method_call *call, enum bans_kind kind, uint64_t id)
{
    uint64_t tag = method_park(call);

    if (tag != 0)
        bans_lift(call->desk->config->bans, kind, id, call->peer.name, done, (void *)call->desk,
                  tag);
}

static void lift_found(struct method_call *call, const struct store_answer *answer)
{
    const struct ban *ban =
        bans_account(call->desk->config->bans, answer->out.player.id, timestamp_now_ms());

    if (ban == NULL)
        method_fail(call, "%s is not banned", call->player_name);
    else
        lift(call, BANS_BAN, ban->id);
}

static void run_lift(struct method_call *call)
{
    struct network network;
    const struct ban *ban;

    if (!one_target(call, "name what: by ban, by player, by id or by network"))
        return;
    if (method_given(call, "ban")) {
        lift(call, BANS_BAN, method_id(call, "ban", 0) & INT64_MAX);
        return;
    }
    if (!method_given(call, "network")) {
        who_find(call, lift_found);
        return;
    }
    if (!take_network(call, &network))
        return;
    ban = bans_network(call->desk->config->bans, &network, timestamp_now_ms());
    if (ban == NULL)
        method_fail(call, "the network %s is not banned", call->target);
    else
        lift(call, BANS_BAN, ban->id);
}

static void unmute_found(struct method_call *call, const struct store_answer *answer)
{
    const struct ban *mute =
        bans_mute(call->desk->config->bans, answer->out.player.id, timestamp_now_ms());

    if (mute == NULL)
        method_fail(call, "%s is not muted", call->player_name);
    else
        lift(call, BANS_MUTE, mute->id);
}

static void run_unmute(struct method_call *call)
{
    if (!mute_guest(call, false))
        who_find(call, unmute_found);
}

/* -- lists ------------------------------------------------------------------------------------- */

static void listed(struct method_call *call, const struct store_answer *answer)
{
    const struct store_ban *rows = answer->rows;
    json_t *list = json_array();

    for (size_t i = 0; i < answer->rows_n; i++)
        json_array_append_new(list, cmd_bans_json(&rows[i]));
    method_done(call, json_pack("{s:I, s:I, s:o}", "bans",
                                (json_int_t)bans_n(call->desk->config->bans), "mutes",
                                (json_int_t)bans_mutes_n(call->desk->config->bans), "rows", list));
}

static void ask_list(struct method_call *call, enum store_statement statement)
{
    struct store_question question = {.statement = statement};

    question.in.page.from = method_id(call, "after", 0) & INT64_MAX;
    question.in.page.now_ms = timestamp_now_ms();
    question.in.page.limit = (uint32_t)method_integer(call, "limit", PAGE_DEFAULT);
    method_ask(call, &question, listed);
}

static void run_list(struct method_call *call)
{
    ask_list(call, STORE_BANS_IN_FORCE);
}

static void run_mutes(struct method_call *call)
{
    ask_list(call, STORE_MUTES_IN_FORCE);
}

static void ask_history(struct method_call *call)
{
    struct store_question question = {.statement = STORE_BANS_ABOUT};

    question.in.page.from = method_id(call, "before", INT64_MAX) & INT64_MAX;
    question.in.page.limit = (uint32_t)method_integer(call, "limit", PAGE_DEFAULT);
    question.in.page.about = call->player;
    strcpy(question.in.page.text, call->target); /* both are of the same size */
    method_ask(call, &question, listed);
}

static void history_found(struct method_call *call, const struct store_answer *answer)
{
    (void)answer;
    ask_history(call);
}

static void run_history(struct method_call *call)
{
    struct network network;

    if (!one_target(call, "name whom: by player, by id or by network"))
        return;
    if (!method_given(call, "network"))
        who_find(call, history_found);
    else if (take_network(call, &network))
        ask_history(call);
}

/* clang-format off */
#define END {NULL, METHOD_TEXT, false, 0, 0, NULL, NULL}
#define NETWORK  {"network",  METHOD_TEXT, false, 1, 64, NULL, "Or an address or a network: 192.0.2.7, 192.0.2.0/24, 2001:db8::/48."}
#define REASON   {"reason",   METHOD_TEXT, true,  1, BAN_REASON_MAX, NULL, "Why; the player is told."}
#define DURATION {"duration", METHOD_TEXT, false, 2, 8, NULL, "For how long: 30m, 12h, 7d, 2w; for good if not given."}
#define LIMIT    {"limit",    METHOD_INTEGER, false, 1, PAGE_MAX, NULL, "At most so many; 100 if not given."}

static const struct method_param ADD[] = {WHO_PARAMS, NETWORK, REASON, DURATION, END};
static const struct method_param MUTE[] = {WHO_PARAMS, REASON, DURATION, END};
static const struct method_param UNMUTE[] = {WHO_PARAMS, END};
static const struct method_param LIFT[] = {
    {"ban", METHOD_ID, false, 0, 0, NULL, "The ban, as bans.list says."}, WHO_PARAMS, NETWORK, END};
static const struct method_param LIST[] = {
    {"after", METHOD_ID, false, 0, 0, NULL, "Only those after this one: the next page."}, LIMIT, END};
static const struct method_param HISTORY[] = {
    WHO_PARAMS, NETWORK, {"before", METHOD_ID, false, 0, 0, NULL, "Only those before this one: the next page."}, LIMIT, END};

const struct method CMD_BANS[] = {
    {"bans.add", ROLE_MODERATOR, true, run_add, ADD,
     "Ban an account, an address or a network; who is here goes at once. It takes the place of a ban of the same target."},
    {"bans.lift", ROLE_MODERATOR, true, run_lift, LIFT, "End a ban."},
    {"bans.list", ROLE_MODERATOR, false, run_list, LIST, "The bans in force, oldest first."},
    {"bans.history", ROLE_MODERATOR, false, run_history, HISTORY,
     "All bans that an account or a network ever had, newest first."},
    {"players.mute", ROLE_MODERATOR, true, run_mute, MUTE,
     "Take no chat from an account, at once and until the time is over; nobody but itself is told. A guest is muted until he goes."},
    {"players.unmute", ROLE_MODERATOR, true, run_unmute, UNMUTE, "Let it speak again."},
    {"mutes.list", ROLE_MODERATOR, false, run_mutes, LIST, "The mutes in force, oldest first."},
    {NULL, ROLE_NONE, false, NULL, NULL, NULL},
};
/* clang-format on */
