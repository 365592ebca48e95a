/* api_openapi.c -- the HTTP face describes itself. */
#include <string.h>

#include "http/api.h"
#include "http/call.h"
#include "http/http.h"

void api_openapi(struct http_call *call)
{
    const char *text = http_description(call_http(call));

    /* Not copied: a thousand who do not read it would keep a copy each. */
    call_answer_borrowed(call, 200, "application/json; charset=utf-8", text, strlen(text), NULL,
                         NULL);
}
