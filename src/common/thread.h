/* thread.h -- a thread that no signal interrupts. */
#ifndef OPENMMO_COMMON_THREAD_H
#define OPENMMO_COMMON_THREAD_H

#include <pthread.h>

#include <stdint.h>

#include "common/compiler.h"

/* Start a thread that runs run(context) with all signals blocked: they are for the thread that
 * waits for them, and what would end a write here (SIGXFSZ) becomes its error. name: for debuggers,
 * at most 15 bytes. Returns 0, or an errno, and *thread is nobody then. Any thread. */
int thread_start(pthread_t *thread, const char *name, void *(*run)(void *context),
                 void *context) MUST_CHECK;

/* The calling thread gives way to the one that started it. nice: 0..19, on top of that one's, as in
 * nice(1). That the system refuses costs politeness only. */
void thread_give_way(int nice);

uint64_t thread_cpu_us(void); /* CPU time of the calling thread so far, microseconds */

#endif
