/* fields.c -- see fields.h. */
#include "fields.h"

#include <stdio.h>

int64_t fields_integer(const json_t *object, const char *key)
{
    return json_integer_value(json_object_get(object, key));
}

double fields_number(const json_t *object, const char *key)
{
    return json_number_value(json_object_get(object, key));
}

bool fields_true(const json_t *object, const char *key)
{
    return json_is_true(json_object_get(object, key));
}

const char *fields_string(const json_t *object, const char *key)
{
    const char *value = json_string_value(json_object_get(object, key));

    return value != NULL ? value : "";
}

void fields_text(char *out, size_t room_bytes, const json_t *object, const char *key)
{
    snprintf(out, room_bytes, "%s", fields_string(object, key));
}
