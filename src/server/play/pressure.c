/* pressure.c -- see pressure.h. */
#include "play/pressure.h"

#include "play/tiers.h"
#include "sim/sim.h"

#define UP_TURNS   4  /* between two steps up */
#define DOWN_TICKS 32 /* between two looks down: twice the longest interval */
#define DOWN_STEPS 4  /* at once, at most */
#define TELL_AFTER (5 * SIM_TICK_HZ)
#define TELL_EVERY (300 * SIM_TICK_HZ)

/* ---- a player ---- */

static uint64_t allowed(const struct pace *pace, uint32_t ticks)
{
    return (uint64_t)pace->budget * ticks / SIM_TICK_HZ;
}

static void up_again(struct pace *pace)
{
    pace->up_tick = pace->tick;
    pace->up_bytes = 0;
    pace->up_turns = pace->up_withheld = pace->up_refused = 0;
}

static void down_again(struct pace *pace)
{
    pace->down_tick = pace->tick;
    pace->down_bytes = 0;
    pace->down_never = false;
}

void pace_init(struct pace *pace, uint32_t budget, uint32_t tick)
{
    *pace = (struct pace){.level = budget / 2, .budget = budget, .tick = tick};
    up_again(pace);
    down_again(pace);
}

static void refill(struct pace *pace, uint32_t budget, uint32_t tick)
{
    int64_t most = budget / 2;

    pace->budget = budget;
    pace->level += (int64_t)allowed(pace, tick - pace->tick);
    if (pace->level > most)
        pace->level = most;
    pace->tick = tick;
}

/* First blocks alone are no reason: they are paced, and over soon. */
static bool too_much(const struct pace *pace)
{
    uint64_t share = allowed(pace, pace->tick - pace->up_tick);

    if (2 * pace->up_refused >= UP_TURNS)
        return true;
    return 2 * pace->up_withheld >= UP_TURNS && (uint64_t)pace->up_bytes * 4 >= share * 3;
}

static void look_up(struct pace *pace)
{
    if (pace->up_turns < UP_TURNS)
        return;
    if (too_much(pace) && pace->shift < TIERS_SHIFT_MAX) {
        pace->shift++;
        down_again(pace);
    }
    up_again(pace);
}

/* As many steps as fit well. */
static void look_down(struct pace *pace, const struct pace_growth *growth)
{
    uint64_t used = pace->down_bytes;
    uint64_t room = allowed(pace, pace->tick - pace->down_tick) * 9 / 10;

    if (pace->tick - pace->down_tick < DOWN_TICKS)
        return;
    for (unsigned i = 0; i < DOWN_STEPS && pace->shift > 0 && !pace->down_never; i++) {
        used = used * growth->percent(growth->context, pace->shift, pace->shift - 1u) / 100;
        if (used > room)
            break;
        pace->shift--;
    }
    down_again(pace);
}

static void note_shift(struct pace *pace)
{
    if (pace->shift == 0)
        pace->shifted_tick = 0;
    else if (pace->shifted_tick == 0)
        pace->shifted_tick = pace->tick;
}

void pace_turn(struct pace *pace, uint32_t budget, uint32_t tick, const struct pace_growth *growth)
{
    refill(pace, budget, tick);
    look_up(pace);
    look_down(pace, growth);
    note_shift(pace);
    pace->up_turns++;
}

void pace_refused(struct pace *pace, uint32_t budget, uint32_t tick)
{
    refill(pace, budget, tick);
    look_up(pace);
    note_shift(pace);
    pace->up_turns++;
    pace->up_refused++;
    pace->down_never = true;
}

bool pace_open(const struct pace *pace, bool near, size_t bytes)
{
    return pace->level - (int64_t)bytes > (near ? -(int64_t)(pace->budget / 4) : 0);
}

void pace_sent(struct pace *pace, uint32_t bytes, uint32_t updates)
{
    pace->level -= bytes;
    pace->down_bytes += bytes;
    pace->up_bytes += updates;
}

void pace_withheld(struct pace *pace)
{
    pace->up_withheld++;
    pace->down_never = true;
}

bool pace_untold(const struct pace *pace)
{
    if (pace->shifted_tick == 0 || pace->tick - pace->shifted_tick < TELL_AFTER)
        return false;
    return pace->told_tick == 0 ||
           (pace->told_tick < pace->shifted_tick && pace->tick - pace->told_tick >= TELL_EVERY);
}

void pace_told(struct pace *pace)
{
    pace->told_tick = pace->tick;
}

/* ---- floors ---- */

#define HASTY_MAX 6  /* the longest wait: 64 windows, of sweeps two minutes */
#define STANDS    16 /* windows after which a fall was right */
#define HALF      50 /* percent */
#define WANES     8  /* of what was measured goes each time */

/* What is left of a tick is for what comes in: a fifth of what goes out, and handshakes. A sweep
 * that overruns its tick harms little by itself, the next one begins late; but a floor is felt for
 * seconds, so what passes within one is none. */
const struct floor_rule floor_of_sweeps = {
    .high = SIM_TICK_MS * 1000 * 8 / 10,
    .high_n = SIM_TICK_HZ,
    .low = SIM_TICK_MS * 1000 * 7 / 10,
    .low_n = 2 * SIM_TICK_HZ,
};

/* The first mean after a move says what it bought. */
static void floor_compare(struct floor *floor, uint64_t mean)
{
    uint64_t less = floor->fell ? floor->before : mean, more = floor->fell ? mean : floor->before;
    uint64_t percent = more == 0 ? 2 * HALF : less * 100 / more;

    if (floor->before == 0) /* nothing to compare with */
        return;
    if (percent < HALF)
        percent = HALF;
    if (percent > 2 * HALF)
        percent = 2 * HALF;
    floor->kept[floor->fell ? floor->floor : floor->floor - 1] = (uint8_t)(percent - HALF);
    floor->before = 0;
}

static void floor_move(struct floor *floor, bool down, uint64_t mean)
{
    floor->floor = (uint8_t)(down ? floor->floor - 1 : floor->floor + 1);
    floor->fell = down;
    floor->before = mean;
    floor->stood = floor->waited = 0;
    floor->high_sum = floor->low_sum = 0;
    floor->high_n = floor->low_n = 0;
}

static void floor_look_up(struct floor *floor, const struct floor_rule *rule)
{
    uint64_t mean = floor->high_sum / floor->high_n;

    floor->high_n = 0;
    floor->high_sum = 0;
    if (mean <= rule->high || floor->floor == PRESSURE_FLOOR_MAX)
        return;
    floor_compare(floor, mean);
    if (floor->fell && floor->stood < STANDS && floor->hasty < HASTY_MAX)
        floor->hasty++;
    floor_move(floor, false, mean);
}

static void floor_look_down(struct floor *floor, const struct floor_rule *rule)
{
    uint64_t mean = floor->low_sum / floor->low_n;
    uint8_t *kept;

    floor->low_n = 0;
    floor->low_sum = 0;
    floor_compare(floor, mean);
    if (floor->stood < STANDS && ++floor->stood == STANDS && floor->fell)
        floor->hasty = 0;
    if (floor->floor == 0)
        return;
    /* There is no need to wait where the most that it can be fits. */
    if (++floor->waited < 1u << floor->hasty && mean * 2 >= rule->low)
        return;
    floor->waited = 0;
    kept = &floor->kept[floor->floor - 1];
    if (mean * 100 < rule->low * (HALF + *kept))
        floor_move(floor, true, mean);
    else if (mean < rule->low)
        *kept = (uint8_t)(*kept + (HALF - *kept + WANES - 1) / WANES);
}

unsigned floor_measure(struct floor *floor, const struct floor_rule *rule, uint64_t load)
{
    floor->high_sum += load;
    floor->low_sum += load;
    floor->high_n++;
    floor->low_n++;
    if (floor->high_n >= rule->high_n)
        floor_look_up(floor, rule);
    if (floor->low_n >= rule->low_n)
        floor_look_down(floor, rule);
    return floor->floor;
}

void pressure_server_measure(struct pressure_server *server, uint64_t limit, uint32_t tick)
{
    uint32_t ticks = tick - server->tick_then;
    uint64_t bytes;

    if (ticks < PRESSURE_EGRESS_TICKS)
        return;
    bytes = atomic_load_explicit(&server->bytes, memory_order_relaxed);
    if (limit == 0) {
        server->egress = (struct floor){.floor = 0};
    } else if (server->tick_then != 0) {
        const struct floor_rule rule = {
            .high = limit, .high_n = 2, .low = limit * 17 / 20, .low_n = 6};
        floor_measure(&server->egress, &rule, (bytes - server->bytes_then) * SIM_TICK_HZ / ticks);
    }
    server->bytes_then = bytes;
    server->tick_then = tick;
    atomic_store_explicit(&server->floor, server->egress.floor, memory_order_relaxed);
}
