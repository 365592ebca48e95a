/* code.h -- codes that are handed out once: 20 characters of Crockford's base 32 in groups of five
 * (100 bits, "7QK3M-XW0RA-..."), which take reading aloud. What is kept is a hash of them. Pure but
 * for code_make; any thread. */
#ifndef OPENMMO_ACCOUNTS_CODE_H
#define OPENMMO_ACCOUNTS_CODE_H

#include "common/compiler.h"

#define CODE_TEXT_BYTES 24 /* with its NUL */
#define CODE_HASH_BYTES 65 /* with its NUL */

/* A new one, and its hash. */
void code_make(char text[CODE_TEXT_BYTES], char hash[CODE_HASH_BYTES]);
/* The hash of a code as somebody typed it: small letters, other groups, o for 0, i and l for 1 are
 * fine. -1: it is no code; the hash is empty, and no code's. */
int code_hash(const char *text, char hash[CODE_HASH_BYTES]) MUST_CHECK;

#endif
