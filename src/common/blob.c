/* blob.c -- see blob.h. */
#include "common/blob.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

struct blob *blob_new(const void *bytes, size_t len_bytes)
{
    struct blob *blob = malloc(sizeof(*blob) + len_bytes + 1);

    if (blob == NULL)
        return NULL;
    atomic_init(&blob->references, 1);
    blob->len_bytes = (uint32_t)len_bytes;
    memcpy(blob->bytes, bytes, len_bytes);
    blob->bytes[len_bytes] = '\0';
    return blob;
}

struct blob *blob_ref(struct blob *blob)
{
    if (blob !=
        NULL) /* relaxed: the caller already holds a reference, so nobody can free it meanwhile */
        atomic_fetch_add_explicit(&blob->references, 1, memory_order_relaxed);
    return blob;
}

void blob_unref(struct blob *blob)
{
    /* release our reads, acquire everybody's before the free */
    if (blob != NULL && atomic_fetch_sub_explicit(&blob->references, 1, memory_order_acq_rel) == 1)
        free(blob);
}
