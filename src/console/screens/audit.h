/* audit.h -- what operators did: a list, searched by the daemon, and a page about one row. */
#ifndef OPENMMO_CONSOLE_SCREEN_AUDIT_H
#define OPENMMO_CONSOLE_SCREEN_AUDIT_H

#include "console/ui/screen.h"

extern const struct screen SCREEN_AUDIT, SCREEN_AUDIT_ROW;

#endif
