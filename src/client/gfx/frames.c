/* frames.c -- see frames.h. */
#include "gfx/frames.h"

#include <stdlib.h>
#include <string.h>

#include "gfx/scene.h"

#define TRANSIENT_BYTES (UINT64_C(256) << 10)
#define TRANSIENT_ALIGN UINT64_C(64)
#define TRANSIENT_USAGE (VK_BUFFER_USAGE_VERTEX_BUFFER_BIT | VK_BUFFER_USAGE_INDEX_BUFFER_BIT)

static int frame_commands(struct device *device, struct frame *frame, unsigned i,
                          struct error *error)
{
    VkCommandPoolCreateInfo pool = {.sType = VK_STRUCTURE_TYPE_COMMAND_POOL_CREATE_INFO,
                                    .flags = VK_COMMAND_POOL_CREATE_TRANSIENT_BIT,
                                    .queueFamilyIndex = device->queue_family};
    VkCommandBufferAllocateInfo cmd = {.sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_ALLOCATE_INFO,
                                       .level = VK_COMMAND_BUFFER_LEVEL_PRIMARY,
                                       .commandBufferCount = 1};
    VkFenceCreateInfo fence = {VK_STRUCTURE_TYPE_FENCE_CREATE_INFO, NULL, 0};
    VkSemaphoreCreateInfo semaphore = {VK_STRUCTURE_TYPE_SEMAPHORE_CREATE_INFO, NULL, 0};
    VkQueryPoolCreateInfo queries = {.sType = VK_STRUCTURE_TYPE_QUERY_POOL_CREATE_INFO,
                                     .queryType = VK_QUERY_TYPE_TIMESTAMP,
                                     .queryCount = FRAME_SCOPES_MAX + 1};
    struct VolkDeviceTable *vk = &device->vk;

    if (device_check(vk->vkCreateCommandPool(device->handle, &pool, NULL, &frame->pool),
                     "cannot make a command pool", error))
        return -1;
    cmd.commandPool = frame->pool;
    if (device_check(vk->vkAllocateCommandBuffers(device->handle, &cmd, &frame->cmd),
                     "cannot make a command buffer", error) ||
        device_check(vk->vkCreateFence(device->handle, &fence, NULL, &frame->done),
                     "cannot make a fence", error) ||
        device_check(vk->vkCreateSemaphore(device->handle, &semaphore, NULL, &frame->acquired),
                     "cannot make a semaphore", error))
        return -1;
    if (device->has_timestamps &&
        device_check(vk->vkCreateQueryPool(device->handle, &queries, NULL, &frame->queries),
                     "cannot make a query pool", error))
        return -1;
    device_name(device, VK_OBJECT_TYPE_COMMAND_BUFFER, DEVICE_HANDLE(frame->cmd), "frame %u", i);
    device_name(device, VK_OBJECT_TYPE_COMMAND_POOL, DEVICE_HANDLE(frame->pool), "frame %u", i);
    device_name(device, VK_OBJECT_TYPE_FENCE, DEVICE_HANDLE(frame->done), "frame %u done", i);
    device_name(device, VK_OBJECT_TYPE_SEMAPHORE, DEVICE_HANDLE(frame->acquired),
                "frame %u acquired", i);
    device_name(device, VK_OBJECT_TYPE_QUERY_POOL, DEVICE_HANDLE(frame->queries), "frame %u times",
                i);
    return 0;
}

static int frame_memory(struct frames *frames, struct frame *frame, unsigned i,
                        VkDescriptorSetLayout layout, struct error *error)
{
    struct device *device = frames->device;
    VkDescriptorSetAllocateInfo sets = {.sType = VK_STRUCTURE_TYPE_DESCRIPTOR_SET_ALLOCATE_INFO,
                                        .descriptorPool = frames->pool,
                                        .descriptorSetCount = 1,
                                        .pSetLayouts = &layout};
    VkDescriptorBufferInfo info = {VK_NULL_HANDLE, 0, sizeof(struct scene_globals)};
    VkWriteDescriptorSet write = {.sType = VK_STRUCTURE_TYPE_WRITE_DESCRIPTOR_SET,
                                  .descriptorCount = 1,
                                  .descriptorType = VK_DESCRIPTOR_TYPE_UNIFORM_BUFFER,
                                  .pBufferInfo = &info};

    if (buffer_init(device, &frame->globals, sizeof(struct scene_globals),
                    VK_BUFFER_USAGE_UNIFORM_BUFFER_BIT, MEMORY_UPLOAD) ||
        buffer_init(device, &frame->transient, TRANSIENT_BYTES, TRANSIENT_USAGE, MEMORY_UPLOAD))
        return error_set(error, "out of graphics memory for a frame's buffers");
    if (device_check(device->vk.vkAllocateDescriptorSets(device->handle, &sets, &frame->set),
                     "cannot make a descriptor set", error))
        return -1;
    info.buffer = frame->globals.handle;
    write.dstSet = frame->set;
    device->vk.vkUpdateDescriptorSets(device->handle, 1, &write, 0, NULL);
    device_name(device, VK_OBJECT_TYPE_BUFFER, DEVICE_HANDLE(frame->globals.handle),
                "frame %u globals", i);
    device_name(device, VK_OBJECT_TYPE_BUFFER, DEVICE_HANDLE(frame->transient.handle),
                "frame %u transient", i);
    device_name(device, VK_OBJECT_TYPE_DESCRIPTOR_SET, DEVICE_HANDLE(frame->set),
                "frame %u globals", i);
    return 0;
}

int frames_init(struct frames *frames, struct device *device, VkDescriptorSetLayout set_layout,
                VkDescriptorPool pool, struct error *error)
{
    memset(frames, 0, sizeof(*frames));
    frames->device = device;
    frames->pool = pool;
    frames->next = 1;
    for (unsigned i = 0; i < FRAMES_IN_FLIGHT; i++) {
        if (frame_commands(device, &frames->slot[i], i, error) ||
            frame_memory(frames, &frames->slot[i], i, set_layout, error))
            return -1;
    }
    return 0;
}

static void destroy_garbage(struct frames *frames, struct garbage *item)
{
    struct device *device = frames->device;

    buffer_fini(device, &item->buffer);
    image_fini(device, &item->image);
    if (item->set)
        device->vk.vkFreeDescriptorSets(device->handle, frames->pool, 1, &item->set);
}

static void collect_garbage(struct frames *frames)
{
    unsigned kept = 0;

    for (unsigned i = 0; i < frames->garbage_n; i++) {
        if (frames->garbage[i].number <= frames->finished)
            destroy_garbage(frames, &frames->garbage[i]);
        else
            frames->garbage[kept++] = frames->garbage[i];
    }
    frames->garbage_n = kept;
}

void frames_fini(struct frames *frames)
{
    struct device *device = frames->device;

    if (!device)
        return;
    frames->finished = UINT64_MAX;
    collect_garbage(frames);
    free(frames->garbage);
    for (unsigned i = 0; i < FRAMES_IN_FLIGHT; i++) {
        struct frame *frame = &frames->slot[i];

        buffer_fini(device, &frame->globals);
        buffer_fini(device, &frame->transient);
        if (frame->queries)
            device->vk.vkDestroyQueryPool(device->handle, frame->queries, NULL);
        if (frame->acquired)
            device->vk.vkDestroySemaphore(device->handle, frame->acquired, NULL);
        if (frame->done)
            device->vk.vkDestroyFence(device->handle, frame->done, NULL);
        if (frame->pool)
            device->vk.vkDestroyCommandPool(device->handle, frame->pool, NULL);
    }
    memset(frames, 0, sizeof(*frames));
}

/* The slot's frame has finished: read how long its passes took. */
static void read_times(struct frames *frames, const struct frame *frame)
{
    struct device *device = frames->device;
    uint64_t ticks[FRAME_SCOPES_MAX + 1];
    float ms_per_tick = device->properties.limits.timestampPeriod * 1e-6f;

    if (!frame->scopes_n ||
        device->vk.vkGetQueryPoolResults(device->handle, frame->queries, 0, frame->scopes_n + 1,
                                         sizeof(ticks), ticks, sizeof(ticks[0]),
                                         VK_QUERY_RESULT_64_BIT) != VK_SUCCESS)
        return;
    for (unsigned i = 0; i < frame->scopes_n; i++) {
        frames->times[i].name = frame->scopes[i];
        frames->times[i].ms = (float)(ticks[i + 1] - ticks[i]) * ms_per_tick;
    }
    frames->times_n = frame->scopes_n;
}

static int wait_slot(struct frames *frames, struct frame *frame, struct error *error)
{
    struct device *device = frames->device;

    if (!frame->number || frame->number <= frames->finished)
        return 0;
    if (device_check(
            device->vk.vkWaitForFences(device->handle, 1, &frame->done, VK_TRUE, FRAMES_TIMEOUT_NS),
            "cannot finish a frame", error))
        return -1;
    frames->finished = frame->number;
    read_times(frames, frame);
    return 0;
}

struct frame *frames_begin(struct frames *frames, struct error *error)
{
    struct device *device = frames->device;
    struct frame *frame = &frames->slot[frames->next % FRAMES_IN_FLIGHT];
    VkCommandBufferBeginInfo begin = {.sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_BEGIN_INFO,
                                      .flags = VK_COMMAND_BUFFER_USAGE_ONE_TIME_SUBMIT_BIT};

    if (wait_slot(frames, frame, error))
        return NULL;
    collect_garbage(frames);
    frame->transient_used = 0;
    frame->scopes_n = 0;
    if (device_check(device->vk.vkResetCommandPool(device->handle, frame->pool, 0),
                     "cannot begin a frame", error) ||
        device_check(device->vk.vkBeginCommandBuffer(frame->cmd, &begin), "cannot begin a frame",
                     error))
        return NULL;
    if (frame->queries)
        device->vk.vkCmdResetQueryPool(frame->cmd, frame->queries, 0, FRAME_SCOPES_MAX + 1);
    return frame;
}

void frames_scope(struct frames *frames, struct frame *frame, const char *name)
{
    if (!frame->queries || frame->scopes_n == FRAME_SCOPES_MAX)
        return;
    frames->device->vk.vkCmdWriteTimestamp2(frame->cmd, VK_PIPELINE_STAGE_2_ALL_COMMANDS_BIT,
                                            frame->queries, frame->scopes_n);
    frame->scopes[frame->scopes_n++] = name;
}

int frames_submit(struct frames *frames, struct frame *frame, bool wait, VkSemaphore signal,
                  struct error *error)
{
    struct device *device = frames->device;
    VkCommandBufferSubmitInfo cmd = {.sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_SUBMIT_INFO,
                                     .commandBuffer = frame->cmd};
    VkSemaphoreSubmitInfo before = {.sType = VK_STRUCTURE_TYPE_SEMAPHORE_SUBMIT_INFO,
                                    .semaphore = frame->acquired,
                                    .stageMask = VK_PIPELINE_STAGE_2_TRANSFER_BIT};
    VkSemaphoreSubmitInfo after = {.sType = VK_STRUCTURE_TYPE_SEMAPHORE_SUBMIT_INFO,
                                   .semaphore = signal,
                                   .stageMask = VK_PIPELINE_STAGE_2_ALL_COMMANDS_BIT};
    VkSubmitInfo2 submit = {.sType = VK_STRUCTURE_TYPE_SUBMIT_INFO_2,
                            .waitSemaphoreInfoCount = wait ? 1 : 0,
                            .pWaitSemaphoreInfos = &before,
                            .commandBufferInfoCount = 1,
                            .pCommandBufferInfos = &cmd,
                            .signalSemaphoreInfoCount = signal ? 1 : 0,
                            .pSignalSemaphoreInfos = &after};

    if (frame->scopes_n)
        device->vk.vkCmdWriteTimestamp2(frame->cmd, VK_PIPELINE_STAGE_2_ALL_COMMANDS_BIT,
                                        frame->queries, frame->scopes_n);
    if (device_check(device->vk.vkEndCommandBuffer(frame->cmd), "cannot record a frame", error) ||
        device_check(device->vk.vkResetFences(device->handle, 1, &frame->done),
                     "cannot reset a fence", error) ||
        device_check(device->vk.vkQueueSubmit2(device->queue, 1, &submit, frame->done),
                     "cannot submit a frame", error))
        return -1;
    frame->number = frames->next++;
    return 0;
}

void frames_drain(struct frames *frames)
{
    device_idle(frames->device);
    if (frames->next) {
        frames->finished = frames->next - 1;
        collect_garbage(frames);
    }
}

void *frames_transient(struct frames *frames, struct frame *frame, VkDeviceSize size,
                       VkBuffer *buffer, VkDeviceSize *offset)
{
    VkDeviceSize start = (frame->transient_used + TRANSIENT_ALIGN - 1) & ~(TRANSIENT_ALIGN - 1);

    if (start + size > frame->transient.size) {
        VkDeviceSize bytes = frame->transient.size * 2;
        struct garbage old = {.buffer = frame->transient};
        struct buffer grown;

        while (bytes < size)
            bytes *= 2;
        if (buffer_init(frames->device, &grown, bytes, TRANSIENT_USAGE, MEMORY_UPLOAD))
            return NULL;
        device_name(frames->device, VK_OBJECT_TYPE_BUFFER, DEVICE_HANDLE(grown.handle),
                    "frame transient, grown");
        frames_discard(frames, &old);
        frame->transient = grown;
        start = 0;
    }
    frame->transient_used = start + size;
    *buffer = frame->transient.handle;
    *offset = start;
    return (char *)frame->transient.slice.mapped + start;
}

void frames_discard(struct frames *frames, struct garbage *item)
{
    if (frames->garbage_n == frames->garbage_max) {
        unsigned max = frames->garbage_max ? frames->garbage_max * 2 : 32;
        struct garbage *grown = realloc(frames->garbage, max * sizeof(*grown));

        if (!grown) {
            device_idle(frames->device);
            destroy_garbage(frames, item);
            memset(item, 0, sizeof(*item));
            return;
        }
        frames->garbage = grown;
        frames->garbage_max = max;
    }
    item->number = frames->next;
    frames->garbage[frames->garbage_n++] = *item;
    memset(item, 0, sizeof(*item));
}
