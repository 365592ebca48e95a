/* otlp.c -- see otlp.h. 64-bit integers are strings in protobuf's JSON, identities hexadecimal. */
#include "ops/otlp.h"

#include <jansson.h>
#include <sodium.h>

#define KIND_INTERNAL 1
#define STATUS_OK     1
#define STATUS_ERROR  2

static json_t *text_attribute(const char *key, const char *text)
{
    return json_pack("{s:s, s:{s:s}}", "key", key, "value", "stringValue", text);
}

static json_t *attributes_of(const struct span *span)
{
    json_t *list = json_array();

    for (unsigned i = 0; i < span->attributes_n; i++) {
        const struct span_attribute *attribute = &span->attributes[i];

        json_array_append_new(
            list, attribute->text != NULL
                      ? text_attribute(attribute->key, attribute->text)
                      : json_pack("{s:s, s:{s:o}}", "key", attribute->key, "value", "intValue",
                                  json_sprintf("%lld", (long long)attribute->number)));
    }
    return list;
}

static json_t *span_json(const struct span *span)
{
    unsigned char drawn[24];
    char trace[33], id[17];
    unsigned long long end_ns = (unsigned long long)span->ended_ms * 1000000;

    randombytes_buf(drawn, sizeof(drawn));
    drawn[0] |= 1; /* none is all zeros */
    drawn[16] |= 1;
    sodium_bin2hex(trace, sizeof(trace), drawn, 16);
    sodium_bin2hex(id, sizeof(id), drawn + 16, 8);
    return json_pack("{s:s, s:s, s:s, s:i, s:o, s:o, s:o, s:{s:i}}", "traceId", trace, "spanId", id,
                     "name", span->name, "kind", KIND_INTERNAL, "startTimeUnixNano",
                     json_sprintf("%llu", end_ns - (unsigned long long)span->took_us * 1000),
                     "endTimeUnixNano", json_sprintf("%llu", end_ns), "attributes",
                     attributes_of(span), "status", "code",
                     span->failed ? STATUS_ERROR : STATUS_OK);
}

char *otlp_body(const struct span *spans, size_t n, const char *version, const char *server)
{
    json_t *list = json_array(), *body;
    char *text;

    for (size_t i = 0; i < n; i++)
        json_array_append_new(list, span_json(&spans[i]));
    body = json_pack("{s:[{s:{s:[o, o, o]}, s:[{s:{s:s, s:s}, s:o}]}]}", "resourceSpans",
                     "resource", "attributes", text_attribute("service.name", "openmmod"),
                     text_attribute("service.version", version),
                     text_attribute("service.instance.id", server), "scopeSpans", "scope", "name",
                     "openmmod", "version", version, "spans", list);
    text = json_dumps(body, JSON_COMPACT | JSON_ENSURE_ASCII);
    json_decref(body);
    return text;
}
