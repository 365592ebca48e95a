/* reports.h -- what players report of each other. A screen (screen.h). */
#ifndef OPENMMO_CONSOLE_SCREEN_REPORTS_H
#define OPENMMO_CONSOLE_SCREEN_REPORTS_H

#include "console/ui/screen.h"

extern const struct screen SCREEN_REPORTS;

#endif
