/* guests.c -- see guests.h. */
#include "play/guests.h"

#include <stdlib.h>
#include <string.h>

#include "common/hash.h"
#include "common/text.h"

struct guest {
    uint64_t session;
    UT_hash_handle hh;
    char key[]; /* key */
};

static struct guest *find(const struct guests *guests, const char *name)
{
    char key[TEXT_NAME_KEY_BYTES];
    struct guest *guest = NULL;
    int n = text_fold(name, strlen(name), key, sizeof(key));

    if (n > 0 && guests->by_key)
        HASH_FIND(hh, guests->by_key, key, (unsigned)n, guest);
    return guest;
}

int guests_add(struct guests *guests, const char *name, uint64_t session)
{
    char key[TEXT_NAME_KEY_BYTES];
    int n = text_fold(name, strlen(name), key, sizeof(key));
    struct guest *guest;

    if (n <= 0 || find(guests, name))
        return -1;
    guest = calloc(1, sizeof(*guest) + (size_t)n + 1);
    if (!guest)
        return -1;
    guest->session = session;
    memcpy(guest->key, key, (size_t)n);
    HASH_ADD_KEYPTR(hh, guests->by_key, guest->key, (unsigned)n, guest);
    if (HASH_ADDED(hh, guest))
        return 0;
    free(guest);
    return -1;
}

void guests_remove(struct guests *guests, const char *name, uint64_t session)
{
    struct guest *guest = find(guests, name);

    if (!guest || guest->session != session)
        return;
    HASH_DEL(guests->by_key, guest);
    free(guest);
}

uint64_t guests_session(const struct guests *guests, const char *name)
{
    const struct guest *guest = find(guests, name);

    return guest ? guest->session : 0;
}

uint32_t guests_n(const struct guests *guests)
{
    return HASH_COUNT(guests->by_key);
}

void guests_fini(struct guests *guests)
{
    struct guest *guest, *next;

    HASH_ITER(hh, guests->by_key, guest, next)
    {
        HASH_DEL(guests->by_key, guest);
        free(guest);
    }
}
