/* ui.c -- see ui.h. What comes in: time, answers, keys; where they go. How it looks is frame.c. */
#include "ui.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "frame.h"
#include "help.h"
#include "screen.h"

#define DENIED (-32001)

enum role { VIEWER, MODERATOR, ADMIN };

/* What is asked for when the connection is there; what takes more than a viewer, once the daemon
 * has said who we are: what is denied is a line in its log. */
/* clang-format off */
static const struct { const char *method, *topic; unsigned interval_ms; enum role role; } FIRST[] = {
    {"rpc.discover",    NULL,      0,    VIEWER},
    {"metrics.history", NULL,      0,    VIEWER},
    {"server.status",   NULL,      0,    VIEWER},
    {"log.tail",        NULL,      0,    VIEWER},
    {"alerts.list",     NULL,      0,    VIEWER},
    {"subscribe",       "metrics", 1000, VIEWER},
    {"subscribe",       "log",     250,  VIEWER},
    {"subscribe",       "alerts",  1000, VIEWER},
    {"chat.recent",     NULL,      0,    MODERATOR},
    {"subscribe",       "chat",    250,  MODERATOR},
    {"subscribe",       "audit",   500,  ADMIN},
};
/* clang-format on */

static void begin(struct ui *ui, enum role from, enum role to);

static enum role our_role(const struct ui *ui)
{
    const char *role = ui->model.rpc.role;

    if (strcmp(role, "admin") == 0)
        return ADMIN;
    return strcmp(role, "moderator") == 0 ? MODERATOR : VIEWER;
}

static const struct screen *shown(const struct ui *ui)
{
    return SCREENS[ui->page >= 0 ? ui->page : ui->screen];
}

int ui_init(struct ui *ui, const struct ui_config *config)
{
    memset(ui, 0, sizeof(*ui));
    ui->config = *config;
    ui->page = -1;
    ui->states = calloc((size_t)SCREENS_N, sizeof(ui->states[0]));
    for (int i = 0; i < SCREENS_N && ui->states != NULL; i++) {
        ui->states[i] = calloc(1, SCREENS[i]->state_bytes + 1);
        if (ui->states[i] == NULL) {
            ui_fini(ui);
            return -1;
        }
    }
    if (ui->states == NULL || model_init(&ui->model) != 0 ||
        command_init(&ui->command, config->history) != 0) {
        ui_fini(ui);
        return -1;
    }
    return 0;
}

void ui_fini(struct ui *ui)
{
    dialog_close(ui);
    requests_lost(&ui->requests);
    for (int i = 0; i < SCREENS_N && ui->states != NULL; i++)
        free(ui->states[i]);
    free(ui->states);
    ui->states = NULL;
    model_fini(&ui->model);
    command_fini(&ui->command);
}

static int index_of(const struct screen *screen)
{
    int i = 0;

    while (i < SCREENS_N && SCREENS[i] != screen)
        i++;
    return i;
}

void *ui_state(struct ui *ui, const struct screen *screen)
{
    return ui->states[index_of(screen)];
}

void ui_open(struct ui *ui, const struct screen *screen)
{
    if (screen->key == '\0') {
        ui->page = index_of(screen);
    } else {
        ui->screen = index_of(screen);
        ui->page = -1;
    }
    ui->drawn_ms = 0;
    ui->behind = false;
    ui->prompt = NULL;
    ui->help = 0;
}

void ui_close(struct ui *ui)
{
    ui->page = -1;
    ui->drawn_ms = 0;
    ui->behind = false;
}

bool ui_shows(const struct ui *ui, const struct screen *screen)
{
    return shown(ui) == screen;
}

void ui_say(struct ui *ui, bool bad, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(ui->message, sizeof(ui->message), format, arguments);
    va_end(arguments);
    ui->message_bad = bad;
    ui->message_until_ms = ui->now_ms + 6000;
}

/* --- Requests. --- */

/* params: taken. False: it could not be asked. */
static bool ask(struct ui *ui, const struct request *request)
{
    int place = requests_place(&ui->requests);

    if (place < 0 || ui->config.ask(ui->config.context, place, request->method,
                                    json_incref(request->params)) != 0) {
        json_decref(request->params);
        return false;
    }
    ui->requests.flying[place] = *request;
    return true;
}

static struct request request_of(const char *method, json_t *params)
{
    struct request request = {.params = params};

    snprintf(request.method, sizeof(request.method), "%s", method);
    return request;
}

/* What cannot be asked is asked again when the connection is back. */
void ui_ask(struct ui *ui, const char *method, json_t *params)
{
    struct request request = request_of(method, params);

    (void)ask(ui, &request);
}

void ui_ask_then(struct ui *ui, const char *method, json_t *params,
                 void (*then)(struct ui *ui, const struct screen_reply *reply))
{
    struct request request = request_of(method, params);

    request.then = then;
    if (!ask(ui, &request))
        ui_say(ui, true, "not connected, so %s was not asked", method);
}

bool ui_due(const struct ui *ui, const struct requests_poll *poll, unsigned interval_ms)
{
    return !poll->waiting && (poll->asked_ms == 0 || ui->now_ms - poll->asked_ms >= interval_ms);
}

void ui_poll(struct ui *ui, struct requests_poll *poll, const char *method, json_t *params)
{
    struct request request = request_of(method, params);

    request.poll = poll;
    poll->asked_ms = ui->now_ms;
    poll->waiting = ask(ui, &request);
}

void ui_again(struct requests_poll *poll)
{
    poll->asked_ms = 0;
}

void ui_wake(struct ui *ui, unsigned in_ms)
{
    if (ui->wake_ms == 0 || ui->wake_ms > ui->now_ms + in_ms)
        ui->wake_ms = ui->now_ms + in_ms;
}

int ui_wait_ms(const struct ui *ui, uint64_t now_ms)
{
    int to_second_ms = 1000 - (int)(clock_wall_ms() % 1000);

    if (ui->wake_ms == 0 || ui->wake_ms > now_ms + (uint64_t)to_second_ms)
        return to_second_ms;
    return ui->wake_ms > now_ms ? (int)(ui->wake_ms - now_ms) : 0;
}

void ui_watched(struct ui *ui)
{
    ui->touched_ms = ui->now_ms;
}

bool ui_idle(const struct ui *ui)
{
    return ui->link == UI_LIVE && ui->replay[0] == '\0' &&
           ui->now_ms - ui->touched_ms >= UI_IDLE_MS;
}

static void do_next(struct ui *ui)
{
    struct request deed;

    while (requests_next(&ui->requests, &deed)) {
        if (!ask(ui, &deed))
            ui_say(ui, true, "not connected, so not %s (%s)", deed.done, deed.target);
    }
}

void ui_do(struct ui *ui, const char *method, json_t *params, const char *done, const char *target)
{
    struct request deed = request_of(method, params);

    if (ui->link != UI_LIVE) {
        ui_say(ui, true, "not connected, so not %s (%s)", done, target);
        json_decref(params);
        return;
    }
    if (!requests_busy(&ui->requests))
        ui->requests.done = ui->requests.failed = 0;
    deed.done = done;
    snprintf(deed.target, sizeof(deed.target), "%s", target);
    if (requests_wait(&ui->requests, &deed) != 0)
        ui_say(ui, true, "out of memory");
    do_next(ui);
}

/* What became of a deed; of several at once also how many. What failed stays to be read. */
static void say_deed(struct ui *ui, const struct request *deed, int code, const char *sentence)
{
    struct requests *requests = &ui->requests;
    const char *space = deed->target[0] != '\0' ? " " : "";

    if (code != 0) {
        requests->failed++;
        if (deed->target[0] != '\0')
            ui_say(ui, true, "not %s: %s (%s)", deed->done, sentence, deed->target);
        else
            ui_say(ui, true, "not %s: %s", deed->done, sentence);
        return;
    }
    requests->done++;
    if (requests->failed > 0)
        return;
    if (requests->done > 1)
        ui_say(ui, false, "%s %zu, the last %s", deed->done, requests->done, deed->target);
    else
        ui_say(ui, false, "%s%s%s", deed->done, space, deed->target);
}

static void take(struct ui *ui, const struct screen_reply *reply, bool apart)
{
    if (reply->code == 0 && !ui->paused && !apart)
        model_answer(&ui->model, reply->method, reply->params, reply->data);
    if (shown(ui)->answered != NULL)
        shown(ui)->answered(ui, reply);
}

/* key: "answer" or "notify". Lists of methods and answers alike: all that the model lives on. */
static void tell_heard(struct ui *ui, const char *key, const char *what, const json_t *params,
                       const json_t *data)
{
    json_t *line;

    if (ui->config.heard == NULL)
        return;
    line = json_pack("{s:s}", key, what);
    if (params != NULL)
        json_object_set(line, "params", (json_t *)params);
    if (data != NULL)
        json_object_set(line, "data", (json_t *)data);
    ui->config.heard(ui->config.context, line);
    json_decref(line);
}

void ui_answer(struct ui *ui, int token, json_t *result, int code, const char *sentence)
{
    struct request request;
    struct screen_reply reply;

    if (!requests_take(&ui->requests, token, &request))
        return;
    if (request.done != NULL)
        say_deed(ui, &request, code, sentence);
    else if (code != 0 && request.then == NULL && !(request.quiet && code == DENIED))
        ui_say(ui, true, "%s: %s", request.method, sentence);
    reply = (struct screen_reply){request.method, request.params, result, code, sentence};
    if (code == 0 && request.then == NULL && request.done == NULL)
        tell_heard(ui, "answer", request.method, request.params, result);
    if (request.then != NULL)
        request.then(ui, &reply);
    take(ui, &reply, request.then != NULL);
    if (request.quiet && strcmp(request.method, "rpc.discover") == 0 && our_role(ui) > VIEWER)
        begin(ui, VIEWER + 1, our_role(ui));
    json_decref(request.params);
    do_next(ui);
}

void ui_notify(struct ui *ui, const char *topic, json_t *params)
{
    if (strcmp(topic, "metrics") == 0)
        ui->heard_ms = ui->now_ms;
    tell_heard(ui, "notify", topic, params, NULL);
    if (!ui->paused)
        model_notify(&ui->model, topic, params);
}

void ui_recorded(struct ui *ui, const json_t *line)
{
    const char *method = json_string_value(json_object_get(line, "answer"));
    const char *topic = json_string_value(json_object_get(line, "notify"));

    if (method != NULL) {
        struct screen_reply reply = {method, json_object_get(line, "params"),
                                     json_object_get(line, "data"), 0, ""};

        take(ui, &reply, false);
    } else if (topic != NULL) {
        ui_notify(ui, topic, json_object_get(line, "params"));
    }
}

/* --- Time and the connection. --- */

void ui_time(struct ui *ui, uint64_t now_ms, int64_t wall_ms)
{
    ui->now_ms = now_ms;
    ui->wall_ms = wall_ms;
    ui->wake_ms = 0;
    if (now_ms >= ui->message_until_ms)
        ui->message[0] = '\0';
    if (ui->link == UI_LIVE && !ui->paused && shown(ui)->time != NULL)
        shown(ui)->time(ui);
}

/* All that the model lives on, from now on: what a role from `from` to `to` may have. */
static void begin(struct ui *ui, enum role from, enum role to)
{
    for (size_t i = 0; i < ARRAY_N(FIRST); i++) {
        struct request request = request_of(FIRST[i].method, NULL);

        if (FIRST[i].role < from || FIRST[i].role > to)
            continue;
        if (FIRST[i].topic != NULL)
            request.params = json_pack("{s:s, s:i}", "topic", FIRST[i].topic, "interval_ms",
                                       (int)FIRST[i].interval_ms);
        else if (strcmp(FIRST[i].method, "log.tail") == 0)
            request.params = json_pack("{s:i}", "lines", MODEL_LOG_LINES / 2);
        request.quiet = true;
        (void)ask(ui, &request);
    }
}

void ui_opened(struct ui *ui)
{
    ui->link = UI_LIVE;
    ui->heard_ms = ui->touched_ms = ui->now_ms;
    begin(ui, VIEWER, VIEWER);
}

void ui_lost(struct ui *ui, bool denied, const char *sentence)
{
    if (ui->link != UI_LOST && ui->link != UI_DENIED)
        ui->lost_ms = ui->now_ms;
    ui->link = denied ? UI_DENIED : UI_LOST;
    snprintf(ui->link_sentence, sizeof(ui->link_sentence), "%s", sentence);
    requests_lost(&ui->requests);
    dialog_close(ui);
}

/* Going on, what was missed is asked for; the subscriptions have gone on. */
static void pause(struct ui *ui)
{
    ui->paused = !ui->paused;
    for (size_t i = 0; i < ARRAY_N(FIRST) && !ui->paused; i++) {
        if (FIRST[i].topic == NULL && FIRST[i].role <= our_role(ui))
            ui_ask(ui, FIRST[i].method,
                   strcmp(FIRST[i].method, "log.tail") == 0
                       ? json_pack("{s:i}", "lines", MODEL_LOG_LINES / 2)
                       : NULL);
    }
}

/* --- Keys. --- */

void ui_prompt(struct ui *ui, struct line *line)
{
    ui->prompt_before = *line;
    line->at = strlen(line->text);
    ui->prompt = line;
}

static void prompt_key(struct ui *ui, int key)
{
    if (key == KEYS_ENTER) {
        ui->prompt = NULL;
    } else if (key == KEYS_ESCAPE) {
        *ui->prompt = ui->prompt_before;
        ui->prompt = NULL;
    } else if (!line_key(ui->prompt, key)) {
        return;
    }
    if (shown(ui)->typed != NULL)
        shown(ui)->typed(ui);
}

/* The screen with that number; there may be none yet. */
static void show(struct ui *ui, int key)
{
    for (int i = 0; i < SCREENS_N; i++) {
        if (SCREENS[i]->key == key)
            ui_open(ui, SCREENS[i]);
    }
}

/* The next or previous one that has a tab. */
static void turn(struct ui *ui, int way)
{
    int i = ui->screen;

    do {
        i = (i + way + SCREENS_N) % SCREENS_N;
    } while (SCREENS[i]->key == '\0');
    ui_open(ui, SCREENS[i]);
}

static void quit(struct ui *ui)
{
    ui->quit = true;
}

static void act(struct ui *ui, int action, int key)
{
    /* clang-format off */
    static const struct dialog_kind LEAVE = {.verb = "Leave the console", .what = "The server goes on without it.", .then = quit};
    /* clang-format on */

    if (action == KEYS_DO_QUIT)
        quit(ui);
    else if (action == KEYS_DO_ASK_QUIT)
        dialog_open(ui, &LEAVE);
    else if (action == KEYS_DO_HELP)
        ui->help = 1;
    else if (action == KEYS_DO_SCREEN)
        show(ui, key);
    else if (action == KEYS_DO_NEXT_SCREEN)
        turn(ui, 1);
    else if (action == KEYS_DO_PREVIOUS_SCREEN)
        turn(ui, -1);
    else if (action == KEYS_DO_COMMAND)
        command_open(ui, "");
    else if (action == KEYS_DO_PAUSE)
        pause(ui);
    else if (action == KEYS_DO_BACK && ui->page >= 0)
        ui_close(ui);
    else if (shown(ui)->act != NULL)
        shown(ui)->act(ui, action);
}

void ui_key(struct ui *ui, int key)
{
    const struct keys_row *row = help_row(shown(ui), key);
    int action = row != NULL ? row->action : KEYS_DO_NOTHING;

    ui->touched_ms = ui->now_ms;
    if (action == KEYS_DO_REDRAW)
        ui->redraw = true;
    else if (ui->dialog.kind != NULL)
        dialog_key(ui, key);
    else if (ui->command.open)
        command_key(ui, key);
    else if (ui->prompt != NULL)
        prompt_key(ui, key);
    else if (ui->help > 0 && action == KEYS_DO_HELP && ui->help < ui->help_pages)
        ui->help++;
    else if (ui->help > 0 && action != KEYS_DO_QUIT)
        ui->help = 0;
    else if (action != KEYS_DO_NOTHING)
        act(ui, action, key);
}

bool ui_typing(const struct ui *ui)
{
    return ui->dialog.kind != NULL || ui->command.open || ui->prompt != NULL;
}

static bool is_click(const struct mouse *mouse)
{
    return mouse->what == MOUSE_CLICK || mouse->what == MOUSE_DOUBLE_CLICK;
}

/* True: a double click on what Enter opens. */
static bool mouse_on_screen(struct ui *ui, const struct mouse *mouse)
{
    return ui->help == 0 && ui->prompt == NULL && shown(ui)->mouse != NULL &&
           shown(ui)->mouse(ui, mouse);
}

void ui_mouse(struct ui *ui, const struct mouse *mouse)
{
    const struct screen *tab = frame_tab(ui, ui->columns, mouse->column);
    int key = help_bar_key(shown(ui), ui->columns, mouse->column);

    ui->touched_ms = ui->now_ms;
    if (ui->dialog.kind != NULL)
        dialog_mouse(ui, mouse);
    else if (ui->command.open)
        return;
    else if (mouse->row == FRAME_TABS_ROW && is_click(mouse) && tab != NULL)
        ui_open(ui, tab);
    else if (mouse->row == ui->rows - 1 && is_click(mouse) && frame_has_bar(ui) && key != 0)
        ui_key(ui, key);
    else if (mouse->row > FRAME_TABS_ROW && mouse->row < ui->rows - 1 && mouse_on_screen(ui, mouse))
        ui_key(ui, KEYS_ENTER);
}

void ui_draw(struct ui *ui, struct canvas *canvas)
{
    frame_draw(ui, shown(ui), canvas);
}
