/* targets.h -- the images that a frame is drawn into, all of one size; rebuilt together when that
 * changes.
 *
 * hdr: linear light; depth: reversed; final: what is shown, sRGB. id and normal exist once they
 * were asked for. */
#ifndef OPENMMO_CLIENT_GFX_TARGETS_H
#define OPENMMO_CLIENT_GFX_TARGETS_H

#include "gfx/resource.h"

#define TARGETS_HDR_FORMAT    VK_FORMAT_R16G16B16A16_SFLOAT
#define TARGETS_DEPTH_FORMAT  VK_FORMAT_D32_SFLOAT
#define TARGETS_ID_FORMAT     VK_FORMAT_R32_UINT
#define TARGETS_NORMAL_FORMAT VK_FORMAT_R16G16B16A16_SFLOAT

struct targets {
    uint32_t width, height;
    struct image hdr, depth, final;
    struct image id, normal; /* handle VK_NULL_HANDLE until asked for */
};

/* final_format: an sRGB format of four 8-bit channels. 0, or -1 + error with nothing left behind.
 */
int targets_init(struct device *device, struct targets *targets, VkExtent2D size,
                 VkFormat final_format, struct error *error) MUST_CHECK;
/* Make id and normal too, if they are not there yet. */
int targets_want_aov(struct device *device, struct targets *targets,
                     struct error *error) MUST_CHECK;
/* The device must be idle. */
void targets_fini(struct device *device, struct targets *targets);

#endif
