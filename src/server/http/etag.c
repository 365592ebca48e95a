/* etag.c -- see etag.h. */
#include "http/etag.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

void etag_text(const unsigned char hash[ETAG_HASH_BYTES], bool weak, char etag[ETAG_BYTES])
{
    char text[sodium_base64_ENCODED_LEN(ETAG_HASH_BYTES, sodium_base64_VARIANT_URLSAFE_NO_PADDING)];

    sodium_bin2base64(text, sizeof(text), hash, ETAG_HASH_BYTES,
                      sodium_base64_VARIANT_URLSAFE_NO_PADDING);
    snprintf(etag, ETAG_BYTES, "%s\"%s\"", weak ? "W/" : "", text);
}

void etag_make(const void *bytes, size_t len_bytes, bool weak, char etag[ETAG_BYTES])
{
    unsigned char hash[ETAG_HASH_BYTES];

    crypto_generichash(hash, sizeof(hash), bytes, len_bytes, NULL, 0);
    etag_text(hash, weak, etag);
}

static const char *opaque(const char *etag)
{
    return strncmp(etag, "W/", 2) == 0 ? etag + 2 : etag;
}

bool etag_listed(const char *list, const char *etag)
{
    const char *wanted = opaque(etag);
    size_t n = strlen(wanted);

    if (!list)
        return false;
    list += strspn(list, " \t");
    if (strcmp(list, "*") == 0)
        return true;
    while (*list) {
        const char *end;
        list += strspn(list, " \t,");
        list = opaque(list);
        if (*list != '"')
            return false; /* no entity tag: what follows cannot be told apart */
        end = strchr(list + 1, '"');
        if (!end)
            return false;
        if ((size_t)(end + 1 - list) == n && memcmp(list, wanted, n) == 0)
            return true;
        list = end + 1;
        list += strspn(list, " \t");
        if (*list && *list != ',')
            return false;
    }
    return false;
}

bool etag_same(const char *given, const char *etag)
{
    return etag[0] == '"' && strcmp(given, etag) == 0;
}
