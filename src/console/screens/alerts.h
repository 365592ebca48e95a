/* alerts.h -- what somebody should look at: a page, and as much of it as fits into a box of another
 * screen. */
#ifndef OPENMMO_CONSOLE_ALERTS_H
#define OPENMMO_CONSOLE_ALERTS_H

#include "console/ui/screen.h"

extern const struct screen SCREEN_ALERTS;

/* In a rectangle without a frame: the active ones, the gravest first, a line each (the last line
 * says how many more there are); "none" and the newest that are over where there is room. */
void alerts_draw(const struct ui *ui, struct canvas *canvas, int row, int column, int rows,
                 int columns);

#endif
