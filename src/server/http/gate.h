/* gate.h -- what stands before a handler on the io thread: whose request it is, whether it may be
 * asked here (bans, https, the stop), its route, how often. Owner: the call's io thread. */
#ifndef OPENMMO_HTTP_GATE_H
#define OPENMMO_HTTP_GATE_H

#include <stdbool.h>

#include "common/compiler.h"
#include "http/route.h"

struct connection;
struct http_call;

/* The head is read, the body is not. True: read on, and run it; false: it is answered, and where a
 * body is still to come connection->keep is false. */
bool gate_passed(struct connection *connection, struct http_call *call) MUST_CHECK;
/* Count it against its address, as one of that class. True: that was too often, and it is answered.
 * For handlers too, where one request costs more than others of their route. */
bool gate_limited(struct http_call *call, enum route_class class_of) MUST_CHECK;
/* Count it against its account, which is known by now (control). As above. */
bool gate_account(struct http_call *call) MUST_CHECK;
/* The body is whole: read it as its route wants it. -1: out of memory. */
int gate_body(struct http_call *call) MUST_CHECK;
/* Whether it fitted. As gate_passed: false, it is answered. On the route's thread, after who asks
 * is known: a stranger is told nothing of what is in a body that is none of his business. */
bool gate_fits(struct http_call *call) MUST_CHECK;
/* A route of an io thread, which control is asked about first: the bans are there, and those behind
 * a proxy did not pass them when they connected. */
bool gate_asks(const struct http_call *call);

#endif
