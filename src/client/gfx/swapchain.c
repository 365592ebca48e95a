/* swapchain.c -- see swapchain.h. */
#include "gfx/swapchain.h"

#include <string.h>

#define ACQUIRE_TIMEOUT_NS UINT64_C(100000000)

/* clang-format off */
static const struct {
    VkFormat shown, drawn_as;
} formats[] = { /* best first */
    {VK_FORMAT_B8G8R8A8_SRGB,  VK_FORMAT_B8G8R8A8_SRGB},
    {VK_FORMAT_R8G8B8A8_SRGB,  VK_FORMAT_R8G8B8A8_SRGB},
    {VK_FORMAT_B8G8R8A8_UNORM, VK_FORMAT_B8G8R8A8_SRGB},
    {VK_FORMAT_R8G8B8A8_UNORM, VK_FORMAT_R8G8B8A8_SRGB},
};
/* clang-format on */

int swapchain_choose(struct device *device, struct swapchain *swapchain, VkFormat *drawn_as,
                     struct error *error)
{
    VkSurfaceFormatKHR found[64];
    uint32_t n = ARRAY_N(found);

    if (vkGetPhysicalDeviceSurfaceFormatsKHR(device->physical, device->surface, &n, found) < 0)
        return error_set(error, "cannot ask the window for its formats");
    for (size_t i = 0; i < ARRAY_N(formats); i++) {
        for (uint32_t k = 0; k < n; k++) {
            if (found[k].format == formats[i].shown &&
                found[k].colorSpace == VK_COLOR_SPACE_SRGB_NONLINEAR_KHR) {
                swapchain->format = found[k];
                *drawn_as = formats[i].drawn_as;
                return 0;
            }
        }
    }
    return error_set(error, "the window takes no sRGB picture of 8 bits a channel");
}

static uint32_t clamp(uint32_t value, uint32_t low, uint32_t high)
{
    return value < low ? low : value > high ? high : value;
}

static void forget_images(struct device *device, struct swapchain *swapchain)
{
    for (uint32_t i = 0; i < SWAPCHAIN_IMAGES_MAX; i++) {
        if (swapchain->drawn[i])
            device->vk.vkDestroySemaphore(device->handle, swapchain->drawn[i], NULL);
        swapchain->drawn[i] = VK_NULL_HANDLE;
    }
    memset(swapchain->images, 0, sizeof(swapchain->images));
    swapchain->images_n = 0;
}

static int fetch_images(struct device *device, struct swapchain *swapchain, struct error *error)
{
    VkSemaphoreCreateInfo semaphore = {VK_STRUCTURE_TYPE_SEMAPHORE_CREATE_INFO, NULL, 0};
    VkImage found[SWAPCHAIN_IMAGES_MAX];
    uint32_t n = ARRAY_N(found);

    if (device_check(
            device->vk.vkGetSwapchainImagesKHR(device->handle, swapchain->handle, &n, found),
            "cannot get the window's images", error))
        return -1;
    for (uint32_t i = 0; i < n; i++) {
        swapchain->images[i] = (struct image){
            .handle = found[i],
            .format = swapchain->format.format,
            .aspect = VK_IMAGE_ASPECT_COLOR_BIT,
            .width = swapchain->size.width,
            .height = swapchain->size.height,
        };
        device_name(device, VK_OBJECT_TYPE_IMAGE, DEVICE_HANDLE(found[i]), "window %u", i);
        if (device_check(device->vk.vkCreateSemaphore(device->handle, &semaphore, NULL,
                                                      &swapchain->drawn[i]),
                         "cannot make a semaphore", error))
            return -1;
        device_name(device, VK_OBJECT_TYPE_SEMAPHORE, DEVICE_HANDLE(swapchain->drawn[i]),
                    "window %u drawn", i);
    }
    swapchain->images_n = n;
    return 0;
}

int swapchain_build(struct device *device, struct swapchain *swapchain, VkExtent2D wanted,
                    struct error *error)
{
    VkSwapchainKHR old = swapchain->handle;
    VkSurfaceCapabilitiesKHR can;
    VkSwapchainCreateInfoKHR info = {
        .sType = VK_STRUCTURE_TYPE_SWAPCHAIN_CREATE_INFO_KHR,
        .surface = device->surface,
        .imageFormat = swapchain->format.format,
        .imageColorSpace = swapchain->format.colorSpace,
        .imageArrayLayers = 1,
        .imageUsage = VK_IMAGE_USAGE_TRANSFER_DST_BIT,
        .presentMode = VK_PRESENT_MODE_FIFO_KHR,
        .clipped = VK_TRUE,
        .oldSwapchain = old,
    };
    VkResult result;

    if (device_check(
            vkGetPhysicalDeviceSurfaceCapabilitiesKHR(device->physical, device->surface, &can),
            "cannot ask the window what it can", error))
        return -1;
    if (!(can.supportedUsageFlags & VK_IMAGE_USAGE_TRANSFER_DST_BIT))
        return error_set(error, "the window's images cannot be copied to");
    swapchain->size = can.currentExtent;
    if (can.currentExtent.width == UINT32_MAX)
        swapchain->size = (VkExtent2D){
            clamp(wanted.width, can.minImageExtent.width, can.maxImageExtent.width),
            clamp(wanted.height, can.minImageExtent.height, can.maxImageExtent.height)};
    if (!wanted.width || !wanted.height || !swapchain->size.width || !swapchain->size.height) {
        swapchain_fini(device, swapchain);
        return 0;
    }
    info.minImageCount = can.minImageCount + 1;
    if (can.maxImageCount && info.minImageCount > can.maxImageCount)
        info.minImageCount = can.maxImageCount;
    info.imageExtent = swapchain->size;
    info.preTransform = can.currentTransform;
    info.compositeAlpha = can.supportedCompositeAlpha & VK_COMPOSITE_ALPHA_OPAQUE_BIT_KHR
                              ? VK_COMPOSITE_ALPHA_OPAQUE_BIT_KHR
                              : VK_COMPOSITE_ALPHA_INHERIT_BIT_KHR;
    forget_images(device, swapchain);
    swapchain->handle = VK_NULL_HANDLE;
    result = device->vk.vkCreateSwapchainKHR(device->handle, &info, NULL, &swapchain->handle);
    if (old)
        device->vk.vkDestroySwapchainKHR(device->handle, old, NULL);
    if (device_check(result, "cannot make the window's images", error))
        return -1;
    device_name(device, VK_OBJECT_TYPE_SWAPCHAIN_KHR, DEVICE_HANDLE(swapchain->handle), "window");
    return fetch_images(device, swapchain, error);
}

void swapchain_fini(struct device *device, struct swapchain *swapchain)
{
    forget_images(device, swapchain);
    if (swapchain->handle)
        device->vk.vkDestroySwapchainKHR(device->handle, swapchain->handle, NULL);
    swapchain->handle = VK_NULL_HANDLE;
    swapchain->size = (VkExtent2D){0, 0};
}

enum swapchain_answer swapchain_acquire(struct device *device, struct swapchain *swapchain,
                                        const struct frame *frame, uint32_t *index,
                                        struct error *error)
{
    VkResult result =
        device->vk.vkAcquireNextImageKHR(device->handle, swapchain->handle, ACQUIRE_TIMEOUT_NS,
                                         frame->acquired, VK_NULL_HANDLE, index);

    /* A window that was hidden after we asked about it gives no image back: the game goes on. */
    if (result == VK_TIMEOUT || result == VK_NOT_READY)
        return SWAPCHAIN_BUSY;
    if (result == VK_ERROR_OUT_OF_DATE_KHR)
        return SWAPCHAIN_STALE;
    if (result == VK_SUBOPTIMAL_KHR) /* it is ours and will do; presenting it says so again */
        return SWAPCHAIN_OK;
    return device_check(result, "cannot get an image of the window", error) ? SWAPCHAIN_FAILED
                                                                            : SWAPCHAIN_OK;
}

void swapchain_copy(struct device *device, struct swapchain *swapchain, const struct frame *frame,
                    struct image *picture, uint32_t index)
{
    struct image *image = &swapchain->images[index];
    VkImageCopy region = {
        .srcSubresource = {VK_IMAGE_ASPECT_COLOR_BIT, 0, 0, 1},
        .dstSubresource = {VK_IMAGE_ASPECT_COLOR_BIT, 0, 0, 1},
        .extent = {picture->width, picture->height, 1},
    };

    /* The semaphore of the acquisition is waited for at the transfer stage: the first barrier hangs
     * on it there. */
    image->layout = VK_IMAGE_LAYOUT_UNDEFINED;
    image->stage = VK_PIPELINE_STAGE_2_TRANSFER_BIT;
    image->access = VK_ACCESS_2_NONE;
    image_to(device, frame->cmd, picture, IMAGE_COPY_FROM);
    image_to(device, frame->cmd, image, IMAGE_COPY_FRESH);
    device->vk.vkCmdCopyImage(frame->cmd, picture->handle, picture->layout, image->handle,
                              image->layout, 1, &region);
    image_to(device, frame->cmd, image, IMAGE_PRESENT);
}

enum swapchain_answer swapchain_present(struct device *device, struct swapchain *swapchain,
                                        uint32_t index, struct error *error)
{
    VkPresentInfoKHR info = {
        .sType = VK_STRUCTURE_TYPE_PRESENT_INFO_KHR,
        .waitSemaphoreCount = 1,
        .pWaitSemaphores = &swapchain->drawn[index],
        .swapchainCount = 1,
        .pSwapchains = &swapchain->handle,
        .pImageIndices = &index,
    };
    VkResult result = device->vk.vkQueuePresentKHR(device->queue, &info);

    if (result == VK_ERROR_OUT_OF_DATE_KHR || result == VK_SUBOPTIMAL_KHR)
        return SWAPCHAIN_STALE;
    return device_check(result, "cannot show a frame", error) ? SWAPCHAIN_FAILED : SWAPCHAIN_OK;
}
