/* forwarded.h -- what a trusted proxy says of the client that it speaks for: X-Forwarded-For and
 * X-Forwarded-Proto. Pure, any thread. */
#ifndef OPENMMO_HTTP_FORWARDED_H
#define OPENMMO_HTTP_FORWARDED_H

#include <netinet/in.h>
#include <stdbool.h>

#include "http/parse.h"
#include "net/network.h"

/* The rightmost address of all X-Forwarded-For headers that is no trusted proxy's replaces
 * *address: each proxy adds who came to it, so what stands further left may be the client's
 * invention. Where one of them is no address, the last good one stays; where all are trusted, the
 * leftmost. text: of the head's spans. True: *address was replaced. */
bool forwarded_for(const struct parse_head *head, const char *text,
                   const struct network_list *trusted, struct sockaddr_storage *address);
/* The client came to the proxy by https: what the nearest one says. */
bool forwarded_https(const struct parse_head *head, const char *text);

/* "192.0.2.7", "192.0.2.7:51234", "2001:db8::1", "[2001:db8::1]:51234". 0; -1: none of these. The
 * port is 0 where there is none. */
int forwarded_parse(const char *text, size_t len_bytes,
                    struct sockaddr_storage *address) MUST_CHECK;

#endif
