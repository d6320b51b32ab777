/* SPDX-License-Identifier: Apache-2.0
 * softmax and log_softmax over the last dimension. */
#include "ops/check.h"
#include "ops/pieces.h"
#include <float.h>
#include <math.h>

/* Whether deny is one row for all rows of x. */
static bool is_shared(const vr_call *c)
{
    const vr_value *deny = c->in[1];
    return deny->symbol == VR_NO_SYMBOL && vr_value_rows(deny) == 1;
}

static vireo_status want_deny(const vr_call *c, vireo_error *err)
{
    const vr_value *x = c->in[0], *deny = c->in[1];
    const int64_t words = (vr_value_width(x) + 31) / 32;
    bool same = deny->rank == x->rank && deny->symbol == x->symbol;
    for (uint32_t i = 0; same && i + 1 < x->rank; i++)
        same = deny->shape[i] == x->shape[i];
    if ((same || (deny->rank > 0 && is_shared(c))) && vr_value_width(deny) == words)
        return VIREO_OK;
    char have[128], rows[128];
    vr_value_text(deny, have, sizeof have);
    vr_value_text(x, rows, sizeof rows);
    return vr_bad(c, err, "deny is %s, it must have 1 row or those of the input, %s, of %lld words",
                  have, rows, (long long)words);
}

static vireo_status infer(const vr_call *c, vireo_error *err)
{
    const float scale = c->at.softmax.scale;
    vireo_status st = vr_want_dtype(c, 0, VIREO_F32, err);
    if (!st)
        st = vr_want_dtype(c, 1, VIREO_I32, err);
    if (!st)
        st = vr_want_rank(c, 0, 1, VIREO_MAX_RANK, err);
    if (!st && !(scale > 0.0f && scale <= FLT_MAX))
        st = vr_bad(c, err, "scale is %g, it must be finite and above 0", (double)scale);
    if (!st && c->in[1])
        st = vr_want_fixed_width(c, 0, err);
    if (!st && c->in[1])
        st = want_deny(c, err);
    if (!st)
        vr_shape_like(c, 0, c->out[0]);
    return st;
}

static bool is_denied(const vr_ref_args *r, int64_t row, int64_t i)
{
    if (!r->in[1])
        return false;
    const int64_t words = vr_value_width(r->call->in[1]);
    const int64_t at = (is_shared(r->call) ? 0 : row * words) + i / 32;
    return (uint32_t)(int32_t)r->in[1][at] >> i % 32 & 1;
}

/* Infinities count as the largest floats. */
static double clamped(double x)
{
    return fmax(-(double)FLT_MAX, fmin((double)FLT_MAX, x));
}

static void reference(const vr_ref_args *r)
{
    const int64_t rows = vr_value_rows_now(r->call->in[0]), n = vr_value_width_now(r->call->in[0]);
    const double scale = (double)r->call->at.softmax.scale;
    for (int64_t row = 0; row < rows; row++) {
        const double *x = r->in[0] + row * n;
        double *y = r->out[0] + row * n, most = -(double)FLT_MAX, sum = 0;
        for (int64_t i = 0; i < n; i++)
            if (!is_denied(r, row, i))
                most = fmax(most, clamped(x[i]));
        for (int64_t i = 0; i < n; i++)
            if (!is_denied(r, row, i))
                sum += exp((clamped(x[i]) - most) * scale);
        for (int64_t i = 0; i < n; i++) {
            const double d = (clamped(x[i]) - most) * scale;
            if (r->call->at.softmax.log)
                y[i] = is_denied(r, row, i) ? -(double)FLT_MAX : clamped(d - log(sum));
            else
                y[i] = is_denied(r, row, i) ? 0 : exp(d) / sum;
        }
    }
}

/* Quads of a row that each lane of a subgroup may keep at most (compiling as many takes lavapipe 0.2 s longer);
 * with fewer than LEAST_HELD a CPU is faster with a lane for each row. */
enum { MOST_HELD = 24, LEAST_HELD = 3 };

/* How many they are; 0: they are read again. By the width alone, so that a row has the same bits among any
 * number of others. */
static uint32_t held_quads(const vr_call *c)
{
    const vr_value *x = c->in[0];
    const bool fixed = x->rank > 1 || x->symbol == VR_NO_SYMBOL;
    const uint32_t lanes = c->limits->subgroup_size ? c->limits->subgroup_size : 1;
    const uint64_t held = vr_ceil_div(vr_ceil_div((uint64_t)vr_value_width(x), 4), lanes);
    return fixed && !c->at.softmax.log && vr_pieces_of(x) == 1 && held <= MOST_HELD ? (uint32_t)held : 0;
}

static bool row_pays(const vr_call *c, const vr_kernel *k)
{
    return vr_lanes_pay(c, k) && held_quads(c) < LEAST_HELD;
}

static bool is_whole(const vr_value *x)
{
    return vr_value_width(x) % 4 == 0 && (x->rank > 1 || x->symbol == VR_NO_SYMBOL);
}

static void define(const vr_call *c, const vr_kernel *k, vr_str *s)
{
    const bool subgroup = k->needs & VR_NEEDS_SUBGROUP_ARITHMETIC;
    vr_define_pieces(c, k, s);
    vr_str_addf(s, "#define VR_LOG %d\n#define VR_DENY %d\n#define VR_WHOLE %d\n#define VR_HELD %u\n", c->at.softmax.log,
                c->in[1] != NULL, is_whole(c->in[0]), subgroup ? (unsigned)held_quads(c) : 0);
}

static uint64_t scratch(const vr_call *c, const vr_kernel *k)
{
    (void)k;
    return vr_piece_scratch(c, vr_pieces_of(c->in[0]) + 1, 2 * sizeof(float));
}

static vireo_status launch(const vr_call *c, const vr_kernel *k, uint32_t wg, vr_launches *l)
{
    struct vr_push_softmax push = {.scale = c->at.softmax.scale};
    uint32_t mask = VR_ROWS(VR_IN0) | VR_ROWS(VR_OUT0) | VR_ROWS_ANY;
    if (c->in[1] && !is_shared(c)) {
        mask |= VR_ROWS(VR_IN1);
        push.deny_pitch = vr_value_pitch(c->in[1]);
    }
    return vr_launch_pieces(c, k, wg, l, mask, 3, &push, sizeof push);
}

VR_PIECE_KERNELS("softmax.comp", define, row_pays, VR_IN1);

static const vr_check checks[] = {
    {.at.softmax = {.scale = 0.5f}, .in = {VR_IN_ROWS(1, 37, 50)}},
    {.at.softmax = {.scale = 1.0f}, .in = {VR_IN_F32(2, 4110), VR_IN_BITS(2, 129)}},
    {.at.softmax = {.scale = 1.0f, .log = true}, .in = {VR_IN_F32(3, 2, 7)}},
};

const vr_op vr_op_softmax = {.name = "softmax",
                             .min_in = 1,
                             .max_in = 2,
                             .n_out = 1,
                             .infer = infer,
                             .reference = reference,
                             .kernels = kernels,
                             .n_kernels = sizeof kernels / sizeof *kernels,
                             VR_CHECKS(checks)};
