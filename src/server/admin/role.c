/* role.c -- see role.h. */
#define _GNU_SOURCE
#include "admin/role.h"

#include <errno.h>
#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define ROLE_GIDS_MAX 65536 /* NGROUPS_MAX: more the kernel does not have */

/* clang-format off */
static const struct {
    const char *name, *group;
} ROLES[ROLES_N] = {
    [ROLE_NONE]      = {"none",      NULL},
    [ROLE_VIEWER]    = {"viewer",    "openmmo-viewer"},
    [ROLE_MODERATOR] = {"moderator", "openmmo-moderator"},
    [ROLE_ADMIN]     = {"admin",     "openmmo-admin"},
};
/* clang-format on */

const char *role_name(enum role role)
{
    return ROLES[role].name;
}

const char *role_group(enum role role)
{
    return ROLES[role].group;
}

void role_groups_find(struct role_groups *groups)
{
    memset(groups, 0, sizeof(*groups));
    for (int role = ROLE_VIEWER; role <= ROLE_ADMIN; role++) {
        const struct group *entry = getgrnam(ROLES[role].group);

        groups->known[role] = entry != NULL;
        if (entry != NULL)
            groups->gid[role] = entry->gr_gid;
    }
}

enum role role_decide(uid_t uid, uid_t daemon_uid, const gid_t *gids, size_t gids_n,
                      const struct role_groups *groups)
{
    if (uid == 0 || uid == daemon_uid)
        return ROLE_ADMIN;
    for (int role = ROLE_ADMIN; role > ROLE_NONE; role--) {
        for (size_t i = 0; i < gids_n; i++) {
            if (groups->known[role] && gids[i] == groups->gid[role])
                return (enum role)role;
        }
    }
    return ROLE_NONE;
}

/* The peer's groups, malloc'ed, its primary one first. NULL: not to be had. */
static gid_t *peer_gids(int fd, gid_t primary, size_t *gids_n)
{
    socklen_t len_bytes = 64 * sizeof(gid_t);

    for (;;) {
        gid_t *gids = malloc(sizeof(gid_t) + len_bytes);

        if (gids == NULL)
            return NULL;
        gids[0] = primary;
        if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, gids + 1, &len_bytes) == 0) {
            *gids_n = 1 + len_bytes / sizeof(gid_t);
            return gids;
        }
        free(gids);
        if (errno != ERANGE || len_bytes > ROLE_GIDS_MAX * sizeof(gid_t))
            return NULL;
    }
}

int role_of_socket(int fd, const struct role_groups *groups, struct role_peer *peer,
                   struct error *error)
{
    struct ucred cred;
    socklen_t len_bytes = sizeof(cred);
    size_t gids_n = 0;
    gid_t *gids;

    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &len_bytes) != 0)
        return error_set(error, "cannot tell who connects: %s", strerror(errno));
    gids = peer_gids(fd, cred.gid, &gids_n);
    if (gids == NULL)
        return error_set(error, "cannot tell the groups of uid %u: %s", (unsigned)cred.uid,
                         strerror(errno));
    peer->uid = cred.uid;
    peer->pid = cred.pid;
    peer->role = role_decide(cred.uid, geteuid(), gids, gids_n, groups);
    peer->name[0] = '\0';
    free(gids);
    return 0;
}
