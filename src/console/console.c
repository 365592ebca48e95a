/* console.c -- see console.h. */
#include "console.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "admin_client.h"
#include "common/clock.h"
#include "console/ui/keys.h"
#include "console/ui/ui.h"

#define ASK_DEADLINE_MS 5000

struct console {
    const struct console_options *options;
    struct admin_client *client;
    struct ui ui;
    struct canvas canvas;
};

static int on_ask(void *context, int token, const char *method, json_t *params)
{
    struct console *console = context;

    return admin_client_ask(console->client, method, params, token, ASK_DEADLINE_MS);
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
    }
    ui_draw(&console->ui, canvas);
    terminal_show(canvas, console->ui.redraw);
    console->ui.redraw = false;
}

static void take_key(struct console *console, int key)
{
    struct mouse mouse;

    if (key == KEYS_MOUSE) {
        mouse = terminal_mouse(clock_steady_ms());
        ui_mouse(&console->ui, &mouse);
    } else {
        ui_key(&console->ui, key);
    }
}

/* One blocking call, then the passes: keys, socket, picture. False: the terminal is gone. */
static bool turn(struct console *console)
{
    struct pollfd fds[2] = {
        {.fd = STDIN_FILENO, .events = POLLIN},
        {.fd = admin_client_fd(console->client), .events = admin_client_events(console->client)}};
    int to_second_ms = 1000 - (int)(clock_wall_ms() % 1000);
    int wait_ms = admin_client_wait_ms(console->client, clock_steady_ms());
    int key;

    if (poll(fds, 2, wait_ms < to_second_ms ? wait_ms : to_second_ms) < 0 && errno != EINTR)
        return false;
    while ((key = terminal_key()) != 0)
        take_key(console, key);
    if ((fds[0].revents & (POLLERR | POLLHUP | POLLNVAL)) != 0)
        return false;
    ui_time(&console->ui, clock_steady_ms(), (int64_t)clock_wall_ms());
    admin_client_pump(console->client, clock_steady_ms());
    draw(console);
    return true;
}

enum console_exit console_run(const struct console_options *options)
{
    struct console console = {.options = options};
    char history[4096];
    struct ui_config config = {.ask = on_ask, .context = &console, .history = history};
    struct admin_client_handlers handlers = {on_opened, on_lost, on_answer, on_notify, &console};
    struct error error = {""};
    enum console_exit status = CONSOLE_OK;

    history_default_path(history, sizeof(history));
    console.client = admin_client_new(options->path, &handlers);
    if (console.client == NULL || ui_init(&console.ui, &config) != 0) {
        fprintf(stderr, "openmmo-console: out of memory\n");
        admin_client_free(console.client);
        return CONSOLE_FAILED;
    }
    if (terminal_open(options->colour, options->mouse, &error) != 0) {
        fprintf(stderr, "openmmo-console: %s\n", error.text);
        status = CONSOLE_FAILED;
    } else {
        while (!console.ui.quit && turn(&console)) {
        }
        terminal_close();
    }
    canvas_fini(&console.canvas);
    ui_fini(&console.ui);
    admin_client_free(console.client);
    return status;
}
