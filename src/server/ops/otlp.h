/* otlp.h -- spans as OTLP/HTTP has them in JSON (ExportTraceServiceRequest). Pure but for the
 * identities, which are drawn. */
#ifndef OPENMMO_OPS_OTLP_H
#define OPENMMO_OPS_OTLP_H

#include <stddef.h>

#include "ops/span.h"

/* The request's body, to be freed; NULL: out of memory. server: [server] name. */
char *otlp_body(const struct span *spans, size_t n, const char *version, const char *server);

#endif
