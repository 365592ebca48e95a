/* api_health.c -- how the server is, for who watches it. */
#include <stdio.h>

#include "common/clock.h"
#include "http/api.h"
#include "http/call.h"
#include "http/http.h"
#include "ops/health.h"
#include "ops/scrape.h"
#include "store/timestamp.h"

void api_health(struct http_call *call)
{
    char text[128], at[TIMESTAMP_BYTES];
    int n;

    timestamp_format(clock_wall_ms(), at);
    n = snprintf(text, sizeof(text), "{\"status\":\"OK\",\"timestamp\":\"%s\"}", at);
    call_answer_bytes(call, 200, "application/json; charset=utf-8", text, (size_t)n);
}

void api_health_uptime(struct http_call *call)
{
    uint64_t started_ms = http_services(call_http(call))->started_ms, now = clock_wall_ms();
    char text[128], at[TIMESTAMP_BYTES];
    int n;

    timestamp_format(now, at);
    n = snprintf(text, sizeof(text), "{\"status\":\"OK\",\"timestamp\":\"%s\",\"uptime\":%.3f}", at,
                 now > started_ms ? (double)(now - started_ms) / 1000 : 0.0);
    call_answer_bytes(call, 200, "application/json; charset=utf-8", text, (size_t)n);
}

static void answer_health(struct http_call *call, unsigned checks_n)
{
    char text[HEALTH_TEXT_MAX];
    size_t n;
    bool well;

    well =
        health_ask(http_services(call_http(call))->health, checks_n, clock_steady_ms(), text, &n);
    call_add_header(call, "Cache-Control", "no-store");
    call_answer_bytes(call, well ? 200 : 503, "application/json; charset=utf-8", text, n);
}

void api_live(struct http_call *call)
{
    answer_health(call, HEALTH_LIVE_N);
}

void api_ready(struct http_call *call)
{
    answer_health(call, HEALTH_READY_N);
}

void api_metrics(struct http_call *call)
{
    const struct scrape *scrape = http_services(call_http(call))->scrape;
    struct exposition *exposition;
    const char *text;
    size_t n;

    if (scrape == NULL) {
        call_problem(call, 404, "Not found");
        return;
    }
    exposition = scrape_write(scrape);
    if (exposition == NULL) {
        call_problem(call, 503, "out of memory");
        return;
    }
    text = exposition_text(exposition, &n);
    call_answer_bytes(call, 200, EXPOSITION_TYPE, text, n);
    exposition_free(exposition);
}
