/* map.h -- the world from above: ground, players, what they cost, one who is followed; and a page,
 * who stands in a cell (screen.h). */
#ifndef OPENMMO_CONSOLE_SCREEN_MAP_H
#define OPENMMO_CONSOLE_SCREEN_MAP_H

#include "console/ui/screen.h"

extern const struct screen SCREEN_MAP, SCREEN_CELL;

/* Follow that player: he becomes the map's middle. For other screens too, which then open the map.
 * session: as the daemon says it. */
void map_follow(struct ui *ui, const char *session, const char *name);

#endif
