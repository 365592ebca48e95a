/* call.c -- see call.h. */
#include "call.h"

#include <poll.h>
#include <stdio.h>
#include <string.h>

#include "admin_client.h"
#include "common/clock.h"
#include "common/text.h"

static void on_opened(void *context)
{
    ((struct call *)context)->open = true;
}

static void end(struct call *call, json_t *result, int code, const char *sentence)
{
    if (call->answered)
        return;
    call->answered = true;
    call->result = json_incref(result);
    call->code = code;
    text_sanitise(sentence, strlen(sentence), call->sentence, sizeof(call->sentence));
}

static void on_lost(void *context, int code, const char *sentence)
{
    struct call *call = context;

    call->open = false;
    end(call, NULL, code, sentence);
}

static void on_answer(void *context, int token, json_t *result, int code, const char *sentence)
{
    (void)token;
    end(context, result, code, sentence);
}

static void on_notify(void *context, const char *topic, json_t *params)
{
    struct call *call = context;

    (void)topic;
    if (call->notify != NULL)
        call->notify(call->context, params);
}

int call_init(struct call *call, const char *path, unsigned deadline_ms)
{
    struct admin_client_handlers handlers = {on_opened, on_lost, on_answer, on_notify, call};

    memset(call, 0, sizeof(*call));
    call->deadline_ms = deadline_ms;
    call->stop_fd = -1;
    call->client = admin_client_new(path, &handlers);
    return call->client != NULL ? 0 : -1;
}

void call_fini(struct call *call)
{
    json_decref(call->result);
    admin_client_free(call->client);
}

/* One turn. -1: it is stopped. */
static int turn(struct call *call, int wait_ms)
{
    struct pollfd fds[2] = {
        {.fd = admin_client_fd(call->client), .events = admin_client_events(call->client)},
        {.fd = call->stop_fd, .events = POLLIN}};

    if (poll(fds, 2, wait_ms) > 0 && fds[1].revents != 0)
        call->stopped = true;
    if (call->stopped)
        return -1;
    admin_client_pump(call->client, clock_steady_ms());
    return 0;
}

int call_ask(struct call *call, const char *method, json_t *params)
{
    json_decref(call->result);
    call->result = NULL;
    call->answered = false;
    call->code = 0;
    admin_client_pump(call->client, clock_steady_ms());
    if (call->answered) { /* there is no daemon */
        json_decref(params);
        return call->code;
    }
    if (admin_client_ask(call->client, method, params, 0, call->deadline_ms) != 0)
        end(call, NULL, ADMIN_CLIENT_LOST, "the request is too large");
    while (!call->answered) {
        if (turn(call, admin_client_wait_ms(call->client, clock_steady_ms())) != 0)
            end(call, NULL, ADMIN_CLIENT_LOST, "stopped");
    }
    return call->code;
}

int call_listen(struct call *call, unsigned for_ms)
{
    uint64_t now_ms = clock_steady_ms(), end_ms = now_ms + for_ms;

    call->answered = false;
    while (now_ms < end_ms && call->open) {
        if (turn(call, (int)(end_ms - now_ms)) != 0)
            return 0;
        now_ms = clock_steady_ms();
    }
    return call->open ? 0 : -1;
}

enum console_exit call_status(const struct call *call)
{
    switch (call->code) {
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

void call_complain(const struct call *call)
{
    fprintf(stderr, "openmmo-console: %s\n", call->sentence);
}
