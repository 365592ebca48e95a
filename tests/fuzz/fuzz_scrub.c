/* fuzz_scrub.c -- sentences that leave the machine, and DSNs: no e-mail address is left, no control
 * character, and the text fits its room; a DSN that is taken makes a URL and a header of one line.
 */
#include <string.h>

#include "fuzz.h"
#include "ops/scrub.h"
#include "ops/sentry.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len_bytes)
{
    char text[600], clean[300], small[7];
    struct sentry_dsn dsn;
    struct error error = {""};

    if (len_bytes >= sizeof(text))
        len_bytes = sizeof(text) - 1;
    memcpy(text, bytes, len_bytes);
    text[len_bytes] = '\0';
    scrub(text, clean, sizeof(clean));
    MUST(strlen(clean) < sizeof(clean));
    MUST(strchr(clean, '@') == NULL);
    for (const char *at = clean; *at != '\0'; at++)
        MUST((unsigned char)*at >= 0x20 && *at != 0x7f);
    scrub(text, small, sizeof(small));
    MUST(strncmp(small, clean, strlen(small)) == 0);
    if (sentry_parse(text, &dsn, &error) != 0) {
        MUST(error.text[0] != '\0');
        return 0;
    }
    MUST(strpbrk(dsn.url, " \r\n\t@") == NULL && strpbrk(dsn.auth, "\r\n@") == NULL);
    MUST(strstr(dsn.url, "/api/") != NULL && strncmp(dsn.url, "http", 4) == 0);
    return 0;
}
