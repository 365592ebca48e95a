/* address.h -- how many connections each address has, and how fast it opens them: one table for the
 * whole server.
 *
 * An address is an IPv4 /32 or an IPv6 /64 (an IPv4-mapped one counts as IPv4). Memory is bounded:
 * the table holds `capacity` addresses; an address with open connections stays, of the others the
 * one that was not heard of for the longest time is forgotten (and so gets a fresh bucket when it
 * comes back). Lookups are keyed by a random secret, so that nobody can aim at one chain. Owner:
 * control thread. Time is passed in. */
#ifndef OPENMMO_NET_ADDRESS_H
#define OPENMMO_NET_ADDRESS_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/compiler.h"
#include "common/error.h"
#include "net/bucket.h"

#define ADDRESS_TEXT_MAX (INET6_ADDRSTRLEN + 8) /* "[2001:db8::1]:51234" */

struct address_limits {
    uint32_t before_login;      /* connections that have not logged in, an address */
    struct bucket_rate opening; /* new connections, an address */
};

enum address_verdict { ADDRESS_OK, ADDRESS_TOO_MANY, ADDRESS_TOO_FAST };

struct address_table;
struct log_limit; /* common/log.h */

/* capacity: addresses held, more than connections can be open at once. NULL when out of memory. */
struct address_table *address_table_new(size_t capacity, const struct address_limits *limits);
void address_table_free(struct address_table *table); /* NULL is fine */
/* New limits; what is counted stays. */
void address_table_set_limits(struct address_table *table, const struct address_limits *limits);

/* Replace the list of networks that no limit applies to: "10.0.0.0/8", "::1", "2001:db8::/32".
 * 0; -1 + error, and the old list stays. */
int address_table_exempt(struct address_table *table, const char *const *cidrs, unsigned cidrs_n,
                         struct error *error) MUST_CHECK;

/* A connection was accepted: count it, or refuse it (then nothing is counted). For ADDRESS_OK,
 * address_closed must follow one day, and address_logged_in at most once before. */
enum address_verdict address_opened(struct address_table *table, const struct sockaddr *address,
                                    uint64_t now_ms) MUST_CHECK;
/* That connection has logged in: it does not count against before_login any more. */
void address_logged_in(struct address_table *table, const struct sockaddr *address);
/* That connection is closed; logged_in: address_logged_in was called for it. */
void address_closed(struct address_table *table, const struct sockaddr *address, bool logged_in);

/* True: it lies in a network that no limit applies to. */
bool address_is_exempt(const struct address_table *table, const struct sockaddr *address);

size_t address_table_n(const struct address_table *table);     /* addresses held */
size_t address_table_bytes(const struct address_table *table); /* memory, for tests */

/* Log that one from there was refused, ten a second at most. limit: the event's own, zeroed at
 * first. */
void address_refused(struct log_limit *limit, const char *event, const struct sockaddr *address,
                     const char *why);

/* "192.0.2.7:51234". */
void address_text(const struct sockaddr *address, char text[ADDRESS_TEXT_MAX]);
/* "127.0.0.1:7777", "[::1]:7777" -> *address, *len_bytes. 0; -1 + error. */
int address_parse(const char *text, struct sockaddr_storage *address, socklen_t *len_bytes,
                  struct error *error) MUST_CHECK;

#endif
