/* pins.h -- the keys of servers we have met: trust on first use, and shout when one changes.
 *
 * A text file, one line a server: "host:port sha256:<64 hex digits>". Knows no socket. One thread.
 */
#ifndef OPENMMO_CLIENT_PINS_H
#define OPENMMO_CLIENT_PINS_H

#include <stdint.h>

#include "common/compiler.h"
#include "common/error.h"
#include "common/link.h"

enum pins_answer {
    PINS_NEW,        /* never met: accept and pins_keep */
    PINS_SAME,       /* the key we know */
    PINS_CHANGED,    /* another key: refuse unless the player says otherwise */
    PINS_UNREADABLE, /* the file cannot be read, so nothing can be said: refuse; *error tells why */
};

#define PINS_TEXT_BYTES (LINK_PIN_BYTES * 2 + 8) /* "sha256:" + hex + NUL */

/* What the file at path says of that server. known: the key on file, written for PINS_SAME and
 * PINS_CHANGED. */
enum pins_answer pins_check(const char *path, const char *server, const uint8_t pin[LINK_PIN_BYTES],
                            uint8_t known[LINK_PIN_BYTES], struct error *error) MUST_CHECK;

/* Keep (or replace) the server's key; other lines stay. 0, or -1 + error. */
int pins_keep(const char *path, const char *server, const uint8_t pin[LINK_PIN_BYTES],
              struct error *error) MUST_CHECK;

/* "sha256:0a1b..." as the server prints it. */
void pins_text(const uint8_t pin[LINK_PIN_BYTES], char text[PINS_TEXT_BYTES]);

#endif
