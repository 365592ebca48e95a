/* network.h -- lists of networks, as operators write them: "10.0.0.0/8", "::1", "2001:db8::/32".
 * Pure; immutable once made. */
#ifndef OPENMMO_NET_NETWORK_H
#define OPENMMO_NET_NETWORK_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>

#include "common/compiler.h"
#include "common/error.h"

#define NETWORK_BYTES 16 /* an address, IPv4 as mapped into IPv6 */

struct network_list;

/* One of n texts; an empty list holds nobody. NULL + error, which names the text. */
struct network_list *network_list_new(const char *const *cidrs, unsigned n, struct error *error);
void network_list_free(struct network_list *list); /* NULL is fine */
/* NULL holds nobody. */
bool network_list_holds(const struct network_list *list, const struct sockaddr *address);

/* 0; -1 + error: that is no network. */
int network_check(const char *cidr, struct error *error) MUST_CHECK;

/* The address as 16 bytes; all zero for another family. */
void network_bytes(const struct sockaddr *address, uint8_t bytes[NETWORK_BYTES]);
bool network_is_v4(const uint8_t bytes[NETWORK_BYTES]); /* bytes 12..15 are it */

#endif
