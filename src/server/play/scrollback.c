/* scrollback.c -- see scrollback.h.
 *
 *   "OMMOCHAT", u16 version; lines, by rising sequence: u16 bytes of what follows; u64 sequence,
 *   u64 wall_ms, u64 entity, u8 channel, i32 x, y, z, text 200 name, text 500; little-endian, as on
 *   the wire. The last line may be cut: the server was killed within it. */
#include "play/scrollback.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/log.h"
#include "common/text.h"
#include "common/wire.h"
#include "ops/workers.h"

#define MAGIC            "OMMOCHAT"
#define MAGIC_N          (sizeof(MAGIC) - 1)
#define VERSION          2
#define HEAD_BYTES       (MAGIC_N + 2)
#define LINES_MAX        ((size_t)PROTOCOL_CHANNELS_N * SNAPSHOT_CHAT_LINES)
#define LINE_BYTES_LEAST (3 * 8 + 1 + 3 * 4 + 2 + 2) /* behind its length */
#define LINE_BYTES       ((size_t)(2 + LINE_BYTES_LEAST + TEXT_NAME_MAX_BYTES + PROTOCOL_TEXT_MAX))
#define BYTES_MAX        (HEAD_BYTES + LINES_MAX * LINE_BYTES) /* of a whole file */
#define FILE_MAX         (4 * BYTES_MAX)                       /* then it is written anew, */
#define ANEW_MS          1000                                  /* no oftener than so */
#define HALF_MAX         (INT32_C(262144) * SPACE_UNITS_PER_M) /* of the largest world */
#define NOBODY           (UINT64_C(0xffff) << 48) /* of no server: the figure of that run is gone */

struct forgotten {
    uint64_t player, until; /* lines up to that sequence */
    char name[TEXT_NAME_MAX_BYTES + 1];
};

struct scrollback {
    struct workers_job job; /* first. While it is under way fd, failed, w and bytes are its own */
    struct workers *writer; /* one thread: only it waits for the disk */
    char path[PATH_MAX];
    int fd; /* what is written behind; -1: it is written anew */
    int failed;
    bool busy;
    uint64_t sequence; /* of the last line that was given to the writer */
    uint64_t newest;   /* that there is */
    uint64_t written;  /* the same, of the last that it wrote */
    uint64_t due_ms;   /* it is not written anew before */
    size_t file_bytes;
    struct forgotten *forgotten; /* whose lines are left out */
    size_t forgotten_n;
    bool again; /* it is to be written anew, for their sake */
    struct wire_writer w;
    uint8_t bytes[BYTES_MAX];
};

/* -- out --------------------------------------------------------------------------------------- */

static struct wire_text text_of(const struct blob *blob)
{
    return blob ? (struct wire_text){blob->bytes, (uint16_t)blob->len_bytes}
                : (struct wire_text){"", 0};
}

static uint64_t said_ms(const struct snapshot_chat_line *line, uint32_t tick, uint64_t now_ms)
{
    return line->said_ms ? line->said_ms : now_ms - (uint64_t)(tick - line->tick) * SIM_TICK_MS;
}

static void put_line(struct wire_writer *w, const struct snapshot_chat_line *line, uint64_t at_ms)
{
    struct wire_text name = text_of(line->name), text = text_of(line->text);

    wire_put_u16(w, (uint16_t)(LINE_BYTES_LEAST + name.len + text.len));
    wire_put_u64(w, line->sequence);
    wire_put_u64(w, at_ms);
    wire_put_u64(w, line->entity);
    wire_put_u8(w, line->channel);
    wire_put_u32(w, (uint32_t)line->pos.x);
    wire_put_u32(w, (uint32_t)line->pos.y);
    wire_put_u32(w, (uint32_t)line->pos.z);
    wire_put_text(w, name);
    wire_put_text(w, text);
}

/* except: may be NULL. */
static bool is_forgotten(const struct scrollback *except, const struct snapshot_chat_line *line)
{
    for (size_t i = 0; except && i < except->forgotten_n; i++) {
        const struct forgotten *one = &except->forgotten[i];
        struct wire_text name = text_of(line->name);

        if (line->sequence > one->until)
            continue;
        if (line->player != 0
                ? line->player == one->player
                : name.len == strlen(one->name) && memcmp(name.bytes, one->name, name.len) == 0)
            return true;
    }
    return false;
}

/* The lines behind `after`; a whole file begins with its head. */
static void put_lines(struct wire_writer *w, const struct snapshot *snapshot, uint64_t after,
                      uint64_t now_ms, const struct scrollback *except)
{
    const struct snapshot_chat_line *lines[LINES_MAX];
    size_t n = snapshot_chat(snapshot, after, lines, LINES_MAX);

    for (size_t i = 0; i < n; i++)
        if (!is_forgotten(except, lines[i]))
            put_line(w, lines[i], said_ms(lines[i], snapshot_tick(snapshot), now_ms));
}

static void put_head(struct wire_writer *w)
{
    wire_put_bytes(w, MAGIC, MAGIC_N);
    wire_put_u16(w, VERSION);
}

/* 0, or an errno. */
static int write_all(int fd, const struct wire_writer *w)
{
    size_t n = wire_written(w);

    errno = ENOSPC;
    return write(fd, w->start, n) == (ssize_t)n ? 0 : errno;
}

/* In place of what was there. Returns the file, or -1 and errno. */
static int write_anew(const char *path, const struct wire_writer *w)
{
    char temporary[PATH_MAX];
    int fd, failed;

    errno = ENAMETOOLONG;
    if (snprintf(temporary, sizeof(temporary), "%s.new", path) >= (int)sizeof(temporary))
        return -1;
    fd = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0)
        return -1;
    failed = write_all(fd, w);
    if (failed == 0 && rename(temporary, path) < 0)
        failed = errno;
    if (failed == 0)
        return fd;
    close(fd);
    unlink(temporary);
    errno = failed;
    return -1;
}

int scrollback_save(const char *path, struct sim *sim, uint64_t now_ms,
                    const struct scrollback *except, struct error *error)
{
    struct snapshot *snapshot = sim_snapshot(sim);
    uint8_t *bytes = malloc(BYTES_MAX);
    struct wire_writer w;
    int fd, rc = 0;

    if (!snapshot || !bytes) {
        rc = error_set(error, "cannot write %s: out of memory", path);
    } else {
        wire_writer_init(&w, bytes, BYTES_MAX);
        put_head(&w);
        put_lines(&w, snapshot, 0, now_ms, except);
        fd = write_anew(path, &w);
        if (fd < 0 || close(fd) < 0)
            rc = error_set(error, "cannot write %s: %s", path, strerror(errno));
    }
    free(bytes);
    snapshot_unref(snapshot);
    return rc;
}

/* -- while the server runs --------------------------------------------------------------------- */

/* On the writer's thread. */
static void run(struct workers_job *job)
{
    struct scrollback *scrollback = (struct scrollback *)(void *)job;

    if (scrollback->fd >= 0) {
        scrollback->failed = write_all(scrollback->fd, &scrollback->w);
    } else {
        scrollback->fd = write_anew(scrollback->path, &scrollback->w);
        scrollback->failed = scrollback->fd < 0 ? errno : 0;
    }
}

static void close_file(struct scrollback *scrollback)
{
    if (scrollback->fd >= 0)
        close(scrollback->fd);
    scrollback->fd = -1;
}

static void done(struct workers_job *job)
{
    struct scrollback *scrollback = (struct scrollback *)(void *)job;
    static struct log_limit limit;
    uint64_t swallowed;

    scrollback->busy = false;
    if (scrollback->failed == 0 && !job->cancelled) {
        scrollback->written = scrollback->sequence;
        return;
    }
    scrollback->again = scrollback->forgotten_n > 0 && scrollback->written == 0;
    close_file(scrollback); /* who knows where it ends: anew, when the time comes */
    if (!job->cancelled && log_limit_pass(&limit, 1, &swallowed))
        log_event(LOG_LEVEL_WARN, "chat_not_kept", strerror(scrollback->failed),
                  LOG_TEXT("path", scrollback->path), LOG_U64("swallowed", swallowed));
}

/* The world holds nothing any more of those who are forgotten up to before its oldest line. */
static void drop_old(struct scrollback *scrollback, const struct snapshot *snapshot)
{
    const struct snapshot_chat_line *oldest = NULL;
    size_t n = 0;

    if (snapshot_chat(snapshot, 0, &oldest, 1) == 0)
        return;
    for (size_t i = 0; i < scrollback->forgotten_n; i++)
        if (scrollback->forgotten[i].until >= oldest->sequence)
            scrollback->forgotten[n++] = scrollback->forgotten[i];
    scrollback->forgotten_n = n;
}

void scrollback_forget(struct scrollback *scrollback, uint64_t player, const char *name)
{
    struct forgotten *more;

    if (!scrollback)
        return;
    more = reallocarray(scrollback->forgotten, scrollback->forgotten_n + 1, sizeof(*more));
    if (!more) {
        log_event(LOG_LEVEL_ERROR, "chat_kept", "out of memory: what an erased account said stays",
                  LOG_U64("id", player), LOG_TEXT("path", scrollback->path));
        return;
    }
    scrollback->forgotten = more;
    more += scrollback->forgotten_n++;
    *more = (struct forgotten){.player = player, .until = scrollback->newest};
    snprintf(more->name, sizeof(more->name), "%s", name);
    scrollback->again = true;
}

void scrollback_take(struct scrollback *scrollback, const struct snapshot *snapshot,
                     uint64_t now_ms)
{
    uint64_t newest = snapshot_chat_sequence(snapshot);
    bool anew;

    scrollback->newest = newest;
    if (scrollback->busy || (scrollback->written == newest && !scrollback->again))
        return;
    anew = scrollback->fd < 0 || scrollback->file_bytes > FILE_MAX || scrollback->again;
    if (anew && !scrollback->again && now_ms < scrollback->due_ms &&
        scrollback->due_ms - now_ms <= ANEW_MS)
        return; /* not if it is farther off: then the clock was put back */
    wire_writer_init(&scrollback->w, scrollback->bytes, sizeof(scrollback->bytes));
    if (anew) {
        close_file(scrollback);
        put_head(&scrollback->w);
        scrollback->written = scrollback->file_bytes = 0;
        scrollback->due_ms = now_ms + ANEW_MS;
    }
    put_lines(&scrollback->w, snapshot, scrollback->written, now_ms, scrollback);
    drop_old(scrollback, snapshot);
    scrollback->again = false;
    scrollback->sequence = newest;
    scrollback->file_bytes += wire_written(&scrollback->w);
    scrollback->busy = workers_submit(scrollback->writer, &scrollback->job) == 0;
}

struct scrollback *scrollback_new(struct event_base *base, const char *path, struct error *error)
{
    struct scrollback *scrollback = calloc(1, sizeof(*scrollback));

    if (!scrollback) {
        error_set(error, "out of memory");
        return NULL;
    }
    scrollback->fd = -1;
    scrollback->job.run = run;
    scrollback->job.done = done;
    snprintf(scrollback->path, sizeof(scrollback->path), "%s", path);
    scrollback->writer = workers_new(base, 1, 1, error);
    if (scrollback->writer)
        return scrollback;
    scrollback_free(scrollback);
    return NULL;
}

void scrollback_close(struct scrollback *scrollback)
{
    if (!scrollback)
        return;
    workers_free(scrollback->writer);
    scrollback->writer = NULL;
    close_file(scrollback);
}

void scrollback_free(struct scrollback *scrollback)
{
    if (!scrollback)
        return;
    scrollback_close(scrollback);
    free(scrollback->forgotten);
    free(scrollback);
}

/* -- in ---------------------------------------------------------------------------------------- */

static void drop(struct snapshot_chat_line *line)
{
    blob_unref(line->name);
    blob_unref(line->text);
}

static bool in_world(int32_t units)
{
    return units >= -HALF_MAX && units <= HALF_MAX;
}

/* -1: malformed, or out of memory; then the line holds nothing. */
static int get_line(struct wire_reader *r, uint64_t after, struct snapshot_chat_line *line)
{
    struct wire_text name, text;

    memset(line, 0, sizeof(*line));
    line->sequence = wire_get_u64(r);
    line->said_ms = wire_get_u64(r);
    line->entity = wire_get_u64(r) | NOBODY;
    line->channel = wire_get_u8(r);
    line->pos.x = (int32_t)wire_get_u32(r);
    line->pos.y = (int32_t)wire_get_u32(r);
    line->pos.z = (int32_t)wire_get_u32(r);
    name = wire_get_text(r, TEXT_NAME_MAX_BYTES);
    text = wire_get_text(r, PROTOCOL_TEXT_MAX);
    if (r->bad || line->sequence <= after || line->said_ms == 0 ||
        line->channel >= PROTOCOL_CHANNELS_N || !in_world(line->pos.x) || !in_world(line->pos.z) ||
        !text_utf8_valid(name.bytes, name.len) || !text_utf8_valid(text.bytes, text.len))
        return -1;
    line->name = blob_new(name.bytes, name.len);
    line->text = blob_new(text.bytes, text.len);
    if (line->name && line->text)
        return 0;
    drop(line);
    return -1;
}

/* The next line. 0; 1: there is none, or only a part of one; -1: malformed, or out of memory. */
static int next_line(struct wire_reader *r, uint64_t after, struct snapshot_chat_line *line)
{
    struct wire_reader body;
    uint16_t n;

    if (wire_left(r) < 2)
        return 1;
    n = wire_get_u16(r);
    if (wire_left(r) < n)
        return 1;
    wire_reader_init(&body, wire_get_bytes(r, n), n);
    if (get_line(&body, after, line) < 0)
        return -1;
    if (wire_done(&body))
        return 0;
    drop(line);
    return -1;
}

/* Read all of them, and restore those of oldest_ms or later if there is a sim to restore them in.
 * -1: malformed. */
static int each_line(struct wire_reader r, struct sim *sim, uint64_t oldest_ms)
{
    struct snapshot_chat_line line;
    uint64_t after = 0;
    int taken = 0, rc;

    while ((rc = next_line(&r, after, &line)) == 0) {
        after = line.sequence;
        if (sim && line.said_ms >= oldest_ms) {
            sim_chat_restore(sim, &line);
            taken++;
        } else {
            drop(&line);
        }
    }
    if (rc < 0)
        return -1;
    if (sim)
        sim_chat_begin(sim, after);
    return taken;
}

int scrollback_parse(const uint8_t *bytes, size_t len_bytes, struct sim *sim, uint64_t oldest_ms)
{
    struct wire_reader r;

    if (len_bytes < HEAD_BYTES || memcmp(bytes, MAGIC, MAGIC_N) != 0)
        return -1;
    wire_reader_init(&r, bytes + MAGIC_N, len_bytes - MAGIC_N);
    if (wire_get_u16(&r) != VERSION)
        return -1;
    return each_line(r, NULL, 0) < 0 ? -1 : each_line(r, sim, oldest_ms);
}

int scrollback_load(const char *path, struct sim *sim, uint64_t oldest_ms, struct error *error)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC), taken = -1;
    uint8_t *bytes = NULL;
    ssize_t n = -1;

    if (fd < 0 && errno == ENOENT)
        return 0;
    if (fd < 0)
        return error_set(error, "cannot read %s: %s", path, strerror(errno));
    bytes = malloc(FILE_MAX + BYTES_MAX + 1);
    if (bytes)
        n = read(fd, bytes, FILE_MAX + BYTES_MAX + 1);
    close(fd);
    if (n >= 0)
        taken = scrollback_parse(bytes, (size_t)n, sim, oldest_ms);
    free(bytes);
    return taken >= 0 ? taken : error_set(error, "%s holds no chat lines", path);
}
