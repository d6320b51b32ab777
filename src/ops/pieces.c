/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/pieces.h"

uint32_t vr_pieces_of(const vr_value *v)
{
    const uint64_t pieces = vr_ceil_div(vr_ceil_div((uint64_t)vr_value_width(v), 4), VR_PIECE);
    return pieces ? (uint32_t)pieces : 1;
}

uint64_t vr_piece_scratch(const vr_call *c, uint32_t per_row, uint32_t bytes)
{
    const uint64_t least = 16; /* it is bound in any case */
    const uint64_t all = (uint64_t)vr_value_rows(c->in[0]) * per_row * bytes;
    return vr_pieces_of(c->in[0]) > 1 && all > least ? all : least;
}

static uint64_t teams_of(const vr_kernel *k, uint32_t wg)
{
    return k->needs & VR_NEEDS_SUBGROUP_ARITHMETIC ? 1 : wg;
}

/* Of wide rows each is work enough; and what subgroups hold of a row compiles for minutes in a loop on SwiftShader. */
static uint32_t steps_of(const vr_call *c, const vr_kernel *k, uint32_t wg)
{
    enum { NARROW = 128 /* quads */, MANY = 8, PASSES = 4 };
    const uint64_t quads = vr_ceil_div((uint64_t)vr_value_width(c->in[0]), 4);
    const bool lanes = !(k->needs & VR_NEEDS_SUBGROUP_ARITHMETIC);
    const bool narrow = lanes && quads <= NARROW && vr_loops_fit(c, MANY * PASSES * (quads + 1));
    return narrow ? vr_steps(c, (uint64_t)vr_value_rows(c->in[0]) / wg, 1, MANY) : 1;
}

void vr_define_pieces(const vr_call *c, const vr_kernel *k, vr_str *s)
{
    vr_str_addf(s, "#define VR_STEPS %u\n", steps_of(c, k, vr_kernel_workgroup(k, c->limits)));
}

vireo_status vr_launch_pieces(const vr_call *c, const vr_kernel *k, uint32_t wg, vr_launches *l,
                              uint32_t mask, uint32_t phases, void *push, size_t push_bytes)
{
    const vr_value *x = c->in[0];
    const uint64_t per_group = teams_of(k, wg) * steps_of(c, k, wg);
    const uint64_t now = vr_ceil_div(vr_row_quads_now(x), VR_PIECE);
    vr_row_pieces *r = push;
    vireo_status st = VIREO_OK;
    *r = (vr_row_pieces){.x = vr_extent_of(x), .pieces = vr_pieces_of(x)};
    if (r->pieces == 1)
        phases = 1;
    for (; r->phase < phases && !st; r->phase++)
        st = vr_launch_slabs(c, k, l, x, mask, push, push_bytes,
                             r->phase == 1 || now == 0 ? 1 : now, per_group);
    return st;
}

bool vr_pieces_fit_texels(const vr_call *c, const vr_kernel *k)
{
    (void)k;
    /* A result without x's rows is cut where x is, and a view of x is whole. */
    const bool whole = c->out[0]->rank != c->in[0]->rank;
    return vr_fits_texels(c, c->in[0]) &&
           (!whole || vr_value_bytes(c->out[0]) <= c->limits->max_storage_binding_bytes);
}
