/* name.c -- see name.h. */
#include "accounts/name.h"

#include <string.h>

#include "common/lookalike.h"

int name_check(const char *name, char key[TEXT_NAME_KEY_BYTES], struct error *error)
{
    size_t n = strlen(name);

    return text_name_check(name, n, error) < 0 || lookalike_check(name, n, error) < 0 ||
                   text_name_key(name, n, key, error) < 0
               ? -1
               : 0;
}
