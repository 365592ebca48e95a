/* range.h -- the part of something that a Range header asks for (RFC 9110, 14.2). Pure. */
#ifndef OPENMMO_HTTP_RANGE_H
#define OPENMMO_HTTP_RANGE_H

#include <stdint.h>

enum range_result {
    RANGE_ALL,  /* no range, none that we know, or several: 200 with all of it */
    RANGE_PART, /* 206 */
    RANGE_NONE  /* 416 */
};

/* header: Range's value; NULL: none. PART: *first..*last, both included, of size_bytes. */
enum range_result range_find(const char *header, uint64_t size_bytes, uint64_t *first,
                             uint64_t *last);

#endif
