/* test_paces.c -- what players see of each other when they are told by tiers, within a budget,
 * under a floor, after a stall, of cells that are divided: each receiver over TLS against the
 * server, tick by tick, on one thread. */
#include "scene.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "net/tls_pool.h"
#include "ops/metrics.h"
#include "play/pressure.h"
#include "play/tiers.h"

#define FIGURES 400 /* but for the great crowd */
#define CROWD   10000
#define HISTORY 128 /* ticks that positions are remembered */

struct mark {
    int32_t x, z; /* wire quanta */
};

static struct stage {
    struct scene *scene;
    uint64_t figures[CROWD]; /* sessions */
    uint64_t entities[CROWD];
    uint32_t sequence[CROWD];
    unsigned figures_n;
    struct mark history[HISTORY][CROWD];
    uint32_t tick;
    bool patient; /* the kernel is given real time, too */
} stage;

static unsigned draw(unsigned n)
{
    return (unsigned)rand() % n;
}

/* ---- allocations, counted while the server's loop runs ---- */

static uint64_t allocations;

#if defined(__GLIBC__) && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#define COUNTS_ALLOCATIONS true

/* glibc's own, behind the names that a program may take. */
extern void *__libc_malloc(size_t bytes);
extern void *__libc_calloc(size_t n, size_t bytes);
extern void *__libc_realloc(void *old, size_t bytes);

static void count(void)
{
    allocations += stage.scene != NULL && stage.scene->serving;
}

void *malloc(size_t bytes)
{
    count();
    return __libc_malloc(bytes);
}

void *calloc(size_t n, size_t bytes)
{
    count();
    return __libc_calloc(n, bytes);
}

void *realloc(void *old, size_t bytes)
{
    count();
    return __libc_realloc(old, bytes);
}
#else
#define COUNTS_ALLOCATIONS false
#endif

/* ---- figures ---- */

/* In a square with its middle at (x, z). */
static void figures_enter_at(unsigned n, int32_t x, int32_t z, int32_t radius_m)
{
    struct snapshot *snapshot;

    stage.figures_n = n;
    for (unsigned i = 0; i < n; i++) {
        stage.figures[i] =
            scene_figure(stage.scene, x + (int32_t)draw(2 * (unsigned)radius_m) - radius_m,
                         z + (int32_t)draw(2 * (unsigned)radius_m) - radius_m);
        stage.sequence[i] = 0;
    }
    scene_step(stage.scene);
    snapshot = sim_snapshot(stage.scene->sim);
    for (uint32_t slot = 0; slot < snapshot_slots_n(snapshot); slot++) {
        const struct snapshot_entity *e = snapshot_slot(snapshot, slot);
        if (e != NULL && e->session - stage.figures[0] < n) /* they are numbered on */
            stage.entities[e->session - stage.figures[0]] = e->id;
    }
    snapshot_unref(snapshot);
}

static void figures_enter(unsigned n, int32_t radius_m)
{
    figures_enter_at(n, 0, 0, radius_m);
}

static void figure_walk(unsigned i, uint16_t heading)
{
    scene_figure_move(stage.scene, stage.figures[i], ++stage.sequence[i], heading);
}

/* All walk on, each its own way. */
static void figures_walk(void)
{
    for (unsigned i = 0; i < stage.figures_n; i++)
        figure_walk(i, (uint16_t)(i * 7919 + stage.sequence[i] / 40 * 20000));
}

static void remember(void)
{
    stage.tick++;
    for (unsigned i = 0; i < stage.figures_n; i++) {
        struct snapshot_entity e;
        if (scene_entity(stage.scene, stage.entities[i], &e))
            stage.history[stage.tick % HISTORY][i] =
                (struct mark){space_wire(e.state.pos.x), space_wire(e.state.pos.z)};
    }
}

/* How many ticks ago a figure was where the player sees it. */
static uint32_t age(const struct replica_entity *seen, unsigned i)
{
    struct mark mark = {space_wire(seen->pos.x), space_wire(seen->pos.z)};

    for (uint32_t ago = 0; ago < HISTORY && ago < stage.tick; ago++) {
        struct mark then = stage.history[(stage.tick - ago) % HISTORY][i];
        if (then.x == mark.x && then.z == mark.z)
            return ago;
    }
    return HISTORY;
}

static struct player *join_at(int32_t x, int32_t z)
{
    struct scene *scene = stage.scene;
    struct player *player;

    scene->spot_x = x;
    scene->spot_z = z;
    scene->stopped = false;
    player = scene_join(scene, "someone");
    scene->stopped = true;
    return player;
}

static unsigned tier_for(const struct snapshot_entity *self, const struct snapshot_entity *other,
                         unsigned shift, unsigned floor)
{
    int64_t dx = llabs((int64_t)self->state.pos.x - other->state.pos.x) / SPACE_UNITS_PER_M + 8;
    int64_t dz = llabs((int64_t)self->state.pos.z - other->state.pos.z) / SPACE_UNITS_PER_M + 8;

    return tiers_of(tiers_base(dx * dx + dz * dz, INT8_MAX), shift, floor);
}

static struct session_figures figures_of(const struct player *player)
{
    struct session_figures figures;
    struct snapshot_entity self;

    assert_true(scene_entity(stage.scene, player->entity, &self));
    assert_int_equal(sessions_figures(stage.scene->sessions, self.session, &figures), 0);
    return figures;
}

/* No neighbour in a cell of tier k is older than 2 * 2^k ticks. Returns the greatest age; *tiers:
 * the tiers that there were, a bit each. */
static uint32_t check_ages(struct player *player, unsigned floor, unsigned *tiers)
{
    int64_t view_m = stage.scene->config.view_m;
    unsigned shift = figures_of(player).shift;
    struct snapshot_entity self;
    uint32_t oldest = 0;

    assert_true(scene_entity(stage.scene, player->entity, &self));
    for (unsigned i = 0; i < stage.figures_n; i++) {
        struct snapshot_entity e;
        struct replica_entity *seen = replica_find(player->replica, stage.entities[i]);
        int64_t dx, dz;
        unsigned tier;
        if (!scene_entity(stage.scene, stage.entities[i], &e))
            continue;
        dx = ((int64_t)e.state.pos.x - self.state.pos.x) / SPACE_UNITS_PER_M;
        dz = ((int64_t)e.state.pos.z - self.state.pos.z) / SPACE_UNITS_PER_M;
        if (dx * dx + dz * dz >= (view_m - 16) * (view_m - 16))
            continue;
        tier = tier_for(&self, &e, shift, floor);
        *tiers |= 1u << tier;
        assert_non_null(seen);
        assert_in_range(age(seen, i), 0, 2u << tier);
        if (age(seen, i) > oldest)
            oldest = age(seen, i);
    }
    return oldest;
}

static void begin(uint16_t view_m, uint32_t budget, uint32_t divide_above)
{
    srand(7);
    memset(&stage, 0, sizeof(stage));
    stage.scene = scene_new_world(0, CROWD + 100, divide_above);
    stage.scene->config.view_m = view_m;
    stage.scene->config.player_budget_bytes = budget;
    stage.scene->stopped = true;
    scene_start(stage.scene);
}

static void end(void)
{
    struct scene *scene = stage.scene;

    stage.scene = NULL; /* its last allocations are not looked at */
    scene_free(scene);
}

static void reconfigure(void)
{
    struct error error = {{0}};

    assert_int_equal(sessions_reconfigure(stage.scene->sessions, &stage.scene->config, &error), 0);
}

/* ---- ages ---- */

/* A wide view, where distance alone makes tiers; a crowd that is divided near one of the players.
 */
static void test_ages(void **state)
{
    struct player *players[3];
    unsigned tiers = 0;
    uint32_t oldest = 0;

    (void)state;
    begin(1024, 1 << 30, 12);
    players[0] = join_at(0, 0); /* on the corner of four cells */
    players[1] = join_at(-600, 300);
    players[2] = join_at(31, 700);
    figures_enter(300, 900);
    for (unsigned i = 0; i < 60; i++)
        scene_figure(stage.scene, (int32_t)draw(40), (int32_t)draw(40));
    for (unsigned i = 0; i < 300; i++) {
        figures_walk();
        for (unsigned k = 0; k < 3; k++)
            player_move(players[k], (uint16_t)(i * 900), MOVEMENT_WALK, 3);
        scene_step(stage.scene);
        remember();
        stage.scene->judged = i > 60;
        for (unsigned k = 0; i > 60 && k < 3; k++) {
            uint32_t age_now = check_ages(players[k], 0, &tiers);
            oldest = age_now > oldest ? age_now : oldest;
        }
    }
    assert_int_equal(tiers, 7); /* 0, 1, 2 */
    assert_in_range(oldest, 3, 8);
    for (unsigned k = 0; k < 3; k++)
        assert_int_equal(players[k]->blinks, 0);
    end();
}

/* ---- anything goes ---- */

static void stir(struct player **players, unsigned players_n, uint32_t tick)
{
    static const uint32_t budgets[] = {4096, 16384, 65536, 1 << 20};
    static const uint16_t views[] = {128, 192, 320};
    struct scene *scene = stage.scene;

    for (unsigned i = 0; i < stage.figures_n; i++) {
        bool gather =
            tick % 200 < 80 && i % 2 == 0; /* half of them all go to one place, and away */
        struct snapshot_entity e;
        if (draw(4) == 0 || !scene_entity(scene, stage.entities[i], &e))
            continue;
        figure_walk(i, gather ? (uint16_t)(e.state.pos.x > 0 ? 16384 : 49152) : (uint16_t)rand());
    }
    for (unsigned k = 0; k < players_n; k++) {
        if (draw(2) == 0)
            player_move(players[k], (uint16_t)(tick / 30 * 9000 + k * 20000), MOVEMENT_WALK, 3);
        if (draw(40) == 0)
            players[k]->still = !players[k]->still && k > 0;
    }
    scene->hidden = draw(6) == 0 || (scene->hidden && draw(3) > 0);
    if (draw(60) != 0)
        return;
    scene->config.player_budget_bytes = budgets[draw(4)];
    scene->config.egress_bytes = draw(2) == 0 ? 0 : 20000 + draw(200000);
    scene->config.view_m = views[draw(3)];
    reconfigure();
}

/* Random tiers, phases, skips, budgets, floors, views, divisions, stalls; after quiet ticks every
 * receiver knows what the server knows. */
static void test_anything(void **state)
{
    struct player *players[5];

    (void)state;
    begin(192, 65536, 10);
    for (unsigned k = 0; k < 5; k++)
        players[k] = join_at((int32_t)draw(200) - 100, (int32_t)draw(200) - 100);
    for (unsigned round = 0; round < 6; round++) {
        figures_enter(150, 200);
        for (uint32_t tick = 0; tick < 200; tick++) {
            stir(players, 5, tick);
            scene_step(stage.scene);
        }
        for (unsigned i = 0; i < 100; i++)
            scene_figure_leave(stage.scene, stage.figures[i]);
        stage.scene->hidden = false;
        for (unsigned k = 0; k < 5; k++)
            players[k]->still = false;
        for (unsigned i = 0; i < 300; i++)
            scene_step(stage.scene);
        for (unsigned k = 0; k < 5; k++) {
            assert_false(player_closed(players[k]));
            replica_expire(players[k]->replica, replica_tick(players[k]->replica) + 100);
            scene_compare(stage.scene, players[k]);
        }
        for (unsigned i = 100; i < 150; i++)
            scene_figure_leave(stage.scene, stage.figures[i]);
    }
    assert_true(metrics_value(METRIC_BLOCKS_WITHHELD) > 0);
    assert_true(metrics_value(METRIC_PLAYERS_SHIFTS) > 0);
    end();
}

/* ---- the budget ---- */

/* Ticks, with all walking. Returns the bytes that the player got. */
static uint64_t walk_for(struct player *player, unsigned ticks)
{
    uint64_t before = player->bytes_in;

    for (unsigned i = 0; i < ticks; i++) {
        figures_walk();
        scene_step(stage.scene);
        if (stage.patient)
            scene_turn(stage.scene);
        remember();
    }
    return player->bytes_in - before;
}

/* Mean age of those nearer than near_m, or of the others. */
static double mean_age(struct player *player, int64_t near_m, bool near)
{
    struct snapshot_entity self, e;
    double sum = 0;
    unsigned n = 0;

    assert_true(scene_entity(stage.scene, player->entity, &self));
    for (unsigned i = 0; i < stage.figures_n; i++) {
        struct replica_entity *seen = replica_find(player->replica, stage.entities[i]);
        int64_t dx, dz;
        if (seen == NULL || !scene_entity(stage.scene, stage.entities[i], &e))
            continue;
        dx = ((int64_t)e.state.pos.x - self.state.pos.x) / SPACE_UNITS_PER_M;
        dz = ((int64_t)e.state.pos.z - self.state.pos.z) / SPACE_UNITS_PER_M;
        if ((dx * dx + dz * dz < near_m * near_m) != near)
            continue;
        sum += age(seen, i);
        n++;
    }
    return n > 0 ? sum / n : 0;
}

static void test_budget(void **state)
{
    struct player *player;
    uint64_t free_bytes, bytes;

    (void)state;
    begin(192, 1 << 20, 32);
    player = join_at(0, 0);
    figures_enter(FIGURES, 100);
    walk_for(player, 60);
    free_bytes = walk_for(player, 100); /* 5 s of the world */
    assert_int_equal(figures_of(player).shift, 0);
    assert_int_equal(player->counts[PROTOCOL_NOTICE], 0);
    assert_true(mean_age(player, 1000, true) < 0.1); /* everybody at 20 Hz */
    assert_true(free_bytes > 100000);
    stage.scene->config.player_budget_bytes = (uint32_t)(free_bytes / 5 / 3);
    reconfigure();
    walk_for(player, 160); /* it finds its place */
    bytes = walk_for(player, 200);
    assert_true(figures_of(player).shift > 0);
    assert_int_equal(metrics_value(METRIC_PLAYERS_SHIFTED), 1);
    assert_int_equal(player->counts[PROTOCOL_NOTICE], 1); /* he is told, once */
    assert_int_equal(player->notice, PROTOCOL_REASON_SHOWN_LESS);
    assert_string_equal(player->text, PACE_WORDS);
    assert_in_range(bytes, free_bytes / 5, free_bytes * 2 / 3 + free_bytes / 15);
    assert_true(mean_age(player, 24, true) < 1);
    assert_true(mean_age(player, 24, true) < mean_age(player, 24, false));
    assert_true(mean_age(player, 24, false) < 20); /* and nobody is forgotten */
    stage.scene->config.player_budget_bytes = 1 << 20;
    reconfigure();
    walk_for(player, 200);
    assert_int_equal(figures_of(player).shift, 0);
    assert_int_equal(metrics_value(METRIC_PLAYERS_SHIFTED), 0);
    assert_int_equal(player->counts[PROTOCOL_NOTICE], 1);
    assert_true(mean_age(player, 1000, true) < 0.1);
    end();
}

/* A budget that is far too small even so: it goes round, and nobody is left out. */
static void test_starved(void **state)
{
    struct player *player;
    unsigned chats;

    (void)state;
    begin(192, 1 << 20, 32);
    player = join_at(0, 0);
    figures_enter(FIGURES, 100);
    walk_for(player, 60);
    stage.scene->config.player_budget_bytes = 2500;
    reconfigure();
    walk_for(player, 300);
    assert_int_equal(figures_of(player).shift, TIERS_SHIFT_MAX);
    chats = player->counts[PROTOCOL_CHAT_LINE]; /* words are not what is short */
    player_chat(player, PROTOCOL_CHANNEL_GLOBAL, "hello?");
    walk_for(player, 6);
    assert_int_equal(player->counts[PROTOCOL_CHAT_LINE], chats + 1);
    for (unsigned i = 0; i < stage.figures_n; i++) {
        struct replica_entity *seen = replica_find(player->replica, stage.entities[i]);
        if (seen != NULL)
            assert_true(age(seen, i) < HISTORY);
    }
    end();
}

/* A crowd comes in where one is, so that the cell is divided, and the new cells' full blocks take
 * longer than orphans are kept: nobody vanishes meanwhile. */
static void test_divided_slowly(void **state)
{
    struct player *player;
    uint32_t cells;

    (void)state;
    begin(192, 1 << 20, 250);
    player = join_at(0, 0);
    for (unsigned i = 0; i < 200; i++)
        scene_figure(stage.scene, 2 + (int32_t)draw(50), 2 + (int32_t)draw(50));
    walk_for(player, 40);
    assert_int_equal(replica_entities_n(player->replica), 201);
    cells = figures_of(player).cells;
    stage.scene->config.player_budget_bytes = 2500;
    reconfigure();
    stage.scene->judged = true;
    for (unsigned i = 0; i < 200; i++)
        scene_figure(stage.scene, 2 + (int32_t)draw(50), 2 + (int32_t)draw(50));
    for (unsigned i = 0; i < 200; i++) {
        walk_for(player, 1);
        replica_expire(player->replica, replica_tick(player->replica));
        assert_true(replica_entities_n(player->replica) >= 201);
        if (i == 3)
            assert_true(figures_of(player).cells > cells); /* the old ones, too */
    }
    assert_int_equal(replica_entities_n(player->replica), 401);
    assert_int_equal(player->blinks, 0);
    scene_compare(stage.scene, player);
    end();
}

/* ---- the great crowd ---- */

struct neighbour {
    int64_t gap2;
    unsigned i;
};

static int nearer(const void *a, const void *b)
{
    const struct neighbour *p = a, *q = b;

    return p->gap2 < q->gap2 ? -1 : p->gap2 > q->gap2;
}

/* All but those of them that are beyond the list, nearest first. */
static void neighbours_sort(const struct player *player, struct neighbour *neighbours)
{
    struct snapshot_entity self, e;

    assert_true(scene_entity(stage.scene, player->entity, &self));
    for (unsigned i = 0; i < CROWD; i++) {
        int64_t dx, dz;
        assert_true(scene_entity(stage.scene, stage.entities[i], &e));
        dx = (int64_t)e.state.pos.x - self.state.pos.x;
        dz = (int64_t)e.state.pos.z - self.state.pos.z;
        neighbours[i] = (struct neighbour){dx * dx + dz * dz, i};
    }
    qsort(neighbours, CROWD, sizeof(neighbours[0]), nearer);
}

/* Everybody takes a few steps, stands, and takes a few steps back. */
static void crowd_mills(unsigned t)
{
    for (unsigned i = 0; i < CROWD; i++) {
        if ((t + i) % 32 < 8)
            figure_walk(i, (uint16_t)(i * 7919 + (t + i) / 32 % 2 * 32768));
    }
    scene_step(stage.scene);
    remember();
}

/* Ten thousand in one cell of 64 m, milling about: at 128 KB/s the nearest hundred are seen at 10
 * Hz or more, everybody at 1 Hz or more. */
static void test_great_crowd(void **state)
{
    static struct neighbour neighbours[CROWD];
    const unsigned ticks = 100;
    struct player *player;
    uint64_t bytes;
    uint32_t near_oldest = 0, oldest = 0;
    unsigned missing = 0, late = 0;

    (void)state;
    begin(192, 128000, SIM_DIVIDE_ABOVE);
    player = join_at(29, 37);
    figures_enter_at(CROWD, 32, 32, 32);
    for (unsigned t = 0; t < 240; t++)
        crowd_mills(t);
    bytes = player->bytes_in;
    for (unsigned t = 0; t < ticks; t++) {
        crowd_mills(240 + t);
        if (t % 10 == 0)
            neighbours_sort(player, neighbours);
        for (unsigned i = 0; i < CROWD; i++) {
            struct replica_entity *seen =
                replica_find(player->replica, stage.entities[neighbours[i].i]);
            uint32_t now = seen != NULL ? age(seen, neighbours[i].i) : HISTORY;
            missing += seen == NULL;
            late += now > 20;
            if (i < 100 && now > near_oldest)
                near_oldest = now;
            if (now > oldest)
                oldest = now;
        }
    }
    bytes = (player->bytes_in - bytes) * 20 / ticks;
    print_message("nearest 100 at most %u ticks old, all %u; missing %.4f %%; %u bytes a second, "
                  "shift %u, %u keys\n",
                  near_oldest, oldest, missing * 100.0 / CROWD / ticks, (unsigned)bytes,
                  figures_of(player).shift, figures_of(player).cells);
    assert_true(near_oldest <= 2);
    assert_true(oldest <= 32); /* who goes from cell to cell may miss a turn */
    assert_true(late <= CROWD * ticks / 1000);
    assert_true(missing <= CROWD * ticks / 1000);
    assert_true(bytes <= 128000 * 11 / 10);
    end();
}

/* ---- put elsewhere ---- */

static void tell(const struct player *player, struct command command)
{
    static uint32_t sequence = 100;
    struct snapshot_entity self;

    assert_true(scene_entity(stage.scene, player->entity, &self));
    command.session = self.session;
    command.sequence = ++sequence;
    scene_command(stage.scene, command);
}

/* The whole view changes at once; and back, and to a place that overlaps. */
static void test_teleport(void **state)
{
    static const struct {
        int32_t x_m, z_m;
    } places[] = {{700, 700}, {-600, -600}, {-500, -600}, {0, 0}};
    struct player *player;

    (void)state;
    begin(320, 1 << 20, 16);
    player = join_at(-600, -600);
    figures_enter(300, 900);
    for (unsigned i = 0; i < 40; i++) /* a crowd that is divided, at one of the places */
        scene_figure(stage.scene, 690 + (int32_t)i % 20, 700);
    walk_for(player, 60);
    for (unsigned i = 0; i < 40; i++)
        scene_step(stage.scene);
    for (unsigned i = 0; i < ARRAY_N(places); i++) {
        tell(player, (struct command){.kind = COMMAND_TELEPORT,
                                      .as.teleport = {places[i].x_m * SPACE_UNITS_PER_M,
                                                      places[i].z_m * SPACE_UNITS_PER_M}});
        scene_step(stage.scene);
        assert_int_equal(player->self.pos.x, places[i].x_m * SPACE_UNITS_PER_M);
        scene_step(stage.scene);
        scene_compare(stage.scene, player);
    }
    end();
}

/* ---- layers ---- */

static bool sees(struct player *player, const struct player *other)
{
    return replica_find(player->replica, other->entity) != NULL;
}

static void to_layer(const struct player *player, uint8_t layer)
{
    tell(player, (struct command){.kind = COMMAND_LAYER, .as.layer = {layer}});
    for (unsigned i = 0; i < 3; i++)
        scene_step(stage.scene);
}

/* Who is in another layer is seen by those in it alone, and named to them alone. */
static void test_layers(void **state)
{
    struct player *one, *two, *three;
    unsigned names;

    (void)state;
    begin(192, 1 << 20, 2);
    one = join_at(0, 0);
    two = join_at(5, 0);
    three = join_at(10, 10);
    figures_enter(30, 20);
    assert_true(sees(one, two) && sees(two, three) && sees(three, one));
    to_layer(one, 5);
    assert_true(sees(one, two) && sees(one, three));
    assert_false(sees(two, one) || sees(three, one));
    to_layer(two, 5);
    assert_true(sees(one, two) && sees(two, one) && sees(two, three));
    assert_false(sees(three, one) || sees(three, two));
    names = three->counts[PROTOCOL_IDENTITY];
    player_who(three, &one->entity, 1);
    player_who(two, &one->entity, 1);
    walk_for(one, 10);
    assert_int_equal(three->counts[PROTOCOL_IDENTITY], names);
    assert_int_equal(two->counts[PROTOCOL_IDENTITY], 1);
    to_layer(one, 6);
    assert_false(sees(one, two) || sees(two, one) || sees(three, one));
    assert_true(sees(one, three));
    assert_true(sees(two, two) && sees(one, one));
    names = one->counts[PROTOCOL_IDENTITY]; /* in a layer, but in another */
    player_who(one, &two->entity, 1);
    walk_for(one, 10);
    assert_int_equal(one->counts[PROTOCOL_IDENTITY], names);
    to_layer(one, 0);
    to_layer(two, 0);
    assert_true(sees(one, two) && sees(two, three) && sees(three, one));
    walk_for(one, 20);
    for (unsigned i = 0; i < 10; i++)
        scene_step(stage.scene);
    scene_compare(stage.scene, three);
    end();
}

/* ---- allocations ---- */

/* In steady ticks the io side allocates nothing, whatever is sent. What OpenSSL takes is its
 * pool's. */
static void test_allocates_nothing(void **state)
{
    struct player *players[6];
    uint64_t before;

    (void)state;
    if (!COUNTS_ALLOCATIONS)
        skip();
    begin(192, 60000, 64);
    for (unsigned k = 0; k < 6; k++)
        players[k] = join_at((int32_t)k * 9, (int32_t)k * 4);
    figures_enter(300, 60);
    before = 0;
    for (unsigned i = 0; i < 2000; i++) {
        if (i == 1000) /* every array has its size */
            before = allocations;
        for (unsigned k = 0; k < 6; k++)
            player_move(players[k], (uint16_t)(i / 50 * 30000 + k * 9000), MOVEMENT_WALK, 3);
        walk_for(players[0], 1);
    }
    print_message("%u allocations in 1000 ticks of %u players\n", (unsigned)(allocations - before),
                  6);
    assert_int_equal(allocations, before);
    end();
}

/* ---- floors ---- */

/* Over the server's egress all are told less often, evenly; chat goes on, others come in; and it
 * comes back. */
static void test_egress(void **state)
{
    struct player *players[8], *late;
    unsigned tiers = 0, chats;

    (void)state;
    begin(192, 1 << 20, 64);
    for (unsigned k = 0; k < 8; k++)
        players[k] = join_at((int32_t)k, 0);
    figures_enter(100, 60);
    walk_for(players[0], 40);
    stage.scene->config.egress_bytes = 1000; /* however little is sent: up to the last floor */
    reconfigure();
    walk_for(players[0], 120);
    assert_int_equal(metrics_value(METRIC_FLOOR_EGRESS), 4);
    for (unsigned i = 0; i < 40; i++) {
        unsigned sends = 0, blocks[8];
        for (unsigned k = 0; k < 8; k++)
            blocks[k] = players[k]->counts[PROTOCOL_BLOCKS];
        walk_for(players[0], 1);
        for (unsigned k = 0; k < 8; k++)
            sends += players[k]->counts[PROTOCOL_BLOCKS] > blocks[k];
        assert_true(sends <= 1); /* spread over the ticks */
        check_ages(players[i % 8], 4, &tiers);
    }
    assert_int_equal(tiers, 1 << 4);
    chats = players[5]->counts[PROTOCOL_CHAT_LINE];
    player_chat(players[2], PROTOCOL_CHANNEL_GLOBAL, "still there?");
    walk_for(players[0], 6);
    assert_int_equal(players[5]->counts[PROTOCOL_CHAT_LINE], chats + 1);
    late = join_at(3, 3);
    walk_for(late, 40);
    assert_int_equal(metrics_value(METRIC_FLOOR_EGRESS), 4);
    assert_non_null(replica_find(late->replica, players[0]->entity));
    check_ages(late, 4, &tiers);
    stage.scene->config.egress_bytes = 0;
    reconfigure();
    walk_for(players[0], 30);
    assert_int_equal(metrics_value(METRIC_FLOOR_EGRESS), 0);
    tiers = 0;
    check_ages(players[3], 0, &tiers);
    assert_int_equal(tiers, 1);
    end();
}

/* ---- a line that is too slow, or dead ---- */

/* One takes nothing for long and then again: paced full blocks, nothing queued, nobody else feels
 * it. */
static void test_stall(void **state)
{
    struct player *player, *witness;
    unsigned tiers = 0, withheld;
    static const int small = 4096, large = 1 << 20;

    (void)state;
    begin(192, 100000, 64);
    witness = join_at(0, 0);
    player = join_at(10, 0);
    setsockopt(link_fd(player->link), SOL_SOCKET, SO_RCVBUF, &small, sizeof(small));
    figures_enter(FIGURES, 100);
    walk_for(witness, 80);
    player->still = true;
    for (unsigned i = 0; i < 2000 && figures_of(player).withheld < 120; i++) {
        walk_for(witness, 1);
        if (i > 200)
            check_ages(witness, 4, &tiers);
    }
    withheld = figures_of(player).withheld;
    assert_true(withheld >= 120);
    assert_true(figures_of(player).shift > 0);
    assert_int_equal(figures_of(witness).withheld, 0);
    stage.patient = true;
    player->still = false;
    setsockopt(link_fd(player->link), SOL_SOCKET, SO_RCVBUF, &large, sizeof(large));
    walk_for(witness, 300);
    assert_int_equal(figures_of(player).shift, figures_of(witness).shift);
    for (unsigned i = 0; i < 40; i++)
        scene_step(stage.scene);
    scene_compare(stage.scene, player);
    scene_compare(stage.scene, witness);
    end();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ages),
        cmocka_unit_test(test_anything),
        cmocka_unit_test(test_budget),
        cmocka_unit_test(test_egress),
        cmocka_unit_test(test_stall),
        cmocka_unit_test(test_starved),
        cmocka_unit_test(test_divided_slowly),
        cmocka_unit_test(test_great_crowd),
        cmocka_unit_test(test_teleport),
        cmocka_unit_test(test_layers),
        cmocka_unit_test(test_allocates_nothing),
    };

    if (tls_pool_install() != 0) /* as the daemon does, before anything of OpenSSL */
        return EXIT_FAILURE;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
