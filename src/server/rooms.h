/* rooms.h -- what each room is given of the configuration, at the start and at a reload. All fill
 * in fields of the caller's and leave the others alone (who serves the room, sockets, the base);
 * texts and lists are borrowed from config. Main thread. */
#ifndef OPENMMO_SERVER_ROOMS_H
#define OPENMMO_SERVER_ROOMS_H

#include "server/config.h"

struct accounts_config; /* accounts/accounts.h */
struct http_config;     /* http/http.h */
struct retention_days;  /* store/retention.h */
struct sessions_config; /* play/sessions.h */
struct store_config;    /* store/store.h */

/* Which database, and how it is reached and waited for. */
void rooms_store(const struct config *config, struct store_config *store);
/* Who may come in, and what a password costs. */
void rooms_accounts(const struct config *config, struct accounts_config *accounts);
/* How long records stay. */
void rooms_days(const struct config *config, struct retention_days *days);
/* Identity, files, limits, view, ways in. */
void rooms_sessions(const struct config *config, struct sessions_config *sessions);
/* Certificate, limits, deadlines, origins, files. https_port: where plain requests are sent if that
 * is wished for; 0: there is none. */
void rooms_http(const struct config *config, uint16_t https_port, struct http_config *http);

#endif
