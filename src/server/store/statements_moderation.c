/* statements_moderation.c -- questions about bans, mutes and the allowlist. One target has at most
 * one that is in force: a new one ends the one before, in the same transaction. */
#include "store/statements.h"

static void bind_ban(const struct store_question *question, size_t at,
                     struct statement_value *values)
{
    const struct store_ban *ban = &question->in.ban;

    (void)at;
    values[0] = value_id(ban->player_id);
    values[1] = value_text_or_null(ban->network);
    values[2] = value_text(ban->reason);
    values[3] = value_time(ban->created_ms);
    values[4] = value_text(ban->created_by);
    values[5] = value_time(ban->expires_ms);
}

static void bind_lift(const struct store_question *question, size_t at,
                      struct statement_value *values)
{
    const struct store_ban *ban = &question->in.ban;

    (void)at;
    values[0] = value_int(ban->id);
    values[1] = value_time(ban->lifted_ms);
    values[2] = value_text(ban->lifted_by);
}

static void bind_in_force(const struct store_question *question, size_t at,
                          struct statement_value *values)
{
    (void)at;
    values[0] = value_int(question->in.page.from);
    values[1] = value_time(question->in.page.now_ms);
    values[2] = value_int(question->in.page.limit);
}

static void bind_history(const struct store_question *question, size_t at,
                         struct statement_value *values)
{
    (void)at;
    values[0] = value_int(question->in.page.from);
    values[1] = value_int(question->in.page.limit);
    values[2] = value_id(question->in.page.about);
    values[3] = value_text_or_null(question->in.page.text);
}

static void read_ban(const struct statement_value *columns, void *into)
{
    struct store_ban *ban = into;

    ban->id = (uint64_t)columns[0].i;
    ban->player_id = (uint64_t)columns[1].i;
    value_copy(&columns[2], ban->player, sizeof(ban->player));
    value_copy(&columns[3], ban->network, sizeof(ban->network));
    value_copy(&columns[4], ban->reason, sizeof(ban->reason));
    ban->created_ms = (uint64_t)columns[5].i;
    value_copy(&columns[6], ban->created_by, sizeof(ban->created_by));
    ban->expires_ms = (uint64_t)columns[7].i;
    ban->lifted_ms = (uint64_t)columns[8].i;
    value_copy(&columns[9], ban->lifted_by, sizeof(ban->lifted_by));
}

static void bind_listed(const struct store_question *question, size_t at,
                        struct statement_value *values)
{
    const struct store_listed *listed = &question->in.listed;

    (void)at;
    values[0] = value_int(listed->player_id);
    values[1] = value_time(listed->added_ms);
    values[2] = value_text(listed->added_by);
}

static void bind_unlisted(const struct store_question *question, size_t at,
                          struct statement_value *values)
{
    (void)at;
    values[0] = value_int(question->in.listed.player_id);
}

static void bind_list_of(const struct store_question *question, size_t at,
                         struct statement_value *values)
{
    (void)at;
    values[0] = value_int(question->in.page.about);
}

static void read_listed(const struct statement_value *columns, void *into)
{
    struct store_listed *listed = into;

    listed->player_id = (uint64_t)columns[0].i;
    value_copy(&columns[1], listed->player, sizeof(listed->player));
    listed->added_ms = (uint64_t)columns[2].i;
    value_copy(&columns[3], listed->added_by, sizeof(listed->added_by));
}

/* clang-format off */
#define BAN_TYPES   "iitttdtddt"
#define BAN_COLUMNS "SELECT b.id, b.player_id, p.username, b.network, b.reason, b.created_at, b.created_by," \
                    " b.expires_at, b.lifted_at, b.lifted_by FROM bans b LEFT JOIN players p ON p.id = b.player_id "
#define MUTE_COLUMNS "SELECT b.id, b.player_id, p.username, NULL, b.reason, b.created_at, b.created_by," \
                    " b.expires_at, b.lifted_at, b.lifted_by FROM mutes b JOIN players p ON p.id = b.player_id "
#define IN_FORCE    "WHERE b.lifted_at IS NULL AND b.id > $1 AND (b.expires_at IS NULL OR b.expires_at > $2)" \
                    " ORDER BY b.id LIMIT $3"

const struct statement statement_bans_in_force = {
    .name = "bans_in_force", .in = "idi", .out = BAN_TYPES, .flags = STATEMENT_MANY_OUT,
    .out_bytes = sizeof(struct store_ban), .bind = bind_in_force, .read = read_ban,
    .steps = {{BAN_COLUMNS IN_FORCE, NULL}},
};

const struct statement statement_mutes_in_force = {
    .name = "mutes_in_force", .in = "idi", .out = BAN_TYPES, .flags = STATEMENT_MANY_OUT,
    .out_bytes = sizeof(struct store_ban), .bind = bind_in_force, .read = read_ban,
    .steps = {{MUTE_COLUMNS IN_FORCE, NULL}},
};

const struct statement statement_bans_about = {
    .name = "bans_about", .in = "iiit", .out = BAN_TYPES, .flags = STATEMENT_MANY_OUT,
    .out_bytes = sizeof(struct store_ban), .bind = bind_history, .read = read_ban,
    .steps = {{BAN_COLUMNS "WHERE (b.player_id = $3 OR b.network = $4) AND b.id < $1 ORDER BY b.id DESC LIMIT $2", NULL}},
};

const struct statement statement_mutes_about = {
    .name = "mutes_about", .in = "iiit", .out = BAN_TYPES, .flags = STATEMENT_MANY_OUT,
    .out_bytes = sizeof(struct store_ban), .bind = bind_history, .read = read_ban,
    .steps = {{MUTE_COLUMNS "WHERE b.player_id = $3 AND b.id < $1 ORDER BY b.id DESC LIMIT $2", NULL}},
};

/* History stays true: one whose time was over is not said to have been lifted. Who is banned is
 * logged out everywhere, and his account is held, so that no login of his slips past (refresh_add).
 */
const struct statement statement_ban_add = {
    .name = "ban_add", .in = "ittdtd", .out = "i", .flags = STATEMENT_CHANGES, .bind = bind_ban, .read = statement_read_id,
    .steps = {
        {"SELECT 1 FROM players WHERE id = $1", "SELECT 1 FROM players WHERE id = $1 FOR UPDATE"},
        {"UPDATE refresh_tokens SET revoked_at = $4 WHERE player_id = $1 AND revoked_at IS NULL", NULL},
        {"UPDATE bans SET lifted_at = $4, lifted_by = $5 WHERE (player_id = $1 OR network = $2)"
         " AND lifted_at IS NULL AND (expires_at IS NULL OR expires_at > $4)", NULL},
        {"INSERT INTO bans (player_id, network, reason, created_at, created_by, expires_at)"
         " VALUES ($1, $2, $3, $4, $5, $6) RETURNING id", NULL}},
};

const struct statement statement_mute_add = {
    .name = "mute_add", .in = "ittdtd", .out = "i", .flags = STATEMENT_CHANGES, .bind = bind_ban, .read = statement_read_id,
    .steps = {
        {"UPDATE mutes SET lifted_at = $4, lifted_by = $5 WHERE player_id = $1"
         " AND lifted_at IS NULL AND (expires_at IS NULL OR expires_at > $4)", NULL},
        {"INSERT INTO mutes (player_id, reason, created_at, created_by, expires_at)"
         " VALUES ($1, $3, $4, $5, $6) RETURNING id", NULL}},
};

const struct statement statement_ban_lift = {
    .name = "ban_lift", .in = "idt", .out = "i", .flags = STATEMENT_CHANGES, .bind = bind_lift, .read = statement_read_id,
    .steps = {{
        "UPDATE bans SET lifted_at = $2, lifted_by = $3 WHERE id = $1 AND lifted_at IS NULL"
        " AND (expires_at IS NULL OR expires_at > $2) RETURNING id", NULL}},
};

const struct statement statement_mute_lift = {
    .name = "mute_lift", .in = "idt", .out = "i", .flags = STATEMENT_CHANGES, .bind = bind_lift, .read = statement_read_id,
    .steps = {{
        "UPDATE mutes SET lifted_at = $2, lifted_by = $3 WHERE id = $1 AND lifted_at IS NULL"
        " AND (expires_at IS NULL OR expires_at > $2) RETURNING id", NULL}},
};

#define LISTED_TYPES   "itdt"
#define LISTED_COLUMNS "SELECT a.player_id, p.username, a.added_at, a.added_by FROM allowlist a JOIN players p ON p.id = a.player_id "

const struct statement statement_allowlist_list = {
    .name = "allowlist_list", .in = "ii", .out = LISTED_TYPES, .flags = STATEMENT_MANY_OUT,
    .out_bytes = sizeof(struct store_listed), .bind = statement_bind_page, .read = read_listed,
    .steps = {{LISTED_COLUMNS "WHERE a.player_id > $1 ORDER BY a.player_id LIMIT $2", NULL}},
};

const struct statement statement_allowlist_of = {
    .name = "allowlist_of", .in = "i", .out = LISTED_TYPES, .flags = STATEMENT_MANY_OUT,
    .out_bytes = sizeof(struct store_listed), .bind = bind_list_of, .read = read_listed,
    .steps = {{LISTED_COLUMNS "WHERE a.player_id = $1", NULL}},
};

/* One that is listed already stays as it was: who asks first looks. */
const struct statement statement_allowlist_add = {
    .name = "allowlist_add", .in = "idt", .out = "i", .flags = STATEMENT_CHANGES | STATEMENT_AGAIN,
    .bind = bind_listed, .read = statement_read_id,
    .steps = {{
        "INSERT INTO allowlist (player_id, added_at, added_by) VALUES ($1, $2, $3)"
        " ON CONFLICT (player_id) DO UPDATE SET player_id = excluded.player_id RETURNING player_id", NULL}},
};

const struct statement statement_allowlist_remove = {
    .name = "allowlist_remove", .in = "i", .out = "i", .flags = STATEMENT_CHANGES,
    .bind = bind_unlisted, .read = statement_read_id,
    .steps = {{"DELETE FROM allowlist WHERE player_id = $1 RETURNING player_id", NULL}},
};
/* clang-format on */
