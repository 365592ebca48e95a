/* statements_tokens.c -- questions about refresh tokens. */
#include "store/statements.h"

static void bind_add(const struct store_question *question, size_t at,
                     struct statement_value *values)
{
    const struct store_refresh *refresh = &question->in.refresh;

    (void)at;
    values[0] = value_text(refresh->family);
    values[1] = value_int(refresh->player_id);
    values[2] = value_text(refresh->hash);
    values[3] = value_time(refresh->now_ms);
    values[4] = value_time(refresh->expires_ms);
}

static void bind_use(const struct store_question *question, size_t at,
                     struct statement_value *values)
{
    const struct store_refresh *refresh = &question->in.refresh;

    (void)at;
    values[0] = value_text(refresh->hash);
    values[1] = value_text(refresh->next_hash);
    values[2] = value_time(refresh->now_ms);
    values[3] = value_time(refresh->expires_ms);
}

static void bind_hash(const struct store_question *question, size_t at,
                      struct statement_value *values)
{
    (void)at;
    values[0] = value_text(question->in.refresh.hash);
    values[1] = value_time(question->in.refresh.now_ms);
    values[2] = value_text(question->in.refresh.family);
}

static void read_use(const struct statement_value *columns, void *into)
{
    struct store_refresh_answer *answer = into;

    answer->player_id = (uint64_t)columns[0].i;
    answer->fate = (uint32_t)columns[1].i;
    value_copy(&columns[2], answer->username, sizeof(answer->username));
    answer->role = protocol_role_of(columns[3].t);
    value_copy(&columns[4], answer->family, sizeof(answer->family));
}

static void read_family(const struct statement_value *columns, void *into)
{
    struct store_refresh_answer *answer = into;

    value_copy(&columns[0], answer->family, sizeof(answer->family));
}

static void read_end(const struct statement_value *columns, void *into)
{
    struct store_access_end *end = into;

    value_copy(&columns[0], end->family, sizeof(end->family));
    value_copy(&columns[1], end->target, sizeof(end->target));
    end->at_ms = (uint64_t)columns[2].i;
}

/* clang-format off */
/* PostgreSQL: an end of logins that comes while a token of theirs is not committed yet would not see
 * it, and that one would live on. So what ends logins holds the account first (FOR UPDATE), and what
 * begins one, or changes a token for the next, holds it too, so that either waits for the other. */

/* Nobody who is banned begins one: of a ban that comes at the same moment (ban_add) either sees the
 * other. */
const struct statement statement_refresh_add = {
    .name = "refresh_add", .in = "titdd", .out = "i", .flags = STATEMENT_CHANGES, .bind = bind_add,
    .read = statement_read_nothing,
    .steps = {
        {"SELECT 1 FROM players WHERE id = $2", "SELECT 1 FROM players WHERE id = $2 FOR KEY SHARE"},
        {"INSERT INTO refresh_tokens (family, player_id, token_hash, issued_at, expires_at)"
         " SELECT $1, $2, $3, $4, $5 WHERE NOT EXISTS (SELECT 1 FROM bans WHERE player_id = $2"
         " AND lifted_at IS NULL AND (expires_at IS NULL OR expires_at > $4)) RETURNING 1", NULL}},
};

#define UNUSED  "token_hash = $1 AND used_at IS NULL AND revoked_at IS NULL AND expires_at > $3"
#define ROTATED "EXISTS (SELECT 1 FROM refresh_tokens WHERE token_hash = $2)"

#define OWNER "SELECT 1 FROM players WHERE id = (SELECT player_id FROM refresh_tokens WHERE "

/* Of two who use the same token at once one gets the next, and the other revokes the family: the
 * account is held, and the new row tells who was first. Asked again, it finds the new row and changes
 * nothing. */
const struct statement statement_refresh_use = {
    .name = "refresh_use", .in = "ttdd", .out = "iittt",
    .flags = STATEMENT_CHANGES | STATEMENT_AGAIN, .bind = bind_use, .read = read_use,
    .steps = {
        {OWNER "token_hash = $1)", OWNER "token_hash = $1) FOR NO KEY UPDATE"},
        {"INSERT INTO refresh_tokens (family, player_id, token_hash, issued_at, expires_at)"
         " SELECT family, player_id, $2, $3, $4 FROM refresh_tokens WHERE " UNUSED, NULL},
        {"UPDATE refresh_tokens SET used_at = $3"
         " WHERE token_hash = $1 AND used_at IS NULL AND " ROTATED, NULL},
        {"UPDATE refresh_tokens SET revoked_at = $3 WHERE revoked_at IS NULL AND NOT " ROTATED
         " AND family IN (SELECT family FROM refresh_tokens"
         " WHERE token_hash = $1 AND used_at IS NOT NULL)", NULL},
        {"SELECT o.player_id, CASE WHEN " ROTATED " THEN 1 WHEN o.used_at IS NOT NULL THEN 2 ELSE 3 END,"
         " p.username, p.role, o.family FROM refresh_tokens o JOIN players p ON p.id = o.player_id"
         " WHERE o.token_hash = $1", NULL}},
};

const struct statement statement_refresh_revoke = {
    .name = "refresh_revoke", .in = "tdt", .out = "t", .flags = STATEMENT_CHANGES | STATEMENT_AGAIN,
    .bind = bind_hash, .read = read_family,
    .steps = {
        {OWNER "token_hash = $1 OR family = $3 LIMIT 1)", OWNER "token_hash = $1 OR family = $3 LIMIT 1) FOR UPDATE"},
        {"UPDATE refresh_tokens SET revoked_at = $2 WHERE revoked_at IS NULL"
         " AND family IN (SELECT family FROM refresh_tokens WHERE token_hash = $1 UNION ALL SELECT $3)", NULL},
        {"SELECT family FROM refresh_tokens WHERE token_hash = $1 OR family = $3 LIMIT 1", NULL}},
};

/* Whose access tokens were made lately has a refresh token among the newest: no index is needed to
 * find the revoked ones. A change of password revokes them too. (|| '': SQLite shall not walk a whole
 * index for the sake of its order.) */
const struct statement statement_access_ends = {
    .name = "access_ends", .in = "di", .out = "ttd", .flags = STATEMENT_MANY_OUT | STATEMENT_SLOW,
    .out_bytes = sizeof(struct store_access_end), .bind = statement_bind_before, .read = read_end,
    .steps = {{
        "SELECT family || '', NULL, max(revoked_at) AS ended_at FROM refresh_tokens"
        " WHERE id > (SELECT max(id) FROM refresh_tokens) - 200000 AND revoked_at > $1 GROUP BY family || ''"
        " UNION ALL SELECT NULL, target || '', max(at) FROM audit WHERE at > $1"
        " AND method IN ('accounts.set-role', 'accounts.rename') GROUP BY target || ''"
        " ORDER BY ended_at DESC LIMIT $2", NULL}},
};

const struct statement statement_refresh_revoke_player = {
    .name = "refresh_revoke_player", .in = "id", .out = "",
    .flags = STATEMENT_CHANGES | STATEMENT_AGAIN, .bind = statement_bind_id_and_now,
    .steps = {
        {"SELECT 1 FROM players WHERE id = $1", "SELECT 1 FROM players WHERE id = $1 FOR UPDATE"},
        {"UPDATE refresh_tokens SET revoked_at = $2 WHERE player_id = $1 AND revoked_at IS NULL", NULL}},
};

/* Used ones stay until they expire: that they come again is what must be seen. In pieces, for the
 * saves behind it must not wait for long. */
const struct statement statement_refresh_prune = {
    .name = "refresh_prune", .in = "d", .out = "i", .lane = STATEMENT_SAVES,
    .flags = STATEMENT_CHANGES | STATEMENT_AGAIN, .bind = statement_bind_now, .read = statement_read_nothing,
    .steps = {
        {"DELETE FROM refresh_tokens WHERE id IN"
         " (SELECT id FROM refresh_tokens WHERE expires_at <= $1 ORDER BY expires_at LIMIT 1000)",
         "DELETE FROM refresh_tokens WHERE id = ANY"
         " (ARRAY (SELECT id FROM refresh_tokens WHERE expires_at <= $1 ORDER BY expires_at LIMIT 1000))"},
        {"SELECT 1 FROM refresh_tokens WHERE expires_at <= $1 ORDER BY expires_at LIMIT 1", NULL}},
};
/* clang-format on */
