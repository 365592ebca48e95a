/* whence.c -- see whence.h. */
#include "accounts/whence.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#define PREFIX_BYTES 8 /* of a /64 */

void whence_text(const struct sockaddr_storage *address, char out[WHENCE_MAX])
{
    const struct sockaddr_in *v4 = (const struct sockaddr_in *)(const void *)address;
    const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)(const void *)address;
    char room[INET6_ADDRSTRLEN];
    struct in6_addr prefix;

    out[0] = '\0';
    if (address->ss_family == AF_INET) {
        inet_ntop(AF_INET, &v4->sin_addr, out, WHENCE_MAX);
    } else if (address->ss_family == AF_INET6 && IN6_IS_ADDR_V4MAPPED(&v6->sin6_addr)) {
        inet_ntop(AF_INET, &v6->sin6_addr.s6_addr[12], out, WHENCE_MAX);
    } else if (address->ss_family == AF_INET6) {
        memset(&prefix, 0, sizeof(prefix));
        memcpy(&prefix, &v6->sin6_addr, PREFIX_BYTES);
        if (inet_ntop(AF_INET6, &prefix, room, sizeof(room)))
            snprintf(out, WHENCE_MAX, "%.*s/64", WHENCE_MAX - 4, room);
    }
}
