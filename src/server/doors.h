/* doors.h -- the sockets that the daemon is reached by. They are bound before anything else is
 * touched, so that a port in use changes nothing; who comes meanwhile waits in the kernel's queue.
 * Main thread. */
#ifndef OPENMMO_SERVER_DOORS_H
#define OPENMMO_SERVER_DOORS_H

#include "common/compiler.h"
#include "common/error.h"
#include "server/config.h"

#define DOORS_PORTS_MAX 16 /* net.listen and http.listen take no more */

struct doors {
    int ports[DOORS_PORTS_MAX]; /* one each address of net.listen; -1: taken by its listener */
    unsigned ports_n;
    int metrics[DOORS_PORTS_MAX]; /* of metrics.listen, likewise */
    unsigned metrics_n;
    int http[DOORS_PORTS_MAX]; /* the same of http.listen */
    unsigned http_n;
    int https[DOORS_PORTS_MAX]; /* of http.tls_listen */
    unsigned https_n;
    int admin;              /* -1: taken by the admin's listener */
    const char *admin_path; /* borrowed from the configuration */
};

/* 0, or -1 + error (which names the address or the file) and nothing is open. *doors: zeroed or
 * uninitialised. */
int doors_open(struct doors *doors, const struct config *config, struct error *error) MUST_CHECK;
/* Close what nobody took. Fine after a doors_open that failed, and on a zeroed one. */
void doors_close(struct doors *doors);

#endif
