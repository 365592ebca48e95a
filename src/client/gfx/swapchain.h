/* swapchain.h -- the window's images; the finished picture is copied into one of them and shown.
 *
 * The picture itself is drawn into targets.final, so that it can be read back at any time and no
 * pass knows of windows. Rebuilt when the window's size changes or the surface says so. One thread.
 */
#ifndef OPENMMO_CLIENT_GFX_SWAPCHAIN_H
#define OPENMMO_CLIENT_GFX_SWAPCHAIN_H

#include "gfx/frames.h"
#include "gfx/resource.h"

#define SWAPCHAIN_IMAGES_MAX 8

struct swapchain {
    VkSwapchainKHR handle; /* VK_NULL_HANDLE: none now */
    VkSurfaceFormatKHR format;
    VkExtent2D size;
    uint32_t images_n;
    struct image images[SWAPCHAIN_IMAGES_MAX]; /* not owned: no view, no memory */
    VkSemaphore drawn[SWAPCHAIN_IMAGES_MAX];   /* the image may be shown */
};

/* BUSY: no image was free in time; STALE: build it anew. */
enum swapchain_answer { SWAPCHAIN_OK, SWAPCHAIN_BUSY, SWAPCHAIN_STALE, SWAPCHAIN_FAILED };

/* Choose the surface's format; *drawn_as is the sRGB format of the same bytes, for targets.final.
 */
int swapchain_choose(struct device *device, struct swapchain *swapchain, VkFormat *drawn_as,
                     struct error *error) MUST_CHECK;
/* Make it, of `wanted` size where the surface leaves the choice; a present one is replaced.
 * *swapchain->size says what came out, 0 x 0 (and no swapchain) while the window shows nothing. The
 * device must be idle. */
int swapchain_build(struct device *device, struct swapchain *swapchain, VkExtent2D wanted,
                    struct error *error) MUST_CHECK;
/* The device must be idle. */
void swapchain_fini(struct device *device, struct swapchain *swapchain);

/* The next image's index. STALE: rebuild first, nothing is pending. */
enum swapchain_answer swapchain_acquire(struct device *device, struct swapchain *swapchain,
                                        const struct frame *frame, uint32_t *index,
                                        struct error *error);
/* Record the copy of the picture into image `index`, ready to be shown. */
void swapchain_copy(struct device *device, struct swapchain *swapchain, const struct frame *frame,
                    struct image *picture, uint32_t index);
/* Show it. STALE: shown or not, rebuild before the next frame. */
enum swapchain_answer swapchain_present(struct device *device, struct swapchain *swapchain,
                                        uint32_t index, struct error *error);

#endif
