/* presence.c -- one `struct person` a session that asks to be somebody; enter() alone moves its
 * state.
 *
 *   LOGIN --accounts--> PLACE --store--> JOINING --sim--> PRESENT --closed--> LEAVING --sim--> gone
 *     |                   ^                ^
 *     |  (the account is  |                | takes over the figure of one PRESENT
 *     +---> WAITING ------+----------------+
 *            just arriving or leaving by another session)
 *
 * At most one person of an account holds it (PLACE .. LEAVING); at most one waits behind it, the
 * newest. A tick's commands are sorted by session, not by time, so a session of the same account is
 * only let on when the sim has said what became of the one before. */
#include "play/presence.h"

#include <assert.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uthash.h>

#include "accounts/accounts.h"
#include "common/log.h"
#include "ops/metrics.h"
#include "store/timestamp.h"

#define AWAY_RETRY_MS    5000
#define FULL_RETRY_MS    10000
#define SAVE_PATIENCE_MS 10000

enum person_state {
    PERSON_LOGIN,   /* accounts were asked */
    PERSON_WAITING, /* behind the holder of its account */
    PERSON_PLACE,   /* the store was asked */
    PERSON_JOINING, /* JOIN is on its way */
    PERSON_PRESENT,
    PERSON_LEAVING, /* the session is over, LEAVE is on its way */
};

struct person {
    uint64_t session; /* key */
    enum person_state state;
    uint64_t player, entity;
    char name[TEXT_NAME_MAX_BYTES + 1];
    struct login_answer *welcome; /* kept until it is given */
    bool store_away;   /* the account could not be looked up: only a place in memory will do */
    bool opened;       /* it has a row in game_sessions */
    uint32_t sequence; /* of control's commands for this session */
    uint64_t joined_ms;
    struct space_pos saved; /* as last given to the writeback */
    uint16_t saved_yaw;
    bool saved_once;
    struct person *waiting; /* of a holder: who comes next */
    UT_hash_handle hh;
    UT_hash_handle by_player; /* holders only */
};

struct presence {
    struct presence_config config;
    struct sessions *sessions;
    struct writeback *writeback;
    struct person *persons; /* by session */
    struct person *holders; /* by account */
    struct snapshot *snapshot;
    struct event *flush;
    uint32_t present_n, leaving_n;
    uint32_t flushed_tick; /* everything that moved up to then was put */
    /* presence_save_all. */
    void (*saved)(void *context, uint32_t lost); /* NULL: nobody waits for those who leave */
    void *saved_context;
};

static void next_in_line(struct presence *presence, struct person *after);

static struct person *find(struct presence *presence, uint64_t session)
{
    struct person *person;

    HASH_FIND(hh, presence->persons, &session, sizeof(session), person);
    return person;
}

static struct person *holder_of(struct presence *presence, uint64_t player)
{
    struct person *person;

    HASH_FIND(by_player, presence->holders, &player, sizeof(player), person);
    return person;
}

static void enter(struct presence *presence, struct person *person, enum person_state state)
{
    if (person->state == PERSON_PRESENT)
        presence->present_n--;
    if (person->state == PERSON_LEAVING)
        presence->leaving_n--;
    person->state = state;
    if (state == PERSON_PRESENT)
        presence->present_n++;
    if (state == PERSON_LEAVING)
        presence->leaving_n++;
    metrics_set(METRIC_PLAYERS, presence->present_n);
}

static void hold(struct presence *presence, struct person *person)
{
    struct person *before = holder_of(presence, person->player);

    if (before)
        HASH_DELETE(by_player, presence->holders, before);
    HASH_ADD(by_player, presence->holders, player, sizeof(person->player), person);
}

static void drop_welcome(struct person *person)
{
    if (!person->welcome)
        return;
    sodium_memzero(person->welcome, sizeof(*person->welcome)); /* the token */
    free(person->welcome);
    person->welcome = NULL;
}

/* Forget it; who waits behind it comes next. */
static void forget(struct presence *presence, struct person *person)
{
    struct person *waiting = person->waiting;
    bool held = person->state != PERSON_LOGIN && holder_of(presence, person->player) == person;

    enter(presence, person, PERSON_LOGIN);
    if (held)
        HASH_DELETE(by_player, presence->holders, person);
    HASH_DEL(presence->persons, person);
    drop_welcome(person);
    free(person);
    if (waiting)
        next_in_line(presence, waiting);
}

static void refuse(struct presence *presence, struct person *person, enum protocol_reason reason,
                   uint32_t retry_after_ms)
{
    struct login_answer answer = {.reason = reason, .retry_after_ms = retry_after_ms};

    sessions_answer(presence->sessions, person->session, &answer);
    forget(presence, person);
}

/* -- saving ---------------------------------------------------------------------------------- */

static double metres(int32_t units)
{
    return (double)units / SPACE_UNITS_PER_M;
}

/* False (also for what is no number): not a place in this world (nothing of ours writes such). */
static bool units(double value_m, int32_t *units)
{
    if (!(value_m * SPACE_UNITS_PER_M >= -SPACE_LIMIT_UNITS) ||
        !(value_m * SPACE_UNITS_PER_M <= SPACE_LIMIT_UNITS))
        return false;
    *units = (int32_t)(value_m * SPACE_UNITS_PER_M);
    if (*units > value_m * SPACE_UNITS_PER_M) /* rounding is floor everywhere */
        --*units;
    return true;
}

static void save(struct presence *presence, struct person *person, struct space_pos pos,
                 uint16_t yaw, uint32_t tick)
{
    struct store_position row = {.player_id = person->player,
                                 .x_m = metres(pos.x),
                                 .y_m = metres(pos.y),
                                 .z_m = metres(pos.z),
                                 .yaw = yaw,
                                 .epoch = presence->config.epoch,
                                 .tick = tick,
                                 .saved_ms = timestamp_now_ms()};

    if (writeback_put(presence->writeback, &row) < 0) {
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

/* Put all who moved since they were last put, as of the newest snapshot, and commit. */
static void flush(struct presence *presence)
{
    uint32_t slots_n, tick;

    if (!presence->snapshot)
        return;
    tick = snapshot_tick(presence->snapshot);
    slots_n = snapshot_slots_n(presence->snapshot);
    for (uint32_t i = 0; i < slots_n; i++) {
        const struct snapshot_entity *entity = snapshot_slot(presence->snapshot, i);
        struct person *person = entity ? find(presence, entity->session) : NULL;

        if (person && moved(person, &entity->state))
            save(presence, person, entity->state.pos, entity->state.yaw, tick);
    }
    presence->flushed_tick = tick;
    writeback_flush(presence->writeback, presence->config.epoch, tick);
}

static void flush_due(evutil_socket_t fd, short what, void *context)
{
    (void)fd, (void)what;
    flush(context);
}

static void finish_saving(struct presence *presence)
{
    void (*saved)(void *context, uint32_t lost) = presence->saved;

    if (!saved || presence->leaving_n > 0)
        return;
    presence->saved = NULL;
    flush(presence);
    writeback_wait(presence->writeback, SAVE_PATIENCE_MS, saved, presence->saved_context);
}

void presence_save_all(struct presence *presence, void (*done)(void *context, uint32_t lost),
                       void *context)
{
    if (presence->saved)
        presence->saved(presence->saved_context, writeback_pending_n(presence->writeback));
    presence->saved = done;
    presence->saved_context = context;
    finish_saving(presence);
}

/* -- game_sessions: nobody waits for these, and a crash's are closed at the next start --------- */

static void note_session(struct presence *presence, const struct person *person,
                         enum store_statement statement)
{
    struct store_question question = {.statement = statement};
    struct store_session *row = &question.in.session;

    snprintf(row->session_id, sizeof(row->session_id), "%u-%llx", presence->config.epoch,
             (unsigned long long)person->session);
    memcpy(row->socket_id, row->session_id, sizeof(row->socket_id));
    row->player_id = person->player;
    row->now_ms = timestamp_now_ms();
    if (store_ask(presence->config.store, &question) < 0)
        metrics_add(METRIC_STORE_ERRORS, 1);
}

static void note_login(struct presence *presence, const struct person *person)
{
    struct store_question question = {.statement = STORE_PLAYER_LOGGED_IN};

    question.in.id.player_id = person->player;
    question.in.id.now_ms = person->joined_ms;
    if (store_ask(presence->config.store, &question) < 0)
        metrics_add(METRIC_STORE_ERRORS, 1);
}

/* -- commands ---------------------------------------------------------------------------------- */

/* The queue has room for two lifecycle commands a session: -1 is a fault of ours. */
static int command(struct presence *presence, struct person *person, struct command *command)
{
    command->session = person->session;
    command->producer = COMMAND_FROM_CONTROL;
    command->sequence = ++person->sequence;
    if (queue_push_reserved(presence->config.commands, command) == 0)
        return 0;
    log_event(LOG_LEVEL_ERROR, "command_lost", "control's queue to the simulation is full",
              LOG_U64("id", person->player));
    command_drop(command);
    return -1;
}

/* place: NULL: none is known, the sim picks one. */
static void join(struct presence *presence, struct person *person,
                 const struct store_position *place)
{
    struct command join = {.kind = COMMAND_JOIN};

    join.as.join.player = person->player;
    join.as.join.name = blob_new(person->name, strlen(person->name));
    join.as.join.looks = (uint32_t)((person->player * UINT64_C(0x9e3779b97f4a7c15)) >> 32);
    join.as.join.spawn =
        !place || !units(place->x_m, &join.as.join.x) || !units(place->z_m, &join.as.join.z);
    join.as.join.yaw = place ? place->yaw : 0;
    hold(presence, person);
    enter(presence, person, PERSON_JOINING);
    if (!join.as.join.name || command(presence, person, &join) < 0)
        refuse(presence, person, PROTOCOL_REASON_INTERNAL, 0);
}

static void leave(struct presence *presence, struct person *person)
{
    struct command leave = {.kind = COMMAND_LEAVE};

    enter(presence, person, PERSON_LEAVING);
    if (command(presence, person, &leave) < 0)
        forget(presence, person);
}

/* -- the way in ----------------------------------------------------------------------------------
 */

static void placed(void *context, uint64_t session, const struct store_answer *answer)
{
    struct presence *presence = context;
    struct person *person = find(presence, session);

    if (!person || person->state != PERSON_PLACE)
        return; /* it went away meanwhile */
    if (answer->status == STORE_OK)
        join(presence, person, &answer->out.position);
    else if (answer->status == STORE_NONE)
        join(presence, person, NULL);
    else
        refuse(presence, person, PROTOCOL_REASON_STORE_AWAY, AWAY_RETRY_MS);
}

/* Nobody holds the account. */
static void look_for_place(struct presence *presence, struct person *person)
{
    struct store_question question = {
        .statement = STORE_POSITION_BY_PLAYER, .tag = person->session, .answer = placed};
    struct store_position pending;

    question.context = presence;
    question.in.id.player_id = person->player;
    hold(presence, person);
    enter(presence, person, PERSON_PLACE);
    if (HASH_CNT(by_player, presence->holders) > presence->config.players_max)
        refuse(presence, person, PROTOCOL_REASON_FULL, FULL_RETRY_MS);
    else if (writeback_find(presence->writeback, person->player, &pending))
        join(presence, person, &pending); /* newer than the database */
    else if (person->store_away)
        refuse(presence, person, PROTOCOL_REASON_STORE_AWAY, AWAY_RETRY_MS);
    else if (store_ask(presence->config.store, &question) < 0)
        refuse(presence, person, PROTOCOL_REASON_BUSY, AWAY_RETRY_MS);
}

/* The figure that is there changes hands. Its place goes along in case it leaves in the same tick.
 */
static void take_over(struct presence *presence, struct person *person, struct person *from)
{
    const struct snapshot_entity *entity =
        presence->snapshot ? snapshot_entity(presence->snapshot, from->entity) : NULL;
    struct store_position place;

    if (entity)
        save(presence, from, entity->state.pos, entity->state.yaw,
             snapshot_tick(presence->snapshot));
    join(presence, person,
         writeback_find(presence->writeback, person->player, &place) ? &place : NULL);
}

static void wait_behind(struct presence *presence, struct person *person, struct person *holder)
{
    struct person *older = holder->waiting;

    enter(presence, person, PERSON_WAITING);
    holder->waiting = person;
    if (!older)
        return;
    sessions_disconnect(presence->sessions, older->session, PROTOCOL_REASON_REPLACED, 0, NULL);
    forget(presence, older);
}

/* An account that is known asks to be let on. */
static void go_on(struct presence *presence, struct person *person)
{
    struct person *holder = holder_of(presence, person->player);

    if (!holder)
        look_for_place(presence, person);
    else if (holder->state == PERSON_PRESENT)
        take_over(presence, person, holder);
    else
        wait_behind(presence, person, holder);
}

static void next_in_line(struct presence *presence, struct person *waiting)
{
    go_on(presence, waiting);
}

static void known(void *context, uint64_t session, const struct accounts_answer *answer)
{
    struct presence *presence = context;
    struct person *person = find(presence, session);
    struct login_answer refusal = {.reason = answer->reason,
                                   .retry_after_ms = answer->retry_after_ms};

    if (!person || person->state != PERSON_LOGIN)
        return;
    if (answer->reason != PROTOCOL_REASON_NONE) {
        memcpy(refusal.text, answer->text, sizeof(refusal.text));
        sessions_answer(presence->sessions, session, &refusal);
        forget(presence, person);
        return;
    }
    person->welcome = calloc(1, sizeof(*person->welcome));
    if (!person->welcome) {
        refuse(presence, person, PROTOCOL_REASON_INTERNAL, 0);
        return;
    }
    person->player = person->welcome->player = answer->player;
    person->store_away = answer->store_away;
    memcpy(person->name, answer->username, sizeof(person->name));
    memcpy(person->welcome->username, answer->username, sizeof(person->welcome->username));
    memcpy(person->welcome->token, answer->token, sizeof(person->welcome->token));
    go_on(presence, person);
}

static void ask_accounts(struct presence *presence, const struct login_request *request)
{
    struct accounts_request ask = {.tag = request->session,
                                   .address = &request->address,
                                   .exempt = sessions_exempt(presence->sessions, &request->address),
                                   .username = request->username,
                                   .email = request->email,
                                   .password = request->password,
                                   .token = request->token};

    switch (request->kind) {
    case LOGIN_PASSWORD:
        ask.kind = ACCOUNTS_PASSWORD;
        break;
    case LOGIN_TOKEN:
        ask.kind = ACCOUNTS_TOKEN;
        break;
    case LOGIN_REGISTER:
        ask.kind = ACCOUNTS_REGISTER;
        break;
    }
    accounts_login(presence->config.accounts, &ask, known, presence);
}

static void on_login(void *context, struct login_request *request)
{
    struct presence *presence = context;
    struct login_answer refusal = {.reason = PROTOCOL_REASON_ALREADY_LOGGED_IN};
    struct person *person = find(presence, request->session);

    if (!presence->sessions) {
        login_request_free(request);
        return;
    }
    if (person) {
        sessions_answer(presence->sessions, request->session, &refusal);
    } else if (!(person = calloc(1, sizeof(*person)))) {
        refusal.reason = PROTOCOL_REASON_BUSY;
        sessions_answer(presence->sessions, request->session, &refusal);
    } else {
        person->session = request->session;
        person->state = PERSON_LOGIN;
        HASH_ADD(hh, presence->persons, session, sizeof(person->session), person);
        ask_accounts(presence, request);
    }
    login_request_free(request);
}

static void on_closed(void *context, uint64_t session, enum protocol_reason reason)
{
    struct presence *presence = context;
    struct person *person = find(presence, session), *holder;

    if (!person || !presence->sessions)
        return;
    switch (person->state) {
    case PERSON_WAITING:
        holder = holder_of(presence, person->player);
        if (holder && holder->waiting == person)
            holder->waiting = NULL;
        forget(presence, person);
        break;
    case PERSON_LOGIN:
    case PERSON_PLACE:
        forget(presence, person);
        break;
    case PERSON_JOINING:
    case PERSON_PRESENT:
        log_event(LOG_LEVEL_INFO, "player_left", "a player left", LOG_TEXT("player", person->name),
                  LOG_U64("id", person->player), LOG_TEXT("reason", protocol_reason_name(reason)));
        leave(presence, person);
        break;
    case PERSON_LEAVING:
        break;
    }
}

/* -- what the sim said ------------------------------------------------------------------------- */

static void joined(struct presence *presence, struct person *person, const struct sim_event *event)
{
    struct person *waiting = person->waiting;

    person->entity = event->entity;
    person->joined_ms = timestamp_now_ms();
    if (person->state != PERSON_JOINING)
        return; /* it left before it was there: SIM_LEFT follows */
    enter(presence, person, PERSON_PRESENT);
    person->welcome->entity = event->entity;
    person->welcome->joined_tick = event->tick;
    sessions_answer(presence->sessions, person->session, person->welcome);
    drop_welcome(person);
    person->opened = true;
    note_login(presence, person);
    note_session(presence, person, STORE_SESSION_OPEN);
    log_event(LOG_LEVEL_INFO, "player_joined", "a player joined the world",
              LOG_TEXT("player", person->name), LOG_U64("id", person->player));
    person->waiting = NULL;
    if (waiting)
        next_in_line(presence, waiting);
}

static void left(struct presence *presence, struct person *person, const struct sim_event *event)
{
    if (person->opened)
        note_session(presence, person, STORE_SESSION_CLOSE);
    if (event->replaced == 0) {
        save(presence, person, event->pos, event->yaw, event->tick);
        writeback_flush(presence->writeback, presence->config.epoch, presence->flushed_tick);
    } else if (person->state == PERSON_PRESENT) {
        log_event(LOG_LEVEL_INFO, "player_replaced", "the same account came by another connection",
                  LOG_TEXT("player", person->name), LOG_U64("id", person->player));
        sessions_disconnect(presence->sessions, person->session, PROTOCOL_REASON_REPLACED, 0, NULL);
    }
    forget(presence, person);
    finish_saving(presence);
}

void presence_sim_event(struct presence *presence, const struct sim_event *event)
{
    struct person *person = find(presence, event->session);

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
            refuse(presence, person, PROTOCOL_REASON_FULL, FULL_RETRY_MS);
        else
            forget(presence, person); /* it left before it was there */
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

/* -- asking ------------------------------------------------------------------------------------ */

static void describe(const struct presence *presence, const struct person *person,
                     struct presence_row *row)
{
    const struct snapshot_entity *entity =
        presence->snapshot ? snapshot_entity(presence->snapshot, person->entity) : NULL;

    memset(row, 0, sizeof(*row));
    row->session = person->session;
    row->player = person->player;
    row->entity = person->entity;
    memcpy(row->name, person->name, sizeof(row->name));
    row->joined_ms = person->joined_ms;
    if (entity) {
        row->x_m = metres(entity->state.pos.x);
        row->y_m = metres(entity->state.pos.y);
        row->z_m = metres(entity->state.pos.z);
    }
    if (sessions_figures(presence->sessions, person->session, &row->figures) < 0)
        memset(&row->figures, 0, sizeof(row->figures)); /* it is just closing */
}

void presence_each(struct presence *presence, presence_visit_fn *visit, void *context)
{
    struct person *person, *next;
    struct presence_row row;

    HASH_ITER(hh, presence->persons, person, next)
    {
        if (person->state != PERSON_PRESENT)
            continue;
        describe(presence, person, &row);
        if (!visit(context, &row))
            return;
    }
}

uint32_t presence_n(const struct presence *presence)
{
    return presence->present_n;
}

struct writeback_watermark presence_watermark(const struct presence *presence)
{
    return writeback_watermark(presence->writeback);
}

static struct person *find_name(struct presence *presence, const char *name)
{
    char wanted[TEXT_NAME_KEY_BYTES], key[TEXT_NAME_KEY_BYTES];
    struct person *person, *next;

    if (text_name_key(name, strlen(name), wanted, NULL) < 0)
        return NULL;
    HASH_ITER(hh, presence->persons, person, next)
    if (person->state == PERSON_PRESENT &&
        text_name_key(person->name, strlen(person->name), key, NULL) >= 0 &&
        strcmp(key, wanted) == 0)
        return person;
    return NULL;
}

int presence_kick(struct presence *presence, const char *name, uint64_t session, const char *reason)
{
    struct person *person = name ? find_name(presence, name) : find(presence, session);

    if (!person || person->state != PERSON_PRESENT)
        return -1;
    sessions_disconnect(presence->sessions, person->session, PROTOCOL_REASON_KICKED, 0, reason);
    return 0;
}

/* -- beginning and end ------------------------------------------------------------------------- */

void presence_reconfigure(struct presence *presence, uint32_t players_max, uint32_t flush_ms)
{
    struct timeval period = {(time_t)(flush_ms / 1000), (suseconds_t)(flush_ms % 1000) * 1000};

    presence->config.players_max = players_max;
    presence->config.flush_ms = flush_ms;
    event_add(presence->flush, &period);
}

struct presence *presence_new(const struct presence_config *config, struct error *error)
{
    struct presence *presence = calloc(1, sizeof(*presence));

    if (!presence) {
        error_set(error, "out of memory");
        return NULL;
    }
    presence->config = *config;
    presence->writeback = writeback_new(config->base, config->store, error);
    presence->flush = event_new(config->base, -1, EV_PERSIST, flush_due, presence);
    if (!presence->writeback || !presence->flush) {
        presence_free(presence);
        return NULL;
    }
    presence_reconfigure(presence, config->players_max, config->flush_ms);
    return presence;
}

void presence_free(struct presence *presence)
{
    struct person *person, *next;

    if (!presence)
        return;
    HASH_CLEAR(by_player, presence->holders);
    HASH_ITER(hh, presence->persons, person, next)
    {
        HASH_DEL(presence->persons, person);
        drop_welcome(person);
        free(person);
    }
    presence_snapshot(presence, NULL);
    if (presence->flush)
        event_free(presence->flush);
    writeback_free(presence->writeback);
    free(presence);
}

struct sessions_handlers presence_handlers(struct presence *presence)
{
    return (struct sessions_handlers){.login = on_login, .closed = on_closed, .context = presence};
}

void presence_set_sessions(struct presence *presence, struct sessions *sessions)
{
    presence->sessions = sessions;
}
