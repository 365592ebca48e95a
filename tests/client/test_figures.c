/* Others, as the world shows them, under a model of a server: cells told of at tiers and phases of
 * their own, tellings left out, cells divided and put together, lines that stop. Whatever comes,
 * figures stay near where they truly were, on the ground, never run faster than 1.5 times what
 * anyone can, never go back, and settle at twice their cell's interval. Jumps are jumps. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/cellblock.h"
#include "common/compiler.h"
#include "common/protocol.h"
#include "game/camera.h"
#include "game/world.h"

#define FIGURES    48
#define STRAIGHT   8 /* the first ones walk one way for ever */
#define TICKS      640
#define FRAME_US   16667
#define TICK_US    50000
#define DELAY_US   30000
#define ROOTS_EDGE 4 /* level 0 cells along an edge of the world that is in view */
#define KEYS_MAX   (ROOTS_EDGE * ROOTS_EDGE * 5)
#define ROOM_M     115.0
#define SELF_ID    999
#define WORLD_M    1024
#define NEVER      UINT32_MAX
#define LOG_TICKS  32

struct scenario {
    const char *name;
    unsigned seed;
    unsigned tier_low, tier_high; /* each cell draws one of them, */
    unsigned tier_ticks;          /* and another after so many ticks; 0: keeps it */
    unsigned jitter_us;
    unsigned withheld_percent;    /* of tellings that are due */
    unsigned divide_ticks;        /* a cell is divided or put together each so many; 0: never */
    unsigned stop_at, stop_ticks; /* nothing is sent for so long */
    unsigned teleport_ticks;      /* one figure is put elsewhere each so many; 0: never */
    double off_most_m;            /* from the nearest true place of the last window_ticks */
    unsigned window_ticks;
};

struct key {
    struct space_cell cell;
    bool used;
    uint32_t have, dirty; /* dirty: first tick of what was not told yet; NEVER: nothing */
    unsigned tier, phase;
    bool holds[FIGURES];
    bool away[FIGURES]; /* was elsewhere for a while since */
};

struct message {
    struct message *next;
    uint64_t at_us;
    struct protocol_frame frame;
    uint8_t bytes[];
};

struct model {
    const struct scenario *scenario;
    unsigned seed;
    struct heightfield *field;
    struct world *world;
    struct space_pos truth[TICKS][FIGURES];
    double x[FIGURES], z[FIGURES], angle[FIGURES], speed[FIGURES];
    uint32_t teleported[FIGURES]; /* tick; 0: never */
    struct key keys[KEYS_MAX];
    bool divided[ROOTS_EDGE * ROOTS_EDGE];
    struct message *first, **last;
    uint64_t newest_at_us;
    uint8_t blocks[32768]; /* of this tick, so far */
    size_t blocks_n;
    /* What was shown last. */
    bool was_shown[FIGURES];
    struct space_pos was[FIGURES];
    double worst_off_m, worst_speed, late_sum_s;
    unsigned late_n, checks, jumps;
};

static unsigned draw(struct model *m, unsigned below)
{
    m->seed = m->seed * 1664525u + 1013904223u;
    return (m->seed >> 8) % below;
}

/* ---- the truth ---- */

static void walk(struct model *m, uint32_t tick)
{
    const struct scenario *s = m->scenario;
    unsigned elsewhere = s->teleport_ticks && tick && tick % s->teleport_ticks == 0
                             ? STRAIGHT + draw(m, FIGURES - STRAIGHT)
                             : FIGURES;
    for (unsigned i = 0; i < FIGURES; i++) {
        if (tick == 0) {
            m->x[i] = i < STRAIGHT ? -ROOM_M : draw(m, 2000) * ROOM_M / 1000 - ROOM_M;
            m->z[i] = draw(m, 2000) * ROOM_M / 1000 - ROOM_M;
            m->speed[i] = 4;
            m->angle[i] = draw(m, 628) / 100.0;
        } else if (i >= STRAIGHT && draw(m, 40) == 0) {
            static const double speeds[] = {0, 4, 8, 8};
            m->speed[i] = speeds[draw(m, ARRAY_N(speeds))];
            m->angle[i] = draw(m, 628) / 100.0;
        }
        if (i < STRAIGHT)
            m->angle[i] = 0;
        double x = m->x[i] + cos(m->angle[i]) * m->speed[i] / 20;
        double z = m->z[i] + sin(m->angle[i]) * m->speed[i] / 20;
        if (fabs(x) < ROOM_M + 10 && fabs(z) < ROOM_M + 10) {
            m->x[i] = x;
            m->z[i] = z;
        }
        if (i == elsewhere) {
            m->x[i] += m->x[i] > 0 ? -60 : 60;
            m->teleported[i] = tick;
        }
        struct space_pos p = {(int32_t)(m->x[i] * SPACE_UNITS_PER_M), 0,
                              (int32_t)(m->z[i] * SPACE_UNITS_PER_M)};
        p.y = heightfield_at(m->field, p.x, p.z);
        m->truth[tick][i] = p;
    }
}

/* ---- the server ---- */

static void post(struct model *m, uint8_t type, const uint8_t *body, size_t n)
{
    struct message *message = malloc(sizeof(*message) + n);
    assert_non_null(message);
    memcpy(message->bytes, body, n);
    message->next = NULL;
    message->at_us = m->newest_at_us;
    message->frame = (struct protocol_frame){type, message->bytes, n, n};
    *m->last = message;
    m->last = &message->next;
}

static void post_frame(struct model *m, const uint8_t *bytes, const struct wire_writer *w)
{
    struct protocol_frame frame;
    assert_false(w->bad);
    assert_int_equal(protocol_frame_parse(bytes, wire_written(w), 65537, &frame), PROTOCOL_OK);
    post(m, frame.type, frame.body, frame.body_bytes);
}

static struct protocol_key wire_key(const struct key *key)
{
    return (struct protocol_key){.level = key->cell.level, .x = key->cell.x, .z = key->cell.z};
}

static uint16_t number_of(const struct model *m, const struct key *key)
{
    return (uint16_t)(key - m->keys);
}

/* What the cells of a tick have to tell goes into one message, as a server does it. */
static void post_blocks(struct model *m)
{
    if (m->blocks_n > 0)
        post(m, PROTOCOL_BLOCKS, m->blocks, m->blocks_n);
    m->blocks_n = 0;
}

static void post_view(struct model *m, const struct key *key, bool gained)
{
    post_blocks(m);
    uint8_t bytes[64];
    struct wire_writer w;
    struct protocol_gain gain = {wire_key(key), number_of(m, key)};
    wire_writer_init(&w, bytes, sizeof(bytes));
    protocol_encode_view(&w, &gain, gained, &gain.number, !gained);
    post_frame(m, bytes, &w);
}

static unsigned root_of(struct space_cell cell)
{
    struct space_cell root = space_cell_up(cell, 0);
    return (unsigned)(root.x + ROOTS_EDGE / 2) + ROOTS_EDGE * (unsigned)(root.z + ROOTS_EDGE / 2);
}

static struct space_cell leaf_at(const struct model *m, struct space_pos p)
{
    return space_cell_at(p, m->divided[root_of(space_cell_of(p))] ? 1 : 0);
}

static struct key *gain(struct model *m, struct space_cell cell)
{
    const struct scenario *s = m->scenario;
    struct key *key = m->keys;
    while (key->used)
        key++;
    assert_true(key < m->keys + KEYS_MAX);
    memset(key, 0, sizeof(*key));
    key->used = true;
    key->cell = cell;
    key->have = CELLBLOCK_NONE;
    key->dirty = NEVER;
    key->tier = s->tier_low + draw(m, s->tier_high - s->tier_low + 1);
    key->phase = draw(m, 16);
    post_view(m, key, true);
    return key;
}

static struct cellblock_record record_of(const struct model *m, enum cellblock_kind kind,
                                         unsigned i, uint32_t tick)
{
    struct space_pos p = m->truth[tick][i];
    int32_t x, z;
    cellblock_quantise_place(p, &x, &z);
    return (struct cellblock_record){
        .kind = kind,
        .index = (uint16_t)i,
        .entity = i + 1,
        .to = leaf_at(m, p),
        .placed = true,
        .turned = true,
        .state = cellblock_state_of(p, 0, MOVEMENT_WALKING, heightfield_at(m->field, x, z)),
    };
}

static bool moved_since(const struct model *m, unsigned i, uint32_t then, uint32_t now)
{
    return memcmp(&m->truth[then][i], &m->truth[now][i], sizeof(struct space_pos)) != 0;
}

static bool member(const struct model *m, const struct key *key, unsigned i, uint32_t now)
{
    return space_cell_same(leaf_at(m, m->truth[now][i]), key->cell);
}

static bool is_news(const struct model *m, const struct key *key, unsigned i, uint32_t now,
                    enum cellblock_kind kind, bool full)
{
    bool in = member(m, key, i, now), was = key->holds[i] && !full;
    switch (kind) {
    case CELLBLOCK_LEFT:
        return was && (!in || key->away[i]);
    case CELLBLOCK_ENTERED:
        return in && (!was || key->away[i]);
    case CELLBLOCK_MOVED:
        return in && was && !key->away[i] && moved_since(m, i, key->have, now);
    case CELLBLOCK_CHANGED:
        break;
    }
    return false;
}

static void tell(struct model *m, struct key *key, uint32_t now)
{
    struct cellblock_record records[3 * FIGURES];
    uint8_t block[CELLBLOCK_MAX_BYTES];
    struct wire_writer w;
    size_t n = 0;
    bool full = key->have == CELLBLOCK_NONE || now - key->dirty >= LOG_TICKS;
    struct cellblock_header header = {.key = wire_key(key),
                                      .last = CELLBLOCK_PART - 1,
                                      .from = full ? CELLBLOCK_NONE : key->have,
                                      .to = now};
    for (unsigned kind = CELLBLOCK_LEFT; kind <= CELLBLOCK_MOVED; kind++) {
        for (unsigned i = 0; i < FIGURES; i++) {
            if (is_news(m, key, i, now, (enum cellblock_kind)kind, full))
                records[n++] = record_of(m, (enum cellblock_kind)kind, i, now);
        }
    }
    for (unsigned i = 0; i < FIGURES; i++) {
        key->holds[i] = member(m, key, i, now);
        key->away[i] = false;
    }
    size_t bytes = cellblock_encode(&header, records, n, block, sizeof(block));
    assert_true(bytes > 0);
    wire_writer_init(&w, m->blocks + m->blocks_n, sizeof(m->blocks) - m->blocks_n);
    if (m->blocks_n == 0)
        wire_put_u32(&w, now);
    protocol_put_number(&w, number_of(m, key));
    wire_put_bytes(&w, block, bytes);
    assert_false(w.bad);
    m->blocks_n += wire_written(&w);
    key->have = now;
    key->dirty = NEVER;
}

/* A level 0 cell becomes its quarters, or these become it. */
static void divide(struct model *m, unsigned root, uint32_t now)
{
    struct space_cell cell = {(int32_t)(root % ROOTS_EDGE) - ROOTS_EDGE / 2,
                              (int32_t)(root / ROOTS_EDGE) - ROOTS_EDGE / 2, 0};
    struct key *old[4];
    unsigned old_n = 0;
    for (unsigned k = 0; k < KEYS_MAX; k++) {
        if (m->keys[k].used && root_of(m->keys[k].cell) == root)
            old[old_n++] = &m->keys[k];
    }
    m->divided[root] = !m->divided[root];
    for (int i = 0; i < (m->divided[root] ? 4 : 1); i++) {
        struct space_cell leaf = {cell.x * 2 + i % 2, cell.z * 2 + i / 2, 1};
        tell(m, gain(m, m->divided[root] ? leaf : cell), now);
    }
    for (unsigned i = 0; i < old_n; i++) {
        old[i]->dirty = now;
        tell(m, old[i], now);
        post_view(m, old[i], false);
        old[i]->used = false;
    }
}

static void visit_key(struct model *m, struct key *key, uint32_t now)
{
    const struct scenario *s = m->scenario;
    if (!key->used || key->have == now)
        return;
    if (s->tier_ticks && draw(m, s->tier_ticks) == 0)
        key->tier = s->tier_low + draw(m, s->tier_high - s->tier_low + 1);
    for (unsigned i = 0; i < FIGURES && key->have != CELLBLOCK_NONE; i++) {
        bool in = member(m, key, i, now);
        key->away[i] = key->away[i] || (key->holds[i] && !in);
        if (key->dirty == NEVER &&
            (in != key->holds[i] || (in && moved_since(m, i, key->have, now))))
            key->dirty = now;
    }
    bool due = key->have == CELLBLOCK_NONE ||
               (key->dirty != NEVER &&
                (key->have + key->phase) >> key->tier != (now + key->phase) >> key->tier);
    if (due && draw(m, 100) >= s->withheld_percent &&
        !(now >= s->stop_at && now < s->stop_at + s->stop_ticks))
        tell(m, key, now);
}

static void post_self(struct model *m, uint32_t now)
{
    uint8_t bytes[4096];
    struct wire_writer w;
    struct protocol_identity identity = {.rows_n = FIGURES};
    wire_writer_init(&w, bytes, sizeof(bytes));
    protocol_encode_self(&w, &(struct protocol_self){.tick = now});
    post_frame(m, bytes, &w);
    if (now % 10 != 1)
        return;
    for (unsigned i = 0; i < FIGURES; i++)
        identity.rows[i] =
            (struct protocol_identity_row){.id = i + 1, .looks = i + 1, .name = wire_text_of("x")};
    wire_writer_init(&w, bytes, sizeof(bytes));
    protocol_encode_identity(&w, &identity);
    post_frame(m, bytes, &w);
}

static void serve(struct model *m, uint32_t now)
{
    const struct scenario *s = m->scenario;
    uint64_t at = (uint64_t)now * TICK_US + DELAY_US + (s->jitter_us ? draw(m, s->jitter_us) : 0);
    if (at > m->newest_at_us)
        m->newest_at_us = at;
    if (now == 0) {
        for (int z = 0; z < ROOTS_EDGE; z++) {
            for (int x = 0; x < ROOTS_EDGE; x++)
                gain(m, (struct space_cell){x - ROOTS_EDGE / 2, z - ROOTS_EDGE / 2, 0});
        }
    }
    if (s->divide_ticks && now > 40 && now % s->divide_ticks == 0)
        divide(m, draw(m, ROOTS_EDGE * ROOTS_EDGE), now);
    for (unsigned k = 0; k < KEYS_MAX; k++)
        visit_key(m, &m->keys[k], now);
    post_blocks(m);
    if (!(now >= s->stop_at && now < s->stop_at + s->stop_ticks))
        post_self(m, now);
}

/* ---- the eye ---- */

static double metres(struct space_pos a, struct space_pos b)
{
    return hypot((double)a.x - b.x, (double)a.z - b.z) / SPACE_UNITS_PER_M;
}

/* From the nearest true place of the last ticks; *late_s: how long ago that was. */
static double off_m(const struct model *m, unsigned i, struct space_pos pos, uint64_t now_us,
                    double *late_s)
{
    uint32_t now = (uint32_t)(now_us / TICK_US);
    double least = INFINITY;
    for (uint32_t back = 0; back <= m->scenario->window_ticks && back <= now; back++) {
        double off = metres(m->truth[now - back][i], pos);
        if (off < least) {
            least = off;
            *late_s = (double)now_us * 1e-6 - (now - back) * 0.05;
        }
    }
    return least;
}

static void check_figure(struct model *m, unsigned i, struct space_pos pos, uint64_t now_us)
{
    const struct scenario *s = m->scenario;
    double late_s = 0, off = off_m(m, i, pos, now_us, &late_s);
    if (off > m->worst_off_m)
        m->worst_off_m = off;
    assert_int_equal(pos.y, heightfield_at(m->field, pos.x, pos.z));
    if (m->was_shown[i]) {
        double way = metres(m->was[i], pos);
        bool jump = m->teleported[i] && way > 40;
        m->jumps += jump;
        if (!jump && way / (FRAME_US * 1e-6) > m->worst_speed)
            m->worst_speed = way / (FRAME_US * 1e-6);
        if (i < STRAIGHT)
            assert_true(pos.x >= m->was[i].x);
    }
    m->was[i] = pos;
    m->was_shown[i] = true;
    if (now_us > (uint64_t)TICK_US * (TICKS - 160) && i < STRAIGHT && !s->tier_ticks) {
        m->late_sum_s += late_s;
        m->late_n++;
    }
    m->checks++;
}

/* What has arrived. */
static void take(struct model *m, uint64_t now_us)
{
    while (m->first && m->first->at_us <= now_us) {
        struct message *message = m->first;
        assert_true(world_message(m->world, &message->frame, now_us));
        m->first = message->next;
        if (!m->first)
            m->last = &m->first;
        free(message);
    }
}

static void forget_move(void *context, const struct protocol_move *move)
{
    (void)context;
    (void)move;
}

static void look(struct model *m, uint64_t now_us)
{
    take(m, now_us);
    struct world_shown shown = world_show(m->world, now_us, FRAME_US);
    for (uint32_t i = 0; i < shown.figures_n; i++) {
        uint32_t looks = shown.figures[i].looks;
        if (shown.figures[i].id != WORLD_SELF_FIGURE && looks > 0)
            check_figure(m, looks - 1, shown.figures[i].pos, now_us);
    }
}

static void begin(struct model *m)
{
    uint8_t hash[HEIGHTFIELD_HASH_BYTES];
    m->last = &m->first;
    m->field = heightfield_new(1, WORLD_M);
    heightfield_hash(m->field, hash);
    const struct protocol_welcome welcome = {.entity = SELF_ID,
                                             .tick_hz = 20,
                                             .view_m = 192,
                                             .world_seed = 1,
                                             .world_size_m = WORLD_M,
                                             .world_hash = hash};
    m->world = world_new(&welcome, NULL);
    assert_non_null(m->world);
}

static void end(struct model *m)
{
    while (m->first) {
        struct message *message = m->first;
        m->first = message->next;
        free(message);
    }
    world_free(m->world);
    heightfield_free(m->field);
}

static void run(struct model *m, const struct scenario *scenario)
{
    memset(m, 0, sizeof(*m));
    m->scenario = scenario;
    m->seed = scenario->seed;
    begin(m);
    uint64_t now_us = 0;
    for (uint32_t tick = 0; tick < TICKS; tick++) {
        walk(m, tick);
        serve(m, tick);
        for (; now_us < (uint64_t)(tick + 1) * TICK_US; now_us += FRAME_US)
            look(m, now_us);
    }
    end(m);
    print_message("%s: off %.2f m, %.1f m/s, late %.0f ms, %u looks, %u jumps\n", scenario->name,
                  m->worst_off_m, m->worst_speed, m->late_n ? m->late_sum_s / m->late_n * 1000 : 0,
                  m->checks, m->jumps);
    assert_true(m->checks > FIGURES * (TICKS - 40) * 2);
    if (!scenario->teleport_ticks)
        assert_int_equal(m->jumps, 0);
    assert_true(m->worst_off_m <= scenario->off_most_m);
    assert_true(m->worst_speed <= 1.5 * MOVEMENT_RUN_M_S);
}

static void run_all(const struct scenario *scenarios, unsigned n)
{
    struct model *m = malloc(sizeof(*m));
    assert_non_null(m);
    for (unsigned i = 0; i < n; i++) {
        struct scenario scenario = scenarios[i];
        for (scenario.seed = 1; scenario.seed <= 3; scenario.seed++)
            run(m, &scenario);
        if (scenario.teleport_ticks)
            assert_true(m->jumps > 0);
    }
    free(m);
}

/* Each figure is late by its own cell's interval, whatever the others' are. */
static void test_lateness(void **state)
{
    (void)state;
    struct model *m = malloc(sizeof(*m));
    assert_non_null(m);
    for (unsigned tier = 0; tier <= 4; tier++) {
        for (unsigned jitter_us = 0; jitter_us <= 40000; jitter_us += 40000) {
            double want_s = 2 * 0.05 * (1 << tier) + (DELAY_US + jitter_us) * 1e-6;
            struct scenario s = {.name = "steady",
                                 .seed = 7,
                                 .tier_low = tier,
                                 .tier_high = tier,
                                 .jitter_us = jitter_us,
                                 .off_most_m = 0.25 * (1 << tier) + 0.1,
                                 .window_ticks = 4 + 5 * (1u << tier)};
            run(m, &s);
            double late_s = m->late_sum_s / m->late_n;
            assert_true(late_s > want_s - 0.05 - 0.01 * (1 << tier));
            assert_true(late_s < want_s + 0.05 + 0.01 * (1 << tier));
        }
    }
    free(m);
}

/* Walks lead from cells of one tier into those of another. */
static void test_tiers(void **state)
{
    (void)state;
    static const struct scenario scenarios[] = {
        {.name = "0 beside 4", .tier_high = 4, .off_most_m = 4, .window_ticks = 90},
        {.name = "changing tiers",
         .tier_high = 4,
         .tier_ticks = 100,
         .jitter_us = 30000,
         .off_most_m = 4,
         .window_ticks = 90},
    };
    run_all(scenarios, ARRAY_N(scenarios));
}

static void test_divisions(void **state)
{
    (void)state;
    static const struct scenario scenarios[] = {
        {.name = "dividing, near", .divide_ticks = 7, .off_most_m = 0.5, .window_ticks = 30},
        {.name = "dividing",
         .tier_high = 4,
         .divide_ticks = 7,
         .jitter_us = 30000,
         .off_most_m = 4,
         .window_ticks = 90},
    };
    run_all(scenarios, ARRAY_N(scenarios));
}

static void test_losses(void **state)
{
    (void)state;
    static const struct scenario scenarios[] = {
        {.name = "half withheld",
         .tier_high = 2,
         .withheld_percent = 50,
         .jitter_us = 30000,
         .off_most_m = 6,
         .window_ticks = 120},
        {.name = "all at once",
         .tier_high = 4,
         .tier_ticks = 100,
         .withheld_percent = 30,
         .divide_ticks = 11,
         .jitter_us = 100000,
         .off_most_m = 8,
         .window_ticks = 160},
        {.name = "a stopped line",
         .tier_high = 2,
         .stop_at = 200,
         .stop_ticks = 26,
         .off_most_m = 6,
         .window_ticks = 160},
        /* Longer than the log: full blocks come, and figures have crossed cells meanwhile. */
        {.name = "a line that stood still for long",
         .tier_high = 2,
         .stop_at = 200,
         .stop_ticks = 70,
         .off_most_m = 12, /* glided straight over it */
         .window_ticks = 200},
    };
    run_all(scenarios, ARRAY_N(scenarios));
}

static void test_teleports(void **state)
{
    (void)state;
    static const struct scenario scenarios[] = {
        {.name = "put elsewhere",
         .tier_high = 4,
         .teleport_ticks = 9,
         .off_most_m = 4,
         .window_ticks = 90},
        {.name = "put elsewhere, dividing",
         .tier_high = 2,
         .teleport_ticks = 9,
         .divide_ticks = 9,
         .jitter_us = 30000,
         .off_most_m = 4,
         .window_ticks = 90},
    };
    run_all(scenarios, ARRAY_N(scenarios));
}

/* Oneself, put elsewhere: shown there with the next frame, and every later one; so is the camera.
 */
static void test_oneself_put_elsewhere(void **state)
{
    (void)state;
    static const struct movement_intent running = {.heading = 16384,
                                                   .flags = MOVEMENT_WALK | MOVEMENT_RUN};
    struct model *m = calloc(1, sizeof(*m));
    struct camera camera;
    struct protocol_self self = {.tick = 1};
    assert_non_null(m);
    begin(m);
    camera_init(&camera, 0);
    for (uint64_t frame = 1; frame <= 240; frame++) {
        uint8_t bytes[64];
        struct wire_writer w;
        self.tick++;
        if (frame == 100) {
            self.teleports++;
            self.pos = (struct space_pos){400 * SPACE_UNITS_PER_M, 0, -300 * SPACE_UNITS_PER_M};
        }
        self.pos.y = heightfield_at(m->field, self.pos.x, self.pos.z);
        wire_writer_init(&w, bytes, sizeof(bytes));
        protocol_encode_self(&w, &self);
        post_frame(m, bytes, &w);
        if (frame == 1 || frame == 100)
            take(m, frame * FRAME_US);
        world_advance(m->world, &running, FRAME_US, forget_move, NULL);
        struct world_shown shown = world_show(m->world, frame * FRAME_US, FRAME_US);
        struct camera_view view = camera_follow(&camera, shown.self, m->field, FRAME_US * 1e-6f);
        struct space_pos from = {0};
        if (frame >= 100)
            from = self.pos;
        /* It runs on from there; what it had run before without an answer is run again. */
        assert_true(metres(from, shown.self) < 40);
        assert_true(metres(view.eye, shown.self) < camera.distance_m + 0.1);
        int32_t focus_y = heightfield_at(m->field, shown.self.x, shown.self.z);
        assert_true(abs(camera.focus.y - focus_y) < 2 * SPACE_UNITS_PER_M);
    }
    end(m);
    free(m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lateness),  cmocka_unit_test(test_tiers),
        cmocka_unit_test(test_divisions), cmocka_unit_test(test_losses),
        cmocka_unit_test(test_teleports), cmocka_unit_test(test_oneself_put_elsewhere),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
