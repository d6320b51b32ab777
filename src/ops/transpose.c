/* SPDX-License-Identifier: Apache-2.0
 * Dimensions in another order. */
#include "ops/check.h"
#include "ops/copy.h"

static vireo_status infer(const vr_call *c, vireo_error *err)
{
    const vr_value *x = c->in[0];
    const uint32_t *axes = c->at.transpose.axes;
    vireo_status st = vr_want_word(c, 0, err);
    if (st)
        return st;
    uint32_t seen = 0;
    for (uint32_t i = 0; i < x->rank; i++)
        if (axes[i] < x->rank)
            seen |= 1u << axes[i];
    if (seen != (1u << x->rank) - 1)
        return vr_bad(c, err, "the axes must be a permutation of the input's %u", x->rank);
    if (x->symbol != VR_NO_SYMBOL && axes[0] != 0)
        return vr_bad(c, err, "a dynamic first dimension must stay the first");
    *c->out[0] = *x;
    c->out[0]->pitch = 0;
    for (uint32_t i = 0; i < x->rank; i++)
        c->out[0]->shape[i] = x->shape[axes[i]];
    return VIREO_OK;
}

static void reference(const vr_ref_args *r)
{
    const vr_value *x = r->call->in[0], *out = r->call->out[0];
    size_t size[4] = {1, 1, 1, 1}, step[4] = {0}, steps[4], n = 1;
    for (uint32_t i = x->rank; i-- > 0;) {
        steps[i] = n;
        n *= (size_t)(i == 0 ? x->count : x->shape[i]);
    }
    for (uint32_t i = 0; i < x->rank; i++) {
        size[4 - x->rank + i] = (size_t)(i == 0 ? out->count : out->shape[i]);
        step[4 - x->rank + i] = steps[r->call->at.transpose.axes[i]];
    }
    double *y = r->out[0];
    for (size_t i = 0; i < size[0]; i++)
        for (size_t j = 0; j < size[1]; j++)
            for (size_t k = 0; k < size[2]; k++)
                for (size_t l = 0; l < size[3]; l++)
                    *y++ = r->in[0][i * step[0] + j * step[1] + k * step[2] + l * step[3]];
}

static vr_copy copy_of(const vr_call *c, uint32_t input)
{
    (void)input;
    const uint32_t rank = c->in[0]->rank;
    vr_copy copy = {.region = *c->out[0],
                    .whole = true,
                    .ends = true,
                    .padding = vr_padding_of(c->out[0])};
    uint32_t from[4], to[4];
    vr_steps_of(c->in[0], from);
    vr_steps_of(c->out[0], to);
    for (uint32_t i = 0; i < 3; i++)
        copy.to_step[i] = to[i];
    for (uint32_t i = 0; i < rank; i++)
        copy.from_step[4 - rank + i] = from[4 - rank + c->at.transpose.axes[i]];
    return copy;
}

/* ---- Blocks: the last dimension becomes another one ------------------------------------------- */

enum { BLOCKS = 4 }; /* quads of a row that a lane takes; VR_BLOCKS in the shader */

static bool blocks_fit(const vr_call *c, const vr_kernel *k)
{
    (void)k;
    const uint32_t rank = c->in[0]->rank;
    return rank > 1 && c->at.transpose.axes[rank - 1] != rank - 1 &&
           vr_value_bytes(c->in[0]) <= c->limits->max_storage_binding_bytes &&
           vr_value_bytes(c->out[0]) <= c->limits->max_storage_binding_bytes;
}

static bool block_texels_fit(const vr_call *c, const vr_kernel *k)
{
    return blocks_fit(c, k) && vr_fits_texels(c, c->in[0]);
}

/* Units by dimension of the result, were it of rank 4, and how far apart they are. */
static struct vr_push_transpose block_push(const vr_call *c)
{
    const vr_copy copy = copy_of(c, 0);
    const vr_value *out = c->out[0];
    const uint32_t first = 4 - out->rank;
    uint32_t size[4] = {1, 1, 1, 1}, axis = 0;
    struct vr_push_transpose p = {.symbol = out->symbol, .units = 1};
    for (uint32_t i = 0; i < out->rank; i++)
        size[first + i] = (uint32_t)out->shape[i];
    while (c->at.transpose.axes[axis] != out->rank - 1)
        axis++;
    p.axis = first + axis;
    p.rows = size[p.axis];
    p.width = size[3];
    size[p.axis] = (uint32_t)vr_ceil_div(p.rows, 4 * BLOCKS);
    size[3] = (uint32_t)vr_ceil_div(p.width, 4);
    for (uint32_t i = 0; i < 4; i++)
        p.a[i] = i == p.axis ? BLOCKS : copy.from_step[i] / 4;
    for (uint32_t i = 0; i < 3; i++)
        p.b[i] = copy.to_step[i] / 4 * (i == p.axis ? 4 * BLOCKS : 1);
    p.b_row = copy.to_step[p.axis] / 4;
    for (uint32_t i = first; i < 4; i++)
        if (i > first || out->symbol == VR_NO_SYMBOL) /* a dynamic dimension is the first one */
            p.units *= size[i];
    for (uint32_t i = 1; i < 4; i++)
        p.size[i - 1] = i > first ? size[i] : UINT32_MAX;
    return p;
}

static vireo_status launch_blocks(const vr_call *c, const vr_kernel *k, uint32_t wg, vr_launches *l)
{
    (void)k;
    const double bytes = 2 * 16 * BLOCKS * sizeof(uint32_t); /* of a unit, read and written */
    const vr_value *out = c->out[0];
    const bool dynamic = out->symbol != VR_NO_SYMBOL;
    struct vr_push_transpose p = block_push(c);
    return vr_launch_ranges(c, l, &p, sizeof p, p.units * (dynamic ? (uint64_t)out->shape[0] : 1),
                            p.units * (dynamic ? (uint64_t)out->count : 1), bytes, 1, wg);
}

#define BLOCK_KERNEL(label, texel, access, fit)                                                    \
    {                                                                                              \
        .name = label, .order = 1, .shader = "transpose.comp",                                     \
        .defines = "#define VR_TEXEL " texel "\n#define VR_BLOCKS 4\n",                            \
        .workgroup = VR_WORKGROUP_SUBGROUP, .fits = fit, .launch = launch_blocks,                  \
        .binds = {{VR_IN0, access}, {VR_OUT0, VR_STORAGE}, {VR_STEP, VR_UNIFORM}}                  \
    }

VR_COPY_KERNELS(copy_of, BLOCK_KERNEL("blocks", "1", VR_TEXEL_UVEC4, block_texels_fit),
                BLOCK_KERNEL("block_storage", "0", VR_STORAGE, blocks_fit), );

static const vr_check checks[] = {
    {.at.transpose = {.axes = {1, 0, 2}}, .in = {VR_IN_F32(3, 5, 8)}},
    {.at.transpose = {.axes = {1, 0}}, .in = {VR_IN_F32(9, 7)}},
};

const vr_op vr_op_transpose = {.name = "transpose",
                               .min_in = 1,
                               .max_in = 1,
                               .n_out = 1,
                               .infer = infer,
                               .reference = reference,
                               .kernels = kernels,
                               .n_kernels = sizeof kernels / sizeof *kernels,
                               VR_CHECKS(checks)};
