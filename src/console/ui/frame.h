/* frame.h -- what is around a screen: header, tabs with the state, bottom line. Part of the ui; one
 * thread. */
#ifndef OPENMMO_CONSOLE_FRAME_H
#define OPENMMO_CONSOLE_FRAME_H

#include "screen.h"

#define FRAME_TABS_ROW 1 /* of the canvas */

/* All of it, with the screen, or the help, or the dialog over it. */
void frame_draw(struct ui *ui, const struct screen *screen, struct canvas *canvas);
/* Does the bottom line name keys, rather than say something? */
bool frame_has_bar(const struct ui *ui);
/* Whose tab stands at that column; NULL: nobody's. */
const struct screen *frame_tab(const struct ui *ui, int columns, int column);

#endif
