/* SPDX-License-Identifier: Apache-2.0
 * One row a fact: which driver, what holds there, how it is known. */
#include "vk/quirks.h"
#include <stdlib.h>
#include <string.h>

static const struct {
    VkDriverId driver;
    unsigned long mesa; /* since this major version; 0: always */
    uint32_t max_loop_iterations; /* 0: as it is */
    bool costly_texel_fetch;
} quirks[] = {
    /* llvmpipe ends loops silently: LP_MAX_TGSI_LOOP_ITERATIONS is 65,535, "shared between every loop" of
     * a shader. https://gitlab.freedesktop.org/mesa/mesa, src/gallium/auxiliary/gallivm/lp_bld_limits.h,
     * seen in Mesa 22.3 and 25.0. A little is kept for the short loops of a kernel. */
    {VK_DRIVER_ID_MESA_LLVMPIPE, 0, .max_loop_iterations = 65000},
    /* Its texel fetch is a call through the descriptor since the descriptors of Mesa 24:
     * src/gallium/auxiliary/gallivm/lp_bld_jit_sample.c. A matrix product of 16 rows a lane compiles in
     * 16 s instead of 3 and gains nothing, measured with 25.0.7 beside 22.3.6. */
    {VK_DRIVER_ID_MESA_LLVMPIPE, 24, .costly_texel_fetch = true},
};

void vr_quirks_apply(VkDriverId driver, vireo_device_info *info)
{
    /* llvmpipe's driver_version is always 1. */
    const bool mesa = strncmp(info->driver_info, "Mesa ", 5) == 0;
    const unsigned long major = mesa ? strtoul(info->driver_info + 5, NULL, 10) : 0;
    for (size_t i = 0; i < sizeof quirks / sizeof *quirks; i++) {
        if (quirks[i].driver != driver || major < quirks[i].mesa)
            continue;
        if (quirks[i].max_loop_iterations)
            info->max_loop_iterations = quirks[i].max_loop_iterations;
        info->costly_texel_fetch |= quirks[i].costly_texel_fetch;
    }
}
