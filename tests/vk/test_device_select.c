/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/device_test.h"
#include "vk/device_select.h"

static const vireo_device_info devices[] = {
    {.name = "ACME Old 100",
     .driver = "ACME",
     .why_not = "Vulkan 1.0; 1.1 or newer is needed",
     .uuid = "00000000-0000-0000-0000-000000000001"},
    {.name = "ACME Fast 4090",
     .driver = "ACME",
     .usable = true,
     .uuid = "00000000-0000-0000-0000-0000000000aB"},
    {.name = "Built-in",
     .driver = "radv",
     .usable = true,
     .uuid = "00000000-0000-0000-0000-000000000003"},
    {.name = "llvmpipe (LLVM 15, 256 bits)",
     .driver = "llvmpipe",
     .usable = true,
     .uuid = "00000000-0000-0000-0000-000000000004"},
    {.name = "SwiftShader Device (LLVM 10)", .driver = "SwiftShader driver", .usable = true},
};
enum { N = sizeof devices / sizeof *devices };

static void test_found(void **state)
{
    (void)state;
    const struct {
        const char *select;
        size_t index;
    } cases[] = {
        {NULL, 1},
        {"", 1},
        {"1", 1},
        {"2", 2},
        {"4", 4},
        {"04", 4},
        {"4090", 1},
        {"fast", 1},
        {"ACME", 1}, /* of the two only one can be used */
        {"LLVMPIPE", 3},
        {"radv", 2},
        {"swiftshader", 4},
        {"built-IN", 2},
        {"00000000-0000-0000-0000-0000000000Ab", 1},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        size_t index = 99;
        vireo_error err = {0};
        if (vr_device_select(devices, N, cases[i].select, NULL, &index, &err))
            fail_msg("%s: %s", cases[i].select, err.message);
        assert_int_equal(index, cases[i].index);
    }
}

static void test_refused(void **state)
{
    (void)state;
    const struct {
        const char *select;
        vireo_status status;
        const char *says[2];
    } cases[] = {
        {"0", VIREO_ERROR_NO_DEVICE, {"ACME Old 100", "Vulkan 1.0"}},
        {"old", VIREO_ERROR_NO_DEVICE, {"ACME Old 100", "Vulkan 1.0"}},
        {"00000000-0000-0000-0000-000000000001", VIREO_ERROR_NO_DEVICE, {"Vulkan 1.0"}},
        {"5", VIREO_ERROR_NO_DEVICE, {"there is no device \"5\"", "4: SwiftShader Device"}},
        {"100", VIREO_ERROR_NO_DEVICE, {"cannot be used"}},
        {"99999999999999999999", VIREO_ERROR_NO_DEVICE, {"0: ACME Old 100 (unusable"}},
        {"-1", VIREO_ERROR_NO_DEVICE, {"2: Built-in"}},
        {"voodoo", VIREO_ERROR_NO_DEVICE, {"\"voodoo\"", "1: ACME Fast 4090; 2: Built-in"}},
        {"LLVM", VIREO_ERROR_INVALID_ARGUMENT, {"more than one", "3: llvmpipe"}},
        {"00000000-0000-0000-0000-00000000000", VIREO_ERROR_NO_DEVICE, {"no device matches"}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        size_t index = 99;
        vireo_error err = {0};
        assert_int_equal(vr_device_select(devices, N, cases[i].select, NULL, &index, &err),
                         cases[i].status);
        assert_int_equal(index, 99);
        for (size_t k = 0; k < 2 && cases[i].says[k]; k++)
            if (!strstr(err.message, cases[i].says[k]))
                fail_msg("%s: \"%s\" is not in \"%s\"", cases[i].select, cases[i].says[k],
                         err.message);
    }
    size_t index;
    vireo_error err = {0};
    assert_int_equal(vr_device_select(devices, 1, NULL, NULL, &index, &err), VIREO_ERROR_NO_DEVICE);
    assert_non_null(strstr(err.message, "no device is usable"));
    assert_non_null(strstr(err.message, "Vulkan 1.0"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_found),
        cmocka_unit_test(test_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
