/* resource.c -- see resource.h. */
#include "gfx/resource.h"

#include <string.h>

int buffer_init(struct device *device, struct buffer *buffer, VkDeviceSize size,
                VkBufferUsageFlags usage, enum memory_kind kind)
{
    VkBufferCreateInfo info = {
        .sType = VK_STRUCTURE_TYPE_BUFFER_CREATE_INFO,
        .size = size,
        .usage = usage,
    };
    VkMemoryRequirements needs;

    memset(buffer, 0, sizeof(*buffer));
    if (device->vk.vkCreateBuffer(device->handle, &info, NULL, &buffer->handle) != VK_SUCCESS)
        return -1;
    device->vk.vkGetBufferMemoryRequirements(device->handle, buffer->handle, &needs);
    if (memory_take(device->memory, &needs, kind, false, &buffer->slice) ||
        device->vk.vkBindBufferMemory(device->handle, buffer->handle, buffer->slice.memory,
                                      buffer->slice.offset) != VK_SUCCESS) {
        buffer_fini(device, buffer);
        return -1;
    }
    buffer->size = size;
    return 0;
}

void buffer_fini(struct device *device, struct buffer *buffer)
{
    if (buffer->handle)
        device->vk.vkDestroyBuffer(device->handle, buffer->handle, NULL);
    memory_give(device->memory, &buffer->slice);
    memset(buffer, 0, sizeof(*buffer));
}

static VkImageAspectFlags aspect_of(VkFormat format)
{
    return format == VK_FORMAT_D32_SFLOAT ? VK_IMAGE_ASPECT_DEPTH_BIT : VK_IMAGE_ASPECT_COLOR_BIT;
}

static VkResult make_view(struct device *device, struct image *image, bool alpha_only)
{
    VkImageViewCreateInfo info = {
        .sType = VK_STRUCTURE_TYPE_IMAGE_VIEW_CREATE_INFO,
        .image = image->handle,
        .viewType = VK_IMAGE_VIEW_TYPE_2D,
        .format = image->format,
        .subresourceRange = {image->aspect, 0, 1, 0, 1},
    };

    if (alpha_only)
        info.components = (VkComponentMapping){VK_COMPONENT_SWIZZLE_ONE, VK_COMPONENT_SWIZZLE_ONE,
                                               VK_COMPONENT_SWIZZLE_ONE, VK_COMPONENT_SWIZZLE_R};
    return device->vk.vkCreateImageView(device->handle, &info, NULL, &image->view);
}

int image_init(struct device *device, struct image *image, const struct image_want *want,
               struct error *error)
{
    VkImageCreateInfo info = {
        .sType = VK_STRUCTURE_TYPE_IMAGE_CREATE_INFO,
        .imageType = VK_IMAGE_TYPE_2D,
        .format = want->format,
        .extent = {want->width, want->height, 1},
        .mipLevels = 1,
        .arrayLayers = 1,
        .samples = VK_SAMPLE_COUNT_1_BIT,
        .tiling = VK_IMAGE_TILING_OPTIMAL,
        .usage = want->usage,
    };
    VkMemoryRequirements needs;

    memset(image, 0, sizeof(*image));
    image->format = want->format;
    image->aspect = aspect_of(want->format);
    image->width = want->width;
    image->height = want->height;
    if (device_check(device->vk.vkCreateImage(device->handle, &info, NULL, &image->handle),
                     "cannot make an image", error))
        goto failed;
    device->vk.vkGetImageMemoryRequirements(device->handle, image->handle, &needs);
    if (memory_take(device->memory, &needs, MEMORY_DEVICE, true, &image->slice)) {
        error_set(error, "out of graphics memory: no %llu KiB for the %ux%u image \"%s\"",
                  (unsigned long long)(needs.size >> 10), want->width, want->height, want->name);
        goto failed;
    }
    if (device_check(device->vk.vkBindImageMemory(device->handle, image->handle,
                                                  image->slice.memory, image->slice.offset),
                     "cannot bind an image", error) ||
        device_check(make_view(device, image, want->alpha_only), "cannot view an image", error))
        goto failed;
    device_name(device, VK_OBJECT_TYPE_IMAGE, DEVICE_HANDLE(image->handle), "%s", want->name);
    device_name(device, VK_OBJECT_TYPE_IMAGE_VIEW, DEVICE_HANDLE(image->view), "%s view",
                want->name);
    return 0;
failed:
    image_fini(device, image);
    return -1;
}

void image_fini(struct device *device, struct image *image)
{
    if (image->view)
        device->vk.vkDestroyImageView(device->handle, image->view, NULL);
    if (image->handle)
        device->vk.vkDestroyImage(device->handle, image->handle, NULL);
    memory_give(device->memory, &image->slice);
    memset(image, 0, sizeof(*image));
}

#define FRAGMENT_TESTS                                                                             \
    (VK_PIPELINE_STAGE_2_EARLY_FRAGMENT_TESTS_BIT | VK_PIPELINE_STAGE_2_LATE_FRAGMENT_TESTS_BIT)
#define DEPTH_BOTH                                                                                 \
    (VK_ACCESS_2_DEPTH_STENCIL_ATTACHMENT_READ_BIT | VK_ACCESS_2_DEPTH_STENCIL_ATTACHMENT_WRITE_BIT)
#define COLOUR_BOTH (VK_ACCESS_2_COLOR_ATTACHMENT_READ_BIT | VK_ACCESS_2_COLOR_ATTACHMENT_WRITE_BIT)
#define WRITES                                                                                     \
    (VK_ACCESS_2_COLOR_ATTACHMENT_WRITE_BIT | VK_ACCESS_2_DEPTH_STENCIL_ATTACHMENT_WRITE_BIT |     \
     VK_ACCESS_2_TRANSFER_WRITE_BIT)

/* clang-format off */
static const struct {
    VkImageLayout layout;
    VkPipelineStageFlags2 stage;
    VkAccessFlags2 access;
    bool fresh;
} uses[] = {
    [IMAGE_COLOUR_TARGET] = {VK_IMAGE_LAYOUT_COLOR_ATTACHMENT_OPTIMAL,
                             VK_PIPELINE_STAGE_2_COLOR_ATTACHMENT_OUTPUT_BIT, COLOUR_BOTH, false},
    [IMAGE_COLOUR_FRESH]  = {VK_IMAGE_LAYOUT_COLOR_ATTACHMENT_OPTIMAL,
                             VK_PIPELINE_STAGE_2_COLOR_ATTACHMENT_OUTPUT_BIT, COLOUR_BOTH, true},
    [IMAGE_DEPTH_TARGET]  = {VK_IMAGE_LAYOUT_DEPTH_ATTACHMENT_OPTIMAL, FRAGMENT_TESTS, DEPTH_BOTH, false},
    [IMAGE_DEPTH_FRESH]   = {VK_IMAGE_LAYOUT_DEPTH_ATTACHMENT_OPTIMAL, FRAGMENT_TESTS, DEPTH_BOTH, true},
    [IMAGE_DEPTH_TEST]    = {VK_IMAGE_LAYOUT_DEPTH_READ_ONLY_OPTIMAL, FRAGMENT_TESTS,
                             VK_ACCESS_2_DEPTH_STENCIL_ATTACHMENT_READ_BIT, false},
    [IMAGE_SAMPLED]       = {VK_IMAGE_LAYOUT_SHADER_READ_ONLY_OPTIMAL,
                             VK_PIPELINE_STAGE_2_FRAGMENT_SHADER_BIT, VK_ACCESS_2_SHADER_SAMPLED_READ_BIT, false},
    [IMAGE_COPY_FROM]     = {VK_IMAGE_LAYOUT_TRANSFER_SRC_OPTIMAL,
                             VK_PIPELINE_STAGE_2_TRANSFER_BIT, VK_ACCESS_2_TRANSFER_READ_BIT, false},
    [IMAGE_COPY_TO]       = {VK_IMAGE_LAYOUT_TRANSFER_DST_OPTIMAL,
                             VK_PIPELINE_STAGE_2_TRANSFER_BIT, VK_ACCESS_2_TRANSFER_WRITE_BIT, false},
    [IMAGE_COPY_FRESH]    = {VK_IMAGE_LAYOUT_TRANSFER_DST_OPTIMAL,
                             VK_PIPELINE_STAGE_2_TRANSFER_BIT, VK_ACCESS_2_TRANSFER_WRITE_BIT, true},
    [IMAGE_PRESENT]       = {VK_IMAGE_LAYOUT_PRESENT_SRC_KHR, VK_PIPELINE_STAGE_2_NONE, VK_ACCESS_2_NONE, false},
};
/* clang-format on */

void image_to(struct device *device, VkCommandBuffer cmd, struct image *image, enum image_use use)
{
    VkImageMemoryBarrier2 barrier = {
        .sType = VK_STRUCTURE_TYPE_IMAGE_MEMORY_BARRIER_2,
        .srcStageMask = image->stage,
        .srcAccessMask = image->access & WRITES,
        .dstStageMask = uses[use].stage,
        .dstAccessMask = uses[use].access,
        .oldLayout = uses[use].fresh ? VK_IMAGE_LAYOUT_UNDEFINED : image->layout,
        .newLayout = uses[use].layout,
        .srcQueueFamilyIndex = VK_QUEUE_FAMILY_IGNORED,
        .dstQueueFamilyIndex = VK_QUEUE_FAMILY_IGNORED,
        .image = image->handle,
        .subresourceRange = {image->aspect, 0, 1, 0, 1},
    };
    VkDependencyInfo info = {
        .sType = VK_STRUCTURE_TYPE_DEPENDENCY_INFO,
        .imageMemoryBarrierCount = 1,
        .pImageMemoryBarriers = &barrier,
    };

    /* Reading again in the same layout waits for nothing new; only a later writer must wait for
     * both readers. */
    if (image->layout == uses[use].layout && !((image->access | uses[use].access) & WRITES) &&
        (image->stage & uses[use].stage) == uses[use].stage)
        return;
    device->vk.vkCmdPipelineBarrier2(cmd, &info);
    image->layout = uses[use].layout;
    image->stage = uses[use].stage;
    image->access = uses[use].access;
}
