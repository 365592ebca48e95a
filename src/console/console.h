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
};

/* Until q. Returns the exit status. A daemon that is away is waited for. */
enum console_exit console_run(const struct console_options *options);

#endif
