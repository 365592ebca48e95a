/* console.c -- see console.h. */
#include "console.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "admin_client.h"
#include "common/clock.h"
#include "console/ui/keys.h"
#include "console/ui/ui.h"
#include "record.h"
#include "request.h"

#define ASK_DEADLINE_MS 5000
#define PLAY_STEP_MS    50 /* how finely a recording is played */

struct console {
    const struct console_options *options;
    struct admin_client *client; /* NULL: a recording is played */
    struct player player;
    /* Then: what was asked since the last turn. */
    struct {
        int token;
        char method[64];
    } asked[REQUESTS_MAX];
    int asked_n;
    struct record *record;   /* NULL: nothing is recorded */
    struct error unrecorded; /* why the recording ended before the console; "": it did not */
    struct ui ui;
    struct canvas canvas;
};

static int on_ask(void *context, int token, const char *method, json_t *params)
{
    struct console *console = context;

    if (console->client != NULL)
        return admin_client_ask(console->client, method, params, token,
                                request_patience_ms(method, ASK_DEADLINE_MS));
    json_decref(params);
    if (player_known(&console->player, method) == NULL || console->asked_n == REQUESTS_MAX)
        return -1;
    console->asked[console->asked_n].token = token;
    snprintf(console->asked[console->asked_n++].method, sizeof(console->asked[0].method), "%s",
             method);
    return 0;
}

static void on_heard(void *context, json_t *line)
{
    struct console *console = context;

    if (console->record != NULL &&
        record_write(console->record, clock_steady_ms(), line, &console->unrecorded) != 0)
        ui_say(&console->ui, true, "%s", console->unrecorded.text);
}

static void on_opened(void *context)
{
    ui_opened(&((struct console *)context)->ui);
}

static void on_lost(void *context, int code, const char *sentence)
{
    ui_lost(&((struct console *)context)->ui, code == ADMIN_CLIENT_DENIED, sentence);
}

static void on_answer(void *context, int token, json_t *result, int code, const char *sentence)
{
    /* What the end of the connection answered, ui_lost says once. */
    if (code != ADMIN_CLIENT_LOST)
        ui_answer(&((struct console *)context)->ui, token, result, code, sentence);
}

static void on_notify(void *context, const char *topic, json_t *params)
{
    ui_notify(&((struct console *)context)->ui, topic, params);
}

static void draw(struct console *console)
{
    struct canvas *canvas = &console->canvas;
    int rows, columns;

    terminal_size(&rows, &columns);
    if (rows != canvas->rows || columns != canvas->columns) {
        bool ascii = console->options->ascii || !terminal_utf8();

        canvas_fini(canvas);
        if (canvas_init(canvas, rows, columns, ascii) != 0)
            return;
        canvas->mono = terminal_colours() == 0;
        canvas->few = terminal_colours() < 256;
    }
    ui_draw(&console->ui, canvas);
    terminal_show(canvas, console->ui.redraw);
    console->ui.redraw = false;
}

/* The keys of a player, while nothing is typed; false: it is none of them. */
static bool is_players(struct console *console, int key)
{
    struct player *player = &console->player;

    if (console->client != NULL || ui_typing(&console->ui))
        return false;
    if (key == 'Z')
        player->held = !player->held;
    else if (key == ')' || key == '(')
        player_faster(player, key == ')');
    else if (key == ';')
        player_step(player);
    else
        return false;
    return true;
}

static void take_key(struct console *console, int key)
{
    struct mouse mouse;

    if (key == KEYS_MOUSE) {
        mouse = terminal_mouse(clock_steady_ms());
        ui_mouse(&console->ui, &mouse);
    } else if (!is_players(console, key)) {
        ui_key(&console->ui, key);
    }
}

/* With what the recording knows by now. */
static void answer_asked(struct console *console)
{
    int n = console->asked_n;

    console->asked_n = 0; /* an answer may lead to the next question */
    for (int i = 0; i < n; i++) {
        char method[sizeof(console->asked[0].method)];
        int token = console->asked[i].token;

        memcpy(method, console->asked[i].method, sizeof(method));
        ui_answer(&console->ui, token, player_known(&console->player, method), 0, "");
    }
}

/* The recording's time is the console's. */
static void play(struct console *console)
{
    struct player *player = &console->player;
    json_t *line;

    player_time(player, clock_steady_ms());
    ui_time(&console->ui, (uint64_t)player->now_ms + 1, player->wall_ms + (int64_t)player->now_ms);
    while ((line = player_take(player)) != NULL) {
        ui_recorded(&console->ui, line);
        json_decref(line);
    }
    answer_asked(console);
    player_label(player, console->ui.replay);
}

static int wait_ms(struct console *console)
{
    int ui_ms = ui_wait_ms(&console->ui, clock_steady_ms()), due_ms;

    if (console->client == NULL)
        return PLAY_STEP_MS;
    due_ms = admin_client_wait_ms(console->client, clock_steady_ms());
    return due_ms < ui_ms ? due_ms : ui_ms;
}

/* One blocking call, then the passes: keys, socket or recording, picture. False: the terminal is
 * gone. */
static bool turn(struct console *console)
{
    struct admin_client *client = console->client;
    struct pollfd fds[2] = {{.fd = STDIN_FILENO, .events = POLLIN},
                            {.fd = client != NULL ? admin_client_fd(client) : -1,
                             .events = client != NULL ? admin_client_events(client) : 0}};
    int key;

    if (terminal_wait(fds, 2, wait_ms(console)) < 0 && errno != EINTR)
        return false;
    while ((key = terminal_key()) != 0)
        take_key(console, key);
    if ((fds[0].revents & (POLLERR | POLLHUP | POLLNVAL)) != 0)
        return false;
    if (client != NULL) {
        ui_time(&console->ui, clock_steady_ms(), (int64_t)clock_wall_ms());
        admin_client_pump(client, clock_steady_ms());
    } else {
        play(console);
    }
    draw(console);
    return true;
}

/* Where what it shows comes from, and goes to. -1 + error. */
static int open_source(struct console *console, struct error *error)
{
    struct admin_client_handlers handlers = {on_opened, on_lost, on_answer, on_notify, console};
    const struct console_options *options = console->options;

    if (options->replay != NULL)
        return player_init(&console->player, options->replay, clock_steady_ms(), error);
    console->client = admin_client_new(options->path, &handlers);
    if (console->client == NULL)
        return error_set(error, "out of memory");
    if (options->record == NULL)
        return 0;
    console->record =
        record_new(options->record, clock_steady_ms(), (int64_t)clock_wall_ms(), error);
    return console->record != NULL ? 0 : -1;
}

static int run(struct console *console, struct error *error)
{
    char history[4096];
    struct ui_config config = {
        .ask = on_ask, .heard = on_heard, .context = console, .history = history};

    history_default_path(history, sizeof(history));
    if (ui_init(&console->ui, &config) != 0)
        return error_set(error, "out of memory");
    if (open_source(console, error) != 0)
        return -1;
    if (terminal_open(console->options->colour, console->options->mouse, error) != 0)
        return -1;
    if (console->client == NULL)
        ui_opened(&console->ui);
    while (!console->ui.quit && turn(console)) {
    }
    terminal_close();
    return 0;
}

enum console_exit console_run(const struct console_options *options)
{
    struct console console = {.options = options};
    struct error error = {""};
    int failed = run(&console, &error);

    if (!failed && console.unrecorded.text[0] != '\0') {
        error = console.unrecorded;
        failed = -1;
    }
    if (failed)
        fprintf(stderr, "openmmo-console: %s\n", error.text);
    canvas_fini(&console.canvas);
    ui_fini(&console.ui);
    admin_client_free(console.client);
    record_free(console.record);
    player_fini(&console.player);
    return failed ? CONSOLE_FAILED : CONSOLE_OK;
}
