/* keys.h -- the ring of keys for tokens: the newest signs, the ones before it still verify, so that
 * a key can be changed without anybody being logged out.
 *
 * It lies in a file: a line of 64 hex digits a key, the newest first, at most KEYS_MAX of them. The
 * file is made with one key where it is missing (0600) and is always replaced whole. Who rotates
 * owns the ring; others may read it from the same thread only. */
#ifndef OPENMMO_ACCOUNTS_KEYS_H
#define OPENMMO_ACCOUNTS_KEYS_H

#include "accounts/jws.h"
#include "common/compiler.h"
#include "common/error.h"

#define KEYS_MAX 4 /* the one that signs, and three before it */

struct keys; /* opaque */

/* The ring of a file, which must not be accessible to others. NULL + error. */
struct keys *keys_open(const char *path, struct error *error);
/* A ring of one key that lies in no file. NULL when out of memory. */
struct keys *keys_new(const uint8_t seed[JWS_SEED_BYTES]);
void keys_free(struct keys *keys); /* wipes; NULL is fine */

const struct jws_key *keys_current(const struct keys *keys); /* signs */
/* By its name (JWS header `kid`); NULL: none of ours, or too old. */
const struct jws_key *keys_named(const struct keys *keys, const char *id);
unsigned keys_n(const struct keys *keys); /* 1..KEYS_MAX */

/* A new key signs from now on; the oldest goes if there would be more than KEYS_MAX. The file is
 * written first. 0, or -1 + error: nothing has changed. */
int keys_rotate(struct keys *keys, struct error *error) MUST_CHECK;

#endif
