/* exec.c -- see exec.h.
 *
 * The daemon is asked first what it understands (rpc.discover), so that name=value becomes what the
 * method's row wants: a number, a truth, a text. What it does not know it is asked all the same:
 * the daemon's own words are the better error. */
#include "exec.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "admin_client.h"
#include "answer.h"
#include "common/clock.h"
#include "common/text.h"
#include "request.h"

#define EXEC_DEADLINE_MS 30000

struct exec {
    struct admin_client *client;
    bool answered;
    json_t *result;
    int code; /* 0: result; else why not */
    char sentence[512];
};

static void on_opened(void *context)
{
    (void)context;
}

static void end(struct exec *exec, json_t *result, int code, const char *sentence)
{
    if (exec->answered)
        return;
    exec->answered = true;
    exec->result = json_incref(result);
    exec->code = code;
    text_sanitise(sentence, strlen(sentence), exec->sentence, sizeof(exec->sentence));
}

static void on_lost(void *context, int code, const char *sentence)
{
    end(context, NULL, code, sentence);
}

static void on_answer(void *context, int token, json_t *result, int code, const char *sentence)
{
    (void)token;
    end(context, result, code, sentence);
}

static void on_notify(void *context, const char *topic, json_t *params)
{
    (void)context;
    (void)topic;
    (void)params;
}

/* Ask and wait. params: taken. 0: exec->result is there (owned by exec). */
static int ask(struct exec *exec, const char *method, json_t *params)
{
    json_decref(exec->result);
    exec->result = NULL;
    exec->answered = false;
    admin_client_pump(exec->client, clock_steady_ms());
    if (exec->answered) { /* there is no daemon */
        json_decref(params);
        return exec->code;
    }
    if (admin_client_ask(exec->client, method, params, 0, EXEC_DEADLINE_MS) != 0)
        end(exec, NULL, ADMIN_CLIENT_LOST, "the request is too large");
    while (!exec->answered) {
        struct pollfd fd = {.fd = admin_client_fd(exec->client),
                            .events = admin_client_events(exec->client)};

        if (poll(&fd, 1, admin_client_wait_ms(exec->client, clock_steady_ms())) < 0 &&
            errno != EINTR)
            break;
        admin_client_pump(exec->client, clock_steady_ms());
    }
    return exec->code;
}

static enum console_exit exit_of(const struct exec *exec)
{
    switch (exec->code) {
    case 0:
        return CONSOLE_OK;
    case ADMIN_CLIENT_LOST:
        return CONSOLE_NO_CONNECTION;
    case ADMIN_CLIENT_DENIED:
        return CONSOLE_DENIED;
    case -32601: /* no such method */
    case -32602: /* no such parameters */
        return CONSOLE_USAGE;
    default:
        return CONSOLE_FAILED;
    }
}

enum console_exit exec_run(const char *path, char *const *arguments, int arguments_n, bool json)
{
    struct exec exec = {.code = 0};
    struct admin_client_handlers handlers = {on_opened, on_lost, on_answer, on_notify, &exec};
    enum console_exit status;
    struct error error;
    json_t *params;

    exec.client = admin_client_new(path, &handlers);
    if (exec.client == NULL)
        return CONSOLE_FAILED;
    if (ask(&exec, "rpc.discover", NULL) == 0) {
        params = request_params(json_object_get(exec.result, "methods"), arguments[0],
                                arguments + 1, arguments_n - 1, &error);
        if (params == NULL) {
            fprintf(stderr, "openmmo-console: %s\n", error.text);
            status = CONSOLE_USAGE;
            goto out;
        }
        (void)ask(&exec, arguments[0], params);
    }
    status = exit_of(&exec);
    if (exec.code != 0)
        fprintf(stderr, "openmmo-console: %s\n", exec.sentence);
    else
        answer_print(stdout, exec.result, json);
    if (exec.code == 0 && (fflush(stdout) != 0 || ferror(stdout)))
        status = CONSOLE_FAILED;
out:
    json_decref(exec.result);
    admin_client_free(exec.client);
    return status;
}
