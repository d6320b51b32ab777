/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/device_test.h"

static const uint64_t mib = (uint64_t)1 << 20;

static vireo_device *create(const vr_device_override *override)
{
    vireo_device_options options = test_device_options();
    return test_device_create_with(&options, override);
}

static unsigned char *pattern(uint64_t bytes)
{
    unsigned char *data = malloc(bytes);
    assert_non_null(data);
    for (uint64_t i = 0; i < bytes; i++)
        data[i] = (unsigned char)(i * 31 + (i >> 8) * 7 + (i >> 16));
    return data;
}

/* Writes the whole, then a piece of it anew, and reads both back. */
static void check_copies(vireo_device *d, vr_memory_kind kind, uint64_t bytes, uint64_t offset,
                         uint64_t piece)
{
    vr_buffer b = {0};
    vireo_error err = {0};
    if (vr_buffer_create(d, bytes, kind, "test", &b, &err))
        fail_msg("%s", err.message);
    assert_true(b.bytes >= bytes && b.bytes >= 16);
    assert_true((kind == VR_MEMORY_HOST) <= (b.mapped != NULL));
    if (d->force_staging && kind == VR_MEMORY_DEVICE)
        assert_null(b.mapped);
    unsigned char *want = pattern(bytes + 1), *got = calloc(1, bytes + 1);
    assert_non_null(got);
    assert_int_equal(vr_buffer_write(d, &b, 0, want, bytes, NULL), VIREO_OK);
    for (uint64_t i = 0; i < piece; i++)
        want[offset + i] ^= 0x5a;
    assert_int_equal(vr_buffer_write(d, &b, offset, want + offset, piece, NULL), VIREO_OK);
    assert_int_equal(vr_buffer_read(d, &b, 0, got, bytes, NULL), VIREO_OK);
    assert_memory_equal(got, want, bytes);
    memset(got, 0, bytes);
    assert_int_equal(vr_buffer_read(d, &b, offset, got, piece, NULL), VIREO_OK);
    assert_memory_equal(got, want + offset, piece);
    free(got);
    free(want);
    vr_buffer_destroy(d, &b);
    assert_null(b.mapped);
    assert_int_equal(b.bytes, 0);
    vr_buffer_destroy(d, &b);
}

static void test_copies(void **state)
{
    (void)state;
    const struct {
        uint64_t bytes, offset, piece;
    } cases[] = {
        {0, 0, 0},
        {1, 0, 1},
        {17, 16, 1},
        {4096, 3, 1000},
        {16 * mib, 16 * mib - 5, 5},
        {35 * mib + 3, 15 * mib + 1, 17 * mib}, /* three chunks of staging */
    };
    for (int staging = 0; staging < 2; staging++) {
        vireo_device *d = create(&(vr_device_override){.force_staging = staging});
        for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
            check_copies(d, VR_MEMORY_DEVICE, cases[i].bytes, cases[i].offset, cases[i].piece);
            check_copies(d, VR_MEMORY_HOST, cases[i].bytes, cases[i].offset, cases[i].piece);
        }
        assert_true(d->counters.ns_upload > 0);
        test_device_destroy(&d);
    }
}

static void test_ranges(void **state)
{
    (void)state;
    vireo_device *d = create(NULL);
    vr_buffer b = {0};
    char bytes[128] = {0};
    assert_int_equal(vr_buffer_create(d, 64, VR_MEMORY_DEVICE, "test", &b, NULL), VIREO_OK);
    const struct {
        uint64_t offset, n;
    } wrong[] = {{0, 65}, {64, 1}, {65, 0}, {1, UINT64_MAX}, {UINT64_MAX, 1}, {UINT64_MAX, 2}};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        vireo_error err = {0};
        VkBufferView view = VK_NULL_HANDLE;
        assert_int_equal(vr_buffer_write(d, &b, wrong[i].offset, bytes, wrong[i].n, &err),
                         VIREO_ERROR_INVALID_ARGUMENT);
        assert_non_null(strstr(err.message, "of a buffer of 64"));
        assert_int_equal(vr_buffer_read(d, &b, wrong[i].offset, bytes, wrong[i].n, NULL),
                         VIREO_ERROR_INVALID_ARGUMENT);
        assert_int_equal(
            vr_view_create(d, &b, VK_FORMAT_R32_SFLOAT, wrong[i].offset, wrong[i].n, &view, NULL),
            VIREO_ERROR_INVALID_ARGUMENT);
    }
    assert_int_equal(vr_buffer_write(d, &b, 64, bytes, 0, NULL), VIREO_OK);
    vr_buffer_destroy(d, &b);
    test_device_destroy(&d);
}

static PFN_vkCreateBufferView real_view;
static VkDeviceSize viewed;

static VkResult VKAPI_CALL see_view(VkDevice d, const VkBufferViewCreateInfo *info,
                                    const VkAllocationCallbacks *a, VkBufferView *out)
{
    viewed = info->range;
    return real_view(d, info, a, out);
}

/* Buffers and views that look alike to llvmpipe: no power of two, and bits 8 to 15 that are not all 0. */
static void test_views(void **state)
{
    (void)state;
    static const struct {
        uint64_t bytes, viewed;
    } rows[] = {{16, 272},       {240, 496},         {256, 256},        {65520, 65520},
                {65536, 65792},  {65776, 66032},     {65792, 65792},    {131072, 131328},
                {196608, 196608 + 256}};
    vireo_device *d = create(&(vr_device_override){.max_allocation_bytes = mib,
                                                   .max_texel_elements = 196608 / 16});
    real_view = d->fn.vkCreateBufferView;
    d->fn.vkCreateBufferView = see_view;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        vr_buffer b = {0};
        VkBufferView view = VK_NULL_HANDLE;
        const uint64_t n = rows[i].bytes;
        const bool last = i + 1 == sizeof rows / sizeof *rows; /* as many texels as are allowed */
        assert_int_equal(vr_view_bytes(n), rows[i].viewed);
        assert_int_equal(vr_buffer_create(d, n, VR_MEMORY_DEVICE, "test", &b, NULL), VIREO_OK);
        assert_true(b.bytes == n && b.room >= rows[i].viewed && (b.room & (b.room - 1)) != 0);
        assert_int_equal(
            vr_view_create(d, &b, VK_FORMAT_R32G32B32A32_SFLOAT, 0, n, &view, NULL), VIREO_OK);
        assert_int_equal(viewed, last ? n : rows[i].viewed);
        d->fn.vkDestroyBufferView(d->handle, view, NULL);
        vr_buffer_destroy(d, &b);
    }
    vr_buffer b = {0};
    VkBufferView view = VK_NULL_HANDLE;
    assert_int_equal(vr_buffer_create(d, mib, VR_MEMORY_DEVICE, "test", &b, NULL), VIREO_OK);
    assert_int_equal(b.room, mib); /* nothing beyond the limit */
    assert_int_equal(
        vr_view_create(d, &b, VK_FORMAT_R32G32B32A32_SFLOAT, mib - 256, 240, &view, NULL), VIREO_OK);
    assert_int_equal(viewed, 240);
    d->fn.vkDestroyBufferView(d->handle, view, NULL);
    vr_buffer_destroy(d, &b);
    d->fn.vkCreateBufferView = real_view;
    test_device_destroy(&d);
}

static void test_limits(void **state)
{
    (void)state;
    vireo_device *d = create(&(vr_device_override){.max_allocation_bytes = mib});
    vr_buffer b = {0};
    vireo_error err = {0};
    assert_int_equal(vr_buffer_create(d, mib, VR_MEMORY_DEVICE, "weights", &b, &err), VIREO_OK);
    vr_buffer_destroy(d, &b);
    assert_int_equal(vr_buffer_create(d, mib + 1, VR_MEMORY_DEVICE, "weights", &b, &err),
                     VIREO_ERROR_LIMIT);
    assert_non_null(strstr(err.message, "weights: 1048577 bytes"));
    assert_non_null(strstr(err.message, "1048576"));
    assert_null(b.handle);
    test_device_destroy(&d);
    /* more than any heap: exhausted, whatever an allocation may measure */
    d = create(&(vr_device_override){.max_allocation_bytes = UINT64_MAX});
    uint64_t most = 0;
    for (uint32_t i = 0; i < d->memory.memoryHeapCount; i++)
        most = d->memory.memoryHeaps[i].size > most ? d->memory.memoryHeaps[i].size : most;
    vireo_status st = vr_buffer_create(d, most + mib, VR_MEMORY_DEVICE, "weights", &b, &err);
    assert_int_equal(st, VIREO_ERROR_OUT_OF_MEMORY);
    assert_non_null(strstr(err.message, "weights"));
    test_device_destroy(&d);
}

static void test_small_staging(void **state)
{
    (void)state;
    vireo_device *d =
        create(&(vr_device_override){.max_allocation_bytes = 4096, .force_staging = true});
    check_copies(d, VR_MEMORY_DEVICE, 4096, 5, 4000);
    test_device_destroy(&d);
}

/* Entry points that fail as the specification allows. */
static VkResult failing = VK_ERROR_OUT_OF_DEVICE_MEMORY;
static VKAPI_ATTR VkResult VKAPI_CALL fail_allocate(VkDevice device,
                                                    const VkMemoryAllocateInfo *info,
                                                    const VkAllocationCallbacks *callbacks,
                                                    VkDeviceMemory *memory)
{
    (void)device;
    (void)info;
    (void)callbacks;
    (void)memory;
    return failing;
}
static VKAPI_ATTR VkResult VKAPI_CALL fail_map(VkDevice device, VkDeviceMemory memory,
                                               VkDeviceSize offset, VkDeviceSize size,
                                               VkMemoryMapFlags flags, void **data)
{
    (void)device;
    (void)memory;
    (void)offset;
    (void)size;
    (void)flags;
    (void)data;
    return VK_ERROR_MEMORY_MAP_FAILED;
}
static VKAPI_ATTR VkResult VKAPI_CALL lose_submit(VkQueue queue, uint32_t n,
                                                  const VkSubmitInfo *infos, VkFence fence)
{
    (void)queue;
    (void)n;
    (void)infos;
    (void)fence;
    return VK_ERROR_DEVICE_LOST;
}

static void test_faults(void **state)
{
    (void)state;
    const struct {
        VkResult result;
        vireo_status status;
        const char *says;
    } cases[] = {
        {VK_ERROR_OUT_OF_DEVICE_MEMORY, VIREO_ERROR_OUT_OF_MEMORY, "cache: 64 bytes"},
        {VK_ERROR_OUT_OF_HOST_MEMORY, VIREO_ERROR_OUT_OF_MEMORY, "cache: 64 bytes"},
        {VK_ERROR_TOO_MANY_OBJECTS, VIREO_ERROR_DEVICE, "cache: VK_ERROR_TOO_MANY_OBJECTS"},
        {(VkResult)-123456, VIREO_ERROR_DEVICE, "cache: VkResult -123456"},
    };
    vireo_device *d = create(NULL);
    vr_buffer b = {0};
    PFN_vkAllocateMemory allocate = d->fn.vkAllocateMemory;
    d->fn.vkAllocateMemory = fail_allocate;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        vireo_error err = {0};
        failing = cases[i].result;
        assert_int_equal(vr_buffer_create(d, 64, VR_MEMORY_DEVICE, "cache", &b, &err),
                         cases[i].status);
        assert_non_null(strstr(err.message, cases[i].says));
        assert_null(b.handle);
    }
    d->fn.vkAllocateMemory = allocate;
    assert_int_equal(vr_device_check(d, NULL), VIREO_OK);
    test_device_destroy(&d);
}

static void test_map_fails(void **state)
{
    (void)state;
    vireo_device *d = create(NULL);
    vr_buffer b = {0}, host = {0};
    char data[100] = "through staging", got[100] = "";
    PFN_vkMapMemory map = d->fn.vkMapMemory;
    d->fn.vkMapMemory = fail_map;
    vireo_error err = {0};
    assert_int_equal(vr_buffer_create(d, 100, VR_MEMORY_DEVICE, "test", &b, NULL), VIREO_OK);
    assert_null(b.mapped);
    assert_int_equal(vr_buffer_create(d, 100, VR_MEMORY_HOST, "test", &host, &err),
                     VIREO_ERROR_DEVICE);
    assert_string_equal(err.message, "test: VK_ERROR_MEMORY_MAP_FAILED");
    d->fn.vkMapMemory = map;
    assert_int_equal(vr_buffer_write(d, &b, 0, data, 100, NULL), VIREO_OK);
    assert_int_equal(vr_buffer_read(d, &b, 0, got, 100, NULL), VIREO_OK);
    assert_string_equal(got, data);
    vr_buffer_destroy(d, &b);
    test_device_destroy(&d);
}

static void test_loss(void **state)
{
    (void)state;
    vireo_device *d = create(&(vr_device_override){.force_staging = true});
    vr_buffer b = {0}, other = {0};
    char data[16] = {0};
    assert_int_equal(vr_buffer_create(d, 16, VR_MEMORY_DEVICE, "test", &b, NULL), VIREO_OK);
    PFN_vkQueueSubmit submit = d->fn.vkQueueSubmit;
    d->fn.vkQueueSubmit = lose_submit;
    vireo_error err = {0};
    assert_int_equal(vr_buffer_write(d, &b, 0, data, 16, &err), VIREO_ERROR_DEVICE_LOST);
    assert_string_equal(err.message, "buffer write: VK_ERROR_DEVICE_LOST");
    d->fn.vkQueueSubmit = submit;
    assert_int_equal(vr_buffer_write(d, &b, 0, data, 16, &err), VIREO_ERROR_DEVICE_LOST);
    assert_int_equal(vr_buffer_read(d, &b, 0, data, 16, &err), VIREO_ERROR_DEVICE_LOST);
    assert_int_equal(vr_buffer_create(d, 16, VR_MEMORY_DEVICE, "x", &other, &err),
                     VIREO_ERROR_DEVICE_LOST);
    assert_int_equal(vr_device_check(d, &err), VIREO_ERROR_DEVICE_LOST);
    assert_non_null(strstr(err.message, "create it anew"));
    vr_buffer_destroy(d, &b);
    test_device_destroy(&d);
    d = create(NULL); /* the next one works */
    check_copies(d, VR_MEMORY_DEVICE, 100, 1, 2);
    test_device_destroy(&d);
}

typedef struct shared {
    vireo_device *device;
    _Atomic unsigned good;
} shared;

static void copy_one(void *user, size_t index)
{
    shared *s = user;
    unsigned char want[300], got[300] = {0};
    vr_buffer b = {0};
    memset(want, (int)index + 1, sizeof want);
    bool ok = !vr_buffer_create(s->device, sizeof want, VR_MEMORY_DEVICE, "test", &b, NULL) &&
              !vr_buffer_write(s->device, &b, 0, want, sizeof want, NULL) &&
              !vr_buffer_read(s->device, &b, 0, got, sizeof got, NULL) &&
              memcmp(want, got, sizeof got) == 0;
    vr_buffer_destroy(s->device, &b);
    s->good += ok;
}

static void test_threads(void **state)
{
    (void)state;
    shared s = {.device = create(&(vr_device_override){.force_staging = true})};
    vr_parallel_for(40, copy_one, &s);
    assert_int_equal(s.good, 40);
    test_device_destroy(&s.device);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_copies), cmocka_unit_test(test_ranges),
        cmocka_unit_test(test_views),  cmocka_unit_test(test_limits),
        cmocka_unit_test(test_small_staging),
        cmocka_unit_test(test_faults), cmocka_unit_test(test_map_fails),
        cmocka_unit_test(test_loss),   cmocka_unit_test(test_threads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
