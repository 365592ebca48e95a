/* saving.c -- see saving.h. */
#include "play/saving.h"

#include <stdio.h>
#include <string.h>

#include "common/log.h"
#include "ops/metrics.h"
#include "store/timestamp.h"

#define SAVE_PATIENCE_MS 10000
#define END_AGAIN_MS     5000 /* the database was away */

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

    if (person->guest)
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

static void note_alive(struct saving *saving)
{
    struct store_question question = {.statement = STORE_SERVER_ALIVE};

    question.in.id.now_ms = timestamp_now_ms();
    if (store_ask(saving->store, &question) < 0)
        metrics_add(METRIC_STORE_ERRORS, 1);
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
    note_alive(saving);
}

void saving_finish(struct saving *saving, const struct people *people,
                   const struct snapshot *snapshot)
{
    void (*saved)(void *context, uint32_t lost) = saving->saved;

    if (!saved || people->leaving_n > 0)
        return;
    saving->saved = NULL;
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

static void note_session(struct saving *saving, const struct person *person,
                         enum store_statement statement)
{
    struct store_question question = {.statement = statement};
    struct store_session *row = &question.in.session;

    memcpy(row->session_id, person->row_id, sizeof(row->session_id));
    snprintf(row->socket_id, sizeof(row->socket_id), "%u-%llx", saving->epoch,
             (unsigned long long)person->session);
    row->player_id = person->guest ? 0 : person->player;
    row->now_ms = timestamp_now_ms();
    if (store_ask(saving->store, &question) < 0)
        metrics_add(METRIC_STORE_ERRORS, 1);
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
    note_session(saving, person, STORE_SESSION_OPEN);
}

void saving_closed(struct saving *saving, const struct person *person)
{
    if (person->opened)
        note_session(saving, person, STORE_SESSION_CLOSE);
}

/* -- what a crash left open -------------------------------------------------------------------- */

void saving_end_left_open(struct saving *saving, uint32_t after_ms)
{
    const struct timeval wait = {(time_t)(after_ms / 1000), (suseconds_t)(after_ms % 1000) * 1000};

    event_add(saving->left_open, &wait);
}

static void ended(void *context, uint64_t tag, const struct store_answer *answer)
{
    (void)tag;
    if (answer->status == STORE_AWAY)
        saving_end_left_open(context, END_AGAIN_MS);
}

static void end_left_open(evutil_socket_t fd, short what, void *context)
{
    struct saving *saving = context;
    struct store_question question = {
        .statement = STORE_SESSIONS_END, .answer = ended, .context = saving};

    (void)fd, (void)what;
    snprintf(question.in.session.socket_id, sizeof(question.in.session.socket_id), "%u-",
             saving->epoch);
    question.in.session.now_ms = saving->alive_ms;
    if (store_ask(saving->store, &question) < 0)
        saving_end_left_open(saving, END_AGAIN_MS);
}

static void lived(void *context, uint64_t tag, const struct store_answer *answer)
{
    struct saving *saving = context;

    (void)tag;
    if (answer->status == STORE_OK)
        saving->alive_ms = answer->out.ms;
}

int saving_init(struct saving *saving, struct event_base *base, struct store *store, uint32_t epoch,
                struct error *error)
{
    struct store_question question = {
        .statement = STORE_SERVER_ALIVE_LAST, .answer = lived, .context = saving};

    *saving = (struct saving){.store = store, .epoch = epoch};
    saving->writeback = writeback_new(base, store, error);
    saving->left_open = evtimer_new(base, end_left_open, saving);
    if (!saving->writeback || !saving->left_open || store_ask(store, &question) < 0)
        return -1;
    return 0;
}

void saving_fini(struct saving *saving)
{
    if (saving->left_open)
        event_free(saving->left_open);
    writeback_free(saving->writeback);
}
