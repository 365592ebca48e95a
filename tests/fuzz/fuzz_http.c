/* fuzz_http.c -- HTTP's parser: the same answer however the bytes are cut, spans within the head,
 * nothing taken that libhttp_parser does not take with the same fields; a body in chunks is the
 * oracle's too. */
#include <string.h>

#include "fuzz.h"
#include "http/chunks.h"
#include "http/parse.h"
#include "http/query.h"
#include "http_same.h"

#define HEAD_MAX 8192
#define BODY_MAX 8192

static const struct parse_limits limits = {HEAD_MAX, 2048, BODY_MAX};
static struct oracle oracle;

static void check_spans(const struct parse_head *head, const char *bytes)
{
    MUST(head->head_bytes <= HEAD_MAX);
    MUST(head->path.at + head->path.len_bytes < head->head_bytes);
    MUST(head->query.at + head->query.len_bytes < head->head_bytes);
    for (unsigned i = 0; i < head->headers_n; i++) {
        struct parse_span value = head->headers[i].value;
        MUST(value.at + value.len_bytes < head->head_bytes);
        MUST(memchr(bytes + value.at, '\n', value.len_bytes) == NULL);
    }
}

static void check_queries(const struct parse_head *head, const char *bytes)
{
    struct query_text query = {bytes + head->query.at, head->query.len_bytes};
    char out[64];

    if (query_find(query, "a", out, sizeof(out)) >= 0)
        MUST(strlen(out) < sizeof(out));
    if (query_decode(bytes + head->path.at, head->path.len_bytes, false, out, sizeof(out)) >= 0)
        MUST(strlen(out) < sizeof(out));
}

/* Whole and byte by byte: the same body, up to the same byte. */
static void check_chunks(const char *bytes, size_t n)
{
    static char whole[1 << 20], single[1 << 20];
    size_t whole_n, used, body_n, used_n, single_n = 0, at = 0;
    struct chunks chunks;
    enum parse_result result, now = PARSE_MORE;

    if (n > sizeof(whole))
        return;
    memcpy(whole, bytes, n);
    chunks_init(&chunks, BODY_MAX);
    result = chunks_take(&chunks, whole, n, &whole_n, &used);
    MUST(used <= n && whole_n <= used && whole_n <= BODY_MAX);
    chunks_init(&chunks, BODY_MAX);
    while (now == PARSE_MORE && at < n) {
        char byte = bytes[at];
        now = chunks_take(&chunks, &byte, 1, &body_n, &used_n);
        if (body_n)
            single[single_n++] = byte;
        at += used_n;
    }
    MUST(now == result && at == used && single_n == whole_n);
    MUST(memcmp(single, whole, whole_n) == 0);
    if (result == PARSE_OK) /* done or not: it minds lengths in trailers, which we skip */
        MUST(oracle_same_body(&oracle, whole, whole_n));
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len_bytes)
{
    static struct parse_head whole, part;
    struct parse_progress progress = {0};
    const char *text = (const char *)bytes;
    enum parse_result result = parse_head(text, len_bytes, &limits, &progress, &whole), now;

    progress = (struct parse_progress){0};
    for (size_t n = 0;; n += 1 + n / 16) {
        size_t have = n < len_bytes ? n : len_bytes;
        now = parse_head(text, have, &limits, &progress, &part);
        if (now != PARSE_MORE || have == len_bytes)
            break;
    }
    /* What is wrong in two ways may be told by the one that comes first. */
    MUST(now == result);
    if (result != PARSE_OK)
        return 0;
    MUST(memcmp(&whole.head_bytes, &part.head_bytes,
                offsetof(struct parse_head, headers) - offsetof(struct parse_head, head_bytes)) ==
         0);
    check_spans(&whole, text);
    check_queries(&whole, text);
    oracle_read(&oracle, text, len_bytes);
    MUST(oracle_differs(&oracle, text, &whole) == NULL);
    if (whole.body == PARSE_CHUNKED)
        check_chunks(text + whole.head_bytes, len_bytes - whole.head_bytes);
    return 0;
}
