/* page.c -- see page.h. */
#include "http/page.h"

#include <stdio.h>

#include "http/shape.h"

#define NUMBER_BYTES 24

/* An absent one leaves *value alone. */
static int read_number(struct http_call *call, const char *name, uint64_t most, const char *reason,
                       uint64_t *value)
{
    char text[NUMBER_BYTES], detail[64];
    int rc = call_query(call, name, text, sizeof(text));
    uint64_t number = rc == 0 ? shape_id(text) : 0;

    if (rc == -1)
        return 0;
    if (number == 0 || number > most) {
        snprintf(detail, sizeof(detail), "Invalid %s", name);
        call_problem_field(call, 400, detail, name, reason);
        return -1;
    }
    *value = number;
    return 0;
}

int page_read(struct http_call *call, uint32_t limit, uint32_t most, struct page *page)
{
    uint64_t asked = limit;
    char reason[64];

    *page = (struct page){.cursor = 0};
    snprintf(reason, sizeof(reason), "a number from 1 to %u", most);
    if (read_number(call, "limit", most, reason, &asked) < 0 ||
        read_number(call, "cursor", INT64_MAX, "one that a Link header gave", &page->cursor) < 0)
        return -1;
    page->limit = (uint32_t)asked;
    return 0;
}

void page_next(struct http_call *call, const char *path, const struct page *page, uint64_t cursor)
{
    char link[160];

    snprintf(link, sizeof(link), "<%s?limit=%u&cursor=%llu>; rel=\"next\"", path, page->limit,
             (unsigned long long)cursor);
    call_add_header(call, "Link", link);
}
