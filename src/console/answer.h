/* answer.h -- an answer of the daemon as text: for scripts, and for the command line's page. */
#ifndef OPENMMO_CONSOLE_ANSWER_H
#define OPENMMO_CONSOLE_ANSWER_H

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

/* Tables for lists of objects, "name  value" lines for the rest; with json one line of JSON in
 * ASCII. What it shows has passed text_sanitise. */
void answer_print(FILE *out, const json_t *answer, bool json);

#endif
