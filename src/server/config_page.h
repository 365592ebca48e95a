/* config_page.h -- the manual page openmmo.ini(5), printed from the table of options. Control
 * thread. */
#ifndef OPENMMO_SERVER_CONFIG_PAGE_H
#define OPENMMO_SERVER_CONFIG_PAGE_H

#include <stdio.h>

/* The whole page in mdoc. man/openmmo.ini.5 is its output, and a test fails where they differ. */
void config_page_print(FILE *out);

#endif
