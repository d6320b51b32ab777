/* SPDX-License-Identifier: Apache-2.0
 * What matmul's kernels and their tiles are chosen by. */
#include "ops/matmul.h"
#include "ops/rows.h"

vr_matmul_sizes vr_matmul_sizes_of(const vr_call *c)
{
    const vr_value *a = c->in[VR_MATMUL_A], *b = c->in[VR_MATMUL_B], *out = c->out[0];
    const uint32_t r = a->rank;
    return (vr_matmul_sizes){
        .batch = r == 3 ? (uint32_t)a->shape[0] : 1,
        .m = (uint32_t)a->shape[c->at.matmul.transpose_a ? r - 1 : r - 2],
        .k = (uint32_t)a->shape[c->at.matmul.transpose_a ? r - 2 : r - 1],
        .n = (uint32_t)vr_value_width(out),
        .a_pitch = vr_value_pitch(a) / 4,
        .b_pitch = vr_value_pitch(b) / 4,
        .out_pitch = vr_value_pitch(out) / 4,
        .b_texels = (uint32_t)(vr_value_row_bytes(b) / 16),
        .batched_b = b->rank == 3,
    };
}

bool vr_matmul_wide_words(const vr_call *c, const vr_kernel *k)
{
    return k->binds[VR_MATMUL_B].access == VR_TEXEL_UVEC4 && !c->at.matmul.transpose_b;
}

/* Of lanes that share the fetches of a: 3 are the fastest where they leave few columns without work. */
static uint32_t shared_quads(const vr_call *c, const vr_kernel *k)
{
    enum { OF_QUAD = 4, OF_TILE = 3 }; /* what they take, measured with 1 to 3 quads */
    const uint32_t n = vr_matmul_sizes_of(c).n, wg = vr_kernel_workgroup(k, c->limits);
    uint32_t best = 1;
    uint64_t least = UINT64_MAX;
    for (uint32_t quads = 3; quads > 0; quads--) {
        const uint64_t tiles = vr_ceil_div(n, 4ull * quads * wg), cost = tiles * (OF_QUAD * quads + OF_TILE);
        if (cost < least) {
            least = cost;
            best = quads;
        }
    }
    return best;
}

/* Software drivers run a workgroup on a core and gain from large tiles; real GPUs need many workgroups. Where
 * fetches are costly, 4 quads compile for three times as long as 2 and are no faster, but where a fetch brings
 * two. */
vr_tile vr_matmul_tile(const vr_call *c, const vr_kernel *k)
{
    const bool cpu = c->limits->type == VIREO_DEVICE_CPU;
    vr_tile t = k->tile;
    if (!t.rows)
        t.rows = cpu ? 8 : 4;
    while (t.few && t.rows > 1 && t.rows / 2 >= vr_matmul_sizes_of(c).m) /* no more than there are */
        t.rows /= 2;
    if (!t.quads && k->needs & VR_NEEDS_CPU_SHUFFLE && k->binds[VR_MATMUL_B].access == VR_TEXEL_VEC4)
        t.quads = shared_quads(c, k);
    if (!t.quads)
        t.quads = !cpu ? 1 : c->limits->costly_texel_fetch ? 2 : 4;
    if (vr_matmul_wide_words(c, k) && t.quads < 4)
        t.quads *= 2;
    return t;
}

vr_tile vr_matmul_group(const vr_call *c, const vr_kernel *k, uint32_t wg)
{
    const vr_tile t = vr_matmul_tile(c, k);
    const uint32_t side = vr_matmul_side(k, wg);
    return (vr_tile){.rows = t.rows * (wg / side), .quads = t.quads * side};
}

/* 64 x 128, or 32 x 64 where so many workgroups would be too few for the cores of a large GPU. As few rows as `dot`
 * takes are not worth a tile. */
bool vr_matmul_tiles_pay(const vr_call *c, const vr_kernel *k)
{
    enum { ENOUGH_GROUPS = 128, LARGE_ROWS = 64, LARGE_COLUMNS = 128 };
    const vr_matmul_sizes s = vr_matmul_sizes_of(c);
    const bool small = vr_matmul_group(c, k, vr_kernel_workgroup(k, c->limits)).rows < LARGE_ROWS;
    const uint64_t large = s.batch * vr_ceil_div(s.m, LARGE_ROWS) * vr_ceil_div(s.n, LARGE_COLUMNS);
    return s.m > VR_MATMUL_THIN_ROWS && (!small || large < ENOUGH_GROUPS);
}

/* Of few columns the lanes of a tile are idle but one or two. Of four lanes, each adds up too much for several
 * rows. On CPUs sharing costs as much as several fetches of each lane, cheap ones or others, and more than it saves
 * of blocks, whose scales each fetch needs anew. */
bool vr_matmul_shares_sums(const vireo_device_info *d, vireo_dtype dtype, int64_t rows, int64_t columns,
                           int64_t depth)
{
    const int64_t lanes = d->subgroup_size ? d->subgroup_size : 1;
    const int64_t fetches = depth * (int64_t)vireo_dtype_bytes(dtype) / 16 / lanes; /* 0 of blocks */
    if (columns <= VR_MATMUL_NARROW)
        return d->subgroup_arithmetic;
    if (!d->subgroup_arithmetic || rows > (lanes > 4 ? VR_MATMUL_THIN_ROWS : 1))
        return false;
    return d->type != VIREO_DEVICE_CPU || fetches >= (d->costly_texel_fetch ? 8 : 32);
}
