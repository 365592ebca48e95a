/* log_sink.h -- where lines end: the systemd journal, or stderr. Inside the log only. */
#ifndef OPENMMO_COMMON_LOG_SINK_H
#define OPENMMO_COMMON_LOG_SINK_H

#include <stdbool.h>

#include "common/compiler.h"
#include "common/log_record.h"

/* True if stderr is the journal and somebody is there. Looks at the environment: once. */
bool log_sink_has_journal(void);
/* Write a record. patient: wait for as long as it takes; else only if stderr takes it at once.
 * Returns 0, or -1 when nobody took it. One thread at a time. */
int log_sink_write(const struct log_record *record, bool patient) MUST_CHECK;
/* Make the record that tells of a gap: so many lines were lost. */
void log_sink_gap(struct log_record *record, int64_t time_ms, uint64_t lost);

#endif
