/* name.h -- what an account, or a guest, of today may be called. Pure; any thread. */
#ifndef OPENMMO_ACCOUNTS_NAME_H
#define OPENMMO_ACCOUNTS_NAME_H

#include "common/compiler.h"
#include "common/error.h"
#include "common/text.h"

/* key: by which names are told apart. 0; -1 + error: a sentence for who chose it. */
int name_check(const char *name, char key[TEXT_NAME_KEY_BYTES], struct error *error) MUST_CHECK;

#endif
