/* fake_host.c -- see fake_host.h. */
#include "fake_host.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "common/log.h"
#include "common/space.h"
#include "ops/metrics.h"
#include "play/balance.h"

struct fake_host fake_host;

#define FAKE_INI "[server]\nname = Fake\n[auth]\nsecret = swordfish\n[log]\nlevel = info\n"

static const char *const LEVELS[] = {"error", "warn", "info", "debug", NULL};
/* clang-format off */
static const struct option_row ROWS[] = {
    {"server", "name", OPTION_STRING, 0, "OpenMMO", 1, 100, OPTION_RELOAD, NULL, NULL, NULL, "What players see."},
    {"net", "listen", OPTION_LIST, 0, "127.0.0.1:7777", 1, 8, 0, NULL, NULL, NULL, "Where players connect."},
    {"auth", "secret", OPTION_STRING, 0, "", 0, 100, OPTION_RELOAD | OPTION_SECRET, NULL, NULL, NULL, "A secret."},
    {"log", "level", OPTION_ENUM, 0, "info", 0, 0, OPTION_RELOAD, LEVELS, NULL, NULL, "The least that is logged."},
};
/* clang-format on */
static const char *const SECTIONS[] = {"server", "", "net", "", "auth", "", "log", "", NULL};
static const struct options_table TABLE = {
    .program = "fake", .rows = ROWS, .rows_n = ARRAY_N(ROWS), .sections = SECTIONS};

void presence_each(struct presence *presence, presence_visit_fn *visit, void *context)
{
    (void)presence;
    fake_host.lists++;
    for (unsigned i = 0; i < fake_host.players_n; i++) {
        if (!visit(context, &fake_host.players[i]))
            return;
    }
}

int presence_row(const struct presence *presence, uint64_t session, struct presence_row *row)
{
    (void)presence;
    for (unsigned i = 0; i < fake_host.players_n; i++) {
        if (fake_host.players[i].session == session) {
            *row = fake_host.players[i];
            return 0;
        }
    }
    return -1;
}

struct snapshot *presence_world(const struct presence *presence)
{
    (void)presence;
    return fake_host.world;
}

bool sessions_exempt(const struct sessions *sessions, const struct sockaddr_storage *address)
{
    (void)sessions;
    return ((const struct sockaddr_in6 *)(const void *)address)->sin6_addr.s6_addr[12] == 127;
}

/* All that are here, whoever is asked for. */
void sessions_each_from(const struct sessions *sessions, const struct network *network,
                        void (*visit)(void *context, const struct sessions_peer *peer),
                        void *context)
{
    (void)sessions, (void)network;
    for (unsigned i = 0; i < fake_host.players_n; i++) {
        struct sessions_peer peer = {.session = fake_host.players[i].session,
                                     .logged_in = true,
                                     .figures = fake_host.players[i].figures};

        visit(context, &peer);
    }
}

unsigned sessions_threads(const struct sessions *sessions)
{
    (void)sessions;
    return 2;
}

uint32_t presence_guests_n(const struct presence *presence)
{
    (void)presence;
    return 0;
}

bool presence_has(const struct presence *presence, uint64_t player)
{
    (void)presence, (void)player;
    return false;
}

uint32_t presence_n(const struct presence *presence)
{
    (void)presence;
    return fake_host.players_n;
}

int presence_kick(struct presence *presence, const char *name, uint64_t session, const char *reason)
{
    (void)presence;
    for (unsigned i = 0; i < fake_host.players_n; i++) {
        struct presence_row *row = &fake_host.players[i];

        if (name != NULL ? strcmp(row->name, name) != 0 : row->session != session)
            continue;
        snprintf(fake_host.kicked, sizeof(fake_host.kicked), "%s", row->name);
        snprintf(fake_host.kick_reason, sizeof(fake_host.kick_reason), "%s",
                 reason != NULL ? reason : "");
        fake_host.kicks++;
        *row = fake_host.players[--fake_host.players_n];
        return 0;
    }
    return -1;
}

unsigned presence_turn_out(struct presence *presence, bool everyone)
{
    (void)presence;
    fake_host.turned_out++;
    return everyone ? fake_host.players_n : 0;
}

int presence_teleport(struct presence *presence, uint64_t session, int32_t x, int32_t z)
{
    (void)presence;
    for (unsigned i = 0; i < fake_host.players_n; i++) {
        struct presence_row *row = &fake_host.players[i];

        if (row->session != session)
            continue;
        row->x_m = (double)x / SPACE_UNITS_PER_M;
        row->z_m = (double)z / SPACE_UNITS_PER_M;
        fake_host.teleports++;
        return 0;
    }
    return -1;
}

void presence_save_all(struct presence *presence, void (*done)(void *context, uint32_t lost),
                       void *context)
{
    (void)presence;
    fake_host.saves++;
    fake_host.saved = done;
    fake_host.saved_context = context;
}

void sessions_announce(struct sessions *sessions, const char *text)
{
    (void)sessions;
    snprintf(fake_host.announced, sizeof(fake_host.announced), "%s", text);
}

void sessions_notice(struct sessions *sessions, uint64_t session, const char *text)
{
    (void)sessions;
    fake_host.told = session;
    snprintf(fake_host.notice, sizeof(fake_host.notice), "%s", text);
}

void sessions_load(const struct sessions *sessions, unsigned thread, struct balance_load *load)
{
    (void)sessions;
    *load = (struct balance_load){.sessions_n = 3 + thread, .busy_us = 120000};
}

unsigned sessions_floor(const struct sessions *sessions, unsigned thread)
{
    (void)sessions;
    return thread;
}

void sessions_note_rates(struct sessions *sessions)
{
    (void)sessions;
}

static uint64_t wall_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    return (uint64_t)now.tv_sec * 1000;
}

static void status(void *context, struct admin_status *out)
{
    (void)context;
    snprintf(out->name, sizeof(out->name), "Fake");
    out->started_ms = wall_ms() - 3661000;
    out->stopping = fake_host.stopping;
    out->tick = 73220;
    out->last_tick_ms = wall_ms();
    out->players_max = 2000;
    out->connections_max = 2500;
    out->store = "sqlite";
    out->durable_epoch = 3;
    out->durable_tick = 73200;
    out->durable_ms = wall_ms() - 1000;
}

static int reload(void *context, struct error *outcome)
{
    (void)context;
    fake_host.reloads++;
    if (fake_host.reload_fault != NULL)
        return error_set(outcome, "%s", fake_host.reload_fault);
    error_set(outcome, "1 option changed");
    return 0;
}

static void stop(void *context, const char *reason, bool restart)
{
    (void)context;
    fake_host.restart = restart;
    fake_host.shutdowns++;
    snprintf(fake_host.shutdown_reason, sizeof(fake_host.shutdown_reason), "%s", reason);
}

static uint32_t here(void *context)
{
    (void)context;
    return fake_host.players_n;
}

static void say(void *context, const char *sentence)
{
    (void)context;
    sessions_announce(NULL, sentence);
}

static void due(void *context, const struct ending_order *order)
{
    stop(context, order->reason, order->restart);
}

static int rotate_key(void *context, struct error *outcome)
{
    (void)context;
    fake_host.rotations++;
    error_set(outcome, "tokens are signed with a new key: k");
    return 0;
}

static const struct options *options(void *context)
{
    (void)context;
    return fake_host.options;
}

static int set(void *context, const char *name, const char *value, const char *by,
               struct error *error)
{
    int row = name != NULL ? options_row(&TABLE, name) : -1;

    (void)context;
    if (name != NULL && (row < 0 || (TABLE.rows[row].flags & OPTION_RELOAD) == 0))
        return error_set(error, "%s cannot be set", name);
    if (value != NULL)
        return options_set(fake_host.options, (size_t)row, value, by, error);
    for (size_t i = 0; i < TABLE.rows_n; i++) {
        if (name == NULL || (size_t)row == i)
            (void)options_unset(fake_host.options, i);
    }
    return 0;
}

void fake_host_players(unsigned players_n)
{
    static const char *const FIRST[] = {"anna", "Bjorn", "\xe6\x9d\x8e\xe5\xb0\x8f\xe9\xbe\x99"};

    fake_host.players_n = players_n;
    for (unsigned i = 0; i < players_n; i++) {
        struct presence_row *row = &fake_host.players[i];

        memset(row, 0, sizeof(*row));
        row->session = (UINT64_C(1) << 32) + i + 1;
        row->player = i + 1;
        row->entity = (UINT64_C(0xffff) << 48) + i;
        if (i < 3)
            snprintf(row->name, sizeof(row->name), "%s", FIRST[i]);
        else
            snprintf(row->name, sizeof(row->name), "walker%04u", i);
        row->joined_ms = wall_ms() - 60000 * (i % 90 + 1);
        row->x_m = i * 3.25;
        row->y_m = 40.5;
        row->z_m = -1.5 * i;
        snprintf(row->figures.address, sizeof(row->figures.address), "192.0.2.%u:%u", i % 250,
                 40000 + i);
        row->figures.bytes_in = 1000 * i;
        row->figures.cost_us = 1500 * ((i * 3) % 5);
        row->figures.cells = 37;
        row->figures.shift = i % 3;
        row->figures.withheld = 4 * (i % 3);
        row->figures.dropped = 6 * i;
        row->figures.bytes_out = 100000 - 10 * i;
        row->figures.in_per_s = 40 * i;
        row->figures.out_per_s = 10000 + 700 * ((i * 7) % 50);
        row->figures.cost_us_per_s = 150 * ((i * 11) % 40);
        row->figures.rtt_us = 1000 * ((i * 37) % 200) + 250;
    }
}

void fake_host_start_at(const char *path, unsigned players_n)
{
    struct admin_config config = {.options_table = &TABLE};
    struct error error = {""};
    int fd;

    signal(SIGPIPE, SIG_IGN);
    memset(&fake_host, 0, sizeof(fake_host));
    fake_host_players(players_n);
    fake_host.options = options_new(&TABLE);
    options_text(fake_host.options, "fake.ini", FAKE_INI, strlen(FAKE_INI));
    fake_host.base = event_base_new();
    snprintf(fake_host.path, sizeof(fake_host.path), "%s", path);
    config.base = fake_host.base;
    config.path = fake_host.path;
    config.host = (struct admin_host){status, reload, stop, rotate_key, options, set, &fake_host};
    fd = admin_bind(fake_host.path, &error);
    config.socket = &fd;
    config.ladder = &fake_host.ladder;
    config.alerts = &fake_host.alerts;
    fake_host.worst = worst_new(2, &error);
    fake_host.tally = tally_new(16384);
    if (fake_host.worst == NULL || fake_host.tally == NULL)
        abort();
    config.tally = fake_host.tally;
    config.worst = fake_host.worst;
    fake_host.ending = ending_new(
        &(struct ending_config){.base = fake_host.base, .here = here, .say = say, .due = due},
        &error);
    if (fake_host.ending == NULL)
        abort();
    config.ending = fake_host.ending;
    fake_host.field = heightfield_new(1, 8192);
    if (fake_host.field == NULL)
        abort();
    config.field = fake_host.field;
    config.spawn_radius_m = 24;
    config.policy = fake_host.policy = policy_new("/nonexistent/maintenance");
    fake_host.admin = fd >= 0 ? admin_new(&config, &error) : NULL;
    if (fake_host.admin == NULL) {
        fprintf(stderr, "fake_host: %s\n", error.text);
        abort();
    }
}

void fake_host_start(unsigned players_n)
{
    char directory[64] = "/tmp/openmmo-test-XXXXXX", path[108];

    if (mkdtemp(directory) == NULL)
        abort();
    chmod(directory, 0755); /* other users try to connect */
    snprintf(path, sizeof(path), "%s/run/admin.sock", directory);
    fake_host_start_at(path, players_n);
}

/* Figures that move: a tick now and then, bytes, a line of log. */
static void live(evutil_socket_t fd, short what, void *context)
{
    static unsigned turn;

    (void)fd;
    (void)what;
    (void)context;
    turn++;
    for (unsigned i = 0; i < 4; i++) {
        uint64_t us = 1500 + (turn * 37 + i * 613) % 2500 + (turn % 97 == 0 ? 61000 : 0);

        metrics_observe(METRIC_TICK_US, us);
        metrics_observe(METRIC_TICK_STEP_US, us * 2 / 3);
        metrics_observe(METRIC_TICK_SNAPSHOT_US, us / 4);
        metrics_observe(METRIC_TICK_LATE_US, turn % 40);
        metrics_observe(METRIC_STORE_US, 300 + turn % 900);
    }
    metrics_add(METRIC_BYTES_IN, 180000 + turn % 50 * 1000);
    metrics_add(METRIC_BYTES_OUT, 700000 + turn % 80 * 9000);
    metrics_add(METRIC_MESSAGES_IN, 300);
    metrics_set(METRIC_PLAYERS, fake_host.players_n);
    metrics_set(METRIC_CONNECTIONS, fake_host.players_n + 3);
    metrics_set(METRIC_CONNECTIONS_BEFORE_LOGIN, 3);
    if (turn % 10 == 0)
        log_event(turn % 50 == 0 ? LOG_LEVEL_WARN : LOG_LEVEL_INFO, "walk", "somebody walks about",
                  LOG_U64("turn", turn), LOG_TEXT("who", fake_host.players[0].name));
}

void fake_host_serve(const char *path, unsigned players_n)
{
    const struct timeval often = {0, 200000};
    struct event *timer;

    fake_host_start_at(path, players_n);
    timer = event_new(fake_host.base, -1, EV_PERSIST, live, NULL);
    event_add(timer, &often);
    event_base_dispatch(fake_host.base);
    abort();
}

void fake_host_stop(void)
{
    char directory[sizeof(fake_host.path)];

    admin_free(fake_host.admin);
    ending_free(fake_host.ending);
    policy_free(fake_host.policy);
    worst_free(fake_host.worst);
    tally_free(fake_host.tally);
    heightfield_free(fake_host.field);
    options_free(fake_host.options);
    event_base_free(fake_host.base);
    snprintf(directory, sizeof(directory), "%s", fake_host.path);
    for (int i = 0; i < 2; i++) {
        *strrchr(directory, '/') = '\0';
        rmdir(directory);
    }
}

void fake_host_turn(void)
{
    const struct timeval soon = {0, 5000};

    event_base_loopexit(fake_host.base, &soon);
    event_base_loop(fake_host.base, EVLOOP_ONCE);
}

void presence_role(struct presence *presence, uint64_t player, enum protocol_role role)
{
    (void)presence, (void)player, (void)role;
}

void presence_renamed(struct presence *presence, uint64_t player, const char *name)
{
    (void)presence, (void)player, (void)name;
}

int presence_say(struct presence *presence, enum protocol_channel channel, const char *text)
{
    (void)presence, (void)channel;
    snprintf(fake_host.said, sizeof(fake_host.said), "%s", text);
    return 0;
}

uint64_t presence_session(const struct presence *presence, uint64_t player)
{
    (void)presence, (void)player;
    return 0;
}

int presence_role_of(const struct presence *presence, uint64_t session, enum protocol_role *role)
{
    (void)presence, (void)session;
    *role = PROTOCOL_ROLE_PLAYER;
    return 0;
}

uint64_t presence_guest(const struct presence *presence, const char *name)
{
    (void)presence, (void)name;
    return 0;
}

void presence_mute_guest(struct presence *presence, uint64_t session, uint64_t until_ms,
                         const char *text)
{
    (void)presence, (void)session, (void)until_ms, (void)text;
}

void presence_bar(struct presence *presence, uint64_t player)
{
    (void)presence, (void)player;
}

bool presence_gone(const struct presence *presence, uint64_t player)
{
    (void)presence, (void)player;
    return true;
}

unsigned presence_end(struct presence *presence, uint64_t player, enum protocol_reason reason,
                      const char *text)
{
    (void)presence, (void)player, (void)reason, (void)text;
    return 0;
}
