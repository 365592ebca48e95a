/* network.h -- networks as operators write them: "10.0.0.0/8", "::1", "2001:db8::/32"; and lists of
 * them. An IPv4 address that is mapped into IPv6 counts as IPv4. Pure; lists are immutable once
 * made. */
#ifndef OPENMMO_NET_NETWORK_H
#define OPENMMO_NET_NETWORK_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>

#include "common/compiler.h"
#include "common/error.h"

#define NETWORK_BYTES    16 /* an address, IPv4 as mapped into IPv6 */
#define NETWORK_BITS     128
#define NETWORK_TEXT_MAX (INET6_ADDRSTRLEN + 4) /* with its NUL */

struct network {
    uint8_t address[NETWORK_BYTES];
    uint8_t bits; /* 0..128; IPv4's n is 96 + n */
};

/* 0; -1 + error: that is no network. Host bits stay as they are written. */
int network_parse(const char *text, struct network *network, struct error *error) MUST_CHECK;
/* The one way in which we write it: "10.0.0.0/8"; a single address without its prefix. */
void network_text(const struct network *network, char text[NETWORK_TEXT_MAX]);
/* Clear the bits behind the prefix. True: there were none. */
bool network_mask(struct network *network);
/* The address lies in it. */
bool network_holds(const struct network *network, const uint8_t bytes[NETWORK_BYTES]);

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
