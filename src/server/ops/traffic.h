/* traffic.h -- who came and who was turned away, by class of traffic: counters of one family of
 * metrics. Any thread; never blocks. */
#ifndef OPENMMO_OPS_TRAFFIC_H
#define OPENMMO_OPS_TRAFFIC_H

#include <stdint.h>

enum traffic_class {
    TRAFFIC_GAME, /* the native protocol */
    TRAFFIC_HTTP, /* with the WebSockets that it becomes, until it does */
    TRAFFIC_WEBSOCKET,
    TRAFFIC_METRICS, /* the metrics' own door */
    TRAFFIC_ADMIN,
    TRAFFIC_CLASSES_N
};

enum traffic_outcome {
    TRAFFIC_ACCEPTED, /* connections; WebSockets: sockets that were opened */
    TRAFFIC_REFUSED,  /* the same, by a limit, for a ban, or because they made no sense */
    TRAFFIC_LIMITED,  /* messages and requests, refused by a limit on their rate */
    TRAFFIC_OUTCOMES_N
};

/* One more. */
void traffic_count(enum traffic_class class_of, enum traffic_outcome outcome);
/* How many since the start. */
uint64_t traffic_counted(enum traffic_class class_of, enum traffic_outcome outcome);
const char *traffic_word(enum traffic_class class_of); /* "game"; constant */

#endif
