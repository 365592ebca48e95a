#include "app.h"

#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <openssl/crypto.h>

#include "common/log.h"
#include "files.h"
#include "game/control.h"
#include "net/connection.h"
#include "net/pins.h"
#include "start.h"
#include "ui/chat.h"
#include "ui/hud.h"
#include "ui/imgui_shim.h"
#include "ui/screens.h"
#include "view.h"
#include "window.h"

#define CPU_FRAME_US                                                                               \
    33333 /* a processor that plays graphics card: 30 frames a second are enough                   \
           */
#define MINIMISED_FRAME_US 100000 /* nothing is drawn: only the network is kept going */
#define LOOK_US            4000 /* while waiting for the next frame, look at the network this often */

struct app {
    const struct arguments *arguments;
    struct window *window;
    struct view view;
    struct imgui *imgui;
    struct connection *connection;
    struct heightfield *backdrop;
    struct settings settings;
    struct screens screens;
    struct chat *chat;
    struct hud hud;
    struct camera camera, backdrop_camera;
    struct control control;
    char lost_text[640];  /* why the last game ended; empty: none did */
    struct error trouble; /* what went wrong inside a handler */
    bool was_playing, was_ended, swallow_text, quit, broken;
    uint64_t now_us, frame_us;
    char kept_for[SETTINGS_SERVER_MAX + TEXT_NAME_MAX_BYTES +
                  2]; /* server and name that has_token is about */
    bool has_token;
};

static void stop_signals(sigset_t *set)
{
    sigemptyset(set);
    sigaddset(set, SIGTERM);
    sigaddset(set, SIGINT);
}

static double now_s(const struct app *app)
{
    return (double)app->now_us * 1e-6;
}

/* --- what the connection says --- */

static void on_world(void *context, struct world *world)
{
    struct app *app = context;
    const struct heightfield *field = world ? world_field(world) : app->backdrop;
    if (app->view.gfx && gfx_set_world(app->view.gfx, field, &app->trouble) != 0)
        app->broken = true;
    app->was_playing = false;
}

static void on_chat(void *context, const struct protocol_chat_line *line)
{
    struct app *app = context;
    chat_add(app->chat, (enum protocol_channel)line->channel, line->name, line->text, now_s(app));
}

static void on_notice(void *context, const struct protocol_notice *notice)
{
    struct app *app = context;
    struct wire_text text = notice->text;
    if (text.len == 0 && protocol_reason_text(notice->reason))
        text = wire_text_of(protocol_reason_text(notice->reason));
    chat_add(app->chat, PROTOCOL_CHANNEL_SERVER, wire_text_of(""), text, now_s(app));
}

/* --- what a person does --- */

static void take_picture(struct app *app)
{
    char name[64], path[FILES_PATH_MAX], text[FILES_PATH_MAX + 32];
    struct error error = {{0}};
    time_t now = time(NULL);
    struct tm tm;
    localtime_r(&now, &tm);
    strftime(name, sizeof(name), "openmmo-%Y%m%d-%H%M%S.png", &tm);
    if (files_path(FILES_PICTURES, name, path, &error) != 0 ||
        files_make_folders(path, &error) != 0 ||
        gfx_write(app->view.gfx, GFX_AOV_COLOUR, path, &error) != 0)
        snprintf(text, sizeof(text), "No picture: %s", error.text);
    else
        snprintf(text, sizeof(text), "Saved as %s", path);
    log_event(LOG_LEVEL_INFO, "screenshot", text, LOG_NONE);
    hud_toast(&app->hud, now_s(app), text);
}

/* Keys that work everywhere. */
static bool global_key(struct app *app, const struct input_event *event)
{
    if (event->kind != INPUT_KEY || !event->down || event->repeat)
        return false;
    if (event->key == INPUT_KEY_F3)
        app->hud.overlay = !app->hud.overlay;
    else if (event->key == INPUT_KEY_F11)
        window_fullscreen(app->window, !window_is_fullscreen(app->window));
    else if (event->key == INPUT_KEY_F12)
        take_picture(app);
    else
        return false;
    return true;
}

static void chat_event(struct app *app, const struct input_event *event)
{
    bool pressed = event->kind == INPUT_KEY && event->down;
    if (pressed && event->key == INPUT_KEY_ESCAPE)
        chat_close(app->chat);
    else if (pressed && event->key == INPUT_KEY_TAB)
        chat_switch_channel(app->chat);
    else if (event->kind != INPUT_KEY || event->key != INPUT_KEY_TAB)
        imgui_event(app->imgui, event);
}

static void escape(struct app *app)
{
    if (app->control.captured)
        app->control.captured = false;
    else
        screens_open(&app->screens, SCREENS_MENU);
}

static void game_event(struct app *app, const struct input_event *event)
{
    bool pressed = event->kind == INPUT_KEY && event->down && !event->repeat;
    if (event->kind == INPUT_POINTER || event->kind == INPUT_FOCUS ||
        (event->kind == INPUT_BUTTON && !event->down) || (event->kind == INPUT_KEY && !event->down))
        imgui_event(app->imgui, event);
    if (pressed && event->key == INPUT_KEY_ESCAPE) {
        escape(app);
    } else if (pressed && (event->key == INPUT_KEY_ENTER || event->key == INPUT_KEY_T)) {
        control_release(&app->control);
        chat_open(app->chat);
        app->swallow_text = event->key == INPUT_KEY_T; /* the t itself comes as text next */
    } else {
        control_event(&app->control, &app->camera, event);
    }
}

static void screen_event(struct app *app, const struct input_event *event)
{
    if ((app->screens.kind == SCREENS_MENU || app->screens.kind == SCREENS_PASSWORD) &&
        event->kind == INPUT_KEY && event->down && !event->repeat && event->key == INPUT_KEY_ESCAPE)
        screens_open(&app->screens, SCREENS_NONE);
    else
        imgui_event(app->imgui, event);
}

static void handle_event(struct app *app, const struct input_event *event)
{
    if (event->kind == INPUT_TEXT && app->swallow_text) {
        app->swallow_text = false;
        return;
    }
    if (global_key(app, event))
        return;
    if (app->screens.kind != SCREENS_NONE)
        screen_event(app, event);
    else if (chat_is_open(app->chat))
        chat_event(app, event);
    else
        game_event(app, event);
    if (event->kind == INPUT_KEY &&
        !event->down) /* a key released over a window is released for the figure too */
        app->control.keys[event->key] = false;
}

/* SIGTERM and SIGINT are blocked (app_run) and looked for once a frame: no handler, no global. */
static bool asked_to_stop(void)
{
    static const struct timespec at_once = {0};
    sigset_t set;
    stop_signals(&set);
    return sigtimedwait(&set, NULL, &at_once) > 0;
}

static void handle_events(struct app *app)
{
    struct input_event event;
    while (window_event(app->window, &event))
        handle_event(app, &event);
    if (app->screens.kind != SCREENS_NONE)
        control_release(&app->control);
    window_capture(app->window, app->control.captured);
    if (window_closing(app->window) || asked_to_stop())
        app->quit = true;
}

/* --- screens --- */

static void log_in(struct app *app, enum session_login_kind kind)
{
    struct screens *s = &app->screens;
    struct session_login login = {.kind = kind};
    struct error error = {{0}};
    if (settings_split_server(s->server, login.host, &login.port, &error) != 0) {
        snprintf(s->trouble, sizeof(s->trouble), "%s", error.text);
        return;
    }
    snprintf(login.user, sizeof(login.user), "%s", s->user);
    snprintf(login.email, sizeof(login.email), "%s", s->email);
    snprintf(login.invite, sizeof(login.invite), "%s", s->invite);
    snprintf(login.password, sizeof(login.password), "%s", s->password);
    if (kind == SESSION_LOGIN_PASSWORD && !login.password[0])
        login.kind = SESSION_LOGIN_TOKEN;
    s->trouble[0] = '\0';
    app->was_ended = false;
    connection_login(app->connection, &login, app->now_us);
    OPENSSL_cleanse(&login, sizeof(login));
}

static void accept_key(struct app *app)
{
    struct error error = {{0}};
    if (session_accept_key(connection_session(app->connection), &error) == 0) {
        connection_again(app->connection, app->now_us);
        return;
    }
    hud_toast(&app->hud, now_s(app), error.text);
    connection_leave(app->connection);
}

static void act(struct app *app, enum screens_act act)
{
    switch (act) {
    case SCREENS_ACT_NONE:
        break;
    case SCREENS_ACT_LOGIN:
        log_in(app, SESSION_LOGIN_PASSWORD);
        break;
    case SCREENS_ACT_REGISTER:
        log_in(app, SESSION_LOGIN_REGISTER);
        break;
    case SCREENS_ACT_CODE:
        log_in(app, SESSION_LOGIN_CODE);
        break;
    case SCREENS_ACT_GUEST:
        log_in(app, SESSION_LOGIN_GUEST);
        break;
    case SCREENS_ACT_PASSWORD:
        app->screens.trouble[0] = '\0';
        screens_open(&app->screens, SCREENS_PASSWORD);
        break;
    case SCREENS_ACT_CHANGE: /* the server's NOTICE says what came of it */
        if (session_password(connection_session(app->connection), app->screens.old,
                             app->screens.password) != 0)
            hud_toast(&app->hud, now_s(app), "The password could not be sent: try again");
        screens_open(&app->screens, SCREENS_NONE);
        break;
    case SCREENS_ACT_LOG_OUT:
        connection_log_out(app->connection);
        app->kept_for[0] = '\0'; /* look again */
        app->lost_text[0] = '\0';
        screens_open(&app->screens, SCREENS_LOGIN);
        break;
    case SCREENS_ACT_CANCEL:
    case SCREENS_ACT_DISCONNECT:
        if (session_waits(connection_session(app->connection)))
            app->screens.tab = SCREENS_TAB_LOGIN; /* who registered has an account by now */
        app->lost_text[0] = '\0';
        connection_leave(app->connection);
        screens_open(&app->screens, SCREENS_LOGIN);
        break;
    case SCREENS_ACT_RECONNECT:
        connection_again(app->connection, app->now_us);
        break;
    case SCREENS_ACT_ACCEPT_KEY:
        accept_key(app);
        break;
    case SCREENS_ACT_RESUME:
        screens_open(&app->screens, SCREENS_NONE);
        break;
    case SCREENS_ACT_QUIT:
        app->quit = true;
        break;
    }
}

/* Entered a world: begin there. */
static void on_entered(struct app *app)
{
    struct error error = {{0}};
    struct world *world = connection_world(app->connection);
    camera_init(&app->camera,
                (float)world_prediction(world)->state.yaw * (float)(2 * M_PI / 65536));
    snprintf(app->settings.server, sizeof(app->settings.server), "%s",
             session_server(connection_session(app->connection)));
    snprintf(app->settings.user, sizeof(app->settings.user), "%s", app->screens.user);
    if (settings_save(&app->settings, &error) != 0)
        log_event(LOG_LEVEL_WARN, "settings_not_saved", error.text, LOG_NONE);
    app->kept_for[0] = '\0';
    app->lost_text[0] = '\0';
    log_event(LOG_LEVEL_INFO, "entered", "in the world", LOG_TEXT("server", app->settings.server));
    hud_toast(&app->hud, now_s(app),
              "WASD walks, Shift runs, Space jumps, click to look round, Enter to talk");
}

static void on_ended(struct app *app)
{
    const struct session_end *end = session_end(connection_session(app->connection));
    if (end->was_playing)
        snprintf(app->lost_text, sizeof(app->lost_text), "%s", end->text);
    if (end->kind == SESSION_END_KEY_CHANGED) {
        screens_open(&app->screens, SCREENS_KEY_CHANGED);
    } else if (end->kind == SESSION_END_REFUSED &&
               connection_countdown_s(app->connection, app->now_us) < 0) {
        snprintf(app->screens.trouble, sizeof(app->screens.trouble), "%s", end->text);
        screens_open(&app->screens, SCREENS_LOGIN);
    } else {
        screens_open(&app->screens, SCREENS_LOST);
    }
}

/* Which screen belongs to the connection's state. */
static void follow_connection(struct app *app, enum session_state state)
{
    bool playing = connection_playing(app->connection);
    if (playing && !app->was_playing)
        on_entered(app);
    app->was_playing = playing;
    if (!playing)
        chat_close(app->chat);
    switch (state) {
    case SESSION_IDLE:
        screens_open(&app->screens, SCREENS_LOGIN);
        break;
    case SESSION_CONNECTING:
    case SESSION_SECURING:
    case SESSION_GREETING:
    case SESSION_LOGGING_IN:
        screens_open(&app->screens, SCREENS_PROGRESS);
        break;
    case SESSION_PLAYING:
        if (!playing)
            screens_open(&app->screens, SCREENS_PROGRESS);
        else if (app->screens.kind != SCREENS_MENU && app->screens.kind != SCREENS_PASSWORD)
            screens_open(&app->screens, SCREENS_NONE);
        break;
    case SESSION_ENDED:
        if (!app->was_ended)
            on_ended(app);
        break;
    }
    app->was_ended = state == SESSION_ENDED;
}

/* Is a token kept for what stands in the form? Asked of the file only when the form changed. */
static bool has_token(struct app *app)
{
    char key[sizeof(app->kept_for)], host[SETTINGS_HOST_MAX + 1], server[SETTINGS_SERVER_MAX + 1];
    char token[PROTOCOL_TOKEN_MAX + 1];
    uint16_t port;
    if (app->screens.kind != SCREENS_LOGIN)
        return false;
    snprintf(key, sizeof(key), "%s %s", app->screens.server, app->screens.user);
    if (strcmp(key, app->kept_for) == 0)
        return app->has_token;
    memcpy(app->kept_for, key, sizeof(key));
    app->has_token = false;
    if (app->screens.user[0] &&
        settings_split_server(app->screens.server, host, &port, NULL) == 0) {
        settings_join_server(host, port, server);
        app->has_token = settings_token_load(server, app->screens.user, token) == 0;
        OPENSSL_cleanse(token, sizeof(token));
    }
    return app->has_token;
}

static enum screens_act draw_screens(struct app *app)
{
    struct session *session = connection_session(app->connection);
    const struct session_end *end = session_end(session);
    char known[PINS_TEXT_BYTES], offered[PINS_TEXT_BYTES];
    pins_text(end->pin_known, known);
    pins_text(end->pin_offered, offered);
    struct screens_view view = {
        .seconds = (float)fmod(now_s(app), 1000),
        .stage = session_stage(session),
        .server = session_server(session),
        .server_name = session_server_name(session),
        .end_text = app->lost_text[0] ? app->lost_text : end->text,
        .retry_text = app->lost_text[0] && !end->was_playing ? end->text : "",
        .end_was_playing = connection_world(app->connection) != NULL,
        .countdown_s = connection_countdown_s(app->connection, app->now_us),
        .key_known = known,
        .key_offered = offered,
        .has_token = has_token(app),
    };
    return screens_draw(&app->screens, &view);
}

/* --- a frame --- */

static void advance(struct app *app)
{
    struct world *world = connection_world(app->connection);
    if (!connection_playing(app->connection)) {
        static const struct movement_intent none = {0};
        connection_advance(app->connection, &none, 0); /* names are asked for while entering */
        return;
    }
    uint16_t yaw = world_prediction(world)->state.yaw;
    struct movement_intent intent = {.heading = yaw, .yaw = yaw};
    if (app->screens.kind == SCREENS_NONE && !chat_is_open(app->chat))
        intent = control_intent(&app->control, &app->camera, yaw);
    connection_advance(app->connection, &intent, app->frame_us);
}

static struct camera_view look(struct app *app, const struct world_shown *shown)
{
    float frame_s = (float)app->frame_us * 1e-6f;
    struct world *world = connection_world(app->connection);
    if (world && world_ready(world))
        return camera_follow(&app->camera, shown->self, world_field(world), frame_s);
    /* No world yet: turn slowly over the ground behind the login. */
    struct space_pos feet = {0, heightfield_at(app->backdrop, 0, 0) + 18 * SPACE_UNITS_PER_M, 0};
    app->backdrop_camera.yaw_rad =
        remainderf(app->backdrop_camera.yaw_rad + frame_s * 0.03f, (float)(2 * M_PI));
    return camera_follow(&app->backdrop_camera, feet, app->backdrop, frame_s);
}

static void draw_overlay(struct app *app, const struct world_shown *shown, float scale)
{
    struct world *world = connection_world(app->connection);
    struct session *session = connection_session(app->connection);
    struct gfx_pass_time passes[16];
    struct hud_figures figures = {
        .device = gfx_device_name(app->view.gfx),
        .self = shown->self,
        .playing = connection_playing(app->connection),
        .rtt_us = session_rtt_us(session),
        .server_tick = session_tick(session, app->now_us),
        .bytes_in = session_bytes_in(session),
        .passes = passes,
        .passes_n = gfx_pass_times(app->view.gfx, passes, ARRAY_N(passes)),
        .validation = app->arguments->validation,
        .validation_n = app->view.validation_n,
    };
    gfx_size(app->view.gfx, &figures.width, &figures.height);
    if (world) {
        figures.entities_n = world_entities_n(world);
        figures.tick = world_tick(world);
        figures.late_ms = world_late_ms(world);
        figures.corrections = world_prediction(world)->corrections;
    }
    hud_draw_overlay(&app->hud, app->view.text, &app->view.list, &figures, scale);
}

static void send_said(struct app *app, const struct chat_said *said)
{
    struct session *session = connection_session(app->connection);
    if (said->about[0] && !session_takes_reports(session))
        hud_toast(&app->hud, now_s(app), "This server takes no reports");
    else if (said->about[0] ? session_report(session, said->about, said->text) != 0
                            : session_chat(session, said->channel, said->text) != 0)
        hud_toast(&app->hud, now_s(app), "That could not be said: the connection is gone");
}

static void draw_hud(struct app *app, const struct gfx_frame *frame,
                     const struct world_shown *shown)
{
    float scale = window_scale(app->window);
    struct ui_list *list = &app->view.list;
    struct chat_said said;
    struct hud_room room = {scale, chat_area(app->chat)};
    hud_draw_plates(app->view.text, list, frame, shown, &room);
    struct chat_place place = {list->clip[2], list->clip[3], scale, now_s(app)};
    if (connection_playing(app->connection) &&
        chat_draw(app->chat, app->view.text, list, &place, &said))
        send_said(app, &said);
    if (app->hud.overlay)
        draw_overlay(app, shown, scale);
    if (connection_playing(app->connection))
        hud_draw_tempo(app->view.text, list, world_tempo(connection_world(app->connection)), scale);
    hud_draw_toast(&app->hud, app->view.text, list, now_s(app), scale);
}

static int draw(struct app *app, struct error *error)
{
    uint32_t width, height;
    gfx_size(app->view.gfx, &width, &height);
    struct world *world = connection_world(app->connection);
    struct world_shown shown = {0};
    if (world)
        shown = world_show(world, app->now_us, app->frame_us);
    struct gfx_frame frame = view_frame(&app->view, look(app, &shown), world, &shown);

    imgui_begin(app->imgui, (float)width, (float)height, (float)app->frame_us * 1e-6f);
    ui_list_begin(&app->view.list, (float)width, (float)height);
    ui_text_begin(app->view.text, app->view.gfx, &app->view.list);
    draw_hud(app, &frame, &shown);
    enum screens_act chosen = draw_screens(app);
    ui_text_end(app->view.text, app->view.gfx);
    const struct gfx_ui lists[] = {*ui_list_view(&app->view.list), *imgui_end(app->imgui)};
    frame.ui = lists;
    frame.ui_n = ARRAY_N(lists);
    int result = gfx_draw(app->view.gfx, &frame, error);
    act(app, chosen);
    return result;
}

/* Until the next frame is due: the window's events and the network go on. */
static void wait_for_frame(struct app *app, uint64_t due_us)
{
    window_pump(app->window, 0);
    for (uint64_t now = view_clock_us(); now < due_us; now = view_clock_us()) {
        uint64_t wait = due_us - now < LOOK_US ? due_us - now : LOOK_US;
        window_pump(app->window, (double)wait * 1e-6);
        connection_pump(app->connection, view_clock_us());
    }
}

static int loop(struct app *app, struct error *error)
{
    uint64_t cap_us = gfx_device_is_cpu(app->view.gfx) ? CPU_FRAME_US : 0;
    app->now_us = view_clock_us();
    while (!app->quit) {
        uint32_t width, height;
        window_size(app->window, &width, &height);
        bool minimised = width == 0 || height == 0;
        wait_for_frame(app, app->now_us + (minimised ? MINIMISED_FRAME_US : cap_us));
        uint64_t now = view_clock_us();
        app->frame_us = now - app->now_us;
        app->now_us = now;
        hud_frame(&app->hud, (float)app->frame_us / 1000);
        handle_events(app);
        window_size(app->window, &width, &height);
        gfx_resize(app->view.gfx, width, height); /* back from 0 x 0 to the same size, too */
        follow_connection(app, connection_pump(app->connection, now));
        advance(app);
        if (width > 0 && height > 0 && draw(app, error) != 0)
            return -1;
        if (app->broken)
            return error_set(error, "%s", app->trouble.text);
    }
    return 0;
}

/* --- start and stop --- */

static int make_imgui(struct app *app, struct error *error)
{
    struct imgui_config config = {
        .font_path = ui_text_font_file(app->view.text, 0),
        .bold_font_path = ui_text_font_file(app->view.text, 1),
        .scale = window_scale(app->window),
        .clipboard_get = window_clipboard_get,
        .clipboard_set = window_clipboard_set,
        .clipboard_context = app->window,
    };
    app->imgui = imgui_new(&config, error);
    if (!app->imgui)
        return -1;
    uint32_t width, height;
    const uint8_t *atlas = imgui_atlas(app->imgui, &width, &height);
    uint32_t texture = gfx_ui_texture(app->view.gfx, width, height, false, atlas);
    if (texture == 0)
        return error_set(error, "the device takes no texture for the font");
    imgui_set_texture(app->imgui, texture);
    return 0;
}

static int make_connection(struct app *app, struct error *error)
{
    struct connection_handlers handlers = {on_world, on_chat, on_notice, app};
    char pins[FILES_PATH_MAX];
    if (files_path(FILES_CONFIG, "known-servers", pins, error) != 0)
        return -1;
    app->connection = connection_new(&handlers, pins, app->arguments->token_file, error);
    return app->connection ? 0 : -1;
}

/* What the command line says goes into the form, and is sent off if it is enough. */
static int begin(struct app *app, struct error *error)
{
    const struct arguments *a = app->arguments;
    struct session_login login;
    bool complete;
    settings_load(&app->settings);
    screens_init(&app->screens, &app->settings);
    if (start_login(a, &login, &complete, error) != 0)
        return -1;
    if (a->server)
        settings_join_server(login.host, login.port, app->screens.server);
    if (a->user)
        snprintf(app->screens.user, sizeof(app->screens.user), "%s", a->user);
    if (a->registering)
        app->screens.tab = SCREENS_TAB_REGISTER;
    if (complete)
        connection_login(app->connection, &login, view_clock_us());
    OPENSSL_cleanse(&login, sizeof(login));
    return 0;
}

static int start(struct app *app, struct error *error)
{
    const struct arguments *a = app->arguments;
    app->window = window_new(a->width, a->height, "OpenMMO", error);
    if (!app->window || view_init(&app->view, a, app->window, error) != 0 ||
        make_imgui(app, error) != 0)
        return -1;
    app->chat = chat_new();
    app->backdrop = heightfield_new(a->seed, VIEW_BACKDROP_SIZE_M);
    if (!app->chat || !app->backdrop)
        return error_set(error, "out of memory");
    camera_init(&app->camera, 0);
    camera_init(&app->backdrop_camera, 0.8f);
    app->backdrop_camera.distance_m = 12;
    if (gfx_set_world(app->view.gfx, app->backdrop, error) != 0 || make_connection(app, error) != 0)
        return -1;
    log_event(LOG_LEVEL_INFO, "client_started", "the client is up",
              LOG_TEXT("device", gfx_device_name(app->view.gfx)));
    return begin(app, error);
}

int app_run(const struct arguments *arguments, struct error *error)
{
    struct app *app = calloc(1, sizeof(*app));
    if (!app) {
        error_set(error, "out of memory");
        return 1;
    }
    app->arguments = arguments;
    sigset_t set;
    stop_signals(&set);
    pthread_sigmask(SIG_BLOCK, &set, NULL); /* before the driver starts threads: they inherit it */
    int result = start(app, error) == 0 && loop(app, error) == 0 ? 0 : 1;
    connection_free(app->connection);
    screens_fini(&app->screens);
    chat_free(app->chat);
    imgui_free(app->imgui);
    view_fini(&app->view);
    heightfield_free(app->backdrop);
    window_free(app->window);
    if (result == 0 && app->view.validation_n > 0)
        result = 3;
    free(app);
    return result;
}
