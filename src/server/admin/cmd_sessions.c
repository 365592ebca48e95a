/* cmd_sessions.c -- who was here and when: the rows of game_sessions, read back. */
#include <stdint.h>

#include "admin/method.h"

#define PAGE_DEFAULT 100
#define PAGE_MAX     500

static json_t *visit_json(const struct store_visit *visit)
{
    return json_pack("{s:o, s:s, s:o, s:s, s:o, s:o}", "id", method_id_json(visit->id), "session",
                     visit->session_id, "player", method_id_json(visit->player_id), "name",
                     visit->username, "connected_ms", method_time_json(visit->connected_ms),
                     "disconnected_ms", method_time_json(visit->disconnected_ms));
}

static void listed(struct method_call *call, const struct store_answer *answer)
{
    const struct store_visit *rows = answer->rows;
    json_t *list = json_array();

    for (size_t i = 0; i < answer->rows_n; i++)
        json_array_append_new(list, visit_json(&rows[i]));
    method_done(call, json_pack("{s:o}", "rows", list));
}

static void run_list(struct method_call *call)
{
    struct store_question question = {.statement = method_boolean(call, "open", false)
                                                       ? STORE_SESSIONS_OPEN
                                                       : STORE_SESSIONS_LIST};

    question.in.page.from = method_id(call, "before", INT64_MAX) & INT64_MAX;
    question.in.page.limit = (uint32_t)method_integer(call, "limit", PAGE_DEFAULT);
    method_ask(call, &question, listed);
}

/* clang-format off */
static const struct method_param LIST[] = {
    {"open",   METHOD_BOOLEAN, false, 0, 0,        NULL, "Only those that go on."},
    {"before", METHOD_ID,      false, 0, 0,        NULL, "Only rows older than this id: the next page."},
    {"limit",  METHOD_INTEGER, false, 1, PAGE_MAX, NULL, "At most so many; 100 if not given."},
    {NULL, METHOD_TEXT, false, 0, 0, NULL, NULL},
};

const struct method CMD_SESSIONS[] = {
    {"sessions.list", ROLE_MODERATOR, false, run_list, LIST,
     "Who was here and when, from the database, newest first."},
    {NULL, ROLE_NONE, false, NULL, NULL, NULL},
};
/* clang-format on */
