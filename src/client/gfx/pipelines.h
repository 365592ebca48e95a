/* pipelines.h -- every pipeline of the client is one row of a table here: shaders, vertex layout,
 * state.
 *
 * All share one layout: set 0 the frame's globals, set 1 one texture, and 64 bytes of push
 * constants. */
#ifndef OPENMMO_CLIENT_GFX_PIPELINES_H
#define OPENMMO_CLIENT_GFX_PIPELINES_H

#include "gfx/device.h"

#define PIPELINES_PUSH_BYTES   64
#define PIPELINES_TEXTURES_MAX 64 /* sets of one texture */

enum pipeline {
    PIPELINE_TERRAIN,
    PIPELINE_SHADOW,
    PIPELINE_FIGURES,
    PIPELINE_SKY,
    PIPELINE_TERRAIN_AOV,
    PIPELINE_FIGURES_AOV,
    PIPELINE_TONE,
    PIPELINE_UI,
    PIPELINES_N
};

struct pipelines {
    struct device *device;
    VkDescriptorSetLayout globals_layout, texture_layout;
    VkPipelineLayout layout;
    VkSampler sampler; /* linear, clamped */
    VkDescriptorPool pool;
    VkPipeline handle[PIPELINES_N];
};

/* final_format: of the picture that is shown. 0, or -1 + error (pipelines_fini then cleans up). */
int pipelines_init(struct pipelines *pipelines, struct device *device, VkFormat final_format,
                   struct error *error) MUST_CHECK;
/* Safe after a failed init; the device must be idle. */
void pipelines_fini(struct pipelines *pipelines);

/* A set for one texture; VK_NULL_HANDLE when there are PIPELINES_TEXTURES_MAX. Freed through struct
 * garbage. */
VkDescriptorSet pipelines_texture_set(struct pipelines *pipelines, VkImageView view);

#endif
