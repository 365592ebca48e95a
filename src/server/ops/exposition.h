/* exposition.h -- the text that Prometheus scrapes (text format 0.0.4), written family by family.
 *
 * A writer that grows as it is written to; when memory is out it stays whole up to there and says
 * so at the end. Names are constants of ours, label values are escaped. One thread at a time. */
#ifndef OPENMMO_OPS_EXPOSITION_H
#define OPENMMO_OPS_EXPOSITION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/compiler.h"
#include "ops/metrics.h"

#define EXPOSITION_TYPE "text/plain; version=0.0.4; charset=utf-8"

struct exposition; /* opaque */

struct exposition *exposition_new(void);             /* NULL: out of memory */
void exposition_free(struct exposition *exposition); /* NULL is fine */
/* The text so far, not ended by a NUL; valid until the next call. NULL: memory was out. */
const char *exposition_text(const struct exposition *exposition, size_t *n);

/* HELP and TYPE of a family, before its samples. kind: MILLI is a gauge. */
void exposition_family(struct exposition *exposition, const char *name, enum metric_kind kind,
                       const char *help);
/* Samples of it. labels: as "phase=\"step\"", made of exposition_label or constant; "" none. */
void exposition_integer(struct exposition *exposition, const char *name, const char *labels,
                        int64_t value);
/* The same of what is kept in thousandths: 1050 is written 1.050. */
void exposition_thousandths(struct exposition *exposition, const char *name, const char *labels,
                            int64_t value);
/* In seconds. finest: every bucket, else each second one (they are the same size times four). */
void exposition_histogram(struct exposition *exposition, const char *name, const char *labels,
                          const struct metrics_histogram *histogram, bool finest);

/* name="value", escaped, into room (cut at its end, whole all the same). Returns room. */
const char *exposition_label(char *room, size_t room_bytes, const char *name, const char *value);

/* All rows of METRICS and all groups. */
void exposition_metrics(struct exposition *exposition);

#endif
