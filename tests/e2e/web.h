/* web.h -- a plain HTTP client for tests: one request, one connection, one answer, all blocking
 * with a deadline. The daemon is the stage's. */
#ifndef OPENMMO_TESTS_WEB_H
#define OPENMMO_TESTS_WEB_H

#include <jansson.h>
#include <stddef.h>

#include "stage.h"

/* The last answer; valid until the next request. */
struct web_answer {
    int status;
    char *head, *body; /* NUL-terminated */
    size_t body_n;
    json_t *json; /* the body, if it is JSON; else NULL */
};
extern struct web_answer web;

/* token: of Authorization: Bearer; body: JSON text; either may be NULL. Returns the status; the
 * test fails where there is no whole answer in time. */
int web_ask(const char *method, const char *path, const char *token, const char *body);
#define web_get(path)        web_ask("GET", (path), NULL, NULL)
#define web_post(path, body) web_ask("POST", (path), NULL, (body))
/* A connection, blocking. */
int web_connect(void);
/* Raw bytes, to the end of the answer to them. */
int web_raw(const void *bytes, size_t n);
/* Of the last answer, in room that the next call takes; NULL: absent. */
const char *web_header(const char *name);
/* A member of the last answer's object that is a string; fails the test if it is none. */
const char *web_text(const char *member);
void web_forget(void); /* frees the last answer */
/* From here on write every answer to web_ask into that file, as tests/openapi/validate.py reads it;
 * NULL: no more. */
void web_record(const char *path);

#endif
