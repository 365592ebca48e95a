#include "game/control.h"

#include <math.h>
#include <string.h>

#define DRAG_PIXELS 6.0f /* less is a click */

static void button(struct control *c, const struct input_event *event)
{
    bool right = event->button == INPUT_BUTTON_RIGHT;
    if (event->button == INPUT_BUTTON_MIDDLE)
        return;
    if (event->down) {
        c->held = true;
        c->held_right = right;
        c->dragged = 0;
        c->captured = true;
    } else if (c->held && right == c->held_right) {
        c->held = false;
        if (right || c->dragged > DRAG_PIXELS)
            c->captured = false;
    }
}

void control_event(struct control *c, struct camera *camera, const struct input_event *event)
{
    switch (event->kind) {
    case INPUT_KEY:
        c->keys[event->key] = event->down;
        if (event->key == INPUT_KEY_SPACE && event->down && !event->repeat)
            c->jump_pressed = true;
        break;
    case INPUT_BUTTON:
        button(c, event);
        break;
    case INPUT_POINTER:
        if (!c->captured)
            break;
        c->dragged += fabsf(event->dx) + fabsf(event->dy);
        camera_turn(camera, event->dx, event->dy);
        break;
    case INPUT_WHEEL:
        camera_zoom(camera, event->dy);
        break;
    case INPUT_FOCUS:
        if (!event->down)
            control_release(c);
        break;
    case INPUT_TEXT:
        break;
    }
}

void control_release(struct control *c)
{
    memset(c, 0, sizeof(*c));
}

struct movement_intent control_intent(struct control *c, const struct camera *camera, uint16_t yaw)
{
    const bool *k = c->keys;
    int ahead = (k[INPUT_KEY_W] || k[INPUT_KEY_UP]) - (k[INPUT_KEY_S] || k[INPUT_KEY_DOWN]);
    int left = (k[INPUT_KEY_A] || k[INPUT_KEY_LEFT]) - (k[INPUT_KEY_D] || k[INPUT_KEY_RIGHT]);
    struct movement_intent intent = {.heading = yaw, .yaw = yaw};
    if (ahead || left) {
        double turn = camera->yaw_rad + atan2(left, ahead);
        intent.flags = MOVEMENT_WALK | (k[INPUT_KEY_SHIFT] ? MOVEMENT_RUN : 0);
        intent.heading = intent.yaw = (uint16_t)(int32_t)lrint(turn * 65536 / (2 * M_PI));
    }
    if (c->jump_pressed || k[INPUT_KEY_SPACE])
        intent.flags |= MOVEMENT_JUMP;
    c->jump_pressed = false;
    return intent;
}
