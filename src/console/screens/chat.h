/* chat.h -- what is said in the world, as it is said; who said it is dealt with from the line.
 * (screen.h) */
#ifndef OPENMMO_CONSOLE_SCREEN_CHAT_H
#define OPENMMO_CONSOLE_SCREEN_CHAT_H

#include "console/ui/screen.h"

extern const struct screen SCREEN_CHAT;

/* Ask what to announce to everybody. */
void chat_announce(struct ui *ui);

#endif
