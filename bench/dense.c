/* dense.c -- what a crowd in one cell costs the simulation: wanderers in one 64 m cell, and some
 * receivers who are told of all of it by tiers. Prints CPU time a tick of the script, the step, the
 * snapshot and the blocks, and what a record costs on the wire, at each level. dense [FIGURES
 * [RECEIVERS [TICKS]]]; 10000 200 200. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "sim/script.h"
#include "sim/sim.h"

#define MIDDLE_M     32
#define HELD_MAX     (4 * SPACE_LEAVES_MAX)
#define HAVES_MAX    8   /* parts of a leaf */
#define NEAR_M       8   /* nearer than this: 10 Hz; each doubling halves that */
#define WARM_EMPTY   300 /* ticks until cells are put together and forgotten */
#define WARM_TICKS   40
#define NUMBER_BYTES 1 /* of a cell, before each block */

struct held {
    struct space_cell at;
    uint32_t have[HAVES_MAX];
};

struct receiver {
    struct held held[HELD_MAX];
    unsigned held_n;
    int x_m, z_m;
};

struct phase {
    const char *name;
    double ms, worst_ms;
};

static double now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

static double note(struct phase *phase, double since, bool counts)
{
    double now = now_ms();
    if (counts) {
        phase->ms += now - since;
        phase->worst_ms = now - since > phase->worst_ms ? now - since : phase->worst_ms;
    }
    return now;
}

static struct held *hold(struct receiver *receiver, struct space_cell at)
{
    for (unsigned i = 0; i < receiver->held_n; i++) {
        if (space_cell_same(receiver->held[i].at, at))
            return &receiver->held[i];
    }
    if (receiver->held_n == HELD_MAX)
        receiver->held_n = 0;
    struct held *held = &receiver->held[receiver->held_n++];
    held->at = at;
    memset(held->have, 0xff, sizeof(held->have));
    return held;
}

static unsigned tier_of(const struct receiver *receiver, struct space_cell at)
{
    int edge = SPACE_CELL_M >> at.level;
    int dx = abs(at.x * edge + edge / 2 - receiver->x_m) - edge / 2;
    int dz = abs(at.z * edge + edge / 2 - receiver->z_m) - edge / 2;
    int far = dx > dz ? dx : dz;
    unsigned tier = 1;
    for (int reach = NEAR_M; far > reach && tier < 4; reach *= 2)
        tier++;
    return tier;
}

static uint64_t tell(struct snapshot *snapshot, struct receiver *receiver, unsigned phase,
                     const struct snapshot_cell *leaf)
{
    static uint8_t record[16384]; /* where a session would gather */
    struct space_cell at = snapshot_cell_at(leaf);
    unsigned tier = tier_of(receiver, at);
    uint64_t bytes = 0;
    if ((snapshot_tick(snapshot) + phase) % (1u << tier) != 0)
        return 0;
    struct held *held = hold(receiver, at);
    for (uint16_t part = 0; part < snapshot_cell_parts(leaf) && part < HAVES_MAX; part++) {
        struct snapshot_block block;
        if (snapshot_block(snapshot, leaf, part, held->have[part], tier, 0, &block) != 1)
            continue;
        memcpy(record, block.bytes, block.bytes_n);
        held->have[part] = block.to;
        bytes += NUMBER_BYTES + block.bytes_n;
    }
    return bytes;
}

static uint64_t tell_all(struct snapshot *snapshot, struct receiver *receivers,
                         unsigned receivers_n)
{
    const struct snapshot_cell *leaves[SPACE_LEAVES_MAX];
    uint64_t bytes = 0;
    for (int c = 0; c < 9; c++) {
        size_t n =
            snapshot_leaves(snapshot, (struct space_cell){c % 3 - 1, c / 3 - 1, 0}, 0, leaves);
        for (unsigned i = 0; i < receivers_n; i++) {
            for (size_t k = 0; k < n; k++)
                bytes += tell(snapshot, &receivers[i], i * 7, leaves[k]);
        }
    }
    return bytes;
}

/* What blocks of two ticks hold and take, their cells' numbers included, by the level of their
 * cells. */
struct weight {
    uint64_t bytes, moved, turned, others;
};

static void weigh_record(void *context, const struct cellblock_header *header,
                         const struct cellblock_record *record)
{
    struct weight *weight = context;
    (void)header;
    weight->moved += record->kind == CELLBLOCK_MOVED;
    weight->turned += record->kind == CELLBLOCK_MOVED && record->turned;
    weight->others += record->kind != CELLBLOCK_MOVED;
}

static void weigh(struct snapshot *snapshot, const struct snapshot_cell *leaf,
                  struct weight weights[SPACE_LEVEL_MAX + 1])
{
    struct weight *weight = &weights[snapshot_cell_at(leaf).level];
    for (uint16_t part = 0; part < snapshot_cell_parts(leaf); part++) {
        struct space_cell at = snapshot_cell_at(leaf);
        struct cellblock_header header = {.key = {.level = at.level, .x = at.x, .z = at.z},
                                          .to = snapshot_tick(snapshot)};
        struct snapshot_block block;
        struct wire_reader r;
        if (snapshot_block(snapshot, leaf, part, snapshot_tick(snapshot) - 2, 1, 0, &block) != 1)
            continue;
        wire_reader_init(&r, block.bytes, block.bytes_n);
        if (cellblock_parse(&r, &header, weigh_record, weight) != PROTOCOL_OK)
            exit(1);
        weight->bytes += NUMBER_BYTES + block.bytes_n;
    }
}

static void weigh_all(struct snapshot *snapshot, struct weight weights[SPACE_LEVEL_MAX + 1])
{
    const struct snapshot_cell *leaves[SPACE_LEAVES_MAX];
    for (int c = 0; c < 9; c++) {
        size_t n =
            snapshot_leaves(snapshot, (struct space_cell){c % 3 - 1, c / 3 - 1, 0}, 0, leaves);
        for (size_t k = 0; k < n; k++)
            weigh(snapshot, leaves[k], weights);
    }
}

static void print_weights(const struct weight weights[SPACE_LEVEL_MAX + 1])
{
    for (unsigned level = 0; level <= SPACE_LEVEL_MAX; level++) {
        const struct weight *w = &weights[level];
        if (w->moved > 0)
            printf("  level %u: %.2f bytes a moved record (%.0f %% turned, %.1f %% others)\n",
                   level, (double)w->bytes / (double)w->moved,
                   100.0 * (double)w->turned / (double)w->moved,
                   100.0 * (double)w->others / (double)(w->moved + w->others));
    }
}

/* All go, and after a while a tick costs what it costs in a world that nobody ever came to. */
static void empty(struct sim *sim, unsigned figures_n, unsigned ticks)
{
    struct command *leaves = calloc(figures_n + 1, sizeof(*leaves));
    struct sim_event *events = calloc(2 * (size_t)figures_n + 2, sizeof(*events));
    struct sim_step_counts counts = {0};
    double since = 0;

    if (!leaves || !events)
        exit(1);
    for (unsigned i = 0; i < figures_n; i++)
        leaves[i] = (struct command){
            .session = SESSION_SCRIPTED_FIRST + i, .sequence = UINT32_MAX, .kind = COMMAND_LEAVE};
    for (unsigned i = 0; i < WARM_EMPTY + ticks; i++) {
        struct snapshot *snapshot;

        if (i == WARM_EMPTY)
            since = now_ms();
        sim_step(sim, leaves, i == 0 ? figures_n : 0, events, &counts);
        snapshot = sim_snapshot(sim);
        snapshot_unref(snapshot);
    }
    printf("all gone: %u figures, %u cells: %.4f ms a tick\n", counts.entities, counts.cells,
           (now_ms() - since) / ticks);
    free(leaves);
    free(events);
}

int main(int argc, char **argv)
{
    unsigned figures_n = argc > 1 ? (unsigned)atoi(argv[1]) : 10000;
    unsigned receivers_n = argc > 2 ? (unsigned)atoi(argv[2]) : 200;
    unsigned ticks = argc > 3 ? (unsigned)atoi(argv[3]) : 200;
    struct heightfield *field = heightfield_new(1, 8192);
    struct sim_config config = {.field = field,
                                .entities_max = figures_n + 1,
                                .divide_above = SIM_DIVIDE_ABOVE,
                                .readers = 1};
    struct script script = {.figures_n = figures_n,
                            .radius_m = MIDDLE_M,
                            .x = MIDDLE_M * SPACE_UNITS_PER_M,
                            .z = MIDDLE_M * SPACE_UNITS_PER_M,
                            .seed = 1,
                            .first_tick = 1};
    struct phase phases[] = {
        {.name = "script"}, {.name = "step"}, {.name = "snapshot"}, {.name = "blocks"}};
    struct receiver *receivers = calloc(receivers_n + 1, sizeof(*receivers));
    struct command *commands = calloc(script_room(&script), sizeof(*commands));
    struct sim_event *events = calloc(2 * script_room(&script), sizeof(*events));
    struct sim_step_counts counts = {0};
    struct error error;
    struct sim *sim = field ? sim_new(&config, &error) : NULL;
    struct weight weights[SPACE_LEVEL_MAX + 1] = {{0}};
    uint64_t bytes = 0;
    unsigned warm = figures_n / 100 + WARM_TICKS;

    if (!sim || !receivers || !commands || !events)
        return 1;
    for (unsigned i = 0; i < receivers_n; i++) {
        receivers[i].x_m = (int)(i * 37 % 64);
        receivers[i].z_m = (int)(i * 23 % 64);
    }
    for (uint32_t tick = 1; tick <= warm + ticks; tick++) {
        bool counted = tick > warm;
        double since = now_ms();
        size_t n = script_commands(&script, tick, commands);
        since = note(&phases[0], since, counted);
        sim_step(sim, commands, n, events, &counts);
        since = note(&phases[1], since, counted);
        struct snapshot *snapshot = sim_snapshot(sim);
        since = note(&phases[2], since, counted);
        uint64_t told = tell_all(snapshot, receivers, receivers_n);
        note(&phases[3], since, counted);
        bytes += counted ? told : 0;
        if (counted && tick % 10 == 0)
            weigh_all(snapshot, weights);
        snapshot_unref(snapshot);
    }
    double sum = 0;
    printf("%u figures, %u cells, %u receivers, %u ticks; CPU ms a tick\n", counts.entities,
           counts.cells, receivers_n, ticks);
    for (unsigned i = 0; i < sizeof(phases) / sizeof(phases[0]); i++) {
        printf("  %-9s %7.3f  worst %7.3f\n", phases[i].name, phases[i].ms / ticks,
               phases[i].worst_ms);
        sum += phases[i].ms / ticks;
    }
    printf("  %-9s %7.3f  of 50: %.1f %% of a core\n", "all", sum, sum * 2);
    if (receivers_n)
        printf("  %.1f KB/s a receiver\n", (double)bytes / ticks * 20 / receivers_n / 1000);
    print_weights(weights);
    empty(sim, figures_n, ticks);
    sim_free(sim);
    heightfield_free(field);
    free(receivers);
    free(commands);
    free(events);
    return 0;
}
