/* fields.h -- members of the daemon's answers as the model holds them. What is not there, or is of
 * another type, reads as zero or empty. */
#ifndef OPENMMO_CONSOLE_FIELDS_H
#define OPENMMO_CONSOLE_FIELDS_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* One member's value. object may be NULL. */
int64_t fields_integer(const json_t *object, const char *key);
/* The same, whole or not. */
double fields_number(const json_t *object, const char *key);
/* Is it there, and true? */
bool fields_true(const json_t *object, const char *key);
/* Borrowed from the object. */
const char *fields_string(const json_t *object, const char *key);
/* The same, copied; cut at the room. */
void fields_text(char *out, size_t room_bytes, const json_t *object, const char *key);

#endif
