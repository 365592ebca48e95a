/* migrate_run.h -- what the migrations of both databases share. For migrate_sqlite.c and
 * migrate_postgresql.c. */
#ifndef OPENMMO_STORE_MIGRATE_RUN_H
#define OPENMMO_STORE_MIGRATE_RUN_H

#include "store/migrate.h"

/* Inside the link's transaction, which the caller begins, and ends by the result: look into the
 * ledger, refuse or apply. 0, or -1 + error. */
int migrate_run(struct migrate_link *link, struct migrate *migrate, struct error *error) MUST_CHECK;

/* The sentence about a run that succeeded. */
void migrate_report(const struct migrate_link *link, const struct migrate *migrate,
                    struct error *report);

#endif
