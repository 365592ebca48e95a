/* lately.c -- see lately.h. */
#include "admin/lately.h"

#include <string.h>

#include "admin/method.h"

json_t *lately_find(const struct lately *lately, const struct method_call *call, uint64_t now_ms)
{
    for (unsigned i = 0; i < LATELY_ANSWERS; i++) {
        const struct lately_answer *kept = &lately->answers[i];

        if (kept->method == call->method && kept->role == (int)call->peer.role &&
            now_ms - kept->made_ms < LATELY_KEPT_MS && json_equal(kept->params, call->params))
            return json_incref(kept->answer);
    }
    return NULL;
}

static void forget(struct lately_answer *kept)
{
    json_decref(kept->params);
    json_decref(kept->answer);
    memset(kept, 0, sizeof(*kept));
}

void lately_keep(struct lately *lately, const struct method_call *call, json_t *answer,
                 uint64_t now_ms)
{
    struct lately_answer *kept = &lately->answers[lately->next++ % LATELY_ANSWERS];

    forget(kept);
    if (answer != NULL)
        *kept = (struct lately_answer){call->method, (int)call->peer.role,
                                       json_incref(call->params), json_incref(answer), now_ms};
}

void lately_expire(struct lately *lately)
{
    for (unsigned i = 0; i < LATELY_ANSWERS; i++)
        forget(&lately->answers[i]);
}
