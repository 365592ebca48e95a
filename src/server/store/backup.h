/* backup.h -- whole copies of a database file, made beside the daemon that uses it, and put back.
 *
 * A copy is one file (no -wal beside it), is checked before it gets its name, and gets its name at
 * once or never. Blocks; for `openmmod --backup` and `--restore`. */
#ifndef OPENMMO_STORE_BACKUP_H
#define OPENMMO_STORE_BACKUP_H

#include <stdatomic.h>

#include "common/compiler.h"
#include "common/error.h"

/* Copy the database at path into `to` (0600; one that is there is replaced once the new one is
 * good). A daemon may use the database meanwhile; it does not wait. What it had committed when this
 * began is in the copy. end: where somebody else makes it true, the copy is given up soon, as one
 * that failed; NULL: nobody does. report: what was done. 0, or -1 + error: `to` is as before. */
int backup_make(const char *path, const char *to, const atomic_bool *end, struct error *report,
                struct error *error) MUST_CHECK;

/* Put the copy `from` in the place of the database at path, which is kept beside it as
 * PATH.before-restore (.before-restore~2 ... where there is one). Refused while a daemon has the
 * database, and where `from` is broken or newer than this program. 0, or -1 + error: path is as
 * before. */
int backup_restore(const char *path, const char *from, struct error *report,
                   struct error *error) MUST_CHECK;

/* Remove from a folder what backups into it left that were killed; none that is under way, nothing
 * else. A folder that is not there is fine. */
void backup_sweep(const char *folder);

#endif
