/* respond.h -- the head of an answer, written into the caller's buffer; the Date of the second.
 *
 * Values are checked: one with a control character but HT is left out, so no text of a peer's ends
 * a line. Pure; no allocation. */
#ifndef OPENMMO_HTTP_RESPOND_H
#define OPENMMO_HTTP_RESPOND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/compiler.h"

#define RESPOND_DATE_BYTES 30 /* "Sun, 06 Nov 1994 08:49:37 GMT", with its NUL */

/* The Date of the second that was last asked for: one a thread, zeroed at first. */
struct respond_clock {
    int64_t second;
    char text[RESPOND_DATE_BYTES];
};

struct respond {
    char *bytes;
    size_t room, n;
    bool full; /* what did not fit was left out: respond_end says so */
};

/* "Not Found"; of an unknown one "Status". */
const char *respond_reason(int status);
/* unix_s: from 1970 to 9999. */
void respond_date(int64_t unix_s, char text[RESPOND_DATE_BYTES]);
/* The same, made anew only when the second is another. Valid until then. */
const char *respond_now(struct respond_clock *clock, int64_t unix_s);
/* Of RFC 9110's three forms the one that is sent today; -1: none. Any thread. */
int64_t respond_date_parse(const char *text);

/* The status line. bytes: room bytes of the caller's. */
void respond_begin(struct respond *respond, char *bytes, size_t room, int status);
/* A line, unless the value may stand in none. */
void respond_header(struct respond *respond, const char *name, const char *value);
/* As above. */
void respond_number(struct respond *respond, const char *name, uint64_t value);
/* Whole lines, with their CR LF. */
void respond_lines(struct respond *respond, const char *lines, size_t len_bytes);
/* The empty line. The head's length; -1: it did not fit. */
int respond_end(struct respond *respond) MUST_CHECK;

#endif
