/* SPDX-License-Identifier: Apache-2.0
 * What the ops share that go over rows of any width. */
#ifndef VR_OPS_PIECES_H
#define VR_OPS_PIECES_H
#include "ops/rows.h"

/* Wide rows are taken in pieces of VR_PIECE quads (shaders/push.h). Phase 0 takes
 * the pieces, phase 1 joins what it found of a row, phase 2, if the op has one, takes the pieces again;
 * rows of one piece need phase 0 alone. What a row gives depends neither on the other rows nor on
 * capacities. No invocation runs more iterations than a few pieces have quads, or a row pieces. */
uint32_t vr_pieces_of(const vr_value *); /* of a row at capacity, at least 1 */
/* A dispatch a phase and slab of in[0]. push begins with a vr_row_pieces, which is filled in. A kernel
 * that needs subgroups takes a piece or row with each, any other with each lane. */
vireo_status vr_launch_pieces(const vr_call *, const vr_kernel *, uint32_t wg, vr_launches *,
                              uint32_t mask, uint32_t phases, void *push, size_t push_bytes);
/* VR_STEPS of the shader. */
void vr_define_pieces(const vr_call *, const vr_kernel *, vr_str *);
/* Scratch of in[0]'s rows, `per_row` entries of `bytes` each, where phase 1 runs. */
uint64_t vr_piece_scratch(const vr_call *, uint32_t per_row, uint32_t bytes);
/* Fits of kernels that read in[0] as a texel view. */
bool vr_pieces_fit_texels(const vr_call *, const vr_kernel *);

/* The kernels of such an op, with its own scratch, launch and define, and the pays of a lane a
 * row. last: an input that binding 4 holds, or VR_OPERAND_END. */
#define VR_PIECE_KERNEL(label, file, subgroup, texel, access, own_define, last, ...)               \
    {                                                                                              \
        .name = label, .shader = file,                                                             \
        .defines = "#define VR_SUBGROUP " subgroup "\n#define VR_TEXEL " texel "\n",               \
        .workgroup = VR_WORKGROUP_SUBGROUP, .define = own_define, .scratch = scratch,              \
        .launch = launch, __VA_ARGS__,                                                             \
        .binds = {{VR_IN0, access},                                                                \
                  {VR_OUT0, VR_STORAGE},                                                           \
                  {VR_SCRATCH, VR_STORAGE},                                                        \
                  {VR_STEP, VR_UNIFORM},                                                           \
                  {last, VR_STORAGE}}                                                              \
    }
#define VR_PIECE_KERNELS(file, own_define, row_pays, last)                                                   \
    static const vr_kernel kernels[] = {                                                           \
        VR_PIECE_KERNEL("row", file, "0", "1", VR_TEXEL_VEC4, own_define, last,                    \
                        .fits = vr_pieces_fit_texels, .pays = row_pays),                           \
        VR_PIECE_KERNEL("subgroup", file, "1", "1", VR_TEXEL_VEC4, own_define, last,               \
                        .fits = vr_pieces_fit_texels, .needs = VR_NEEDS_SUBGROUP_ARITHMETIC),      \
        VR_PIECE_KERNEL("lane", file, "0", "0", VR_STORAGE, own_define, last, .needs = 0)}
#endif
