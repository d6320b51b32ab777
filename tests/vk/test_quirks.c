/* SPDX-License-Identifier: Apache-2.0
 * The table of quirks: which driver in which version gets what. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <stdio.h>
#include <cmocka.h>
#include "vk/quirks.h"

static void test_rows(void **state)
{
    static const struct {
        VkDriverId driver;
        const char *info;
        uint32_t loops;
        bool costly;
    } rows[] = {
        {VK_DRIVER_ID_MESA_LLVMPIPE, "Mesa 22.3.6 (LLVM 15.0.6)", 65000, false},
        {VK_DRIVER_ID_MESA_LLVMPIPE, "Mesa 23.1.9 (LLVM 15.0.7)", 65000, false},
        {VK_DRIVER_ID_MESA_LLVMPIPE, "Mesa 23.2.1-1ubuntu3 (LLVM 15.0.7)", 65000, true},
        {VK_DRIVER_ID_MESA_LLVMPIPE, "Mesa 24.0.0-devel", 65000, true},
        {VK_DRIVER_ID_MESA_LLVMPIPE, "Mesa 25.0.7-2~bpo12+1 (LLVM 15.0.6)", 65000, true},
        {VK_DRIVER_ID_MESA_LLVMPIPE, "Mesa 25", 65000, true},
        {VK_DRIVER_ID_MESA_LLVMPIPE, "25.0.7", 65000, false},
        {VK_DRIVER_ID_MESA_LLVMPIPE, "", 65000, false},
        {VK_DRIVER_ID_MESA_RADV, "Mesa 25.0.7", UINT32_MAX, false},
        {VK_DRIVER_ID_GOOGLE_SWIFTSHADER, "", UINT32_MAX, false},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        vireo_device_info info = {.max_loop_iterations = UINT32_MAX};
        snprintf(info.driver_info, sizeof info.driver_info, "%s", rows[i].info);
        vr_quirks_apply(rows[i].driver, &info);
        if (info.max_loop_iterations != rows[i].loops || info.costly_texel_fetch != rows[i].costly)
            fail_msg("%s: %u, %d", rows[i].info, (unsigned)info.max_loop_iterations,
                     info.costly_texel_fetch);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_rows)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
