/* memory.c -- see memory.h.
 *
 * First fit over ranges sorted by offset, joined again when given back. Blocks of one (type,
 * buffers or images) form a list; a request larger than half a block gets a block of its own, which
 * goes away with it. An empty shared block is kept, so that a resize does not hand memory to and
 * fro. */
#include "gfx/memory.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define BLOCK_BYTES_DEVICE (UINT64_C(32) << 20)
#define BLOCK_BYTES_HOST   (UINT64_C(8) << 20)

struct range {
    VkDeviceSize offset, size;
};

struct memory_block {
    struct memory_block *next;
    VkDeviceMemory handle;
    VkDeviceSize size, used;
    unsigned char *mapped;
    struct range *free; /* sorted by offset, never touching */
    uint32_t free_n, free_max;
    uint32_t slices_n;
    uint32_t type;
    bool is_image;
    bool dedicated;
};

struct memory {
    const struct VolkDeviceTable *vk;
    VkDevice device;
    const VkPhysicalDeviceMemoryProperties *properties;
    struct memory_block *blocks;
};

/* clang-format off */
static const struct {
    VkMemoryPropertyFlags must, like;
    VkDeviceSize block_bytes;
} kinds[] = {
    [MEMORY_DEVICE]   = {0, VK_MEMORY_PROPERTY_DEVICE_LOCAL_BIT, BLOCK_BYTES_DEVICE},
    [MEMORY_UPLOAD]   = {VK_MEMORY_PROPERTY_HOST_VISIBLE_BIT | VK_MEMORY_PROPERTY_HOST_COHERENT_BIT, 0,
                         BLOCK_BYTES_HOST},
    [MEMORY_READBACK] = {VK_MEMORY_PROPERTY_HOST_VISIBLE_BIT | VK_MEMORY_PROPERTY_HOST_COHERENT_BIT,
                         VK_MEMORY_PROPERTY_HOST_CACHED_BIT, BLOCK_BYTES_HOST},
};
/* clang-format on */

struct memory *memory_new(const struct VolkDeviceTable *vk, VkDevice device,
                          const VkPhysicalDeviceMemoryProperties *properties)
{
    struct memory *memory = calloc(1, sizeof(*memory));

    if (!memory)
        return NULL;
    memory->vk = vk;
    memory->device = device;
    memory->properties = properties;
    return memory;
}

static void block_free(struct memory *memory, struct memory_block *block)
{
    if (block->handle)
        memory->vk->vkFreeMemory(memory->device, block->handle, NULL);
    free(block->free);
    free(block);
}

void memory_free(struct memory *memory)
{
    if (!memory)
        return;
    while (memory->blocks) {
        struct memory_block *block = memory->blocks;

        assert(!block->used);
        memory->blocks = block->next;
        block_free(memory, block);
    }
    free(memory);
}

/* Room for one more slice: n slices leave at most n + 1 gaps, so that giving back never needs room
 * of its own. */
static int reserve_ranges(struct memory_block *block)
{
    uint32_t max = block->free_max ? block->free_max * 2 : 16;
    struct range *grown;

    if (block->slices_n + 2 < block->free_max)
        return 0;
    grown = realloc(block->free, max * sizeof(*grown));
    if (!grown)
        return -1;
    block->free = grown;
    block->free_max = max;
    return 0;
}

/* Make a block on one memory type and link it in; NULL when the device refuses. */
static struct memory_block *block_new(struct memory *memory, uint32_t type, bool is_image,
                                      VkDeviceSize size)
{
    VkMemoryAllocateInfo info = {VK_STRUCTURE_TYPE_MEMORY_ALLOCATE_INFO, NULL, size, type};
    struct memory_block *block = calloc(1, sizeof(*block));
    void *mapped = NULL;

    if (!block || reserve_ranges(block))
        goto failed;
    if (memory->vk->vkAllocateMemory(memory->device, &info, NULL, &block->handle) != VK_SUCCESS) {
        block->handle = VK_NULL_HANDLE;
        goto failed;
    }
    if ((memory->properties->memoryTypes[type].propertyFlags &
         VK_MEMORY_PROPERTY_HOST_VISIBLE_BIT) &&
        memory->vk->vkMapMemory(memory->device, block->handle, 0, VK_WHOLE_SIZE, 0, &mapped) !=
            VK_SUCCESS)
        goto failed;
    block->mapped = mapped;
    block->size = size;
    block->type = type;
    block->is_image = is_image;
    block->free[0] = (struct range){0, size};
    block->free_n = 1;
    block->next = memory->blocks;
    memory->blocks = block;
    return block;
failed:
    if (block)
        block_free(memory, block);
    return NULL;
}

static void remove_range(struct memory_block *block, uint32_t at)
{
    block->free_n--;
    memmove(&block->free[at], &block->free[at + 1], (block->free_n - at) * sizeof(*block->free));
}

static void insert_range(struct memory_block *block, uint32_t at, struct range range)
{
    memmove(&block->free[at + 1], &block->free[at], (block->free_n - at) * sizeof(*block->free));
    block->free[at] = range;
    block->free_n++;
}

/* Cut needs out of the block's first free range that holds it. */
static int block_take(struct memory_block *block, const VkMemoryRequirements *needs,
                      struct memory_slice *slice)
{
    if (reserve_ranges(block))
        return -1;
    for (uint32_t i = 0; i < block->free_n; i++) {
        struct range range = block->free[i];
        VkDeviceSize start = (range.offset + needs->alignment - 1) & ~(needs->alignment - 1);
        VkDeviceSize end = start + needs->size;

        if (end > range.offset + range.size)
            continue;
        remove_range(block, i);
        if (end < range.offset + range.size)
            insert_range(block, i, (struct range){end, range.offset + range.size - end});
        if (start > range.offset)
            insert_range(block, i, (struct range){range.offset, start - range.offset});
        block->used += needs->size;
        block->slices_n++;
        slice->memory = block->handle;
        slice->offset = start;
        slice->size = needs->size;
        slice->mapped = block->mapped ? block->mapped + start : NULL;
        slice->block = block;
        return 0;
    }
    return -1;
}

static int take_from_type(struct memory *memory, const VkMemoryRequirements *needs, uint32_t type,
                          struct memory_slice *slice, const struct memory_block *like)
{
    VkDeviceSize heap =
        memory->properties->memoryHeaps[memory->properties->memoryTypes[type].heapIndex].size;
    VkDeviceSize shared = like->size < heap / 8 ? like->size : heap / 8;
    struct memory_block *block;

    if (needs->size <= shared / 2) {
        for (block = memory->blocks; block; block = block->next) {
            if (block->type == type && block->is_image == like->is_image && !block->dedicated &&
                !block_take(block, needs, slice))
                return 0;
        }
        block = block_new(memory, type, like->is_image, shared);
        if (block)
            return block_take(block, needs, slice);
    }
    block = block_new(memory, type, like->is_image, needs->size);
    if (!block)
        return -1;
    block->dedicated = true;
    return block_take(block, needs, slice);
}

int memory_take(struct memory *memory, const VkMemoryRequirements *needs, enum memory_kind kind,
                bool is_image, struct memory_slice *slice)
{
    struct memory_block like = {.size = kinds[kind].block_bytes, .is_image = is_image};

    memset(slice, 0, sizeof(*slice));
    assert(needs->size && needs->alignment && !(needs->alignment & (needs->alignment - 1)));
    /* First the types that have what we like, then those that merely do. */
    for (int liked = 1; liked >= 0; liked--) {
        for (uint32_t type = 0; type < memory->properties->memoryTypeCount; type++) {
            VkMemoryPropertyFlags flags = memory->properties->memoryTypes[type].propertyFlags;
            bool likes = (flags & kinds[kind].like) == kinds[kind].like;

            if (!(needs->memoryTypeBits & (1u << type)) || likes != liked ||
                (flags & kinds[kind].must) != kinds[kind].must)
                continue;
            if (!take_from_type(memory, needs, type, slice, &like))
                return 0;
        }
    }
    return -1;
}

static void block_unlink(struct memory *memory, struct memory_block *block)
{
    struct memory_block **link = &memory->blocks;

    while (*link != block)
        link = &(*link)->next;
    *link = block->next;
}

void memory_give(struct memory *memory, struct memory_slice *slice)
{
    struct memory_block *block = slice->block;
    struct range range = {slice->offset, slice->size};
    uint32_t at = 0;

    if (!block)
        return;
    memset(slice, 0, sizeof(*slice));
    assert(block->used >= range.size);
    block->used -= range.size;
    block->slices_n--;
    if (block->dedicated) {
        block_unlink(memory, block);
        block_free(memory, block);
        return;
    }
    while (at < block->free_n && block->free[at].offset < range.offset)
        at++;
    if (at < block->free_n && range.offset + range.size == block->free[at].offset) {
        range.size += block->free[at].size;
        remove_range(block, at);
    }
    if (at && block->free[at - 1].offset + block->free[at - 1].size == range.offset) {
        block->free[at - 1].size += range.size;
        return;
    }
    assert(block->free_n < block->free_max);
    insert_range(block, at, range);
}

struct memory_stats memory_stats(const struct memory *memory)
{
    struct memory_stats stats = {0};

    for (const struct memory_block *block = memory->blocks; block; block = block->next) {
        stats.blocks_n++;
        stats.block_bytes += block->size;
        stats.used_bytes += block->used;
    }
    return stats;
}
