/* security.c -- see security.h. */
#include "http/security.h"

#include <string.h>

#include "common/compiler.h"

/* Each header once: name, value, whether only by TLS. Strict-Transport-Security comes last, so that
 * the lines without it are the beginning of the lines with it. */
#define SECURITY_HEADERS(X)                                                                        \
    X("Content-Security-Policy",                                                                   \
      "default-src 'self';base-uri 'self';font-src 'self' https: data:;form-action 'self';"        \
      "frame-ancestors 'self';img-src 'self' data:;object-src 'none';script-src 'self';"           \
      "script-src-attr 'none';style-src 'self' https: 'unsafe-inline';upgrade-insecure-requests",  \
      false)                                                                                       \
    X("Cross-Origin-Opener-Policy", "same-origin", false)                                          \
    X("Cross-Origin-Resource-Policy", "same-origin", false)                                        \
    X("Origin-Agent-Cluster", "?1", false)                                                         \
    X("Referrer-Policy", "no-referrer", false)                                                     \
    X("X-Content-Type-Options", "nosniff", false)                                                  \
    X("X-DNS-Prefetch-Control", "off", false)                                                      \
    X("X-Download-Options", "noopen", false)                                                       \
    X("X-Frame-Options", "SAMEORIGIN", false)                                                      \
    X("X-Permitted-Cross-Domain-Policies", "none", false)                                          \
    X("X-XSS-Protection", "0", false)                                                              \
    X("Strict-Transport-Security", "max-age=31536000; includeSubDomains", true)

#define ROW(name, value, only_secure)  {name, value, only_secure},
#define LINE(name, value, only_secure) name ": " value "\r\n"
#define LAST(name, value, only_secure) +((only_secure) ? sizeof(name ": " value "\r\n") - 1 : 0)

const struct security_header security_headers[] = {SECURITY_HEADERS(ROW)};
const unsigned security_headers_n = ARRAY_N(security_headers);

const char *security_lines(bool secure, size_t *len_bytes)
{
    static const char lines[] = SECURITY_HEADERS(LINE);

    *len_bytes = sizeof(lines) - 1 - (secure ? 0 : 0 SECURITY_HEADERS(LAST));
    return lines;
}
