/* journal.c -- writing: the sim thread puts whole records into a bounded buffer, a thread of the
 * journal's own writes them.
 *
 * Two buffers: one is being filled under the lock (a copy of memory, never a wait for a disk), the
 * other is being written without it. When the one that is filled has no room left, or a write
 * fails, journaling is over: one line in the log, journal_stopped, and nothing else happens.
 * Reading is in replay.c. */
#ifdef HAVE_CONFIG_H
#include <config.h> /* the build's name; GNU extensions */
#endif

#include "sim/journal.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/log.h"
#include "common/thread.h"
#include "sim/journal_format.h"

#define BUFFER_BYTES ((size_t)8 * 1024 * 1024)

struct journal {
    int fd; /* the worker's while it runs */
    char *path;
    pthread_t thread;
    bool running;
    /* Sim thread. */
    uint8_t *record; /* of the tick at hand: frame, body */
    size_t record_room, body_bytes;
    uint8_t hash[SIM_HASH_BYTES]; /* running */
    /* Shared, under the lock. */
    pthread_mutex_t lock;
    pthread_cond_t filled;
    uint8_t *filling;
    size_t filling_bytes;
    bool closing;
    /* Worker. */
    uint8_t *writing;
    _Atomic bool stopped;
};

bool journal_stopped(const struct journal *journal)
{
    /* relaxed: a flag for people and metrics */
    return atomic_load_explicit(&journal->stopped, memory_order_relaxed);
}

/* Say so once, and journal no more. Any of the two threads. */
static void give_up(struct journal *journal, const char *why)
{
    bool before = atomic_exchange_explicit(&journal->stopped, true, memory_order_relaxed);

    if (!before)
        log_event(LOG_LEVEL_ERROR, "journal_stopped",
                  "the tick journal is not written any more; the world goes on",
                  LOG_TEXT("path", journal->path), LOG_TEXT("reason", why));
}

static int write_all(int fd, const uint8_t *bytes, size_t n)
{
    while (n > 0) {
        ssize_t written = write(fd, bytes, n);

        if (written < 0 && errno == EINTR)
            continue;
        if (written <= 0) {
            errno = written == 0 ? ENOSPC : errno;
            return -1;
        }
        bytes += written;
        n -= (size_t)written;
    }
    return 0;
}

/* ---- worker ---- */

static void *work(void *context)
{
    struct journal *journal = context;
    bool closing = false;

    while (!closing) {
        uint8_t *bytes;
        size_t n;

        pthread_mutex_lock(&journal->lock);
        while (journal->filling_bytes == 0 && !journal->closing)
            pthread_cond_wait(&journal->filled, &journal->lock);
        bytes = journal->filling;
        n = journal->filling_bytes;
        journal->filling = journal->writing;
        journal->filling_bytes = 0;
        journal->writing = bytes;
        closing = journal->closing; /* nothing is put in after that */
        pthread_mutex_unlock(&journal->lock);
        if (!journal_stopped(journal) && write_all(journal->fd, bytes, n) != 0)
            give_up(journal, strerror(errno));
        if (journal_stopped(journal) && journal->fd >= 0) {
            close(journal->fd); /* who removes the file of a full disk gets its room back */
            journal->fd = -1;
        }
    }
    return NULL;
}

/* ---- header ---- */

static void put_u32(uint8_t *bytes, uint32_t v)
{
    for (unsigned i = 0; i < 4; i++)
        bytes[i] = (uint8_t)(v >> (8 * i));
}

/* Put the frame before and the checksum after a body of n bytes that lies at record +
 * JOURNAL_FRAME_BYTES. Returns the record's length. */
static size_t frame_record(uint8_t *record, size_t n)
{
    put_u32(record, (uint32_t)n);
    put_u32(record + 4, ~(uint32_t)n);
    journal_checksum(record + JOURNAL_FRAME_BYTES, n, record + JOURNAL_FRAME_BYTES + n);
    return JOURNAL_FRAME_BYTES + n + JOURNAL_CHECKSUM_BYTES;
}

static int write_header(struct journal *journal, const struct journal_header *header,
                        struct error *error)
{
    size_t room =
        JOURNAL_FRAME_BYTES + JOURNAL_HEADER_BYTES + header->state_bytes + JOURNAL_CHECKSUM_BYTES;
    uint8_t *record = malloc(room);
    struct wire_writer w;
    size_t n;
    int result = 0;

    if (record == NULL)
        return error_set(error, "out of memory for the journal");
    wire_writer_init(&w, record + JOURNAL_FRAME_BYTES,
                     room - JOURNAL_FRAME_BYTES - JOURNAL_CHECKSUM_BYTES);
    journal_put_header(&w, header);
    n = wire_written(&w);
    journal_first_hash(record + JOURNAL_FRAME_BYTES, n, journal->hash);
    if (write_all(journal->fd, record, frame_record(record, n)) != 0)
        result =
            error_set(error, "cannot write the journal %s: %s", journal->path, strerror(errno));
    free(record);
    return result;
}

static int write_state(struct journal *journal, const struct sim *sim,
                       const struct heightfield *field, struct error *error)
{
    struct journal_header header = {
        .build = wire_text_of(PACKAGE_STRING),
        .seed = heightfield_seed(field),
        .size_m = heightfield_size_m(field),
    };
    struct sim_config config = sim_configuration(sim);
    uint8_t *state;
    size_t state_bytes;
    int result;

    if (sim_save(sim, &state, &state_bytes) != 0)
        return error_set(error, "out of memory for the journal");
    if (state_bytes > JOURNAL_BODY_MAX - JOURNAL_HEADER_BYTES) {
        free(state);
        return error_set(error, "the world is too large for a journal");
    }
    heightfield_hash(field, header.world_hash);
    header.server = config.server;
    header.entities_max = config.entities_max;
    header.state = state;
    header.state_bytes = (uint32_t)state_bytes;
    result = write_header(journal, &header, error);
    free(state);
    return result;
}

struct journal *journal_open(const char *path, const struct sim *sim,
                             const struct heightfield *field, struct error *error)
{
    struct journal *journal = calloc(1, sizeof(*journal));

    if (journal == NULL) {
        error_set(error, "out of memory for the journal");
        return NULL;
    }
    pthread_mutex_init(&journal->lock, NULL);
    pthread_cond_init(&journal->filled, NULL);
    journal->fd = -1;
    journal->path = strdup(path);
    journal->filling = malloc(BUFFER_BYTES);
    journal->writing = malloc(BUFFER_BYTES);
    if (journal->path == NULL || journal->filling == NULL || journal->writing == NULL) {
        error_set(error, "out of memory for the journal");
        goto failed;
    }
    journal->fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0640);
    if (journal->fd < 0) {
        error_set(error, "cannot make the journal %s: %s", path, strerror(errno));
        goto failed;
    }
    if (write_state(journal, sim, field, error) != 0)
        goto failed;
    if (thread_start(&journal->thread, "journal", work, journal) != 0) {
        error_set(error, "cannot start the journal's thread");
        goto failed;
    }
    journal->running = true;
    return journal;
failed:
    journal_close(journal);
    return NULL;
}

void journal_close(struct journal *journal)
{
    if (journal == NULL)
        return;
    if (journal->running) {
        pthread_mutex_lock(&journal->lock);
        journal->closing = true;
        pthread_cond_signal(&journal->filled);
        pthread_mutex_unlock(&journal->lock);
        pthread_join(journal->thread, NULL);
        if (journal->fd >= 0 && fsync(journal->fd) != 0 && errno != EINVAL && errno != EROFS)
            give_up(journal, strerror(errno));
    }
    if (journal->fd >= 0)
        close(journal->fd);
    pthread_cond_destroy(&journal->filled);
    pthread_mutex_destroy(&journal->lock);
    free(journal->filling);
    free(journal->writing);
    free(journal->record);
    free(journal->path);
    free(journal);
}

/* ---- ticks ---- */

static int reserve_record(struct journal *journal, const struct command *commands,
                          size_t commands_n)
{
    size_t need = JOURNAL_FRAME_BYTES + 8 + SIM_HASH_BYTES + JOURNAL_CHECKSUM_BYTES;
    uint8_t *bigger;

    for (size_t i = 0; i < commands_n; i++)
        need += journal_command_bytes(&commands[i]);
    if (need <= journal->record_room)
        return 0;
    if (need > JOURNAL_BODY_MAX)
        return -1;
    need += need / 4;
    bigger = realloc(journal->record, need);
    if (bigger == NULL)
        return -1;
    journal->record = bigger;
    journal->record_room = need;
    return 0;
}

void journal_tick(struct journal *journal, uint32_t tick, const struct command *commands,
                  size_t commands_n)
{
    struct wire_writer w;

    journal->body_bytes = 0;
    if (journal_stopped(journal))
        return;
    if (reserve_record(journal, commands, commands_n) != 0) {
        give_up(journal, "out of memory");
        return;
    }
    wire_writer_init(&w, journal->record + JOURNAL_FRAME_BYTES,
                     journal->record_room - JOURNAL_FRAME_BYTES);
    wire_put_u32(&w, tick);
    wire_put_u32(&w, (uint32_t)commands_n);
    for (size_t i = 0; i < commands_n; i++)
        journal_put_command(&w, &commands[i]);
    journal->body_bytes = wire_written(&w);
}

void journal_hash(struct journal *journal, const struct sim *sim)
{
    uint8_t *body = journal->record + JOURNAL_FRAME_BYTES;
    uint8_t state[SIM_HASH_BYTES];
    bool full;
    size_t n;

    if (journal_stopped(journal) || journal->body_bytes == 0)
        return;
    sim_hash(sim, state);
    journal_next_hash(journal->hash, body, journal->body_bytes, state, journal->hash);
    memcpy(body + journal->body_bytes, journal->hash, SIM_HASH_BYTES);
    n = frame_record(journal->record, journal->body_bytes + SIM_HASH_BYTES);
    pthread_mutex_lock(&journal->lock);
    full = journal->filling_bytes + n > BUFFER_BYTES;
    if (!full) {
        memcpy(journal->filling + journal->filling_bytes, journal->record, n);
        journal->filling_bytes += n;
        pthread_cond_signal(&journal->filled);
    }
    pthread_mutex_unlock(&journal->lock);
    if (full)
        give_up(journal, "the disk is too slow: the queue is full");
}
