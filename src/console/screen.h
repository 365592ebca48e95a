/* screen.h -- a screen: one row of SCREENS and one file. It draws the model into the body of the
 * canvas and takes the actions of its own keys; it knows no terminal and no socket. */
#ifndef OPENMMO_CONSOLE_SCREEN_H
#define OPENMMO_CONSOLE_SCREEN_H

#include "keys.h"
#include "ui.h"

struct screen {
    const char *name;
    enum keys_scope scope;
    void (*draw)(struct ui *ui, struct canvas *canvas, int row, int rows);
    void (*act)(struct ui *ui, enum keys_action action); /* NULL: has no keys of its own */
    /* Shown, time passes: ask for what it needs. NULL: nothing. */
    void (*time)(struct ui *ui);
    /* The answer to what it asked for has been taken into the model (or failed). NULL: asks
     * nothing. */
    void (*answered)(struct ui *ui);
};

extern const struct screen SCREEN_OVERVIEW, SCREEN_PLAYERS, SCREEN_LOG, SCREEN_LOAD;

/* How figures are written; each returns out. */
const char *screen_bytes(double bytes, char out[16]);    /* "7.4 MB" */
const char *screen_ms(double ms, char out[16]);          /* "3.1", "0.25", "120" */
const char *screen_span(int64_t seconds, char out[16]);  /* "12d04h", "3h07m", "5m09s" */
const char *screen_clock(int64_t unix_ms, char out[16]); /* "12:04:31", UTC */

#endif
