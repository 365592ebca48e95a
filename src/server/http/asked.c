/* asked.c -- see asked.h. */
#include "http/asked.h"

#include <stdio.h>
#include <stdlib.h>

#include "http/http.h"

#define AWAY_RETRY_MS 2000

struct asked {
    struct http_call *call;
    asked_fn *next;
};

void asked_retry_after(struct http_call *call, uint32_t ms)
{
    char text[16];

    snprintf(text, sizeof(text), "%u", ms ? (ms - 1) / 1000 + 1 : 1);
    call_add_header(call, "Retry-After", text);
}

void asked_away(struct http_call *call)
{
    asked_retry_after(call, AWAY_RETRY_MS);
    call_problem(call, 503, "The database is not available: try again");
}

static void answered(void *context, uint64_t tag, const struct store_answer *answer)
{
    struct asked asked = *(struct asked *)context;

    (void)tag;
    free(context);
    if (answer->status == STORE_AWAY)
        asked_away(asked.call);
    else
        asked.next(asked.call, answer);
}

void asked_store(struct http_call *call, struct store_question *question, asked_fn *next)
{
    struct asked *asked = malloc(sizeof(*asked));

    question->answer = answered;
    question->context = asked;
    if (asked)
        *asked = (struct asked){call, next};
    if (asked && store_ask(http_services(call_http(call))->store, question) == 0)
        return;
    free(asked);
    asked_away(call);
}
