/* standstill.h -- a thread that is stopped as a debugger stops it: it runs no more, and knows of
 * nothing.
 *
 * It is stopped where it waits for events. Anywhere else it may hold a lock of the allocator (a
 * sanitizer's has one for all), and then all threads of the process stand still: true of every
 * program, and not what is looked at. For tests; asserts. */
#ifndef OPENMMO_TESTS_STANDSTILL_H
#define OPENMMO_TESTS_STANDSTILL_H

#include <stdbool.h>
#include <sys/types.h>

/* The kernel's id of a process's thread of that name. */
pid_t standstill_thread(pid_t process, const char *name);
/* Stop it; the caller traces it from now on. Tries for a second until the machine lets us. False:
 * it does not, or the thread waits at no time. */
bool standstill_begin(pid_t thread);
/* Let it go on. By the thread that called standstill_begin. */
void standstill_end(pid_t thread);

#endif
