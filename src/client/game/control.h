/* control.h -- from keys and mouse to what the figure should do and where the camera looks. Pure;
 * one thread. */
#ifndef OPENMMO_CLIENT_CONTROL_H
#define OPENMMO_CLIENT_CONTROL_H

#include <stdbool.h>

#include "common/movement.h"
#include "game/camera.h"
#include "ui/input.h"

struct control {
    bool keys[INPUT_KEYS_N];
    bool jump_pressed; /* since the last control_intent: a short tap counts */
    /* The mouse: a click takes it until Esc, a drag (or the right button) only while it is held. */
    bool captured, held, held_right;
    float dragged; /* pixels since the press */
};

/* A key, button, pointer, wheel or focus event of the game (not of a window over it). The caller
 * shows the pointer as control->captured says. */
void control_event(struct control *control, struct camera *camera, const struct input_event *event);
/* Let go of everything: a window opened, the focus went. */
void control_release(struct control *control);
/* What the keys mean now; yaw: where the figure looks already. Takes the jump. */
struct movement_intent control_intent(struct control *control, const struct camera *camera,
                                      uint16_t yaw);

#endif
