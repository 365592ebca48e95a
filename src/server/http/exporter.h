/* exporter.h -- the metrics' own door: GET /metrics, /livez and /readyz on a listener that no proxy
 * serves to the world.
 *
 * All on control's loop, and never waited for: an answer is written once and handed to the socket
 * as it takes it. One request a connection; at most EXPORTER_CONNECTIONS at once, the others wait
 * in the kernel's queue; each must have asked, and taken its answer, within EXPORTER_MS. Control
 * thread. */
#ifndef OPENMMO_HTTP_EXPORTER_H
#define OPENMMO_HTTP_EXPORTER_H

#include <event2/event.h>
#include <stdint.h>

#include "common/error.h"
#include "ops/health.h"
#include "ops/scrape.h"

#define EXPORTER_CONNECTIONS 16
#define EXPORTER_MS          10000

struct exporter; /* opaque */

/* fd: of listener_bind, taken in any case. health and scrape are borrowed. NULL + error. */
struct exporter *exporter_new(struct event_base *base, int fd, const struct health *health,
                              const struct scrape *scrape, struct error *error);
/* The port that is bound, also when 0 was asked for. */
uint16_t exporter_port(const struct exporter *exporter);
void exporter_free(struct exporter *exporter); /* NULL is fine */

#endif
