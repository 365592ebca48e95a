/* players.h -- who is here. A screen (screen.h). */
#ifndef OPENMMO_CONSOLE_SCREEN_PLAYERS_H
#define OPENMMO_CONSOLE_SCREEN_PLAYERS_H

#include "console/ui/screen.h"

extern const struct screen SCREEN_PLAYERS;

#endif
