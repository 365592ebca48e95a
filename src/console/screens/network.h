/* network.h -- who comes from where: addresses with what they do and how they stand, traffic by
 * class; who is held back is let go, who does harm is banned. A screen (screen.h). */
#ifndef OPENMMO_CONSOLE_SCREEN_NETWORK_H
#define OPENMMO_CONSOLE_SCREEN_NETWORK_H

#include "console/ui/screen.h"

extern const struct screen SCREEN_NETWORK;

#endif
