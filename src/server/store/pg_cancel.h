/* pg_cancel.h -- asking a server to give up what a connection runs. libpq 15 does that blocking,
 * for as long as the server likes: so on a thread of its own that nobody waits for. */
#ifndef OPENMMO_STORE_PG_CANCEL_H
#define OPENMMO_STORE_PG_CANCEL_H

#include <libpq-fe.h>

/* Copies what it needs; conn may be closed after it. At most a few at a time; beyond them, nothing
 * is done: the server's own limit ends the statement then. Any thread. */
void pg_cancel(PGconn *conn);

#endif
