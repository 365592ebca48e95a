/* load.h -- what the load does: a page over the overview (screen.h). */
#ifndef OPENMMO_CONSOLE_SCREEN_LOAD_H
#define OPENMMO_CONSOLE_SCREEN_LOAD_H

#include "console/ui/screen.h"

extern const struct screen SCREEN_LOAD;

#endif
