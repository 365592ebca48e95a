/* fuzz_fields.c -- values of single headers and parameters, each by its own small parser: within
 * bounds, and the same again for what it makes itself. The first byte chooses. */
#include <string.h>

#include "fuzz.h"
#include "http/accept.h"
#include "http/cors.h"
#include "http/etag.h"
#include "http/mime.h"
#include "http/query.h"
#include "http/range.h"
#include "http/respond.h"
#include "http/websocket.h"

static void check_range(const char *text)
{
    static const uint64_t sizes[] = {0, 1, 100, 1ull << 40};
    uint64_t first, last;

    for (unsigned i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
        if (range_find(text, sizes[i], &first, &last) == RANGE_PART)
            MUST(first <= last && last < sizes[i]);
}

static void check_date(const char *text)
{
    char again[RESPOND_DATE_BYTES];
    int64_t unix_s = respond_date_parse(text);

    if (unix_s == -1)
        return;
    respond_date(unix_s, again);
    MUST(strcmp(text, again) == 0);
}

static void check_query(const char *text)
{
    struct query_text query = {text, strlen(text)};
    char out[32];
    int n = query_find(query, "a", out, sizeof(out));

    MUST(n < (int)sizeof(out) && n >= -2);
    if (n >= 0)
        MUST(strlen(out) == (size_t)n);
    n = query_decode(text, strlen(text), false, out, sizeof(out));
    MUST(n < (int)sizeof(out) && n >= -1);
    if (n >= 0)
        MUST(strlen(out) == (size_t)n);
}

/* A header of any value never ends a line or a head. */
static void check_respond(const char *text)
{
    char bytes[256];
    struct respond respond;
    unsigned lines = 0;
    int n;

    respond_begin(&respond, bytes, sizeof(bytes), 200);
    respond_header(&respond, "A", text);
    n = respond_end(&respond);
    for (int i = 0; i < n; i++)
        lines += bytes[i] == '\n';
    MUST(n == -1 || lines == 2 || lines == 3);
}

static void check_cors(const char *text)
{
    const char *const origins[] = {"https://a.example"};
    const struct cors_policy policy = {origins, 1, true, 600};
    struct cors_answer answer = cors_decide(&policy, text);

    MUST(answer.origin == NULL || strcmp(text, "https://a.example") == 0);
    if (cors_origin_valid(text))
        MUST(strpbrk(text, "\r\n \t/\\") == NULL || strncmp(text, "http", 4) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len_bytes)
{
    char text[1024], accept[WEBSOCKET_ACCEPT_BYTES];
    size_t n = len_bytes > 0 ? len_bytes - 1 : 0;

    if (len_bytes == 0 || n >= sizeof(text))
        return 0;
    memcpy(text, bytes + 1, n);
    text[n] = '\0';
    switch (bytes[0] % 8) {
    case 0:
        (void)accept_gzip(text);
        break;
    case 1:
        if (etag_listed(text, "\"abc\""))
            MUST(strstr(text, "\"abc\"") != NULL || strchr(text, '*') != NULL);
        break;
    case 2:
        check_range(text);
        break;
    case 3:
        check_date(text);
        break;
    case 4:
        check_query(text);
        break;
    case 5:
        check_respond(text);
        break;
    case 6:
        check_cors(text);
        break;
    default:
        if (websocket_accept("13", text, accept) == 0)
            MUST(strlen(text) == 24 && strlen(accept) == 28);
        MUST(strchr(mime_of(text), '/') != NULL);
    }
    return 0;
}
