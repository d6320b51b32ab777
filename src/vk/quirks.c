/* SPDX-License-Identifier: Apache-2.0
 * One row a fact: which driver, what holds there, how it is known. */
#include "vk/quirks.h"
#include <stdlib.h>
#include <string.h>

static const struct {
    VkDriverId driver;
    unsigned long mesa; /* since this version, 2302 for 23.2; 0: always */
    uint32_t max_loop_iterations; /* 0: as it is */
    bool costly_texel_fetch;
} quirks[] = {
    /* llvmpipe ends loops silently: LP_MAX_TGSI_LOOP_ITERATIONS is 65,535, "shared between every loop" of
     * a shader; lp_exec_endloop of lp_bld_ir_common.c beside it counts down from it.
     * https://gitlab.freedesktop.org/mesa/mesa/-/blob/main/src/gallium/auxiliary/gallivm/lp_bld_limits.h
     * Seen in Mesa 22.3 and 25.0. A little is kept for the short loops of a kernel. */
    {VK_DRIVER_ID_MESA_LLVMPIPE, 0, .max_loop_iterations = 65000},
    /* Its texel fetch is a call of a function that was compiled before, since Mesa 23.2, found through the
     * descriptor: https://gitlab.freedesktop.org/mesa/mesa/-/merge_requests/22828
     * (src/gallium/auxiliary/gallivm/lp_bld_jit_sample.c). What that costs no public page says: a
     * matrix product of 16 rows a lane compiles in 16 s instead of 3 and gains nothing, as measured here with
     * 25.0.7 beside 22.3.6, nothing between. */
    {VK_DRIVER_ID_MESA_LLVMPIPE, 2302, .costly_texel_fetch = true},
};

/* "Mesa 25.0.7 (LLVM 15.0.6)": 2500. 0: it is none. llvmpipe's driver_version is always 1. */
static unsigned long mesa_version(const char *driver_info)
{
    char *end;
    if (strncmp(driver_info, "Mesa ", 5) != 0)
        return 0;
    const unsigned long major = strtoul(driver_info + 5, &end, 10);
    return 100 * major + (*end == '.' ? strtoul(end + 1, NULL, 10) : 0);
}

void vr_quirks_apply(VkDriverId driver, vireo_device_info *info)
{
    const unsigned long mesa = mesa_version(info->driver_info);
    for (size_t i = 0; i < sizeof quirks / sizeof *quirks; i++) {
        if (quirks[i].driver != driver || mesa < quirks[i].mesa)
            continue;
        if (quirks[i].max_loop_iterations)
            info->max_loop_iterations = quirks[i].max_loop_iterations;
        info->costly_texel_fetch |= quirks[i].costly_texel_fetch;
    }
}
