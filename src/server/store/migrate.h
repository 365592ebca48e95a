/* migrate.h -- numbered migrations, built into the binary from sql/<driver>/NNN_name.sql.
 *
 * All that are missing are applied in one transaction and written down with a checksum; a database
 * in which an old one differs from the binary's, or that is newer than the binary, is refused. One
 * that an older program made is taken over with its rows (adopt.h), where that was asked for.
 * Blocks: for start-up and `openmmod --migrate`. Any number of processes may do it at once: one
 * does the work, the others then find it done. */
#ifndef OPENMMO_STORE_MIGRATE_H
#define OPENMMO_STORE_MIGRATE_H

#include <sqlite3.h>
#include <stdbool.h>
#include <stddef.h>

#include "common/compiler.h"
#include "common/error.h"
#include "store/migrate_link.h"

struct migrate_step {
    int version; /* NNN; rises */
    const char *name, *sql;
};

/* Those of this build. */
extern const struct migrate_step migrate_sqlite_steps[];
extern const size_t migrate_sqlite_steps_n;
extern const struct migrate_step migrate_postgresql_steps[];
extern const size_t migrate_postgresql_steps_n;

/* What an operator should read, a line a call: printable, no newline. */
typedef void migrate_say_fn(void *context, const char *line);

struct migrate {
    sqlite3 *db;                      /* migrate_sqlite: in no transaction */
    const char *path;                 /* the same: for the sentences */
    const struct migrate_step *steps; /* NULL: this build's */
    size_t steps_n;
    bool apply;      /* false: refuse a database that needs any (an empty one is always filled) */
    bool alone;      /* PostgreSQL: refuse while an openmmod has it (a file is claimed) */
    bool adopt;      /* take over what an older program made; else it is refused */
    bool dry_run;    /* say what would be done, and change nothing */
    bool legacy_utc; /* adoption: times without zone are UTC, not in the server's TimeZone */
    double half_m;   /* adoption: places beyond, in x and z, are none; 0: the largest world */
    migrate_say_fn *say; /* NULL: nobody reads it */
    void *context;
    size_t applied; /* out: how many were, or would be */
};

/* 0, or -1 + error and the database is as before. One thread. */
int migrate_sqlite(struct migrate *migrate, struct error *error) MUST_CHECK;

/* The same for a PostgreSQL database, also through pgbouncer; it is connected to for this alone.
 * keywords, values: as PQconnectdbParams wants them, NULL at the end; "dbname" may hold a whole
 * connection string. report, if not NULL: what was done. */
int migrate_postgresql(const char *const *keywords, const char *const *values,
                       struct migrate *migrate, struct error *report,
                       struct error *error) MUST_CHECK;

/* `openmmod --migrate` on a file: claim and open path (made if missing), migrate, say in *report
 * what was done. A dry run works on a copy in memory, also beside a daemon. 0, or -1 + error. */
int migrate_file(const char *path, struct migrate *migrate, struct error *report,
                 struct error *error) MUST_CHECK;

#endif
