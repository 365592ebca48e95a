/* scrollback.c -- see scrollback.h.
 *
 *   "OMMOCHAT", u16 version, u32 n; n x (u64 sequence, u64 wall_ms, u64 entity, u8 channel,
 *   i32 x, y, z, text 200 name, text 500), by rising sequence; little-endian, as on the wire */
#include "play/scrollback.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/text.h"
#include "common/wire.h"

#define MAGIC      "OMMOCHAT"
#define MAGIC_N    (sizeof(MAGIC) - 1)
#define VERSION    1
#define LINES_MAX  ((size_t)PROTOCOL_CHANNELS_N * SNAPSHOT_CHAT_LINES)
#define LINE_BYTES ((size_t)(3 * 8 + 1 + 3 * 4 + 2 + TEXT_NAME_MAX_BYTES + 2 + PROTOCOL_TEXT_MAX))
#define BYTES_MAX  (MAGIC_N + 6 + LINES_MAX * LINE_BYTES)
#define HALF_MAX   (INT32_C(262144) * SPACE_UNITS_PER_M) /* of the largest world */
#define NOBODY     (UINT64_C(0xffff) << 48) /* of no server: the figure of that run is gone */

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

static void put_lines(struct wire_writer *w, const struct snapshot *snapshot, uint64_t now_ms)
{
    const struct snapshot_chat_line *lines[LINES_MAX];
    size_t n = snapshot_chat(snapshot, 0, lines, LINES_MAX);

    wire_put_bytes(w, MAGIC, MAGIC_N);
    wire_put_u16(w, VERSION);
    wire_put_u32(w, (uint32_t)n);
    for (size_t i = 0; i < n; i++) {
        wire_put_u64(w, lines[i]->sequence);
        wire_put_u64(w, said_ms(lines[i], snapshot_tick(snapshot), now_ms));
        wire_put_u64(w, lines[i]->entity);
        wire_put_u8(w, lines[i]->channel);
        wire_put_u32(w, (uint32_t)lines[i]->pos.x);
        wire_put_u32(w, (uint32_t)lines[i]->pos.y);
        wire_put_u32(w, (uint32_t)lines[i]->pos.z);
        wire_put_text(w, text_of(lines[i]->name));
        wire_put_text(w, text_of(lines[i]->text));
    }
}

static int write_file(const char *path, const struct wire_writer *w, struct error *error)
{
    char temporary[PATH_MAX];
    size_t n = wire_written(w);
    int fd, failed = 0;

    if (snprintf(temporary, sizeof(temporary), "%s.new", path) >= (int)sizeof(temporary))
        return error_set(error, "cannot write %s: the path is too long", path);
    fd = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0)
        return error_set(error, "cannot write %s: %s", path, strerror(errno));
    errno = ENOSPC;
    if (write(fd, w->start, n) != (ssize_t)n)
        failed = errno;
    if (close(fd) < 0 && failed == 0)
        failed = errno;
    if (failed == 0 && rename(temporary, path) < 0)
        failed = errno;
    if (failed == 0)
        return 0;
    unlink(temporary);
    return error_set(error, "cannot write %s: %s", path, strerror(failed));
}

int scrollback_save(const char *path, struct sim *sim, uint64_t now_ms, struct error *error)
{
    struct snapshot *snapshot = sim_snapshot(sim);
    uint8_t *bytes = malloc(BYTES_MAX);
    struct wire_writer w;
    int rc;

    if (!snapshot || !bytes) {
        rc = error_set(error, "cannot write %s: out of memory", path);
    } else {
        wire_writer_init(&w, bytes, BYTES_MAX);
        put_lines(&w, snapshot, now_ms);
        rc = w.bad ? error_set(error, "cannot write %s: a line is too long", path)
                   : write_file(path, &w, error);
    }
    free(bytes);
    snapshot_unref(snapshot);
    return rc;
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

int scrollback_parse(const uint8_t *bytes, size_t len_bytes, struct sim *sim, uint64_t oldest_ms)
{
    struct snapshot_chat_line *lines;
    struct wire_reader r;
    uint64_t after = 0;
    uint32_t n, got = 0;
    int taken = -1;

    if (len_bytes < MAGIC_N || memcmp(bytes, MAGIC, MAGIC_N) != 0)
        return -1;
    wire_reader_init(&r, bytes + MAGIC_N, len_bytes - MAGIC_N);
    if (wire_get_u16(&r) != VERSION || (n = wire_get_u32(&r)) > LINES_MAX || r.bad)
        return -1;
    lines = calloc(n + 1, sizeof(*lines));
    while (lines && got < n && get_line(&r, after, &lines[got]) == 0)
        after = lines[got++].sequence;
    if (lines && got == n && wire_done(&r)) {
        taken = 0;
        for (uint32_t i = 0; i < n; i++) {
            if (lines[i].said_ms < oldest_ms)
                continue;
            sim_chat_restore(sim, &lines[i]);
            memset(&lines[i], 0, sizeof(lines[i]));
            taken++;
        }
        sim_chat_begin(sim, after);
    }
    for (uint32_t i = 0; i < got; i++)
        drop(&lines[i]);
    free(lines);
    return taken;
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
    bytes = malloc(BYTES_MAX + 1);
    if (bytes)
        n = read(fd, bytes, BYTES_MAX + 1);
    close(fd);
    unlink(path);
    if (n >= 0)
        taken = scrollback_parse(bytes, (size_t)n, sim, oldest_ms);
    free(bytes);
    return taken >= 0 ? taken : error_set(error, "%s holds no chat lines", path);
}
