/* player.h -- one player: as he is now, and what is on record of him. A page (screen.h). */
#ifndef OPENMMO_CONSOLE_SCREEN_PLAYER_H
#define OPENMMO_CONSOLE_SCREEN_PLAYER_H

#include "console/ui/screen.h"

extern const struct screen SCREEN_PLAYER;

/* Open it for this one. Copied. */
void player_open(struct ui *ui, const struct model_player *player);

#endif
