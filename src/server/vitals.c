/* vitals.c -- see vitals.h. */
#include "server/vitals.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>

#include "common/clock.h"
#include "common/log.h"
#include "net/tls.h"
#include "ops/growth.h"
#include "ops/memory.h"
#include "ops/process.h"
#include "ops/workers.h"

#define LOOK_S      10           /* at the machine */
#define ROOM_ENOUGH (2ULL << 30) /* bytes: nobody is told of a large disk's last part */

/* A look at the file system of the state directory; it may hang. */
struct disk {
    struct workers_job job; /* first. While it is busy what follows is the worker's */
    int64_t free_permille;
    char *state; /* directory */
    struct vitals *vitals;
};

struct vitals {
    struct store *store;
    struct workers *looker; /* one thread: only it waits for the disk */
    struct disk disk;
    bool busy; /* it looks */
    struct event *second;
    struct alerts alerts;
    struct growth growth;
    unsigned seconds;
    struct alerts_facts slow; /* what is looked at every LOOK_S */
    char *state;              /* directory */
    uint32_t flush_ms, hashes_max;
    uint64_t expires_ms; /* the certificate that is the first to, Unix time; 0: not known */
};

static int64_t permille(uint64_t part, uint64_t whole)
{
    return whole > 0 ? (int64_t)(part * 1000 / whole) : -1;
}

static int64_t disk_free_permille(const char *directory)
{
    struct statvfs disk;

    if (statvfs(directory, &disk) != 0)
        return -1;
    if ((uint64_t)disk.f_bavail * disk.f_frsize >= ROOM_ENOUGH)
        return 1000;
    return permille(disk.f_bavail, disk.f_blocks);
}

/* On the looker's thread. */
static void look(struct workers_job *job)
{
    struct disk *disk = (struct disk *)(void *)job;

    disk->free_permille = disk_free_permille(disk->state);
}

static void looked(struct workers_job *job)
{
    struct disk *disk = (struct disk *)(void *)job;

    if (!job->cancelled)
        disk->vitals->slow.disk_free_permille = disk->free_permille;
    disk->vitals->busy = false;
}

/* Until it answers what it said before holds. */
static void look_at_disk(struct vitals *vitals)
{
    struct disk *disk = &vitals->disk;

    if (vitals->busy || vitals->state == NULL)
        return;
    free(disk->state);
    disk->state = strdup(vitals->state);
    disk->job.run = look;
    disk->job.done = looked;
    disk->vitals = vitals;
    vitals->busy = disk->state != NULL && workers_submit(vitals->looker, &disk->job) == 0;
}

static void look_at_machine(struct vitals *vitals, uint64_t now_ms)
{
    struct process_facts process;

    process_look(&process);
    growth_note(
        &vitals->growth, now_ms, process.resident_bytes,
        (uint32_t)(metrics_value(METRIC_CONNECTIONS) + metrics_value(METRIC_HTTP_CONNECTIONS)));
    vitals->slow.growth_bytes = growth_bytes(&vitals->growth);
    vitals->slow.memory_free_permille = memory_free_permille(&MEMORY_PLACES);
    vitals->slow.files_permille =
        process.files >= 0 && process.files_max > 0
            ? permille((uint64_t)process.files, (uint64_t)process.files_max)
            : -1;
}

/* Answers of status 5xx, of all classes of routes. */
static uint64_t http_failed(void)
{
    uint64_t n = 0;

    for (unsigned i = 0; i < metrics_group_room(METRIC_GROUP_HTTP_REQUESTS); i++) {
        const char *labels = metrics_member_labels(METRIC_GROUP_HTTP_REQUESTS, i);

        if (labels != NULL && strstr(labels, "status=\"5xx\"") != NULL)
            n += (uint64_t)metrics_member_value(METRIC_GROUP_HTTP_REQUESTS, i);
    }
    return n;
}

static uint64_t counted(enum metric metric)
{
    return (uint64_t)metrics_value(metric);
}

static void take_counters(struct alerts_facts *facts)
{
    facts->ticks = counted(METRIC_TICKS);
    facts->ticks_missed = counted(METRIC_TICKS_MISSED);
    facts->logins_ok = counted(METRIC_LOGINS_OK);
    facts->logins_failed = counted(METRIC_LOGINS_FAILED);
    facts->handshakes_failed = counted(METRIC_TLS_FAILED);
    facts->refused = counted(METRIC_REFUSED_ADDRESS) + counted(METRIC_HTTP_LIMITED);
    facts->http_failed = http_failed();
    facts->records_lost = counted(METRIC_AUDIT_LOST) + counted(METRIC_CHAT_LOG_LOST) + log_lost();
    metrics_histogram(METRIC_TICK_US, &facts->tick_us);
    metrics_histogram(METRIC_SWEEP_US, &facts->sweep_us);
    metrics_histogram(METRIC_STORE_US, &facts->store_us);
    metrics_histogram(METRIC_STORE_WAIT_US, &facts->store_wait_us);
}

static void take_gauges(const struct vitals *vitals, struct alerts_facts *facts)
{
    facts->tempo_permille = (uint32_t)metrics_value(METRIC_TEMPO);
    facts->waiting = (uint32_t)metrics_value(METRIC_WAITING);
    facts->io_stuck = (uint32_t)metrics_value(METRIC_IO_STUCK);
    facts->store_queue = (uint32_t)metrics_value(METRIC_STORE_QUEUE);
    facts->saves_pending = (uint32_t)metrics_value(METRIC_SAVES_PENDING);
    facts->hashes_waiting = (uint32_t)metrics_value(METRIC_WORKER_QUEUE);
    facts->hashes_max = vitals->hashes_max;
    facts->door_shut = metrics_value(METRIC_DOOR_SHUT) != 0;
    facts->journal_stopped = metrics_value(METRIC_JOURNAL_STOPPED) != 0;
    facts->store_away = store_trouble(vitals->store)[0] != '\0';
    facts->durable_ms = (uint64_t)metrics_value(METRIC_DURABLE_MS);
    facts->flush_ms = vitals->flush_ms;
}

static void on_second(evutil_socket_t fd, short what, void *context)
{
    struct vitals *vitals = context;
    struct alerts_facts facts;
    uint64_t now_ms = clock_steady_ms();
    bool due = vitals->seconds++ % LOOK_S == 0;

    (void)fd, (void)what;
    if (due)
        look_at_machine(vitals, now_ms);
    facts = vitals->slow;
    facts.now_ms = now_ms;
    facts.wall_ms = clock_wall_ms();
    facts.certificate_s = vitals->expires_ms != 0
                              ? ((int64_t)vitals->expires_ms - (int64_t)facts.wall_ms) / 1000
                              : INT64_MAX;
    take_counters(&facts);
    take_gauges(vitals, &facts);
    alerts_look(&vitals->alerts, &facts);
    if (due) /* behind them: the look is a job that waits, too */
        look_at_disk(vitals);
}

static void note_expiry(struct vitals *vitals, const char *certificate)
{
    uint64_t expires_ms = tls_expiry_ms(certificate);

    if (expires_ms != 0 && (vitals->expires_ms == 0 || expires_ms < vitals->expires_ms))
        vitals->expires_ms = expires_ms;
}

void vitals_set(struct vitals *vitals, const struct config *config)
{
    free(vitals->state);
    vitals->state = strdup(config->state); /* NULL: the disk is not looked at */
    vitals->flush_ms = config->flush_ms;
    vitals->hashes_max = config->worker_queue;
    vitals->expires_ms = 0;
    note_expiry(vitals, config->certificate);
    if (config->https_listen.items_n > 0 && config->https_certificate[0] != '\0')
        note_expiry(vitals, config->https_certificate);
    if (vitals->seconds == 0) /* all alerts are there, and at rest, before anybody asks */
        on_second(-1, 0, vitals);
}

struct vitals *vitals_new(struct event_base *base, struct store *store, struct error *error)
{
    static const struct timeval second = {1, 0};
    struct vitals *vitals = calloc(1, sizeof(*vitals));

    if (vitals != NULL)
        vitals->second = event_new(base, -1, EV_PERSIST, on_second, vitals);
    if (vitals == NULL || vitals->second == NULL || event_add(vitals->second, &second) < 0) {
        error_set(error, "out of memory");
        vitals_free(vitals);
        return NULL;
    }
    vitals->looker = workers_new(base, 1, 1, error);
    if (vitals->looker == NULL) {
        vitals_free(vitals);
        return NULL;
    }
    vitals->slow.disk_free_permille = -1; /* until the first answer */
    vitals->store = store;
    return vitals;
}

void vitals_free(struct vitals *vitals)
{
    if (vitals == NULL)
        return;
    if (vitals->second != NULL)
        event_free(vitals->second);
    workers_free(vitals->looker);
    free(vitals->disk.state);
    free(vitals->state);
    free(vitals);
}

const struct alerts *vitals_alerts(const struct vitals *vitals)
{
    return &vitals->alerts;
}
