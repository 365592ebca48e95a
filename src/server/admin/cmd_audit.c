/* cmd_audit.c -- what operators did, read back. */
#include <stdio.h>

#include "admin/method.h"

#define PAGE_DEFAULT 50
#define PAGE_MAX     100
#define TIME_MAX_MS  INT64_C(253370764800000) /* the year 9999 */

/* New reference. Also for exports. */
json_t *cmd_audit_json(const struct store_audit *audit)
{
    json_t *detail = json_loads(audit->detail, 0, NULL);

    return json_pack("{s:o, s:I, s:o, s:s, s:s, s:s, s:o, s:s}", "id",
                     audit->id != 0 ? method_id_json(audit->id) : json_null(), "at_ms",
                     (json_int_t)audit->at_ms, "uid",
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

/* All of it, or all about one target, is found by an index. */
static bool is_plain(const struct method_call *call)
{
    return !method_given(call, "by") && !method_given(call, "method") &&
           !method_given(call, "since_ms") && !method_given(call, "until_ms");
}

static void ask_for_page(struct method_call *call, uint64_t before, uint32_t limit)
{
    struct store_question question = {.statement = method_given(call, "target") ? STORE_AUDIT_ABOUT
                                                                                : STORE_AUDIT_LIST};
    struct store_page *page = &question.in.page;

    page->from = before;
    page->limit = limit;
    snprintf(page->text, sizeof(page->text), "%s", method_text(call, "target", ""));
    method_ask(call, &question, listed);
}

static void ask_for_search(struct method_call *call, uint64_t before, uint32_t limit)
{
    struct store_question question = {
        .statement = method_text(call, "target", "")[0] ? STORE_AUDIT_SEARCH_ABOUT
                     : method_given(call, "by")         ? STORE_AUDIT_SEARCH_BY
                                                        : STORE_AUDIT_SEARCH};
    struct store_audit_search *search = &question.in.audit_search;

    search->before = before;
    search->limit = limit;
    search->since_ms = (uint64_t)method_integer(call, "since_ms", 0);
    search->until_ms = (uint64_t)method_integer(call, "until_ms", 0);
    snprintf(search->actor, sizeof(search->actor), "%s", method_text(call, "by", ""));
    snprintf(search->method, sizeof(search->method), "%s", method_text(call, "method", ""));
    snprintf(search->target, sizeof(search->target), "%s", method_text(call, "target", ""));
    method_ask(call, &question, listed);
}

static void run_list(struct method_call *call)
{
    uint64_t before = method_id(call, "before", INT64_MAX);
    uint32_t limit = (uint32_t)method_integer(call, "limit", PAGE_DEFAULT);

    if (before > INT64_MAX)
        before = INT64_MAX;
    if (is_plain(call))
        ask_for_page(call, before, limit);
    else
        ask_for_search(call, before, limit);
}

/* clang-format off */
static const struct method_param LIST[] = {
    {"before", METHOD_ID,      false, 0, 0,        NULL, "Only rows older than this id: the next page."},
    {"target", METHOD_TEXT,    false, 0, STORE_TARGET_MAX - 1, NULL, "Only about this: an account as #17, a network, as a row's target says."},
    {"by",     METHOD_TEXT,    false, 1, STORE_ACTOR_MAX - 1, NULL, "Only what this operator did."},
    {"method", METHOD_TEXT,    false, 1, STORE_METHOD_MAX - 1, NULL, "Only methods whose name begins so: \"players.\""},
    {"since_ms", METHOD_INTEGER, false, 1, TIME_MAX_MS, NULL, "Only from this time on (Unix time)."},
    {"until_ms", METHOD_INTEGER, false, 1, TIME_MAX_MS, NULL, "Only before this time."},
    {"limit",  METHOD_INTEGER, false, 1, PAGE_MAX, NULL, "At most so many; 50 if not given."},
    {NULL, METHOD_TEXT, false, 0, 0, NULL, NULL},
};

const struct method CMD_AUDIT[] = {
    {"audit.list", ROLE_ADMIN, false, run_list, LIST,
     "What operators changed, tried to change or were denied, newest first."},
    {NULL, ROLE_NONE, false, NULL, NULL, NULL},
};
/* clang-format on */
