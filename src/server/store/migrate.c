/* migrate.c -- brings a database's schema to the binary's. */
#include "store/migrate.h"

#include <sodium.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/compiler.h"
#include "store/sqlite_file.h"
#include "store/timestamp.h"

#define CHECKSUM_BYTES 32
#define CHECKSUM_TEXT  (CHECKSUM_BYTES * 2 + 1)
#define BUSY_MS        5000

const struct migrate_step migrate_sqlite_steps[] = {
#include "server/store/sqlite_migrations.inc"
};
const size_t migrate_sqlite_steps_n = ARRAY_N(migrate_sqlite_steps);
const struct migrate_step migrate_postgresql_steps[] = {
#include "server/store/postgresql_migrations.inc"
};
const size_t migrate_postgresql_steps_n = ARRAY_N(migrate_postgresql_steps);

static const char ledger[] = "CREATE TABLE IF NOT EXISTS schema_migrations ("
                             " version INTEGER PRIMARY KEY,"
                             " name TEXT NOT NULL,"
                             " checksum TEXT NOT NULL,"
                             " applied_at TEXT NOT NULL)";

static void checksum(const struct migrate_step *step, char text[CHECKSUM_TEXT])
{
    uint8_t hash[CHECKSUM_BYTES];

    crypto_generichash(hash, sizeof(hash), (const uint8_t *)step->sql, strlen(step->sql), NULL, 0);
    sodium_bin2hex(text, CHECKSUM_TEXT, hash, sizeof(hash));
}

/* One row of the ledger against the step at the same place. */
static int compare(const struct migrate *migrate, size_t at, sqlite3_stmt *row, struct error *error)
{
    int version = sqlite3_column_int(row, 0);
    const char *name = (const char *)sqlite3_column_text(row, 1);
    const char *sum = (const char *)sqlite3_column_text(row, 2);
    char expected[CHECKSUM_TEXT];

    if (at >= migrate->steps_n)
        return error_set(error,
                         "database file %s is newer than this program (it has migration %03d_%s): "
                         "install the newer program",
                         migrate->path, version, name ? name : "");
    if (version != migrate->steps[at].version)
        return error_set(
            error, "database file %s: migration %03d_%s is missing in it, but %03d is there",
            migrate->path, migrate->steps[at].version, migrate->steps[at].name, version);
    checksum(&migrate->steps[at], expected);
    if (!sum || strcmp(sum, expected) != 0)
        return error_set(error,
                         "database file %s: migration %03d_%s was another one when it was applied: "
                         "this program does not fit this database",
                         migrate->path, version, migrate->steps[at].name);
    return 0;
}

/* *present: how many steps the database has. */
static int read_ledger(const struct migrate *migrate, size_t *present, struct error *error)
{
    sqlite3_stmt *row = NULL;
    int rc = sqlite3_prepare_v2(
        migrate->db, "SELECT version, name, checksum FROM schema_migrations ORDER BY version", -1,
        &row, NULL);
    int result = 0;

    *present = 0;
    while (rc == SQLITE_OK || rc == SQLITE_ROW) {
        rc = sqlite3_step(row);
        if (rc != SQLITE_ROW)
            break;
        result = compare(migrate, *present, row, error);
        if (result < 0)
            break;
        ++*present;
    }
    if (result == 0 && rc != SQLITE_DONE)
        result = sqlite_file_error(error, migrate->db, migrate->path, rc);
    sqlite3_finalize(row);
    return result;
}

static int write_ledger(const struct migrate *migrate, const struct migrate_step *step,
                        struct error *error)
{
    sqlite3_stmt *insert = NULL;
    char sum[CHECKSUM_TEXT], now[TIMESTAMP_BYTES];
    int rc = sqlite3_prepare_v2(migrate->db, "INSERT INTO schema_migrations VALUES (?, ?, ?, ?)",
                                -1, &insert, NULL);

    checksum(step, sum);
    timestamp_format(timestamp_now_ms(), now);
    if (rc == SQLITE_OK) {
        sqlite3_bind_int(insert, 1, step->version);
        sqlite3_bind_text(insert, 2, step->name, -1, SQLITE_STATIC);
        sqlite3_bind_text(insert, 3, sum, -1, SQLITE_STATIC);
        sqlite3_bind_text(insert, 4, now, -1, SQLITE_STATIC);
        rc = sqlite3_step(insert);
    }
    if (rc != SQLITE_DONE)
        sqlite_file_error(error, migrate->db, migrate->path, rc);
    sqlite3_finalize(insert);
    return rc == SQLITE_DONE ? 0 : -1;
}

static int apply_steps(struct migrate *migrate, size_t present, struct error *error)
{
    for (size_t i = present; i < migrate->steps_n; i++) {
        const struct migrate_step *step = &migrate->steps[i];
        struct error cause;

        if (sqlite_file_exec(migrate->db, migrate->path, step->sql, &cause) < 0)
            return error_set(error, "migration %03d_%s failed, nothing was changed: %.300s",
                             step->version, step->name, cause.text);
        if (write_ledger(migrate, step, error) < 0)
            return -1;
        migrate->applied++;
    }
    return 0;
}

static int migrate_inside(struct migrate *migrate, struct error *error)
{
    size_t present;

    if (sqlite_file_exec(migrate->db, migrate->path, ledger, error) < 0 ||
        read_ledger(migrate, &present, error) < 0)
        return -1;
    if (present > 0 && present < migrate->steps_n && !migrate->apply)
        return error_set(error,
                         "database file %s is of an older version (%zu of %zu migrations): back it "
                         "up, then run openmmod --migrate",
                         migrate->path, present, migrate->steps_n);
    return apply_steps(migrate, present, error);
}

int migrate_sqlite(struct migrate *migrate, struct error *error)
{
    migrate->applied = 0;
    if (sqlite_file_exec(migrate->db, migrate->path, "BEGIN IMMEDIATE", error) < 0)
        return -1;
    if (migrate_inside(migrate, error) == 0 &&
        sqlite_file_exec(migrate->db, migrate->path, "COMMIT", error) == 0)
        return 0;
    migrate->applied = 0;
    sqlite3_exec(migrate->db, "ROLLBACK", NULL, NULL, NULL); /* the cause is what counts */
    return -1;
}

int migrate_file(const char *path, struct error *report, struct error *error)
{
    struct migrate migrate = {.path = path,
                              .steps = migrate_sqlite_steps,
                              .steps_n = migrate_sqlite_steps_n,
                              .apply = true};
    int rc = -1, claim = sqlite_file_claim(path, error);

    if (claim < 0)
        return -1;
    migrate.db = sqlite_file_open(path, BUSY_MS, error);
    if (migrate.db)
        rc = migrate_sqlite(&migrate, error);
    sqlite3_close(migrate.db);
    close(claim);
    if (rc == 0 && migrate.applied == 0)
        error_set(report, "database file %s is up to date: %zu migrations", path,
                  migrate_sqlite_steps_n);
    else if (rc == 0)
        error_set(report, "database file %s: %zu migrations applied, %zu in all", path,
                  migrate.applied, migrate_sqlite_steps_n);
    return rc;
}
