/* migrate_sqlite.c -- migrations of a database file. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "store/migrate_run.h"
#include "store/sqlite_file.h"

#define BUSY_MS     5000
#define COLUMNS_MAX 16

/* The file's name for SQLite's troubles: link->name without its first words. */
static const char *path_of(const struct migrate_link *link)
{
    return link->name + strlen("database file ");
}

static int exec(struct migrate_link *link, const char *sql, struct error *error)
{
    return sqlite_file_exec(link->connection, path_of(link), sql, error);
}

static void bind(sqlite3_stmt *statement, const struct migrate_query *query)
{
    for (int i = 0; i < query->values_n; i++) {
        char name[16];
        int at;

        snprintf(name, sizeof(name), "$%d", i + 1);
        at = sqlite3_bind_parameter_index(statement, name);
        if (at > 0)
            sqlite3_bind_text(statement, at, query->values[i], -1, SQLITE_STATIC);
    }
}

static int give_row(sqlite3_stmt *statement, const struct migrate_query *query, struct error *error)
{
    const char *values[COLUMNS_MAX] = {NULL};
    int n = sqlite3_column_count(statement);

    for (int i = 0; i < n && i < COLUMNS_MAX; i++)
        values[i] = (const char *)sqlite3_column_text(statement, i);
    return query->row(query->context, values, error);
}

static int ask(struct migrate_link *link, struct migrate_query *query, struct error *error)
{
    sqlite3 *db = link->connection;
    sqlite3_stmt *statement = NULL;
    int rc = sqlite3_prepare_v2(db, query->sql, -1, &statement, NULL), result = 0;

    if (rc == SQLITE_OK) {
        bind(statement, query);
        rc = sqlite3_step(statement);
    }
    while (rc == SQLITE_ROW && result == 0) {
        if (query->row)
            result = give_row(statement, query, error);
        if (result == 0)
            rc = sqlite3_step(statement);
    }
    query->changed = rc == SQLITE_DONE ? (uint64_t)sqlite3_changes64(db) : 0;
    if (result == 0 && rc != SQLITE_DONE)
        result = sqlite_file_error(error, db, path_of(link), rc);
    sqlite3_finalize(statement);
    return result;
}

int migrate_sqlite(struct migrate *migrate, struct error *error)
{
    struct migrate_link link = {
        .kind = MIGRATE_SQLITE, .connection = migrate->db, .exec = exec, .ask = ask};

    snprintf(link.name, sizeof(link.name), "database file %s", migrate->path);
    if (!migrate->steps) {
        migrate->steps = migrate_sqlite_steps;
        migrate->steps_n = migrate_sqlite_steps_n;
    }
    migrate->applied = 0;
    if (exec(&link, "BEGIN IMMEDIATE", error) < 0)
        return -1;
    if (migrate_run(&link, migrate, error) == 0 && exec(&link, "COMMIT", error) == 0)
        return 0;
    migrate->applied = 0;
    sqlite3_exec(migrate->db, "ROLLBACK", NULL, NULL, NULL); /* the cause is what counts */
    return -1;
}

/* A copy in memory, of which nothing remains. */
static sqlite3 *open_copy(const char *path, struct error *error)
{
    sqlite3 *file = NULL, *copy = NULL;
    sqlite3_backup *backup = NULL;
    int rc = SQLITE_OK;

    if (access(path, F_OK) == 0)
        rc = sqlite3_open_v2(path, &file, SQLITE_OPEN_READONLY | SQLITE_OPEN_EXRESCODE, NULL);
    if (rc != SQLITE_OK || sqlite3_open(":memory:", &copy) != SQLITE_OK)
        goto end;
    if (file) {
        sqlite3_busy_timeout(file, BUSY_MS);
        backup = sqlite3_backup_init(copy, "main", file, "main");
        rc = backup ? sqlite3_backup_step(backup, -1) : sqlite3_errcode(copy);
        rc = backup ? sqlite3_backup_finish(backup) : rc;
    }
    if (rc == SQLITE_OK)
        rc = sqlite3_exec(copy, "PRAGMA foreign_keys = ON", NULL, NULL, NULL);
end:
    if (rc != SQLITE_OK || !copy) {
        sqlite_file_error(error, rc != SQLITE_OK && file ? file : copy, path,
                          rc != SQLITE_OK ? rc : SQLITE_NOMEM);
        sqlite3_close(copy);
        copy = NULL;
    }
    sqlite3_close(file);
    return copy;
}

int migrate_file(const char *path, struct migrate *migrate, struct error *report,
                 struct error *error)
{
    int rc = -1, claim = migrate->dry_run ? -1 : sqlite_file_claim(path, error);
    struct migrate_link link = {.kind = MIGRATE_SQLITE};

    if (claim < 0 && !migrate->dry_run)
        return -1;
    migrate->path = path;
    migrate->db =
        migrate->dry_run ? open_copy(path, error) : sqlite_file_open(path, BUSY_MS, error);
    if (migrate->db)
        rc = migrate_sqlite(migrate, error);
    sqlite3_close(migrate->db);
    migrate->db = NULL;
    if (claim >= 0)
        close(claim);
    if (rc == 0) {
        snprintf(link.name, sizeof(link.name), "database file %s", path);
        migrate_report(&link, migrate, report);
    }
    return rc;
}
