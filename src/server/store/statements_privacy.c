/* statements_privacy.c -- questions about all that is kept of one account, and its end. */
#include "store/statements.h"

static void bind_erase(const struct store_question *question, size_t at,
                       struct statement_value *values)
{
    (void)at;
    values[0] = value_int(question->in.erase.player_id);
    values[1] = value_text(question->in.erase.target);
    values[2] = value_text(question->in.erase.quoted);
}

static void read_chat(const struct statement_value *columns, void *into)
{
    struct store_chat *line = into;

    line->id = (uint64_t)columns[0].i;
    line->at_ms = (uint64_t)columns[1].i;
    line->channel = (uint32_t)columns[2].i;
    line->player_id = (uint64_t)columns[3].i;
    value_copy(&columns[4], line->name, sizeof(line->name));
    value_copy(&columns[5], line->text, sizeof(line->text));
}

static void read_stay(const struct statement_value *columns, void *into)
{
    struct store_stay *stay = into;

    stay->id = (uint64_t)columns[0].i;
    value_copy(&columns[1], stay->session_id, sizeof(stay->session_id));
    stay->connected_ms = (uint64_t)columns[2].i;
    stay->disconnected_ms = (uint64_t)columns[3].i;
}

static void read_address(const struct statement_value *columns, void *into)
{
    struct store_known_address *address = into;

    value_copy(&columns[0], address->network, sizeof(address->network));
    address->seen_ms = (uint64_t)columns[1].i;
}

static void read_token(const struct statement_value *columns, void *into)
{
    struct store_known_token *token = into;

    token->id = (uint64_t)columns[0].i;
    token->issued_ms = (uint64_t)columns[1].i;
    token->expires_ms = (uint64_t)columns[2].i;
    token->used_ms = (uint64_t)columns[3].i;
    token->revoked_ms = (uint64_t)columns[4].i;
}

static void read_adopted(const struct statement_value *columns, void *into)
{
    struct store_adopted *adopted = into;

    adopted->id = (uint64_t)columns[0].i;
    value_copy(&columns[1], adopted->place, sizeof(adopted->place));
    value_copy(&columns[2], adopted->what, sizeof(adopted->what));
    value_copy(&columns[3], adopted->content, sizeof(adopted->content));
}

static void bind_network(const struct store_question *question, size_t at,
                         struct statement_value *values)
{
    (void)at;
    values[0] = value_text(question->in.page.text);
    values[1] = value_int(question->in.page.limit);
}

static void read_seen(const struct statement_value *columns, void *into)
{
    struct store_seen_account *seen = into;

    seen->player_id = (uint64_t)columns[0].i;
    value_copy(&columns[1], seen->username, sizeof(seen->username));
    seen->seen_ms = (uint64_t)columns[2].i;
}

/* clang-format off */
const struct statement statement_chat_of = {
    .name = "chat_of", .in = "iii", .out = "idiitt", .flags = STATEMENT_MANY_OUT,
    .out_bytes = sizeof(struct store_chat), .bind = statement_bind_page_of, .read = read_chat,
    .steps = {{
        "SELECT id, at, channel, player_id, name, text FROM chat_log"
        " WHERE player_id = $3 AND id < $1 ORDER BY id DESC LIMIT $2", NULL}},
};

const struct statement statement_chat_kept_of = {
    .name = "chat_kept_of", .in = "iii", .out = "idiitt", .flags = STATEMENT_MANY_OUT,
    .out_bytes = sizeof(struct store_chat), .bind = statement_bind_page_of, .read = read_chat,
    .steps = {{
        "SELECT id, at, channel, player_id, name, text FROM report_lines"
        " WHERE player_id = $3 AND id < $1 ORDER BY id DESC LIMIT $2", NULL}},
};

const struct statement statement_sessions_of = {
    .name = "sessions_of", .in = "iii", .out = "itdd", .flags = STATEMENT_MANY_OUT,
    .out_bytes = sizeof(struct store_stay), .bind = statement_bind_page_of, .read = read_stay,
    .steps = {{
        "SELECT id, session_id, connected_at, disconnected_at FROM game_sessions"
        " WHERE player_id = $3 AND id < $1 ORDER BY id DESC LIMIT $2", NULL}},
};

/* At most 8 an account: no pages. */
const struct statement statement_addresses_of = {
    .name = "addresses_of", .in = "iii", .out = "td", .flags = STATEMENT_MANY_OUT,
    .out_bytes = sizeof(struct store_known_address), .bind = statement_bind_page_of, .read = read_address,
    .steps = {{
        "SELECT network, seen_at FROM player_addresses WHERE player_id = $3 ORDER BY network LIMIT $2", NULL}},
};

/* The other way round. */
const struct statement statement_accounts_seen = {
    .name = "accounts_seen", .in = "ti", .out = "itd", .flags = STATEMENT_MANY_OUT,
    .out_bytes = sizeof(struct store_seen_account), .bind = bind_network, .read = read_seen,
    .steps = {{
        "SELECT player_id, username, seen_at FROM player_addresses JOIN players ON players.id = player_id"
        " WHERE network = $1 ORDER BY seen_at DESC, player_id LIMIT $2", NULL}},
};

const struct statement statement_tokens_of = {
    .name = "tokens_of", .in = "iii", .out = "idddd", .flags = STATEMENT_MANY_OUT,
    .out_bytes = sizeof(struct store_known_token), .bind = statement_bind_page_of, .read = read_token,
    .steps = {{
        "SELECT id, issued_at, expires_at, used_at, revoked_at FROM refresh_tokens"
        " WHERE player_id = $3 AND id < $1 ORDER BY id DESC LIMIT $2", NULL}},
};

/* What the adoption of an older database noted, of three tables: their numbers go in turn, so that one
 * number says where a page goes on. A program that kept each place left thousands of an account. */
#define ADOPTED(text) \
    "SELECT id * 4, table_name, reason, content FROM adoption_set_aside WHERE player_id = $3 AND id * 4 < $1" \
    " UNION ALL SELECT id * 4 + 1, 'adoption_changes', what, coalesce(was, '') || ' -> ' || coalesce(became, '')" \
    " FROM adoption_changes WHERE player_id = $3 AND id * 4 + 1 < $1" \
    " UNION ALL SELECT id * 4 + 2, 'player_positions_conflict', 'an older position'," \
    " coalesce(CAST(x AS " text "), '') || ' ' || coalesce(CAST(y AS " text "), '') || ' ' || coalesce(CAST(z AS " text "), '')" \
    " || ' ' || coalesce(CAST(updated_at AS " text "), '')" \
    " FROM player_positions_conflict WHERE player_id = $3 AND id * 4 + 2 < $1 ORDER BY 1 DESC LIMIT $2"

const struct statement statement_adopted_of = {
    .name = "adopted_of", .in = "iii", .out = "ittt", .flags = STATEMENT_MANY_OUT,
    .out_bytes = sizeof(struct store_adopted), .bind = statement_bind_page_of, .read = read_adopted,
    .steps = {{ADOPTED("TEXT"), NULL}},
};

/* All other tables of an account go with it: ON DELETE CASCADE. What he reported of others stays,
 * but for his name, his words, and the verdict, which may name him. Lines that a report keeps from
 * before a restart are known by their speaker's name alone. */
#define OUTCOME_ONLY \
    "outcome = CASE WHEN outcome LIKE 'ok%' THEN 'ok' WHEN outcome LIKE 'denied%' THEN 'denied' ELSE 'failed' END"

const struct statement statement_player_erase = {
    .name = "player_erase", .in = "itt", .out = "i", .flags = STATEMENT_CHANGES | STATEMENT_SCRUB | STATEMENT_SLOW,
    .bind = bind_erase, .read = statement_read_id,
    .steps = {
        {"UPDATE audit SET detail = '{}', " OUTCOME_ONLY
         " WHERE target = $2 OR instr(lower(detail), lower($3)) > 0",
         "UPDATE audit SET detail = '{}', " OUTCOME_ONLY
         " WHERE target = $2 OR strpos(lower(detail), lower($3)) > 0"},
        {"UPDATE reports SET reporter = '', words = '', verdict = CASE WHEN closed_at IS NOT NULL THEN '' END"
         " WHERE reporter_id = $1", NULL},
        {"DELETE FROM report_lines WHERE player_id IS NULL AND name = (SELECT username FROM players WHERE id = $1)", NULL},
        {"DELETE FROM players WHERE id = $1 RETURNING id", NULL}},
};
/* clang-format on */
