/* readback.c -- see readback.h. */
#include "gfx/readback.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define STB_IMAGE_WRITE_IMPLEMENTATION
#define STB_IMAGE_WRITE_STATIC
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wunused-function"
#include <stb_image_write.h>
#pragma GCC diagnostic pop

static const char *const names[] = {"colour", "depth", "id", "normal"};

static struct image *image_of(struct render *render, enum gfx_aov aov)
{
    switch (aov) {
    case GFX_AOV_COLOUR:
        return &render->targets.final;
    case GFX_AOV_DEPTH:
        return &render->targets.depth;
    case GFX_AOV_ID:
        return &render->targets.id;
    case GFX_AOV_NORMAL:
        return &render->targets.normal;
    }
    return NULL;
}

/* Copy the image into the buffer and wait. */
static int fetch(struct render *render, struct image *image, struct buffer *buffer,
                 struct error *error)
{
    struct frame *frame = frames_begin(&render->frames, error);
    VkBufferImageCopy region = {
        .imageSubresource = {image->aspect, 0, 0, 1},
        .imageExtent = {image->width, image->height, 1},
    };
    VkMemoryBarrier2 barrier = {
        .sType = VK_STRUCTURE_TYPE_MEMORY_BARRIER_2,
        .srcStageMask = VK_PIPELINE_STAGE_2_TRANSFER_BIT,
        .srcAccessMask = VK_ACCESS_2_TRANSFER_WRITE_BIT,
        .dstStageMask = VK_PIPELINE_STAGE_2_HOST_BIT,
        .dstAccessMask = VK_ACCESS_2_HOST_READ_BIT,
    };
    VkDependencyInfo info = {
        .sType = VK_STRUCTURE_TYPE_DEPENDENCY_INFO,
        .memoryBarrierCount = 1,
        .pMemoryBarriers = &barrier,
    };

    if (!frame)
        return -1;
    image_to(&render->device, frame->cmd, image, IMAGE_COPY_FROM);
    render->device.vk.vkCmdCopyImageToBuffer(frame->cmd, image->handle, image->layout,
                                             buffer->handle, 1, &region);
    render->device.vk.vkCmdPipelineBarrier2(frame->cmd, &info);
    if (frames_submit(&render->frames, frame, false, VK_NULL_HANDLE, error))
        return -1;
    frames_drain(&render->frames);
    return 0;
}

static float half_to_float(uint16_t half)
{
    int exponent = half >> 10 & 31;
    float fraction = (float)(half & 1023) / 1024.0f;
    float value = exponent ? ldexpf(1.0f + fraction, exponent - 15) : ldexpf(fraction, -14);

    return half & 0x8000 ? -value : value;
}

/* From the device's bytes to what gfx.h promises. */
static void convert(void *to, const void *from, size_t n, enum gfx_aov aov, VkFormat format)
{
    if (aov == GFX_AOV_NORMAL) {
        const uint16_t *halves = from;
        float *normals = to;

        for (size_t i = 0; i < n; i++) {
            for (size_t k = 0; k < 3; k++)
                normals[i * 3 + k] = half_to_float(halves[i * 4 + k]);
        }
        return;
    }
    memcpy(to, from, n * 4);
    if (aov == GFX_AOV_DEPTH) {
        float *depths = to;

        for (size_t i = 0; i < n; i++)
            depths[i] = depths[i] > 0.0f ? SCENE_NEAR_M / depths[i] : INFINITY;
    } else if (aov == GFX_AOV_COLOUR && format == VK_FORMAT_B8G8R8A8_SRGB) {
        uint8_t *pixels = to;

        for (size_t i = 0; i < n; i++) {
            uint8_t blue = pixels[i * 4];

            pixels[i * 4] = pixels[i * 4 + 2];
            pixels[i * 4 + 2] = blue;
        }
    }
}

void *readback_read(struct render *render, enum gfx_aov aov, struct error *error)
{
    struct image *image = image_of(render, aov);
    size_t n = (size_t)image->width * image->height;
    void *pixels = NULL;
    struct buffer buffer;

    if (!image->handle || image->layout == VK_IMAGE_LAYOUT_UNDEFINED) {
        error_set(error, "the last frame has no %s output", names[aov]);
        return NULL;
    }
    if (buffer_init(&render->device, &buffer, n * (aov == GFX_AOV_NORMAL ? 8 : 4),
                    VK_BUFFER_USAGE_TRANSFER_DST_BIT, MEMORY_READBACK)) {
        error_set(error, "out of graphics memory to read the picture");
        return NULL;
    }
    device_name(&render->device, VK_OBJECT_TYPE_BUFFER, DEVICE_HANDLE(buffer.handle), "readback");
    if (!fetch(render, image, &buffer, error)) {
        pixels = malloc(n * (aov == GFX_AOV_NORMAL ? 12 : 4));
        if (pixels)
            convert(pixels, buffer.slice.mapped, n, aov, image->format);
        else
            error_set(error, "out of memory to read the picture");
    }
    device_idle(&render->device);
    buffer_fini(&render->device, &buffer);
    return pixels;
}

/* A pixel for the eye: depth fades to black, ids get distinct colours, normals show their
 * direction. */
static void shade(uint8_t rgba[4], const void *pixels, size_t i, enum gfx_aov aov)
{
    rgba[3] = 255;
    if (aov == GFX_AOV_DEPTH) {
        float depth = ((const float *)pixels)[i];

        rgba[0] = rgba[1] = rgba[2] = isinf(depth) ? 0 : (uint8_t)(255.0f / (1.0f + depth / 50.0f));
    } else if (aov == GFX_AOV_ID) {
        uint32_t id = ((const uint32_t *)pixels)[i];
        uint32_t hash = id == UINT32_MAX ? 0x00404040u : id * 0x9E3779B1u;

        rgba[0] = (uint8_t)(hash >> 8);
        rgba[1] = (uint8_t)(hash >> 16);
        rgba[2] = (uint8_t)(hash >> 24 ? hash >> 24 : hash);
    } else {
        for (size_t k = 0; k < 3; k++)
            rgba[k] = (uint8_t)(127.5f + 127.5f * ((const float *)pixels)[i * 3 + k]);
    }
}

static int write_raw(const void *pixels, size_t bytes, const char *path, struct error *error)
{
    FILE *file = fopen(path, "wb");
    size_t written;

    if (!file)
        return error_set(error, "cannot write %s: %s", path, strerror(errno));
    written = fwrite(pixels, 1, bytes, file);
    if (fclose(file) || written != bytes)
        return error_set(error, "cannot write %s: %s", path, strerror(errno));
    return 0;
}

int readback_write(const void *pixels, VkExtent2D size, enum gfx_aov aov, const char *path,
                   struct error *error)
{
    size_t n = (size_t)size.width * size.height, length = strlen(path);
    uint8_t *shown = NULL;
    int ok;

    if (length > 4 && !strcmp(path + length - 4, ".bin"))
        return write_raw(pixels, n * (aov == GFX_AOV_NORMAL ? 12 : 4), path, error);
    if (aov != GFX_AOV_COLOUR) {
        shown = malloc(n * 4);
        if (!shown)
            return error_set(error, "out of memory to write %s", path);
        for (size_t i = 0; i < n; i++)
            shade(shown + i * 4, pixels, i, aov);
    }
    errno = 0;
    ok = stbi_write_png(path, (int)size.width, (int)size.height, 4, shown ? shown : pixels,
                        (int)size.width * 4);
    free(shown);
    return ok ? 0
              : error_set(error, "cannot write %s: %s", path, errno ? strerror(errno) : "no room");
}
