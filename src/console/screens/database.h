/* database.h -- the database: what its connections do, the queues, what each statement costs. A
 * screen (screen.h); the page behind it has what was slow, and the schema. */
#ifndef OPENMMO_CONSOLE_SCREEN_DATABASE_H
#define OPENMMO_CONSOLE_SCREEN_DATABASE_H

#include "console/ui/screen.h"

extern const struct screen SCREEN_DATABASE, SCREEN_DATABASE_MORE;

#endif
