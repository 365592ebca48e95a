/* test_memory.c -- the sub-allocator on a device of our own making: slices never overlap, gaps are
 * joined again, and a refusing device is survived. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "gfx/memory.h"

#define SLICES 200
#define MIB    (UINT64_C(1) << 20)

/* What the fake device has handed out. Its functions have no context, hence the static. */
static struct {
    unsigned live, made, refuse_type, refuse_all_from;
} fake;

static VKAPI_ATTR VkResult VKAPI_CALL fake_allocate(VkDevice device,
                                                    const VkMemoryAllocateInfo *info,
                                                    const VkAllocationCallbacks *callbacks,
                                                    VkDeviceMemory *memory)
{
    (void)device;
    (void)callbacks;
    if (info->memoryTypeIndex == fake.refuse_type || fake.made >= fake.refuse_all_from)
        return VK_ERROR_OUT_OF_DEVICE_MEMORY;
    fake.live++;
    fake.made++;
    *memory = (VkDeviceMemory)malloc(1);
    return VK_SUCCESS;
}

static VKAPI_ATTR void VKAPI_CALL fake_free(VkDevice device, VkDeviceMemory memory,
                                            const VkAllocationCallbacks *callbacks)
{
    (void)device;
    (void)callbacks;
    fake.live--;
    free((void *)memory);
}

static VKAPI_ATTR VkResult VKAPI_CALL fake_map(VkDevice device, VkDeviceMemory memory,
                                               VkDeviceSize offset, VkDeviceSize size,
                                               VkMemoryMapFlags flags, void **data)
{
    (void)device;
    (void)offset;
    (void)size;
    (void)flags;
    *data = (void *)memory; /* never written through here */
    return VK_SUCCESS;
}

static const VkPhysicalDeviceMemoryProperties properties = {
    .memoryTypeCount = 3,
    .memoryTypes = {{VK_MEMORY_PROPERTY_DEVICE_LOCAL_BIT, 0},
                    {VK_MEMORY_PROPERTY_HOST_VISIBLE_BIT | VK_MEMORY_PROPERTY_HOST_COHERENT_BIT, 1},
                    {VK_MEMORY_PROPERTY_HOST_VISIBLE_BIT | VK_MEMORY_PROPERTY_HOST_COHERENT_BIT |
                         VK_MEMORY_PROPERTY_HOST_CACHED_BIT,
                     1}},
    .memoryHeapCount = 2,
    .memoryHeaps = {{1024 * MIB, VK_MEMORY_HEAP_DEVICE_LOCAL_BIT}, {2048 * MIB, 0}},
};

static struct VolkDeviceTable table = {
    .vkAllocateMemory = fake_allocate,
    .vkFreeMemory = fake_free,
    .vkMapMemory = fake_map,
};

static struct memory *new_memory(void)
{
    struct memory *memory = memory_new(&table, VK_NULL_HANDLE, &properties);

    fake.live = fake.made = 0;
    fake.refuse_type = fake.refuse_all_from = UINT32_MAX;
    assert_non_null(memory);
    return memory;
}

static VkMemoryRequirements needs(VkDeviceSize size, VkDeviceSize alignment)
{
    return (VkMemoryRequirements){size, alignment, 0x7};
}

static void test_slices_never_overlap(void **state)
{
    struct memory *memory = new_memory();
    struct memory_slice slices[SLICES] = {{0}};
    uint32_t random = 12345;

    (void)state;
    for (unsigned round = 0; round < 20000; round++) {
        struct memory_slice *slice;

        random = random * 1664525u + 1013904223u;
        slice = &slices[(random >> 8) % SLICES];
        if (slice->block) {
            memory_give(memory, slice);
            assert_null(slice->block);
            continue;
        }
        VkMemoryRequirements wanted = needs(1 + (random >> 16) % 300000, 1u << (random >> 28));

        assert_int_equal(memory_take(memory, &wanted, MEMORY_UPLOAD, false, slice), 0);
        assert_int_equal(slice->offset % wanted.alignment, 0);
        for (unsigned i = 0; i < SLICES; i++) {
            const struct memory_slice *other = &slices[i];

            if (other != slice && other->memory == slice->memory && other->block)
                assert_true(other->offset + other->size <= slice->offset ||
                            slice->offset + slice->size <= other->offset);
        }
    }
    for (unsigned i = 0; i < SLICES; i++)
        memory_give(memory, &slices[i]);
    assert_int_equal(memory_stats(memory).used_bytes, 0);
    memory_free(memory);
    assert_int_equal(fake.live, 0);
}

static void test_gaps_are_joined(void **state)
{
    struct memory *memory = new_memory();
    struct memory_slice small[8], whole;
    VkMemoryRequirements eighth = needs(MIB / 2, 256), all = needs(4 * MIB, 256);

    (void)state;
    for (int i = 0; i < 8; i++)
        assert_int_equal(memory_take(memory, &eighth, MEMORY_UPLOAD, false, &small[i]), 0);
    for (int i = 0; i < 8; i += 2)
        memory_give(memory, &small[i]);
    for (int i = 7; i > 0; i -= 2)
        memory_give(memory, &small[i]);
    assert_int_equal(memory_take(memory, &all, MEMORY_UPLOAD, false, &whole), 0);
    assert_int_equal(whole.offset, 0); /* no piece is lost between */
    assert_int_equal(fake.made, 1);
    memory_give(memory, &whole);
    memory_free(memory);
}

static void test_large_ones_come_and_go_alone(void **state)
{
    struct memory *memory = new_memory();
    VkMemoryRequirements large = needs(100 * MIB, 65536);
    struct memory_slice slice;

    (void)state;
    assert_int_equal(memory_take(memory, &large, MEMORY_DEVICE, true, &slice), 0);
    assert_int_equal(memory_stats(memory).block_bytes, 100 * MIB);
    memory_give(memory, &slice);
    assert_int_equal(fake.live, 0);
    memory_free(memory);
}

static void test_images_and_buffers_lie_apart(void **state)
{
    struct memory *memory = new_memory();
    VkMemoryRequirements small = needs(1000, 16);
    struct memory_slice image, buffer;

    (void)state;
    assert_int_equal(memory_take(memory, &small, MEMORY_DEVICE, true, &image), 0);
    assert_int_equal(memory_take(memory, &small, MEMORY_DEVICE, false, &buffer), 0);
    assert_true(image.memory != buffer.memory);
    memory_give(memory, &image);
    memory_give(memory, &buffer);
    memory_free(memory);
}

static void test_kinds_get_the_types_they_like(void **state)
{
    struct memory *memory = new_memory();
    VkMemoryRequirements small = needs(1000, 16);
    struct memory_slice device, upload, readback;

    (void)state;
    assert_int_equal(memory_take(memory, &small, MEMORY_DEVICE, false, &device), 0);
    assert_int_equal(memory_take(memory, &small, MEMORY_UPLOAD, false, &upload), 0);
    assert_int_equal(memory_take(memory, &small, MEMORY_READBACK, false, &readback), 0);
    assert_null(device.mapped);
    assert_non_null(upload.mapped);
    assert_non_null(readback.mapped);
    assert_true(upload.memory != readback.memory);
    memory_give(memory, &device);
    memory_give(memory, &upload);
    memory_give(memory, &readback);
    memory_free(memory);
}

static void test_a_refusing_device_is_survived(void **state)
{
    struct memory *memory = new_memory();
    VkMemoryRequirements small = needs(1000, 16);
    struct memory_slice slice;

    (void)state;
    fake.refuse_type = 0; /* its own memory is full: host memory will do */
    assert_int_equal(memory_take(memory, &small, MEMORY_DEVICE, false, &slice), 0);
    assert_non_null(slice.mapped);
    memory_give(memory, &slice);
    memory_free(memory);

    memory = new_memory();
    fake.refuse_all_from = 0;
    assert_int_equal(memory_take(memory, &small, MEMORY_DEVICE, false, &slice), -1);
    assert_null(slice.block);
    memory_give(memory, &slice); /* giving nothing back is fine */
    memory_free(memory);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_slices_never_overlap),
        cmocka_unit_test(test_gaps_are_joined),
        cmocka_unit_test(test_large_ones_come_and_go_alone),
        cmocka_unit_test(test_images_and_buffers_lie_apart),
        cmocka_unit_test(test_kinds_get_the_types_they_like),
        cmocka_unit_test(test_a_refusing_device_is_survived),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
