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

/* Begin and end a subscription. subscribe: params is the topic's own, checked; returns its number
 * (1..), or -1: too many. unsubscribe: -1: there is none of that number. */
struct topic;
int client_subscribe(struct client *client, const struct topic *topic, unsigned interval_ms,
                     json_t *params) MUST_CHECK;
int client_unsubscribe(struct client *client, unsigned id) MUST_CHECK;

#endif
