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
    bool ends;  /* rows of the region end where those of the input do */
    uint32_t padding; /* elements behind each row of the region that become zero */
} vr_copy;

/* How copies go: element by element; in quads, where all numbers are multiples of 4 or become so with the
 * padding; in quads of the result, each from two of the input, where rows stand at multiples of 4. */
typedef enum vr_copy_kind { VR_COPY_ELEMENTS, VR_COPY_QUADS, VR_COPY_SHIFTED } vr_copy_kind;
typedef vr_copy vr_copy_of(const vr_call *, uint32_t input); /* an op's own; a copy of each input */

/* Elements from step to step of each dimension of v, were it of rank 4. */
void vr_steps_of(const vr_value *v, uint32_t out[4]);
uint32_t vr_padding_of(const vr_value *); /* elements from a row's end to the next multiple of 4 */
/* The best that all of a call's copies can go. */
vr_copy_kind vr_copy_kind_of(const vr_call *, vr_copy_of *);
bool vr_copy_fits_texels(const vr_call *, vr_copy_of *); /* not element by element, and in views */
/* VR_SHIFT, VR_FLAT, VR_STEPS of copy_quads.comp. */
void vr_copy_define(const vr_call *, const vr_kernel *, vr_copy_of *, vr_str *);
/* Appends the dispatches of all copies. wg: the workgroup. */
vireo_status vr_launch_copies(const vr_call *, const vr_kernel *, uint32_t wg, vr_copy_of *, vr_copy_kind,
                              vr_launches *);

/* The kernels of such an op, whose vr_copy_of is copy_of; behind others, if need be. */
#define VR_COPY_KERNEL(label, texel, access, fit)                                                  \
    {                                                                                              \
        .name = label, .order = 1, .shader = "copy_quads.comp",                                    \
        .defines = "#define VR_TEXEL " texel "\n",                                                \
        .workgroup = VR_WORKGROUP_SUBGROUP, .fits = fit, .define = define, .launch = launch_quads, \
        .binds = {{VR_IN0, access}, {VR_OUT0, VR_STORAGE}, {VR_STEP, VR_UNIFORM}}                  \
    }
#define VR_COPY_KERNELS(copy_of, ...)                                                              \
    static bool quads_fit(const vr_call *c, const vr_kernel *k)                                    \
    {                                                                                              \
        (void)k;                                                                                   \
        return vr_copy_kind_of(c, copy_of) != VR_COPY_ELEMENTS;                                    \
    }                                                                                              \
    static bool texels_fit(const vr_call *c, const vr_kernel *k)                                   \
    {                                                                                              \
        (void)k;                                                                                   \
        return vr_copy_fits_texels(c, copy_of);                                                    \
    }                                                                                              \
    static void define(const vr_call *c, const vr_kernel *k, vr_str *s)                            \
    {                                                                                              \
        vr_copy_define(c, k, copy_of, s);                                                          \
    }                                                                                              \
    static vireo_status launch_quads(const vr_call *c, const vr_kernel *k, uint32_t wg,            \
                                     vr_launches *l)                                               \
    {                                                                                              \
        return vr_launch_copies(c, k, wg, copy_of, vr_copy_kind_of(c, copy_of), l);                \
    }                                                                                              \
    static vireo_status launch_elements(const vr_call *c, const vr_kernel *k, uint32_t wg,         \
                                        vr_launches *l)                                            \
    {                                                                                              \
        return vr_launch_copies(c, k, wg, copy_of, VR_COPY_ELEMENTS, l);                           \
    }                                                                                              \
    static const vr_kernel kernels[] = {                                                           \
        __VA_ARGS__ VR_COPY_KERNEL("texel", "1", VR_TEXEL_UVEC4, texels_fit),                      \
        VR_COPY_KERNEL("quads", "0", VR_STORAGE, quads_fit),                                       \
        {.name = "elements", .order = 1, .shader = "copy.comp",                                    \
         .workgroup = VR_WORKGROUP_SUBGROUP, .launch = launch_elements,                            \
         .binds = {{VR_IN0, VR_STORAGE}, {VR_OUT0, VR_STORAGE}, {VR_STEP, VR_UNIFORM}}}}
#endif
