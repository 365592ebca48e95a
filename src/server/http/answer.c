/* answer.c -- an answer's bytes: status line, headers, body. */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "http/call_inside.h"
#include "http/connection.h"

static const char *reason_of(int status)
{
    switch (status) {
    case 101:
        return "Switching Protocols";
    case 200:
        return "OK";
    case 404:
        return "Not Found";
    default: /* numbers, not an enum of ours */
        return "Status";
    }
}

static bool has_body(const struct http_call *call)
{
    return call->status >= 200 && call->status != 204 && call->status != 304;
}

void answer_write(struct connection *c, struct http_call *call)
{
    char head[512];
    char date[64];
    time_t now = time(NULL);
    struct tm tm;
    int n;

    gmtime_r(&now, &tm);
    strftime(date, sizeof(date), "%a, %d %b %Y %H:%M:%S GMT", &tm);
    n = snprintf(head, sizeof(head), "HTTP/1.1 %d %s\r\nDate: %s\r\n", call->status,
                 reason_of(call->status), date);
    if (has_body(call))
        n +=
            snprintf(head + n, sizeof(head) - (size_t)n, "Content-Length: %zu\r\n", call->answer_n);
    if (call->type != NULL)
        n += snprintf(head + n, sizeof(head) - (size_t)n, "Content-Type: %s\r\n", call->type);
    if (call->status != 101 && !c->keep)
        n += snprintf(head + n, sizeof(head) - (size_t)n, "Connection: close\r\n");
    connection_write(c, head, (size_t)n);
    connection_write(c, call->headers, call->headers_n);
    connection_write(c, "\r\n", 2);
    if (!has_body(call) || call->head.method == HTTP_HEAD || call->answer_n == 0)
        return;
    if (call->release == NULL) {
        connection_write(c, call->answer, call->answer_n);
        return;
    }
    connection_lend(c, call->answer, call->answer_n, call->release, call->release_context);
    call->release = NULL;
}
