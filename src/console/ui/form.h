/* form.h -- the short forms of the command line: ":ban Aria 7d speed hack" is bans.add with
 * player=Aria duration=7d 'reason=speed hack'. To add one is to add a row. */
#ifndef OPENMMO_CONSOLE_FORM_H
#define OPENMMO_CONSOLE_FORM_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "common/error.h"

#define FORM_PARAMS 4

struct form {
    const char *name, *method;
    const char *params[FORM_PARAMS]; /* in the order of the words; the last takes all the rest */
};

extern const struct form FORMS[];
extern const size_t FORMS_N;

/* NULL: there is none. */
const struct form *form_find(const char *name);
/* Words behind the form's name as an object; name=value words may stand among them. The caller owns
 * it. NULL + error. methods: of rpc.discover. */
json_t *form_request(const struct form *form, const json_t *methods, char *const *words, int n,
                     struct error *error);
/* Does it change the server so that whoever typed it must say so once more? What is not known to be
 * harmless is asked about. methods: of rpc.discover. */
bool form_hurts(const json_t *methods, const char *method);

#endif
