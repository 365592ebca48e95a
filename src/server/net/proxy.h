/* proxy.h -- the PROXY protocol, version 2 (binary): what a proxy in front says of the connection
 * that it hands on, before the first byte of its client. Pure. */
#ifndef OPENMMO_NET_PROXY_H
#define OPENMMO_NET_PROXY_H

#include <netinet/in.h>
#include <stddef.h>
#include <stdint.h>

#define PROXY_LEAST_BYTES 16 /* signature, version and command, family, length */
#define PROXY_BODY_MAX    2048
#define PROXY_HEADER_MAX  (PROXY_LEAST_BYTES + PROXY_BODY_MAX)

enum proxy_result {
    PROXY_OK,
    PROXY_MORE, /* so far it is one */
    PROXY_BAD   /* it is none, or one of another version, of no TCP connection, or too long */
};

struct proxy_header {
    size_t header_bytes; /* of all of it; also for MORE: how many are needed next, at least */
    /* The client's; family AF_UNSPEC: the proxy speaks for itself (LOCAL, or a family unknown to
     * it). */
    struct sockaddr_storage source;
};

/* bytes: what came so far, 0..len_bytes. Reads nothing beyond header_bytes. TLVs are skipped. */
enum proxy_result proxy_parse(const uint8_t *bytes, size_t len_bytes, struct proxy_header *header);

#endif
