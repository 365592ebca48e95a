/* adopt.h -- taking over the database of the program that this one replaces: the same tables with
 * fewer columns, no keys that make names equal, times without zone, rows that contradict each
 * other. By rules that lose nobody (doc/database.md).
 *
 *   look -> set the old tables aside -> [migrations make ours] -> take the rows over, by the rules
 *
 * All inside the migration's transaction. Blocks; one thread. */
#ifndef OPENMMO_STORE_ADOPT_H
#define OPENMMO_STORE_ADOPT_H

#include "store/migrate.h"

enum adopt_table { ADOPT_PLAYERS, ADOPT_POSITIONS, ADOPT_SESSIONS, ADOPT_TABLES_N };
enum adopt_time {
    ADOPT_CREATED,
    ADOPT_LOGIN,
    ADOPT_UPDATED,
    ADOPT_CONNECTED,
    ADOPT_DISCONNECTED,
    ADOPT_TIMES_N
};

#define ADOPT_TIME_BYTES 320

struct adopt {
    struct migrate_link *link;
    const struct migrate *migrate;
    /* By adopt_look. */
    bool found; /* there is something to adopt */
    bool has[ADOPT_TABLES_N];
    bool keeps; /* a table has columns that we do not know: it is not dropped */
    char times[ADOPT_TIMES_N][ADOPT_TIME_BYTES]; /* SQL that reads one; of the table named l */
};

/* Is there such a database, and can it be taken over? 0, or -1 + error: it is like one, but not
 * quite; the sentence says what is in the way. */
int adopt_look(struct adopt *adopt, struct error *error) MUST_CHECK;

/* Make room for our tables. 0, or -1 + error. */
int adopt_set_aside(struct adopt *adopt, struct error *error) MUST_CHECK;

/* Fill our tables, which are there and empty; say what was done; drop the old ones. 0, or -1 +
 * error. */
int adopt_take_over(struct adopt *adopt, struct error *error) MUST_CHECK;

/* Our own first schema took an e-mail any number of times: give each its key; who comes later with
 * the same one gets "~2". Says so. Needs only link and migrate. 0, or -1 + error. */
int adopt_upgrade(struct adopt *adopt, struct error *error) MUST_CHECK;

#endif
