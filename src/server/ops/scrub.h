/* scrub.h -- take out of a sentence what is nobody else's business before it leaves the machine.
 * Pure, any thread. */
#ifndef OPENMMO_OPS_SCRUB_H
#define OPENMMO_OPS_SCRUB_H

#include <stddef.h>

/* Copy text into room, cut at its end (between letters of UTF-8), with these replaced by "[...]":
 * words with an '@' (e-mail addresses, user:password@host), words with an IP address (v4 and v6,
 * with port or prefix, in brackets or a URL), what follows "password", "passwd", "secret", "token",
 * "key" or "authorization" and '=', ':' or a blank, words of 20 and more letters and digits of the
 * kind that tokens and hashes are made of, and what stands in quotes or in parentheses behind '='
 * (PostgreSQL says values so).
 * Control characters become blanks. Returns room. */
char *scrub(const char *text, char *room, size_t room_bytes);

#endif
