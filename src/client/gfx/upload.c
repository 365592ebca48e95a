/* upload.c -- see upload.h. */
#include "gfx/upload.h"

#include <stdlib.h>
#include <string.h>

#define STAGING_BYTES (UINT64_C(512) << 10)
#define STAGING_ALIGN UINT64_C(16)

struct upload_copy {
    VkBuffer from;
    VkDeviceSize from_offset, size;
    VkBuffer buffer; /* VK_NULL_HANDLE: to an image */
    VkDeviceSize buffer_offset;
    struct image *image;
    VkRect2D area;
};

void upload_init(struct upload *upload, struct device *device, struct frames *frames)
{
    memset(upload, 0, sizeof(*upload));
    upload->device = device;
    upload->frames = frames;
}

void upload_fini(struct upload *upload)
{
    if (!upload->device)
        return;
    buffer_fini(upload->device, &upload->staging);
    free(upload->copies);
    memset(upload, 0, sizeof(*upload));
}

static int reserve_copy(struct upload *upload)
{
    unsigned max = upload->copies_max ? upload->copies_max * 2 : 64;
    struct upload_copy *grown;

    if (upload->copies_n < upload->copies_max)
        return 0;
    grown = realloc(upload->copies, max * sizeof(*grown));
    if (!grown)
        return -1;
    upload->copies = grown;
    upload->copies_max = max;
    return 0;
}

/* Staging room; fills in copy->from and from_offset. A full buffer goes with the next frame, which
 * still reads it. */
static void *stage(struct upload *upload, VkDeviceSize size, struct upload_copy *copy)
{
    VkDeviceSize start = (upload->staging_used + STAGING_ALIGN - 1) & ~(STAGING_ALIGN - 1);

    if (reserve_copy(upload))
        return NULL;
    if (!upload->staging.handle || start + size > upload->staging.size) {
        struct garbage old = {.buffer = upload->staging};
        struct buffer fresh;

        if (buffer_init(upload->device, &fresh, size > STAGING_BYTES ? size : STAGING_BYTES,
                        VK_BUFFER_USAGE_TRANSFER_SRC_BIT, MEMORY_UPLOAD))
            return NULL;
        device_name(upload->device, VK_OBJECT_TYPE_BUFFER, DEVICE_HANDLE(fresh.handle), "staging");
        if (old.buffer.handle)
            frames_discard(upload->frames, &old);
        upload->staging = fresh;
        start = 0;
    }
    upload->staging_used = start + size;
    copy->from = upload->staging.handle;
    copy->from_offset = start;
    copy->size = size;
    upload->copies[upload->copies_n++] = *copy;
    return (char *)upload->staging.slice.mapped + start;
}

void *upload_to_buffer(struct upload *upload, const struct buffer *buffer, VkDeviceSize offset,
                       VkDeviceSize size)
{
    struct upload_copy copy = {.buffer = buffer->handle, .buffer_offset = offset};

    return stage(upload, size, &copy);
}

void *upload_to_image(struct upload *upload, struct image *image, VkRect2D area, VkDeviceSize size)
{
    struct upload_copy copy = {.image = image, .area = area};

    return stage(upload, size, &copy);
}

void upload_forget(struct upload *upload, const struct image *image)
{
    unsigned kept = 0;

    for (unsigned i = 0; i < upload->copies_n; i++) {
        if (upload->copies[i].image != image)
            upload->copies[kept++] = upload->copies[i];
    }
    upload->copies_n = kept;
}

static void copy_to_image(struct upload *upload, VkCommandBuffer cmd,
                          const struct upload_copy *copy)
{
    struct image *image = copy->image;
    VkBufferImageCopy region = {
        .bufferOffset = copy->from_offset,
        .imageSubresource = {image->aspect, 0, 0, 1},
        .imageOffset = {copy->area.offset.x, copy->area.offset.y, 0},
        .imageExtent = {copy->area.extent.width, copy->area.extent.height, 1},
    };

    image_to(upload->device, cmd, image,
             image->layout == VK_IMAGE_LAYOUT_UNDEFINED ? IMAGE_COPY_FRESH : IMAGE_COPY_TO);
    upload->device->vk.vkCmdCopyBufferToImage(cmd, copy->from, image->handle,
                                              VK_IMAGE_LAYOUT_TRANSFER_DST_OPTIMAL, 1, &region);
}

/* Order buffer copies against the drawing before (it still reads what is overwritten) or behind
 * them. */
static void order_buffers(struct upload *upload, VkCommandBuffer cmd, bool before)
{
    VkMemoryBarrier2 barrier = {
        .sType = VK_STRUCTURE_TYPE_MEMORY_BARRIER_2,
        .srcStageMask = VK_PIPELINE_STAGE_2_VERTEX_INPUT_BIT,
        .dstStageMask = VK_PIPELINE_STAGE_2_TRANSFER_BIT,
        .dstAccessMask = VK_ACCESS_2_TRANSFER_WRITE_BIT,
    };
    VkDependencyInfo info = {
        .sType = VK_STRUCTURE_TYPE_DEPENDENCY_INFO,
        .memoryBarrierCount = 1,
        .pMemoryBarriers = &barrier,
    };

    if (!before) {
        barrier.srcStageMask = VK_PIPELINE_STAGE_2_TRANSFER_BIT;
        barrier.srcAccessMask = VK_ACCESS_2_TRANSFER_WRITE_BIT;
        barrier.dstStageMask = VK_PIPELINE_STAGE_2_VERTEX_INPUT_BIT;
        barrier.dstAccessMask = VK_ACCESS_2_VERTEX_ATTRIBUTE_READ_BIT | VK_ACCESS_2_INDEX_READ_BIT;
    }
    upload->device->vk.vkCmdPipelineBarrier2(cmd, &info);
}

void upload_record(struct upload *upload, struct frame *frame)
{
    struct garbage old = {.buffer = upload->staging};

    if (!upload->copies_n)
        return;
    order_buffers(upload, frame->cmd, true);
    for (unsigned i = 0; i < upload->copies_n; i++) {
        const struct upload_copy *copy = &upload->copies[i];
        VkBufferCopy region = {copy->from_offset, copy->buffer_offset, copy->size};

        if (copy->image)
            copy_to_image(upload, frame->cmd, copy);
        else
            upload->device->vk.vkCmdCopyBuffer(frame->cmd, copy->from, copy->buffer, 1, &region);
    }
    order_buffers(upload, frame->cmd, false);
    for (unsigned i = 0; i < upload->copies_n; i++) {
        if (upload->copies[i].image)
            image_to(upload->device, frame->cmd, upload->copies[i].image, IMAGE_SAMPLED);
    }
    frames_discard(upload->frames, &old);
    memset(&upload->staging, 0, sizeof(upload->staging));
    upload->staging_used = 0;
    upload->copies_n = 0;
}
