/* resource.h -- buffers and images, each with its slice of memory; an image knows how it was last
 * used.
 *
 * Barriers come from that: image_to() says what an image is wanted for next and records the
 * dependency on what it was used for before, so that no pass writes a barrier by hand. One thread,
 * one queue: the order of recording is the order of use. */
#ifndef OPENMMO_CLIENT_GFX_RESOURCE_H
#define OPENMMO_CLIENT_GFX_RESOURCE_H

#include "gfx/device.h"
#include "gfx/memory.h"

struct buffer {
    VkBuffer handle;
    VkDeviceSize size;
    struct memory_slice slice;
};

struct image {
    VkImage handle;
    VkImageView view; /* VK_NULL_HANDLE for a swapchain's image */
    VkFormat format;
    VkImageAspectFlags aspect;
    uint32_t width, height;
    struct memory_slice slice; /* empty for a swapchain's image */
    VkImageLayout layout;      /* how it was last used: */
    VkPipelineStageFlags2 stage;
    VkAccessFlags2 access;
};

/* What is wanted of an image next. */
enum image_use {
    IMAGE_COLOUR_TARGET, /* its old content is needed */
    IMAGE_COLOUR_FRESH,  /* it is cleared or fully written: the old content may go */
    IMAGE_DEPTH_TARGET,
    IMAGE_DEPTH_FRESH,
    IMAGE_DEPTH_TEST, /* tested against, not written */
    IMAGE_SAMPLED,
    IMAGE_COPY_FROM,
    IMAGE_COPY_TO,
    IMAGE_COPY_FRESH,
    IMAGE_PRESENT
};

struct image_want {
    const char *name; /* for debuggers */
    VkFormat format;
    uint32_t width, height;
    VkImageUsageFlags usage;
    bool alpha_only; /* R8 that reads as white with that alpha */
};

/* 0, or -1 and nothing left behind. */
int buffer_init(struct device *device, struct buffer *buffer, VkDeviceSize size,
                VkBufferUsageFlags usage, enum memory_kind kind) MUST_CHECK;
/* The device must be done with it; an empty one is fine. */
void buffer_fini(struct device *device, struct buffer *buffer);
/* 0, or -1 + error with nothing left behind. want: borrowed. */
int image_init(struct device *device, struct image *image, const struct image_want *want,
               struct error *error) MUST_CHECK;
/* The device must be done with it; an empty one is fine. */
void image_fini(struct device *device, struct image *image);

/* Record the barrier from the image's last use to this one. */
void image_to(struct device *device, VkCommandBuffer cmd, struct image *image, enum image_use use);

#endif
