/* exec.h -- requests for scripts: openmmo-console exec NOUN.VERB [name=value...], or many of them
 * as lines on stdin. */
#ifndef OPENMMO_CONSOLE_EXEC_H
#define OPENMMO_CONSOLE_EXEC_H

#include "console.h"

struct exec_options {
    const char *path; /* of the socket */
    bool json;        /* one line of JSON in ASCII an answer, instead of tables */
    bool yes;         /* do not ask who sits at a terminal before what hurts */
};

/* arguments: the method, then name=value; or "-" alone: such lines from stdin, '#' begins a remark,
 * one after the other, also after one that failed. Answers go to stdout, what went wrong to
 * stderr. Returns the exit status; of many that of the first that failed. */
enum console_exit exec_run(const struct exec_options *options, char *const *arguments,
                           int arguments_n);

#endif
