/* saving.c -- see saving.h. */
#include "play/saving.h"

#include <string.h>

#include "common/log.h"
#include "ops/metrics.h"
#include "store/timestamp.h"

#define SAVE_PATIENCE_MS 10000

double saving_metres(int32_t units)
{
    return (double)units / SPACE_UNITS_PER_M;
}

bool saving_units(double value_m, int32_t *units)
{
    if (!(value_m * SPACE_UNITS_PER_M >= -SPACE_LIMIT_UNITS) ||
        !(value_m * SPACE_UNITS_PER_M <= SPACE_LIMIT_UNITS))
        return false;
    *units = (int32_t)(value_m * SPACE_UNITS_PER_M);
    if (*units > value_m * SPACE_UNITS_PER_M) /* rounding is floor everywhere */
        --*units;
    return true;
}

void saving_put(struct saving *saving, struct person *person, struct space_pos pos, uint16_t yaw,
                uint32_t tick)
{
    struct store_position row = {.player_id = person->player,
                                 .x_m = saving_metres(pos.x),
                                 .y_m = saving_metres(pos.y),
                                 .z_m = saving_metres(pos.z),
                                 .yaw = yaw,
                                 .epoch = saving->epoch,
                                 .tick = tick,
                                 .saved_ms = timestamp_now_ms()};

    if (person->guest || person->unplaced)
        return;
    if (writeback_put(saving->writeback, &row) < 0) {
        log_event(LOG_LEVEL_ERROR, "save_failed", "out of memory: a position waits for the next",
                  LOG_U64("id", person->player));
        return;
    }
    person->saved = pos;
    person->saved_yaw = yaw;
    person->saved_once = true;
}

static bool moved(const struct person *person, const struct movement_state *now)
{
    return !person->saved_once || person->saved_yaw != now->yaw || person->saved.x != now->pos.x ||
           person->saved.y != now->pos.y || person->saved.z != now->pos.z;
}

void saving_commit(struct saving *saving)
{
    writeback_flush(saving->writeback, saving->epoch, saving->flushed_tick);
}

void saving_flush(struct saving *saving, const struct people *people,
                  const struct snapshot *snapshot)
{
    uint32_t slots_n, tick;

    if (!snapshot)
        return;
    tick = snapshot_tick(snapshot);
    slots_n = snapshot_slots_n(snapshot);
    for (uint32_t i = 0; i < slots_n; i++) {
        const struct snapshot_entity *entity = snapshot_slot(snapshot, i);
        struct person *person = entity ? people_find(people, entity->session) : NULL;

        if (person && !person->guest && moved(person, &entity->state))
            saving_put(saving, person, entity->state.pos, entity->state.yaw, tick);
    }
    saving->flushed_tick = tick;
    saving_commit(saving);
    stays_flush(&saving->stays);
}

void saving_finish(struct saving *saving, const struct people *people,
                   const struct snapshot *snapshot)
{
    void (*saved)(void *context, uint32_t lost) = saving->saved;

    if (!saved || people->leaving_n > 0)
        return;
    saving->saved = NULL;
    stays_stop(&saving->stays); /* before the last saves, which are waited for */
    saving_flush(saving, people, snapshot);
    writeback_wait(saving->writeback, SAVE_PATIENCE_MS, saved, saving->saved_context);
}

void saving_wait(struct saving *saving, void (*done)(void *context, uint32_t lost), void *context)
{
    if (saving->saved)
        saving->saved(saving->saved_context, writeback_pending_n(saving->writeback));
    saving->saved = done;
    saving->saved_context = context;
}

static void note_login(struct saving *saving, const struct person *person)
{
    struct store_question question = {.statement = STORE_PLAYER_LOGGED_IN};

    question.in.id.player_id = person->player;
    question.in.id.now_ms = person->joined_ms;
    if (store_ask(saving->store, &question) < 0)
        metrics_add(METRIC_STORE_ERRORS, 1);
}

void saving_opened(struct saving *saving, const struct person *person)
{
    if (!person->resumes && !person->guest)
        note_login(saving, person);
    stays_opened(&saving->stays, person);
}

int saving_init(struct saving *saving, struct event_base *base, struct store *store, uint32_t epoch,
                struct error *error)
{
    *saving = (struct saving){.store = store, .epoch = epoch};
    saving->writeback = writeback_new(base, store, error);
    return saving->writeback ? stays_init(&saving->stays, base, store, epoch, error) : -1;
}

void saving_fini(struct saving *saving)
{
    stays_fini(&saving->stays);
    writeback_free(saving->writeback);
}
