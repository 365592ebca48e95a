/* dialog.h -- the question before something is done that hurts: names what will happen, default No.
 * And the help page, which is drawn from the key table. Parts of the ui; one thread. */
#ifndef OPENMMO_CONSOLE_DIALOG_H
#define OPENMMO_CONSOLE_DIALOG_H

#include "screen.h"

/* A key while the dialog is open. It closes itself on Esc, No and Yes (which asks the daemon). */
void dialog_key(struct ui *ui, int key);
/* What became of whom: "kicked"; constant. */
const char *dialog_done(enum ui_deed deed);
/* Over everything else. */
void dialog_draw(struct ui *ui, struct canvas *canvas);

/* The page ui->help of a screen's help; says in ui->help_pages how many there are. */
void dialog_draw_help(struct ui *ui, const struct screen *screen, struct canvas *canvas, int row);

/* Typing: true if the key changed the line (letters, Backspace, Ctrl-U, Ctrl-W). */
bool dialog_edit(struct ui_line *line, int key);

#endif
