/* store_of.h -- the store that most tests open: one place, tables made, little patience. */
#ifndef OPENMMO_TESTS_STORE_OF_H
#define OPENMMO_TESTS_STORE_OF_H

#include "store/store.h"

/* connection: of PostgreSQL; empty: SQLite, in the file at path. All three are borrowed. */
static inline struct store_config store_of(struct event_base *base, const char *path,
                                           const char *connection)
{
    return (struct store_config){.base = base,
                                 .kind = connection[0] != '\0' ? STORE_POSTGRESQL : STORE_SQLITE,
                                 .path = path,
                                 .queue_max = 64,
                                 .busy_ms = 400,
                                 .migrate = true,
                                 .pg = {.connection = connection,
                                        .password_file = "",
                                        .pool_min = 1,
                                        .pool_max = 4,
                                        .statement_ms = 5000,
                                        .answer_ms = 5000,
                                        .connect_ms = 5000}};
}

#endif
