/* overview.h -- how the server is, at a glance. A screen (screen.h). */
#ifndef OPENMMO_CONSOLE_SCREEN_OVERVIEW_H
#define OPENMMO_CONSOLE_SCREEN_OVERVIEW_H

#include "console/ui/screen.h"

extern const struct screen SCREEN_OVERVIEW;

#endif
