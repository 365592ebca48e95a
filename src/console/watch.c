/* watch.c -- see watch.h. */
#define _GNU_SOURCE
#include "watch.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "answer.h"
#include "call.h"
#include "common/clock.h"
#include "request.h"
#include "ui/figures.h"

#define DEADLINE_MS 30000

struct watch {
    const struct watch_options *options;
    struct call call;
    unsigned shown;
    bool broken; /* nobody reads what we print */
};

/* A signal handler reaches nothing else. A byte in it, which nobody takes, ends each wait, also one
 * that has not begun yet. */
static int stop_pipe[2] = {-1, -1};

static void on_signal(int number)
{
    int kept = errno;

    (void)number;
    (void)!write(stop_pipe[1], "", 1);
    errno = kept;
}

static bool is_over(const struct watch *watch)
{
    return watch->call.stopped || watch->broken ||
           (watch->options->count > 0 && watch->shown >= watch->options->count);
}

static void show(struct watch *watch, const json_t *data)
{
    char clock[16], *text = NULL;
    size_t len_bytes = 0;
    FILE *out;

    if (is_over(watch))
        return;
    out = open_memstream(&text, &len_bytes);
    if (out == NULL) {
        watch->broken = true;
        return;
    }
    if (!watch->options->json)
        fprintf(out, "%s%sZ\n", watch->shown > 0 ? "\n" : "",
                figures_clock((int64_t)clock_wall_ms(), clock));
    answer_print(out, data, watch->options->json);
    watch->broken = fclose(out) != 0 || answer_hand_over(text, len_bytes, stop_pipe[0]) != 0;
    watch->shown++;
    free(text);
}

static void on_sample(void *context, json_t *params)
{
    show(context, json_object_get(params, "data"));
}

/* Why there is no answer, which needs no word where a signal ended the wait. */
static enum console_exit complain(const struct watch *watch)
{
    if (watch->call.stopped)
        return CONSOLE_OK;
    call_complain(&watch->call);
    return call_status(&watch->call);
}

static enum console_exit lost(const struct watch *watch)
{
    if (watch->call.stopped)
        return CONSOLE_OK;
    call_complain(&watch->call);
    return CONSOLE_NO_CONNECTION;
}

static enum console_exit topic(struct watch *watch, const char *name, json_t *params)
{
    json_t *own = params;

    params =
        json_pack("{s:s, s:i}", "topic", name, "interval_ms", (int)watch->options->interval_ms);
    if (json_object_size(own) > 0)
        json_object_set(params, "params", own);
    json_decref(own);
    if (call_ask(&watch->call, "subscribe", params) != 0)
        return complain(watch);
    while (!is_over(watch)) {
        if (call_listen(&watch->call, 1000) != 0)
            return lost(watch);
    }
    return watch->broken ? CONSOLE_FAILED : CONSOLE_OK;
}

static enum console_exit method(struct watch *watch, const char *name, json_t *params)
{
    enum console_exit status = CONSOLE_OK;

    for (;;) {
        if (call_ask(&watch->call, name, json_incref(params)) != 0) {
            status = complain(watch);
            break;
        }
        show(watch, watch->call.result);
        if (is_over(watch))
            break;
        if (call_listen(&watch->call, watch->options->interval_ms) != 0) {
            status = lost(watch);
            break;
        }
        if (is_over(watch))
            break;
    }
    json_decref(params);
    return watch->broken ? CONSOLE_FAILED : status;
}

static enum console_exit begin(struct watch *watch, char *const *arguments, int arguments_n)
{
    const json_t *topics = json_object_get(watch->call.result, "topics");
    const json_t *methods = json_object_get(watch->call.result, "methods");
    bool is_topic = request_row(topics, arguments[0]) != NULL;
    const json_t *row = request_row(methods, arguments[0]);
    struct error error = {""};
    json_t *params = request_params(is_topic ? topics : methods, arguments[0], arguments + 1,
                                    arguments_n - 1, &error);

    if (params == NULL) {
        fprintf(stderr, "openmmo-console: %s\n", error.text);
        return CONSOLE_USAGE;
    }
    if (json_is_true(json_object_get(row, "changes"))) {
        fprintf(stderr, "openmmo-console: %s changes something: that is for exec\n", arguments[0]);
        json_decref(params);
        return CONSOLE_USAGE;
    }
    return is_topic ? topic(watch, arguments[0], params) : method(watch, arguments[0], params);
}

/* What SIGINT and SIGTERM write into. */
static int listen_to_signals(struct watch *watch)
{
    struct sigaction action = {.sa_handler = on_signal};

    if (pipe2(stop_pipe, O_CLOEXEC | O_NONBLOCK) != 0)
        return -1;
    watch->call.stop_fd = stop_pipe[0];
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    return 0;
}

enum console_exit watch_run(const struct watch_options *options, char *const *arguments,
                            int arguments_n)
{
    struct watch watch = {.options = options};
    enum console_exit status;

    if (call_init(&watch.call, options->path, DEADLINE_MS) != 0)
        return CONSOLE_FAILED;
    watch.call.notify = on_sample;
    watch.call.context = &watch;
    if (listen_to_signals(&watch) != 0)
        status = CONSOLE_FAILED;
    else if (call_ask(&watch.call, "rpc.discover", NULL) != 0)
        status = complain(&watch);
    else
        status = begin(&watch, arguments, arguments_n);
    call_fini(&watch.call);
    return status;
}
