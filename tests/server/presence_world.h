/* presence_world.h -- what the tests of presence share: real accounts, store and simulation, and
 * sessions that only write down what they are told. Included once a program. */
#ifndef OPENMMO_TESTS_PRESENCE_WORLD_H
#define OPENMMO_TESTS_PRESENCE_WORLD_H

#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <sodium.h>
#include <sqlite3.h>

#include "accounts/access.h"
#include "accounts/accounts.h"
#include "accounts/policy.h"
#include "common/heightfield.h"
#include "play/presence.h"
#include "scratch.h"
#include "sql_once.h"
#include "store/writeback.h"

#define DEADLINE_STEPS 2000 /* of 5 ms */
#define SESSIONS       16
#define PLAYERS_MAX    3
#define QUEUE_MAX      2
#define LINGER_MS      400 /* where somebody lingers */

/* What each session was told, by slot. */
struct told {
    int answers_n, disconnects_n, waits_n;
    char waiting[64];
    struct login_answer answer;
    enum protocol_reason disconnect;
    char token[PROTOCOL_TOKEN_MAX + 1]; /* for a login by it, */
    uint64_t heard;                     /* and the line heard last */
};

struct world {
    struct scratch scratch;
    struct event_base *base;
    struct store *store;
    struct workers *workers;
    struct keys *keys;
    struct access *access;
    struct accounts *accounts;
    struct policy *policy;
    struct queue *commands;
    struct heightfield *field;
    struct sim *sim;
    struct presence *presence;
    struct sessions_handlers handlers;
    uint32_t linger_ms;    /* for the next start */
    uint32_t left_open_ms; /* the same; 0: LINGER_MS */
    bool sim_waits;        /* ticks pass, but commands stay where they are */
};

static struct told told[SESSIONS];

/* -- sessions, as presence sees them -- */

void sessions_answer(struct sessions *sessions, uint64_t session, const struct login_answer *answer)
{
    assert_non_null(sessions);
    told[SESSION_SLOT(session)].answers_n++;
    told[SESSION_SLOT(session)].answer = *answer;
}

void sessions_wait(struct sessions *sessions, uint64_t session, const char *text)
{
    assert_non_null(sessions);
    told[SESSION_SLOT(session)].waits_n++;
    snprintf(told[SESSION_SLOT(session)].waiting, sizeof(told[0].waiting), "%s", text);
}

void sessions_disconnect(struct sessions *sessions, uint64_t session, enum protocol_reason reason,
                         uint32_t retry_after_ms, const char *text)
{
    (void)sessions, (void)retry_after_ms, (void)text;
    told[SESSION_SLOT(session)].disconnects_n++;
    told[SESSION_SLOT(session)].disconnect = reason;
}

unsigned sessions_disconnect_from(struct sessions *sessions, const struct network *network,
                                  enum protocol_reason reason, const char *text)
{
    (void)sessions, (void)network, (void)reason, (void)text;
    return 0;
}

void sessions_notice(struct sessions *sessions, uint64_t session, const char *text)
{
    (void)sessions, (void)session, (void)text;
}

void sessions_mute(struct sessions *sessions, uint64_t session, uint64_t until_ms, const char *text)
{
    (void)sessions, (void)session, (void)until_ms, (void)text;
}

int sessions_figures(const struct sessions *sessions, uint64_t session,
                     struct session_figures *figures)
{
    (void)sessions, (void)session, (void)figures;
    return -1;
}

bool sessions_exempt(const struct sessions *sessions, const struct sockaddr_storage *address)
{
    (void)sessions, (void)address;
    return false;
}

void login_request_free(struct login_request *request)
{
    free(request);
}

/* -- the world -- */

static inline void tick(struct world *world)
{
    struct command commands[64];
    struct sim_event events[128];
    struct sim_step_counts counts;
    size_t n = 0, events_n;

    while (!world->sim_waits && n < 64 && queue_pop(world->commands, &commands[n]))
        n++;
    qsort(commands, n, sizeof(commands[0]), command_compare);
    events_n = sim_step(world->sim, commands, n, events, &counts);
    for (size_t i = 0; i < events_n; i++)
        presence_sim_event(world->presence, &events[i]);
    presence_snapshot(world->presence, NULL);
    presence_snapshot(world->presence, sim_snapshot(world->sim));
}

static inline void turn(struct world *world)
{
    struct timeval step = {0, 5000};

    event_base_loopexit(world->base, &step);
    event_base_dispatch(world->base);
    tick(world);
}

#define UNTIL(world, condition)                                                                    \
    do {                                                                                           \
        for (unsigned i_ = 0; i_ < DEADLINE_STEPS && !(condition); i_++)                           \
            turn(world);                                                                           \
        assert_true(condition);                                                                    \
    } while (0)

static inline void start(struct world *world)
{
    struct error error = {""};
    struct sim_config sim = {.entities_max = 64, .readers = 1};
    uint8_t seed[JWS_SEED_BYTES] = {3};

    world->store = store_open(&(struct store_config){.base = world->base,
                                                     .path = world->scratch.path,
                                                     .queue_max = 64,
                                                     .busy_ms = 20,
                                                     .migrate = true},
                              &error);
    assert_non_null(world->store);
    world->workers = workers_new(world->base, 1, 64, &error);
    world->keys = keys_new(seed);
    world->access = access_new(world->keys, NULL);
    world->accounts = accounts_new(&(struct accounts_config){.store = world->store,
                                                             .workers = world->workers,
                                                             .keys = world->keys,
                                                             .access = world->access,
                                                             .guests = true,
                                                             .cost = {1, 8192},
                                                             .token_lifetime_s = 3600,
                                                             .email = ACCOUNTS_EMAIL_OPTIONAL},
                                   &error);
    assert_non_null(world->accounts);
    world->commands = queue_new(sizeof(struct command), 64, 32);
    world->field = heightfield_new(1, 1024);
    sim.field = world->field;
    world->sim = sim_new(&sim, &error);
    assert_non_null(world->sim);
    world->policy = policy_new("/nonexistent/maintenance");
    world->presence = presence_new(
        &(struct presence_config){.base = world->base,
                                  .policy = world->policy,
                                  .accounts = world->accounts,
                                  .store = world->store,
                                  .commands = world->commands,
                                  .players_max = PLAYERS_MAX,
                                  .queue_max = QUEUE_MAX,
                                  .flush_ms = 50,
                                  .size_m = 1024,
                                  .linger_ms = world->linger_ms,
                                  .left_open_ms =
                                      world->left_open_ms ? world->left_open_ms : LINGER_MS,
                                  .epoch = store_epoch(world->store)},
        &error);
    assert_non_null(world->presence);
    /* Never looked into, only handed back to the functions above. */
    presence_set_sessions(world->presence, (struct sessions *)(void *)world);
    world->handlers = presence_handlers(world->presence);
    world->sim_waits = false;
}

static inline void stop(struct world *world)
{
    struct command command;

    accounts_stop(world->accounts);
    workers_free(world->workers);
    store_close(world->store);
    presence_set_sessions(world->presence, NULL);
    accounts_free(world->accounts);
    access_free(world->access);
    keys_free(world->keys);
    presence_free(world->presence);
    policy_free(world->policy);
    while (queue_pop(world->commands, &command))
        command_drop(&command);
    queue_free(world->commands);
    sim_free(world->sim);
    heightfield_free(world->field);
}

static inline int setup(void **state)
{
    struct world *world = calloc(1, sizeof(*world));

    memset(told, 0, sizeof(told));
    scratch_make(&world->scratch);
    world->base = event_base_new();
    start(world);
    *state = world;
    return 0;
}

static inline int teardown(void **state)
{
    struct world *world = *state;

    stop(world);
    event_base_free(world->base);
    scratch_remove(&world->scratch);
    free(world);
    return 0;
}

static inline uint64_t id_of(uint32_t slot)
{
    return UINT64_C(1) << 32 | slot;
}

static inline void begin(struct world *world, uint32_t slot, enum login_kind kind, const char *name)
{
    struct login_request *request = calloc(1, sizeof(*request));
    struct sockaddr_in *v4 = (struct sockaddr_in *)&request->address;

    v4->sin_family = AF_INET;
    v4->sin_addr.s_addr = htonl(0xc0000201);
    request->session = id_of(slot);
    request->kind = kind;
    snprintf(request->username, sizeof(request->username), "%s", name);
    strcpy(request->password, "correct horse");
    memcpy(request->token, told[slot].token, sizeof(request->token));
    request->chat_sequence = told[slot].heard;
    world->handlers.login(world->handlers.context, request);
}

static inline enum protocol_reason login(struct world *world, uint32_t slot, enum login_kind kind,
                                         const char *name)
{
    int before = told[slot].answers_n;

    begin(world, slot, kind, name);
    UNTIL(world, told[slot].answers_n > before);
    return told[slot].answer.reason;
}

static inline void leave(struct world *world, uint32_t slot)
{
    world->handlers.closed(world->handlers.context, id_of(slot), PROTOCOL_REASON_NONE);
}

struct place {
    char name[64];
    double x_m, z_m;
    bool found;
};

static inline bool find_place(void *context, const struct presence_row *row)
{
    struct place *place = context;

    if (strcmp(row->name, place->name) == 0) {
        place->x_m = row->x_m;
        place->z_m = row->z_m;
        place->found = true;
    }
    return !place->found;
}

static inline struct place place_of(struct world *world, const char *name)
{
    struct place place = {.found = false};

    snprintf(place.name, sizeof(place.name), "%s", name);
    presence_each(world->presence, find_place, &place);
    assert_true(place.found);
    return place;
}

static inline int64_t sql(struct world *world, const char *text)
{
    return sql_once("", world->scratch.path, text);
}

/* Let the figure of a session walk for n ticks. */
static inline void walk(struct world *world, uint32_t slot, unsigned n)
{
    struct sim_event events[8];
    struct sim_step_counts counts;

    for (unsigned i = 1; i <= n; i++) {
        struct command command = {.session = id_of(slot),
                                  .sequence = i,
                                  .producer = COMMAND_FROM_IO,
                                  .kind = COMMAND_INTENT};

        command.as.intent.seq = i;
        command.as.intent.intent = (struct movement_intent){.flags = MOVEMENT_WALK, .yaw = 100};
        command.as.intent.substeps = 3;
        assert_int_equal(sim_step(world->sim, &command, 1, events, &counts), 0);
    }
    tick(world);
}

#endif
