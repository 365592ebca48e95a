/* api_health.c -- how the server is, for who watches it. */
#include <stdio.h>
#include <time.h>

#include "http/api.h"
#include "http/call.h"
#include "http/http.h"
#include "store/store.h"

static uint64_t now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static void iso(uint64_t ms, char out[32])
{
    time_t seconds = (time_t)(ms / 1000);
    struct tm tm;
    size_t n;

    gmtime_r(&seconds, &tm);
    n = strftime(out, 32, "%Y-%m-%dT%H:%M:%S", &tm);
    snprintf(out + n, 32 - n, ".%03uZ", (unsigned)(ms % 1000));
}

void api_health(struct http_call *call)
{
    char text[128], at[32];
    int n;

    iso(now_ms(), at);
    n = snprintf(text, sizeof(text), "{\"status\":\"OK\",\"timestamp\":\"%s\"}", at);
    call_answer_bytes(call, 200, "application/json; charset=utf-8", text, (size_t)n);
}

void api_health_uptime(struct http_call *call)
{
    uint64_t started_ms = http_services(call_http(call))->started_ms, now = now_ms();
    char text[128], at[32];
    int n;

    iso(now, at);
    n = snprintf(text, sizeof(text), "{\"status\":\"OK\",\"timestamp\":\"%s\",\"uptime\":%.3f}", at,
                 now > started_ms ? (double)(now - started_ms) / 1000 : 0.0);
    call_answer_bytes(call, 200, "application/json; charset=utf-8", text, (size_t)n);
}

void api_ready(struct http_call *call)
{
    const char *trouble = store_trouble(http_services(call_http(call))->store);

    if (trouble[0] != '\0')
        call_problem(call, 503, "the database is away");
    else
        call_answer_json(call, 200, json_pack("{s:s}", "status", "OK"));
}
