/* SPDX-License-Identifier: Apache-2.0
 * One row a fact: which driver, what holds there, how it is known. */
#include "vk/quirks.h"

static const struct {
    VkDriverId driver;
    uint32_t max_loop_iterations;
} quirks[] = {
    /* llvmpipe ends loops silently: LP_MAX_TGSI_LOOP_ITERATIONS is 65,535, "shared between every loop" of
     * a shader. https://gitlab.freedesktop.org/mesa/mesa, src/gallium/auxiliary/gallivm/lp_bld_limits.h,
     * seen in Mesa 22.3 and 25.0. A little is kept for the short loops of a kernel. */
    {VK_DRIVER_ID_MESA_LLVMPIPE, 65000},
};

void vr_quirks_apply(VkDriverId driver, vireo_device_info *info)
{
    for (size_t i = 0; i < sizeof quirks / sizeof *quirks; i++)
        if (quirks[i].driver == driver)
            info->max_loop_iterations = quirks[i].max_loop_iterations;
}
