/* email.c -- see email.h. */
#include "accounts/email.h"

#include <string.h>

#include "common/text.h"
#include "store/store.h"

#define EMAIL_LOCAL_MAX    64
#define CONTROL_CHARACTERS 0x20

int email_check(const char *email, struct error *error)
{
    const char *at = strrchr(email, '@');
    size_t length = strlen(email);

    if (length == 0)
        return 0;
    if (length > STORE_EMAIL_MAX)
        return error_set(error, "that e-mail address is too long");
    if (!text_utf8_valid(email, length))
        return error_set(error, "that e-mail address is not valid UTF-8");
    for (const char *c = email; *c; c++)
        if ((unsigned char)*c <= CONTROL_CHARACTERS || *c == 0x7f)
            return error_set(error, "an e-mail address holds no spaces or control characters");
    if (!at || at == email || !at[1] || at - email > EMAIL_LOCAL_MAX || at[1] == '.' ||
        email[length - 1] == '.' || strstr(at, "..") || memchr(email, '@', (size_t)(at - email)))
        return error_set(error, "that is no e-mail address: name@domain");
    return 0;
}

int email_key(const char *email, char out[STORE_EMAIL_KEY_BYTES], struct error *error)
{
    if (text_fold(email, strlen(email), out, STORE_EMAIL_KEY_BYTES) < 0)
        return error_set(error, "that e-mail address cannot be normalised");
    return 0;
}
