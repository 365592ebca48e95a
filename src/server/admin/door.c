/* door.c -- see door.h. */
#include "admin/door.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "admin/names.h"

#define GUESTS_MAX 64

struct guest {
    struct door *door;
    struct event *late; /* NULL: the place is free */
    uint64_t tag;       /* of its question: a late answer finds nobody, or somebody else */
    int fd;
    struct role_peer peer;
};

struct door {
    struct event_base *base;
    door_fn *known;
    void *context;
    struct names *names;
    uint64_t last_tag;
    struct guest guests[GUESTS_MAX];
};

/* The guest goes in, under the name that he has. */
static void let_in(struct guest *guest)
{
    struct door *door = guest->door;

    event_free(guest->late);
    guest->late = NULL;
    door->known(door->context, guest->fd, &guest->peer);
}

static void too_late(evutil_socket_t fd, short what, void *context)
{
    (void)fd;
    (void)what;
    let_in(context);
}

static void found(void *context, uint64_t tag, const char *name)
{
    struct door *door = context;

    for (unsigned i = 0; i < GUESTS_MAX; i++) {
        struct guest *guest = &door->guests[i];

        if (guest->late == NULL || guest->tag != tag)
            continue;
        snprintf(guest->peer.name, sizeof(guest->peer.name), "%s", name);
        let_in(guest);
        return;
    }
}

struct door *door_new(struct event_base *base, door_fn *known, void *context, struct error *error)
{
    struct door *door = calloc(1, sizeof(*door));

    if (door == NULL) {
        error_set(error, "out of memory");
        return NULL;
    }
    door->base = base;
    door->known = known;
    door->context = context;
    door->names = names_new(base, found, door, error);
    if (door->names == NULL) {
        free(door);
        return NULL;
    }
    return door;
}

static struct guest *free_place(struct door *door)
{
    for (unsigned i = 0; i < GUESTS_MAX; i++)
        if (door->guests[i].late == NULL)
            return &door->guests[i];
    return NULL;
}

/* 0, or -1: there is no room for waiting. */
static int wait_for_name(struct door *door, int fd, const struct role_peer *peer)
{
    const struct timeval patience = {DOOR_WAIT_MS / 1000, DOOR_WAIT_MS % 1000 * 1000};
    struct guest *guest = free_place(door);
    struct event *late;

    if (guest == NULL)
        return -1;
    late = event_new(door->base, -1, 0, too_late, guest);
    if (late == NULL || event_add(late, &patience) != 0 ||
        names_ask(door->names, door->last_tag + 1, peer->uid) != 0) {
        if (late != NULL)
            event_free(late);
        return -1;
    }
    *guest = (struct guest){door, late, ++door->last_tag, fd, *peer};
    return 0;
}

void door_enter(struct door *door, int fd, const struct role_peer *peer)
{
    struct role_peer numbered = *peer;

    snprintf(numbered.name, sizeof(numbered.name), "%u", (unsigned)peer->uid);
    if (wait_for_name(door, fd, &numbered) != 0)
        door->known(door->context, fd, &numbered);
}

void door_free(struct door *door)
{
    if (door == NULL)
        return;
    for (unsigned i = 0; i < GUESTS_MAX; i++) {
        if (door->guests[i].late == NULL)
            continue;
        event_free(door->guests[i].late);
        close(door->guests[i].fd);
    }
    names_free(door->names);
    free(door);
}
