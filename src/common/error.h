/* error.h -- the sentence that the lowest layer writes and a person reads.
 *
 * Whoever finds that something is wrong says so in full ("cannot read /etc/x: Permission denied");
 * whoever is on top decides whether it is logged, answered or fatal. No newline, no secret in it.
 */
#ifndef OPENMMO_COMMON_ERROR_H
#define OPENMMO_COMMON_ERROR_H

#include "common/compiler.h"

#define ERROR_TEXT_MAX 512

struct error {
    char text[ERROR_TEXT_MAX]; /* NUL-terminated; empty where nothing was said */
};

/* Write the sentence; cut at ERROR_TEXT_MAX. error may be NULL (nobody asked). Returns -1 always,
 * so that `return error_set(...)` reads well. Any thread (the struct is the caller's). */
int error_set(struct error *error, const char *format, ...) PRINTF_LIKE(2, 3);

#endif
