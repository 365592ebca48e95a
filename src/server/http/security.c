/* security.c -- see security.h. */
#include "http/security.h"

#define POLICY                                                                                     \
    "default-src 'self';base-uri 'self';font-src 'self' https: data:;form-action 'self';"          \
    "frame-ancestors 'self';img-src 'self' data:;object-src 'none';script-src 'self';"             \
    "script-src-attr 'none';style-src 'self' https: 'unsafe-inline'"

#define LINE(name, value) name ": " value "\r\n"

/* By whichever way it came. */
#define ALIKE                                                                                      \
    LINE("Cross-Origin-Opener-Policy", "same-origin")                                              \
    LINE("Cross-Origin-Resource-Policy", "same-origin")                                            \
    LINE("Origin-Agent-Cluster", "?1")                                                             \
    LINE("Referrer-Policy", "no-referrer")                                                         \
    LINE("X-Content-Type-Options", "nosniff")                                                      \
    LINE("X-DNS-Prefetch-Control", "off")                                                          \
    LINE("X-Download-Options", "noopen")                                                           \
    LINE("X-Frame-Options", "SAMEORIGIN")                                                          \
    LINE("X-Permitted-Cross-Domain-Policies", "none")                                              \
    LINE("X-XSS-Protection", "0")

static const char plain_lines[] = LINE("Content-Security-Policy", POLICY) ALIKE;
static const char secure_lines[] =
    LINE("Content-Security-Policy", POLICY ";upgrade-insecure-requests")
        ALIKE LINE("Strict-Transport-Security", "max-age=31536000; includeSubDomains");

const char *security_lines(bool secure, size_t *len_bytes)
{
    *len_bytes = secure ? sizeof(secure_lines) - 1 : sizeof(plain_lines) - 1;
    return secure ? secure_lines : plain_lines;
}
