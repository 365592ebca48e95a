/* input.h -- what a person did, free of any window library: the window makes these, UI and game
 * read them, tests feed them. */
#ifndef OPENMMO_CLIENT_INPUT_H
#define OPENMMO_CLIENT_INPUT_H

#include <stdbool.h>
#include <stdint.h>

enum input_kind {
    INPUT_KEY,     /* key, down (also for repeats), mods */
    INPUT_TEXT,    /* codepoint */
    INPUT_POINTER, /* x, y: place in pixels; dx, dy: how far it went */
    INPUT_BUTTON,  /* button, down */
    INPUT_WHEEL,   /* dy: notches, positive away from the hand */
    INPUT_FOCUS,   /* down: the window has the keyboard */
};

enum input_key {
    INPUT_KEY_NONE,
    INPUT_KEY_ESCAPE,
    INPUT_KEY_ENTER,
    INPUT_KEY_TAB,
    INPUT_KEY_BACKSPACE,
    INPUT_KEY_INSERT,
    INPUT_KEY_DELETE,
    INPUT_KEY_LEFT,
    INPUT_KEY_RIGHT,
    INPUT_KEY_UP,
    INPUT_KEY_DOWN,
    INPUT_KEY_PAGE_UP,
    INPUT_KEY_PAGE_DOWN,
    INPUT_KEY_HOME,
    INPUT_KEY_END,
    INPUT_KEY_SPACE,
    INPUT_KEY_SHIFT,
    INPUT_KEY_W,
    INPUT_KEY_A,
    INPUT_KEY_S,
    INPUT_KEY_D,
    INPUT_KEY_T,
    /* What text fields know with Control held. */
    INPUT_KEY_C,
    INPUT_KEY_V,
    INPUT_KEY_X,
    INPUT_KEY_Y,
    INPUT_KEY_Z,
    INPUT_KEY_F3,
    INPUT_KEY_F11,
    INPUT_KEY_F12,
    INPUT_KEYS_N,
};

enum input_button { INPUT_BUTTON_LEFT, INPUT_BUTTON_RIGHT, INPUT_BUTTON_MIDDLE, INPUT_BUTTONS_N };

#define INPUT_MOD_SHIFT   1u
#define INPUT_MOD_CONTROL 2u
#define INPUT_MOD_ALT     4u

struct input_event {
    enum input_kind kind;
    enum input_key key;
    enum input_button button;
    bool down, repeat;
    unsigned mods;
    uint32_t codepoint;
    float x, y, dx, dy;
};

#endif
