/* problem.h -- an error as JSON for programs: application/problem+json (RFC 9457), with the member
 * "error" that the old stack's clients read. Pure. */
#ifndef OPENMMO_HTTP_PROBLEM_H
#define OPENMMO_HTTP_PROBLEM_H

#include <jansson.h>
#include <stddef.h>

#include "common/compiler.h"

#define PROBLEM_TYPE      "application/problem+json"
#define PROBLEM_MAX_BYTES 1024

struct problem {
    int status;
    const char *detail; /* the sentence; NULL: the status' own words */
    const char *field;  /* the member of the body that is wrong; NULL: none */
    const char *reason; /* why, with field */
};

/* As an object; NULL: out of memory, or the texts are no UTF-8. */
json_t *problem_json(const struct problem *problem) MUST_CHECK;
/* As bytes, out: PROBLEM_MAX_BYTES. Their length, always at least that of a bare object that names
 * the status. */
size_t problem_write(const struct problem *problem, char out[PROBLEM_MAX_BYTES]);

#endif
