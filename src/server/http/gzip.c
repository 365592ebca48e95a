/* gzip.c -- see gzip.h. */
#include "http/gzip.h"

#include <limits.h>
#include <stdlib.h>
#include <zlib.h>

#define LEVEL       4         /* JSON: a third of level 6's time for a few per cent more bytes */
#define WINDOW_BITS (15 + 16) /* + 16: with gzip's head and tail */
#define MEMORY      8
#define HEAD_TAIL   32 /* more than gzip's head and tail take */

struct gzip {
    z_stream stream;
};

struct gzip *gzip_new(void)
{
    struct gzip *gzip = calloc(1, sizeof(*gzip));

    if (gzip && deflateInit2(&gzip->stream, LEVEL, Z_DEFLATED, WINDOW_BITS, MEMORY,
                             Z_DEFAULT_STRATEGY) != Z_OK) {
        free(gzip);
        return NULL;
    }
    return gzip;
}

void gzip_free(struct gzip *gzip)
{
    if (!gzip)
        return;
    deflateEnd(&gzip->stream);
    free(gzip);
}

size_t gzip_bound(size_t len_bytes)
{
    return compressBound(len_bytes) + HEAD_TAIL;
}

size_t gzip_pack(struct gzip *gzip, const void *bytes, size_t len_bytes, void *out, size_t room)
{
    z_stream *stream = &gzip->stream;

    if (len_bytes > INT_MAX || room > INT_MAX || deflateReset(stream) != Z_OK)
        return 0;
    stream->next_in = (Bytef *)(uintptr_t)bytes; /* zlib only reads it */
    stream->avail_in = (uInt)len_bytes;
    stream->next_out = out;
    stream->avail_out = (uInt)room;
    if (deflate(stream, Z_FINISH) != Z_STREAM_END || stream->total_out >= len_bytes)
        return 0;
    return stream->total_out;
}
