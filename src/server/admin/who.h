/* who.h -- the account that a request names, present or not: by `player` (a name, as at a login) or
 * by `id`. Control thread. */
#ifndef OPENMMO_ADMIN_WHO_H
#define OPENMMO_ADMIN_WHO_H

#include "admin/method.h"

/* Rows of a method's table of parameters, for those who take WHO. */
/* clang-format off */
#define WHO_PARAMS \
    {"player", METHOD_TEXT, false, 1, TEXT_NAME_MAX_BYTES, NULL, "The account's name."}, \
    {"id",     METHOD_ID,   false, 0, 0,                   NULL, "Or its number."}
/* clang-format on */

/* Look it up: `then` gets it as answer->out.player (status OK), and the call is about it. Where
 * there is none, or not exactly one is named, the call fails. */
void who_find(struct method_call *call, method_answer_fn *then);

#endif
