/* sentry.c -- see sentry.h. */
#include <config.h> /* GNU extensions */

#include "ops/sentry.h"

#include <ctype.h>
#include <jansson.h>
#include <sodium.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "ops/scrub.h"

#define KEY_MAX 128

static bool all_of(const char *text, size_t n, const char *allowed)
{
    for (size_t i = 0; i < n; i++)
        if (!isalnum((unsigned char)text[i]) && strchr(allowed, text[i]) == NULL)
            return false;
    return n > 0;
}

int sentry_parse(const char *text, struct sentry_dsn *dsn, struct error *error)
{
    const char *scheme_end = strstr(text, "://"), *key, *at, *slash;
    size_t scheme_n = scheme_end != NULL ? (size_t)(scheme_end - text) : 0, key_n;
    struct sentry_dsn parsed;

    if (!((scheme_n == 5 && strncmp(text, "https", 5) == 0) ||
          (scheme_n == 4 && strncmp(text, "http", 4) == 0)))
        return error_set(error, "not a DSN: it begins with neither https:// nor http://");
    key = scheme_end + 3;
    at = strchr(key, '@');
    slash = strrchr(key, '/');
    if (at == NULL || slash == NULL || slash < at || strlen(text) > 400)
        return error_set(error, "not a DSN: https://KEY@host/PROJECT is meant");
    key_n = strcspn(key, ":@"); /* an old secret behind ':' is not used any more */
    if (key_n > KEY_MAX || !all_of(key, key_n, "-_"))
        return error_set(error, "not a DSN: its key is no word of letters and digits");
    if (!all_of(slash + 1, strlen(slash + 1), "-_"))
        return error_set(error, "not a DSN: it ends with no project");
    if (!all_of(at + 1, (size_t)(slash - at - 1), ".-_:[]/"))
        return error_set(error, "not a DSN: its host is malformed");
    snprintf(parsed.url, sizeof(parsed.url), "%.*s://%.*s/api/%s/envelope/", (int)scheme_n, text,
             (int)(slash - at - 1), at + 1, slash + 1);
    snprintf(parsed.auth, sizeof(parsed.auth),
             "Sentry sentry_version=7, sentry_client=openmmod/1, sentry_key=%.*s", (int)key_n, key);
    if (dsn != NULL)
        *dsn = parsed;
    return 0;
}

void sentry_fill(struct sentry_event *event, uint64_t time_ms, const char *name,
                 const char *message, const struct log_field *fields, size_t fields_n)
{
    memset(event, 0, sizeof(*event));
    event->time_ms = time_ms;
    snprintf(event->event, sizeof(event->event), "%s", name);
    scrub(message, event->text, sizeof(event->text));
    for (size_t i = 0; i < fields_n && event->numbers_n < SENTRY_NUMBERS_MAX; i++) {
        double value = 0;

        if (fields[i].key == NULL || fields[i].kind == LOG_FIELD_TEXT)
            continue;
        if (fields[i].kind == LOG_FIELD_I64)
            value = (double)fields[i].value.i64;
        else if (fields[i].kind == LOG_FIELD_U64)
            value = (double)fields[i].value.u64;
        else
            value = fields[i].value.f64;
        event->numbers[event->numbers_n].key = fields[i].key;
        event->numbers[event->numbers_n++].value = value;
    }
}

static json_t *event_json(const struct sentry_event *event, const char *id, const char *version,
                          const char *server, const char *environment)
{
    json_t *extra = json_object();

    for (unsigned i = 0; i < event->numbers_n; i++)
        json_object_set_new(extra, event->numbers[i].key, json_real(event->numbers[i].value));
    return json_pack("{s:s, s:f, s:s, s:s, s:s, s:s, s:o, s:s, s:s, s:[s], s:{s:s}, s:o}",
                     "event_id", id, "timestamp", (double)event->time_ms / 1000, "platform",
                     "native", "level", "error", "logger", "openmmod", "server_name", server,
                     "release", json_sprintf("openmmo@%s", version), "environment", environment,
                     "message", event->text, "fingerprint", event->event, "tags", "event",
                     event->event, "extra", extra);
}

char *sentry_envelope(const struct sentry_event *event, const char *version, const char *server,
                      const char *environment)
{
    unsigned char drawn[16];
    char id[33], sent_at[32], *text, *envelope = NULL;
    time_t seconds = time(NULL);
    struct tm tm;
    json_t *json;

    randombytes_buf(drawn, sizeof(drawn));
    sodium_bin2hex(id, sizeof(id), drawn, sizeof(drawn));
    gmtime_r(&seconds, &tm);
    strftime(sent_at, sizeof(sent_at), "%Y-%m-%dT%H:%M:%SZ", &tm);
    json = event_json(event, id, version, server, environment);
    text = json_dumps(json, JSON_COMPACT | JSON_ENSURE_ASCII);
    json_decref(json);
    if (text != NULL &&
        asprintf(&envelope,
                 "{\"event_id\":\"%s\",\"sent_at\":\"%s\"}\n"
                 "{\"type\":\"event\",\"content_type\":\"application/json\",\"length\":%zu}\n%s\n",
                 id, sent_at, strlen(text), text) < 0)
        envelope = NULL;
    free(text);
    return envelope;
}
