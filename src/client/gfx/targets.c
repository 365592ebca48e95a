/* targets.c -- see targets.h. */
#include "gfx/targets.h"

#include <string.h>

int targets_init(struct device *device, struct targets *targets, VkExtent2D size,
                 VkFormat final_format, struct error *error)
{
    struct image_want hdr = {"hdr",
                             TARGETS_HDR_FORMAT,
                             size.width,
                             size.height,
                             VK_IMAGE_USAGE_COLOR_ATTACHMENT_BIT | VK_IMAGE_USAGE_SAMPLED_BIT,
                             false};
    struct image_want depth = {"depth",
                               TARGETS_DEPTH_FORMAT,
                               size.width,
                               size.height,
                               VK_IMAGE_USAGE_DEPTH_STENCIL_ATTACHMENT_BIT |
                                   VK_IMAGE_USAGE_TRANSFER_SRC_BIT,
                               false};
    struct image_want final = {"final",
                               final_format,
                               size.width,
                               size.height,
                               VK_IMAGE_USAGE_COLOR_ATTACHMENT_BIT |
                                   VK_IMAGE_USAGE_TRANSFER_SRC_BIT,
                               false};

    memset(targets, 0, sizeof(*targets));
    targets->width = size.width;
    targets->height = size.height;
    if (image_init(device, &targets->hdr, &hdr, error) ||
        image_init(device, &targets->depth, &depth, error) ||
        image_init(device, &targets->final, &final, error)) {
        targets_fini(device, targets);
        return -1;
    }
    return 0;
}

int targets_want_aov(struct device *device, struct targets *targets, struct error *error)
{
    const VkImageUsageFlags usage =
        VK_IMAGE_USAGE_COLOR_ATTACHMENT_BIT | VK_IMAGE_USAGE_TRANSFER_SRC_BIT;
    struct image_want id = {"id", TARGETS_ID_FORMAT, targets->width, targets->height, usage, false};
    struct image_want normal = {
        "normal", TARGETS_NORMAL_FORMAT, targets->width, targets->height, usage, false};

    if (!targets->id.handle && image_init(device, &targets->id, &id, error))
        return -1;
    if (!targets->normal.handle && image_init(device, &targets->normal, &normal, error))
        return -1;
    return 0;
}

void targets_fini(struct device *device, struct targets *targets)
{
    image_fini(device, &targets->hdr);
    image_fini(device, &targets->depth);
    image_fini(device, &targets->final);
    image_fini(device, &targets->id);
    image_fini(device, &targets->normal);
    memset(targets, 0, sizeof(*targets));
}
