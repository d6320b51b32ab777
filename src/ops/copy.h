/* SPDX-License-Identifier: Apache-2.0
 * What reshape, slice, transpose and concat share: copies of 4-byte elements through strides. */
#ifndef VR_OPS_COPY_H
#define VR_OPS_COPY_H
#include "ops/rows.h"

/* One copy, in elements. Dimensions are those of the region, right-aligned to rank 4. */
typedef struct vr_copy {
    vr_value region;              /* shape, symbol, count of what is copied */
    uint32_t from, from_step[4];  /* of the input */
    uint32_t to, to_step[3];      /* of the result, whose last dimension is contiguous */
    uint32_t from_width;          /* as in vr_push_copy */
    bool flat;  /* rows are counted through, steps [2] lead from one to the next */
    bool whole; /* the region is the result, which may be cut by its rows */
    bool cut;   /* and so may input 0, whose rows they are */
    uint32_t padding; /* elements behind each row of the region that become zero */
} vr_copy;

/* Elements from step to step of each dimension of v, were it of rank 4. */
void vr_steps_of(const vr_value *v, uint32_t out[4]);
uint32_t vr_padding_of(const vr_value *); /* elements from a row's end to the next multiple of 4 */
/* Whether all of the copy's numbers are multiples of 4, so that quads can be copied. */
bool vr_copy_is_quads(const vr_copy *);
/* Appends the dispatches of a copy from input `input`. wg: the workgroup; quads: vr_copy_is_quads, and the
 * kernel one of VR_COPY_QUADS. */
vireo_status vr_launch_copy(const vr_call *, const vr_kernel *, uint32_t wg, uint32_t input,
                            const vr_copy *, bool quads, vr_launches *);

/* The kernels of such an op; quads_fit, launch_quads and launch_elements are its own. texels_fit:
 * quads_fit, and a view holds each input. */
#define VR_COPY_STEPS 8 /* quads a lane; VR_STEPS in the shader */
#define VR_COPY_QUADS(label, texel, access, quads_fit, launch_quads)                               \
    {                                                                                              \
        .name = label, .order = 1, .shader = "copy_quads.comp",                                    \
        .defines = "#define VR_TEXEL " texel "\n#define VR_STEPS 8\n",                             \
        .workgroup = VR_WORKGROUP_SUBGROUP, .fits = quads_fit, .launch = launch_quads,             \
        .binds = {{VR_IN0, access}, {VR_OUT0, VR_STORAGE}, {VR_STEP, VR_UNIFORM}}                  \
    }
#define VR_COPY_KERNELS(texels_fit, quads_fit, launch_quads, launch_elements)                      \
    VR_COPY_QUADS("texel", "1", VR_TEXEL_UVEC4, texels_fit, launch_quads),                         \
        VR_COPY_QUADS("quads", "0", VR_STORAGE, quads_fit, launch_quads),                          \
    {                                                                                              \
        .name = "elements", .order = 1, .shader = "copy.comp",                                     \
        .workgroup = VR_WORKGROUP_SUBGROUP, .launch = launch_elements,                             \
        .binds = {{VR_IN0, VR_STORAGE}, {VR_OUT0, VR_STORAGE}, {VR_STEP, VR_UNIFORM}}              \
    }

/* They, where `copy_of` (vr_copy from a vr_call) describes the one copy there is; behind others, if need
 * be. */
#define VR_ONE_COPY(copy_of, ...)                                                                  \
    static bool quads_fit(const vr_call *c, const vr_kernel *k)                                    \
    {                                                                                              \
        const vr_copy copy = copy_of(c);                                                           \
        (void)k;                                                                                   \
        return vr_copy_is_quads(&copy);                                                            \
    }                                                                                              \
    static bool texels_fit(const vr_call *c, const vr_kernel *k)                                   \
    {                                                                                              \
        return quads_fit(c, k) && vr_fits_texels(c, c->in[0]);                                     \
    }                                                                                              \
    static vireo_status launch_quads(const vr_call *c, const vr_kernel *k, uint32_t wg,            \
                                     vr_launches *l)                                               \
    {                                                                                              \
        const vr_copy copy = copy_of(c);                                                           \
        return vr_launch_copy(c, k, wg, 0, &copy, true, l);                                        \
    }                                                                                              \
    static vireo_status launch_elements(const vr_call *c, const vr_kernel *k, uint32_t wg,         \
                                        vr_launches *l)                                            \
    {                                                                                              \
        const vr_copy copy = copy_of(c);                                                           \
        return vr_launch_copy(c, k, wg, 0, &copy, false, l);                                       \
    }                                                                                              \
    static const vr_kernel kernels[] = {                                                           \
        __VA_ARGS__ VR_COPY_KERNELS(texels_fit, quads_fit, launch_quads, launch_elements)}
#endif
