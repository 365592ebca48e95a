/* files.h -- where the client keeps its few files, and how it writes them.
 *
 * Configuration lies under $XDG_CONFIG_HOME/openmmo, state under $XDG_STATE_HOME/openmmo; folders
 * are made 0700 on the first write. A file is replaced whole: a reader sees the old or the new one.
 * One thread. */
#ifndef OPENMMO_CLIENT_FILES_H
#define OPENMMO_CLIENT_FILES_H

#include <stddef.h>

#include "common/compiler.h"
#include "common/error.h"

#define FILES_PATH_MAX 4096

enum files_place { FILES_CONFIG, FILES_STATE, FILES_PICTURES };

/* The path of `name` in that place; FILES_PICTURES is $XDG_PICTURES_DIR, else $HOME, else the
 * working directory. 0, or -1 + error where neither the variable nor HOME is set or the path is too
 * long. Makes nothing. */
int files_path(enum files_place place, const char *name, char path[FILES_PATH_MAX],
               struct error *error) MUST_CHECK;

/* The file's bytes with a NUL after them: malloc'ed, the caller frees. NULL + error; a file that is
 * not there is an error with errno ENOENT. Larger than max_bytes is an error. */
char *files_read(const char *path, size_t max_bytes, size_t *len_bytes, struct error *error);

/* Replace the file, mode 0600: written beside it, flushed, renamed. Makes missing folders (0700).
 * 0, or -1 + error. */
int files_write(const char *path, const void *bytes, size_t len_bytes,
                struct error *error) MUST_CHECK;

/* Make every missing folder above the file (0700). 0, or -1 + error. */
int files_make_folders(const char *path, struct error *error) MUST_CHECK;

#endif
