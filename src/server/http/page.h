/* page.h -- a page of a list: what ?limit and ?cursor ask for, and the Link header that leads on.
 * Cursors are for the client to hand back, not to read. */
#ifndef OPENMMO_HTTP_PAGE_H
#define OPENMMO_HTTP_PAGE_H

#include <stdint.h>

#include "common/compiler.h"
#include "http/call.h"

#define PAGE_MAX          1000
#define PAGE_SESSIONS_MAX 200

struct page {
    uint32_t limit;  /* 1..most */
    uint64_t cursor; /* 0: from the beginning */
};

/* -1: a parameter is malformed, and the call is answered. */
int page_read(struct http_call *call, uint32_t limit, uint32_t most, struct page *page) MUST_CHECK;
/* More follows, from that cursor on. Before the answer. path: the list's. */
void page_next(struct http_call *call, const char *path, const struct page *page, uint64_t cursor);

#endif
