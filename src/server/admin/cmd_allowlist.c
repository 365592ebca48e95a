/* cmd_allowlist.c -- the accounts that may log in when others may not. */
#include "accounts/allowlist.h"
#include "admin/who.h"

#define PAGE_DEFAULT 100
#define PAGE_MAX     500

json_t *cmd_allowlist_json(const struct store_listed *listed)
{
    return json_pack("{s:s, s:o, s:o, s:s}", "player", listed->player, "id",
                     method_id_json(listed->player_id), "added_ms",
                     method_time_json(listed->added_ms), "by", listed->added_by);
}

static void done(void *context, uint64_t tag, enum store_status status, const struct error *error)
{
    struct method_call *call = method_unpark(context, tag);

    if (call == NULL)
        return;
    switch (status) {
    case STORE_OK:
        method_done(call, json_pack("{s:s, s:o, s:b}", "player", call->player_name, "id",
                                    method_id_json(call->player), "here",
                                    presence_has(call->desk->config->presence, call->player)));
        break;
    case STORE_NONE:
    case STORE_TAKEN:
        method_fail(call, "%s is not listed, or the account is gone", call->player_name);
        break;
    case STORE_AWAY:
        method_fail(call, "nothing was changed, as far as is known: %s", error->text);
        break;
    }
}

static void add_found(struct method_call *call, const struct store_answer *answer)
{
    struct allowlist *allowlist = call->desk->config->allowlist;
    uint64_t player = answer->out.player.id, tag;

    if (allowlist_has(allowlist, player)) {
        method_fail(call, "%s is listed already", call->player_name);
        return;
    }
    tag = method_park(call);
    if (tag != 0)
        allowlist_add(allowlist, player, call->peer.name, done, (void *)call->desk, tag);
}

static void run_add(struct method_call *call)
{
    who_find(call, add_found);
}

static void remove_found(struct method_call *call, const struct store_answer *answer)
{
    uint64_t player = answer->out.player.id, tag = method_park(call);

    if (tag != 0)
        allowlist_remove(call->desk->config->allowlist, player, done, (void *)call->desk, tag);
}

static void run_remove(struct method_call *call)
{
    who_find(call, remove_found);
}

static void listed(struct method_call *call, const struct store_answer *answer)
{
    const struct store_listed *rows = answer->rows;
    json_t *list = json_array();

    for (size_t i = 0; i < answer->rows_n; i++)
        json_array_append_new(list, cmd_allowlist_json(&rows[i]));
    method_done(call,
                json_pack("{s:I, s:o}", "accounts",
                          (json_int_t)allowlist_n(call->desk->config->allowlist), "rows", list));
}

static void run_list(struct method_call *call)
{
    struct store_question question = {.statement = STORE_ALLOWLIST_LIST};

    question.in.page.from = method_id(call, "after", 0) & INT64_MAX;
    question.in.page.limit = (uint32_t)method_integer(call, "limit", PAGE_DEFAULT);
    method_ask(call, &question, listed);
}

/* clang-format off */
#define END {NULL, METHOD_TEXT, false, 0, 0, NULL, NULL}

static const struct method_param WHO[] = {WHO_PARAMS, END};
static const struct method_param LIST[] = {
    {"after", METHOD_ID, false, 0, 0, NULL, "Only accounts after this number: the next page."},
    {"limit", METHOD_INTEGER, false, 1, PAGE_MAX, NULL, "At most so many; 100 if not given."},
    END};

const struct method CMD_ALLOWLIST[] = {
    {"allowlist.add", ROLE_MODERATOR, true, run_add, WHO,
     "List an account: it may log in under maintenance, and where only those who are listed may."},
    {"allowlist.remove", ROLE_MODERATOR, true, run_remove, WHO,
     "List it no longer; who is here stays."},
    {"allowlist.list", ROLE_MODERATOR, false, run_list, LIST, "The accounts that are listed, by their numbers."},
    {NULL, ROLE_NONE, false, NULL, NULL, NULL},
};
/* clang-format on */
