/* statements_reports.c -- questions about what players report of each other. */
#include "store/statements.h"

static void bind_add(const struct store_question *question, size_t at,
                     struct statement_value *values)
{
    const struct store_reporting *reporting = &question->in.reporting;
    const struct store_report *report = &reporting->report;

    (void)at;
    values[0] = value_time(report->at_ms);
    values[1] = value_id(report->reporter_id);
    values[2] = value_text(report->reporter);
    values[3] = value_id(report->about_id);
    values[4] = value_text(report->about);
    values[5] = value_text(report->words);
    values[6] = value_time(reporting->since_ms);
    values[7] = value_int(reporting->most - 1); /* is there one more before it? */
    values[8] = value_int(reporting->open_most - 1);
}

static void bind_line(const struct store_question *question, size_t at,
                      struct statement_value *values)
{
    const struct store_report_line *line =
        (const struct store_report_line *)question->in.many.rows + at;

    values[0] = value_int(line->report_id);
    values[1] = value_time(line->at_ms);
    values[2] = value_int(line->channel);
    values[3] = value_id(line->player_id);
    values[4] = value_text(line->name);
    values[5] = value_text(line->text);
}

static void bind_close(const struct store_question *question, size_t at,
                       struct statement_value *values)
{
    const struct store_report *report = &question->in.report;

    (void)at;
    values[0] = value_int(report->id);
    values[1] = value_time(report->closed_ms);
    values[2] = value_text(report->closed_by);
    values[3] = value_text(report->verdict);
}

static void read_report(const struct statement_value *columns, void *into)
{
    struct store_report *report = into;

    report->id = (uint64_t)columns[0].i;
    report->at_ms = (uint64_t)columns[1].i;
    report->reporter_id = (uint64_t)columns[2].i;
    value_copy(&columns[3], report->reporter, sizeof(report->reporter));
    report->about_id = (uint64_t)columns[4].i;
    value_copy(&columns[5], report->about, sizeof(report->about));
    value_copy(&columns[6], report->words, sizeof(report->words));
    report->closed_ms = (uint64_t)columns[7].i;
    value_copy(&columns[8], report->closed_by, sizeof(report->closed_by));
    value_copy(&columns[9], report->verdict, sizeof(report->verdict));
    report->earlier = (uint32_t)columns[10].i;
}

static void read_line(const struct statement_value *columns, void *into)
{
    struct store_report_line *line = into;

    line->id = (uint64_t)columns[0].i;
    line->at_ms = (uint64_t)columns[1].i;
    line->channel = (uint32_t)columns[2].i;
    line->player_id = (uint64_t)columns[3].i;
    value_copy(&columns[4], line->name, sizeof(line->name));
    value_copy(&columns[5], line->text, sizeof(line->text));
}

/* Whom the report is about. */
static void read_about(const struct statement_value *columns, void *into)
{
    struct store_player *player = into;

    player->id = (uint64_t)columns[0].i;
    value_copy(&columns[1], player->username, sizeof(player->username));
}

/* clang-format off */
#define REPORT_TYPES   "iditittdtti"
#define REPORT_COLUMNS \
    "SELECT r.id, r.at, r.reporter_id, r.reporter, r.about_id, r.about, r.words, r.closed_at, r.closed_by, r.verdict," \
    " (SELECT count(*) FROM reports e WHERE e.about_id = r.about_id AND e.id < r.id) FROM reports r "

/* The limits are in the statement, so that they hold over restarts and take no memory. */
const struct statement statement_report_add = {
    .name = "report_add", .in = "dititt" "dii", .out = "i", .flags = STATEMENT_CHANGES,
    .bind = bind_add, .read = statement_read_id,
    .steps = {{
        "INSERT INTO reports (at, reporter_id, reporter, about_id, about, words)"
        " SELECT $1, $2, $3, $4, $5, $6"
        " WHERE NOT EXISTS (SELECT 1 FROM reports WHERE reporter_id = $2 AND at > $7 ORDER BY at LIMIT 1 OFFSET $8)"
        " AND NOT EXISTS (SELECT 1 FROM reports WHERE closed_at IS NULL ORDER BY id LIMIT 1 OFFSET $9)"
        " RETURNING id", NULL}},
};

/* A line of an account that was erased meanwhile must not bring its name back; of a report that is
 * gone nothing is kept. */
#define LINE_OF "EXISTS (SELECT 1 FROM reports WHERE id = "
const struct statement statement_report_lines_add = {
    .name = "report_lines_add", .in = "idiitt", .out = "", .flags = STATEMENT_CHANGES | STATEMENT_MANY_IN,
    .in_bytes = sizeof(struct store_report_line), .bind = bind_line,
    .steps = {{
        "INSERT INTO report_lines (report_id, at, channel, player_id, name, text) SELECT $1, $2, $3, $4, $5, $6"
        " WHERE " LINE_OF "$1) AND ($4 IS NULL OR EXISTS (SELECT 1 FROM players WHERE id = $4))",
        "INSERT INTO report_lines (report_id, at, channel, player_id, name, text)"
        " SELECT s.report_id, s.at, s.channel, s.player_id, s.name, s.text"
        " FROM unnest($1, $2, $3, $4, $5, $6) WITH ORDINALITY AS s (report_id, at, channel, player_id, name, text, n)"
        " WHERE " LINE_OF "s.report_id)"
        " AND (s.player_id IS NULL OR EXISTS (SELECT 1 FROM players p WHERE p.id = s.player_id)) ORDER BY s.n"}},
};

const struct statement statement_reports_all = {
    .name = "reports_all", .in = "ii", .out = REPORT_TYPES, .flags = STATEMENT_MANY_OUT,
    .out_bytes = sizeof(struct store_report), .bind = statement_bind_page, .read = read_report,
    .steps = {{REPORT_COLUMNS "WHERE r.id < $1 ORDER BY r.id DESC LIMIT $2", NULL}},
};

const struct statement statement_reports_open = {
    .name = "reports_open", .in = "ii", .out = REPORT_TYPES, .flags = STATEMENT_MANY_OUT,
    .out_bytes = sizeof(struct store_report), .bind = statement_bind_page, .read = read_report,
    .steps = {{REPORT_COLUMNS "WHERE r.closed_at IS NULL AND r.id < $1 ORDER BY r.id DESC LIMIT $2", NULL}},
};

/* Those that are open are bounded, so it does not read far. */
const struct statement statement_reports_closed = {
    .name = "reports_closed", .in = "ii", .out = REPORT_TYPES, .flags = STATEMENT_MANY_OUT,
    .out_bytes = sizeof(struct store_report), .bind = statement_bind_page, .read = read_report,
    .steps = {{REPORT_COLUMNS "WHERE r.closed_at IS NOT NULL AND r.id < $1 ORDER BY r.id DESC LIMIT $2", NULL}},
};

const struct statement statement_reports_about = {
    .name = "reports_about", .in = "iii", .out = REPORT_TYPES, .flags = STATEMENT_MANY_OUT,
    .out_bytes = sizeof(struct store_report), .bind = statement_bind_page_of, .read = read_report,
    .steps = {{REPORT_COLUMNS "WHERE r.about_id = $3 AND r.id < $1 ORDER BY r.id DESC LIMIT $2", NULL}},
};

const struct statement statement_reports_by = {
    .name = "reports_by", .in = "iii", .out = REPORT_TYPES, .flags = STATEMENT_MANY_OUT,
    .out_bytes = sizeof(struct store_report), .bind = statement_bind_page_of, .read = read_report,
    .steps = {{REPORT_COLUMNS "WHERE r.reporter_id = $3 AND r.id < $1 ORDER BY r.id DESC LIMIT $2", NULL}},
};

const struct statement statement_report_show = {
    .name = "report_show", .in = "iii", .out = REPORT_TYPES, .flags = STATEMENT_MANY_OUT,
    .out_bytes = sizeof(struct store_report), .bind = statement_bind_page_of, .read = read_report,
    .steps = {{REPORT_COLUMNS "WHERE r.id = $3 AND r.id < $1 LIMIT $2", NULL}},
};

const struct statement statement_report_lines = {
    .name = "report_lines", .in = "iii", .out = "idiitt", .flags = STATEMENT_MANY_OUT,
    .out_bytes = sizeof(struct store_report_line), .bind = statement_bind_page_of, .read = read_line,
    .steps = {{
        "SELECT id, at, channel, player_id, name, text FROM report_lines"
        " WHERE report_id = $3 AND id > $1 ORDER BY id LIMIT $2", NULL}},
};

const struct statement statement_report_close = {
    .name = "report_close", .in = "idtt", .out = "it", .flags = STATEMENT_CHANGES,
    .bind = bind_close, .read = read_about,
    .steps = {{
        "UPDATE reports SET closed_at = $2, closed_by = $3, verdict = $4 WHERE id = $1 AND closed_at IS NULL"
        " RETURNING about_id, about", NULL}},
};

const struct statement statement_reports_count = {
    .name = "reports_count", .in = "", .out = "i", .read = statement_read_id,
    .steps = {{"SELECT count(*) FROM reports WHERE closed_at IS NULL", NULL}},
};

/* An open one stays until somebody has seen it: those are bounded (report_add). */
const struct statement statement_reports_prune = {
    .name = "reports_prune", .in = "di", .out = "i", .flags = STATEMENT_CHANGES | STATEMENT_AGAIN,
    .bind = statement_bind_before, .read = statement_read_nothing,
    .steps = {
        {"DELETE FROM reports WHERE id IN"
         " (SELECT id FROM reports WHERE closed_at IS NOT NULL AND at < $1 ORDER BY at LIMIT $2)",
         "DELETE FROM reports WHERE id = ANY (ARRAY"
         " (SELECT id FROM reports WHERE closed_at IS NOT NULL AND at < $1 ORDER BY at LIMIT $2))"},
        {"SELECT 1 FROM reports WHERE closed_at IS NOT NULL AND at < $1 ORDER BY at LIMIT 1", NULL}},
};
/* clang-format on */
