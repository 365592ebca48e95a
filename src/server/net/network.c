/* network.c -- see network.h. */
#include "net/network.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const uint8_t mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

struct network_list {
    unsigned n;
    struct network networks[];
};

void network_bytes(const struct sockaddr *address, uint8_t bytes[NETWORK_BYTES])
{
    memset(bytes, 0, NETWORK_BYTES);
    if (address->sa_family == AF_INET) {
        memcpy(bytes, mapped, sizeof(mapped));
        memcpy(bytes + 12, &((const struct sockaddr_in *)(const void *)address)->sin_addr, 4);
    } else if (address->sa_family == AF_INET6) {
        memcpy(bytes, &((const struct sockaddr_in6 *)(const void *)address)->sin6_addr, 16);
    }
}

bool network_is_v4(const uint8_t bytes[NETWORK_BYTES])
{
    return memcmp(bytes, mapped, sizeof(mapped)) == 0;
}

int network_parse(const char *text, struct network *network, struct error *error)
{
    const char *slash = strchr(text, '/');
    char host[INET6_ADDRSTRLEN + 1];
    size_t host_n = slash != NULL ? (size_t)(slash - text) : strlen(text);
    struct in_addr v4;
    struct in6_addr v6;
    unsigned width, bits;
    char *end = NULL;

    if (host_n >= sizeof(host))
        return error_set(error, "\"%s\" is no network", text);
    memcpy(host, text, host_n);
    host[host_n] = '\0';
    memset(network, 0, sizeof(*network));
    if (inet_pton(AF_INET, host, &v4) == 1) {
        width = 32;
        memcpy(network->address, mapped, sizeof(mapped));
        memcpy(network->address + 12, &v4, 4);
    } else if (inet_pton(AF_INET6, host, &v6) == 1) {
        width = 128;
        memcpy(network->address, &v6, 16);
    } else {
        return error_set(error, "\"%s\" is no network: write it as 10.0.0.0/8 or 2001:db8::/32",
                         text);
    }
    bits = width;
    if (slash != NULL) {
        unsigned long value = strtoul(slash + 1, &end, 10);
        if (slash[1] < '0' || slash[1] > '9' || *end != '\0' || value > width)
            return error_set(error, "\"%s\": the prefix must be 0 to %u", text, width);
        bits = (unsigned)value;
    }
    network->bits = (uint8_t)(bits + (NETWORK_BITS - width));
    return 0;
}

int network_check(const char *cidr, struct error *error)
{
    struct network network;

    return network_parse(cidr, &network, error);
}

struct network_list *network_list_new(const char *const *cidrs, unsigned n, struct error *error)
{
    struct network_list *list = malloc(sizeof(*list) + n * sizeof(list->networks[0]));

    if (list == NULL) {
        error_set(error, "out of memory");
        return NULL;
    }
    list->n = n;
    for (unsigned i = 0; i < n; i++) {
        if (network_parse(cidrs[i], &list->networks[i], error) != 0) {
            free(list);
            return NULL;
        }
    }
    return list;
}

void network_list_free(struct network_list *list)
{
    free(list);
}

bool network_holds(const struct network *network, const uint8_t bytes[NETWORK_BYTES])
{
    unsigned whole = network->bits / 8, rest = network->bits % 8;

    if (memcmp(network->address, bytes, whole) != 0)
        return false;
    return rest == 0 || ((network->address[whole] ^ bytes[whole]) >> (8 - rest)) == 0;
}

bool network_mask(struct network *network)
{
    struct network masked = *network;
    bool none;

    for (unsigned i = 0; i < NETWORK_BYTES; i++) {
        unsigned kept = network->bits <= 8 * i ? 0 : network->bits - 8 * i;

        if (kept < 8)
            masked.address[i] &= (uint8_t)(0xff00 >> kept);
    }
    none = memcmp(masked.address, network->address, NETWORK_BYTES) == 0;
    *network = masked;
    return none;
}

void network_text(const struct network *network, char text[NETWORK_TEXT_MAX])
{
    bool v4 = network_is_v4(network->address) && network->bits >= 96;
    char host[INET6_ADDRSTRLEN];

    if (inet_ntop(v4 ? AF_INET : AF_INET6, network->address + (v4 ? 12 : 0), host, sizeof(host)) ==
        NULL)
        snprintf(host, sizeof(host), "?");
    if (network->bits == NETWORK_BITS)
        snprintf(text, NETWORK_TEXT_MAX, "%s", host);
    else
        snprintf(text, NETWORK_TEXT_MAX, "%s/%u", host, (unsigned)network->bits - (v4 ? 96u : 0u));
}

bool network_list_holds(const struct network_list *list, const struct sockaddr *address)
{
    uint8_t bytes[NETWORK_BYTES];

    if (list == NULL || list->n == 0)
        return false;
    network_bytes(address, bytes);
    for (unsigned i = 0; i < list->n; i++) {
        if (network_holds(&list->networks[i], bytes))
            return true;
    }
    return false;
}
