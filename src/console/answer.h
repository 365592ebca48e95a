/* answer.h -- an answer of the daemon as text: for scripts, and for the command line's page. */
#ifndef OPENMMO_CONSOLE_ANSWER_H
#define OPENMMO_CONSOLE_ANSWER_H

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

#include "common/compiler.h"

/* Tables for lists of objects, "name  value" lines for the rest; with json one line of JSON in
 * ASCII. What it shows has passed text_sanitise. */
void answer_print(FILE *out, const json_t *answer, bool json);
/* Hand over what was printed. -1: it could not be written, which is said on stderr. */
int answer_flush(FILE *out) MUST_CHECK;
/* The same for a text to stdout, but where stop_fd is readable (-1: never) nobody is waited for who
 * does not take it: then -1 without a word. */
int answer_hand_over(const char *text, size_t len_bytes, int stop_fd) MUST_CHECK;

#endif
