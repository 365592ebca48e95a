/* sqlite_file.c -- opening a database file and naming its troubles. */
#include "store/sqlite_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

int sqlite_file_error(struct error *error, sqlite3 *db, const char *path, int rc)
{
    int before = errno;
    int system = db ? sqlite3_system_errno(db) : 0;

    /* A commit that fails does not tell SQLite's own system errno; the thread's is still there. */
    if (system == 0)
        system = before;
    switch (rc & 0xff) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return error_set(error, "database file %s is locked by another program", path);
    case SQLITE_CORRUPT:
        return error_set(error,
                         "database file %s is corrupt: restore a backup, or move it away to "
                         "begin with an empty one",
                         path);
    case SQLITE_NOTADB:
        return error_set(error, "file %s is no database (or is corrupt): name another file", path);
    case SQLITE_FULL:
        return error_set(error, "the disk is full: cannot write database file %s", path);
    case SQLITE_READONLY:
        return error_set(error, "database file %s cannot be written: read-only", path);
    case SQLITE_CANTOPEN:
        return error_set(error, "cannot open database file %s: %s", path,
                         system ? strerror(system) : "no such directory, or no permission");
    case SQLITE_IOERR:
        if (system == ENOSPC || system == EDQUOT || system == EFBIG)
            return error_set(error, "the disk is full: cannot write database file %s (%s)", path,
                             strerror(system));
        return error_set(error, "cannot read or write database file %s: %s", path,
                         system ? strerror(system) : "I/O error");
    case SQLITE_NOMEM:
        return error_set(error, "out of memory in database file %s", path);
    }
    return error_set(error, "database file %s: %s", path,
                     db ? sqlite3_errmsg(db) : sqlite3_errstr(rc));
}

int sqlite_file_exec(sqlite3 *db, const char *path, const char *sql, struct error *error)
{
    int rc = sqlite3_exec(db, sql, NULL, NULL, NULL);

    return rc == SQLITE_OK ? 0 : sqlite_file_error(error, db, path, rc);
}

static int quick_check(sqlite3 *db, const char *path, struct error *error)
{
    sqlite3_stmt *statement = NULL;
    int rc = sqlite3_prepare_v2(db, "PRAGMA quick_check(1)", -1, &statement, NULL);
    bool sound = false;

    if (rc == SQLITE_OK)
        rc = sqlite3_step(statement);
    if (rc == SQLITE_ROW) {
        const unsigned char *answer = sqlite3_column_text(statement, 0);

        sound = answer && strcmp((const char *)answer, "ok") == 0;
        rc = SQLITE_CORRUPT;
    }
    sqlite3_finalize(statement);
    return sound ? 0 : sqlite_file_error(error, db, path, rc);
}

/* SQLite would make it by the umask; passwords' hashes are nobody else's business. */
static int make_file(const char *path, struct error *error)
{
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

    return fd >= 0 ? fd
                   : error_set(error, "cannot open database file %s: %s", path, strerror(errno));
}

/* The lock lies on the file itself: by whatever name it is opened, it is the same one. flock does
 * not meet SQLite's locks, which are fcntl's. */
int sqlite_file_claim(const char *path, struct error *error)
{
    int fd = make_file(path, error);

    if (fd < 0 || flock(fd, LOCK_EX | LOCK_NB) == 0)
        return fd;
    close(fd);
    return error_set(error, "database file %s is in use by another openmmod", path);
}

sqlite3 *sqlite_file_open(const char *path, uint32_t busy_ms, struct error *error)
{
    static const char *const settings[] = {
        "PRAGMA journal_mode = WAL",
        "PRAGMA synchronous = FULL", /* what is acknowledged is on the disk */
        "PRAGMA foreign_keys = ON",
        "PRAGMA secure_delete = ON", /* what is deleted is overwritten */
    };
    const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
    sqlite3 *db = NULL;
    int rc, made;

    made = make_file(path, error);
    if (made < 0)
        return NULL;
    close(made); /* SQLite has no lock yet that this could drop */
    rc = sqlite3_open_v2(path, &db, flags, NULL);
    if (rc != SQLITE_OK) {
        sqlite_file_error(error, db, path, rc);
        goto fail;
    }
    sqlite3_busy_timeout(db, (int)busy_ms);
    for (size_t i = 0; i < ARRAY_N(settings); i++)
        if (sqlite_file_exec(db, path, settings[i], error) < 0)
            goto fail;
    if (quick_check(db, path, error) < 0)
        goto fail;
    return db;
fail:
    sqlite3_close(db);
    return NULL;
}
