/* email.h -- an e-mail address by its form, and its key. Pure; any thread. */
#ifndef OPENMMO_ACCOUNTS_EMAIL_H
#define OPENMMO_ACCOUNTS_EMAIL_H

#include "common/compiler.h"
#include "common/error.h"
#include "store/about_players.h"

/* local@domain, printable, no spaces; "" is fine (none). 0, or -1 with a sentence for the player.
 */
int email_check(const char *email, struct error *error) MUST_CHECK;

/* What makes addresses equal: folded, "" for "". out: STORE_EMAIL_KEY_BYTES. 0, or -1 with a
 * sentence.
 */
int email_key(const char *email, char out[STORE_EMAIL_KEY_BYTES], struct error *error) MUST_CHECK;

#endif
