/* replay.c -- journal_replay: run a journal again and compare hashes, tick by tick. See journal.h
 * and doc/journal.md. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "sim/journal.h"
#include "sim/journal_format.h"

enum record_result { RECORD_WHOLE, RECORD_END, RECORD_CUT, RECORD_DAMAGED, RECORD_FAILED };

struct replay {
    FILE *file;
    const char *path;
    FILE *out;
    bool verbose;
    uint64_t left_bytes; /* of the file, not yet read */
    uint8_t *body;       /* of the record at hand */
    size_t body_bytes, body_room;
    struct heightfield *field;
    struct sim *sim;
    struct command *commands;
    struct sim_event *events;
    size_t commands_room;
    uint8_t hash[SIM_HASH_BYTES];
    uint32_t ticks_n;
};

static uint32_t get_u32(const uint8_t *bytes)
{
    return (uint32_t)bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 |
           (uint32_t)bytes[3] << 24;
}

static bool read_bytes(struct replay *replay, uint8_t *bytes, size_t n)
{
    if (fread(bytes, 1, n, replay->file) != n)
        return false;
    replay->left_bytes -= n;
    return true;
}

/* The next record's body. A file that ends within a record was cut; one whose bytes do not fit
 * together is damaged. */
static enum record_result next_record(struct replay *replay)
{
    uint8_t frame[JOURNAL_FRAME_BYTES];
    uint8_t sum[JOURNAL_CHECKSUM_BYTES];
    uint8_t right_sum[JOURNAL_CHECKSUM_BYTES];
    uint32_t len;

    if (replay->left_bytes == 0)
        return RECORD_END;
    if (replay->left_bytes < sizeof(frame))
        return RECORD_CUT;
    if (!read_bytes(replay, frame, sizeof(frame)))
        return RECORD_FAILED;
    len = get_u32(frame);
    if (get_u32(frame + 4) != ~len || len > JOURNAL_BODY_MAX)
        return RECORD_DAMAGED;
    if (len + sizeof(sum) > replay->left_bytes)
        return RECORD_CUT;
    if (len > replay->body_room) {
        uint8_t *bigger = realloc(replay->body, len);

        if (bigger == NULL)
            return RECORD_FAILED;
        replay->body = bigger;
        replay->body_room = len;
    }
    replay->body_bytes = len;
    if (!read_bytes(replay, replay->body, len) || !read_bytes(replay, sum, sizeof(sum)))
        return RECORD_FAILED;
    journal_checksum(replay->body, len, right_sum);
    return memcmp(sum, right_sum, sizeof(sum)) == 0 ? RECORD_WHOLE : RECORD_DAMAGED;
}

static int load_world(struct replay *replay, const struct journal_header *header,
                      struct error *error)
{
    struct sim_config config = {.entities_max = header->entities_max, .server = header->server};
    uint8_t hash[HEIGHTFIELD_HASH_BYTES];

    if (header->size_m < 128 || header->size_m > 1048576 / 2 || header->size_m % 128 != 0)
        return error_set(error, "%s: the header is malformed", replay->path);
    replay->field = heightfield_new(header->seed, header->size_m);
    if (replay->field == NULL)
        return error_set(error, "out of memory for the replay");
    heightfield_hash(replay->field, hash);
    if (memcmp(hash, header->world_hash, sizeof(hash)) != 0)
        return error_set(error,
                         "%s: this build makes another world of seed %u than the one that wrote it",
                         replay->path, header->seed);
    config.field = replay->field;
    replay->sim = sim_new(&config, error);
    if (replay->sim == NULL)
        return -1;
    return sim_load(replay->sim, header->state, header->state_bytes, error);
}

static int read_header(struct replay *replay, struct error *error)
{
    struct journal_header header;
    struct wire_reader r;

    if (next_record(replay) != RECORD_WHOLE)
        return error_set(error, "%s is no journal, or its header is damaged", replay->path);
    wire_reader_init(&r, replay->body, replay->body_bytes);
    if (journal_get_header(&r, &header) != 0)
        return error_set(error, "%s is no journal of a version that this build reads",
                         replay->path);
    journal_first_hash(replay->body, replay->body_bytes, replay->hash);
    if (load_world(replay, &header, error) != 0)
        return -1;
    if (replay->verbose)
        fprintf(replay->out, "journal of %.*s, seed %u, %d m, from tick %u\n", header.build.len,
                header.build.bytes, header.seed, header.size_m, sim_tick(replay->sim));
    return 0;
}

static int reserve_commands(struct replay *replay, size_t n)
{
    if (n <= replay->commands_room)
        return 0;
    free(replay->commands);
    free(replay->events);
    replay->commands = calloc(n, sizeof(*replay->commands));
    replay->events = calloc(2 * n, sizeof(*replay->events));
    replay->commands_room = replay->commands == NULL || replay->events == NULL ? 0 : n;
    return replay->commands_room == 0 ? -1 : 0;
}

/* Parse the tick's commands; on success they are whole. */
static int read_commands(struct replay *replay, struct wire_reader *r, uint32_t n)
{
    /* A command takes 14 bytes at least: a count that lies allocates nothing. */
    if (n > wire_left(r) / 14 || reserve_commands(replay, n) != 0)
        return -1;
    for (uint32_t i = 0; i < n; i++) {
        if (journal_get_command(r, &replay->commands[i]) == 0)
            continue;
        for (uint32_t k = 0; k < i; k++)
            command_drop(&replay->commands[k]);
        return -1;
    }
    return 0;
}

static void print_hash(const struct replay *replay, char hex[2 * SIM_HASH_BYTES + 1])
{
    for (unsigned i = 0; i < SIM_HASH_BYTES; i++)
        snprintf(hex + 2 * i, 3, "%02x", replay->hash[i]);
}

/* Step by the record at hand. */
static int replay_tick(struct replay *replay, struct error *error)
{
    uint32_t due = sim_tick(replay->sim) + 1;
    uint8_t state[SIM_HASH_BYTES];
    struct sim_step_counts counts;
    char hex[2 * SIM_HASH_BYTES + 1];
    struct wire_reader r;
    uint32_t tick;
    uint32_t n;
    size_t tick_bytes;
    const uint8_t *right;

    if (replay->body_bytes < 8 + SIM_HASH_BYTES)
        return error_set(error, "tick %u: the record is malformed", due);
    tick_bytes = replay->body_bytes - SIM_HASH_BYTES;
    right = replay->body + tick_bytes;
    wire_reader_init(&r, replay->body, tick_bytes);
    tick = wire_get_u32(&r);
    n = wire_get_u32(&r);
    if (tick != due)
        return error_set(error, "tick %u: the record says it is tick %u", due, tick);
    if (read_commands(replay, &r, n) != 0)
        return error_set(error, "tick %u: a command is malformed", due);
    sim_step(replay->sim, replay->commands, n, replay->events, &counts);
    if (!wire_done(&r))
        return error_set(error, "tick %u: the record is too long", due);
    sim_hash(replay->sim, state);
    journal_next_hash(replay->hash, replay->body, tick_bytes, state, replay->hash);
    print_hash(replay, hex);
    if (memcmp(replay->hash, right, SIM_HASH_BYTES) != 0) {
        if (replay->verbose)
            fprintf(replay->out, "tick %u hash %s WRONG\n", tick, hex);
        return error_set(error, "tick %u: the hash differs from the journal's", tick);
    }
    if (replay->verbose)
        fprintf(replay->out, "tick %u hash %s ok\n", tick, hex);
    replay->ticks_n++;
    return 0;
}

static int run(struct replay *replay, struct error *error)
{
    char hex[2 * SIM_HASH_BYTES + 1];
    enum record_result record;

    if (read_header(replay, error) != 0)
        return -1;
    while ((record = next_record(replay)) == RECORD_WHOLE) {
        if (replay_tick(replay, error) != 0)
            return -1;
    }
    if (record == RECORD_DAMAGED)
        return error_set(error, "tick %u: the record is damaged", sim_tick(replay->sim) + 1);
    if (record == RECORD_FAILED)
        return error_set(error, "cannot read %s: %s", replay->path, strerror(errno));
    print_hash(replay, hex);
    fprintf(replay->out,
            "%u ticks replayed up to tick %u, every hash as journaled; last hash %s%s\n",
            replay->ticks_n, sim_tick(replay->sim), hex,
            record == RECORD_CUT ? "; the file is cut within the next tick" : "");
    return 0;
}

int journal_replay(const char *path, FILE *out, bool verbose, struct error *error)
{
    struct replay replay = {.path = path, .out = out, .verbose = verbose};
    struct stat status;
    int result = -1;

    replay.file = fopen(path, "rbe");
    if (replay.file == NULL)
        return error_set(error, "cannot open the journal %s: %s", path, strerror(errno));
    if (fstat(fileno(replay.file), &status) != 0 || !S_ISREG(status.st_mode)) {
        error_set(error, "%s is no file", path);
    } else {
        replay.left_bytes = (uint64_t)status.st_size;
        result = run(&replay, error);
    }
    sim_free(replay.sim);
    heightfield_free(replay.field);
    free(replay.body);
    free(replay.commands);
    free(replay.events);
    fclose(replay.file);
    return result;
}
