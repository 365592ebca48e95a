/* imgui_shim.h -- Dear ImGui behind C: one context, our style, a handful of widgets.
 *
 * The only door to the C++ library; no back end of its own is used: events come in as struct
 * input_event, triangles go out as struct gfx_ui. Texts are UTF-8; what the font lacks (scripts
 * other than Latin, Greek and Cyrillic) shows as '?', so texts from others are drawn by ui_text
 * instead. One context at a time; one thread. */
#ifndef OPENMMO_CLIENT_IMGUI_SHIM_H
#define OPENMMO_CLIENT_IMGUI_SHIM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#include "common/error.h"
#include "gfx/gfx.h"
#include "ui/input.h"

struct imgui;

struct imgui_config {
    const char *font_path;      /* a TrueType file; NULL: the built-in bitmap font */
    const char *bold_font_path; /* for headings; NULL: font_path */
    float scale;                /* 1 on an ordinary screen */
    /* The clipboard; may be NULL. get's text is borrowed until the next call. */
    const char *(*clipboard_get)(void *context);
    void (*clipboard_set)(void *context, const char *text);
    void *clipboard_context;
};

/* NULL + error. */
struct imgui *imgui_new(const struct imgui_config *config, struct error *error);
void imgui_free(struct imgui *imgui); /* NULL is fine */

/* The font's atlas, one byte a pixel, owned by the context; hand it to gfx_ui_texture and its
 * number back. */
const uint8_t *imgui_atlas(struct imgui *imgui, uint32_t *width, uint32_t *height);
void imgui_set_texture(struct imgui *imgui, uint32_t texture); /* before the first imgui_begin */

/* An event, before imgui_begin. Events are seen in order: a press and its release, or a character
 * and the Tab after it, in frames of their own, however many came between two frames. */
void imgui_event(struct imgui *imgui, const struct input_event *event);
/* Does a text field want it? As of the last frame. */
bool imgui_wants_keyboard(const struct imgui *imgui);

/* One frame: begin, widgets, end. width, height: the framebuffer. */
void imgui_begin(struct imgui *imgui, float width, float height, float frame_s);
/* The triangles, valid until the next imgui_begin. */
const struct gfx_ui *imgui_end(struct imgui *imgui);

/* A window in the middle (or at the given place where x >= 0), as wide as said, as high as it
 * needs. */
void imgui_panel_begin(const char *id, float x, float y, float width);
/* The same with little room around: for one row. */
void imgui_bar_begin(const char *id, float x, float y, float width);
void imgui_panel_end(void); /* of either */
/* A veil over everything behind the panels: alpha 0..1. */
void imgui_veil(float alpha);

/* Lines of text; all but headings wrap at the panel's width. */
void imgui_heading(const char *text);
void imgui_text(const char *text);      /* in the ordinary colour */
void imgui_text_dim(const char *text);  /* less important */
void imgui_text_warn(const char *text); /* wrapped, in the colour of trouble */
void imgui_text_centred(const char *text);
/* Empty room, a line across, and a wheel that turns with the time. */
void imgui_space(float pixels);
void imgui_rule(void);             /* a line across */
void imgui_spinner(float seconds); /* seconds: the time, of any start */

enum imgui_field_flags { IMGUI_FIELD_PLAIN = 0, IMGUI_FIELD_PASSWORD = 1, IMGUI_FIELD_FOCUS = 2 };
/* A labelled text field over the panel's width. True when Enter was pressed in it. */
bool imgui_field(const char *label, char *text, size_t text_bytes, unsigned flags);
/* The chat line: no label, history by Up and Down through `recall` (may be NULL; writes the text to
 * show, or returns false). True when Enter was pressed. focus: take the keyboard now. */
typedef bool imgui_recall_fn(void *context, int step, char *text, size_t text_bytes);
/* text: NUL-terminated, text_bytes of room, changed in place. */
bool imgui_line(const char *hint, char *text, size_t text_bytes, bool focus,
                imgui_recall_fn *recall, void *context);

/* Buttons share a row: `share` of the panel's width (1: all). The first of a row has beside false.
 */
bool imgui_button(const char *label, float share, bool strong, bool beside);
/* Two tabs in a row; *chosen is changed by a click. */
void imgui_tabs(const char *const *labels, unsigned labels_n, unsigned *chosen);

#ifdef __cplusplus
}
#endif

#endif
