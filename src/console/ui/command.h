/* command.h -- the command line behind ":": any method as noun.verb name=value, or a short form.
 *
 * Tab completes, Up and Down walk the history, Ctrl-R finds in it what was typed. What changes the
 * server asks first (form.h says what is harmless); an answer of more than a line has a page. Part
 * of the ui; one thread. */
#ifndef OPENMMO_CONSOLE_COMMAND_H
#define OPENMMO_CONSOLE_COMMAND_H

#include <jansson.h>
#include <stdbool.h>

#include "canvas.h"
#include "history.h"
#include "line.h"

struct ui;

struct command {
    bool open;
    struct line line;
    char typed[LINE_BYTES]; /* before the history was walked */
    long back;              /* how far in it we are; -1: not */
    bool finding;           /* with Ctrl-R */
    char choices[1024];     /* how it can go on; empty: nothing to choose */
    char meant[LINE_BYTES]; /* the line for which names were asked */
    struct history history;
    char method[64];            /* what is about to be done */
    json_t *params;             /* of it; owned */
    char *answer;               /* the last one's text; NULL: none */
    char answer_of[LINE_BYTES]; /* what was typed for it */
};

/* path: of the history; NULL: none is kept. -1: out of memory. */
int command_init(struct command *command, const char *path);
/* Frees; the history is in its file already. */
void command_fini(struct command *command);

/* Begin to type, with that text. */
void command_open(struct ui *ui, const char *text);
/* A key while it is open. Esc and an empty line close it. */
void command_key(struct ui *ui, int key);
/* In that row, the choices above it. */
void command_draw(const struct command *command, struct canvas *canvas, int row);

#endif
