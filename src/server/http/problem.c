/* problem.c -- see problem.h. */
#include "http/problem.h"

#include <stdio.h>

#include "http/respond.h"

json_t *problem_json(const struct problem *problem)
{
    const char *title = respond_reason(problem->status);
    const char *detail = problem->detail ? problem->detail : title;
    json_t *object = json_pack("{s:s, s:s, s:i, s:s, s:s}", "type", "about:blank", "title", title,
                               "status", problem->status, "detail", detail, "error", detail);

    if (!object || !problem->field)
        return object;
    if (json_object_set_new(object, "errors",
                            json_pack("[{s:s, s:s}]", "field", problem->field, "reason",
                                      problem->reason ? problem->reason : detail)) == -1) {
        json_decref(object);
        return NULL;
    }
    return object;
}

size_t problem_write(const struct problem *problem, char out[PROBLEM_MAX_BYTES])
{
    json_t *object = problem_json(problem);
    size_t n = object ? json_dumpb(object, out, PROBLEM_MAX_BYTES, JSON_COMPACT) : 0;

    json_decref(object);
    if (n == 0 || n > PROBLEM_MAX_BYTES)
        n = (size_t)snprintf(out, PROBLEM_MAX_BYTES,
                             "{\"type\":\"about:blank\",\"title\":\"%s\",\"status\":%d,"
                             "\"detail\":\"%s\",\"error\":\"%s\"}",
                             respond_reason(problem->status), problem->status,
                             respond_reason(problem->status), respond_reason(problem->status));
    return n;
}
