/* process.h -- what the kernel knows of this process, under the names that all exporters give it
 * (process_*). Control thread. */
#ifndef OPENMMO_OPS_PROCESS_H
#define OPENMMO_OPS_PROCESS_H

#include <stdint.h>

#include "ops/exposition.h"

/* CPU time, start (given: Unix ms), memory, descriptors, threads: read from /proc now; what cannot
 * be read is left out. Counting the descriptors takes a moment where there are many and the kernel
 * is older than 6.2 (10,000: some 3 ms). */
void process_write(struct exposition *exposition, uint64_t started_ms);

/* The same as figures; what cannot be read is -1. Costs as much. */
struct process_facts {
    int64_t resident_bytes;
    int64_t files, files_max; /* descriptors */
};
void process_look(struct process_facts *facts); /* fills all of it in */

/* How many descriptors are open, by a folder with a name for each (/proc/self/fd). Where none is
 * left to look with, as many as there may be; -1: it cannot be told. */
int64_t process_files(const char *folder);

#endif
