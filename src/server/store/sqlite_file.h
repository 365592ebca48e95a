/* sqlite_file.h -- one SQLite database file: opening it with our settings, and what its errors mean
 * in words. One thread at a time. */
#ifndef OPENMMO_STORE_SQLITE_FILE_H
#define OPENMMO_STORE_SQLITE_FILE_H

#include <sqlite3.h>
#include <stdint.h>

#include "common/compiler.h"
#include "common/error.h"

/* Make the file (0600) if it is missing and claim it for this process: two daemons with other state
 * directories may name one database. Other programs may still read it, and back it up. Lasts until
 * the returned descriptor is closed, which must not be before the database is (it would drop
 * SQLite's own locks). -1 + error: another openmmod has it, or it cannot be opened. */
int sqlite_file_claim(const char *path, struct error *error) MUST_CHECK;

/* Open (made 0600 if missing), WAL, synchronous=FULL, foreign keys, quick check. NULL + error. */
sqlite3 *sqlite_file_open(const char *path, uint32_t busy_ms, struct error *error);

/* Say what db's last error means, naming the file and what can be done. rc: an (extended) result
 * code. Returns -1. */
int sqlite_file_error(struct error *error, sqlite3 *db, const char *path, int rc);

/* Run SQL without results. 0, or -1 + error. */
int sqlite_file_exec(sqlite3 *db, const char *path, const char *sql,
                     struct error *error) MUST_CHECK;

#endif
