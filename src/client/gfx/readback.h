/* readback.h -- pictures back from the device: as numbers for tests, as files for people. */
#ifndef OPENMMO_CLIENT_GFX_READBACK_H
#define OPENMMO_CLIENT_GFX_READBACK_H

#include "gfx/gfx.h"
#include "gfx/pass.h"

/* As gfx_read; the render's frames are drained. */
void *readback_read(struct render *render, enum gfx_aov aov, struct error *error);
/* As gfx_write, of what readback_read gave. */
int readback_write(const void *pixels, VkExtent2D size, enum gfx_aov aov, const char *path,
                   struct error *error) MUST_CHECK;

#endif
