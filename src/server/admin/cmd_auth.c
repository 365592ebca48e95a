/* cmd_auth.c -- the keys that tokens are signed with. */
#include "admin/method.h"

static void run_rotate_key(struct method_call *call)
{
    const struct admin_host *host = &call->desk->config->host;
    struct error outcome = {""};

    if (host->rotate_key(host->context, &outcome) != 0)
        method_fail(call, "%s", outcome.text);
    else
        method_done(call, json_pack("{s:s}", "outcome", outcome.text));
}

/* clang-format off */
const struct method CMD_AUTH[] = {
    {"auth.rotate-key", ROLE_ADMIN, true, run_rotate_key, NULL,
     "Sign tokens with a new key from now on. Those that the last three keys signed stay good."},
    {NULL, ROLE_NONE, false, NULL, NULL, NULL},
};
/* clang-format on */
