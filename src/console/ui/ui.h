/* ui.h -- the console without terminal and socket: keys, answers and time in; a canvas and requests
 * out.
 *
 * Owns the model, each screen's state, which screen is shown, the prompt and the dialog. Screens
 * are rows of one table (screen.h), keys are rows of others (keys.h). One thread. */
#ifndef OPENMMO_CONSOLE_UI_H
#define OPENMMO_CONSOLE_UI_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "canvas.h"
#include "command.h"
#include "common/compiler.h"
#include "console/model/model.h"
#include "dialog.h"
#include "line.h"
#include "requests.h"

struct screen;

/* A console that nobody touches for so long is idle: what only moves on its screen is drawn less
 * often (screen.h, idle_ms). */
#define UI_IDLE_MS 30000

/* What became of a request. Borrowed. */
struct screen_reply {
    const char *method;
    const json_t *params, *data; /* data: NULL where code != 0 */
    int code;
    const char *sentence; /* what was wrong */
};

enum ui_link { UI_CONNECTING, UI_LIVE, UI_LOST, UI_DENIED };

struct ui_config {
    /* Ask the daemon; -1: it could not be asked. token: comes back with the answer. params: taken;
     * may be NULL. */
    int (*ask)(void *context, int token, const char *method, json_t *params);
    /* What the model heard, as a recording has it (record.h). line: borrowed. NULL: nobody minds.
     */
    void (*heard)(void *context, json_t *line);
    void *context;
    const char *history; /* where typed commands are kept; NULL: nowhere */
};

struct ui {
    struct ui_config config;
    struct model model;
    enum ui_link link;
    char link_sentence[256];
    uint64_t lost_ms;     /* since when the connection is lost */
    uint64_t heard_ms;    /* when the last sample came: a daemon can be there and stand still */
    int screen;           /* index into SCREENS, of one with a tab */
    int page;             /* index into SCREENS of the page that is open over it; -1: none */
    void **states;        /* of each screen */
    int help, help_pages; /* the page of the help that is shown, 0: none; of how many */
    bool quit, redraw;    /* redraw: the whole screen, as Ctrl-L wants it */
    bool paused;          /* nothing that comes is taken */
    char replay[24];      /* said in the place of the state; empty: this is live */
    struct line *prompt;  /* the line that is typed into; NULL: none */
    struct line prompt_before;
    char message[512]; /* in the bottom line until message_until_ms */
    bool message_bad;
    uint64_t message_until_ms;
    uint64_t now_ms; /* monotonic, as of the last ui_time */
    int64_t wall_ms;
    uint64_t wake_ms;      /* time is to pass then, monotonic; 0: with the next second */
    int columns, rows;     /* of the last drawing */
    int body_rows;         /* of the last drawing: how far a page goes */
    uint64_t touched_ms;   /* the last key, see ui_idle */
    uint64_t drawn_ms;     /* when the screen itself was drawn, not only the frame; 0: it is due */
    bool behind;           /* what is seen of the screen is older than what is known */
    char drawn_words[640]; /* what the frame said first, of the last drawing */
    struct requests requests;
    struct command command;
    struct dialog dialog;
};

/* In place. -1: out of memory. */
int ui_init(struct ui *ui, const struct ui_config *config) MUST_CHECK;
/* Frees; asks nothing more. */
void ui_fini(struct ui *ui);

/* Time passes: messages go, lists are asked for again. Call before ui_draw. */
void ui_time(struct ui *ui, uint64_t now_ms, int64_t wall_ms);
/* How long whoever waits may wait until the next ui_time. */
int ui_wait_ms(const struct ui *ui, uint64_t now_ms);
/* The connection. */
void ui_opened(struct ui *ui);
/* It ended or was not to be had; denied: the daemon refuses us. Pending answers will not come. */
void ui_lost(struct ui *ui, bool denied, const char *sentence);
/* The answer to what was asked with that token; result: borrowed, NULL where code != 0. */
void ui_answer(struct ui *ui, int token, json_t *result, int code, const char *sentence);
/* A subscription's sample; params: borrowed. */
void ui_notify(struct ui *ui, const char *topic, json_t *params);
/* A line of a recording: {"answer": method, "params": what was asked, "data": the result} or
 * {"notify": topic, "params": ...}. Others are ignored. */
void ui_recorded(struct ui *ui, const json_t *line);
/* A key: a Unicode code point, or KEYS_* (keys.h). */
void ui_key(struct ui *ui, int key);
/* Did nobody touch a key or the mouse for UI_IDLE_MS, nor the connection come just now? Never so
 * while it is lost, nor of a recording. */
bool ui_idle(const struct ui *ui);
/* Is something being typed, or a dialog open, so that letters mean themselves? */
bool ui_typing(const struct ui *ui);
/* The mouse: tabs, the bottom bar's keys, the dialog, else the screen. */
void ui_mouse(struct ui *ui, const struct mouse *mouse);
/* The whole screen anew; whoever shows it sends the difference. canvas: that of the last drawing,
 * as it was left, or one of another size: of an idle console the screen itself may stay as it is.
 */
void ui_draw(struct ui *ui, struct canvas *canvas);

/* --- For screens. --- */

/* A screen's own state: state_bytes, zeroed at the start, there until ui_fini. */
void *ui_state(struct ui *ui, const struct screen *screen);
/* Go to a screen; a page (a row of SCREENS without a key) opens over the one that is shown, and Esc
 * closes it. */
void ui_open(struct ui *ui, const struct screen *screen);
void ui_close(struct ui *ui); /* the page */
bool ui_shows(const struct ui *ui, const struct screen *screen);

/* Say something in the bottom line. */
void ui_say(struct ui *ui, bool bad, const char *format, ...) PRINTF_LIKE(3, 4);
/* Type into that line, filter as you type: each change shows at once, Esc takes back, Enter keeps.
 * line: in the screen's state. */
void ui_prompt(struct ui *ui, struct line *line);
/* "   filter: text" of a line that is typed into or not empty. Returns the columns it took. */
int ui_draw_filter(struct ui *ui, struct canvas *canvas, int row, int column,
                   const struct line *line);

/* Ask for something to look at; the model takes the answer, then the screen hears of it. params:
 * taken; NULL: none. */
void ui_ask(struct ui *ui, const char *method, json_t *params);
/* The same, but what is heard by then() is not taken by the model. */
void ui_ask_then(struct ui *ui, const char *method, json_t *params,
                 void (*then)(struct ui *ui, const struct screen_reply *reply));
/* The same again and again: in the screen's time,
 *     if (ui_due(ui, &state->poll, 1000))
 *         ui_poll(ui, &state->poll, "noun.list", params);
 * One answer is waited for at a time. poll: in the screen's state; ui_again: do not wait for the
 * interval. */
bool ui_due(const struct ui *ui, const struct requests_poll *poll, unsigned interval_ms);
/* See ui_due. params: taken. */
void ui_poll(struct ui *ui, struct requests_poll *poll, const char *method, json_t *params);
/* See ui_due. */
void ui_again(struct requests_poll *poll);
/* In a screen's time: let it pass again in so many ms at the latest, not only with the second. */
void ui_wake(struct ui *ui, unsigned in_ms);
/* In a screen's time: what it shows is watched as it moves, so nobody is idle here. */
void ui_watched(struct ui *ui);
/* Do something that changes the server: how it ended is said in the bottom line: "kicked Aria" or
 * "not kicked: why (Aria)". done: "kicked", a constant; target: copied, may be empty. What hurts
 * goes through dialog_open instead, which calls this. */
void ui_do(struct ui *ui, const char *method, json_t *params, const char *done, const char *target);

#endif
