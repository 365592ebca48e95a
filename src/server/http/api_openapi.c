/* api_openapi.c -- the HTTP face describes itself. */
#include <config.h> /* of the build: PACKAGE_VERSION */

#include "http/api.h"
#include "http/call.h"
#include "http/openapi.h"

void api_openapi(struct http_call *call)
{
    call_answer_json(call, 200, openapi_make(routes, routes_n, PACKAGE_VERSION));
}
