/* who.c -- see who.h. */
#include "admin/who.h"

#include <string.h>

#include "common/text.h"

static void found(struct method_call *call, const struct store_answer *answer)
{
    const char *name = method_text(call, "player", NULL);
    char shown[128];

    if (answer->status == STORE_OK) {
        method_about(call, answer->out.player.id, answer->out.player.username);
        call->next(call, answer);
    } else if (name != NULL && method_secret(call, "player")) {
        method_fail(call, "there is no account by that name");
    } else if (name != NULL) {
        text_sanitise(name, strlen(name), shown, sizeof(shown));
        method_fail(call, "there is no account by the name of %s", shown);
    } else {
        method_fail(call, "there is no account %llu", (unsigned long long)method_id(call, "id", 0));
    }
}

void who_find(struct method_call *call, method_answer_fn *then)
{
    struct store_question question = {.statement = STORE_PLAYER_BY_ID};
    const char *name = method_text(call, "player", NULL);

    call->next = then;
    if (method_given(call, "player") == method_given(call, "id")) {
        method_misused(call, "name the account by player or by id");
        return;
    }
    question.in.id.player_id = method_id(call, "id", 0);
    if (question.in.id.player_id > INT64_MAX)
        question.in.id.player_id = 0;
    if (name != NULL) {
        question.statement = STORE_PLAYER_BY_NAME;
        if (text_fold(name, strlen(name), question.in.key, sizeof(question.in.key)) < 0)
            question.in.key[0] = '\0'; /* nobody's */
    }
    method_ask(call, &question, found);
}
