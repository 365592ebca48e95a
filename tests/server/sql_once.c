/* sql_once.c -- see sql_once.h. */
#include "sql_once.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <sqlite3.h>

#include "pg_cluster.h"

#define BUSY_MS 5000

int64_t sql_once(const char *connection, const char *path, const char *text)
{
    int64_t value = INT64_MIN;
    sqlite3 *db = NULL;
    sqlite3_stmt *statement = NULL;

    if (connection[0] != '\0')
        return pg_cluster_sql(connection, text);
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    sqlite3_busy_timeout(db, BUSY_MS);
    for (const char *rest = text; *rest != '\0';) {
        if (sqlite3_prepare_v2(db, rest, -1, &statement, &rest) != SQLITE_OK)
            fail_msg("%s: %s", text, sqlite3_errmsg(db));
        if (statement != NULL && sqlite3_step(statement) == SQLITE_ROW)
            value = sqlite3_column_int64(statement, 0);
        if (sqlite3_finalize(statement) != SQLITE_OK)
            fail_msg("%s: %s", text, sqlite3_errmsg(db));
    }
    sqlite3_close(db);
    return value;
}
