/* text.h -- untrusted text: what we accept as a name or as chat, and the one sanitiser for
 * terminal, log and JSON. Pure functions, any thread. */
#ifndef OPENMMO_COMMON_TEXT_H
#define OPENMMO_COMMON_TEXT_H

#include <stddef.h>

#include "common/compiler.h"
#include "common/error.h"

#define TEXT_NAME_MIN_CHARS     3
#define TEXT_NAME_MAX_CHARS     50
#define TEXT_NAME_MAX_BYTES     200 /* 50 characters of 4 bytes; without NUL */
#define TEXT_CHAT_MAX_BYTES     500
#define TEXT_PASSWORD_MIN_BYTES 8
#define TEXT_PASSWORD_MAX_BYTES 256

/* A player's name: valid UTF-8, 3-50 code points, NFKC-stable, letters, digits, marks, '_', '-',
 * '.' and single inner spaces; no control, bidi, private-use or unassigned code point. Returns 0,
 * or -1 with a sentence for the player. */
int text_name_check(const char *name, size_t len_bytes, struct error *error) MUST_CHECK;

/* The key that makes names equal that look equal: NFKC, case folded. out: at least
 * TEXT_NAME_KEY_BYTES, NUL-terminated. Returns its length in bytes, or -1 (error set) where the
 * name is no name. */
#define TEXT_NAME_KEY_BYTES (TEXT_NAME_MAX_BYTES * 4)
/* name: len_bytes of any bytes; need not be NUL-terminated. */
int text_name_key(const char *name, size_t len_bytes, char out[TEXT_NAME_KEY_BYTES],
                  struct error *error) MUST_CHECK;

/* The same folding for any valid UTF-8, whatever it holds: of names that break today's rule, of
 * e-mail addresses. Equals text_name_key where that takes the name; stored, so it never changes.
 * Returns the length, or -1: not UTF-8, a NUL in it, longer than out_bytes with its NUL. */
int text_fold(const char *text, size_t len_bytes, char *out, size_t out_bytes) MUST_CHECK;

/* How many of UTF-8's bytes go into most_bytes without breaking a code point. */
size_t text_cut(const char *text, size_t len_bytes, size_t most_bytes);

/* A chat line: valid UTF-8, 1-500 bytes, not only spaces, no control (C0, C1, DEL) and no bidi
 * control character. Returns 0, or -1 with a sentence for the player. */
int text_chat_check(const char *text, size_t len_bytes, struct error *error) MUST_CHECK;

/* Make any bytes fit to be shown: invalid UTF-8 becomes U+FFFD, control, bidi, zero-width and other
 * invisible code points become \u{XXXX}. Writes a NUL-terminated, valid UTF-8 string into out (cut
 * at a code point's end); returns its length in bytes, always < out_bytes. out_bytes >= 1. */
size_t text_sanitise(const char *bytes, size_t len_bytes, char *out, size_t out_bytes);

/* True if the bytes are valid UTF-8 without NUL. */
int text_utf8_valid(const char *bytes, size_t len_bytes);

/* Columns that valid UTF-8 takes in a terminal (wide = 2, combining = 0). */
size_t text_columns(const char *utf8);

/* The candidate nearest to word by edit distance (at most 3 and under half the word), for "did you
 * mean"; else NULL. */
const char *text_nearest(const char *word, const char *const *candidates, size_t candidates_n);

#endif
