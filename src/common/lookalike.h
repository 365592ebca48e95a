/* lookalike.h -- names that are taken for another: what a new name may not be, beside the rule of
 * text_name_check. Names that exist are not judged by it. Pure; any thread.
 *
 * UTS #39, restriction level "highly restrictive": the letters of a name are of one script; Latin
 * may stand beside those of Japanese, Korean or Chinese with Bopomofo. Its digits are of one
 * system. A Cyrillic, Greek, Armenian, Cherokee, Coptic or Lisu name has a letter that does not
 * look Latin. Letters of phonetic alphabets that look like a to z are none of a name's.
 *
 * Not judged: what looks alike within one script (l and I, 0 and O). */
#ifndef OPENMMO_COMMON_LOOKALIKE_H
#define OPENMMO_COMMON_LOOKALIKE_H

#include <stddef.h>

#include "common/compiler.h"
#include "common/error.h"

/* name: one that text_name_check took. 0, or -1 with a sentence for the player. */
int lookalike_check(const char *name, size_t len_bytes, struct error *error) MUST_CHECK;

#endif
