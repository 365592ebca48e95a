/* api_own.c -- what a player may see of himself and of the talk, and say of others: his sessions,
 * the last lines of chat, his reports. */
#include "common/protocol.h"
#include "http/api.h"
#include "http/asked.h"
#include "http/http.h"
#include "http/page.h"
#include "http/shape.h"
#include "play/presence.h"
#include "play/recent.h"
#include "play/reporting.h"

#include <stdio.h>

#define SESSIONS_LIMIT 50
#define CHAT_LIMIT     50

/* -- sessions ---------------------------------------------------------------------------------- */

static json_t *stay_json(const struct store_stay *stay)
{
    return json_pack("{s:I, s:s, s:o, s:o}", "id", (json_int_t)stay->id, "session_id",
                     stay->session_id, "connected_at", shape_time(stay->connected_ms),
                     "disconnected_at", shape_time(stay->disconnected_ms));
}

static void stays(struct http_call *call, const struct store_answer *answer)
{
    const struct store_stay *rows = answer->rows;
    json_t *list = json_array();
    struct page page;

    if (page_read(call, SESSIONS_LIMIT, PAGE_SESSIONS_MAX, &page) < 0) { /* it was well before */
        json_decref(list);
        return;
    }
    for (size_t i = 0; i < answer->rows_n && i < page.limit; i++)
        json_array_append_new(list, stay_json(&rows[i]));
    if (answer->rows_n > page.limit)
        page_next(call, "/api/sessions", &page, rows[page.limit - 1].id);
    call_answer_json(call, 200, list);
}

void api_sessions(struct http_call *call)
{
    struct store_question question = {.statement = STORE_SESSIONS_OF};
    struct page page;

    if (page_read(call, SESSIONS_LIMIT, PAGE_SESSIONS_MAX, &page) < 0)
        return;
    question.in.page.about = call_identity(call)->player;
    question.in.page.from = page.cursor ? page.cursor : INT64_MAX;
    question.in.page.limit = page.limit + 1;
    asked_store(call, &question, stays);
}

/* -- chat -------------------------------------------------------------------------------------- */

static json_t *line_json(const struct recent_line *line)
{
    char id[24];

    snprintf(id, sizeof(id), "%llu", (unsigned long long)line->sequence);
    return json_pack(
        "{s:s, s:o, s:o, s:s#, s:o}", "id", id, "player_id",
        line->player ? json_integer((json_int_t)line->player) : json_null(), "username",
        line->name ? json_stringn(line->name->bytes, line->name->len_bytes) : json_null(),
        "message", line->text->bytes, (int)line->text->len_bytes, "timestamp",
        shape_time(line->said_ms));
}

void api_chat_recent(struct http_call *call)
{
    const struct recent_line *lines[RECENT_LINES + 1];
    struct page page;
    json_t *list;
    size_t n, from;

    if (page_read(call, CHAT_LIMIT, RECENT_LINES, &page) < 0)
        return;
    n = recent_find(http_services(call_http(call))->recent, page.cursor, lines, page.limit + 1);
    from = n > page.limit ? 1 : 0; /* one more than was asked for: there are older ones */
    list = json_array();
    for (size_t i = from; i < n; i++)
        json_array_append_new(list, line_json(lines[i]));
    if (from)
        page_next(call, "/api/chat/recent", &page, lines[from]->sequence);
    call_answer_json(call, 200, list);
}

/* -- reports ----------------------------------------------------------------------------------- */

#define LIMITED_RETRY_MS 600000

static void reported(void *context, uint64_t tag, enum reporting_outcome outcome, const char *text)
{
    struct http_call *call = context;

    (void)tag;
    switch (outcome) {
    case REPORTING_TAKEN:
        call_answer_json(call, 201, json_pack("{s:b, s:s}", "success", 1, "message", text));
        break;
    case REPORTING_BAD_WORDS:
        call_problem_field(call, 422, text, "message", text);
        break;
    case REPORTING_NOBODY:
        call_problem(call, 404, text);
        break;
    case REPORTING_LIMITED:
        asked_retry_after(call, LIMITED_RETRY_MS);
        call_problem(call, 429, text);
        break;
    case REPORTING_OFF:
        call_problem(call, 403, text);
        break;
    case REPORTING_AWAY:
        asked_away(call);
        break;
    }
}

void api_report(struct http_call *call)
{
    const struct http_services *services = http_services(call_http(call));
    const json_t *body = call_body(call);
    const char *about = json_string_value(json_object_get(body, "username"));
    struct reporting_order order = {.reporter = call_identity(call)->player,
                                    .reporter_name = call_identity(call)->username,
                                    .about = about,
                                    .guest = presence_guest(services->presence, about) != 0,
                                    .words = json_string_value(json_object_get(body, "message"))};

    reporting_take(services->reporting, &order, reported, call, 0);
}
