/* log.h -- the daemon's log. A screen (screen.h). */
#ifndef OPENMMO_CONSOLE_SCREEN_LOG_H
#define OPENMMO_CONSOLE_SCREEN_LOG_H

#include "console/ui/screen.h"

extern const struct screen SCREEN_LOG;

#endif
