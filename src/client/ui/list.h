/* list.h -- a list of flat triangles over the picture, built anew each frame: rectangles, rounded
 * panels, textured quads. Owns its buffers; knows no GPU (textures are gfx's numbers). One thread.
 */
#ifndef OPENMMO_CLIENT_LIST_H
#define OPENMMO_CLIENT_LIST_H

#include <stdint.h>

#include "gfx/gfx.h"

struct ui_list {
    struct gfx_ui_vertex *vertices;
    uint32_t vertices_n, vertices_room;
    uint16_t *indices;
    uint32_t indices_n, indices_room;
    struct gfx_ui_command *commands;
    uint32_t commands_n, commands_room;
    float clip[4];
    uint32_t white_texture; /* has a white texel at white_u, white_v */
    float white_u, white_v;
    struct gfx_ui view;
};

struct ui_rect {
    float x0, y0, x1, y1;
};

/* A colour as the vertices hold it; each 0..255. */
#define UI_RGBA(r, g, b, a)                                                                        \
    ((uint32_t)(r) | (uint32_t)(g) << 8 | (uint32_t)(b) << 16 | (uint32_t)(a) << 24)
/* The colour with its alpha times f (0..1). */
uint32_t ui_fade(uint32_t rgba, float f);

void ui_list_init(struct ui_list *list); /* empty, owns nothing yet */
void ui_list_fini(struct ui_list *list); /* frees; empty again */
/* Empty it; clip to width x height. */
void ui_list_begin(struct ui_list *list, float width, float height);
/* What was built, valid until the next change. Where memory ran out, triangles are missing. */
const struct gfx_ui *ui_list_view(struct ui_list *list);

/* place: pixels; part: texture coordinates. */
void ui_list_quad(struct ui_list *list, uint32_t texture, struct ui_rect place, struct ui_rect part,
                  uint32_t rgba);
/* A filled rectangle with round corners (radius 0: square). */
void ui_list_panel(struct ui_list *list, struct ui_rect place, float radius, uint32_t rgba);

#endif
