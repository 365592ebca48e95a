/* request.h -- a method and its parameters from words: as a shell hands them to exec and watch, as
 * the command line types them.
 *
 * methods: what rpc.discover lists; NULL where it is not known yet, then a value is a text unless
 * it reads as JSON. What the daemon does not know it is asked all the same: its own words are the
 * better error. */
#ifndef OPENMMO_CONSOLE_REQUEST_H
#define OPENMMO_CONSOLE_REQUEST_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "common/compiler.h"
#include "common/error.h"

#define REQUEST_WORDS 32 /* of a line */

/* Split a line into words at its spaces and tabs, in place: 'in' or "in" quotes they hold together,
 * \ takes the next character as it is. Returns how many; -1 + error: a quote is not closed, too
 * many. */
int request_split(char *line, char *words[REQUEST_WORDS], struct error *error) MUST_CHECK;

/* The row by that "name" in a list of methods or parameters; borrowed; NULL: none. */
const json_t *request_row(const json_t *list, const char *name);
/* The value that a method's parameter takes for that text; NULL: it is no such value. */
json_t *request_value(const json_t *methods, const char *method, const char *param,
                      const char *text);
/* Why request_value gave NULL: what the parameter takes, as the daemon would say it. */
void request_refuse(const json_t *methods, const char *method, const char *param,
                    struct error *error);
/* name=value words as an object; the caller owns it. NULL + error. */
json_t *request_params(const json_t *methods, const char *method, char *const *words, int n,
                       struct error *error);
/* Is one of those parameters a secret, never to be written down? Where the methods are not known,
 * any may be. */
bool request_is_secret(const json_t *methods, const char *method, const json_t *params);
/* How long a method's answer is waited for: usual_ms, or more where the daemon itself waits for the
 * disk or for players to be gone. */
unsigned request_patience_ms(const char *method, unsigned usual_ms);

#endif
