/* help.h -- the help page and the bottom bar: both are drawn from the rows of keys. Part of the ui;
 * one thread. */
#ifndef OPENMMO_CONSOLE_HELP_H
#define OPENMMO_CONSOLE_HELP_H

#include "screen.h"

/* The page ui->help of a screen's help; says in ui->help_pages how many there are. */
void help_draw(struct ui *ui, const struct screen *screen, struct canvas *canvas, int row);
/* The most useful keys, as many as fit. */
void help_draw_bar(const struct screen *screen, struct canvas *canvas, int row);
/* The key whose word stands at that column of the bar; 0: none. */
int help_bar_key(const struct screen *screen, int columns, int column);

/* The row that a key has on a screen: its own, the lists', or everywhere's; NULL: none. */
const struct keys_row *help_row(const struct screen *screen, int key);

#endif
