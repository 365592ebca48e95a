/* fuzz_body.c -- JSON bodies against the schemas of all routes: what is taken fits, what is refused
 * is told in bounded words that hold nothing of the body. */
#include <math.h>
#include <string.h>

#include "fuzz.h"
#include "http/body.h"
#include "http/route.h"

static void check_fits(const json_t *body, const struct route_schema *schema)
{
    for (unsigned i = 0; i < schema->fields_n; i++) {
        const struct route_field *field = &schema->fields[i];
        const json_t *value = json_object_get(body, field->name);
        if (value == NULL) {
            MUST(field->optional);
            continue;
        }
        switch (field->type) {
        case ROUTE_STRING:
            MUST(json_is_string(value));
            MUST((double)json_string_length(value) >= field->least &&
                 (double)json_string_length(value) <= field->most);
            MUST(strlen(json_string_value(value)) == json_string_length(value));
            break;
        case ROUTE_NUMBER:
        case ROUTE_INTEGER:
            MUST(json_is_number(value) && isfinite(json_number_value(value)));
            MUST(json_number_value(value) >= field->least &&
                 json_number_value(value) <= field->most);
            break;
        case ROUTE_BOOL:
            MUST(json_is_boolean(value));
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len_bytes)
{
    for (unsigned i = 0; i < routes_n; i++) {
        struct body_fault fault;
        json_t *body;
        if (routes[i].schema == NULL)
            continue;
        body = body_read(bytes, len_bytes, routes[i].schema, &fault);
        if (body != NULL) {
            MUST(json_is_object(body));
            check_fits(body, routes[i].schema);
        } else {
            MUST(fault.status >= 400 && fault.status < 500 && fault.detail[0] != '\0');
            for (const char *c = fault.detail; *c != '\0'; c++)
                MUST((unsigned char)*c >= 0x20 && (unsigned char)*c < 0x7f);
        }
        json_decref(body);
    }
    return 0;
}
