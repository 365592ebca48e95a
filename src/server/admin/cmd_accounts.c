/* cmd_accounts.c -- accounts and invitations, as operators make and change them. Codes are shown
 * once: what is kept, and written into the audit, is none of them. */
#include <string.h>

#include "accounts/access.h"
#include "accounts/code.h"
#include "accounts/email.h"
#include "accounts/name.h"
#include "admin/who.h"
#include "common/protocol.h"
#include "common/text.h"
#include "store/timestamp.h"

#define HOUR_MS       UINT64_C(3600000)
#define DAY_MS        (24 * HOUR_MS)
#define HOURS_DEFAULT 24
#define HOURS_MAX     168
#define DAYS_DEFAULT  7
#define DAYS_MAX      3653
#define USES_MAX      10000
#define NO_PASSWORD   "!" /* password_usable: none fits */

/* By enum protocol_role. */
static const char *const ROLES[] = {"player", "moderator", "admin", NULL};

/* What an account of today may be called. False: the call is over. */
static bool take_name(struct method_call *call, const char *parameter,
                      char name[TEXT_NAME_MAX_BYTES + 1], char key[TEXT_NAME_KEY_BYTES])
{
    const char *given = method_text(call, parameter, "");
    struct error error = {""};

    if (name_check(given, key, &error) < 0) {
        method_misused(call, "%s: %s", parameter, error.text);
        return false;
    }
    strcpy(name, given);
    return true;
}

static void by_operator(const struct method_call *call, char by[STORE_BY_MAX])
{
    size_t n = strnlen(call->peer.name, STORE_BY_MAX - 1);

    memcpy(by, call->peer.name, n);
    by[n] = '\0';
}

/* A code that the operator is told when the change is durable; its hash goes to the store. False:
 * the call is over. */
static bool make_code(struct method_call *call, char hash[STORE_CODE_HASH_MAX])
{
    char *code = malloc(CODE_TEXT_BYTES);

    if (code == NULL) {
        method_fail(call, "out of memory");
        return false;
    }
    code_make(code, hash);
    call->work = code;
    call->secret = true;
    return true;
}

/* -- accounts ---------------------------------------------------------------------------------- */

static void created(struct method_call *call, const struct store_answer *answer)
{
    const char *name = method_text(call, "name", "");

    if (answer->status != STORE_OK) {
        method_fail(call, "an account has that name or that e-mail address already");
        return;
    }
    method_about(call, answer->out.player_id, name);
    method_done(call, json_pack("{s:s, s:o, s:s, s:s, s:I}", "player", name, "id",
                                method_id_json(answer->out.player_id), "role",
                                ROLES[method_word(call, "role", PROTOCOL_ROLE_PLAYER)], "code",
                                (const char *)call->work, "hours",
                                (json_int_t)method_integer(call, "hours", HOURS_DEFAULT)));
}

static void run_create(struct method_call *call)
{
    struct store_question question = {.statement = STORE_ACCOUNT_CREATE};
    struct store_enrolment *enrolment = &question.in.enrolment;
    struct store_player *player = &enrolment->player;
    const char *email = method_text(call, "email", "");
    struct error error = {""};

    if (!take_name(call, "name", player->username, player->key))
        return;
    if (email_check(email, &error) < 0 || email_key(email, player->email_key, &error) < 0) {
        method_misused(call, "email: %s", error.text);
        return;
    }
    if (!make_code(call, enrolment->code_hash))
        return;
    strcpy(player->email, email);
    strcpy(player->hash, NO_PASSWORD);
    player->role = (enum protocol_role)method_word(call, "role", PROTOCOL_ROLE_PLAYER);
    player->created_ms = timestamp_now_ms();
    enrolment->expires_ms =
        player->created_ms + (uint64_t)method_integer(call, "hours", HOURS_DEFAULT) * HOUR_MS;
    by_operator(call, enrolment->by);
    method_ask(call, &question, created);
}

static void show(struct method_call *call, const struct store_answer *answer)
{
    const struct store_player *player = &answer->out.player;
    json_t *email = player->email[0] != '\0' ? json_string(player->email) : json_null();

    method_done(call,
                json_pack("{s:s, s:o, s:s, s:o, s:I, s:o, s:b}", "player", player->username, "id",
                          method_id_json(player->id), "role", protocol_role_name(player->role),
                          "email", email, "created_ms", (json_int_t)player->created_ms,
                          "last_login_ms", method_time_json(player->last_login_ms), "here",
                          presence_has(call->desk->config->presence, player->id)));
}

static void run_show(struct method_call *call)
{
    who_find(call, show);
}

static void renamed(struct method_call *call, const struct store_answer *answer)
{
    const char *name = method_text(call, "to", "");

    if (answer->status == STORE_TAKEN) {
        method_fail(call, "an account has that name already");
        return;
    }
    if (answer->status != STORE_OK) {
        method_fail(call, "%s is gone", call->player_name);
        return;
    }
    access_end(call->desk->config->access, call->player, timestamp_now_ms());
    presence_renamed(call->desk->config->presence, call->player, name);
    method_done(call, json_pack("{s:s, s:s, s:b}", "player", name, "was", call->player_name, "here",
                                presence_has(call->desk->config->presence, call->player)));
}

static void rename_found(struct method_call *call, const struct store_answer *answer)
{
    struct store_question question = {.statement = STORE_ACCOUNT_RENAME};
    struct store_account_change *change = &question.in.account;

    change->player_id = answer->out.player.id;
    if (take_name(call, "to", change->username, change->key))
        method_ask(call, &question, renamed);
}

static void run_rename(struct method_call *call)
{
    who_find(call, rename_found);
}

static void role_set(struct method_call *call, const struct store_answer *answer)
{
    int role = method_word(call, "role", PROTOCOL_ROLE_PLAYER);

    if (answer->status != STORE_OK) {
        method_fail(call, "%s is gone", call->player_name);
        return;
    }
    access_end(call->desk->config->access, call->player, timestamp_now_ms());
    presence_role(call->desk->config->presence, call->player, (enum protocol_role)role);
    method_done(call, json_pack("{s:s, s:s}", "player", call->player_name, "role", ROLES[role]));
}

static void role_found(struct method_call *call, const struct store_answer *answer)
{
    struct store_question question = {.statement = STORE_ACCOUNT_SET_ROLE};

    question.in.account.player_id = answer->out.player.id;
    question.in.account.role = (enum protocol_role)method_word(call, "role", 0);
    method_ask(call, &question, role_set);
}

static void run_set_role(struct method_call *call)
{
    who_find(call, role_found);
}

static void reset(struct method_call *call, const struct store_answer *answer)
{
    if (answer->status != STORE_OK)
        method_fail(call, "%s is gone", call->player_name);
    else
        method_done(call, json_pack("{s:s, s:s, s:I}", "player", call->player_name, "code",
                                    (const char *)call->work, "hours",
                                    (json_int_t)method_integer(call, "hours", HOURS_DEFAULT)));
}

static void reset_found(struct method_call *call, const struct store_answer *answer)
{
    struct store_question question = {.statement = STORE_RESET_CODE_SET};
    struct store_account_change *change = &question.in.account;

    if (!make_code(call, change->code_hash))
        return;
    change->player_id = answer->out.player.id;
    change->expires_ms =
        timestamp_now_ms() + (uint64_t)method_integer(call, "hours", HOURS_DEFAULT) * HOUR_MS;
    by_operator(call, change->by);
    method_ask(call, &question, reset);
}

static void run_reset_password(struct method_call *call)
{
    who_find(call, reset_found);
}

/* -- invitations ------------------------------------------------------------------------------- */

static void invited(struct method_call *call, const struct store_answer *answer)
{
    if (answer->status != STORE_OK)
        method_fail(call, "that code is there already: try again");
    else
        method_done(call, json_pack("{s:o, s:s, s:I, s:I}", "invite",
                                    method_id_json(answer->out.player_id), "code",
                                    (const char *)call->work, "uses",
                                    (json_int_t)method_integer(call, "uses", 1), "days",
                                    (json_int_t)method_integer(call, "days", DAYS_DEFAULT)));
}

static void run_invite(struct method_call *call)
{
    struct store_question question = {.statement = STORE_INVITE_ADD};
    struct store_invite *invite = &question.in.invite;

    if (!make_code(call, invite->code_hash))
        return;
    invite->created_ms = timestamp_now_ms();
    invite->expires_ms =
        invite->created_ms + (uint64_t)method_integer(call, "days", DAYS_DEFAULT) * DAY_MS;
    invite->uses_left = (uint32_t)method_integer(call, "uses", 1);
    by_operator(call, invite->by);
    method_ask(call, &question, invited);
}

static void listed(struct method_call *call, const struct store_answer *answer)
{
    const struct store_invite *rows = answer->rows;
    uint64_t now_ms = timestamp_now_ms();
    json_t *list = json_array();

    for (size_t i = 0; i < answer->rows_n; i++) {
        const struct store_invite *row = &rows[i];
        bool good = row->uses_left > 0 && (row->expires_ms == 0 || row->expires_ms > now_ms);

        json_array_append_new(
            list, json_pack("{s:o, s:I, s:b, s:I, s:o, s:s}", "invite", method_id_json(row->id),
                            "uses_left", (json_int_t)row->uses_left, "good", good, "created_ms",
                            (json_int_t)row->created_ms, "expires_ms",
                            method_time_json(row->expires_ms), "by", row->by));
    }
    method_done(call, json_pack("{s:o}", "invites", list));
}

static void run_invites(struct method_call *call)
{
    struct store_question question = {.statement = STORE_INVITES_LIST};

    method_ask(call, &question, listed);
}

static void revoked(struct method_call *call, const struct store_answer *answer)
{
    if (answer->status != STORE_OK)
        method_fail(call, "there is no such invitation");
    else
        method_done(call,
                    json_pack("{s:o}", "revoked", method_id_json(method_id(call, "invite", 0))));
}

static void run_revoke(struct method_call *call)
{
    struct store_question question = {.statement = STORE_INVITE_REVOKE};

    question.in.id.player_id = method_id(call, "invite", 0) & INT64_MAX;
    method_ask(call, &question, revoked);
}

/* clang-format off */
#define END   {NULL, METHOD_TEXT, false, 0, 0, NULL, NULL}
#define HOURS {"hours", METHOD_INTEGER, false, 1, HOURS_MAX, NULL, "How long the code is good; 24 if not given."}

static const struct method_param CREATE[] = {
    {"name",  METHOD_TEXT, true,  1, TEXT_NAME_MAX_BYTES, NULL,  "The new account's name."},
    {"email", METHOD_TEXT, false, 0, STORE_EMAIL_MAX,     NULL,  "Its e-mail address."},
    {"role",  METHOD_WORD, false, 0, 0,                   ROLES, "What it may do; player if not given."},
    HOURS, END};
static const struct method_param WHO[] = {WHO_PARAMS, END};
static const struct method_param RENAME[] = {
    WHO_PARAMS, {"to", METHOD_TEXT, true, 1, TEXT_NAME_MAX_BYTES, NULL, "The new name."}, END};
static const struct method_param SET_ROLE[] = {
    WHO_PARAMS, {"role", METHOD_WORD, true, 0, 0, ROLES, "What it may do from now on."}, END};
static const struct method_param RESET[] = {WHO_PARAMS, HOURS, END};
static const struct method_param INVITE[] = {
    {"uses", METHOD_INTEGER, false, 1, USES_MAX, NULL, "How many may register with it; 1 if not given."},
    {"days", METHOD_INTEGER, false, 1, DAYS_MAX, NULL, "How long it is good; 7 if not given."}, END};
static const struct method_param REVOKE[] = {
    {"invite", METHOD_ID, true, 0, 0, NULL, "The invitation, as invites.list says."}, END};

const struct method CMD_ACCOUNTS[] = {
    {"accounts.create", ROLE_ADMIN, true, run_create, CREATE,
     "Make an account, however registration is set. Its owner sets the first password with the code, which is shown this once."},
    {"accounts.show", ROLE_ADMIN, false, run_show, WHO, "An account: role, e-mail address, when it was made and used last."},
    {"accounts.rename", ROLE_ADMIN, true, run_rename, RENAME,
     "Give an account another name; who is here has it at once."},
    {"accounts.set-role", ROLE_ADMIN, true, run_set_role, SET_ROLE,
     "Make an account a player's, a moderator's or an admin's in the world, at once. The operators' socket goes by groups of the machine."},
    {"accounts.reset-password", ROLE_ADMIN, true, run_reset_password, RESET,
     "A one-time code, shown this once, with which an account's owner sets a new password. The old one is good until then."},
    {"invites.create", ROLE_MODERATOR, true, run_invite, INVITE,
     "The code of an invitation, shown this once, to register with where accounts.registration is invite."},
    {"invites.list", ROLE_MODERATOR, false, run_invites, NULL, "The newest 200 invitations, without their codes."},
    {"invites.revoke", ROLE_MODERATOR, true, run_revoke, REVOKE, "Take an invitation back."},
    {NULL, ROLE_NONE, false, NULL, NULL, NULL},
};
/* clang-format on */
