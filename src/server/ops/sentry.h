/* sentry.h -- an error report in Sentry's protocol: a DSN taken apart, an event as an envelope.
 * Pure but for the event's identity, which is drawn. */
#ifndef OPENMMO_OPS_SENTRY_H
#define OPENMMO_OPS_SENTRY_H

#include <stddef.h>
#include <stdint.h>

#include "common/compiler.h"
#include "common/error.h"
#include "common/log.h"

#define SENTRY_NUMBERS_MAX 8
#define SENTRY_TEXT_MAX    400

struct sentry_dsn {
    char url[600];  /* of the envelope endpoint */
    char auth[300]; /* value of X-Sentry-Auth */
};

/* What was logged; plain data. */
struct sentry_event {
    uint64_t time_ms;           /* Unix time */
    char event[48];             /* of the log: the group */
    char text[SENTRY_TEXT_MAX]; /* scrubbed */
    struct {
        const char *key; /* constant */
        double value;
    } numbers[SENTRY_NUMBERS_MAX];
    unsigned numbers_n;
};

/* "https://KEY@host[:port][/path]/PROJECT". 0, or -1 + error (which does not name the key). dsn may
 * be NULL. */
int sentry_parse(const char *text, struct sentry_dsn *dsn, struct error *error) MUST_CHECK;
/* Of a line of the log: texts among its fields are left out. */
void sentry_fill(struct sentry_event *event, uint64_t time_ms, const char *name,
                 const char *message, const struct log_field *fields, size_t fields_n);
/* To be freed; NULL: out of memory. */
char *sentry_envelope(const struct sentry_event *event, const char *version, const char *server,
                      const char *environment);

#endif
