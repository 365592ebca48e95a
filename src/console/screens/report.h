/* report.h -- one report in full: the chat around it, what was reported of the same account before.
 * A page (screen.h). */
#ifndef OPENMMO_CONSOLE_SCREEN_REPORT_H
#define OPENMMO_CONSOLE_SCREEN_REPORT_H

#include "console/ui/screen.h"

extern const struct screen SCREEN_REPORT;

/* Open it for the report of that number. Copied. */
void report_open(struct ui *ui, const char *id);
/* Ask for the verdict that closes the reports which report_close_add names. */
void report_close_begin(struct ui *ui);
void report_close_add(struct ui *ui, const char *id, const char *about); /* about: his name */

#endif
