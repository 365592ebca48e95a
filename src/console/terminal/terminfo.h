/* terminfo.h -- what terminals are known here. Apart from terminal.c, as term.h takes words such as
 * "columns" for its own. */
#ifndef OPENMMO_CONSOLE_TERMINFO_H
#define OPENMMO_CONSOLE_TERMINFO_H

#include <stdbool.h>

/* Is there an entry of that name on this machine? */
bool terminfo_knows(const char *name);

#endif
