/* main.c -- openmmod: what it was told to do, and its exit status. */
#include <sodium.h>
#include <stdio.h>
#include <unistd.h>

#include "accounts/keys.h"
#include "common/log.h"
#include "server/config.h"
#include "server/server.h"
#include "server/state.h"
#include "sim/journal.h"
#include "store/backup.h"
#include "store/migrate.h"
#include "store/pg_target.h"
#include "store/store.h"

static int failed(const struct error *error)
{
    log_event(LOG_LEVEL_ERROR, "start_failed", error->text, LOG_NONE);
    return 1;
}

static int replay(struct config *config)
{
    struct error error = {""};
    int rc = journal_replay(config->replay, stdout, true, &error);

    config_free(config);
    return rc == 0 ? 0 : failed(&error);
}

static void say(void *context, const char *line)
{
    (void)context;
    printf("openmmod: %s\n", line);
}

static int migrate_server(const struct config *config, struct migrate *migrate,
                          struct error *report, struct error *error)
{
    struct pg_target *target =
        pg_target_new(NULL, config->store_connection, config->store_password_file, error);
    int rc = -1;

    if (target)
        rc = migrate_postgresql(pg_target_words(target)->keywords, pg_target_words(target)->values,
                                migrate, report, error);
    pg_target_free(target);
    return rc;
}

static int migrate(struct config *config)
{
    struct migrate migrate = {.apply = true,
                              .alone = true,
                              .adopt = true,
                              .dry_run = config->dry_run,
                              .legacy_utc = config->legacy_utc,
                              .half_m = config->size_m / 2.0,
                              .say = say};
    struct error error = {""}, report = {""};
    int lock = config->dry_run ? -1 : state_take(config, &error), rc = -1;
    bool fresh = config->store_driver == STORE_SQLITE && access(config->store_path, F_OK) < 0;

    if (lock >= 0 || config->dry_run)
        rc = config->store_driver == STORE_POSTGRESQL
                 ? migrate_server(config, &migrate, &report, &error)
                 : migrate_file(config->store_path, &migrate, &report, &error);
    if (lock >= 0)
        close(lock);
    config_free(config);
    if (rc < 0)
        return failed(&error);
    printf("openmmod: %s%s\n", report.text,
           !fresh            ? ""
           : migrate.dry_run ? "; there is no such file yet"
                             : "; there was no such file, and it was made");
    return 0;
}

/* While no daemon runs: a running one is asked by auth.rotate-key. */
static int rotate_key(struct config *config)
{
    struct error error = {""};
    int lock = state_take(config, &error), rc = -1;
    bool fresh = access(config->auth_key, F_OK) < 0;
    struct keys *keys = lock >= 0 ? keys_open(config->auth_key, &error) : NULL;

    if (keys)
        rc = fresh ? 0 : keys_rotate(keys, &error); /* it was made just now */
    if (rc == 0)
        printf("openmmod: key file %s: %stokens are signed with a new key: %s\n", config->auth_key,
               fresh ? "there was none, and it was made; " : "", jws_key_id(keys_current(keys)));
    keys_free(keys);
    if (lock >= 0)
        close(lock);
    config_free(config);
    return rc == 0 ? 0 : failed(&error);
}

/* --backup, --restore: of a database file. */
static int copy(struct config *config)
{
    struct error error = {""}, report = {""};
    int lock = -1, rc = -1;

    if (config->store_driver == STORE_POSTGRESQL)
        error_set(&error, "the database is PostgreSQL's: pg_dump and pg_restore copy it "
                          "(doc/operations.md, Backup)");
    else if (config->backup)
        rc = backup_make(config->store_path, config->backup, NULL, &report, &error);
    else if ((lock = state_take(config, &error)) >= 0)
        rc = backup_restore(config->store_path, config->restore, &report, &error);
    if (lock >= 0)
        close(lock);
    config_free(config);
    if (rc < 0)
        return failed(&error);
    printf("openmmod: %s\n", report.text);
    return 0;
}

static int serve(struct config *config)
{
    struct error error = {""};
    struct server *server = NULL;
    int status = 1;

    if (log_start(&error) == 0)
        server = server_start(config, &error);
    else
        config_free(config);
    if (server)
        status = server_run(server);
    else
        (void)failed(&error);
    server_free(server);
    log_stop();
    return status;
}

int main(int argc, char *argv[])
{
    struct config *config;
    int status = config_start(argc, argv, &config);

    if (status >= 0)
        return status;
    if (sodium_init() < 0)
        return 1;
    log_set_level((enum log_level)config->log_level);
    if (config->replay)
        return replay(config);
    if (config->migrate)
        return migrate(config);
    if (config->rotate_key)
        return rotate_key(config);
    if (config->backup || config->restore)
        return copy(config);
    return serve(config);
}
