/* memory.h -- how much memory is left: of the machine's, and of what the control groups that this
 * process is in may have (a container, MemoryMax= and MemoryHigh= of a unit).
 *
 * Control groups are those of Linux's unified hierarchy (cgroup v2). Reads a few files that the
 * kernel makes when they are read: it waits for no disk. Any thread. */
#ifndef OPENMMO_OPS_MEMORY_H
#define OPENMMO_OPS_MEMORY_H

#include <stdint.h>

struct memory_places {
    const char *meminfo; /* "/proc/meminfo" */
    const char *nodes;   /* "/sys/devices/system/node": where a sandbox hides that (ProcSubset=) */
    const char *groups;  /* "/sys/fs/cgroup" */
    const char *group;   /* "/proc/self/cgroup": which of these is ours */
};
extern const struct memory_places MEMORY_PLACES; /* those */

/* The least part that is left, of the machine and of each level that has a limit: thousandths. What
 * the kernel can take back from files counts as free. -1: nothing is known. */
int64_t memory_free_permille(const struct memory_places *places);

#endif
