/* code.c -- see code.h. */
#include "accounts/code.h"

#include <sodium.h>
#include <stdint.h>
#include <string.h>

#define CODE_CHARS  20
#define GROUP_CHARS 5
#define HASH_BYTES  32

_Static_assert(CODE_TEXT_BYTES == CODE_CHARS + CODE_CHARS / GROUP_CHARS, "dashes, and a NUL");
_Static_assert(CODE_HASH_BYTES == 2 * HASH_BYTES + 1, "in hex");

static const char alphabet[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

static void hash_of(const char plain[CODE_CHARS], char hash[CODE_HASH_BYTES])
{
    uint8_t bytes[HASH_BYTES];

    crypto_generichash(bytes, sizeof(bytes), (const uint8_t *)plain, CODE_CHARS, NULL, 0);
    sodium_bin2hex(hash, CODE_HASH_BYTES, bytes, sizeof(bytes));
}

void code_make(char text[CODE_TEXT_BYTES], char hash[CODE_HASH_BYTES])
{
    char plain[CODE_CHARS];
    size_t at = 0;

    for (unsigned i = 0; i < CODE_CHARS; i++) {
        if (i > 0 && i % GROUP_CHARS == 0)
            text[at++] = '-';
        plain[i] = text[at++] = alphabet[randombytes_uniform(32)];
    }
    text[at] = '\0';
    hash_of(plain, hash);
    sodium_memzero(plain, sizeof(plain));
}

/* As the alphabet has it; 0: it is none of it. */
static char plain_of(char c)
{
    if (c >= 'a' && c <= 'z')
        c = (char)(c - 'a' + 'A');
    if (c == 'O')
        return '0';
    if (c == 'I' || c == 'L')
        return '1';
    return c != '\0' && strchr(alphabet, c) ? c : '\0';
}

int code_hash(const char *text, char hash[CODE_HASH_BYTES])
{
    char plain[CODE_CHARS];
    unsigned n = 0;

    hash[0] = '\0';
    for (; *text; text++) {
        char c = plain_of(*text);

        if (*text == '-' || *text == ' ')
            continue;
        if (c == '\0' || n == CODE_CHARS)
            return -1;
        plain[n++] = c;
    }
    if (n < CODE_CHARS)
        return -1;
    hash_of(plain, hash);
    return 0;
}
