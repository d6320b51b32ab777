/* SPDX-License-Identifier: Apache-2.0
 * The roof: every kind that the device offers computes what it says; what is wrong is found. */
#include "tests/device_test.h"
#include "run/session.h"

static vireo_device *device;

static int setup(void **state)
{
    (void)state;
    device = test_device_create();
    return 0;
}

static void no_validation_messages(void **state)
{
    (void)state;
    test_device_destroy(&device);
}

static bool is_offered(const char *name)
{
    const vireo_device_info *d = vireo_device_get_info(device);
    if (strstr(name, "_texel"))
        return d->max_texel_elements >= (64u << 20) / 16;
    return strcmp(name, "f16") == 0 ? d->float16 : strcmp(name, "int8") == 0 ? d->int8_dot : true;
}

/* Where memory is staged, the first transfer makes the staging buffer, which stays until the device is
 * destroyed. */
static uint64_t memory_after_a_transfer(void)
{
    const uint32_t word = 1;
    vr_buffer b;
    vireo_error err = {0};
    if (vr_buffer_create(device, sizeof word, VR_MEMORY_DEVICE, "word", &b, &err) ||
        vr_buffer_write(device, &b, 0, &word, sizeof word, &err))
        fail_msg("%s", err.message);
    vr_buffer_destroy(device, &b);
    return device->counters.memory_bytes;
}

static void check_every_roof(void)
{
    size_t n = 0, offered = 0;
    const uint64_t before = memory_after_a_transfer();
    for (const char *name; (name = vireo_roof_name(n)); n++) {
        vireo_roof *roof = NULL;
        vireo_error err = {0};
        const vireo_status st = vireo_roof_create(device, name, 0, &roof, &err);
        if (!is_offered(name)) {
            assert_int_equal(st, VIREO_ERROR_UNSUPPORTED);
            assert_null(roof);
            assert_non_null(strstr(err.message, name));
            continue;
        }
        if (st || vireo_roof_run(roof, 2, &err) || vireo_roof_check(roof, &err) ||
            vireo_roof_run(roof, 1, &err) || vireo_roof_check(roof, &err))
            fail_msg("%s: %s", name, err.message);
        const vireo_roof_info *info = vireo_roof_get_info(roof);
        assert_string_equal(info->name, name);
        assert_true((info->bytes > 0) != (info->operations > 0));
        assert_true(device->counters.memory_bytes > before);
        assert_int_equal(vireo_roof_run(roof, 0, &err), VIREO_ERROR_INVALID_ARGUMENT);
        vireo_roof_destroy(&roof);
        assert_null(roof);
        offered++;
    }
    assert_int_equal(n, 11);
    assert_true(offered >= 6);
    assert_int_equal(device->counters.memory_bytes, before);
    assert_true(device->counters.memory_peak_bytes >= before + ((uint64_t)128 << 20));
}

static void every_roof_is_right(void **state)
{
    (void)state;
    check_every_roof();
}

/* As on a device whose memory the host does not see. */
static void staged(void **state)
{
    (void)state;
    vireo_device *usual = device;
    const vireo_device_options options = test_device_options();
    device = test_device_create_with(&options, &(vr_device_override){.force_staging = true});
    const uint64_t before = device->counters.memory_bytes;
    assert_true(memory_after_a_transfer() > before);
    check_every_roof();
    test_device_destroy(&device);
    device = usual;
}

/* A unit is a dispatch, and before the first one nothing has been written that could pass. */
static void units_are_work(void **state)
{
    (void)state;
    static const char *const names[] = {"copy", "read", "gather", "f32", "gather_texel"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        vireo_roof *roof = NULL;
        vireo_error err = {0};
        if (!is_offered(names[i]))
            continue;
        assert_int_equal(vireo_roof_create(device, names[i], 0, &roof, &err), VIREO_OK);
        assert_int_equal(vireo_roof_check(roof, &err), VIREO_ERROR_DEVICE);
        assert_non_null(strstr(err.message, names[i]));
        const uint64_t dispatches = device->counters.dispatches, submits = device->counters.submits;
        assert_int_equal(vireo_roof_run(roof, 3, &err), VIREO_OK);
        assert_int_equal(device->counters.dispatches, dispatches + 3);
        assert_int_equal(device->counters.submits, submits + 1);
        assert_int_equal(vireo_roof_run(roof, 1, &err), VIREO_OK);
        assert_int_equal(device->counters.dispatches, dispatches + 4);
        assert_int_equal(vireo_roof_check(roof, &err), VIREO_OK);
        vireo_roof_destroy(&roof);
    }
    static const char *const ways[] = {"upload", "download"};
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
        vireo_roof *roof = NULL;
        vireo_error err = {0};
        assert_int_equal(vireo_roof_create(device, ways[i], 0, &roof, &err), VIREO_OK);
        assert_int_equal(vireo_roof_check(roof, &err), VIREO_ERROR_DEVICE);
        assert_int_equal(vireo_roof_run(roof, 1, &err), VIREO_OK);
        assert_int_equal(vireo_roof_check(roof, &err), VIREO_OK);
        vireo_roof_destroy(&roof);
    }
}

static void salts_are_programs(void **state)
{
    (void)state;
    for (uint32_t salt = 1; salt <= 2; salt++) {
        vireo_roof *roof = NULL;
        vireo_error err = {0};
        const uint64_t made = device->counters.pipelines_created;
        assert_int_equal(vireo_roof_create(device, "f32", salt, &roof, &err), VIREO_OK);
        assert_int_equal(device->counters.pipelines_created, made + 1);
        assert_int_equal(vireo_roof_run(roof, 1, &err), VIREO_OK);
        assert_int_equal(vireo_roof_check(roof, &err), VIREO_OK);
        vireo_roof_destroy(&roof);
    }
}

static void wrong_arguments(void **state)
{
    (void)state;
    vireo_roof *roof = NULL;
    vireo_error err = {0};
    assert_int_equal(vireo_roof_create(device, "f64", 0, &roof, &err), VIREO_ERROR_INVALID_ARGUMENT);
    assert_int_equal(vireo_roof_create(device, NULL, 0, &roof, &err), VIREO_ERROR_INVALID_ARGUMENT);
    assert_int_equal(vireo_roof_create(device, "f32", 10000000, &roof, &err), VIREO_ERROR_INVALID_ARGUMENT);
    assert_int_equal(vireo_roof_create(NULL, "f32", 0, &roof, &err), VIREO_ERROR_INVALID_ARGUMENT);
    assert_null(roof);
    vireo_roof_destroy(&roof);
    vireo_roof_destroy(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_roof_is_right), cmocka_unit_test(staged),
        cmocka_unit_test(units_are_work),      cmocka_unit_test(salts_are_programs),
        cmocka_unit_test(wrong_arguments),     cmocka_unit_test(no_validation_messages),
    };
    return cmocka_run_group_tests(tests, setup, NULL);
}
