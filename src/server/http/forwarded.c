/* forwarded.c -- see forwarded.h. */
#include "http/forwarded.h"

#include <arpa/inet.h>
#include <string.h>
#include <strings.h>

#include "net/address.h"

/* Digits, 0..65535. -1: none. */
static int parse_port(const char *text, size_t n)
{
    int port = 0;

    if (n == 0 || n > 5)
        return -1;
    for (size_t i = 0; i < n; i++) {
        if (text[i] < '0' || text[i] > '9')
            return -1;
        port = port * 10 + (text[i] - '0');
    }
    return port <= 65535 ? port : -1;
}

static int parse_v4(const char *text, size_t n, int port, struct sockaddr_storage *address)
{
    struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    char host[INET_ADDRSTRLEN];

    if (n >= sizeof(host))
        return -1;
    memcpy(host, text, n);
    host[n] = '\0';
    if (inet_pton(AF_INET, host, &in.sin_addr) != 1)
        return -1;
    memset(address, 0, sizeof(*address));
    memcpy(address, &in, sizeof(in));
    return 0;
}

static int parse_v6(const char *text, size_t n, int port, struct sockaddr_storage *address)
{
    struct sockaddr_in6 in = {.sin6_family = AF_INET6, .sin6_port = htons((uint16_t)port)};
    char host[INET6_ADDRSTRLEN];

    if (n >= sizeof(host))
        return -1;
    memcpy(host, text, n);
    host[n] = '\0';
    if (inet_pton(AF_INET6, host, &in.sin6_addr) != 1)
        return -1;
    memset(address, 0, sizeof(*address));
    memcpy(address, &in, sizeof(in));
    return 0;
}

int forwarded_parse(const char *text, size_t n, struct sockaddr_storage *address)
{
    const char *colon = memchr(text, ':', n), *bracket;
    int port = 0;

    if (n == 0)
        return -1;
    if (text[0] == '[') {
        bracket = memchr(text, ']', n);
        if (bracket == NULL)
            return -1;
        if (bracket + 1 < text + n) {
            port =
                bracket[1] == ':' ? parse_port(bracket + 2, (size_t)(text + n - bracket - 2)) : -1;
        }
        return port < 0 ? -1 : parse_v6(text + 1, (size_t)(bracket - text - 1), port, address);
    }
    if (colon == NULL)
        return parse_v4(text, n, 0, address);
    if (memchr(colon + 1, ':', (size_t)(text + n - colon - 1)) != NULL)
        return parse_v6(text, n, 0, address);
    port = parse_port(colon + 1, (size_t)(text + n - colon - 1));
    return port < 0 ? -1 : parse_v4(text, (size_t)(colon - text), port, address);
}

static bool is_named(const struct parse_header *header, const char *text, const char *name)
{
    return header->name.len_bytes == strlen(name) &&
           strncasecmp(text + header->name.at, name, header->name.len_bytes) == 0;
}

/* The items of one header from its end: true goes on with the next. */
static bool walk(const char *value, size_t n, const struct network_list *trusted,
                 struct sockaddr_storage *address, bool *replaced)
{
    while (n > 0) {
        struct sockaddr_storage item;
        size_t begin = n, end = n;

        while (begin > 0 && value[begin - 1] != ',')
            begin--;
        n = begin > 0 ? begin - 1 : 0;
        while (end > begin && (value[end - 1] == ' ' || value[end - 1] == '\t'))
            end--;
        while (begin < end && (value[begin] == ' ' || value[begin] == '\t'))
            begin++;
        if (forwarded_parse(value + begin, end - begin, &item) != 0)
            return false;
        *address = item;
        *replaced = true;
        if (!network_list_holds(trusted, (const struct sockaddr *)&item))
            return false;
    }
    return true;
}

bool forwarded_for(const struct parse_head *head, const char *text,
                   const struct network_list *trusted, struct sockaddr_storage *address)
{
    bool replaced = false;

    for (unsigned i = head->headers_n; i > 0; i--) {
        const struct parse_header *header = &head->headers[i - 1];

        if (is_named(header, text, "x-forwarded-for") &&
            !walk(text + header->value.at, header->value.len_bytes, trusted, address, &replaced))
            break;
    }
    return replaced;
}

bool forwarded_https(const struct parse_head *head, const char *text)
{
    for (unsigned i = head->headers_n; i > 0; i--) {
        const struct parse_header *header = &head->headers[i - 1];
        const char *value = text + header->value.at;
        size_t n = header->value.len_bytes, begin = n;

        if (!is_named(header, text, "x-forwarded-proto"))
            continue;
        while (begin > 0 && value[begin - 1] != ',' && value[begin - 1] != ' ')
            begin--;
        return n - begin == 5 && strncasecmp(value + begin, "https", 5) == 0;
    }
    return false;
}
