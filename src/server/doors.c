/* doors.c -- see doors.h. */
#include "server/doors.h"

#include <assert.h>
#include <string.h>
#include <unistd.h>

#include "admin/admin.h"
#include "net/listener.h"

int doors_open(struct doors *doors, const struct config *config, struct error *error)
{
    memset(doors, 0, sizeof(*doors));
    doors->admin_path = config->admin_socket;
    doors->admin = -1;
    assert(config->listen.items_n <= DOORS_PORTS_MAX);
    for (unsigned i = 0; i < config->listen.items_n; i++) {
        doors->ports[i] = listener_bind(config->listen.items[i], error);
        if (doors->ports[i] < 0)
            goto fail;
        doors->ports_n++;
    }
    doors->admin = admin_bind(config->admin_socket, error);
    if (doors->admin >= 0)
        return 0;
fail:
    doors_close(doors);
    return -1;
}

void doors_close(struct doors *doors)
{
    for (unsigned i = 0; i < doors->ports_n; i++)
        if (doors->ports[i] >= 0)
            close(doors->ports[i]);
    doors->ports_n = 0;
    if (doors->admin_path != NULL && doors->admin >= 0) {
        unlink(doors->admin_path);
        close(doors->admin);
    }
    doors->admin_path = NULL;
}
