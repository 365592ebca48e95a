/* frames.h -- two frames in flight: each owns its commands, fence, timestamps, globals and
 * transient memory.
 *
 * Also the garbage ring: what a recorded frame may still use is destroyed only when that frame has
 * finished. One thread. */
#ifndef OPENMMO_CLIENT_GFX_FRAMES_H
#define OPENMMO_CLIENT_GFX_FRAMES_H

#include "gfx/device.h"
#include "gfx/resource.h"

#define FRAMES_IN_FLIGHT  2
#define FRAME_SCOPES_MAX  12
#define FRAMES_TIMEOUT_NS UINT64_C(10000000000) /* a frame that takes longer is a lost device */

struct frame {
    uint64_t number; /* 1.. of what was last recorded here; 0: nothing yet */
    VkCommandPool pool;
    VkCommandBuffer cmd;
    VkFence done;
    VkSemaphore acquired; /* the swapchain's image may be written */
    VkQueryPool queries;
    const char *scopes[FRAME_SCOPES_MAX];
    unsigned scopes_n;
    struct buffer globals;   /* struct scene_globals, mapped */
    VkDescriptorSet set;     /* of the globals */
    struct buffer transient; /* instances and UI triangles of this frame, mapped */
    VkDeviceSize transient_used;
};

struct garbage {
    uint64_t number; /* destroyed once this frame has finished */
    struct buffer buffer;
    struct image image;
    VkDescriptorSet set; /* of the texture pool */
};

struct frames {
    struct device *device;
    VkDescriptorPool pool; /* of the texture sets, for garbage; borrowed */
    struct frame slot[FRAMES_IN_FLIGHT];
    uint64_t next;     /* number of the frame that is being or will be recorded next */
    uint64_t finished; /* all up to here are done on the device */
    struct garbage *garbage;
    unsigned garbage_n, garbage_max;
    struct gfx_pass_time times[FRAME_SCOPES_MAX];
    unsigned times_n;
};

/* set_layout and pool: for the globals' sets. 0, or -1 + error (frames_fini then cleans up). */
int frames_init(struct frames *frames, struct device *device, VkDescriptorSetLayout set_layout,
                VkDescriptorPool pool, struct error *error) MUST_CHECK;
/* The device must be idle. */
void frames_fini(struct frames *frames);

/* Wait until this frame's slot is free, collect garbage and times, begin its command buffer. NULL +
 * error. */
struct frame *frames_begin(struct frames *frames, struct error *error);
/* End recording and submit. wait: signalled before colour output may be copied (or VK_NULL_HANDLE);
 * signal: when all is done (or VK_NULL_HANDLE). */
int frames_submit(struct frames *frames, struct frame *frame, bool wait, VkSemaphore signal,
                  struct error *error) MUST_CHECK;
/* Wait for all submitted frames and collect all garbage. */
void frames_drain(struct frames *frames);

/* Transient memory of a frame: written now, read by its commands. Returns the mapped bytes, or NULL
 * when out of memory; *buffer and *offset say where the device finds them. align: a power of two.
 */
void *frames_transient(struct frames *frames, struct frame *frame, VkDeviceSize size,
                       VkBuffer *buffer, VkDeviceSize *offset);

/* Destroy these when the frame that is (or will be) recorded next has finished; ownership moves,
 * *item is emptied. When even the list has no memory it waits for the device and destroys at once.
 */
void frames_discard(struct frames *frames, struct garbage *item);

/* A pass's timestamp scope; scopes follow one another, the next ends the last. name: constant. */
void frames_scope(struct frames *frames, struct frame *frame, const char *name);

#endif
