/* gfx.c -- see gfx.h: what is made in which order, and the order of a frame. */
#include "gfx/gfx.h"

#include <stdlib.h>
#include <string.h>

#include "gfx/pass.h"
#include "gfx/readback.h"
#include "gfx/swapchain.h"

#define NOON 12.0f

struct gfx {
    struct render render;
    struct swapchain swapchain;
    VkFormat final_format;
    VkExtent2D wanted;
    bool rebuild;
    struct pass_terrain terrain;
    struct pass_figures figures;
    struct pass_ui ui;
};

/* Swapchain and targets go and come together: the one group that depends on the size. */
static int build_sized(struct gfx *gfx, struct error *error)
{
    struct render *render = &gfx->render;
    struct garbage old = {.set = render->hdr_set};
    VkExtent2D size = gfx->wanted;

    frames_drain(&render->frames);
    gfx->rebuild = false;
    if (render->device.surface) {
        if (swapchain_build(&render->device, &gfx->swapchain, gfx->wanted, error))
            return -1;
        size = gfx->swapchain.size;
    }
    if (!size.width || !size.height)
        return 0;
    if (render->targets.width == size.width && render->targets.height == size.height)
        return 0;
    if (old.set)
        frames_discard(&render->frames, &old);
    render->hdr_set = VK_NULL_HANDLE;
    targets_fini(&render->device, &render->targets);
    if (targets_init(&render->device, &render->targets, size, gfx->final_format, error))
        return -1;
    render->hdr_set = pipelines_texture_set(&render->pipelines, render->targets.hdr.view);
    return render->hdr_set ? 0 : error_set(error, "out of descriptor sets");
}

static int init(struct gfx *gfx, const struct gfx_config *config, struct error *error)
{
    struct render *render = &gfx->render;

    gfx->wanted = (VkExtent2D){config->width, config->height};
    gfx->final_format = VK_FORMAT_R8G8B8A8_SRGB;
    if (device_init(&render->device, config, error))
        return -1;
    if (render->device.surface &&
        swapchain_choose(&render->device, &gfx->swapchain, &gfx->final_format, error))
        return -1;
    if (pipelines_init(&render->pipelines, &render->device, gfx->final_format, error) ||
        frames_init(&render->frames, &render->device, render->pipelines.globals_layout,
                    render->pipelines.pool, error))
        return -1;
    upload_init(&render->upload, &render->device, &render->frames);
    if (pass_terrain_init(&gfx->terrain, render, error) ||
        pass_figures_init(&gfx->figures, render, error))
        return -1;
    pass_terrain_set_field(&gfx->terrain, config->field);
    return build_sized(gfx, error);
}

struct gfx *gfx_new(const struct gfx_config *config, struct error *error)
{
    struct gfx *gfx;

    if (!config->make_surface && (!config->width || !config->height)) {
        error_set(error, "a picture without a window needs a size");
        return NULL;
    }
    gfx = calloc(1, sizeof(*gfx));
    if (!gfx) {
        error_set(error, "out of memory");
        return NULL;
    }
    if (init(gfx, config, error)) {
        gfx_free(gfx);
        return NULL;
    }
    return gfx;
}

void gfx_free(struct gfx *gfx)
{
    struct render *render;

    if (!gfx)
        return;
    render = &gfx->render;
    device_idle(&render->device);
    if (render->device.handle) {
        if (render->frames.device)
            pass_ui_fini(&gfx->ui, render);
        pass_figures_fini(&gfx->figures, render);
        pass_terrain_fini(&gfx->terrain, render);
        upload_fini(&render->upload);
        frames_fini(&render->frames);
        targets_fini(&render->device, &render->targets);
        swapchain_fini(&render->device, &gfx->swapchain);
        pipelines_fini(&render->pipelines);
    }
    device_fini(&render->device);
    free(gfx);
}

int gfx_set_world(struct gfx *gfx, const struct heightfield *field, struct error *error)
{
    (void)error;
    pass_terrain_set_field(&gfx->terrain, field);
    return 0;
}

void gfx_resize(struct gfx *gfx, uint32_t width, uint32_t height)
{
    gfx->rebuild = gfx->rebuild || gfx->wanted.width != width || gfx->wanted.height != height;
    gfx->wanted = (VkExtent2D){width, height};
}

void gfx_size(const struct gfx *gfx, uint32_t *width, uint32_t *height)
{
    *width = gfx->render.targets.width;
    *height = gfx->render.targets.height;
}

/* Everything that the device reads in this frame is written before any drawing is recorded. */
static int prepare(struct gfx *gfx, struct frame *frame, const struct gfx_frame *what,
                   struct error *error)
{
    struct render *render = &gfx->render;
    struct scene_globals *globals = frame->globals.slice.mapped;
    float hour = render->device.fault == FAULT_SUN_IGNORED ? NOON : what->hour;
    struct gfx_frame seen = *what;
    struct scene_camera camera;

    if (render->device.fault == FAULT_TILTED_VIEW)
        seen.pitch_rad += 0.035f;
    scene_camera_init(&camera, &seen, render->targets.width, render->targets.height);
    if (render->device.fault == FAULT_DEPTH_BY_SUN)
        camera.eye.y += (int32_t)(what->hour * SPACE_UNITS_PER_M / 100);
    scene_globals_fill(globals, &camera, what, hour);
    globals->exposure[2] = 1.0f / (float)render->targets.width;
    globals->exposure[3] = 1.0f / (float)render->targets.height;
    /* A window drawn by the processor has no time for it. */
    globals->eye[3] = !render->device.surface || !gfx_device_is_cpu(gfx);
    pass_terrain_prepare(&gfx->terrain, render, &camera, globals->forward[3]);
    if (pass_figures_prepare(&gfx->figures, render, frame, what, gfx->terrain.field))
        return error_set(error, "out of graphics memory for the figures");
    upload_record(&render->upload, frame);
    return 0;
}

static VkRenderingAttachmentInfo attachment(const struct image *image, VkAttachmentLoadOp load)
{
    return (VkRenderingAttachmentInfo){
        .sType = VK_STRUCTURE_TYPE_RENDERING_ATTACHMENT_INFO,
        .imageView = image->view,
        .imageLayout = image->layout,
        .loadOp = load,
        .storeOp = VK_ATTACHMENT_STORE_OP_STORE,
    };
}

static void begin_rendering(struct render *render, struct frame *frame,
                            const VkRenderingAttachmentInfo *colours, uint32_t colours_n,
                            const VkRenderingAttachmentInfo *depth)
{
    VkRenderingInfo info = {
        .sType = VK_STRUCTURE_TYPE_RENDERING_INFO,
        .renderArea = {{0, 0}, {render->targets.width, render->targets.height}},
        .layerCount = 1,
        .colorAttachmentCount = colours_n,
        .pColorAttachments = colours,
        .pDepthAttachment = depth,
    };

    render->device.vk.vkCmdBeginRendering(frame->cmd, &info);
}

/* Light and depth. The picture's clear value is never seen: the sky fills what nothing else did. */
static void draw_scene(struct gfx *gfx, struct frame *frame)
{
    struct render *render = &gfx->render;
    struct targets *targets = &render->targets;
    VkRenderingAttachmentInfo colour, depth;

    image_to(&render->device, frame->cmd, &targets->hdr, IMAGE_COLOUR_FRESH);
    image_to(&render->device, frame->cmd, &targets->depth, IMAGE_DEPTH_FRESH);
    colour = attachment(&targets->hdr, VK_ATTACHMENT_LOAD_OP_DONT_CARE);
    depth = attachment(&targets->depth, VK_ATTACHMENT_LOAD_OP_CLEAR); /* to 0: infinitely far */
    begin_rendering(render, frame, &colour, 1, &depth);
    frames_scope(&render->frames, frame, "terrain");
    pass_terrain_draw(&gfx->terrain, render, frame, false);
    frames_scope(&render->frames, frame, "shadows");
    pass_figures_draw_shadows(&gfx->figures, render, frame);
    frames_scope(&render->frames, frame, "figures");
    pass_figures_draw(&gfx->figures, render, frame, false);
    frames_scope(&render->frames, frame, "sky");
    pass_sky_draw(render, frame);
    render->device.vk.vkCmdEndRendering(frame->cmd);
}

/* The same geometry against the finished depth, into the outputs for tests and debugging. */
static void draw_aov(struct gfx *gfx, struct frame *frame)
{
    struct render *render = &gfx->render;
    struct targets *targets = &render->targets;
    VkRenderingAttachmentInfo colours[2], depth;

    frames_scope(&render->frames, frame, "aov");
    image_to(&render->device, frame->cmd, &targets->id, IMAGE_COLOUR_FRESH);
    image_to(&render->device, frame->cmd, &targets->normal, IMAGE_COLOUR_FRESH);
    image_to(&render->device, frame->cmd, &targets->depth, IMAGE_DEPTH_TEST);
    colours[0] = attachment(&targets->id, VK_ATTACHMENT_LOAD_OP_CLEAR);
    colours[1] = attachment(&targets->normal, VK_ATTACHMENT_LOAD_OP_CLEAR);
    depth = attachment(&targets->depth, VK_ATTACHMENT_LOAD_OP_LOAD);
    depth.storeOp = VK_ATTACHMENT_STORE_OP_NONE;
    begin_rendering(render, frame, colours, 2, &depth);
    pass_terrain_draw(&gfx->terrain, render, frame, true);
    pass_figures_draw(&gfx->figures, render, frame, true);
    render->device.vk.vkCmdEndRendering(frame->cmd);
}

static void draw_final(struct gfx *gfx, struct frame *frame, const struct gfx_frame *what)
{
    struct render *render = &gfx->render;
    struct targets *targets = &render->targets;
    VkRenderingAttachmentInfo colour;

    frames_scope(&render->frames, frame, "tone");
    image_to(&render->device, frame->cmd, &targets->hdr, IMAGE_SAMPLED);
    image_to(&render->device, frame->cmd, &targets->final, IMAGE_COLOUR_FRESH);
    colour = attachment(&targets->final, VK_ATTACHMENT_LOAD_OP_DONT_CARE);
    begin_rendering(render, frame, &colour, 1, NULL);
    pass_tone_draw(render, frame);
    frames_scope(&render->frames, frame, "ui");
    pass_ui_draw(&gfx->ui, render, frame, what);
    render->device.vk.vkCmdEndRendering(frame->cmd);
}

static int record(struct gfx *gfx, struct frame *frame, const struct gfx_frame *what,
                  struct error *error)
{
    struct render *render = &gfx->render;
    bool aov = what->aovs & (1u << GFX_AOV_ID | 1u << GFX_AOV_NORMAL);

    if (aov && targets_want_aov(&render->device, &render->targets, error))
        return -1;
    frames_scope(&render->frames, frame, "upload");
    if (prepare(gfx, frame, what, error))
        return -1;
    draw_scene(gfx, frame);
    if (aov)
        draw_aov(gfx, frame);
    draw_final(gfx, frame, what);
    return 0;
}

/* Hand a recorded frame over to the window. */
static int show(struct gfx *gfx, struct frame *frame, uint32_t index, struct error *error)
{
    struct render *render = &gfx->render;

    frames_scope(&render->frames, frame, "copy");
    swapchain_copy(&render->device, &gfx->swapchain, frame, &render->targets.final, index);
    if (frames_submit(&render->frames, frame, true, gfx->swapchain.drawn[index], error))
        return -1;
    switch (swapchain_present(&render->device, &gfx->swapchain, index, error)) {
    case SWAPCHAIN_OK:
    case SWAPCHAIN_BUSY:
        break;
    case SWAPCHAIN_STALE:
        gfx->rebuild = true;
        break;
    case SWAPCHAIN_FAILED:
        return -1;
    }
    return 0;
}

int gfx_draw(struct gfx *gfx, const struct gfx_frame *what, struct error *error)
{
    struct render *render = &gfx->render;
    bool window = render->device.surface != VK_NULL_HANDLE;
    uint32_t index = 0;
    struct frame *frame;

    if (!gfx->wanted.width || !gfx->wanted.height)
        return 0; /* minimised */
    if (gfx->rebuild && build_sized(gfx, error))
        return -1;
    if (window && !gfx->swapchain.handle) {
        gfx->rebuild = true; /* the window shows nothing now: ask again next time */
        return 0;
    }
    frame = frames_begin(&render->frames, error);
    if (!frame)
        return -1;
    if (window) {
        switch (swapchain_acquire(&render->device, &gfx->swapchain, frame, &index, error)) {
        case SWAPCHAIN_OK:
            break;
        case SWAPCHAIN_BUSY:
            return 0;
        case SWAPCHAIN_STALE:
            gfx->rebuild = true;
            return 0;
        case SWAPCHAIN_FAILED:
            return -1;
        }
    }
    if (record(gfx, frame, what, error))
        return -1;
    return window ? show(gfx, frame, index, error)
                  : frames_submit(&render->frames, frame, false, VK_NULL_HANDLE, error);
}

uint32_t gfx_ui_texture(struct gfx *gfx, uint32_t width, uint32_t height, bool rgba,
                        const void *pixels)
{
    return pass_ui_texture(&gfx->ui, &gfx->render, (VkExtent2D){width, height}, rgba, pixels);
}

void gfx_ui_texture_update(struct gfx *gfx, uint32_t texture, uint32_t x, uint32_t y,
                           uint32_t width, uint32_t height, const void *pixels)
{
    VkRect2D area = {{(int32_t)x, (int32_t)y}, {width, height}};

    pass_ui_texture_update(&gfx->ui, &gfx->render, texture, area, pixels);
}

void gfx_ui_texture_free(struct gfx *gfx, uint32_t texture)
{
    pass_ui_texture_free(&gfx->ui, &gfx->render, texture);
}

void *gfx_read(struct gfx *gfx, enum gfx_aov aov, uint32_t *width, uint32_t *height,
               struct error *error)
{
    gfx_size(gfx, width, height);
    return readback_read(&gfx->render, aov, error);
}

int gfx_write(struct gfx *gfx, enum gfx_aov aov, const char *path, struct error *error)
{
    VkExtent2D size;
    void *pixels = gfx_read(gfx, aov, &size.width, &size.height, error);
    int result;

    if (!pixels)
        return -1;
    result = readback_write(pixels, size, aov, path, error);
    free(pixels);
    return result;
}

unsigned gfx_pass_times(const struct gfx *gfx, struct gfx_pass_time *times, unsigned max)
{
    unsigned n = gfx->render.frames.times_n < max ? gfx->render.frames.times_n : max;

    memcpy(times, gfx->render.frames.times, n * sizeof(*times));
    return n;
}

const char *gfx_device_name(const struct gfx *gfx)
{
    return gfx->render.device.properties.deviceName;
}

bool gfx_device_is_cpu(const struct gfx *gfx)
{
    return gfx->render.device.properties.deviceType == VK_PHYSICAL_DEVICE_TYPE_CPU;
}
