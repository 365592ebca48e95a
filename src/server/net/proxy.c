/* proxy.c -- see proxy.h. */
#include "net/proxy.h"

#include <string.h>

#define VERSION       2
#define COMMAND_LOCAL 0
#define COMMAND_PROXY 1
#define FAMILY_UNSPEC 0x00
#define FAMILY_TCP4   0x11
#define FAMILY_TCP6   0x21
#define TCP4_BYTES    12 /* two addresses, two ports */
#define TCP6_BYTES    36

static const uint8_t signature[12] = {'\r', '\n', '\r', '\n', '\0', '\r',
                                      '\n', 'Q',  'U',  'I',  'T',  '\n'};

static void source_v4(const uint8_t *body, struct sockaddr_storage *source)
{
    struct sockaddr_in *v4 = (struct sockaddr_in *)source;

    v4->sin_family = AF_INET;
    memcpy(&v4->sin_addr, body, 4);
    memcpy(&v4->sin_port, body + 8, 2);
}

static void source_v6(const uint8_t *body, struct sockaddr_storage *source)
{
    struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)source;

    v6->sin6_family = AF_INET6;
    memcpy(&v6->sin6_addr, body, 16);
    memcpy(&v6->sin6_port, body + 32, 2);
}

/* The bytes of addresses that the family needs; -1: no family of ours. */
static int family_bytes(uint8_t family)
{
    switch (family) {
    case FAMILY_UNSPEC:
        return 0;
    case FAMILY_TCP4:
        return TCP4_BYTES;
    case FAMILY_TCP6:
        return TCP6_BYTES;
    default: /* a number from the wire */
        return -1;
    }
}

enum proxy_result proxy_parse(const uint8_t *bytes, size_t len_bytes, struct proxy_header *header)
{
    size_t known = len_bytes < sizeof(signature) ? len_bytes : sizeof(signature);
    size_t body_bytes;
    uint8_t command;
    int needed;

    memset(header, 0, sizeof(*header));
    header->header_bytes = PROXY_LEAST_BYTES;
    if (memcmp(bytes, signature, known) != 0)
        return PROXY_BAD;
    if (len_bytes < PROXY_LEAST_BYTES)
        return PROXY_MORE;
    command = bytes[12] & 0x0f;
    body_bytes = (size_t)bytes[14] << 8 | bytes[15];
    if (bytes[12] >> 4 != VERSION || command > COMMAND_PROXY || body_bytes > PROXY_BODY_MAX)
        return PROXY_BAD;
    /* Of LOCAL the family and what follows mean nothing, but are skipped. */
    needed = command == COMMAND_LOCAL ? 0 : family_bytes(bytes[13]);
    if (needed < 0 || body_bytes < (size_t)needed)
        return PROXY_BAD;
    header->header_bytes = PROXY_LEAST_BYTES + body_bytes;
    if (len_bytes < header->header_bytes)
        return PROXY_MORE;
    if (needed == TCP4_BYTES)
        source_v4(bytes + PROXY_LEAST_BYTES, &header->source);
    else if (needed == TCP6_BYTES)
        source_v6(bytes + PROXY_LEAST_BYTES, &header->source);
    return PROXY_OK;
}
