/* gfx.h -- draws one frame of the world on Vulkan 1.3, into a window or into memory.
 *
 * Owns the device, the swapchain or the offscreen images, all pipelines and two frames in flight.
 * Knows nothing of networks, players or windows: it is handed a surface maker and a description of
 * what is to be seen. Positions come in as integers and become camera-relative floats here. One
 * thread. */
#ifndef OPENMMO_CLIENT_GFX_H
#define OPENMMO_CLIENT_GFX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/compiler.h"
#include "common/error.h"
#include "common/heightfield.h"
#include "common/space.h"

struct gfx;

enum gfx_aov { GFX_AOV_COLOUR, GFX_AOV_DEPTH, GFX_AOV_ID, GFX_AOV_NORMAL };

/* Makes a VkSurfaceKHR for the VkInstance (both as handles in uint64_t); -1 + error. NULL in
 * gfx_config: offscreen. */
typedef int gfx_surface_fn(void *context, void *instance, uint64_t *surface, struct error *error);

struct gfx_config {
    gfx_surface_fn *make_surface;
    void *surface_context;
    const char *const *instance_extensions; /* that the surface needs */
    uint32_t instance_extensions_n;
    uint32_t width, height; /* offscreen size, or the window's first framebuffer size */
    const char *device;     /* part of a device's name; NULL: the best */
    bool validation;        /* with synchronisation validation; messages go to on_validation */
    void (*on_validation)(void *context, const char *text);
    void *validation_context;
    const char *fault; /* a planted fault by name (only with TEST_FAULTS); NULL: none */
    const struct heightfield *field; /* borrowed; may be set later with gfx_set_world */
};

/* A figure: rigid limbs, drawn by instancing. */
struct gfx_figure {
    struct space_pos pos; /* feet */
    float yaw_rad;        /* as in space.h */
    float stride;         /* phase of the walk, in turns (any value; 0 stands) */
    float stride_amount;  /* 0 stands, 1 walks, 2 runs: how far limbs swing */
    float airborne;       /* 0..1 */
    uint32_t looks;       /* colours */
    uint32_t id;          /* 1..: what the id output shows; 0 is nothing, UINT32_MAX terrain */
};

/* Two-dimensional triangles over the picture: the UI and the name plates. Same layout as Dear
 * ImGui's. */
struct gfx_ui_vertex {
    float x, y, u, v; /* pixels from the top left; texture coordinates */
    uint32_t rgba;    /* 8 bits each, R lowest, not premultiplied, sRGB */
};
struct gfx_ui_command {
    float clip[4];    /* x0 y0 x1 y1 in pixels */
    uint32_t texture; /* from gfx_ui_texture */
    uint32_t index_first, index_n;
    uint32_t vertex_offset;
};
struct gfx_ui {
    const struct gfx_ui_vertex *vertices;
    uint32_t vertices_n;
    const uint16_t *indices; /* relative to the command's vertex_offset */
    uint32_t indices_n;
    const struct gfx_ui_command *commands;
    uint32_t commands_n;
};

struct gfx_frame {
    struct space_pos eye;
    float yaw_rad, pitch_rad; /* pitch up is positive */
    float fov_y_rad;
    float hour;   /* 0..24: where the sun stands */
    float view_m; /* fog hides what is beyond */
    const struct gfx_figure *figures;
    uint32_t figures_n;
    const struct gfx_ui *ui; /* may be NULL */
    uint32_t ui_n;           /* several lists, drawn in order */
    /* 1 << enum gfx_aov: which gfx_read will be asked for; COLOUR and DEPTH always are there. */
    uint32_t aovs;
};

/* NULL + error ("no Vulkan 1.3 device: ..."). */
struct gfx *gfx_new(const struct gfx_config *config, struct error *error);
/* Waits for the device and frees everything; NULL is fine. */
void gfx_free(struct gfx *gfx);

/* The world whose ground is drawn (borrowed until the next call or gfx_free); NULL: none. */
int gfx_set_world(struct gfx *gfx, const struct heightfield *field, struct error *error) MUST_CHECK;
/* The framebuffer's new size; 0 x 0 while minimised (frames are then skipped). */
void gfx_resize(struct gfx *gfx, uint32_t width, uint32_t height);
/* The size that is drawn in now, in pixels; 0 x 0 before the window shows anything. */
void gfx_size(const struct gfx *gfx, uint32_t *width, uint32_t *height);

/* A texture for the UI: alpha8 (white with that alpha) or rgba8. Returns its number, 0 on failure.
 * Updating one that is in use is safe. */
uint32_t gfx_ui_texture(struct gfx *gfx, uint32_t width, uint32_t height, bool rgba,
                        const void *pixels);
/* Replace a rectangle of it, rows without gaps; what does not lie within is refused silently. */
void gfx_ui_texture_update(struct gfx *gfx, uint32_t texture, uint32_t x, uint32_t y,
                           uint32_t width, uint32_t height, const void *pixels);
/* Give it back, also while frames in flight still use it; 0 and unknown numbers are fine. */
void gfx_ui_texture_free(struct gfx *gfx, uint32_t texture);

/* Draw and show. Returns 0; -1 + error when the device is lost or memory is out. Skipped frames
 * (minimised, out of date) are not errors. */
int gfx_draw(struct gfx *gfx, const struct gfx_frame *frame, struct error *error) MUST_CHECK;

/* The last drawn picture. COLOUR: RGBA8 sRGB; DEPTH: float metres along the view axis (INFINITY:
 * sky); ID: u32; NORMAL: 3 floats. malloc'ed, the caller frees; NULL + error. Works for windows
 * too. */
void *gfx_read(struct gfx *gfx, enum gfx_aov aov, uint32_t *width, uint32_t *height,
               struct error *error);
/* Write a picture as PNG: colour as it is; depth, id, normal as colours for the eye, or raw
 * (".bin"). */
int gfx_write(struct gfx *gfx, enum gfx_aov aov, const char *path, struct error *error) MUST_CHECK;

/* True where the point lies before the camera: its pixel. For name plates. */
bool gfx_project(const struct gfx_frame *frame, uint32_t width, uint32_t height,
                 struct space_pos point, float *x, float *y, float *depth_m);

struct gfx_pass_time {
    const char *name;
    float ms;
};
/* GPU time of the passes of the last finished frame; returns how many were filled in. */
unsigned gfx_pass_times(const struct gfx *gfx, struct gfx_pass_time *times, unsigned max);
/* The driver's name for the device; lives as long as gfx. */
const char *gfx_device_name(const struct gfx *gfx);
/* A processor draws: the client then caps itself at 30 fps, and should keep view_m at 600 or less.
 */
bool gfx_device_is_cpu(const struct gfx *gfx);

#endif
