/* console.h -- the console at work: ui, terminal and admin client on one loop. */
#ifndef OPENMMO_CONSOLE_CONSOLE_H
#define OPENMMO_CONSOLE_CONSOLE_H

#include <stdbool.h>

#include "terminal/terminal.h"

enum console_exit {
    CONSOLE_OK = 0,
    CONSOLE_FAILED = 1,
    CONSOLE_USAGE = 2,
    CONSOLE_NO_CONNECTION = 3,
    CONSOLE_DENIED = 4
};

struct console_options {
    const char *path; /* of the socket */
    enum terminal_colour colour;
    bool ascii, mouse;
    const char *record; /* a file to write what is heard into; NULL: none */
    const char *replay; /* a file to play instead of asking a daemon; NULL: none */
};

/* Until q. Returns the exit status. A daemon that is away is waited for. A recording that is played
 * is held by Z, faster and slower by ) and (, and ; goes to its next line. */
enum console_exit console_run(const struct console_options *options);

#endif
