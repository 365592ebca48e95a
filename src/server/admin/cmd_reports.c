/* cmd_reports.c -- what players report of each other: listed, looked into, closed. */
#include <stdio.h>
#include <string.h>

#include "admin/method.h"
#include "common/text.h"
#include "play/reporting.h"
#include "store/timestamp.h"

#define PAGE_DEFAULT 50
#define PAGE_MAX     100
#define LINES_MAX    100
#define EARLIER_MAX  20

static json_t *id_or_null(uint64_t id)
{
    return id != 0 ? method_id_json(id) : json_null();
}

json_t *cmd_reports_json(const struct store_report *report)
{
    json_t *object =
        json_pack("{s:o, s:I, s:s, s:o, s:s, s:o, s:s, s:I, s:o}", "report",
                  method_id_json(report->id), "at_ms", (json_int_t)report->at_ms, "player",
                  report->about, "id", id_or_null(report->about_id), "reporter", report->reporter,
                  "reporter_id", id_or_null(report->reporter_id), "words", report->words, "earlier",
                  (json_int_t)report->earlier, "closed_ms", method_time_json(report->closed_ms));

    if (report->closed_ms != 0) {
        json_object_set_new(object, "closed_by", json_string(report->closed_by));
        json_object_set_new(object, "verdict", json_string(report->verdict));
    }
    return object;
}

static json_t *reports_json(const struct store_answer *answer)
{
    const struct store_report *rows = answer->rows;
    json_t *list = json_array();

    for (size_t i = 0; i < answer->rows_n; i++)
        json_array_append_new(list, cmd_reports_json(&rows[i]));
    return list;
}

/* -- the list ---------------------------------------------------------------------------------- */

static void listed(struct method_call *call, const struct store_answer *answer)
{
    json_t *open =
        call->desk->config->reporting != NULL
            ? json_integer((json_int_t)reporting_state(call->desk->config->reporting).open_n)
            : json_null();

    method_done(call, json_pack("{s:o, s:o}", "open", open, "rows", reports_json(answer)));
}

static void run_list(struct method_call *call)
{
    static const enum store_statement STATEMENTS[] = {STORE_REPORTS_OPEN, STORE_REPORTS_CLOSED,
                                                      STORE_REPORTS_ALL};
    struct store_question question = {.statement = STATEMENTS[method_word(call, "state", 0)]};

    question.in.page.from = method_id(call, "before", INT64_MAX) & INT64_MAX;
    question.in.page.limit = (uint32_t)method_integer(call, "limit", PAGE_DEFAULT);
    method_ask(call, &question, listed);
}

/* -- one --------------------------------------------------------------------------------------- */

static json_t *line_json(const struct store_report_line *line)
{
    return json_pack("{s:I, s:s, s:s, s:o, s:s}", "at_ms", (json_int_t)line->at_ms, "channel",
                     cmd_chat_channel(line->channel), "name", line->name, "player",
                     id_or_null(line->player_id), "text", line->text);
}

static void finish_show(struct method_call *call)
{
    json_t *result = call->result;

    call->result = NULL;
    method_done(call, result);
}

static void took_earlier(struct method_call *call, const struct store_answer *answer)
{
    json_object_set_new(call->result, "before", reports_json(answer));
    finish_show(call);
}

static void took_lines(struct method_call *call, const struct store_answer *answer)
{
    struct store_question question = {.statement = STORE_REPORTS_ABOUT};
    const struct store_report_line *rows = answer->rows;
    json_t *list = json_array();

    for (size_t i = 0; i < answer->rows_n; i++)
        json_array_append_new(list, line_json(&rows[i]));
    json_object_set_new(call->result, "chat", list);
    if (call->player == 0) { /* a guest: nobody knows whether two of a name are one */
        json_object_set_new(call->result, "before", json_array());
        finish_show(call);
        return;
    }
    question.in.page.from = method_id(call, "report", 0) & INT64_MAX;
    question.in.page.limit = EARLIER_MAX;
    question.in.page.about = call->player;
    method_ask(call, &question, took_earlier);
}

static void found(struct method_call *call, const struct store_answer *answer)
{
    struct store_question question = {.statement = STORE_REPORT_LINES};
    const struct presence *presence = call->desk->config->presence;
    const struct store_report *report = answer->rows;

    if (answer->status != STORE_OK || answer->rows_n == 0) {
        method_fail(call, "there is no report %llu",
                    (unsigned long long)method_id(call, "report", 0));
        return;
    }
    method_about(call, report->about_id, report->about);
    call->result = cmd_reports_json(report);
    json_object_set_new(call->result, "session",
                        id_or_null(report->about_id != 0
                                       ? presence_session(presence, report->about_id)
                                       : presence_guest(presence, report->about)));
    question.in.page.limit = LINES_MAX;
    question.in.page.about = report->id;
    method_ask(call, &question, took_lines);
}

static void run_show(struct method_call *call)
{
    struct store_question question = {.statement = STORE_REPORT_SHOW};

    question.in.page.from = INT64_MAX;
    question.in.page.limit = 1;
    question.in.page.about = method_id(call, "report", 0) & INT64_MAX;
    method_ask(call, &question, found);
}

/* -- its end ----------------------------------------------------------------------------------- */

static void closed(struct method_call *call, const struct store_answer *answer)
{
    unsigned long long id = method_id(call, "report", 0);

    if (answer->status != STORE_OK) {
        method_fail(call, "there is no report %llu, or it is closed already", id);
        return;
    }
    method_about(call, answer->out.player.id, answer->out.player.username);
    reporting_look(call->desk->config->reporting);
    method_done(call, json_pack("{s:o, s:s}", "closed", method_id_json(id), "player",
                                answer->out.player.username));
}

static void run_close(struct method_call *call)
{
    struct store_question question = {.statement = STORE_REPORT_CLOSE};
    struct store_report *report = &question.in.report;
    const char *verdict = method_text(call, "verdict", "");
    struct error error = {""};

    if (text_chat_check(verdict, strlen(verdict), &error) != 0) {
        method_misused(call, "verdict: %s", error.text);
        return;
    }
    report->id = method_id(call, "report", 0) & INT64_MAX;
    report->closed_ms = timestamp_now_ms();
    snprintf(report->closed_by, sizeof(report->closed_by), "%s", call->peer.name);
    snprintf(report->verdict, sizeof(report->verdict), "%s", verdict);
    method_ask(call, &question, closed);
}

json_t *cmd_reports_state(const struct method_desk *desk)
{
    struct reporting_state state = {0};

    if (desk->config->reporting != NULL)
        state = reporting_state(desk->config->reporting);
    return json_pack("{s:I, s:o}", "open", (json_int_t)state.open_n, "newest",
                     id_or_null(state.newest));
}

/* clang-format off */
#define END {NULL, METHOD_TEXT, false, 0, 0, NULL, NULL}

static const char *const STATES[] = {"open", "closed", "all", NULL};
static const struct method_param LIST[] = {
    {"state",  METHOD_WORD,    false, 0, 0,        STATES, "Only these; the open ones if not given."},
    {"before", METHOD_ID,      false, 0, 0,        NULL,   "Only those older than this report: the next page."},
    {"limit",  METHOD_INTEGER, false, 1, PAGE_MAX, NULL,   "At most so many; 50 if not given."}, END};
static const struct method_param SHOW[] = {
    {"report", METHOD_ID, true, 0, 0, NULL, "Its number."}, END};
static const struct method_param CLOSE[] = {
    {"report",  METHOD_ID,   true, 0, 0,                    NULL, "Its number."},
    {"verdict", METHOD_TEXT, true, 1, STORE_REASON_MAX - 1, NULL, "What came of it, for those who look later."}, END};

const struct method CMD_REPORTS[] = {
    {"reports.list", ROLE_MODERATOR, false, run_list, LIST,
     "What players report of each other, newest first."},
    {"reports.show", ROLE_MODERATOR, false, run_show, SHOW,
     "One report, with the chat around it and what was reported of the same account before."},
    {"reports.close", ROLE_MODERATOR, true, run_close, CLOSE,
     "Close a report, with what came of it. Players are not told."},
    {NULL, ROLE_NONE, false, NULL, NULL, NULL},
};
/* clang-format on */
