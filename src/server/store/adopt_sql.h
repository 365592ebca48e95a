/* adopt_sql.h -- SQL of adoption: templates with the two databases' words filled in. For adopt*.c.
 *
 * {players} {positions} {sessions}  the old tables      {now}  the time of the migration
 * {created} {login} {updated} {connected} {disconnected}  read times of the table named l
 * {place}   l's x, y, z lie in the world                {row}  all of l, as JSON */
#ifndef OPENMMO_STORE_ADOPT_SQL_H
#define OPENMMO_STORE_ADOPT_SQL_H

#include "store/adopt.h"

#define ADOPT_SQL_BYTES 8000

/* 0, or -1 + error: too long. */
int adopt_sql(const struct adopt *adopt, const char *template, char out[ADOPT_SQL_BYTES],
              struct error *error) MUST_CHECK;

/* Write how one time is read from a column of this type of PostgreSQL's (SQLite: any) into
 * adopt->times. 0, or -1 + error: the type is no time. */
int adopt_sql_time(struct adopt *adopt, enum adopt_time time, const char *column, const char *type,
                   struct error *error) MUST_CHECK;

#endif
