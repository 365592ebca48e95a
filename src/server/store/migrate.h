/* migrate.h -- numbered migrations, built into the binary from sql/<driver>/NNN_name.sql.
 *
 * All that are missing are applied in one transaction and written down with a checksum; a database
 * in which an old one differs from the binary's, or that is newer than the binary, is refused. */
#ifndef OPENMMO_STORE_MIGRATE_H
#define OPENMMO_STORE_MIGRATE_H

#include <sqlite3.h>
#include <stdbool.h>
#include <stddef.h>

#include "common/compiler.h"
#include "common/error.h"

struct migrate_step {
    int version; /* NNN; rises */
    const char *name, *sql;
};

/* Those of this build. */
extern const struct migrate_step migrate_sqlite_steps[];
extern const size_t migrate_sqlite_steps_n;
extern const struct migrate_step migrate_postgresql_steps[];
extern const size_t migrate_postgresql_steps_n;

struct migrate {
    sqlite3 *db;      /* in no transaction */
    const char *path; /* for the sentences */
    const struct migrate_step *steps;
    size_t steps_n;
    bool apply;     /* false: refuse a database that needs any (an empty one is always filled) */
    size_t applied; /* out: how many were */
};

/* 0, or -1 + error and the database is as before. One thread. */
int migrate_sqlite(struct migrate *migrate, struct error *error) MUST_CHECK;

/* `openmmod --migrate`: claim and open path (made if missing), migrate, say in *report what was
 * done. 0, or -1 + error. */
int migrate_file(const char *path, struct error *report, struct error *error) MUST_CHECK;

#endif
