/* faults.c -- see faults.h. The planted functions have no context argument, so what they replace is
 * kept in one static; it exists only in test builds. */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "gfx/faults.h"

#include <string.h>

#include "gfx/device.h"

#ifdef TEST_FAULTS

static const struct {
    const char *name;
    enum fault fault;
} faults[] = {
    {"flip-diagonal", FAULT_FLIP_DIAGONAL},
    {"shift-terrain", FAULT_SHIFT_TERRAIN},
    {"tilted-view", FAULT_TILTED_VIEW},
    {"wrong-id", FAULT_WRONG_ID},
    {"sun-ignored", FAULT_SUN_IGNORED},
    {"depth-by-sun", FAULT_DEPTH_BY_SUN},
    {"missing-barrier", FAULT_MISSING_BARRIER},
    {"out-of-memory", FAULT_OUT_OF_MEMORY},
    {"device-lost", FAULT_DEVICE_LOST},
    {"out-of-date", FAULT_OUT_OF_DATE},
    {"no-image", FAULT_NO_IMAGE},
};

static struct {
    PFN_vkCmdPipelineBarrier2 barrier;
    PFN_vkAllocateMemory allocate;
    PFN_vkQueueSubmit2 submit;
    PFN_vkQueuePresentKHR present;
    PFN_vkAcquireNextImageKHR acquire;
    unsigned allocations, submissions, presentations, acquisitions;
} real;

#define BARRIERS_MAX 16

/* Layouts change, but nobody waits for what was written. */
static VKAPI_ATTR void VKAPI_CALL barrier_missing(VkCommandBuffer cmd, const VkDependencyInfo *info)
{
    VkImageMemoryBarrier2 images[BARRIERS_MAX];
    VkDependencyInfo copy = *info;

    for (uint32_t i = 0; i < info->imageMemoryBarrierCount && i < BARRIERS_MAX; i++) {
        images[i] = info->pImageMemoryBarriers[i];
        images[i].srcStageMask = VK_PIPELINE_STAGE_2_NONE;
        images[i].srcAccessMask = VK_ACCESS_2_NONE;
    }
    copy.memoryBarrierCount = 0;
    copy.pImageMemoryBarriers = images;
    if (copy.imageMemoryBarrierCount)
        real.barrier(cmd, &copy);
}

static VKAPI_ATTR VkResult VKAPI_CALL allocate_failing(VkDevice device,
                                                       const VkMemoryAllocateInfo *info,
                                                       const VkAllocationCallbacks *callbacks,
                                                       VkDeviceMemory *memory)
{
    if (real.allocations++ >= 1)
        return VK_ERROR_OUT_OF_DEVICE_MEMORY;
    return real.allocate(device, info, callbacks, memory);
}

static VKAPI_ATTR VkResult VKAPI_CALL submit_losing(VkQueue queue, uint32_t count,
                                                    const VkSubmitInfo2 *submits, VkFence fence)
{
    if (++real.submissions >= 3)
        return VK_ERROR_DEVICE_LOST;
    return real.submit(queue, count, submits, fence);
}

static VKAPI_ATTR VkResult VKAPI_CALL present_stale(VkQueue queue, const VkPresentInfoKHR *info)
{
    VkResult result = real.present(queue, info);

    return result == VK_SUCCESS && ++real.presentations % 3 == 0 ? VK_ERROR_OUT_OF_DATE_KHR
                                                                 : result;
}

static VKAPI_ATTR VkResult VKAPI_CALL acquire_in_vain(VkDevice device, VkSwapchainKHR swapchain,
                                                      uint64_t timeout, VkSemaphore semaphore,
                                                      VkFence fence, uint32_t *index)
{
    if (++real.acquisitions % 3 == 0)
        return VK_TIMEOUT;
    return real.acquire(device, swapchain, timeout, semaphore, fence, index);
}

int faults_parse(const char *name, enum fault *fault, struct error *error)
{
    *fault = FAULT_NONE;
    if (!name)
        return 0;
    for (size_t i = 0; i < ARRAY_N(faults); i++) {
        if (!strcmp(faults[i].name, name)) {
            *fault = faults[i].fault;
            return 0;
        }
    }
    return error_set(error, "no planted fault is called \"%s\"", name);
}

void faults_plant(struct device *device)
{
    struct VolkDeviceTable *vk = &device->vk;

    memset(&real, 0, sizeof(real));
    if (device->fault == FAULT_MISSING_BARRIER) {
        real.barrier = vk->vkCmdPipelineBarrier2;
        vk->vkCmdPipelineBarrier2 = barrier_missing;
    } else if (device->fault == FAULT_OUT_OF_MEMORY) {
        real.allocate = vk->vkAllocateMemory;
        vk->vkAllocateMemory = allocate_failing;
    } else if (device->fault == FAULT_DEVICE_LOST) {
        real.submit = vk->vkQueueSubmit2;
        vk->vkQueueSubmit2 = submit_losing;
    } else if (device->fault == FAULT_OUT_OF_DATE) {
        real.present = vk->vkQueuePresentKHR;
        vk->vkQueuePresentKHR = present_stale;
    } else if (device->fault == FAULT_NO_IMAGE) {
        real.acquire = vk->vkAcquireNextImageKHR;
        vk->vkAcquireNextImageKHR = acquire_in_vain;
    }
}

#else

int faults_parse(const char *name, enum fault *fault, struct error *error)
{
    *fault = FAULT_NONE;
    if (!name)
        return 0;
    return error_set(error, "the planted fault \"%s\" needs a build with --enable-test-faults",
                     name);
}

void faults_plant(struct device *device)
{
    (void)device;
}

#endif
