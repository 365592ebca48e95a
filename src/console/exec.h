/* exec.h -- one request for scripts: openmmo-console exec NOUN.VERB [name=value...]. */
#ifndef OPENMMO_CONSOLE_EXEC_H
#define OPENMMO_CONSOLE_EXEC_H

#include "console.h"

/* arguments: the method, then name=value. Prints the answer on stdout (a table or key and value;
 * with json one line of JSON in ASCII), what went wrong on stderr. Returns the exit status. */
enum console_exit exec_run(const char *path, char *const *arguments, int arguments_n, bool json);

#endif
