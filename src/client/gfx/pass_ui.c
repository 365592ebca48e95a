/* pass_ui.c -- the UI's triangles over the finished picture, blended in linear light by the sRGB
 * target. */
#include "gfx/pass.h"

#include <string.h>

#define TEXTURE_EDGE_MAX 4096u

uint32_t pass_ui_texture(struct pass_ui *pass, struct render *render, VkExtent2D size, bool rgba,
                         const void *pixels)
{
    struct image_want want = {
        "ui texture", rgba ? VK_FORMAT_R8G8B8A8_SRGB : VK_FORMAT_R8_UNORM,          size.width,
        size.height,  VK_IMAGE_USAGE_SAMPLED_BIT | VK_IMAGE_USAGE_TRANSFER_DST_BIT, !rgba};
    struct ui_texture *texture = NULL;
    uint32_t i;

    if (!size.width || !size.height || size.width > TEXTURE_EDGE_MAX ||
        size.height > TEXTURE_EDGE_MAX)
        return 0;
    for (i = 0; i < PIPELINES_TEXTURES_MAX && !texture; i++) {
        if (!pass->textures[i].set)
            texture = &pass->textures[i];
    }
    if (!texture || image_init(&render->device, &texture->image, &want, NULL))
        return 0;
    texture->rgba = rgba;
    texture->set = pipelines_texture_set(&render->pipelines, texture->image.view);
    if (!texture->set) {
        image_fini(&render->device, &texture->image);
        return 0;
    }
    pass_ui_texture_update(pass, render, i, (VkRect2D){{0, 0}, size}, pixels);
    return i;
}

static struct ui_texture *find(struct pass_ui *pass, uint32_t texture)
{
    if (!texture || texture > PIPELINES_TEXTURES_MAX || !pass->textures[texture - 1].set)
        return NULL;
    return &pass->textures[texture - 1];
}

void pass_ui_texture_update(struct pass_ui *pass, struct render *render, uint32_t texture,
                            VkRect2D area, const void *pixels)
{
    struct ui_texture *target = find(pass, texture);
    size_t bytes = (size_t)area.extent.width * area.extent.height;
    void *staged;

    if (!target || !bytes || area.offset.x < 0 || area.offset.y < 0 ||
        area.offset.x + area.extent.width > target->image.width ||
        area.offset.y + area.extent.height > target->image.height)
        return;
    bytes *= target->rgba ? 4 : 1;
    staged = upload_to_image(&render->upload, &target->image, area, bytes);
    if (staged)
        memcpy(staged, pixels, bytes);
}

void pass_ui_texture_free(struct pass_ui *pass, struct render *render, uint32_t texture)
{
    struct ui_texture *target = find(pass, texture);
    struct garbage old;

    if (!target)
        return;
    upload_forget(&render->upload, &target->image);
    old = (struct garbage){.image = target->image, .set = target->set};
    memset(target, 0, sizeof(*target));
    frames_discard(&render->frames, &old);
}

void pass_ui_fini(struct pass_ui *pass, struct render *render)
{
    for (uint32_t i = 1; i <= PIPELINES_TEXTURES_MAX; i++)
        pass_ui_texture_free(pass, render, i);
}

/* The part of the picture that a command may touch; false: none. */
static bool clip(const struct targets *targets, const float from[4], VkRect2D *area)
{
    float x0 = from[0] > 0 ? from[0] : 0, y0 = from[1] > 0 ? from[1] : 0;
    float x1 = from[2] < (float)targets->width ? from[2] : (float)targets->width;
    float y1 = from[3] < (float)targets->height ? from[3] : (float)targets->height;

    if (!(x1 > x0 && y1 > y0))
        return false;
    area->offset = (VkOffset2D){(int32_t)x0, (int32_t)y0};
    area->extent = (VkExtent2D){(uint32_t)x1 - (uint32_t)x0, (uint32_t)y1 - (uint32_t)y0};
    return area->extent.width && area->extent.height;
}

static void draw_list(struct pass_ui *pass, struct render *render, struct frame *frame,
                      const struct gfx_ui *list)
{
    struct VolkDeviceTable *vk = &render->device.vk;
    VkDeviceSize vertices_at, indices_at;
    VkBuffer vertices, indices;
    void *to;

    if (!list->vertices_n || !list->indices_n)
        return;
    to = frames_transient(&render->frames, frame, list->vertices_n * sizeof(*list->vertices),
                          &vertices, &vertices_at);
    if (!to)
        return;
    memcpy(to, list->vertices, list->vertices_n * sizeof(*list->vertices));
    to = frames_transient(&render->frames, frame, list->indices_n * sizeof(*list->indices),
                          &indices, &indices_at);
    if (!to)
        return;
    memcpy(to, list->indices, list->indices_n * sizeof(*list->indices));
    vk->vkCmdBindVertexBuffers(frame->cmd, 0, 1, &vertices, &vertices_at);
    vk->vkCmdBindIndexBuffer(frame->cmd, indices, indices_at, VK_INDEX_TYPE_UINT16);
    for (uint32_t i = 0; i < list->commands_n; i++) {
        const struct gfx_ui_command *command = &list->commands[i];
        const struct ui_texture *texture = find(pass, command->texture);
        VkRect2D area;

        if (!texture || texture->image.layout != VK_IMAGE_LAYOUT_SHADER_READ_ONLY_OPTIMAL ||
            !clip(&render->targets, command->clip, &area) ||
            command->index_first > list->indices_n ||
            command->index_n > list->indices_n - command->index_first)
            continue;
        vk->vkCmdSetScissor(frame->cmd, 0, 1, &area);
        vk->vkCmdBindDescriptorSets(frame->cmd, VK_PIPELINE_BIND_POINT_GRAPHICS,
                                    render->pipelines.layout, 1, 1, &texture->set, 0, NULL);
        vk->vkCmdDrawIndexed(frame->cmd, command->index_n, 1, command->index_first,
                             (int32_t)command->vertex_offset, 0);
    }
}

void pass_ui_draw(struct pass_ui *pass, struct render *render, struct frame *frame,
                  const struct gfx_frame *what)
{
    if (!what->ui || !what->ui_n)
        return;
    pass_begin(render, frame, PIPELINE_UI);
    for (uint32_t i = 0; i < what->ui_n; i++)
        draw_list(pass, render, frame, &what->ui[i]);
}
