/* statements_records.c -- questions about what operators did and what was said. */
#include "store/statements.h"

#define YEAR_9999_MS UINT64_C(253370764800000)

static void bind_audit(const struct store_question *question, size_t at,
                       struct statement_value *values)
{
    const struct store_audit *audit = &question->in.audit;

    (void)at;
    values[0] = value_time(audit->at_ms);
    values[1] = audit->has_uid ? value_int(audit->uid) : value_null();
    values[2] = value_text(audit->actor);
    values[3] = value_text(audit->method);
    values[4] = value_text(audit->target);
    values[5] = value_text(audit->detail);
    values[6] = value_text(audit->outcome);
}

static void bind_page_of_text(const struct store_question *question, size_t at,
                              struct statement_value *values)
{
    statement_bind_page(question, at, values);
    values[2] = value_text(question->in.page.text);
}

static void bind_search(const struct store_question *question, size_t at,
                        struct statement_value *values)
{
    const struct store_audit_search *search = &question->in.audit_search;

    (void)at;
    values[0] = value_int(search->before);
    values[1] = value_int(search->limit);
    values[2] = value_time(search->since_ms != 0 ? search->since_ms : 1);
    values[3] = value_time(search->until_ms != 0 ? search->until_ms : YEAR_9999_MS);
    values[4] = value_text(search->method);
    values[5] = value_text(search->actor);
    values[6] = value_text(search->target);
}

static void read_visit(const struct statement_value *columns, void *into)
{
    struct store_visit *visit = into;

    visit->id = (uint64_t)columns[0].i;
    value_copy(&columns[1], visit->session_id, sizeof(visit->session_id));
    visit->connected_ms = (uint64_t)columns[2].i;
    visit->disconnected_ms = (uint64_t)columns[3].i;
    visit->player_id = (uint64_t)columns[4].i;
    value_copy(&columns[5], visit->username, sizeof(visit->username));
}

static void read_audit(const struct statement_value *columns, void *into)
{
    struct store_audit *audit = into;

    audit->id = (uint64_t)columns[0].i;
    audit->at_ms = (uint64_t)columns[1].i;
    audit->has_uid = columns[2].type != '\0';
    audit->uid = (uint32_t)columns[2].i;
    value_copy(&columns[3], audit->actor, sizeof(audit->actor));
    value_copy(&columns[4], audit->method, sizeof(audit->method));
    value_copy(&columns[5], audit->target, sizeof(audit->target));
    value_copy(&columns[6], audit->detail, sizeof(audit->detail));
    value_copy(&columns[7], audit->outcome, sizeof(audit->outcome));
}

static void bind_chat(const struct store_question *question, size_t at,
                      struct statement_value *values)
{
    const struct store_chat *line = (const struct store_chat *)question->in.many.rows + at;

    values[0] = value_time(line->at_ms);
    values[1] = value_int(line->channel);
    values[2] = value_id(line->player_id);
    values[3] = value_text(line->name);
    values[4] = value_text(line->text);
}

/* clang-format off */
#define AUDIT_COLUMNS "SELECT id, at, actor_uid, actor, method, target, detail, outcome FROM audit "
#define AUDIT_TYPES   "idittttt"

const struct statement statement_audit_add = {
    .name = "audit_add", .in = "dittttt", .out = "i", .flags = STATEMENT_CHANGES, .bind = bind_audit,
    .read = statement_read_id,
    .steps = {{
        "INSERT INTO audit (at, actor_uid, actor, method, target, detail, outcome)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7) RETURNING id", NULL}},
};

const struct statement statement_audit_list = {
    .name = "audit_list", .in = "ii", .out = AUDIT_TYPES, .flags = STATEMENT_MANY_OUT,
    .out_bytes = sizeof(struct store_audit), .bind = statement_bind_page, .read = read_audit,
    .steps = {{AUDIT_COLUMNS "WHERE id < $1 ORDER BY id DESC LIMIT $2", NULL}},
};

const struct statement statement_audit_about = {
    .name = "audit_about", .in = "iit", .out = AUDIT_TYPES, .flags = STATEMENT_MANY_OUT,
    .out_bytes = sizeof(struct store_audit), .bind = bind_page_of_text, .read = read_audit,
    .steps = {{AUDIT_COLUMNS "WHERE target = $3 AND id < $1 ORDER BY id DESC LIMIT $2", NULL}},
};

#define BEGINS " AND substr(method, 1, length($5)) = $5"
#define NEWEST " ORDER BY id DESC LIMIT $2"

/* Of all operators and all targets, for which there are statements of their own. */
const struct statement statement_audit_search = {
    .name = "audit_search", .in = "iiddt", .out = AUDIT_TYPES, .flags = STATEMENT_MANY_OUT | STATEMENT_SLOW,
    .out_bytes = sizeof(struct store_audit), .bind = bind_search, .read = read_audit,
    .steps = {{AUDIT_COLUMNS "WHERE id < $1 AND at >= $3 AND at < $4" BEGINS NEWEST, NULL}},
};

/* By who did it, or whom it is about, from the newest on. (IS TRUE: the index on times, which an open
 * time finds all of the record in, shall not be taken instead.) */
#define WITHIN " AND id < $1 AND (at >= $3 AND at < $4) IS TRUE" BEGINS

const struct statement statement_audit_search_by = {
    .name = "audit_search_by", .in = "iiddtt", .out = AUDIT_TYPES, .flags = STATEMENT_MANY_OUT | STATEMENT_SLOW,
    .out_bytes = sizeof(struct store_audit), .bind = bind_search, .read = read_audit,
    .steps = {{AUDIT_COLUMNS "WHERE actor = $6" WITHIN NEWEST, NULL}},
};

const struct statement statement_audit_search_about = {
    .name = "audit_search_about", .in = "iiddttt", .out = AUDIT_TYPES, .flags = STATEMENT_MANY_OUT | STATEMENT_SLOW,
    .out_bytes = sizeof(struct store_audit), .bind = bind_search, .read = read_audit,
    .steps = {{AUDIT_COLUMNS "WHERE target = $7 AND ($6 = '' OR actor = $6)" WITHIN NEWEST, NULL}},
};

const struct statement statement_audit_prune = {
    .name = "audit_prune", .in = "di", .out = "i", .flags = STATEMENT_CHANGES | STATEMENT_AGAIN,
    .bind = statement_bind_before, .read = statement_read_nothing,
    .steps = {
        {"DELETE FROM audit WHERE id IN (SELECT id FROM audit WHERE at < $1 ORDER BY at LIMIT $2)",
         "DELETE FROM audit WHERE id = ANY (ARRAY (SELECT id FROM audit WHERE at < $1 ORDER BY at LIMIT $2))"},
        {"SELECT 1 FROM audit WHERE at < $1 ORDER BY at LIMIT 1", NULL}},
};

/* A line of an account that was erased meanwhile must not bring its name back. Where PostgreSQL's
 * connection broke at the commit the lines come again: those that are there are passed over. SQLite
 * knows what it did. */
/* A name by a look for each row: a join might read all accounts for a page. */
#define VISIT_COLUMNS \
    "SELECT id, session_id, connected_at, disconnected_at, player_id," \
    " (SELECT username FROM players WHERE players.id = game_sessions.player_id) FROM game_sessions" \
    " WHERE id < $1"

const struct statement statement_sessions_list = {
    .name = "sessions_list", .in = "ii", .out = "itddit", .flags = STATEMENT_MANY_OUT,
    .out_bytes = sizeof(struct store_visit), .bind = statement_bind_page, .read = read_visit,
    .steps = {{VISIT_COLUMNS " ORDER BY id DESC LIMIT $2", NULL}},
};

const struct statement statement_sessions_open = {
    .name = "sessions_open", .in = "ii", .out = "itddit", .flags = STATEMENT_MANY_OUT,
    .out_bytes = sizeof(struct store_visit), .bind = statement_bind_page, .read = read_visit,
    .steps = {{VISIT_COLUMNS " AND disconnected_at IS NULL ORDER BY id DESC LIMIT $2", NULL}},
};

const struct statement statement_chat_add = {
    .name = "chat_add", .in = "diitt", .out = "", .lane = STATEMENT_SAVES,
    .flags = STATEMENT_CHANGES | STATEMENT_MANY_IN, .in_bytes = sizeof(struct store_chat), .bind = bind_chat,
    .steps = {{
        "INSERT INTO chat_log (at, channel, player_id, name, text) SELECT $1, $2, $3, $4, $5"
        " WHERE $3 IS NULL OR EXISTS (SELECT 1 FROM players WHERE id = $3)",
        "INSERT INTO chat_log (at, channel, player_id, name, text)"
        " SELECT s.* FROM unnest($1, $2, $3, $4, $5) AS s (at, channel, player_id, name, text)"
        " WHERE (s.player_id IS NULL OR EXISTS (SELECT 1 FROM players p WHERE p.id = s.player_id))"
        " AND NOT EXISTS (SELECT 1 FROM chat_log c WHERE c.at = s.at AND c.channel = s.channel"
        " AND c.player_id IS NOT DISTINCT FROM s.player_id AND c.name = s.name AND c.text = s.text)"}},
};

const struct statement statement_chat_prune = {
    .name = "chat_prune", .in = "di", .out = "i", .flags = STATEMENT_CHANGES | STATEMENT_AGAIN,
    .bind = statement_bind_before, .read = statement_read_nothing,
    .steps = {
        {"DELETE FROM chat_log WHERE id IN (SELECT id FROM chat_log WHERE at < $1 ORDER BY at LIMIT $2)",
         "DELETE FROM chat_log WHERE id = ANY (ARRAY (SELECT id FROM chat_log WHERE at < $1 ORDER BY at LIMIT $2))"},
        {"SELECT 1 FROM chat_log WHERE at < $1 ORDER BY at LIMIT 1", NULL}},
};
/* clang-format on */
