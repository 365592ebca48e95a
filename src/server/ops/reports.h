/* reports.h -- what leaves this machine to be looked at elsewhere: spans (OTLP) and error reports
 * (Sentry's protocol), by a thread of its own.
 *
 * Who reports copies a record into a bounded ring under a lock that is only tried: it never waits,
 * never allocates, and what finds the ring full or the lock taken is lost and counted. The thread
 * takes what lies there, makes JSON of it and posts it; who does not take it is left alone for a
 * while, up to a minute or as long as he asks for (an hour at most), and what it did not take is
 * counted, not kept. Nothing configured: no thread, and reporting does nothing. */
#ifndef OPENMMO_OPS_REPORTS_H
#define OPENMMO_OPS_REPORTS_H

#include <stdbool.h>
#include <stdint.h>

#include "common/error.h"
#include "ops/span.h"

#define REPORTS_SPANS_MAX  1024
#define REPORTS_ERRORS_MAX 32

struct reports; /* opaque */

/* Texts are borrowed during reports_new. */
struct reports_config {
    const char *endpoint; /* of OTLP traces; "": none */
    uint32_t one_in;      /* of ticks and questions that were not slow: 0 none */
    const char *dsn;      /* Sentry's; "": none */
    const char *environment, *server, *version;
};

/* Starts the thread, and takes the log's alarm. NULL + error. Control thread, before the threads
 * that report. */
struct reports *reports_new(const struct reports_config *config, struct error *error);
/* What is there is posted, for at most two seconds; from then on what is reported is lost. Control
 * thread. */
void reports_stop(struct reports *reports);
/* No thread may report any more. NULL is fine. */
void reports_free(struct reports *reports);

/* Any thread. reports may be NULL: nobody wants it. */
bool reports_want_spans(const struct reports *reports);
/* True for one in so many calls. */
bool reports_sampled(struct reports *reports);
void reports_span(struct reports *reports, const struct span *span); /* copied */

#endif
