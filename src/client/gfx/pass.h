/* pass.h -- the passes of a frame, in the order in which they are drawn: terrain, shadows, figures,
 * sky (all into the HDR target with depth), the same geometry again into id and normal when asked
 * for, tone, ui.
 *
 * struct render is what they share. Each pass has a prepare (before any drawing: fills buffers,
 * queues uploads) and a draw (inside its rendering). One thread. */
#ifndef OPENMMO_CLIENT_GFX_PASS_H
#define OPENMMO_CLIENT_GFX_PASS_H

#include "gfx/device.h"
#include "gfx/frames.h"
#include "gfx/gfx.h"
#include "gfx/pipelines.h"
#include "gfx/scene.h"
#include "gfx/targets.h"
#include "gfx/upload.h"
#include "world/terrain.h"

struct render {
    struct device device;
    struct pipelines pipelines;
    struct frames frames;
    struct upload upload;
    struct targets targets;
    VkDescriptorSet hdr_set; /* the HDR target as a texture */
};

/* Bind a pipeline, the frame's globals, and the whole picture as viewport. */
void pass_begin(struct render *render, struct frame *frame, enum pipeline pipeline);

/* Terrain. */
struct pass_terrain {
    struct terrain *terrain;
    const struct heightfield *field; /* borrowed; NULL: none */
    struct buffer vertices, indices;
    const struct terrain_draw *draws;
    uint32_t draws_n;
    bool complete; /* the ground of this world has been seen whole once: budgets hold from now on */
    struct space_pos eye; /* as of the last frame */
};

/* 0, or -1 + error; fini cleans up after either. */
int pass_terrain_init(struct pass_terrain *pass, struct render *render,
                      struct error *error) MUST_CHECK;
/* The device must be idle. */
void pass_terrain_fini(struct pass_terrain *pass, struct render *render);
/* Another world (borrowed), or NULL. */
void pass_terrain_set_field(struct pass_terrain *pass, const struct heightfield *field);
/* Select the chunks and queue what is new for upload. */
void pass_terrain_prepare(struct pass_terrain *pass, struct render *render,
                          const struct scene_camera *camera, float view_m);
/* aov: into id and normal, else into light and depth. */
void pass_terrain_draw(struct pass_terrain *pass, struct render *render, struct frame *frame,
                       bool aov);

/* Figures and the soft shadows under them. */
struct figure_instance {
    float position[3], yaw; /* feet, relative to the eye */
    float stride, stride_amount, airborne, size;
    uint32_t looks, id;
};
struct shadow_vertex {
    float position[3]; /* relative to the eye */
    float at[3];       /* x, y across the patch, -1..1; strength */
};
struct figure_range {
    uint32_t vertex_first, index_first, index_n;
};
struct pass_figures {
    struct buffer vertices, indices;
    struct figure_range ranges[3]; /* by detail: figure_mesh.h */
    VkBuffer instances, shadows;   /* this frame's */
    VkDeviceSize instances_at, shadows_at;
    uint32_t drawn[3]; /* how many by detail, the nearest first */
    uint32_t drawn_n, shadow_vertices_n;
    struct figure_order *order; /* scratch */
    uint32_t order_max;
};

/* 0, or -1 + error; fini cleans up after either. */
int pass_figures_init(struct pass_figures *pass, struct render *render,
                      struct error *error) MUST_CHECK;
/* The device must be idle. */
void pass_figures_fini(struct pass_figures *pass, struct render *render);
/* field may be NULL: then no shadows. 0, or -1 when out of memory. */
int pass_figures_prepare(struct pass_figures *pass, struct render *render, struct frame *frame,
                         const struct gfx_frame *what, const struct heightfield *field) MUST_CHECK;
/* aov: into id and normal, else into light and depth. */
void pass_figures_draw(struct pass_figures *pass, struct render *render, struct frame *frame,
                       bool aov);
/* After the ground, before the figures. */
void pass_figures_draw_shadows(struct pass_figures *pass, struct render *render,
                               struct frame *frame);

/* Sky and tone mapping: one triangle over the whole picture each. */
void pass_sky_draw(struct render *render, struct frame *frame);
/* From the HDR target into the final picture. */
void pass_tone_draw(struct render *render, struct frame *frame);

/* The UI's triangles, and its textures. */
struct ui_texture {
    struct image image;
    VkDescriptorSet set; /* VK_NULL_HANDLE: free */
    bool rgba;
};
struct pass_ui {
    struct ui_texture textures[PIPELINES_TEXTURES_MAX];
};

/* See gfx_ui_texture and its like. */
uint32_t pass_ui_texture(struct pass_ui *pass, struct render *render, VkExtent2D size, bool rgba,
                         const void *pixels);
/* See gfx_ui_texture_update. */
void pass_ui_texture_update(struct pass_ui *pass, struct render *render, uint32_t texture,
                            VkRect2D area, const void *pixels);
/* See gfx_ui_texture_free. */
void pass_ui_texture_free(struct pass_ui *pass, struct render *render, uint32_t texture);
/* Hand all textures to the garbage. */
void pass_ui_fini(struct pass_ui *pass, struct render *render);
/* Lists whose numbers do not fit (indices beyond the list) are skipped. */
void pass_ui_draw(struct pass_ui *pass, struct render *render, struct frame *frame,
                  const struct gfx_frame *what);

#endif
