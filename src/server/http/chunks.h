/* chunks.h -- a request's body that comes in chunks (RFC 9112, 7.1), taken apart in place.
 *
 * Strict as parse.h: sizes are hex digits and nothing else, lines end in CR LF, and what is no body
 * (extensions, trailers) is skipped and bounded. Pure; the state belongs to the connection. */
#ifndef OPENMMO_HTTP_CHUNKS_H
#define OPENMMO_HTTP_CHUNKS_H

#include <stddef.h>
#include <stdint.h>

#include "common/compiler.h"
#include "http/parse.h"

#define CHUNKS_EXTENSION_MAX 128  /* bytes of one chunk's line behind its size */
#define CHUNKS_EXTENSIONS    1024 /* of all lines of a body together */
#define CHUNKS_TRAILERS_MAX  2048 /* bytes of all trailers */

struct chunks {
    uint64_t left;       /* of the chunk that is being read */
    uint64_t body_bytes; /* so far */
    uint64_t most_bytes; /* beyond it: 413 */
    uint32_t line_bytes; /* of the line that is being read, or of the trailers */
    uint32_t extensions; /* bytes of extensions so far */
    uint16_t status;     /* BAD: 400, 413, 431 */
    uint8_t state;
};

/* Before the body's first byte. most_bytes: of all of it, without what is around the chunks. */
void chunks_init(struct chunks *chunks, uint64_t most_bytes);

/* Take more of the wire. bytes: len_bytes that came since; what is body among them is moved to
 * their front, and *body_bytes says how much that is, for MORE and OK. *used_bytes: how many were
 * read: all for MORE; for OK up to the end of the trailers, and the next request begins there.
 * After OK or BAD chunks is done with. */
enum parse_result chunks_take(struct chunks *chunks, char *bytes, size_t len_bytes,
                              size_t *body_bytes, size_t *used_bytes) MUST_CHECK;

#endif
