#include "ui/list.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define CORNER 6 /* segments of a round corner */

uint32_t ui_fade(uint32_t rgba, float f)
{
    float alpha = (float)(rgba >> 24) * fminf(1, fmaxf(0, f));
    return (rgba & 0xffffffu) | (uint32_t)lrintf(alpha) << 24;
}

void ui_list_init(struct ui_list *list)
{
    memset(list, 0, sizeof(*list));
}

void ui_list_fini(struct ui_list *list)
{
    free(list->vertices);
    free(list->indices);
    free(list->commands);
    memset(list, 0, sizeof(*list));
}

void ui_list_begin(struct ui_list *list, float width, float height)
{
    list->vertices_n = list->indices_n = list->commands_n = 0;
    list->clip[0] = list->clip[1] = 0;
    list->clip[2] = width;
    list->clip[3] = height;
}

const struct gfx_ui *ui_list_view(struct ui_list *list)
{
    list->view = (struct gfx_ui){
        .vertices = list->vertices,
        .vertices_n = list->vertices_n,
        .indices = list->indices,
        .indices_n = list->indices_n,
        .commands = list->commands,
        .commands_n = list->commands_n,
    };
    return &list->view;
}

/* The array with room for `need` elements of that size; NULL when memory is out (the array then
 * stays). */
static void *grow(void *array, uint32_t *have, uint32_t need, size_t size)
{
    if (array && need <= *have)
        return array;
    uint32_t more = *have ? *have : 256;
    while (more < need)
        more *= 2;
    void *grown = realloc(array, more * size);
    if (grown)
        *have = more;
    return grown;
}

static int make_room(struct ui_list *list, uint32_t vertices, uint32_t indices)
{
    void *grown = grow(list->vertices, &list->vertices_room, list->vertices_n + vertices,
                       sizeof(*list->vertices));
    if (!grown)
        return -1;
    list->vertices = grown;
    grown =
        grow(list->indices, &list->indices_room, list->indices_n + indices, sizeof(*list->indices));
    if (!grown)
        return -1;
    list->indices = grown;
    grown =
        grow(list->commands, &list->commands_room, list->commands_n + 1, sizeof(*list->commands));
    if (!grown)
        return -1;
    list->commands = grown;
    return 0;
}

/* The command to add to: the last one where texture and clip fit and 16 bits still reach; its next
 * vertex's number in *first. NULL when memory is out. */
static struct gfx_ui_command *open_command(struct ui_list *list, uint32_t texture,
                                           uint32_t vertices, uint32_t indices, uint16_t *first)
{
    if (make_room(list, vertices, indices) != 0)
        return NULL;
    struct gfx_ui_command *last = list->commands_n ? &list->commands[list->commands_n - 1] : NULL;
    if (!last || last->texture != texture ||
        memcmp(last->clip, list->clip, sizeof(list->clip)) != 0 ||
        list->vertices_n + vertices - last->vertex_offset > UINT16_MAX) {
        last = &list->commands[list->commands_n++];
        memcpy(last->clip, list->clip, sizeof(list->clip));
        last->texture = texture;
        last->index_first = list->indices_n;
        last->index_n = 0;
        last->vertex_offset = list->vertices_n;
    }
    *first = (uint16_t)(list->vertices_n - last->vertex_offset);
    return last;
}

static void add_vertex(struct ui_list *list, float x, float y, float u, float v, uint32_t rgba)
{
    list->vertices[list->vertices_n++] = (struct gfx_ui_vertex){x, y, u, v, rgba};
}

static void add_triangle(struct ui_list *list, struct gfx_ui_command *command, unsigned a,
                         unsigned b, unsigned c)
{
    list->indices[list->indices_n++] = (uint16_t)a;
    list->indices[list->indices_n++] = (uint16_t)b;
    list->indices[list->indices_n++] = (uint16_t)c;
    command->index_n += 3;
}

void ui_list_quad(struct ui_list *list, uint32_t texture, struct ui_rect place, struct ui_rect part,
                  uint32_t rgba)
{
    uint16_t first;
    struct gfx_ui_command *command = open_command(list, texture, 4, 6, &first);
    if (!command)
        return;
    add_vertex(list, place.x0, place.y0, part.x0, part.y0, rgba);
    add_vertex(list, place.x1, place.y0, part.x1, part.y0, rgba);
    add_vertex(list, place.x1, place.y1, part.x1, part.y1, rgba);
    add_vertex(list, place.x0, place.y1, part.x0, part.y1, rgba);
    add_triangle(list, command, first, first + 1u, first + 2u);
    add_triangle(list, command, first, first + 2u, first + 3u);
}

void ui_list_panel(struct ui_list *list, struct ui_rect place, float radius, uint32_t rgba)
{
    uint16_t first;
    unsigned corners = 4 * (CORNER + 1);
    radius = fminf(radius, fminf(place.x1 - place.x0, place.y1 - place.y0) / 2);
    struct gfx_ui_command *command =
        open_command(list, list->white_texture, corners, 3 * (corners - 2), &first);
    if (!command)
        return;
    for (unsigned i = 0; i < corners; i++) {
        unsigned corner = i / (CORNER + 1);
        float angle = (float)(M_PI / 2) * ((float)corner + (float)(i % (CORNER + 1)) / CORNER);
        float x = corner == 0 || corner == 3 ? place.x1 - radius : place.x0 + radius;
        float y = corner < 2 ? place.y1 - radius : place.y0 + radius;
        add_vertex(list, x + radius * cosf(angle), y + radius * sinf(angle), list->white_u,
                   list->white_v, rgba);
    }
    for (unsigned i = 1; i + 1 < corners; i++)
        add_triangle(list, command, first, first + i, first + i + 1u);
}
