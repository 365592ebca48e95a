/* pg_target.h -- where the database is: libpq's connection settings, and its host names looked up
 * without blocking (libpq itself would wait in getaddrinfo). Control thread. */
#ifndef OPENMMO_STORE_PG_TARGET_H
#define OPENMMO_STORE_PG_TARGET_H

#include <event2/event.h>
#include <libpq-fe.h>
#include <stdint.h>

#include "common/compiler.h"
#include "common/error.h"

#define PG_TARGET_WORDS_MAX 64 /* settings that libpq knows, and a NULL */

/* As PQconnectStartParams wants them; NULL at the end. */
struct pg_words {
    const char *keywords[PG_TARGET_WORDS_MAX], *values[PG_TARGET_WORDS_MAX];
};

struct pg_target; /* opaque */

/* Whether connection is a libpq conninfo or URI. 0, or -1 + error, which never repeats a password.
 */
int pg_target_check(const char *connection, struct error *error) MUST_CHECK;
/* password_file: its first line is the password; "": none. NULL + error. Blocks on the file. */
struct pg_target *pg_target_new(struct event_base *base, const char *connection,
                                const char *password_file, struct error *error);
/* NULL is fine; no search may be under way. Where one was cancelled that libevent has not ended
 * yet, the base's loop must turn once more, or the process's end takes the rest. */
void pg_target_free(struct pg_target *target);

/* For the first connection: blocking libpq may look names up itself. Valid until the next call. */
const struct pg_words *pg_target_words(struct pg_target *target);
/* From then on: what that connection was told in all (by services, environment, defaults). 0, or -1
 * + error. */
int pg_target_learn(struct pg_target *target, PGconn *conn, struct error *error) MUST_CHECK;
/* "host:port/database", for the log. */
const char *pg_target_place(const struct pg_target *target);

struct pg_search; /* one look-up */

/* words: valid during the call; NULL + error where no name could be found. The search is gone. */
typedef void pg_search_fn(void *context, const struct pg_words *words, const struct error *error);
/* Calls done once, never from within. NULL: out of memory, done is not called. */
struct pg_search *pg_search_start(struct pg_target *target, pg_search_fn *done, void *context);
void pg_search_cancel(struct pg_search *search); /* done is not called. NULL is fine */

#endif
