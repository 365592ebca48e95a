/* call.h -- asks the daemon and waits, for scripts: one connection, one question at a time. */
#ifndef OPENMMO_CONSOLE_CALL_H
#define OPENMMO_CONSOLE_CALL_H

#include <jansson.h>
#include <stdbool.h>

#include "common/compiler.h"
#include "console.h"

struct admin_client;

struct call {
    struct admin_client *client;
    unsigned deadline_ms;
    int stop_fd;         /* readable: whoever waits gives up, for good; -1: none */
    bool stopped;        /* that was seen */
    bool answered, open; /* open: it was connected and is still */
    json_t *result;      /* owned; of the last answer that was none of an error */
    int code;            /* 0: result; else why not */
    char sentence[512];  /* sanitised */
    /* A subscription's sample; params: borrowed. NULL: not minded. */
    void (*notify)(void *context, json_t *params);
    void *context;
};

/* In place. -1: out of memory. */
int call_init(struct call *call, const char *path, unsigned deadline_ms) MUST_CHECK;
void call_fini(struct call *call); /* frees */
/* Ask and wait. params: taken. Returns call->code; 0: call->result is there until the next. Not 0
 * where it was stopped. */
int call_ask(struct call *call, const char *method, json_t *params);
/* Let samples come for so long, or until it is stopped or the connection ends (then -1). */
int call_listen(struct call *call, unsigned for_ms);
/* The exit status that the last answer means. */
enum console_exit call_status(const struct call *call);
/* Say on stderr why not. */
void call_complain(const struct call *call);

#endif
