/* migrate.c -- brings a database's schema to the binary's: the ledger, checksums and order. */
#include "store/migrate.h"

#include <sodium.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/adopt.h"
#include "store/migrate_run.h"
#include "store/timestamp.h"

#define CHECKSUM_BYTES 32
#define CHECKSUM_TEXT  (CHECKSUM_BYTES * 2 + 1)
#define VERSION_BYTES  12
#define EMAILS_STEP    2 /* the migration that made them unique */
#define EMAILS_NAME    "community"

const struct migrate_step migrate_sqlite_steps[] = {
#include "server/store/sqlite_migrations.inc"
};
const size_t migrate_sqlite_steps_n = ARRAY_N(migrate_sqlite_steps);
const struct migrate_step migrate_postgresql_steps[] = {
#include "server/store/postgresql_migrations.inc"
};
const size_t migrate_postgresql_steps_n = ARRAY_N(migrate_postgresql_steps);

static const char *const ledger[MIGRATE_KINDS_N] = {
    [MIGRATE_SQLITE] = "CREATE TABLE IF NOT EXISTS schema_migrations ("
                       " version INTEGER PRIMARY KEY,"
                       " name TEXT NOT NULL,"
                       " checksum TEXT NOT NULL,"
                       " applied_at TEXT NOT NULL)",
    [MIGRATE_POSTGRESQL] = "CREATE TABLE IF NOT EXISTS schema_migrations ("
                           " version INTEGER PRIMARY KEY,"
                           " name TEXT NOT NULL,"
                           " checksum TEXT NOT NULL,"
                           " applied_at TIMESTAMPTZ NOT NULL)",
};

struct reading {
    const struct migrate_link *link;
    const struct migrate *migrate;
    size_t present; /* how many steps the database has */
};

static void checksum(const struct migrate_step *step, char text[CHECKSUM_TEXT])
{
    uint8_t hash[CHECKSUM_BYTES];

    crypto_generichash(hash, sizeof(hash), (const uint8_t *)step->sql, strlen(step->sql), NULL, 0);
    sodium_bin2hex(text, CHECKSUM_TEXT, hash, sizeof(hash));
}

/* One row of the ledger against the step at the same place. */
static int compare(void *context, const char *const *values, struct error *error)
{
    struct reading *reading = context;
    const struct migrate_step *step = &reading->migrate->steps[reading->present];
    const char *where = reading->link->name;
    int version = values[0] ? (int)strtol(values[0], NULL, 10) : 0;
    char expected[CHECKSUM_TEXT];

    if (reading->present >= reading->migrate->steps_n)
        return error_set(error,
                         "%s is newer than this program (it has migration %03d_%.60s): install the "
                         "newer program",
                         where, version, values[1] ? values[1] : "");
    if (version != step->version)
        return error_set(error, "%s: migration %03d_%s is missing in it, but %03d is there", where,
                         step->version, step->name, version);
    checksum(step, expected);
    if (!values[2] || strcmp(values[2], expected) != 0)
        return error_set(error,
                         "%s: migration %03d_%s was another one when it was applied: this program "
                         "does not fit this database",
                         where, version, step->name);
    reading->present++;
    return 0;
}

static int write_ledger(struct migrate_link *link, const struct migrate_step *step,
                        struct error *error)
{
    char version[VERSION_BYTES], sum[CHECKSUM_TEXT], now[TIMESTAMP_BYTES];
    const char *const values[] = {version, step->name, sum, now};
    struct migrate_query insert = {
        .sql = "INSERT INTO schema_migrations (version, name, checksum, applied_at)"
               " VALUES ($1, $2, $3, $4)",
        .values = values,
        .values_n = ARRAY_N(values)};

    snprintf(version, sizeof(version), "%d", step->version);
    checksum(step, sum);
    timestamp_format(timestamp_now_ms(), now);
    return migrate_ask(link, &insert, error);
}

static int apply_steps(struct migrate_link *link, struct migrate *migrate, size_t present,
                       struct error *error)
{
    for (size_t i = present; i < migrate->steps_n; i++) {
        const struct migrate_step *step = &migrate->steps[i];
        struct error cause;

        if (migrate_exec(link, step->sql, &cause) < 0)
            return error_set(error, "migration %03d_%s failed, nothing was changed: %.300s",
                             step->version, step->name, cause.text);
        if (write_ledger(link, step, error) < 0)
            return -1;
        migrate->applied++;
    }
    return 0;
}

/* What SQL cannot fold is left to us. */
static bool brings_emails(const struct migrate *migrate, size_t present)
{
    return present == EMAILS_STEP - 1 && migrate->applied > 0 &&
           strcmp(migrate->steps[present].name, EMAILS_NAME) == 0;
}

/* Fresh, older, up to date, or another program's? */
int migrate_run(struct migrate_link *link, struct migrate *migrate, struct error *error)
{
    struct reading reading = {.link = link, .migrate = migrate};
    struct migrate_query rows = {
        .sql = "SELECT version, name, checksum FROM schema_migrations ORDER BY version",
        .row = compare,
        .context = &reading};
    struct adopt adopt = {.link = link, .migrate = migrate};

    migrate->applied = 0;
    if (migrate_exec(link, ledger[link->kind], error) < 0 || migrate_ask(link, &rows, error) < 0)
        return -1;
    if (reading.present > 0 && reading.present < migrate->steps_n && !migrate->apply)
        return error_set(error,
                         "%s is of an older version (%zu of %zu migrations): back it up, then run "
                         "openmmod --migrate",
                         link->name, reading.present, migrate->steps_n);
    if (reading.present == 0 && adopt_look(&adopt, error) < 0)
        return -1;
    if (adopt.found && !migrate->adopt)
        return error_set(error,
                         "%s was made by the program that this one replaces: back it up, see what "
                         "openmmod --migrate --dry-run says, then run openmmod --migrate",
                         link->name);
    if (adopt.found)
        return adopt_set_aside(&adopt, error) < 0 || apply_steps(link, migrate, 0, error) < 0 ||
                       adopt_take_over(&adopt, error) < 0
                   ? -1
                   : 0;
    if (apply_steps(link, migrate, reading.present, error) < 0)
        return -1;
    return brings_emails(migrate, reading.present) ? adopt_upgrade(&adopt, error) : 0;
}

void migrate_report(const struct migrate_link *link, const struct migrate *migrate,
                    struct error *report)
{
    if (migrate->applied == 0)
        error_set(report, "%s is up to date: %zu migrations", link->name, migrate->steps_n);
    else if (migrate->dry_run)
        error_set(report, "%s: %zu migrations would be applied, %zu in all; nothing was changed",
                  link->name, migrate->applied, migrate->steps_n);
    else
        error_set(report, "%s: %zu migrations applied, %zu in all", link->name, migrate->applied,
                  migrate->steps_n);
}
