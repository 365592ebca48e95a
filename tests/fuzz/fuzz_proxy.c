/* fuzz_proxy.c -- the PROXY header's parser: the same answer however the bytes are cut, nothing
 * read beyond the header, and no header longer than its room. */
#include <string.h>

#include "fuzz.h"
#include "net/proxy.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len_bytes)
{
    struct proxy_header whole, part;
    enum proxy_result result = proxy_parse(bytes, len_bytes, &whole);
    size_t n = 0;

    MUST(result == PROXY_BAD || whole.header_bytes <= PROXY_HEADER_MAX);
    MUST(result != PROXY_OK || whole.header_bytes <= len_bytes);
    MUST(result != PROXY_MORE || whole.header_bytes > len_bytes);
    /* As the acceptor reads: only so much as it is told. */
    for (;;) {
        enum proxy_result now = proxy_parse(bytes, n, &part);
        if (now != PROXY_MORE) {
            MUST(now == result && n <= whole.header_bytes);
            MUST(now != PROXY_OK || memcmp(&part, &whole, sizeof part) == 0);
            break;
        }
        MUST(part.header_bytes > n);
        n = part.header_bytes;
        if (n > len_bytes) {
            MUST(result != PROXY_OK); /* more is needed, or what is there is wrong already */
            break;
        }
    }
    return 0;
}
