/* cmd_audit.c -- what operators did, read back. */
#include <stdio.h>

#include "admin/method.h"

#define PAGE_DEFAULT 50
#define PAGE_MAX     100

/* New reference. Also for exports. */
json_t *cmd_audit_json(const struct store_audit *audit)
{
    json_t *detail = json_loads(audit->detail, 0, NULL);

    return json_pack("{s:o, s:I, s:o, s:s, s:s, s:s, s:o, s:s}", "id", method_id_json(audit->id),
                     "at_ms", (json_int_t)audit->at_ms, "uid",
                     audit->has_uid ? json_integer(audit->uid) : json_null(), "by", audit->actor,
                     "method", audit->method, "target", audit->target, "detail",
                     detail != NULL ? detail : json_object(), "outcome", audit->outcome);
}

static void listed(struct method_call *call, const struct store_answer *answer)
{
    const struct store_audit *rows = answer->rows;
    json_t *list = json_array();

    for (size_t i = 0; i < answer->rows_n; i++)
        json_array_append_new(list, cmd_audit_json(&rows[i]));
    method_done(call, json_pack("{s:o}", "rows", list));
}

static void run_list(struct method_call *call)
{
    struct store_question question = {.statement = STORE_AUDIT_LIST};

    question.in.page.from = method_id(call, "before", INT64_MAX);
    if (question.in.page.from > INT64_MAX)
        question.in.page.from = INT64_MAX;
    question.in.page.limit = (uint32_t)method_integer(call, "limit", PAGE_DEFAULT);
    if (method_given(call, "target")) {
        question.statement = STORE_AUDIT_ABOUT;
        snprintf(question.in.page.text, sizeof(question.in.page.text), "%s",
                 method_text(call, "target", ""));
    }
    method_ask(call, &question, listed);
}

/* clang-format off */
static const struct method_param LIST[] = {
    {"before", METHOD_ID,      false, 0, 0,        NULL, "Only rows older than this id: the next page."},
    {"target", METHOD_TEXT,    false, 0, STORE_TARGET_MAX - 1, NULL, "Only about this: an account as #17, a network, as a row's target says."},
    {"limit",  METHOD_INTEGER, false, 1, PAGE_MAX, NULL, "At most so many; 50 if not given."},
    {NULL, METHOD_TEXT, false, 0, 0, NULL, NULL},
};

const struct method CMD_AUDIT[] = {
    {"audit.list", ROLE_ADMIN, false, run_list, LIST,
     "What operators changed, tried to change or were denied, newest first."},
    {NULL, ROLE_NONE, false, NULL, NULL, NULL},
};
/* clang-format on */
