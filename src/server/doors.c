/* doors.c -- see doors.h. */
#include "server/doors.h"

#include <assert.h>
#include <string.h>
#include <unistd.h>

#include "admin/admin.h"
#include "net/listener.h"

/* One socket each address. -1 + error: those before it are open. */
static int bind_all(const struct option_list *addresses, int sockets[DOORS_PORTS_MAX], unsigned *n,
                    struct error *error)
{
    assert(addresses->items_n <= DOORS_PORTS_MAX);
    for (unsigned i = 0; i < addresses->items_n; i++) {
        sockets[i] = listener_bind(addresses->items[i], error);
        if (sockets[i] < 0)
            return -1;
        (*n)++;
    }
    return 0;
}

static void close_all(int sockets[DOORS_PORTS_MAX], unsigned *n)
{
    for (unsigned i = 0; i < *n; i++)
        if (sockets[i] >= 0)
            close(sockets[i]);
    *n = 0;
}

int doors_open(struct doors *doors, const struct config *config, struct error *error)
{
    memset(doors, 0, sizeof(*doors));
    doors->admin_path = config->admin_socket;
    doors->admin = -1;
    if (bind_all(&config->listen, doors->ports, &doors->ports_n, error) < 0 ||
        bind_all(&config->http_listen, doors->http, &doors->http_n, error) < 0 ||
        bind_all(&config->https_listen, doors->https, &doors->https_n, error) < 0 ||
        bind_all(&config->metrics_listen, doors->metrics, &doors->metrics_n, error) < 0)
        goto fail;
    doors->admin = admin_bind(config->admin_socket, error);
    if (doors->admin >= 0)
        return 0;
fail:
    doors_close(doors);
    return -1;
}

void doors_close(struct doors *doors)
{
    close_all(doors->ports, &doors->ports_n);
    close_all(doors->http, &doors->http_n);
    close_all(doors->https, &doors->https_n);
    close_all(doors->metrics, &doors->metrics_n);
    if (doors->admin_path != NULL && doors->admin >= 0) {
        unlink(doors->admin_path);
        close(doors->admin);
    }
    doors->admin_path = NULL;
}
