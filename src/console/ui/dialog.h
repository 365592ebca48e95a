/* dialog.h -- the question before something is done that hurts: names exactly what will happen and
 * to whom, default No. More than ten targets: their number is typed.
 *
 *     dialog_open(ui, &KICK);
 *     dialog_add(ui, json_pack("{s:s}", "session", ...), "Aria", "from 198.51.100.7");
 *
 * Part of the ui; one thread. */
#ifndef OPENMMO_CONSOLE_DIALOG_H
#define OPENMMO_CONSOLE_DIALOG_H

#include <jansson.h>
#include <stdbool.h>

#include "canvas.h"
#include "common/compiler.h"
#include "line.h"
#include "mouse.h"

struct ui;

#define DIALOG_FIELDS  3
#define DIALOG_TARGETS 10 /* more are confirmed by typing how many */

/* The label of a field for a span of time. */
#define DIALOG_HOW_LONG "for (30m, 12h, 7d, 2w; empty: for good)"

/* What is written before Yes. Its key in the dialog is the label's first letter, so none begins
 * with n or y. */
struct dialog_field {
    const char *label, *param; /* "reason"; of the method */
    const char *preset;        /* NULL: empty */
    const char *instead;       /* sent where nothing was written; NULL: the parameter is left out */
    bool number; /* sent as one; what is none goes as text, and the daemon says why not */
};

/* A kind of deed: a constant row beside the screen that asks. */
struct dialog_kind {
    const char *verb, *done; /* "Kick", "kicked" */
    const char *many;        /* "players" */
    const char *method;      /* NULL: then() is called instead */
    const char *what;        /* what will happen, in whole sentences */
    void (*then)(struct ui *ui);
    struct dialog_field fields[DIALOG_FIELDS]; /* the first without a label ends them */
    bool write_first; /* begin in the first field: it cannot be left empty */
};

struct dialog_target {
    json_t *params; /* owned */
    char name[256], about[128];
};

struct dialog {
    const struct dialog_kind *kind; /* NULL: closed */
    struct dialog_target *targets;
    size_t targets_n, targets_room;
    struct line fields[DIALOG_FIELDS], number;
    char what[700];                     /* instead of the kind's; empty: that */
    int focus;                          /* the fields in order, the number, No, Yes */
    int first_row, buttons_row, column; /* where they are, of the last drawing */
};

/* Ask. kind: a constant. Whoever adds no target asks about nothing but the deed itself. */
void dialog_open(struct ui *ui, const struct dialog_kind *kind);
/* One more whom it is about. params: of the method, but for the fields'; taken. name, about:
 * copied; about: "from 198.51.100.7", or empty. Where the kind's fields are numbers or truths to
 * the method, they are sent as such. */
void dialog_add(struct ui *ui, json_t *params, const char *name, const char *about);
/* Another sentence than the kind's about what will happen. */
void dialog_explain(struct ui *ui, const char *format, ...) PRINTF_LIKE(2, 3);
/* Another text in a field than its preset. */
void dialog_preset(struct ui *ui, int field, const char *text);
void dialog_close(struct ui *ui); /* nothing is done */

/* For the ui: a key while it is open. It closes itself on Esc, No and Yes. */
void dialog_key(struct ui *ui, int key);
/* A click on a field or a button. */
void dialog_mouse(struct ui *ui, const struct mouse *mouse);
/* Over everything else. */
void dialog_draw(struct ui *ui, struct canvas *canvas);

#endif
