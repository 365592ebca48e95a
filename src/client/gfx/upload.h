/* upload.h -- bytes on their way to the device's own memory, through staging buffers.
 *
 * The caller writes into the mapped bytes at once; the copies are recorded at the start of the next
 * frame, and the staging memory goes with that frame's garbage. One thread. */
#ifndef OPENMMO_CLIENT_GFX_UPLOAD_H
#define OPENMMO_CLIENT_GFX_UPLOAD_H

#include "gfx/frames.h"
#include "gfx/resource.h"

struct upload_copy;

struct upload {
    struct device *device;
    struct frames *frames;
    struct buffer staging; /* being filled */
    VkDeviceSize staging_used;
    struct upload_copy *copies;
    unsigned copies_n, copies_max;
};

/* device and frames are borrowed for its life. */
void upload_init(struct upload *upload, struct device *device, struct frames *frames);
/* Waiting copies are dropped; the device must be idle. */
void upload_fini(struct upload *upload);

/* Where to write the bytes for buffer[offset, offset + size), now; NULL when out of memory. The
 * buffer must live until the copy is recorded. */
void *upload_to_buffer(struct upload *upload, const struct buffer *buffer, VkDeviceSize offset,
                       VkDeviceSize size);
/* The same for a rectangle of an image: rows without gaps. size: all its bytes. */
void *upload_to_image(struct upload *upload, struct image *image, VkRect2D area, VkDeviceSize size);
/* The image goes away: forget its copies. */
void upload_forget(struct upload *upload, const struct image *image);

/* Record all waiting copies; images end up ready to be sampled, buffers to be read as vertices and
 * indices. */
void upload_record(struct upload *upload, struct frame *frame);

#endif
