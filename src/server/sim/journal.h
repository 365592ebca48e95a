/* journal.h -- the tick journal: what the simulation was told, tick by tick, with a running hash,
 * so that any run can be run again. Format in doc/journal.md.
 *
 * The sim thread hands over each tick (copied, bounded queue); a worker thread of the journal's own
 * writes. When the queue is full or the disk says no, journaling stops loudly (log, metric) and the
 * tick goes on. */
#ifndef OPENMMO_SIM_JOURNAL_H
#define OPENMMO_SIM_JOURNAL_H

#include <stdbool.h>
#include <stdio.h>

#include "sim/sim.h"

struct journal;

/* Create path (refuses to overwrite an existing file) and write the header with sim's state. NULL +
 * error. */
struct journal *journal_open(const char *path, const struct sim *sim,
                             const struct heightfield *field, struct error *error);
/* Sim thread, before sim_step (commands still whole) and after it. */
void journal_tick(struct journal *journal, uint32_t tick, const struct command *commands,
                  size_t commands_n);
void journal_hash(struct journal *journal, const struct sim *sim); /* completes the record */
bool journal_stopped(const struct journal *journal);               /* it gave up; any thread */
/* Write what is queued, sync, close. NULL is fine. */
void journal_close(struct journal *journal);

/* Re-run a journal; prints one line a tick to out ("tick N hash HEX ok") if verbose, and a last
 * line. Returns 0 if every whole tick gave its hash; -1 + error at the first that did not, or if
 * the file is no journal. A cut tail is fine and said. */
int journal_replay(const char *path, FILE *out, bool verbose, struct error *error) MUST_CHECK;

#endif
