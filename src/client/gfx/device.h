/* device.h -- the Vulkan instance, the chosen device, its one queue and its function table.
 *
 * Every device call of gfx/ goes through `vk`, the loader's table: it is the seam where tests
 * inject faults. Owns the memory allocator too, because nothing can be made without it. One thread.
 */
#ifndef OPENMMO_CLIENT_GFX_DEVICE_H
#define OPENMMO_CLIENT_GFX_DEVICE_H

#include <stdbool.h>
#include <stdint.h>

#ifndef VK_NO_PROTOTYPES
#define VK_NO_PROTOTYPES
#endif
#include <volk.h>

#include "common/error.h"
#include "gfx/faults.h"
#include "gfx/gfx.h"

struct memory;

struct device {
    VkInstance instance;
    VkDebugUtilsMessengerEXT messenger;
    VkSurfaceKHR surface; /* VK_NULL_HANDLE: offscreen */
    VkPhysicalDevice physical;
    VkDevice handle;
    VkQueue queue;
    uint32_t queue_family;
    struct VolkDeviceTable vk;
    VkPhysicalDeviceProperties properties;
    VkPhysicalDeviceMemoryProperties memory_properties;
    bool has_debug_utils;
    bool has_timestamps;
    enum fault fault;
    struct memory *memory;
    void (*on_validation)(void *context, const char *text);
    void *validation_context;
};

/* Make the instance, the surface (if a maker is given), the device and its queue. 0, or -1 + error
 * with nothing left behind. device: zeroed by the callee; must not move afterwards (the validation
 * layer keeps its address). */
int device_init(struct device *device, const struct gfx_config *config,
                struct error *error) MUST_CHECK;
/* Everything made on the device must be gone. Safe on a zeroed struct. */
void device_fini(struct device *device);

/* Wait until the queue is empty. */
void device_idle(struct device *device);

/* Name an object for debuggers and validation messages; nothing without VK_EXT_debug_utils. */
void device_name(struct device *device, VkObjectType type, uint64_t handle, const char *format, ...)
    PRINTF_LIKE(4, 5);

/* The handle of a dispatchable or other object as device_name wants it. */
#define DEVICE_HANDLE(object) ((uint64_t)(uintptr_t)(object))

/* -1 and "WHAT: VK_ERROR_..." unless result is VK_SUCCESS; then 0. */
int device_check(VkResult result, const char *what, struct error *error) MUST_CHECK;

#endif
