/* backup.c -- SQLite's online backup into a file of another name, checks, and the change of names.
 *
 *   backup    database -> FILE.copying-XXXXXX -> checked -> on the disk -> FILE
 *   restore   FILE -> PATH.copying-XXXXXX -> checked -> on the disk;  PATH also gets the name
 *             PATH.before-restore;  then PATH.copying-XXXXXX -> PATH, in one step
 *
 * Who makes a temporary file has it locked (flock, which does not meet SQLite's locks): one that
 * nobody has locked is what a kill left. */
#include <config.h> /* mkostemp */

#include "store/backup.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/log.h"
#include "store/migrate.h"
#include "store/sqlite_file.h"

#define BUSY_MS    10000
#define STEP_PAGES 256   /* 1 MiB: then it is asked whether the copy is still wanted */
#define STEP_OPS   10000 /* of SQLite's machine, the same for its checks */
#define NAMES_MAX  1000  /* of .before-restore */
#define PATH_BYTES PATH_MAX
#define TEMPORARY  ".copying-"
#define RANDOM_N   6 /* letters and digits behind it */

struct copy {
    char path[PATH_BYTES];  /* of the temporary file */
    int fd;                 /* has it locked; -1: there is none */
    const atomic_bool *end; /* true: nobody wants it any more; NULL: it is wanted */
};

/* Also SQLite's: true breaks off what it does. */
static int unwanted(void *context)
{
    const struct copy *copy = context;

    return copy->end != NULL && atomic_load_explicit(copy->end, memory_order_relaxed);
}

static int64_t number(sqlite3 *db, const char *sql)
{
    sqlite3_stmt *statement = NULL;
    int64_t value = -1;

    if (sqlite3_prepare_v2(db, sql, -1, &statement, NULL) == SQLITE_OK &&
        sqlite3_step(statement) == SQLITE_ROW)
        value = sqlite3_column_int64(statement, 0);
    sqlite3_finalize(statement);
    return value;
}

/* A file beside `beside`, so that a rename is enough. */
static int copy_make(struct copy *copy, const char *beside, struct error *error)
{
    int n = snprintf(copy->path, sizeof(copy->path), "%s" TEMPORARY "XXXXXX", beside);

    if (n < 0 || n >= (int)sizeof(copy->path)) {
        copy->path[0] = '\0';
        return error_set(error, "the path %.200s is too long", beside);
    }
    copy->fd = mkostemp(copy->path, O_CLOEXEC); /* 0600 */
    if (copy->fd < 0) {
        int why = errno;

        copy->path[0] = '\0';
        return error_set(error, "cannot make a file beside %.200s: %s", beside, strerror(why));
    }
    (void)flock(copy->fd, LOCK_EX | LOCK_NB); /* a file system without locks: nothing is swept */
    return 0;
}

static void remove_files(const char *copy_path)
{
    static const char *const tails[] = {"-journal", "-wal", "-shm", ""};
    char path[PATH_BYTES + 16];

    for (size_t i = 0; i < ARRAY_N(tails); i++) {
        snprintf(path, sizeof(path), "%s%s", copy_path, tails[i]);
        unlink(path);
    }
}

/* What is there under its temporary name goes; nothing where it got its own. */
static void copy_drop(const struct copy *copy)
{
    if (copy->path[0])
        remove_files(copy->path);
}

/* SQLite has it closed by now: this drops no lock of its. */
static void copy_close(const struct copy *copy)
{
    if (copy->fd >= 0)
        close(copy->fd);
}

/* -- what a kill left -------------------------------------------------------------------------- */

static bool is_temporary(const char *name)
{
    static const char LETTERS[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    size_t n = strlen(name), mark_n = strlen(TEMPORARY);
    const char *random = name + n - RANDOM_N;

    return n > mark_n + RANDOM_N && memcmp(random - mark_n, TEMPORARY, mark_n) == 0 &&
           strspn(random, LETTERS) == RANDOM_N;
}

static void remove_left(const char *path)
{
    int fd = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    struct stat status;

    if (fd < 0)
        return;
    if (fstat(fd, &status) == 0 && S_ISREG(status.st_mode) && flock(fd, LOCK_EX | LOCK_NB) == 0) {
        remove_files(path);
        log_event(LOG_LEVEL_INFO, "backup_left", "what a killed backup left is removed",
                  LOG_TEXT("file", path), LOG_U64("bytes", (uint64_t)status.st_size));
    }
    close(fd);
}

void backup_sweep(const char *folder)
{
    DIR *directory = opendir(folder);
    char path[PATH_BYTES];
    struct dirent *entry;

    while (directory != NULL && (entry = readdir(directory)) != NULL) {
        int n = snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name);

        if (n > 0 && n < (int)sizeof(path) && is_temporary(entry->d_name))
            remove_left(path);
    }
    if (directory != NULL)
        closedir(directory);
}

/* -- a copy ------------------------------------------------------------------------------------ */

static int on_disk(const char *path, int flags, struct error *error)
{
    int fd = open(path, flags | O_CLOEXEC), rc = -1;

    if (fd >= 0)
        rc = fsync(fd);
    if (rc < 0)
        error_set(error, "cannot write %.200s to the disk: %s", path, strerror(errno));
    if (fd >= 0)
        close(fd);
    return rc;
}

/* The directory that a path lies in, so that a name in it lasts. */
static int directory_on_disk(const char *path, struct error *error)
{
    char directory[PATH_BYTES];
    const char *slash = strrchr(path, '/');
    size_t length = slash ? (size_t)(slash - path) : 0;

    snprintf(directory, sizeof(directory), "%.*s", (int)length, path);
    return on_disk(length ? directory : (slash ? "/" : "."), O_RDONLY | O_DIRECTORY, error);
}

/* Who may write it leaves no -wal and -shm behind; who may not can read it all the same. */
static sqlite3 *open_source(const char *path, struct error *error)
{
    int how = access(path, W_OK) == 0 ? SQLITE_OPEN_READWRITE : SQLITE_OPEN_READONLY;
    sqlite3 *db = NULL;
    int rc;

    if (access(path, F_OK) < 0) {
        error_set(error, "there is no database file %.200s", path);
        return NULL;
    }
    rc = sqlite3_open_v2(path, &db, how | SQLITE_OPEN_EXRESCODE, NULL);
    if (rc == SQLITE_OK) {
        sqlite3_busy_timeout(db, BUSY_MS);
        rc = sqlite3_exec(db, "SELECT count(*) FROM sqlite_master", NULL, NULL, NULL);
    }
    if (rc == SQLITE_OK && number(db, "SELECT max(version) FROM schema_migrations") >= 1)
        return db;
    if (rc == SQLITE_OK)
        error_set(error, "file %.200s is no database of openmmod's", path);
    else
        sqlite_file_error(error, db, path, rc);
    sqlite3_close(db);
    return NULL;
}

static int check(sqlite3 *db, const char *path, struct error *error)
{
    sqlite3_stmt *statement = NULL;
    int rc = sqlite3_prepare_v2(db, "PRAGMA integrity_check(1)", -1, &statement, NULL);
    bool sound = false;

    if (rc == SQLITE_OK && sqlite3_step(statement) == SQLITE_ROW) {
        const unsigned char *answer = sqlite3_column_text(statement, 0);

        sound = answer && strcmp((const char *)answer, "ok") == 0;
    }
    sqlite3_finalize(statement);
    return sound ? 0 : sqlite_file_error(error, db, path, SQLITE_CORRUPT);
}

/* One reading of the database as it is now, held over all steps: writers do not wait for it, and it
 * does not begin again when they write. */
static int copy_pages(const struct copy *copy, sqlite3 *source, sqlite3 *db)
{
    sqlite3_backup *backup;
    int rc = sqlite3_exec(source, "BEGIN; SELECT count(*) FROM sqlite_master", NULL, NULL, NULL);

    if (rc != SQLITE_OK)
        return rc;
    backup = sqlite3_backup_init(db, "main", source, "main");
    if (!backup)
        return sqlite3_errcode(db);
    while (rc == SQLITE_OK)
        rc = unwanted((void *)copy) ? SQLITE_INTERRUPT : sqlite3_backup_step(backup, STEP_PAGES);
    if (rc == SQLITE_DONE)
        return sqlite3_backup_finish(backup);
    sqlite3_backup_finish(backup);
    return rc;
}

/* Into a checked file that stands for itself. *players: how many are in it. epoch: at least. */
static int copy_fill(const struct copy *copy, const char *from, int64_t epoch, int64_t *players,
                     struct error *error)
{
    sqlite3 *source = open_source(from, error), *db = NULL;
    char sql[120];
    int rc;

    if (!source)
        return -1;
    rc = sqlite3_open_v2(copy->path, &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_EXRESCODE, NULL);
    if (rc == SQLITE_OK) {
        sqlite3_progress_handler(db, STEP_OPS, unwanted, (void *)copy);
        rc = copy_pages(copy, source, db);
    }
    /* Not in WAL mode: its file alone is all of it. */
    if (rc == SQLITE_OK)
        rc = sqlite3_exec(db, "PRAGMA journal_mode = DELETE", NULL, NULL, NULL);
    snprintf(sql, sizeof(sql), "UPDATE server_state SET epoch = %" PRId64 " WHERE epoch < %" PRId64,
             epoch, epoch);
    if (rc == SQLITE_OK && epoch > 0)
        rc = sqlite3_exec(db, sql, NULL, NULL, NULL);
    if (rc != SQLITE_OK) {
        errno = 0;
        sqlite_file_error(error, db, (rc & 0xff) == SQLITE_CORRUPT ? from : copy->path, rc);
    }
    sqlite3_close(source);
    if (rc == SQLITE_OK && check(db, from, error) < 0)
        rc = SQLITE_CORRUPT;
    *players = rc == SQLITE_OK ? number(db, "SELECT count(*) FROM players") : 0;
    sqlite3_close(db);
    if (unwanted((void *)copy))
        return error_set(error, "the copy of %.200s was broken off", from);
    return rc == SQLITE_OK ? on_disk(copy->path, O_RDONLY, error) : -1;
}

static bool same_file(const char *a, const char *b)
{
    struct stat one, other;

    return stat(a, &one) == 0 && stat(b, &other) == 0 && one.st_dev == other.st_dev &&
           one.st_ino == other.st_ino;
}

int backup_make(const char *path, const char *to, const atomic_bool *end, struct error *report,
                struct error *error)
{
    struct copy copy = {.path = "", .fd = -1, .end = end};
    struct stat status = {.st_size = 0};
    uint64_t begun_us = clock_steady_us();
    int64_t players;
    int rc = -1;

    if (same_file(path, to))
        return error_set(error, "%.200s is the database itself: name another file", to);
    if (copy_make(&copy, to, error) == 0 && copy_fill(&copy, path, 0, &players, error) == 0) {
        (void)stat(copy.path, &status);
        rc = rename(copy.path, to);
        if (rc < 0)
            error_set(error, "cannot name the copy %.200s: %s", to, strerror(errno));
        else
            rc = directory_on_disk(to, error);
    }
    if (rc < 0)
        copy_drop(&copy);
    copy_close(&copy);
    if (rc < 0)
        return -1;
    error_set(report,
              "database file %.180s: copied to %.180s and checked: %" PRId64
              " accounts, %lld bytes, %.1f s",
              path, to, players, (long long)status.st_size,
              (double)(clock_steady_us() - begun_us) / 1e6);
    return 0;
}

/* -- back again ----------------------------------------------------------------------------------
 */

/* Of the database that goes; 0 where it cannot be read any more. */
static int64_t epoch_of(const char *path)
{
    sqlite3 *db = NULL;
    int64_t epoch = -1;

    if (sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE, NULL) == SQLITE_OK)
        epoch = number(db, "SELECT epoch FROM server_state WHERE id = 1");
    sqlite3_close(db);
    return epoch > 0 ? epoch : 0;
}

/* The log of the database that goes must not be there for the one that comes: it would be applied
 * to it. It is merged; where the old one cannot be read any more, it is kept beside it. */
static int settle_log(const char *path, const char *kept, struct error *error)
{
    static const char *const tails[] = {"-wal", "-shm", "-journal"};
    char from[PATH_BYTES + 8], to[PATH_BYTES + 8];
    sqlite3 *db = NULL;

    if (sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE, NULL) == SQLITE_OK) {
        sqlite3_busy_timeout(db, BUSY_MS);
        (void)number(db, "PRAGMA journal_mode = DELETE"); /* merges the log and removes it */
    }
    sqlite3_close(db);
    for (size_t i = 0; i < ARRAY_N(tails); i++) {
        snprintf(from, sizeof(from), "%s%s", path, tails[i]);
        snprintf(to, sizeof(to), "%s%s", kept, tails[i]);
        if (rename(from, to) < 0 && errno != ENOENT)
            return error_set(error, "cannot put %.200s aside: %s", from, strerror(errno));
    }
    return 0;
}

/* A name that nothing has yet, for what is there now. */
static int find_name(const char *path, char kept[PATH_BYTES], struct error *error)
{
    for (unsigned n = 1; n < NAMES_MAX; n++) {
        int length = n == 1 ? snprintf(kept, PATH_BYTES, "%s.before-restore", path)
                            : snprintf(kept, PATH_BYTES, "%s.before-restore~%u", path, n);

        if (length < 0 || length >= PATH_BYTES)
            return error_set(error, "the path %.200s is too long", path);
        if (access(kept, F_OK) < 0 && errno == ENOENT)
            return 0;
    }
    return error_set(error, "there are %d files %.200s.before-restore: remove some", NAMES_MAX,
                     path);
}

/* It will be the daemon's, as the old one is. */
static int give(const char *copy, const char *path, struct error *error)
{
    struct stat old;

    if (geteuid() != 0 || stat(path, &old) < 0 || chown(copy, old.st_uid, old.st_gid) == 0)
        return 0;
    return error_set(error, "cannot give %.200s to the database's owner: %s", copy,
                     strerror(errno));
}

/* Will openmmod take it? Tried on a copy in memory. */
static int fits(const char *copy, const char *from, struct error *error)
{
    struct migrate how = {.apply = true, .dry_run = true};
    struct error report, cause;

    if (migrate_file(copy, &how, &report, &cause) == 0)
        return 0;
    return error_set(error, "%.180s cannot be put back: %.300s", from, cause.text);
}

/* path is claimed, so that no daemon has it. */
static int replace(const char *path, const char *from, struct copy *copy, char kept[PATH_BYTES],
                   int64_t *players, struct error *error)
{
    /* The epoch does not step back: what it orders may lie outside the database. */
    if (find_name(path, kept, error) < 0 || copy_make(copy, path, error) < 0 ||
        copy_fill(copy, from, epoch_of(path), players, error) < 0 ||
        fits(copy->path, from, error) < 0 || give(copy->path, path, error) < 0 ||
        settle_log(path, kept, error) < 0)
        return -1;
    if (link(path, kept) < 0)
        return error_set(error, "cannot keep the old database as %.200s: %s", kept,
                         strerror(errno));
    if (rename(copy->path, path) < 0) {
        error_set(error, "cannot put the copy in the place of %.200s: %s", path, strerror(errno));
        unlink(kept);
        return -1;
    }
    return directory_on_disk(path, error);
}

int backup_restore(const char *path, const char *from, struct error *report, struct error *error)
{
    struct copy copy = {.path = "", .fd = -1};
    char kept[PATH_BYTES];
    uint64_t begun_us = clock_steady_us();
    bool there = access(path, F_OK) == 0;
    int64_t players;
    int claim, rc;

    if (same_file(path, from))
        return error_set(error, "%.200s is the database itself: name a copy", from);
    claim = sqlite_file_claim(path, error);
    if (claim < 0)
        return -1;
    rc = replace(path, from, &copy, kept, &players, error);
    if (rc < 0)
        copy_drop(&copy);
    copy_close(&copy);
    if (rc < 0 && !there)
        unlink(path); /* the claim made it, empty */
    if (rc == 0 && !there)
        unlink(kept);
    close(claim);
    if (rc < 0)
        return -1;
    error_set(report,
              "database file %.140s: put back from %.140s and checked: %" PRId64
              " accounts, %.1f s; %s%.140s",
              path, from, players, (double)(clock_steady_us() - begun_us) / 1e6,
              there ? "what was there is kept as " : "there was none", there ? kept : "");
    return 0;
}
