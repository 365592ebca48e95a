/* statements_accounts.c -- questions about logins, passwords, codes and invitations. */
#include "common/protocol.h"
#include "store/statements.h"

static void bind_login(const struct store_question *question, size_t at,
                       struct statement_value *values)
{
    (void)at;
    values[0] = value_text(question->in.login.key);
    values[1] = value_text(question->in.login.network);
}

static void bind_enrolment(const struct store_question *question, size_t at,
                           struct statement_value *values)
{
    const struct store_enrolment *enrolment = &question->in.enrolment;
    const struct store_player *player = &enrolment->player;

    (void)at;
    values[0] = value_text(player->username);
    values[1] = value_text(player->key);
    values[2] = value_text_or_null(player->email);
    values[3] = value_text(player->hash);
    values[4] = value_time(player->created_ms);
    values[5] = value_text_or_null(player->email_key);
    values[6] = value_text(protocol_role_name(player->role));
    values[7] = value_text(enrolment->code_hash);
}

static void bind_creation(const struct store_question *question, size_t at,
                          struct statement_value *values)
{
    bind_enrolment(question, at, values);
    values[8] = value_time(question->in.enrolment.expires_ms);
    values[9] = value_text(question->in.enrolment.by);
}

static void bind_password(const struct store_question *question, size_t at,
                          struct statement_value *values)
{
    const struct store_password *password = &question->in.password;

    (void)at;
    values[0] = value_int(password->player_id);
    values[1] = value_text(password->was);
    values[2] = value_text(password->hash);
    values[3] = value_time(password->now_ms);
}

static void bind_password_by_code(const struct store_question *question, size_t at,
                                  struct statement_value *values)
{
    bind_password(question, at, values);
    values[1] = value_text(question->in.password.code_hash);
}

static void bind_seen(const struct store_question *question, size_t at,
                      struct statement_value *values)
{
    (void)at;
    values[0] = value_int(question->in.seen.player_id);
    values[1] = value_text(question->in.seen.network);
    values[2] = value_time(question->in.seen.now_ms);
}

static void bind_rename(const struct store_question *question, size_t at,
                        struct statement_value *values)
{
    (void)at;
    values[0] = value_int(question->in.account.player_id);
    values[1] = value_text(question->in.account.username);
    values[2] = value_text(question->in.account.key);
}

static void bind_role(const struct store_question *question, size_t at,
                      struct statement_value *values)
{
    (void)at;
    values[0] = value_int(question->in.account.player_id);
    values[1] = value_text(protocol_role_name(question->in.account.role));
}

static void bind_reset_code(const struct store_question *question, size_t at,
                            struct statement_value *values)
{
    const struct store_account_change *change = &question->in.account;

    (void)at;
    values[0] = value_int(change->player_id);
    values[1] = value_text(change->code_hash);
    values[2] = value_time(change->expires_ms);
    values[3] = value_text(change->by);
}

static void bind_invite(const struct store_question *question, size_t at,
                        struct statement_value *values)
{
    const struct store_invite *invite = &question->in.invite;

    (void)at;
    values[0] = value_text(invite->code_hash);
    values[1] = value_time(invite->created_ms);
    values[2] = value_text(invite->by);
    values[3] = value_time(invite->expires_ms);
    values[4] = value_int(invite->uses_left);
}

static void read_login(const struct statement_value *columns, void *into)
{
    struct store_login_answer *login = into;

    login->player.id = (uint64_t)columns[0].i;
    value_copy(&columns[1], login->player.username, sizeof(login->player.username));
    value_copy(&columns[2], login->player.key, sizeof(login->player.key));
    value_copy(&columns[3], login->player.email, sizeof(login->player.email));
    value_copy(&columns[4], login->player.hash, sizeof(login->player.hash));
    login->player.role = protocol_role_of(columns[5].t);
    login->known_network = columns[6].i != 0;
    value_copy(&columns[7], login->code_hash, sizeof(login->code_hash));
    login->code_expires_ms = (uint64_t)columns[8].i;
    login->player.tokens_from_ms = (uint64_t)columns[9].i;
}

static void read_invite(const struct statement_value *columns, void *into)
{
    struct store_invite *invite = into;

    invite->id = (uint64_t)columns[0].i;
    invite->created_ms = (uint64_t)columns[1].i;
    value_copy(&columns[2], invite->by, sizeof(invite->by));
    invite->expires_ms = (uint64_t)columns[3].i;
    invite->uses_left = (uint32_t)columns[4].i;
}

/* clang-format off */
const struct statement statement_login_by_name = {
    .name = "login_by_name", .in = "tt", .out = "itttttbtdd", .bind = bind_login, .read = read_login,
    .steps = {{
        "SELECT id, username, username_key, email, password_hash, role,"
        " EXISTS (SELECT 1 FROM player_addresses WHERE player_id = players.id AND network = $2),"
        " code_hash, expires_at, tokens_from"
        " FROM players LEFT JOIN reset_codes ON reset_codes.player_id = players.id"
        " WHERE username_key = $1", NULL}},
};

const struct statement statement_address_seen = {
    .name = "address_seen", .in = "itd", .out = "", .flags = STATEMENT_CHANGES | STATEMENT_AGAIN,
    .bind = bind_seen,
    .steps = {
        {"INSERT INTO player_addresses (player_id, network, seen_at)"
         " SELECT $1, $2, $3 WHERE EXISTS (SELECT 1 FROM players WHERE id = $1)"
         " ON CONFLICT (player_id, network) DO UPDATE SET seen_at = excluded.seen_at", NULL},
        {"DELETE FROM player_addresses WHERE player_id = $1 AND network NOT IN"
         " (SELECT network FROM player_addresses WHERE player_id = $1"
         " ORDER BY seen_at DESC, network LIMIT 8)", NULL}},
};

#define INVITE_GOOD "code_hash = $8 AND uses_left > 0 AND (expires_at IS NULL OR expires_at > $5)"

/* The invitation is locked first, so that of two who use its last use one gets in. */
const struct statement statement_player_add_invited = {
    .name = "player_add_invited", .in = "ttttdttt", .out = "i", .flags = STATEMENT_CHANGES,
    .bind = bind_enrolment, .read = statement_read_id,
    .steps = {
        {"SELECT 1 FROM invites WHERE code_hash = $8",
         "SELECT 1 FROM invites WHERE code_hash = $8 FOR UPDATE"},
        {"INSERT INTO players (username, username_key, email, password_hash, created_at, email_key, role)"
         " SELECT $1, $2, $3, $4, $5, $6, $7 WHERE EXISTS (SELECT 1 FROM invites WHERE " INVITE_GOOD ")", NULL},
        {"UPDATE invites SET uses_left = uses_left - 1 WHERE " INVITE_GOOD
         " RETURNING (SELECT id FROM players WHERE username_key = $2)", NULL}},
};

const struct statement statement_password_rehash = {
    .name = "password_rehash", .in = "ittd", .out = "", .flags = STATEMENT_CHANGES | STATEMENT_AGAIN,
    .bind = bind_password,
    .steps = {{"UPDATE players SET password_hash = $3 WHERE id = $1 AND password_hash = $2", NULL}},
};

/* The account is held first: statements_tokens.c says why. */
#define STILL "EXISTS (SELECT 1 FROM players WHERE id = $1 AND password_hash = $2)"

const struct statement statement_password_change = {
    .name = "password_change", .in = "ittd", .out = "i", .flags = STATEMENT_CHANGES,
    .bind = bind_password, .read = statement_read_nothing,
    .steps = {
        {"SELECT 1 FROM players WHERE id = $1", "SELECT 1 FROM players WHERE id = $1 FOR UPDATE"},
        {"UPDATE refresh_tokens SET revoked_at = $4 WHERE player_id = $1 AND revoked_at IS NULL AND " STILL, NULL},
        {"DELETE FROM reset_codes WHERE player_id = $1 AND " STILL, NULL},
        {"UPDATE players SET password_hash = $3, tokens_from = $4 WHERE id = $1 AND password_hash = $2 RETURNING 1", NULL}},
};

#define CODE_GOOD "player_id = $1 AND code_hash = $2 AND expires_at > $4"

#define CODE_OF "SELECT 1 FROM players JOIN reset_codes ON player_id = players.id WHERE players.id = $1"

/* The code is locked first, and the account with it: it is good once. */
const struct statement statement_password_by_code = {
    .name = "password_by_code", .in = "ittd", .out = "i", .flags = STATEMENT_CHANGES,
    .bind = bind_password_by_code, .read = statement_read_nothing,
    .steps = {
        {CODE_OF, CODE_OF " FOR UPDATE"},
        {"UPDATE refresh_tokens SET revoked_at = $4 WHERE player_id = $1 AND revoked_at IS NULL"
         " AND EXISTS (SELECT 1 FROM reset_codes WHERE " CODE_GOOD ")", NULL},
        {"UPDATE players SET password_hash = $3, tokens_from = $4 WHERE id = $1"
         " AND EXISTS (SELECT 1 FROM reset_codes WHERE " CODE_GOOD ")", NULL},
        {"DELETE FROM reset_codes WHERE " CODE_GOOD " RETURNING 1", NULL}},
};

const struct statement statement_account_create = {
    .name = "account_create", .in = "ttttdtttdt", .out = "i", .flags = STATEMENT_CHANGES,
    .bind = bind_creation, .read = statement_read_id,
    .steps = {
        {"INSERT INTO players (username, username_key, email, password_hash, created_at, email_key, role)"
         " VALUES ($1, $2, $3, $4, $5, $6, $7)", NULL},
        {"INSERT INTO reset_codes (player_id, code_hash, expires_at, created_by)"
         " SELECT id, $8, $9, $10 FROM players WHERE username_key = $2 RETURNING player_id", NULL}},
};

const struct statement statement_account_rename = {
    .name = "account_rename", .in = "itt", .out = "i", .flags = STATEMENT_CHANGES | STATEMENT_AGAIN,
    .bind = bind_rename, .read = statement_read_nothing,
    .steps = {{"UPDATE players SET username = $2, username_key = $3 WHERE id = $1 RETURNING 1", NULL}},
};

const struct statement statement_account_set_role = {
    .name = "account_set_role", .in = "it", .out = "i", .flags = STATEMENT_CHANGES | STATEMENT_AGAIN,
    .bind = bind_role, .read = statement_read_nothing,
    .steps = {{"UPDATE players SET role = $2 WHERE id = $1 RETURNING 1", NULL}},
};

const struct statement statement_reset_code_set = {
    .name = "reset_code_set", .in = "itdt", .out = "i", .flags = STATEMENT_CHANGES | STATEMENT_AGAIN,
    .bind = bind_reset_code, .read = statement_read_nothing,
    .steps = {{
        "INSERT INTO reset_codes (player_id, code_hash, expires_at, created_by)"
        " SELECT $1, $2, $3, $4 WHERE EXISTS (SELECT 1 FROM players WHERE id = $1)"
        " ON CONFLICT (player_id) DO UPDATE SET code_hash = excluded.code_hash,"
        " expires_at = excluded.expires_at, created_by = excluded.created_by RETURNING 1", NULL}},
};

const struct statement statement_invite_add = {
    .name = "invite_add", .in = "tdtdi", .out = "i", .flags = STATEMENT_CHANGES,
    .bind = bind_invite, .read = statement_read_id,
    .steps = {{
        "INSERT INTO invites (code_hash, created_at, created_by, expires_at, uses_left)"
        " VALUES ($1, $2, $3, $4, $5) RETURNING id", NULL}},
};

const struct statement statement_invites_list = {
    .name = "invites_list", .in = "", .out = "idtdi", .flags = STATEMENT_MANY_OUT,
    .out_bytes = sizeof(struct store_invite), .read = read_invite,
    .steps = {{
        "SELECT id, created_at, created_by, expires_at, uses_left FROM invites"
        " ORDER BY id DESC LIMIT 200", NULL}},
};

const struct statement statement_invite_revoke = {
    .name = "invite_revoke", .in = "i", .out = "i", .flags = STATEMENT_CHANGES,
    .bind = statement_bind_id, .read = statement_read_nothing,
    .steps = {{"DELETE FROM invites WHERE id = $1 RETURNING 1", NULL}},
};
/* clang-format on */
