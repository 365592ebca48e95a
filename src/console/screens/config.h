/* config.h -- the server's options: what holds, where it came from; turned in an emergency. */
#ifndef OPENMMO_CONSOLE_SCREEN_CONFIG_H
#define OPENMMO_CONSOLE_SCREEN_CONFIG_H

#include "console/ui/screen.h"

extern const struct screen SCREEN_CONFIG;

#endif
