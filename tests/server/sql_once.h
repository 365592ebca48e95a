/* sql_once.h -- a test's own look into the store's database, of either kind, or its own change. */
#ifndef OPENMMO_TESTS_SQL_ONCE_H
#define OPENMMO_TESTS_SQL_ONCE_H

#include <stdint.h>

/* Run SQL, of one statement or several, by a connection of its own.
 * connection  of PostgreSQL, as libpq takes it; empty: path is an SQLite file
 * Returns the first column of the first row of the last that had rows, INT64_MIN where none had.
 * What fails on SQLite fails the test; on PostgreSQL it is INT64_MIN, and stderr says why. */
int64_t sql_once(const char *connection, const char *path, const char *text);

#endif
