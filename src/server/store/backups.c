/* backups.c -- see backups.h. The database file itself is never opened here but by SQLite: to close
 * a descriptor of it would drop the locks of the daemon's own connection. */
#include "store/backups.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>

#include "ops/workers.h"
#include "store/backup.h"

#define LETTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_."

struct backups {
    struct event_base *base;
    char *path, *folder;
    struct workers *workers; /* from the first copy on */
    struct job *job;         /* under way */
    atomic_bool ending;      /* it is no longer wanted; the worker reads it */
};

struct job {
    struct workers_job job; /* first */
    struct backups *backups;
    struct backups_answer answer;
    backups_done_fn *done;
    void *context;
    uint64_t tag;
};

/* On the worker: of backups only what never changes, and ending. */
static void run(struct workers_job *item)
{
    struct job *job = (struct job *)(void *)item;
    struct backups_answer *answer = &job->answer;
    struct error report, error = {""};
    struct stat status;

    answer->made =
        backup_make(job->backups->path, answer->file, &job->backups->ending, &report, &error) == 0;
    answer->report = answer->made ? report : error;
    if (answer->made && stat(answer->file, &status) == 0)
        answer->size_bytes = (uint64_t)status.st_size;
}

static void done(struct workers_job *item)
{
    struct job *job = (struct job *)(void *)item;

    job->backups->job = NULL;
    if (item->cancelled)
        error_set(&job->answer.report, "the server is stopping");
    job->done(job->context, job->tag, &job->answer);
    free(job);
}

/* -- what must hold before --------------------------------------------------------------------- */

static uint64_t size_of(const char *path, const char *tail)
{
    char name[600];
    struct stat status;

    snprintf(name, sizeof(name), "%s%s", path, tail);
    return stat(name, &status) == 0 ? (uint64_t)status.st_size : 0;
}

/* A copy must not fill the disk that the database grows on. */
static int check_room(const struct backups *backups, struct error *error)
{
    uint64_t needed = 2 * (size_of(backups->path, "") + size_of(backups->path, "-wal")), there;
    struct statvfs disk;

    if (statvfs(backups->folder, &disk) < 0)
        return error_set(error, "the folder %.200s cannot be asked for its room: %s",
                         backups->folder, strerror(errno));
    there = (uint64_t)disk.f_bavail * disk.f_frsize;
    return there >= needed
               ? 0
               : error_set(error,
                           "the disk of %.200s has room for %llu bytes, and twice the "
                           "database's are wanted: %llu",
                           backups->folder, (unsigned long long)there, (unsigned long long)needed);
}

static int name_file(const struct backups *backups, const char *name, char file[512],
                     struct error *error)
{
    time_t now = time(NULL);
    char stamp[32];
    struct tm tm;

    if (name == NULL && gmtime_r(&now, &tm) != NULL &&
        strftime(stamp, sizeof(stamp), "%Y%m%dT%H%M%SZ", &tm) > 0)
        name = stamp;
    if (name == NULL || name[0] == '\0' || name[0] == '.' || strlen(name) > BACKUPS_NAME_MAX ||
        name[strspn(name, LETTERS)] != '\0')
        return error_set(error, "a name is of letters, digits, '-', '_' and '.', which is not its "
                                "first: the folder is always the same");
    if (snprintf(file, 512, "%s/%s.db", backups->folder, name) >= 512)
        return error_set(error, "the folder's path is too long");
    return access(file, F_OK) < 0
               ? 0
               : error_set(error, "there is a file %.300s already: name another", file);
}

int backups_begin(struct backups *backups, const char *name, backups_done_fn *done_fn,
                  void *context, uint64_t tag, struct error *error)
{
    struct job *job;

    if (backups->job != NULL)
        return error_set(error, "a copy is under way already");
    if (mkdir(backups->folder, 0700) < 0 && errno != EEXIST)
        return error_set(error, "cannot make the folder %.200s: %s", backups->folder,
                         strerror(errno));
    if (backups->workers == NULL &&
        (backups->workers = workers_new(backups->base, 1, 1, error)) == NULL)
        return -1;
    job = calloc(1, sizeof(*job));
    if (job == NULL)
        return error_set(error, "out of memory");
    job->job.run = run;
    job->job.done = done;
    job->backups = backups;
    job->done = done_fn;
    job->context = context;
    job->tag = tag;
    if (name_file(backups, name, job->answer.file, error) < 0 || check_room(backups, error) < 0 ||
        workers_submit(backups->workers, &job->job) < 0) { /* there is one job at most */
        free(job);
        return -1;
    }
    backups->job = job;
    return 0;
}

/* -- beginning and end ------------------------------------------------------------------------- */

struct backups *backups_new(struct event_base *base, const char *path, const char *folder)
{
    struct backups *backups = calloc(1, sizeof(*backups));

    if (backups == NULL)
        return NULL;
    backups->base = base;
    backups->path = strdup(path);
    backups->folder = strdup(folder);
    if (backups->path == NULL || backups->folder == NULL) {
        backups_free(backups);
        return NULL;
    }
    backup_sweep(folder);
    return backups;
}

void backups_free(struct backups *backups)
{
    if (backups == NULL)
        return;
    /* relaxed: nothing else hangs on it, and the workers are waited for */
    atomic_store_explicit(&backups->ending, true, memory_order_relaxed);
    workers_free(backups->workers);
    free(backups->path);
    free(backups->folder);
    free(backups);
}
