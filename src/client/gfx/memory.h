/* memory.h -- the one sub-allocator: big blocks per memory type, each with a sorted list of free
 * ranges.
 *
 * Drivers allow few allocations (4,096) and each is slow, so slices are cut from blocks. Buffers
 * and images lie in blocks of their own, so that the granularity between them never matters. What
 * the host may see is mapped for good. Knows only the function table it is given: tests hand it one
 * of their own. One thread. */
#ifndef OPENMMO_CLIENT_GFX_MEMORY_H
#define OPENMMO_CLIENT_GFX_MEMORY_H

#include <stdbool.h>
#include <stdint.h>

#ifndef VK_NO_PROTOTYPES
#define VK_NO_PROTOTYPES
#endif
#include <volk.h>

#include "common/compiler.h"

enum memory_kind {
    MEMORY_DEVICE,  /* fastest for the device */
    MEMORY_UPLOAD,  /* written by the host, coherent */
    MEMORY_READBACK /* read by the host, cached where that exists, coherent */
};

struct memory;
struct memory_block;

struct memory_slice {
    VkDeviceMemory memory;
    VkDeviceSize offset, size;  /* bytes */
    void *mapped;               /* of this slice; NULL for MEMORY_DEVICE that the host cannot see */
    struct memory_block *block; /* NULL: holds nothing */
};

struct memory_stats {
    uint32_t blocks_n;
    uint64_t block_bytes, used_bytes;
};

/* vk and properties are borrowed for the allocator's life. NULL when out of memory. */
struct memory *memory_new(const struct VolkDeviceTable *vk, VkDevice device,
                          const VkPhysicalDeviceMemoryProperties *properties);
/* Asserts that every slice was given back; frees all blocks. NULL is fine. */
void memory_free(struct memory *memory);

/* Cut a slice. is_image: for an image with optimal tiling. 0, or -1 when the device has no more. */
int memory_take(struct memory *memory, const VkMemoryRequirements *needs, enum memory_kind kind,
                bool is_image, struct memory_slice *slice) MUST_CHECK;
/* Give a slice back (an empty one is fine) and empty it. The device must be done with it. */
void memory_give(struct memory *memory, struct memory_slice *slice);

/* What is taken from the device, and how much of that is in slices. */
struct memory_stats memory_stats(const struct memory *memory);

#endif
