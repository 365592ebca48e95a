/* terminal.h -- the terminal: the only room that knows curses.
 *
 * Takes the whole screen and gives it back as it was, whatever the end: return, signal or crash
 * (the handlers write with write(2) alone, then raise the signal again). Shows a canvas; only what
 * changed is sent. One terminal a process, one thread. */
#ifndef OPENMMO_CONSOLE_TERMINAL_H
#define OPENMMO_CONSOLE_TERMINAL_H

#include <poll.h>
#include <stdbool.h>

#include "common/compiler.h"
#include "common/error.h"
#include "console/ui/canvas.h"
#include "console/ui/mouse.h"

/* AUTO: colours where the terminal has them and NO_COLOR is not set; 256: at most so many. */
enum terminal_colour { TERMINAL_AUTO, TERMINAL_ALWAYS, TERMINAL_NEVER, TERMINAL_256 };

/* mouse: ask the terminal to tell of it. -1 + error: no terminal, or one that cannot move its
 * cursor. */
int terminal_open(enum terminal_colour colour, bool mouse, struct error *error) MUST_CHECK;
void terminal_close(void); /* also when it is not open */

/* Now, in cells; at least 1 x 1. */
void terminal_size(int *rows, int *columns);
/* Can it show more than ASCII? (The locale's character set is UTF-8.) */
bool terminal_utf8(void);
/* How many colours are shown: 0, 8, 16, 256, or 2 to the power of 24. After terminal_open. */
int terminal_colours(void);
/* As poll(2). The terminal's own signals (its size, a stop that is over) come here and nowhere
 * else, so that none is slept through: then it is -1 with EINTR. */
int terminal_wait(struct pollfd *fds, int n, int timeout_ms) MUST_CHECK;
/* The next key (a code point or KEYS_*); 0: none waits. Never blocks. A change of size is no key.
 * KEYS_MOUSE: terminal_mouse says what. */
int terminal_key(void);
/* What the mouse did with the last KEYS_MOUSE; two clicks on a cell within 0.4 s are a double one.
 * now_ms: monotonic. */
struct mouse terminal_mouse(uint64_t now_ms);
/* Show it; whole: forget what is on the screen and draw all of it. */
void terminal_show(const struct canvas *canvas, bool whole);

#endif
