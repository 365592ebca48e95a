/* mouse.h -- what the mouse did, and on which cell of the canvas. */
#ifndef OPENMMO_CONSOLE_MOUSE_H
#define OPENMMO_CONSOLE_MOUSE_H

enum mouse_what {
    MOUSE_NOTHING,
    MOUSE_CLICK,
    MOUSE_DOUBLE_CLICK,
    MOUSE_WHEEL_UP,
    MOUSE_WHEEL_DOWN
};

struct mouse {
    enum mouse_what what;
    int row, column;
};

#endif
