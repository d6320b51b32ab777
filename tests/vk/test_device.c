/* SPDX-License-Identifier: Apache-2.0 */
#include "counted_allocator.h"
#include "tests/device_test.h"

static void check_info(const vireo_device_info *info, uint32_t index)
{
    assert_int_equal(info->index, index);
    assert_true(info->name[0] != '\0');
    assert_int_equal(info->usable, info->why_not[0] == '\0');
    if (!info->usable)
        return;
    assert_int_equal(strlen(info->uuid), 36);
    assert_true(info->driver[0] != '\0');
    assert_true(info->memory_bytes >= (uint64_t)1 << 28);
    assert_true(info->max_allocation_bytes >= (uint64_t)1 << 28);
    assert_true(info->max_storage_binding_bytes >= (uint64_t)1 << 27);
    assert_true(info->max_texel_elements >= 65536);
    assert_true(info->texel_offset_alignment >= 1 && info->texel_offset_alignment <= 256);
    assert_true(info->max_workgroup_invocations >= 128);
    assert_true(info->max_shared_bytes >= 16384);
    assert_true(info->max_push_bytes >= 128);
    assert_true(info->subgroup_size >= 1 && info->subgroup_size <= 128);
    assert_int_equal(strncmp(info->tier, "baseline", 8), 0);
}

static void test_list(void **state)
{
    (void)state;
    vireo_device *d = test_device_create();
    vireo_device_info *list = NULL;
    size_t n = 0;
    assert_int_equal(vireo_device_list(NULL, &list, &n, NULL), VIREO_OK);
    assert_true(n >= 1);
    for (size_t i = 0; i < n; i++) {
        check_info(&list[i], (uint32_t)i);
        assert_true(i == 0 || list[i - 1].type <= list[i].type);
    }
    const vireo_device_info *info = vireo_device_get_info(d);
    assert_string_equal(info->uuid, list[info->index].uuid);
    vireo_device_list_free(&list);
    assert_null(list);
    vireo_device_list_free(&list);
    vireo_device_list_free(NULL);
    test_device_destroy(&d);
    vireo_device_destroy(&d);
    vireo_device_destroy(NULL);
}

static void test_selection(void **state)
{
    (void)state;
    vireo_device *d = test_device_create();
    vireo_device_info info = *vireo_device_get_info(d);
    test_device_destroy(&d);
    char index[16];
    snprintf(index, sizeof index, "%u", info.index);
    const char *good[] = {index, info.uuid, info.name, info.driver};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        vireo_device_options options = test_device_options();
        options.select = good[i];
        d = test_device_create_with(&options, NULL);
        assert_string_equal(vireo_device_get_info(d)->uuid, info.uuid);
        test_device_destroy(&d);
    }
    vireo_device_options options = test_device_options();
    vireo_error err = {0};
    options.select = "no such device";
    assert_int_equal(vireo_device_create(&options, &d, &err), VIREO_ERROR_NO_DEVICE);
    assert_null(d);
    assert_non_null(strstr(err.message, info.name));
}

static void test_arguments(void **state)
{
    (void)state;
    vireo_device *d = NULL;
    vireo_device_info *list = NULL;
    size_t n = 0;
    vireo_error err = {0};
    vireo_device_options options = {0};
    assert_int_equal(vireo_device_create(&options, &d, &err), VIREO_ERROR_INVALID_ARGUMENT);
    assert_non_null(strstr(err.message, "struct_size"));
    assert_int_equal(vireo_device_list(&options, &list, &n, NULL), VIREO_ERROR_INVALID_ARGUMENT);
    options = VIREO_OPTIONS(vireo_device_options);
    assert_int_equal(vireo_device_create(&options, NULL, NULL), VIREO_ERROR_INVALID_ARGUMENT);
    assert_int_equal(vireo_device_list(&options, NULL, &n, NULL), VIREO_ERROR_INVALID_ARGUMENT);
    assert_int_equal(vireo_device_list(&options, &list, NULL, NULL), VIREO_ERROR_INVALID_ARGUMENT);
    options.allocator =
        &(vireo_allocator){.release = NULL, .allocate = (void *(*)(void *, size_t))1};
    assert_int_equal(vireo_device_create(&options, &d, &err), VIREO_ERROR_INVALID_ARGUMENT);
    assert_non_null(strstr(err.message, "allocator"));
    /* a caller whose header was older knew fewer fields, a newer one knows more */
    struct {
        vireo_device_options known;
        char unknown[64];
    } longer = {.known = test_device_options()};
    memset(longer.unknown, 0xff, sizeof longer.unknown);
    longer.known.struct_size = sizeof longer;
    d = test_device_create_with(&longer.known, NULL);
    test_device_destroy(&d);
    options = test_device_options();
    options.struct_size = offsetof(vireo_device_options, select);
    options.select = "never read";
    d = test_device_create_with(&options, NULL);
    test_device_destroy(&d);
}

static void test_override(void **state)
{
    (void)state;
    vireo_device_options options = test_device_options();
    vr_device_override o = {.max_storage_binding_bytes = 1000,
                            .max_texel_elements = 2000,
                            .max_workgroup_invocations = 64,
                            .max_shared_bytes = 3000,
                            .no_subgroups = true};
    vireo_device *d = test_device_create_with(&options, &o);
    const vireo_device_info *info = vireo_device_get_info(d);
    assert_int_equal(info->max_storage_binding_bytes, 1000);
    assert_int_equal(info->max_texel_elements, 2000);
    assert_int_equal(info->max_workgroup_invocations, 64);
    assert_int_equal(info->max_shared_bytes, 3000);
    assert_false(info->subgroup_arithmetic || info->subgroup_ballot || info->subgroup_shuffle);
    assert_int_equal(info->subgroup_size, 1);
    test_device_destroy(&d);
}

/* A fault made on purpose is counted and logged as an error. */
static void remember(void *user, vireo_log_level level, const char *message)
{
    if (level == VIREO_LOG_ERROR)
        snprintf(user, 512, "%s", message);
}

static void test_validation(void **state)
{
    (void)state;
    char message[512] = "";
    vireo_device *d = NULL;
    vireo_error err = {0};
    vireo_device_options options = test_device_options();
    options.validation = true;
    options.log = remember;
    options.log_user = message;
    vireo_status st = vireo_device_create(&options, &d, &err);
    if (st == VIREO_ERROR_UNSUPPORTED) {
        assert_non_null(strstr(err.message, "vulkan-validationlayers"));
        skip();
    }
    assert_int_equal(st, VIREO_OK);
    assert_int_equal(d->counters.validation_messages, 0);
    VkBufferCreateInfo empty = {.sType = VK_STRUCTURE_TYPE_BUFFER_CREATE_INFO,
                                .usage = VK_BUFFER_USAGE_STORAGE_BUFFER_BIT};
    VkBuffer buffer = VK_NULL_HANDLE;
    d->fn.vkCreateBuffer(d->handle, &empty, NULL, &buffer);
    assert_true(d->counters.validation_messages > 0);
    assert_non_null(strstr(message, "VUID-VkBufferCreateInfo-size-00912"));
    d->fn.vkDestroyBuffer(d->handle, buffer, NULL);
    vireo_device_destroy(&d);
}

/* Every request fails once; nothing may leak or crash, and out stays untouched. */
static void test_allocator(void **state)
{
    (void)state;
    counted c = {0};
    vireo_device *d;
    {
        vireo_allocator a = counted_allocator(&c);
        vireo_device_options options = test_device_options();
        options.allocator = &a;
        options.cache_dir = "/nonexistent/cache";
        d = test_device_create_with(&options, NULL);
        memset(&a, 0, sizeof a); /* it was copied */
    }
    assert_true(c.live > 0);
    test_device_destroy(&d);
    assert_int_equal(c.live, 0);
    size_t requests = c.made;
    for (size_t i = 1; i <= requests; i++) {
        c = (counted){.fail_at = i};
        vireo_allocator a = counted_allocator(&c);
        vireo_device_options options = test_device_options();
        vireo_error err = {0};
        options.allocator = &a;
        options.cache_dir = "/nonexistent/cache";
        d = NULL;
        vireo_status st = vireo_device_create(&options, &d, &err);
        if (st) {
            assert_int_equal(st, VIREO_ERROR_OUT_OF_MEMORY);
            assert_null(d);
        } else {
            vireo_device_destroy(&d); /* only the cache folder was given up */
        }
        assert_int_equal(c.live, 0);
    }
}

static void test_two_devices(void **state)
{
    (void)state;
    vireo_device *a = test_device_create(), *b = test_device_create();
    assert_ptr_not_equal(a->handle, b->handle);
    test_device_destroy(&a); /* what b uses of the loader must not depend on a's instance */
    vr_buffer buffer = {0};
    int x = 42, y = 0;
    assert_int_equal(vr_buffer_create(b, 4, VR_MEMORY_DEVICE, "test", &buffer, NULL), VIREO_OK);
    assert_int_equal(vr_buffer_write(b, &buffer, 0, &x, 4, NULL), VIREO_OK);
    assert_int_equal(vr_buffer_read(b, &buffer, 0, &y, 4, NULL), VIREO_OK);
    assert_int_equal(y, 42);
    vr_buffer_destroy(b, &buffer);
    test_device_destroy(&b);
}

static void create_one(void *user, size_t index)
{
    (void)index;
    vireo_device *d = NULL;
    vireo_device_options options = test_device_options();
    *(_Atomic unsigned *)user += vireo_device_create(&options, &d, NULL) == VIREO_OK;
    vireo_device_destroy(&d);
}

static void test_threads(void **state)
{
    (void)state;
    _Atomic unsigned good = 0;
    vr_parallel_for(6, create_one, &good);
    assert_int_equal(good, 6);
}

/* Last: it takes the drivers away from this process. */
static void test_no_driver(void **state)
{
    (void)state;
    vireo_device *d = NULL;
    vireo_device_info *list = NULL;
    size_t n = 0;
    vireo_error err = {0};
    setenv("VK_DRIVER_FILES", "/nonexistent/driver.json", 1);
    setenv("VK_ICD_FILENAMES", "/nonexistent/driver.json", 1);
    assert_int_equal(vireo_device_list(NULL, &list, &n, &err), VIREO_ERROR_NO_DEVICE);
    assert_null(list);
    const char *says[] = {"no Vulkan driver", "/etc/vulkan/icd.d", "/usr/share/vulkan/icd.d",
                          "mesa-vulkan-drivers"};
    for (size_t i = 0; i < sizeof says / sizeof *says; i++)
        assert_non_null(strstr(err.message, says[i]));
    assert_int_equal(vireo_device_create(NULL, &d, &err), VIREO_ERROR_NO_DEVICE);
    assert_null(d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_list),      cmocka_unit_test(test_selection),
        cmocka_unit_test(test_arguments), cmocka_unit_test(test_override),
        cmocka_unit_test(test_allocator), cmocka_unit_test(test_two_devices),
        cmocka_unit_test(test_threads),   cmocka_unit_test(test_validation),
        cmocka_unit_test(test_no_driver),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
