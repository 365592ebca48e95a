/* api_assets.c -- the files of http.assets: what the client has already, which part it wants, for
 * how long it may keep it. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "http/accept.h"
#include "http/api.h"
#include "http/assets.h"
#include "http/call_inside.h"
#include "http/query.h"
#include "http/range.h"
#include "http/settings.h"

#define FOR_GOOD    "public, max-age=31536000, immutable"
#define ASK_AGAIN   "public, no-cache"
#define INDEX       "index.html"
#define HASH_LEAST  8           /* characters of a hash in the URL */
#define SMALL_BYTES (16 * 1024) /* goes in one piece with its head */

const struct route api_assets_route = {.method = HTTP_GET,
                                       .path = "/*",
                                       .thread = ROUTE_ON_IO,
                                       .auth = ROUTE_PUBLIC,
                                       .rate = ROUTE_RATE_CHEAP,
                                       .run = api_assets};

/* Of "/" and of "/folder/" its index; of "/folder" too, which is sent to "/folder/" then. */
const struct asset *api_assets_find(const struct assets *assets, const char *path, size_t len_bytes)
{
    char decoded[ASSETS_PATH_MAX + sizeof(INDEX)];
    const struct asset *asset;
    int n = query_decode(path, len_bytes, false, decoded, ASSETS_PATH_MAX - 1);

    if (n <= 0 || decoded[0] != '/')
        return NULL;
    if (decoded[n - 1] != '/') {
        asset = assets_find(assets, decoded);
        if (asset)
            return asset;
        decoded[n++] = '/';
    }
    memcpy(decoded + n, INDEX, sizeof(INDEX));
    return assets_find(assets, decoded);
}

/* "?v=" and the content's hash, or the first characters of it. */
static bool names_hash(const struct http_call *call, const struct asset *asset)
{
    const struct parse_span *query = &call->head.query;
    const char *text = call->text + query->at;

    return query->len_bytes >= 2 + HASH_LEAST && memcmp(text, "v=", 2) == 0 &&
           query->len_bytes - 2 <= strlen(asset->etag) - 2 &&
           memcmp(text + 2, asset->etag + 1, query->len_bytes - 2) == 0;
}

static bool goes_to_folder(struct http_call *call, const struct asset *asset)
{
    const struct parse_span *path = &call->head.path, *query = &call->head.query;
    size_t asset_n = strlen(asset->path), index_n = strlen(INDEX);
    char to[CALL_HEADERS_BYTES - 128]; /* it goes among the call's headers */
    int n;

    if (asset_n < index_n || strcmp(asset->path + asset_n - index_n, INDEX) != 0 ||
        call->text[path->at + path->len_bytes - 1] == '/' ||
        (path->len_bytes >= index_n &&
         memcmp(call->text + path->at + path->len_bytes - index_n, INDEX, index_n) == 0))
        return false;
    n = snprintf(to, sizeof(to), "%.*s/%s%.*s", (int)path->len_bytes, call->text + path->at,
                 query->len_bytes > 0 ? "?" : "", (int)query->len_bytes, call->text + query->at);
    if (n < 0 || (size_t)n >= sizeof(to))
        return false;
    call_add_header(call, "Location", to);
    call_answer_empty(call, 301);
    return true;
}

/* If-None-Match counts, and only without it If-Modified-Since. */
static bool has_already(const struct http_call *call, const struct asset *asset)
{
    const char *tags = call_header(call, "if-none-match");
    const char *since = call_header(call, "if-modified-since");

    if (tags)
        return etag_listed(tags, asset->etag);
    return since && respond_date_parse(since) >= asset->modified_ns / 1000000000;
}

/* Range is of GET alone (RFC 9110, 14.2), and counts only where If-Range, if any, names what we
 * have. */
static enum range_result part_of(const struct http_call *call, const struct asset *asset,
                                 uint64_t size_bytes, uint64_t *first, uint64_t *last)
{
    const char *only = call_header(call, "if-range");

    if (call->head.method != HTTP_GET)
        return RANGE_ALL;
    if (only && !etag_same(only, asset->etag) && strcmp(only, asset->modified) != 0)
        return RANGE_ALL;
    return range_find(call_header(call, "range"), size_bytes, first, last);
}

/* asset is asked for, sent is that or its packed twin. Only where it is sent, or need not be: what
 * is said of a file is not true of an error, least of all for how long to keep it. */
static void say_what(struct http_call *call, const struct asset *asset, const struct asset *sent)
{
    bool for_good = asset->immutable || names_hash(call, asset);

    call_add_header(call, "Cache-Control", for_good ? FOR_GOOD : ASK_AGAIN);
    call_add_header(call, "ETag", sent->etag);
    call_add_header(call, "Last-Modified", sent->modified);
    call_add_header(call, "Accept-Ranges", "bytes");
    if (sent != asset)
        call_add_header(call, "Content-Encoding", "gzip");
}

/* False: it cannot be read. */
static bool read_small(struct call_file file, char bytes[SMALL_BYTES])
{
    ssize_t got;

    do
        got = pread(file.fd, bytes, file.len_bytes, (off_t)file.at);
    while (got < 0 && errno == EINTR);
    return got >= 0 && (size_t)got == file.len_bytes;
}

/* fd: taken; of sent, as it was looked at. */
static void answer_known(struct http_call *call, int fd, const struct asset *asset,
                         const struct asset *sent)
{
    uint64_t first = 0, last = sent->size_bytes - 1;
    int status = 200;
    char range[80], bytes[SMALL_BYTES];
    struct call_file file;
    bool small;

    if (has_already(call, sent)) {
        close(fd);
        say_what(call, asset, sent);
        call_answer_empty(call, 304);
        return;
    }
    switch (part_of(call, sent, sent->size_bytes, &first, &last)) {
    case RANGE_ALL:
        first = 0;
        last = sent->size_bytes - 1;
        break;
    case RANGE_PART:
        snprintf(range, sizeof(range), "bytes %llu-%llu/%llu", (unsigned long long)first,
                 (unsigned long long)last, (unsigned long long)sent->size_bytes);
        status = 206;
        break;
    case RANGE_NONE:
        close(fd);
        snprintf(range, sizeof(range), "bytes */%llu", (unsigned long long)sent->size_bytes);
        call_add_header(call, "Content-Range", range);
        call_problem(call, 416, "the file is shorter");
        return;
    }
    file = (struct call_file){fd, first, (size_t)(last - first + 1)};
    small = call->head.method == HTTP_GET && file.len_bytes <= SMALL_BYTES;
    if (small && !read_small(file, bytes)) {
        close(fd);
        call_problem(call, 500, "the file cannot be read");
        return;
    }
    say_what(call, asset, sent);
    if (status == 206)
        call_add_header(call, "Content-Range", range);
    if (!small) {
        call_answer_file(call, status, asset->type, file);
        return;
    }
    close(fd);
    call_answer_bytes(call, status, asset->type, bytes, file.len_bytes);
}

void api_assets(struct http_call *call)
{
    const struct assets *assets = call->assets;
    const struct asset *asset = call->asset, *sent = asset;
    bool changed;
    uint64_t size_bytes;
    int fd;

    if (goes_to_folder(call, asset))
        return;
    if (asset->gz && accept_gzip(call_header(call, "accept-encoding")))
        sent = asset->gz;
    fd = assets_open(assets, sent, &size_bytes, &changed);
    if (fd < 0 && sent != asset)
        fd = assets_open(assets, sent = asset, &size_bytes, &changed);
    if (fd < 0) {
        call_problem(call, 404, "Not found");
        return;
    }
    if (asset->gz)
        call_add_header(call, "Vary", "Accept-Encoding");
    if (changed) { /* nobody has looked at it yet: as it is, and not to be kept */
        call_add_header(call, "Cache-Control", "no-store");
        if (sent != asset)
            call_add_header(call, "Content-Encoding", "gzip");
        call_answer_file(call, 200, asset->type, (struct call_file){fd, 0, (size_t)size_bytes});
        return;
    }
    answer_known(call, fd, asset, sent);
}
