/* watch.h -- what changes, for scripts: openmmo-console watch TOPIC|NOUN.VERB [name=value...]. */
#ifndef OPENMMO_CONSOLE_WATCH_H
#define OPENMMO_CONSOLE_WATCH_H

#include "console.h"

struct watch_options {
    const char *path;     /* of the socket */
    bool json;            /* one line of JSON a sample */
    unsigned interval_ms; /* between two samples */
    unsigned count;       /* samples; 0: until a signal or the daemon's end */
};

/* A topic is subscribed to, a method asked again and again; a method that changes something is
 * refused. Returns the exit status: CONSOLE_NO_CONNECTION also where the daemon went away. */
enum console_exit watch_run(const struct watch_options *options, char *const *arguments,
                            int arguments_n);

#endif
