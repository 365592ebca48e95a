/* completion.h -- words for the shell's completion: openmmo-console complete -- WORD... */
#ifndef OPENMMO_CONSOLE_COMPLETION_H
#define OPENMMO_CONSOLE_COMPLETION_H

#include <getopt.h>

#include "console.h"

/* words: those of the command line behind the program's name, the last one being typed. Prints
 * what it can become, one a line: options, exec and watch, and, where a daemon answers, its
 * methods, topics, parameters, their values and the names of players. Never complains. */
enum console_exit completion_run(const char *path, const struct option *options, char *const *words,
                                 int words_n);

#endif
