/* result.h -- the page of an answer to the command line. A page (screen.h). */
#ifndef OPENMMO_CONSOLE_RESULT_H
#define OPENMMO_CONSOLE_RESULT_H

#include "screen.h"

extern const struct screen SCREEN_RESULT;

/* Open it at its beginning; ui->command has the text. */
void result_show(struct ui *ui);

#endif
