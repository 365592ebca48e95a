/* role.h -- what an operator may do, by who he is to the kernel: SO_PEERCRED and SO_PEERGROUPS.
 *
 * uid 0 and the daemon's own uid are admin; else the highest of the three groups that the peer is
 * in counts; else none. Pure but for role_of_socket and role_groups_find. Control thread. */
#ifndef OPENMMO_ADMIN_ROLE_H
#define OPENMMO_ADMIN_ROLE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "common/compiler.h"
#include "common/error.h"

enum role { ROLE_NONE, ROLE_VIEWER, ROLE_MODERATOR, ROLE_ADMIN };
#define ROLES_N 4

struct role_peer {
    uid_t uid;
    pid_t pid;
    char name[64]; /* of the uid; its number where it has none (door.h) */
    enum role role;
};

/* The groups that give a role, by enum role; absent ones (known = false) give none. */
struct role_groups {
    bool known[ROLES_N];
    gid_t gid[ROLES_N];
};

const char *role_name(enum role role);  /* "viewer"; constant */
const char *role_group(enum role role); /* "openmmo-viewer"; NULL for ROLE_NONE; constant */

/* Look the three groups up on this machine. */
void role_groups_find(struct role_groups *groups);

/* The decision. gids: the peer's groups, the primary one among them. */
enum role role_decide(uid_t uid, uid_t daemon_uid, const gid_t *gids, size_t gids_n,
                      const struct role_groups *groups);

/* Who is at the other end of a connected Unix socket: all but the name, which only a lookup that
 * may take long can tell. -1 + error: the kernel does not say. */
int role_of_socket(int fd, const struct role_groups *groups, struct role_peer *peer,
                   struct error *error) MUST_CHECK;

#endif
