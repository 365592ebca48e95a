/* stage_store.c -- see stage_store.h. */
#include "stage_store.h"

#include <string.h>

char connection[PG_CLUSTER_CONNECTION_BYTES];

int stage_set_postgresql(void **state)
{
    const char *more_ini = *state;
    char ini[1000];
    int rc;

    if (pg_cluster_database(&cluster, connection) < 0)
        return -1;
    snprintf(ini, sizeof(ini), "%s[store]\ndriver = postgresql\nconnection = %s\n",
             more_ini != NULL ? more_ini : "", connection);
    *state = ini;
    rc = stage_set(state);
    *state = NULL;
    return rc;
}

int stage_clear_postgresql(void **state)
{
    connection[0] = '\0';
    return stage_clear(state);
}

int64_t sql(const char *text)
{
    return sql_once(connection, server.store_path, text);
}

json_t *result_of(const char *method, const char *params)
{
    const char *line = daemon_ask(&server, method, params);
    json_t *answer = line != NULL ? json_loads(line, 0, NULL) : NULL;
    json_t *result = json_incref(json_object_get(answer, "result"));

    if (result == NULL)
        fail_msg("%s %s: %s", method, params, line != NULL ? line : "no answer");
    assert_null(json_object_get(result, "unaudited"));
    json_decref(answer);
    return result;
}

void good(const char *method, const char *params)
{
    json_decref(result_of(method, params));
}

void bad(const char *method, const char *params, const char *words)
{
    const char *line = daemon_ask(&server, method, params);

    assert_non_null(line);
    if (strstr(line, "\"error\"") == NULL || strstr(line, words) == NULL)
        fail_msg("%s %s: %s", method, params, line);
}
