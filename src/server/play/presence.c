/* presence.c -- the way of each `struct person` (people.h) into the world and out of it.
 *
 *   LOGIN --accounts--> PLACE --store--> JOINING --sim--> PRESENT --closed--> LEAVING --sim--> gone
 *     |                  ^  ^              ^                 |                  ^
 *     +---> IN_LINE -----+  |              |                 +-dropped-> AWAY --+ (returning)
 *     |  (no room: admission)              |
 *     +---> WAITING --------+              | takes over the figure of one PRESENT or AWAY
 *     |  (the account is just arriving or leaving by another session)
 *     +------------------------------------+
 *
 * At most one person of an account holds it (IN_LINE .. LEAVING); at most one waits behind it, the
 * newest (a newer one takes the place in the line at once). A tick's commands are sorted by
 * session, not by time, so a session of the same account is only let on when the sim has said what
 * became of the one before. */
#include "play/presence.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "accounts/bans.h"
#include "common/clock.h"
#include "common/log.h"
#include "ops/metrics.h"
#include "play/entrance.h"
#include "play/presence_inside.h"
#include "play/spawn.h"
#include "play/unplaced.h"
#include "store/timestamp.h"

#define FULL_RETRY_MS 10000
#define LINE_EVERY_S  1

bool presence_just_began(const struct presence *presence)
{
    return clock_steady_ms() - presence->began_ms < ADMISSION_MEMORY_MS;
}

void presence_line_soon(struct presence *presence)
{
    static const struct timeval soon = {0, 0};

    if (presence->people.in_line_n > 0)
        event_add(presence->line, &soon);
}

/* Forget it; who waits behind it comes next. */
void presence_forget(struct presence *presence, struct person *person)
{
    struct person *waiting = person->waiting;

    if (person->state == PERSON_IN_LINE)
        admission_leave(presence->admission, person->session);
    if (person->guest)
        guests_remove(&presence->guests, person->name, person->session);
    people_remove(&presence->people, person);
    if (waiting)
        presence_go_on(presence, waiting);
    presence_line_soon(presence);
}

void presence_refuse(struct presence *presence, struct person *person, enum protocol_reason reason,
                     uint32_t retry_after_ms)
{
    struct login_answer answer = {.reason = reason, .retry_after_ms = retry_after_ms};

    sessions_answer(presence->sessions, person->session, &answer);
    presence_forget(presence, person);
}

/* -- saving ---------------------------------------------------------------------------------- */

static void flush(struct presence *presence)
{
    saving_flush(&presence->saving, &presence->people, presence->snapshot);
    unplaced_ask(presence);
}

static void flush_due(evutil_socket_t fd, short what, void *context)
{
    (void)fd, (void)what;
    flush(context);
}

static void finish_saving(struct presence *presence)
{
    saving_finish(&presence->saving, &presence->people, presence->snapshot);
}

void presence_save_all(struct presence *presence, void (*done)(void *context, uint32_t lost),
                       void *context)
{
    saving_wait(&presence->saving, done, context);
    finish_saving(presence);
}

const char *presence_save_trouble(const struct presence *presence)
{
    return writeback_trouble(presence->saving.writeback);
}

/* -- commands ---------------------------------------------------------------------------------- */

/* He joins, as who holds the account or takes it from another. place: NULL: none is known, one is
 * picked. -1: he was refused and is gone; from is as before. */
static int join(struct presence *presence, struct person *person, struct person *from,
                const struct store_position *place)
{
    struct command join;

    if (spawn_command(person, place, presence->config.spawn_radius_m, &join) < 0 ||
        people_command(person, presence->config.commands, &join) < 0) {
        presence_refuse(presence, person, PROTOCOL_REASON_INTERNAL, 0);
        return -1;
    }
    if (from)
        people_hold_after(&presence->people, person, from);
    person->takes_over = from != NULL;
    people_enter(&presence->people, person, PERSON_JOINING);
    return 0;
}

static void leave(void *context, struct person *person)
{
    struct presence *presence = context;
    struct command leave = {.kind = COMMAND_LEAVE};

    people_enter(&presence->people, person, PERSON_LEAVING);
    if (people_command(person, presence->config.commands, &leave) < 0)
        presence_forget(presence, person);
}

/* -- the way in ----------------------------------------------------------------------------------
 */

/* Nothing knows where he was: who resumes may wait for that inside. */
static void without_place(struct presence *presence, struct person *person)
{
    if (!person->resumes) {
        presence_refuse(presence, person, PROTOCOL_REASON_STORE_AWAY, PRESENCE_AWAY_RETRY_MS);
        return;
    }
    unplaced_add(presence, person);
    join(presence, person, NULL, NULL);
}

static void placed(void *context, uint64_t session, const struct store_answer *answer)
{
    struct presence *presence = context;
    struct person *person = people_find(&presence->people, session);

    if (!person || person->state != PERSON_PLACE)
        return; /* it went away meanwhile */
    if (answer->status == STORE_OK)
        join(presence, person, NULL, &answer->out.position);
    else if (answer->status == STORE_NONE)
        join(presence, person, NULL, NULL);
    else
        without_place(presence, person);
}

/* Nobody else holds the account, and there is room. */
static void look_for_place(struct presence *presence, struct person *person)
{
    struct store_question question = {
        .statement = STORE_POSITION_BY_PLAYER, .tag = person->session, .answer = placed};
    struct store_position pending;

    question.context = presence;
    question.in.id.player_id = person->player;
    if (people_hold(&presence->people, person) < 0) {
        presence_refuse(presence, person, PROTOCOL_REASON_BUSY, PRESENCE_AWAY_RETRY_MS);
        return;
    }
    people_enter(&presence->people, person, PERSON_PLACE);
    if (person->guest)
        join(presence, person, NULL, NULL);
    else if (writeback_find(presence->saving.writeback, person->player, &pending))
        join(presence, person, NULL, &pending); /* newer than the database */
    else if (person->store_away)
        without_place(presence, person);
    else if (store_ask(presence->config.store, &question) < 0)
        presence_refuse(presence, person, PROTOCOL_REASON_BUSY, PRESENCE_AWAY_RETRY_MS);
}

/* The figure that is there changes hands. Its place goes along in case it leaves in the same tick.
 */
static void take_over(struct presence *presence, struct person *person, struct person *from)
{
    const struct snapshot_entity *entity =
        presence->snapshot ? snapshot_entity(presence->snapshot, from->entity) : NULL;
    struct store_position place;

    unplaced_inherit(presence, person, from);
    if (entity)
        saving_put(&presence->saving, from, entity->state.pos, entity->state.yaw,
                   snapshot_tick(presence->snapshot));
    if (join(presence, person, from,
             writeback_find(presence->saving.writeback, person->player, &place) ? &place : NULL) <
        0)
        return;
    if (from->state == PERSON_AWAY)
        people_enter(&presence->people, from,
                     PERSON_LEAVING); /* nobody else takes it, no time ends */
}

static void wait_behind(struct presence *presence, struct person *person, struct person *holder)
{
    struct person *older = holder->waiting;

    people_enter(&presence->people, person, PERSON_WAITING);
    holder->waiting = person;
    if (!older)
        return;
    sessions_disconnect(presence->sessions, older->session, PROTOCOL_REASON_REPLACED, 0, NULL);
    presence_forget(presence, older);
}

/* -- the line --------------------------------------------------------------------------------- */

static bool has_room(const struct presence *presence)
{
    return people_inside(&presence->people) < presence->config.players_max;
}

static void tell_place(void *context, uint64_t session, uint32_t place, uint32_t of)
{
    struct presence *presence = context;
    char text[64];

    snprintf(text, sizeof(text), "You are number %u of %u waiting.", place, of);
    sessions_wait(presence->sessions, session, text);
}

/* Let in whom there is room for, and tell the others where they are. */
static void move_line(struct presence *presence)
{
    static const struct timeval period = {LINE_EVERY_S, 0};
    uint64_t session;

    if (!presence->sessions)
        return;
    while (has_room(presence) &&
           (session = admission_next(presence->admission, presence->closed)) != 0) {
        admission_leave(presence->admission, session);
        metrics_add(METRIC_ADMITTED, 1);
        look_for_place(presence, people_find(&presence->people, session));
    }
    admission_tell(presence->admission, clock_steady_ms(), tell_place, presence);
    if (presence->people.in_line_n > 0)
        event_add(presence->line, &period);
}

static void line_due(evutil_socket_t fd, short what, void *context)
{
    (void)fd, (void)what;
    move_line(context);
}

static void get_in_line(struct presence *presence, struct person *person)
{
    /* Who was here before a restart is not remembered, but has it in writing. */
    if (person->resumes && presence_just_began(presence))
        admission_remember(presence->admission, person->player, clock_steady_ms());
    if (people_hold(&presence->people, person) < 0 ||
        admission_wait(presence->admission, person->session, person->player,
                       person->role != PROTOCOL_ROLE_PLAYER, clock_steady_ms()) < 0) {
        metrics_add(METRIC_REFUSED_LINE, 1);
        presence_refuse(presence, person, PROTOCOL_REASON_FULL, FULL_RETRY_MS);
        return;
    }
    people_enter(&presence->people, person, PERSON_IN_LINE);
    presence_line_soon(presence);
}

/* The same account by a newer connection: it stands where the older one stood. */
static void take_place(struct presence *presence, struct person *person, struct person *from)
{
    if (admission_replace(presence->admission, from->session, person->session) < 0) {
        presence_refuse(presence, person, PROTOCOL_REASON_BUSY, FULL_RETRY_MS);
        return;
    }
    people_hold_after(&presence->people, person, from);
    people_enter(&presence->people, person, PERSON_IN_LINE);
    people_enter(&presence->people, from, PERSON_LOGIN);
    sessions_disconnect(presence->sessions, from->session, PROTOCOL_REASON_REPLACED, 0, NULL);
    presence_forget(presence, from);
}

/* An account that is known asks to be let on. */
void presence_go_on(struct presence *presence, struct person *person)
{
    struct person *holder = people_holder(&presence->people, person->player);

    if (!holder && has_room(presence) && !presence->closed && presence->people.in_line_n == 0)
        look_for_place(presence, person);
    else if (!holder)
        get_in_line(presence, person);
    else if (holder->state == PERSON_PRESENT || holder->state == PERSON_AWAY)
        take_over(presence, person, holder);
    else if (holder->state == PERSON_IN_LINE)
        take_place(presence, person, holder);
    else
        wait_behind(presence, person, holder);
}

/* Its connection dropped: the figure stands, and waits. */
static void lost(struct presence *presence, struct person *person, enum protocol_reason reason)
{
    struct command rest = {.kind = COMMAND_REST};

    log_event(LOG_LEVEL_INFO, "player_lost", "a player's connection dropped",
              LOG_TEXT("player", person->name), LOG_U64("id", person->player),
              LOG_TEXT("reason", protocol_reason_name(reason)));
    returning_wait(&presence->returning, person);
    if (people_command(person, presence->config.commands, &rest) < 0)
        leave(presence, person);
}

/* Nobody came back for it in time. */
void presence_give_up(void *context, struct person *person)
{
    log_event(LOG_LEVEL_INFO, "player_left", "a player left", LOG_TEXT("player", person->name),
              LOG_U64("id", person->player), LOG_TEXT("reason", "NONE"));
    leave(context, person);
}

static void log_out_noted(void *context, uint64_t session, bool durable)
{
    struct presence *presence = context;

    if (presence->sessions)
        sessions_disconnect(presence->sessions, session,
                            durable ? PROTOCOL_REASON_LOGGED_OUT : PROTOCOL_REASON_STORE_AWAY, 0,
                            durable ? NULL : SESSIONS_LOG_OUT_OWED);
}

static void on_log_out(void *context, uint64_t session)
{
    struct presence *presence = context;
    struct person *person = people_find(&presence->people, session);

    if (!presence->sessions)
        return;
    if (person)
        person->logged_out = true;
    if (!person || !person->login[0]) /* nothing was handed out to him */
        log_out_noted(presence, session, true);
    else if (stays_logged_out(&presence->saving.stays, person, log_out_noted, presence) < 0)
        sessions_disconnect(presence->sessions, session, PROTOCOL_REASON_INTERNAL, 0, NULL);
}

static void on_closed(void *context, uint64_t session, enum protocol_reason reason)
{
    struct presence *presence = context;
    struct person *person = people_find(&presence->people, session), *holder;

    if (!person || !presence->sessions)
        return;
    if (person->logged_out) /* however it ended then */
        reason = PROTOCOL_REASON_LOGGED_OUT;
    switch (person->state) {
    case PERSON_WAITING:
        holder = people_holder(&presence->people, person->player);
        if (holder && holder->waiting == person)
            holder->waiting = NULL;
        presence_forget(presence, person);
        break;
    case PERSON_LOGIN:
    case PERSON_IN_LINE:
    case PERSON_PLACE:
        presence_forget(presence, person);
        break;
    case PERSON_JOINING:
    case PERSON_PRESENT:
        if (person->state == PERSON_PRESENT && !person->guest && /* a guest has no token */
            !SESSION_WEB(session) && /* and a web client may come anew */
            returning_may(&presence->returning, reason) &&
            returning_room(&presence->returning, person)) {
            lost(presence, person, reason);
            break;
        }
        person->dismissed = reason == PROTOCOL_REASON_KICKED || reason == PROTOCOL_REASON_BANNED;
        log_event(LOG_LEVEL_INFO, "player_left", "a player left", LOG_TEXT("player", person->name),
                  LOG_U64("id", person->player), LOG_TEXT("reason", protocol_reason_name(reason)));
        leave(presence, person);
        break;
    case PERSON_AWAY:
    case PERSON_LEAVING:
        break;
    }
}

/* -- what the sim said ------------------------------------------------------------------------- */

static void joined(struct presence *presence, struct person *person, const struct sim_event *event)
{
    struct person *waiting = person->waiting;
    char text[PROTOCOL_TEXT_MAX + 1];

    person->entity = event->entity;
    person->joined_ms = timestamp_now_ms();
    if (person->state != PERSON_JOINING)
        return; /* it left before it was there: SIM_LEFT follows */
    people_enter(&presence->people, person, PERSON_PRESENT);
    person->welcome->entity = event->entity;
    person->welcome->joined_tick = event->tick;
    if (presence->config.bans != NULL)
        person->welcome->muted_until_ms =
            bans_muted_until(presence->config.bans, person->player, timestamp_now_ms());
    sessions_answer(presence->sessions, person->session, person->welcome);
    people_drop_welcome(person);
    if (presence->word && presence->word(presence->word_context, text))
        sessions_notice(presence->sessions, person->session, text);
    person->opened = true;
    saving_opened(&presence->saving, person);
    log_event(LOG_LEVEL_INFO, "player_joined", "a player joined the world",
              LOG_TEXT("player", person->name), LOG_U64("id", person->player));
    person->waiting = NULL;
    if (waiting)
        presence_go_on(presence, waiting);
}

static void left(struct presence *presence, struct person *person, const struct sim_event *event)
{
    struct person *by = people_find(&presence->people, event->replaced);

    if (by && strcmp(by->row_id, person->row_id) == 0) /* the row goes on, though he may be gone */
        by->opened = by->opened || person->opened;
    else
        stays_closed(&presence->saving.stays, person);
    if (event->replaced == 0) {
        saving_put(&presence->saving, person, event->pos, event->yaw, event->tick);
        saving_commit(&presence->saving);
        if (!person->dismissed && !person->guest)
            admission_remember(presence->admission, person->player, clock_steady_ms());
    } else if (person->state == PERSON_PRESENT) {
        log_event(LOG_LEVEL_INFO, "player_replaced", "the same account came by another connection",
                  LOG_TEXT("player", person->name), LOG_U64("id", person->player));
        sessions_disconnect(presence->sessions, person->session, PROTOCOL_REASON_REPLACED, 0, NULL);
    }
    presence_forget(presence, person);
    finish_saving(presence);
}

void presence_sim_event(struct presence *presence, const struct sim_event *event)
{
    struct person *person = people_find(&presence->people, event->session);

    if (!person)
        return;
    switch ((enum sim_event_kind)event->kind) {
    case SIM_JOINED:
        joined(presence, person, event);
        break;
    case SIM_LEFT:
        left(presence, person, event);
        break;
    case SIM_REFUSED:
        if (person->state == PERSON_JOINING)
            presence_refuse(presence, person, PROTOCOL_REASON_FULL, FULL_RETRY_MS);
        else
            presence_forget(presence, person); /* it left before it was there */
        finish_saving(presence);
        break;
    }
}

void presence_snapshot(struct presence *presence, struct snapshot *snapshot)
{
    if (presence->snapshot)
        snapshot_unref(presence->snapshot);
    presence->snapshot = snapshot;
}

/* -- beginning and end ------------------------------------------------------------------------- */

void presence_reconfigure(struct presence *presence, const struct presence_config *config)
{
    struct timeval period = {(time_t)(config->flush_ms / 1000),
                             (suseconds_t)(config->flush_ms % 1000) * 1000};

    presence->config.players_max = config->players_max;
    presence->config.flush_ms = config->flush_ms;
    returning_set(&presence->returning, config->linger_ms);
    admission_reconfigure(presence->admission, config->queue_max);
    event_add(presence->flush, &period);
    presence_line_soon(presence);
}

void presence_stop(struct presence *presence)
{
    returning_end(&presence->returning);
}

void presence_close_door(struct presence *presence, bool closed)
{
    presence->closed = closed;
    presence_line_soon(presence);
}

struct presence *presence_new(const struct presence_config *config, struct error *error)
{
    struct presence *presence = calloc(1, sizeof(*presence));

    if (!presence) {
        error_set(error, "out of memory");
        return NULL;
    }
    presence->config = *config;
    presence->began_ms = clock_steady_ms();
    presence->flush = event_new(config->base, -1, EV_PERSIST, flush_due, presence);
    presence->line = evtimer_new(config->base, line_due, presence);
    presence->admission = admission_new(config->queue_max, config->players_max, error);
    if (saving_init(&presence->saving, config->base, config->store, config->epoch, error) < 0 ||
        returning_init(&presence->returning, config->base, &presence->people, presence_give_up,
                       presence, error) < 0 ||
        !presence->admission || !presence->flush || !presence->line) {
        presence_free(presence);
        return NULL;
    }
    stays_end_left_open(&presence->saving.stays, config->left_open_ms);
    presence_reconfigure(presence, config);
    return presence;
}

void presence_free(struct presence *presence)
{
    if (!presence)
        return;
    people_fini(&presence->people);
    guests_fini(&presence->guests);
    admission_free(presence->admission);
    presence_snapshot(presence, NULL);
    if (presence->flush)
        event_free(presence->flush);
    if (presence->line)
        event_free(presence->line);
    returning_fini(&presence->returning);
    saving_fini(&presence->saving);
    free(presence);
}

struct sessions_handlers presence_handlers(struct presence *presence)
{
    return (struct sessions_handlers){.login = entrance_login,
                                      .closed = on_closed,
                                      .log_out = on_log_out,
                                      .barred = entrance_barred,
                                      .seat = entrance_seat,
                                      .context = presence};
}

void presence_set_word(struct presence *presence, presence_word_fn *word, void *context)
{
    presence->word = word;
    presence->word_context = context;
}

void presence_set_sessions(struct presence *presence, struct sessions *sessions)
{
    presence->sessions = sessions;
}
