/* screen.h -- a screen: one row of SCREENS and one file in screens/. It draws the model into the
 * body of the canvas and takes what its own keys and the mouse do; it knows no terminal and no
 * socket. */
#ifndef OPENMMO_CONSOLE_SCREEN_H
#define OPENMMO_CONSOLE_SCREEN_H

#include "figures.h"
#include "keys.h"
#include "mouse.h"
#include "ui.h"

struct screen {
    const char *name, *short_name; /* short_name: in the tabs of narrow terminals */
    char key;                      /* '1' to '9', '0'; 0: a page, see ui_open */
    struct keys keys;              /* its own; they go before all others */
    bool list;                     /* the keys of lists hold here too */
    size_t state_bytes;            /* of what ui_state gives; zeroed at the start */
    unsigned idle_ms;              /* idle (ui_idle), it is drawn so often; 0: always */
    void (*draw)(struct ui *ui, struct canvas *canvas, int row, int rows);
    /* An action of one of its keys, or of the lists', or KEYS_DO_BACK. NULL: has none. */
    void (*act)(struct ui *ui, int action);
    /* Shown and connected, time passes: ask for what it needs. NULL: nothing. */
    void (*time)(struct ui *ui);
    /* A request that was asked by ui_ask, ui_poll or ui_do was answered while it is shown, and the
     * model has taken it. NULL: does not mind. */
    void (*answered)(struct ui *ui, const struct screen_reply *reply);
    /* What is typed into its line (ui_prompt) has changed. NULL: does not mind. */
    void (*typed)(struct ui *ui);
    /* The mouse over the body; row and column are the canvas's. True: then do what Enter does.
     * NULL: it does nothing here. */
    bool (*mouse)(struct ui *ui, const struct mouse *mouse);
};

/* In the order of the tabs, pages behind their screens. */
extern const struct screen *const SCREENS[];
extern const int SCREENS_N;

#endif
