/* asked.h -- a call that waits for the store: asked for, and answered where the store cannot. For
 * the api_*.c; control thread. */
#ifndef OPENMMO_HTTP_ASKED_H
#define OPENMMO_HTTP_ASKED_H

#include <stdint.h>

#include "http/call.h"
#include "store/store.h"

/* What was asked of the store for a call has come: OK, NONE or TAKEN. */
typedef void asked_fn(struct http_call *call, const struct store_answer *answer);

/* Ask; then `next` goes on with the call, unless the database is away or busy: then the call is
 * answered 503. next: constant. */
void asked_store(struct http_call *call, struct store_question *question, asked_fn *next);

/* 503 with Retry-After: the database is away, or too busy to be asked. */
void asked_away(struct http_call *call);
/* Of 429 and 503; the answer follows. ms: rounded up to seconds, at least 1. */
void asked_retry_after(struct http_call *call, uint32_t ms);

#endif
