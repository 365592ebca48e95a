/* scene.c -- see scene.h. */
#include "scene.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "common/log.h"
#include "net/listener.h"
#include "play/seat.h"

#define PASSWORD "the right password"

uint64_t scene_now_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

/* ---- control ---- */

static void control_command(struct scene *scene, struct command command)
{
    assert_true(scene->pending_n < SCENE_PENDING);
    command.producer = COMMAND_FROM_CONTROL;
    scene->pending[scene->pending_n++] = command;
}

static void on_login(void *context, struct login_request *request)
{
    struct scene *scene = context;
    struct command join = {.session = request->session, .sequence = 1, .kind = COMMAND_JOIN};

    scene->logins++;
    scene->last = *request;
    login_request_free(request);
    if (scene->silent)
        return;
    if (scene->last.kind != LOGIN_TOKEN && scene->last.kind != LOGIN_GUEST &&
        scene->last.kind != LOGIN_ACCESS && strcmp(scene->last.password, PASSWORD) != 0) {
        struct login_answer answer = {.reason = PROTOCOL_REASON_LOGIN_FAILED, .retry_after_ms = 7};
        sessions_answer(scene->sessions, scene->last.session, &answer);
        return;
    }
    join.as.join.player = scene->last.player != 0 ? scene->last.player : ++scene->next_player;
    join.as.join.name = blob_new(scene->last.username, strlen(scene->last.username));
    join.as.join.looks = (uint32_t)scene->next_player * 77;
    join.as.join.x = scene->spot_x * SPACE_UNITS_PER_M;
    join.as.join.z = scene->spot_z * SPACE_UNITS_PER_M;
    if (scene->last.placed) {
        join.as.join.x = scene->last.x;
        join.as.join.z = scene->last.z;
    }
    control_command(scene, join);
}

/* Guests may come, and who shows this token is player 4711. */
static bool on_seat(void *context, struct seat_ask *ask)
{
    struct scene *scene = context;

    if (ask->has_token && strcmp(ask->token, "good") == 0) {
        ask->player = 4711;
        snprintf(ask->username, sizeof(ask->username), "tokena");
        return true;
    }
    snprintf(ask->why, sizeof(ask->why), "%s",
             ask->has_token ? "invalid token" : "authentication required");
    return !ask->has_token && !scene->no_guests;
}

static void on_closed(void *context, uint64_t session, enum protocol_reason reason)
{
    struct scene *scene = context;

    scene->closed++;
    scene->closed_reason = reason;
    control_command(scene,
                    (struct command){.session = session, .sequence = 2, .kind = COMMAND_LEAVE});
}

static void on_log_out(void *context, uint64_t session)
{
    struct scene *scene = context;

    scene->log_outs++;
    if (!scene->silent)
        sessions_disconnect(scene->sessions, session, PROTOCOL_REASON_LOGGED_OUT, 0, NULL);
}

static void control_event(struct scene *scene, const struct sim_event *event)
{
    struct login_answer answer = {
        .player = event->player, .entity = event->entity, .joined_tick = event->tick};

    if (event->kind != SIM_JOINED)
        return;
    snprintf(answer.username, sizeof(answer.username), "player %u", (unsigned)event->player);
    snprintf(answer.token, sizeof(answer.token), "%s", scene->token);
    sessions_answer(scene->sessions, event->session, &answer);
}

void scene_command(struct scene *scene, struct command command)
{
    control_command(scene, command);
}

void scene_tick(struct scene *scene)
{
    static struct command commands[SCENE_PENDING * 2];
    static struct sim_event events[SCENE_PENDING * 4];
    struct sim_step_counts counts;
    unsigned readers = scene->config.io_threads > 0 ? scene->config.io_threads : 1;
    size_t n = scene->pending_n, events_n;
    struct snapshot *snapshot;

    memcpy(commands, scene->pending, n * sizeof(*commands));
    scene->pending_n = 0;
    for (unsigned i = 0; i < readers; i++) {
        while (n < SCENE_PENDING * 2 && queue_pop(scene->queues[i], &commands[n]))
            n++;
    }
    qsort(commands, n, sizeof(*commands), command_compare);
    events_n = sim_step(scene->sim, commands, n, events, &counts);
    scene->intents_refused += counts.intents_refused;
    snapshot = sim_snapshot(scene->sim);
    for (unsigned i = 0; i < readers && !scene->hidden; i++) {
        mailbox_put(&scene->mailboxes[i], snapshot_ref(snapshot));
        sessions_wake(scene->sessions, i);
    }
    snapshot_unref(snapshot);
    for (size_t i = 0; i < events_n; i++)
        control_event(scene, &events[i]);
}

/* ---- the scene ---- */

struct scene *scene_new(unsigned io_threads)
{
    return scene_new_world(io_threads, 1024, SIM_DIVIDE_ABOVE);
}

struct scene *scene_new_world(unsigned io_threads, uint32_t entities_max, uint32_t divide_above)
{
    struct scene *scene = calloc(1, sizeof(*scene));
    struct error error = {{0}};
    unsigned readers = io_threads > 0 ? io_threads : 1;

    assert_non_null(scene);
    log_set_level(LOG_LEVEL_ERROR); /* what is done here to the server it says in many lines */
    snprintf(scene->folder, sizeof(scene->folder), "/tmp/test_sessions.XXXXXX");
    assert_non_null(mkdtemp(scene->folder));
    snprintf(scene->token, sizeof(scene->token), "a token");
    scene->every_ms = 10;
    scene->socket = listener_bind("127.0.0.1:0", &error);
    scene->base = event_base_new();
    scene->field = heightfield_new(7, 4096);
    scene->sim = sim_new(&(struct sim_config){.field = scene->field,
                                              .entities_max = entities_max,
                                              .readers = readers + 1,
                                              .divide_above = divide_above},
                         &error);
    assert_non_null(scene->sim);
    for (unsigned i = 0; i < readers; i++)
        scene->queues[i] = queue_new(sizeof(struct command), 1024, 0);
    scene->tls = link_tls_new(&error);
    assert_non_null(scene->tls);
    scene->config = (struct sessions_config){
        .field = scene->field,
        .io_threads = io_threads,
        .commands = scene->queues,
        .mailboxes = scene->mailboxes,
        .server_name = "a test",
        .motd = "welcome",
        .epoch = 3,
        .sockets = &scene->socket,
        .sockets_n = 1,
        .players_max = 100,
        .connections_max = 300,
        .before_login_per_address = 300,
        .new_per_second = 1000,
        .new_burst = 1000,
        .first_byte_ms = 5000,
        .login_ms = 10000,
        .message_ms = 10000,
        .moves_per_second = 1000,
        .chats_per_10s = 100,
        .whos_per_second = 100,
        .pings_per_second = 100,
        .logins_per_minute = 100,
        .view_m = 192,
        .player_budget_bytes = 128 << 10,
        .logins = 7,
    };
    snprintf(scene->config.certificate, sizeof(scene->config.certificate), "%s/certificate.pem",
             scene->folder);
    snprintf(scene->config.key, sizeof(scene->config.key), "%s/key.pem", scene->folder);
    return scene;
}

void scene_start(struct scene *scene)
{
    struct error error = {{0}};

    scene->handlers = (struct sessions_handlers){.login = on_login,
                                                 .closed = on_closed,
                                                 .log_out = on_log_out,
                                                 .seat = on_seat,
                                                 .context = scene};
    scene->sessions = sessions_new(scene->base, &scene->config, &scene->handlers, &error);
    if (scene->sessions == NULL)
        fail_msg("%s", error.text);
    sessions_open(scene->sessions);
}

void scene_free(struct scene *scene)
{
    unsigned readers = scene->config.io_threads > 0 ? scene->config.io_threads : 1;

    scene->judged = false;
    for (unsigned i = 0; i < scene->players_n; i++) {
        assert_false(scene->players[i]->malformed);
        link_free(scene->players[i]->link);
        replica_free(scene->players[i]->replica);
        free(scene->players[i]);
    }
    sessions_free(scene->sessions);
    if (scene->socket >= 0) /* nobody took it */
        close(scene->socket);
    for (size_t i = 0; i < scene->pending_n; i++)
        command_drop(&scene->pending[i]);
    for (unsigned i = 0; i < readers; i++) {
        struct command command;
        while (queue_pop(scene->queues[i], &command))
            command_drop(&command);
        queue_free(scene->queues[i]);
        mailbox_fini(&scene->mailboxes[i]);
    }
    sim_free(scene->sim);
    heightfield_free(scene->field);
    link_tls_free(scene->tls);
    unlink(scene->config.certificate);
    unlink(scene->config.key);
    rmdir(scene->folder);
    event_base_free(scene->base);
    free(scene);
}

static void turn(struct scene *scene, int wait_ms)
{
    struct pollfd fds[SCENE_PLAYERS];
    nfds_t n = 0;

    for (unsigned i = 0; i < scene->players_n; i++) {
        struct player *player = scene->players[i];
        if (player->link != NULL && link_state(player->link) != LINK_CLOSED && !player->still)
            fds[n++] =
                (struct pollfd){.fd = link_fd(player->link), .events = link_events(player->link)};
    }
    poll(fds, n, wait_ms);
    scene->serving = true;
    event_base_loop(scene->base, EVLOOP_NONBLOCK);
    scene->serving = false;
    for (unsigned i = 0; i < scene->players_n; i++) {
        struct player *player = scene->players[i];
        if (player->link != NULL && link_state(player->link) != LINK_CLOSED && !player->still)
            link_pump(player->link, &player->error);
    }
    if (!scene->stopped && scene_now_ms() - scene->tick_ms >= scene->every_ms) {
        scene->tick_ms = scene_now_ms();
        scene_tick(scene);
    }
}

void scene_turn(struct scene *scene)
{
    turn(scene, 1);
}

void scene_step(struct scene *scene)
{
    scene_tick(scene);
    for (unsigned i = 0; i < 3; i++)
        turn(scene, 0);
}

void scene_run_ms(struct scene *scene, unsigned ms)
{
    uint64_t until_ms = scene_now_ms() + ms;

    while (scene_now_ms() < until_ms)
        scene_turn(scene);
}

uint64_t scene_figure(struct scene *scene, int32_t x_m, int32_t z_m)
{
    uint64_t number = ++scene->next_player, session = UINT64_C(0xfff00000) + number;
    struct command join = {.session = session, .sequence = 1, .kind = COMMAND_JOIN};

    join.as.join.player = number;
    join.as.join.name = blob_new("figure", 6);
    join.as.join.x = x_m * SPACE_UNITS_PER_M;
    join.as.join.z = z_m * SPACE_UNITS_PER_M;
    control_command(scene, join);
    return session;
}

void scene_figure_leave(struct scene *scene, uint64_t session)
{
    control_command(
        scene, (struct command){.session = session, .sequence = UINT32_MAX, .kind = COMMAND_LEAVE});
}

void scene_figure_move(struct scene *scene, uint64_t session, uint32_t sequence, uint16_t heading)
{
    struct command command = {.session = session, .sequence = 1 + sequence, .kind = COMMAND_INTENT};

    command.as.intent.seq = sequence;
    command.as.intent.intent =
        (struct movement_intent){.heading = heading, .yaw = heading, .flags = MOVEMENT_WALK};
    command.as.intent.substeps = 3;
    control_command(scene, command);
}

int scene_raw(struct scene *scene)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);

    to.sin_port = htons(sessions_port(scene->sessions, 0));
    if (connect(fd, (struct sockaddr *)&to, sizeof(to)) != 0)
        assert_int_equal(errno, EINPROGRESS);
    return fd;
}

bool scene_entity(struct scene *scene, uint64_t id, struct snapshot_entity *entity)
{
    struct snapshot *snapshot = sim_snapshot(scene->sim);
    const struct snapshot_entity *found = snapshot_entity(snapshot, id);

    if (found != NULL)
        *entity = *found;
    snapshot_unref(snapshot);
    return found != NULL;
}

static bool count_visit(void *context, struct replica_entity *entity)
{
    (void)entity;
    (*(unsigned *)context)++;
    return true;
}

void scene_compare(struct scene *scene, struct player *player)
{
    struct snapshot *snapshot = sim_snapshot(scene->sim);
    const struct snapshot_entity *self = snapshot_entity(snapshot, player->entity);
    unsigned held = 0, must = 0, may = 0;
    int32_t view = scene->config.view_m / SPACE_CELL_M, keep_m = scene->config.view_m + 91;
    struct space_cell own;

    assert_non_null(self);
    own = space_cell_up(self->cell, 0);
    for (uint32_t i = 0; i < snapshot_slots_n(snapshot); i++) {
        const struct snapshot_entity *e = snapshot_slot(snapshot, i);
        struct replica_entity *known;
        struct space_cell cell;
        int32_t dx, dz, gap2;
        if (e == NULL)
            continue;
        cell = space_cell_up(e->cell, 0);
        dx = abs(cell.x - own.x), dz = abs(cell.z - own.z);
        dx = dx > 0 ? dx - 1 : 0, dz = dz > 0 ? dz - 1 : 0;
        gap2 = dx * dx + dz * dz;
        known = replica_find(player->replica, e->id);
        must += gap2 < view * view;
        may += gap2 * SPACE_CELL_M * SPACE_CELL_M < keep_m * keep_m;
        if (gap2 < view * view)
            assert_non_null(known);
        if (known == NULL)
            continue;
        assert_int_equal(space_wire(known->pos.x), space_wire(e->state.pos.x));
        assert_int_equal(space_wire(known->pos.z), space_wire(e->state.pos.z));
        assert_int_equal(known->yaw >> 8, e->state.yaw >> 8);
        assert_int_equal(known->pose, e->state.pose);
    }
    replica_each(player->replica, count_visit, &held);
    assert_in_range(held, must, may);
    snapshot_unref(snapshot);
}

/* ---- players ---- */

static void on_event(void *context, enum replica_event event, struct replica_entity *entity)
{
    struct player *player = context;
    struct scene *scene = player->scene;
    struct snapshot_entity self, other;
    int64_t dx, dz, view_m = scene->config.view_m;

    if (event != REPLICA_VANISHED || !scene->judged ||
        !scene_entity(scene, player->entity, &self) || !scene_entity(scene, entity->id, &other))
        return;
    dx = ((int64_t)other.state.pos.x - self.state.pos.x) / SPACE_UNITS_PER_M;
    dz = ((int64_t)other.state.pos.z - self.state.pos.z) / SPACE_UNITS_PER_M;
    player->blinks += dx * dx + dz * dz < view_m * view_m;
}

static void keep(char *room, size_t room_bytes, struct wire_text text)
{
    snprintf(room, room_bytes, "%.*s", (int)text.len, text.bytes);
}

static bool on_view(struct player *p, const struct protocol_frame *frame)
{
    struct protocol_view view;

    return protocol_decode_view(frame->body, frame->body_bytes, &view) == PROTOCOL_OK &&
           replica_view(p->replica, &view) == PROTOCOL_OK;
}

static bool on_blocks(struct player *p, const struct protocol_frame *frame)
{
    struct protocol_blocks blocks;

    return protocol_decode_blocks(frame->body, frame->body_bytes, &blocks) == PROTOCOL_OK &&
           replica_blocks(p->replica, &blocks) == PROTOCOL_OK;
}

static bool on_identity(struct player *p, const struct protocol_frame *frame)
{
    struct protocol_identity identity;

    return protocol_decode_identity(frame->body, frame->body_bytes, &identity) == PROTOCOL_OK &&
           replica_identity(p->replica, &identity) == PROTOCOL_OK;
}

static bool on_welcome(struct player *p, const struct protocol_frame *frame)
{
    struct protocol_welcome welcome;
    uint8_t hash[HEIGHTFIELD_HASH_BYTES];

    if (protocol_decode_welcome(frame->body, frame->body_bytes, &welcome) != PROTOCOL_OK)
        return false;
    p->entity = welcome.entity;
    p->tick = welcome.tick;
    p->epoch = welcome.epoch;
    keep(p->token, sizeof(p->token), welcome.token);
    keep(p->name, sizeof(p->name), welcome.username);
    heightfield_hash(p->scene->field, hash);
    return memcmp(hash, welcome.world_hash, sizeof(hash)) == 0 && welcome.tick_hz == SIM_TICK_HZ &&
           welcome.view_m == p->scene->config.view_m;
}

static bool on_greeting(struct player *p, const struct protocol_frame *frame)
{
    struct protocol_greeting greeting;

    if (protocol_decode_greeting(frame->body, frame->body_bytes, &greeting) != PROTOCOL_OK)
        return false;
    p->players = greeting.players;
    p->players_max = greeting.players_max;
    p->logins = greeting.logins;
    keep(p->name, sizeof(p->name), greeting.name);
    keep(p->motd, sizeof(p->motd), greeting.motd);
    return greeting.version == PROTOCOL_VERSION_HIGHEST;
}

static bool on_chat_line(struct player *p, const struct protocol_frame *frame)
{
    struct protocol_chat_line line;

    if (protocol_decode_chat_line(frame->body, frame->body_bytes, &line) != PROTOCOL_OK)
        return false;
    keep(p->text, sizeof(p->text), line.text);
    keep(p->speaker, sizeof(p->speaker), line.name);
    return true;
}

static bool on_words(struct player *p, const struct protocol_frame *frame)
{
    struct protocol_notice notice;
    struct protocol_disconnect disconnect;

    if (frame->type == PROTOCOL_NOTICE) {
        if (protocol_decode_notice(frame->body, frame->body_bytes, &notice) != PROTOCOL_OK)
            return false;
        p->notice = notice.reason;
        p->retry_after_ms = notice.retry_after_ms;
        keep(p->text, sizeof(p->text), notice.text);
        return true;
    }
    if (protocol_decode_disconnect(frame->body, frame->body_bytes, &disconnect) != PROTOCOL_OK)
        return false;
    p->disconnect = disconnect.reason;
    p->retry_after_ms = disconnect.retry_after_ms;
    keep(p->text, sizeof(p->text), disconnect.text);
    return true;
}

static bool on_times(struct player *p, const struct protocol_frame *frame)
{
    struct protocol_pong pong;
    struct protocol_clock clock;

    if (frame->type == PROTOCOL_PONG) {
        if (protocol_decode_pong(frame->body, frame->body_bytes, &pong) != PROTOCOL_OK)
            return false;
        p->cookie = pong.cookie;
        return true;
    }
    if (protocol_decode_clock(frame->body, frame->body_bytes, &clock) != PROTOCOL_OK)
        return false;
    p->clock_tick = clock.tick;
    return true;
}

static bool on_frame(void *context, const struct protocol_frame *frame)
{
    struct player *p = context;
    bool fine = false;

    p->counts[frame->type]++;
    p->bytes_in += frame->frame_bytes;
    if (frame->type == PROTOCOL_VIEW)
        fine = on_view(p, frame);
    else if (frame->type == PROTOCOL_BLOCKS)
        fine = on_blocks(p, frame);
    else if (frame->type == PROTOCOL_IDENTITY)
        fine = on_identity(p, frame);
    else if (frame->type == PROTOCOL_WELCOME)
        fine = on_welcome(p, frame);
    else if (frame->type == PROTOCOL_GREETING)
        fine = on_greeting(p, frame);
    else if (frame->type == PROTOCOL_CHAT_LINE)
        fine = on_chat_line(p, frame);
    else if (frame->type == PROTOCOL_NOTICE || frame->type == PROTOCOL_DISCONNECT)
        fine = on_words(p, frame);
    else if (frame->type == PROTOCOL_PONG || frame->type == PROTOCOL_CLOCK)
        fine = on_times(p, frame);
    else if (frame->type == PROTOCOL_SELF)
        fine = protocol_decode_self(frame->body, frame->body_bytes, &p->self) == PROTOCOL_OK;
    if (!fine)
        p->malformed = true;
    return fine;
}

struct player *scene_connect(struct scene *scene)
{
    struct player *player = calloc(1, sizeof(*player));
    struct link_handlers handlers = {.frame = on_frame, .context = player};

    assert_true(scene->players_n < SCENE_PLAYERS);
    player->scene = scene;
    player->replica = replica_new(scene->field, on_event, player);
    player->link = link_new(scene->tls, "127.0.0.1", sessions_port(scene->sessions, 0), &handlers,
                            &player->error);
    assert_non_null(player->link);
    scene->players[scene->players_n++] = player;
    SCENE_UNTIL(scene, link_state(player->link) >= LINK_OPEN);
    return player;
}

/* Room for a frame; the server may have closed meanwhile, then it is written for nobody. */
static bool begin(struct player *player, struct wire_writer *w)
{
    return link_state(player->link) == LINK_OPEN && link_send_begin(player->link, 2048, w) == 0;
}

static void commit(struct player *player, struct wire_writer *w)
{
    assert_false(w->bad);
    link_send_commit(player->link, w);
    link_pump(player->link, &player->error);
}

void player_hello(struct player *player, uint16_t lowest, uint16_t highest)
{
    struct wire_writer w;

    if (!begin(player, &w))
        return;
    protocol_encode_hello(&w, &(struct protocol_hello){.lowest = lowest,
                                                       .highest = highest,
                                                       .program = wire_text_of("test")});
    commit(player, &w);
}

void player_auth(struct player *player, const char *name, const char *password)
{
    struct wire_writer w;

    if (!begin(player, &w))
        return;
    protocol_encode_auth(&w, &(struct protocol_auth){.kind = PROTOCOL_AUTH_PASSWORD,
                                                     .username = wire_text_of(name),
                                                     .password = wire_text_of(password)});
    commit(player, &w);
}

struct player *scene_join(struct scene *scene, const char *name)
{
    struct player *player = scene_connect(scene);

    player_hello(player, PROTOCOL_VERSION_LOWEST, PROTOCOL_VERSION_HIGHEST);
    SCENE_UNTIL(scene, player->counts[PROTOCOL_GREETING] == 1);
    player_auth(player, name, PASSWORD);
    SCENE_UNTIL(scene, player->counts[PROTOCOL_WELCOME] == 1);
    SCENE_UNTIL(scene, player->counts[PROTOCOL_SELF] > 0 &&
                           replica_find(player->replica, player->entity) != NULL);
    return player;
}

void player_move(struct player *player, uint16_t heading, uint8_t flags, uint8_t substeps)
{
    struct wire_writer w;

    if (!begin(player, &w))
        return;
    protocol_encode_move(&w, &(struct protocol_move){.seq = ++player->seq,
                                                     .heading = heading,
                                                     .yaw = heading,
                                                     .flags = flags,
                                                     .substeps = substeps});
    commit(player, &w);
}

void player_chat(struct player *player, uint8_t channel, const char *text)
{
    struct wire_writer w;

    if (!begin(player, &w))
        return;
    protocol_encode_chat(&w,
                         &(struct protocol_chat){.channel = channel, .text = wire_text_of(text)});
    commit(player, &w);
}

void player_log_out(struct player *player)
{
    struct wire_writer w;

    if (!begin(player, &w))
        return;
    protocol_encode_leave(&w, &(struct protocol_leave){.log_out = true});
    commit(player, &w);
}

void player_ping(struct player *player, uint64_t cookie)
{
    struct wire_writer w;

    if (!begin(player, &w))
        return;
    protocol_encode_ping(&w, &(struct protocol_ping){.cookie = cookie});
    commit(player, &w);
}

void player_who(struct player *player, const uint64_t *ids, uint8_t ids_n)
{
    struct protocol_who who = {.ids_n = ids_n};
    struct wire_writer w;

    memcpy(who.ids, ids, ids_n * sizeof(*ids));
    if (!begin(player, &w))
        return;
    protocol_encode_who(&w, &who);
    commit(player, &w);
}

bool player_closed(const struct player *player)
{
    return link_state(player->link) == LINK_CLOSED;
}
