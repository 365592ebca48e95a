/* ladder.c -- see ladder.h. */
#include "ops/ladder.h"

#include <stdio.h>
#include <string.h>

#include "common/log.h"
#include "ops/metrics.h"

#define FULL_TEMPO    1000
#define TELL_EVERY_MS 60000
#define LOGGED        10 /* at once, then one a second */

const char *ladder_name(enum ladder_rung_number rung)
{
    static const char *const names[LADDER_RUNGS] = {"players", "threads", "egress", "line",
                                                    "tempo"};

    return names[rung];
}

unsigned ladder_highest(const struct ladder *ladder)
{
    for (unsigned i = LADDER_RUNGS; i > 0; i--) {
        if (ladder->rungs[i - 1].active)
            return i;
    }
    return 0;
}

/* A rung's state; what changes is logged. words: of the active state. */
static void step(struct ladder *ladder, enum ladder_rung_number which, bool active,
                 const char *words, uint64_t now_ms)
{
    static struct log_limit limit;
    struct ladder_rung *rung = &ladder->rungs[which];
    uint64_t swallowed;

    snprintf(rung->words, sizeof(rung->words), "%s", active ? words : "at rest");
    if (rung->active == active)
        return;
    rung->active = active;
    rung->since_ms = now_ms;
    if (log_limit_pass(&limit, LOGGED, &swallowed))
        log_event(active ? LOG_LEVEL_WARN : LOG_LEVEL_INFO, "ladder",
                  active ? rung->words : "a rung of the ladder is at rest again",
                  LOG_U64("rung", which + 1), LOG_TEXT("name", ladder_name(which)),
                  LOG_TEXT("state", active ? "active" : "rest"), LOG_U64("swallowed", swallowed));
}

/* -- the words --------------------------------------------------------------------------------- */

static void look_at_players(struct ladder *ladder, const struct ladder_facts *facts,
                            uint64_t now_ms)
{
    char words[LADDER_WORDS];

    snprintf(words, sizeof(words),
             "%u players are told of far cells less often, for their byte budget or their line",
             facts->players_shifted);
    step(ladder, LADDER_PLAYERS, facts->players_shifted > 0, words, now_ms);
}

/* "io-0 and 2 more tell of what moves every 4 ticks at most" */
static void look_at_threads(struct ladder *ladder, const struct ladder_facts *facts,
                            uint64_t now_ms)
{
    char words[LADDER_WORDS], more[32] = "";
    unsigned worst = 0, n = 0;

    for (unsigned i = 0; i < facts->threads_n; i++) {
        n += facts->thread_floors[i] > 0;
        if (facts->thread_floors[i] > facts->thread_floors[worst])
            worst = i;
    }
    if (n > 1)
        snprintf(more, sizeof(more), " (and %u more, less so)", n - 1);
    snprintf(words, sizeof(words), "io-%u%s tells its players of what moves every %u ticks", worst,
             more, 1u << facts->thread_floors[worst]);
    step(ladder, LADDER_THREADS, n > 0, words, now_ms);
}

static void look_at_egress(struct ladder *ladder, const struct ladder_facts *facts, uint64_t now_ms)
{
    char words[LADDER_WORDS];

    snprintf(words, sizeof(words),
             "all players are told of what moves every %u ticks, for net.egress_bytes",
             1u << facts->egress_floor);
    step(ladder, LADDER_EGRESS, facts->egress_floor > 0, words, now_ms);
}

static void look_at_line(struct ladder *ladder, const struct ladder_facts *facts, uint64_t now_ms)
{
    char words[LADDER_WORDS];

    if (ladder->door_shut)
        snprintf(words, sizeof(words), "newcomers wait until the load is less: %u wait",
                 facts->waiting);
    else
        snprintf(words, sizeof(words), "the world is full: %u wait for a place", facts->waiting);
    step(ladder, LADDER_LINE, ladder->door_shut || facts->waiting > 0, words, now_ms);
}

static void look_at_tempo(struct ladder *ladder, const struct ladder_facts *facts, uint64_t now_ms)
{
    char words[LADDER_WORDS];

    snprintf(words, sizeof(words), "the world runs at %u %%, for the simulation's step",
             facts->tempo_permille / 10u);
    step(ladder, LADDER_TEMPO, facts->tempo_permille < FULL_TEMPO, words, now_ms);
}

/* -- what follows ------------------------------------------------------------------------------ */

/* Nothing helps any more on rungs 2 and 3: every thread is at its top, or the server is. */
static bool at_top(const struct ladder_facts *facts)
{
    bool all = facts->threads_n > 0;

    for (unsigned i = 0; i < facts->threads_n; i++)
        all = all && facts->thread_floors[i] >= facts->floor_max;
    return facts->floor_max > 0 && (all || facts->egress_floor >= facts->floor_max);
}

static void watch_door(struct ladder *ladder, const struct ladder_facts *facts,
                       struct ladder_acts *acts)
{
    bool top = at_top(facts);

    ladder->top_s = top ? ladder->top_s + 1 : 0;
    ladder->below_s = top ? 0 : ladder->below_s + 1;
    if (ladder->door_shut ? ladder->below_s < LADDER_DOOR_S : ladder->top_s < LADDER_DOOR_S)
        return;
    ladder->door_shut = !ladder->door_shut;
    ladder->top_s = ladder->below_s = 0;
    acts->door_changed = true;
}

/* Leaving real time and coming back is told at once, another tempo once a minute. */
static void tell_tempo(struct ladder *ladder, const struct ladder_facts *facts, uint64_t now_ms,
                       struct ladder_acts *acts)
{
    uint16_t tempo = facts->tempo_permille;

    if (tempo < FULL_TEMPO &&
        (!ladder->told_tempo ||
         (tempo != ladder->told_permille && now_ms - ladder->tempo_told_ms >= TELL_EVERY_MS)))
        snprintf(acts->notice, sizeof(acts->notice),
                 "Too much happens at once: the world runs at %u %% for now.", tempo / 10u);
    else if (tempo == FULL_TEMPO && ladder->told_tempo)
        snprintf(acts->notice, sizeof(acts->notice), "The world runs at full speed again.");
    else
        return;
    ladder->told_tempo = tempo < FULL_TEMPO;
    ladder->told_permille = tempo;
    ladder->tempo_told_ms = now_ms;
}

static void tell_floors(struct ladder *ladder, uint64_t now_ms, struct ladder_acts *acts)
{
    bool active = ladder->rungs[LADDER_THREADS].active || ladder->rungs[LADDER_EGRESS].active;
    bool lately = ladder->floors_told_ms != 0 && now_ms - ladder->floors_told_ms < TELL_EVERY_MS;

    if (!active || lately || acts->notice[0] != '\0')
        return;
    snprintf(acts->notice, sizeof(acts->notice),
             "The server is under load: others are shown less smoothly for now.");
    ladder->floors_told_ms = now_ms;
}

void ladder_look(struct ladder *ladder, const struct ladder_facts *facts, uint64_t now_ms,
                 struct ladder_acts *acts)
{
    memset(acts, 0, sizeof(*acts));
    watch_door(ladder, facts, acts);
    look_at_players(ladder, facts, now_ms);
    look_at_threads(ladder, facts, now_ms);
    look_at_egress(ladder, facts, now_ms);
    look_at_line(ladder, facts, now_ms);
    look_at_tempo(ladder, facts, now_ms);
    tell_tempo(ladder, facts, now_ms, acts);
    tell_floors(ladder, now_ms, acts);
    metrics_set(METRIC_LADDER_RUNG, ladder_highest(ladder));
    metrics_set(METRIC_DOOR_SHUT, ladder->door_shut);
}
