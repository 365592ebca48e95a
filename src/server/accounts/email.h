/* email.h -- an e-mail address by its form. Pure; any thread. */
#ifndef OPENMMO_ACCOUNTS_EMAIL_H
#define OPENMMO_ACCOUNTS_EMAIL_H

#include "common/compiler.h"
#include "common/error.h"

/* local@domain, printable, no spaces; "" is fine (none). 0, or -1 with a sentence for the player.
 */
int email_check(const char *email, struct error *error) MUST_CHECK;

#endif
