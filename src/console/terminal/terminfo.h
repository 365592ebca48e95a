/* terminfo.h -- what terminals are known here. Apart from terminal.c, as term.h takes words such as
 * "columns" for its own. */
#ifndef OPENMMO_CONSOLE_TERMINFO_H
#define OPENMMO_CONSOLE_TERMINFO_H

#include <stdbool.h>

bool terminfo_knows(const char *name);

#endif
