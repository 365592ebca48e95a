/* ui.h -- the console without terminal and socket: keys, answers and time in; a canvas and requests
 * out.
 *
 * Owns the model, which screen is shown, the prompt and the dialog. Screens are rows of one table
 * (screen.h), keys are rows of another (keys.h). One thread. */
#ifndef OPENMMO_CONSOLE_UI_H
#define OPENMMO_CONSOLE_UI_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "canvas.h"
#include "model.h"

enum ui_link { UI_CONNECTING, UI_LIVE, UI_LOST, UI_DENIED };

/* What was asked, and so what an answer means. */
enum ui_ask {
    UI_ASK_DISCOVER,
    UI_ASK_HISTORY,
    UI_ASK_STATUS,
    UI_ASK_LOG,
    UI_ASK_SUBSCRIBE,
    UI_ASK_PLAYERS,
    UI_ASK_WORST,
    UI_ASK_KICK, /* and two more, in enum ui_deed's order */
    UI_ASK_BAN,
    UI_ASK_MUTE
};

enum ui_deed { UI_DEED_KICK, UI_DEED_BAN, UI_DEED_MUTE, UI_DEEDS_N }; /* of the dialog */

enum ui_dialog_focus { UI_FOCUS_REASON, UI_FOCUS_NO, UI_FOCUS_YES };

#define UI_LINE_BYTES 256

/* A line of text that is being typed. */
struct ui_line {
    char text[UI_LINE_BYTES];
};

struct ui_players_view {
    int sort; /* column */
    bool descending;
    struct ui_line filter;
    long cursor, top;  /* row numbers in the whole list */
    char session[24];  /* of the one under the cursor: it stays there when the order changes */
    uint64_t asked_ms; /* 0: ask now */
    bool waiting;
};

struct ui_log_view {
    int level; /* shown up to */
    bool follow;
    uint64_t bottom; /* when not following: sequence of the lowest line shown */
    struct ui_line filter;
};

struct ui_load_view {
    uint64_t asked_ms; /* 0: ask now */
    bool waiting;
};

struct ui_dialog {
    bool open;
    enum ui_deed deed;
    struct model_player player; /* whom it is about */
    struct ui_line reason;
    enum ui_dialog_focus focus;
};

struct ui_config {
    bool ascii;
    /* Ask the daemon; -1: it could not be asked. params: taken. */
    int (*ask)(void *context, enum ui_ask ask, const char *method, json_t *params);
    void *context;
};

struct ui {
    struct ui_config config;
    struct model model;
    enum ui_link link;
    char link_sentence[256];
    uint64_t lost_ms;       /* since when the connection is lost */
    uint64_t heard_ms;      /* when the last sample came: a daemon can be there and stand still */
    int screen;             /* index into SCREENS */
    int help, help_pages;   /* the page of the help that is shown, 0: none; of how many */
    bool quit, redraw;      /* redraw: the whole screen, as Ctrl-L wants it */
    struct ui_line *prompt; /* the line that is typed into; NULL: none */
    struct ui_line prompt_before;
    char message[256]; /* in the bottom line until message_until_ms */
    bool message_bad;
    uint64_t message_until_ms;
    uint64_t now_ms; /* monotonic, as of the last ui_time */
    int64_t wall_ms;
    int columns;   /* of the last drawing */
    int body_rows; /* of the last drawing: how far a page goes */
    struct ui_players_view players;
    struct ui_log_view log;
    struct ui_load_view load;
    struct ui_dialog dialog;
    char meant[UI_DEEDS_N][256]; /* whom the last of each was about */
};

/* In place. -1: out of memory. */
int ui_init(struct ui *ui, const struct ui_config *config);
/* Frees; asks nothing more. */
void ui_fini(struct ui *ui);

/* Time passes: messages go, lists are asked for again. Call before ui_draw. */
void ui_time(struct ui *ui, uint64_t now_ms, int64_t wall_ms);
/* The connection. */
void ui_opened(struct ui *ui);
/* It ended or was not to be had; denied: the daemon refuses us. Pending answers will not come. */
void ui_lost(struct ui *ui, bool denied, const char *sentence);
/* The answer to what was asked; result: borrowed, NULL where code != 0. */
void ui_answer(struct ui *ui, enum ui_ask ask, json_t *result, int code, const char *sentence);
/* A subscription's sample; params: borrowed. */
void ui_notify(struct ui *ui, const char *topic, json_t *params);
/* A key: a Unicode code point, or KEYS_* (keys.h). */
void ui_key(struct ui *ui, int key);
/* The whole screen anew; whoever shows it sends the difference. */
void ui_draw(struct ui *ui, struct canvas *canvas);

/* For screens: say something in the bottom line. */
void ui_say(struct ui *ui, bool bad, const char *format, ...) __attribute__((format(printf, 3, 4)));

#endif
