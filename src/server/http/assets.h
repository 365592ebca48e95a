/* assets.h -- the files of a folder that are served as they are: which there are, under which path,
 * and the hash of what they hold.
 *
 * All of the folder is looked through once, at the start and at a reload, and what is asked for is
 * looked up in that list: a path that is not in it is none, however it is written. Not in it are
 * names that begin with a dot, symbolic links (the folder itself may be one), what is no plain
 * file, and names that are no UTF-8. Immutable once made; any thread. */
#ifndef OPENMMO_HTTP_ASSETS_H
#define OPENMMO_HTTP_ASSETS_H

#include <stdbool.h>
#include <stdint.h>

#include "common/compiler.h"
#include "common/error.h"
#include "http/etag.h"
#include "http/respond.h"

#define ASSETS_MAX       100000 /* files */
#define ASSETS_DEPTH_MAX 32     /* folders in folders */
#define ASSETS_PATH_MAX  1024   /* bytes of a path, with its NUL */

struct assets; /* opaque, counted */

struct asset {
    char *path; /* "/textures/grass.ktx2" */
    const char *type;
    uint64_t size_bytes, inode;
    int64_t modified_ns;   /* Unix time */
    char etag[ETAG_BYTES]; /* strong: the hash of the content */
    char modified[RESPOND_DATE_BYTES];
    bool immutable;         /* under its name it never holds anything else */
    const struct asset *gz; /* the same, packed: a file beside it that is not older; NULL: none */
};

/* folder: looked through at once, and every file is read, but for those that before has with the
 * same size and time. before: the last list of that folder, or NULL. immutable: a folder in it,
 * "assets", whose files carry a hash in their names; "": none. A reference; NULL + error. */
struct assets *assets_new(const char *folder, const char *immutable, const struct assets *before,
                          struct error *error);
struct assets *assets_ref(struct assets *assets); /* NULL is fine */
void assets_unref(struct assets *assets);         /* as above */

/* How many files. */
uint32_t assets_n(const struct assets *assets);
/* path: decoded, from its '/'. NULL: there is none. */
const struct asset *assets_find(const struct assets *assets, const char *path);
/* Open it to be read. *size_bytes: what it holds now; *changed: it is not what was looked at. -1:
 * it is gone. */
int assets_open(const struct assets *assets, const struct asset *asset, uint64_t *size_bytes,
                bool *changed) MUST_CHECK;

#endif
