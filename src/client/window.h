/* window.h -- the one window: events, its surface for Vulkan, the clipboard. The only file that
 * includes GLFW. One at a time; main thread. */
#ifndef OPENMMO_CLIENT_WINDOW_H
#define OPENMMO_CLIENT_WINDOW_H

#include <stdbool.h>
#include <stdint.h>

#include "common/error.h"
#include "ui/input.h"

struct window;

/* NULL + error ("no display: ..."). */
struct window *window_new(uint32_t width, uint32_t height, const char *title, struct error *error);
void window_free(struct window *window); /* NULL is fine */

/* For gfx_config: extensions (constant) and a gfx_surface_fn whose context is the window. */
const char *const *window_instance_extensions(struct window *window, uint32_t *n);
/* window: a struct window. 0, or -1 + error. */
int window_make_surface(void *window, void *instance, uint64_t *surface, struct error *error);

/* Wait up to timeout_s for something to happen (0: look only), then hand out events one by one:
 * false when no more. */
void window_pump(struct window *window, double timeout_s);
/* The oldest into *event; false: no more, *event is untouched. */
bool window_event(struct window *window, struct input_event *event);

/* Was the window asked to close? */
bool window_closing(const struct window *window);
/* Framebuffer; 0 x 0 minimised. */
void window_size(const struct window *window, uint32_t *width, uint32_t *height);
float window_scale(const struct window *window); /* 1 on an ordinary screen */
/* Take the pointer (hidden, unbounded) or let it go. */
void window_capture(struct window *window, bool captured);
/* Full screen on the first monitor, and back to where it was. */
void window_fullscreen(struct window *window, bool fullscreen);
bool window_is_fullscreen(const struct window *window); /* as last asked for */

/* The clipboard, as imgui_config wants it; context is the window. */
const char *window_clipboard_get(void *window);
void window_clipboard_set(void *window, const char *text); /* text is copied */

#endif
