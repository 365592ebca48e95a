/* history.h -- the lines that were typed, newest last, kept in a file from one console to the next.
 *
 * The file is only added to, so that several consoles may share it; one that has grown long is cut
 * when it is read. A file that cannot be read or written is none: history is a comfort. */
#ifndef OPENMMO_CONSOLE_HISTORY_H
#define OPENMMO_CONSOLE_HISTORY_H

#include <stddef.h>

#define HISTORY_LINES 500
#define HISTORY_BYTES 512 /* of a line */

struct history {
    char (*lines)[HISTORY_BYTES]; /* a ring */
    size_t taken;
    char path[4096]; /* empty: no file */
};

/* path: copied; NULL: no file. -1: out of memory. */
int history_init(struct history *history, const char *path);
/* Frees; the file stays. */
void history_fini(struct history *history);
/* Also to the file, unless keep is 0. The same as the newest is not taken again. */
void history_add(struct history *history, const char *line, int keep);
/* The line so many before the newest (0); NULL: there is none. */
const char *history_line(const struct history *history, size_t back);
/* How far back the first line is that contains that text, from `back` on; -1: none. */
long history_find(const struct history *history, const char *text, size_t back);

/* Where it is kept: $XDG_STATE_HOME/openmmo/console-history (~/.local/state). */
void history_default_path(char *path, size_t room_bytes);

#endif
