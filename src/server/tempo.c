/* tempo.c -- see tempo.h. */
#include "tempo.h"

#include "sim/sim.h"

#define PERIOD_US             (SIM_TICK_MS * 1000)
#define STEP_US               (PERIOD_US / 10 * 8) /* what a step may take at full tempo */
#define ROOM_US               (PERIOD_US / 10 * 6) /* what it takes at most where the tempo rises */
#define OVER_US               2000000
#define CALM_US               3000000
#define SPAN_MAX              5 /* periods that one long step counts for, at most: it alone proves nothing */
#define SMOOTH                4 /* the newest step's share of the mean, as a divisor */
#define FORGIVE               4 /* a step that fits takes back so many that did not */
#define SAMPLE_MAX            UINT64_C(2000000)
#define PERMILLE(us, step_us) ((uint32_t)((us)*UINT64_C(1000) / (step_us)))

void tempo_init(struct tempo *tempo)
{
    *tempo = (struct tempo){.permille = TEMPO_MAX};
}

uint32_t tempo_period_us(const struct tempo *tempo)
{
    return PERIOD_US * 1000u / tempo->permille;
}

static bool change(struct tempo *tempo, uint32_t permille)
{
    tempo->over_us = tempo->calm_us = 0;
    if (permille < TEMPO_MIN)
        permille = TEMPO_MIN;
    if (permille > TEMPO_MAX)
        permille = TEMPO_MAX;
    if (permille == tempo->permille)
        return false;
    tempo->permille = (uint16_t)permille;
    return true;
}

/* Too long for too long. */
static bool lower(struct tempo *tempo)
{
    uint32_t fits = PERMILLE(STEP_US, tempo->step_us);

    return change(tempo, fits < tempo->permille ? fits : tempo->permille);
}

/* The tempo at which there is room, half as fast again at most; 0: this is not worth a change. */
static uint32_t higher(const struct tempo *tempo)
{
    uint32_t fits = tempo->step_us > 0 ? PERMILLE(ROOM_US, tempo->step_us) : TEMPO_MAX;
    uint32_t most = tempo->permille * 3u / 2;

    if (fits > TEMPO_MAX)
        fits = TEMPO_MAX;
    if (tempo->permille == TEMPO_MAX || (fits < TEMPO_MAX && fits < tempo->permille * 11u / 10))
        return 0;
    return fits < most ? fits : most;
}

bool tempo_note(struct tempo *tempo, uint64_t step_us, uint64_t elapsed_us)
{
    uint32_t period_us = tempo_period_us(tempo), span_most_us = SPAN_MAX * period_us;
    uint32_t now_us = (uint32_t)(step_us < SAMPLE_MAX ? step_us : SAMPLE_MAX);
    uint32_t span_us = (uint32_t)(elapsed_us < span_most_us ? elapsed_us : span_most_us);
    bool fits = now_us <= period_us / 10 * 8;
    uint32_t forgiven_us = FORGIVE * span_us, wanted;

    tempo->step_us = (uint32_t)(((uint64_t)tempo->step_us * (SMOOTH - 1) + now_us) / SMOOTH);
    if (!fits)
        tempo->over_us += span_us;
    else
        tempo->over_us -= tempo->over_us < forgiven_us ? tempo->over_us : forgiven_us;
    if (tempo->over_us >= OVER_US)
        return lower(tempo);
    wanted = higher(tempo);
    tempo->calm_us = fits && wanted > 0 ? tempo->calm_us + span_us : 0;
    return tempo->calm_us >= CALM_US && change(tempo, wanted);
}
