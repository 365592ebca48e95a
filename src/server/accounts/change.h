/* change.h -- a password that is set anew: by an operator's one-time code, or by a player who knows
 * the one before. Either ends all tokens that were handed out before, in the same transaction.
 * Paths of accounts.c; control thread. */
#ifndef OPENMMO_ACCOUNTS_CHANGE_H
#define OPENMMO_ACCOUNTS_CHANGE_H

#include "accounts/attempt.h"

/* What a new password must be. 0, or -1 with a sentence for the player. */
int change_check(const char *password, struct error *error) MUST_CHECK;

void change_begin_code(struct attempt *attempt);             /* CODE: username, code, password */
void change_begin(struct attempt *attempt, uint64_t player); /* CHANGE: password, fresh */
/* Where both go on: what the store said, what the worker did. */
void change_answered(struct attempt *attempt, const struct store_answer *answer);
void change_hashed(struct attempt *attempt); /* the same */
/* The store did not answer: if it was asked for the change, that may be done. */
void change_unknown(const struct attempt *attempt);

#endif
