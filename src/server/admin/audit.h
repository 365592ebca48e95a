/* audit.h -- what an operator changed, tried to change or was denied, in words: one line for the
 * log, one row for the database. Secrets (METHOD_SECRET, call->secret) are in neither. Control
 * thread. */
#ifndef OPENMMO_ADMIN_AUDIT_H
#define OPENMMO_ADMIN_AUDIT_H

#include "admin/method.h"

/* The line. `call` has ended: code, result and sentence are set. */
void audit_log(const struct method_call *call);
/* The log's event that a role is not shown, as audit.list is not for it; NULL: there is none. */
const char *audit_hidden(enum role role);
/* The row: fills in.audit and statement. */
void audit_question(const struct method_call *call, struct store_question *question);

#endif
