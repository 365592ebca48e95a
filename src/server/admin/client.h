/* client.h -- one operator at the socket, from accept to close.
 *
 * Owns the connection, its bounded output (CLIENT_OUTPUT_MAX: past it no request is read and
 * samples are lost) and its subscriptions. Its role was decided before it was made. Control thread
 * only. */
#ifndef OPENMMO_ADMIN_CLIENT_H
#define OPENMMO_ADMIN_CLIENT_H

#include "admin/method.h"

#define CLIENT_OUTPUT_MAX (256 * 1024)

struct client_config {
    const struct method_desk *desk;
    int fd; /* taken, also when client_new fails */
    struct role_peer peer;
    /* The connection is over: the owner forgets the client and calls client_free. */
    void (*ended)(void *context, struct client *client);
    void *context;
};

/* NULL when out of memory. */
struct client *client_new(const struct client_config *config);
void client_free(struct client *client); /* NULL is fine */

struct topic; /* subscription.h */
/* Begin a subscription. params: the topic's own, checked, borrowed. Returns its number (1..), or
 * -1: too many. */
int client_subscribe(struct client *client, const struct topic *topic, unsigned interval_ms,
                     json_t *params) MUST_CHECK;
/* -1: there is no subscription of that number. */
int client_unsubscribe(struct client *client, unsigned id) MUST_CHECK;

#endif
