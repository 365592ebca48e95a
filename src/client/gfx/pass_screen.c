/* pass_screen.c -- what the passes share, and the two that cover the whole picture. */
#include "gfx/pass.h"

void pass_begin(struct render *render, struct frame *frame, enum pipeline pipeline)
{
    struct VolkDeviceTable *vk = &render->device.vk;
    VkViewport viewport = {0.0f, 0.0f, (float)render->targets.width, (float)render->targets.height,
                           0.0f, 1.0f};
    VkRect2D all = {{0, 0}, {render->targets.width, render->targets.height}};

    vk->vkCmdBindPipeline(frame->cmd, VK_PIPELINE_BIND_POINT_GRAPHICS,
                          render->pipelines.handle[pipeline]);
    vk->vkCmdBindDescriptorSets(frame->cmd, VK_PIPELINE_BIND_POINT_GRAPHICS,
                                render->pipelines.layout, 0, 1, &frame->set, 0, NULL);
    vk->vkCmdSetViewport(frame->cmd, 0, 1, &viewport);
    vk->vkCmdSetScissor(frame->cmd, 0, 1, &all);
}

void pass_sky_draw(struct render *render, struct frame *frame)
{
    pass_begin(render, frame, PIPELINE_SKY);
    render->device.vk.vkCmdDraw(frame->cmd, 3, 1, 0, 0);
}

void pass_tone_draw(struct render *render, struct frame *frame)
{
    struct VolkDeviceTable *vk = &render->device.vk;

    pass_begin(render, frame, PIPELINE_TONE);
    vk->vkCmdBindDescriptorSets(frame->cmd, VK_PIPELINE_BIND_POINT_GRAPHICS,
                                render->pipelines.layout, 1, 1, &render->hdr_set, 0, NULL);
    vk->vkCmdDraw(frame->cmd, 3, 1, 0, 0);
}
