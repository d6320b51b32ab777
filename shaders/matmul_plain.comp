#version 450
// SPDX-License-Identifier: Apache-2.0
// out[m][n] = activation(sum over k of a(m, k) * w(k, n) + bias[n]) + residual[m][n], any transposes,
// by element steps. A lane owns one quad of a row; quads of all rows are spread over the workgroups in
// order; z is the batch. Sums longer than an invocation may loop are taken in parts, [k_begin, k_end) of
// depth in a dispatch; until the last the result holds the sum so far.
#include "push.h"
#include "step.glsl"
#include "activation.glsl"
layout(local_size_x = WG) in;
layout(push_constant) uniform Push { vr_push_matmul_plain p; };

layout(std430, set = 0, binding = 0) restrict readonly buffer Left { float a[]; };
#ifdef VR_F16
layout(std430, set = 0, binding = 1) restrict readonly buffer Right { uint w_words[]; };
float load_w(uint at, uint step)
{
    const vec2 pair = unpackHalf2x16(w_words[(at + step) >> 1]);
    return ((at + step) & 1u) == 0u ? pair.x : pair.y;
}
#elif defined(VR_BF16)
layout(std430, set = 0, binding = 1) restrict readonly buffer Right { uint w_words[]; };
float load_w(uint at, uint step)
{
    const uint word = w_words[(at + step) >> 1];
    return uintBitsToFloat(((at + step) & 1u) == 0u ? word << 16 : word & 0xffff0000u);
}
#elif defined(VR_Q8_0) || defined(VR_Q4_0)
layout(std430, set = 0, binding = 1) restrict readonly buffer Right { uint w_words[]; };
#define VR_WORD(i) w_words[i]
#include "packed.glsl"
float load_w(uint at, uint k) { return vr_packed(at, k / 4u, p.depth)[k % 4u]; }
#else
layout(std430, set = 0, binding = 1) restrict readonly buffer Right { float w[]; };
float load_w(uint at, uint step) { return w[at + step]; }
#endif
layout(set = 0, binding = 2) uniform samplerBuffer bias_texels;
layout(std430, set = 0, binding = 3) restrict readonly buffer Residual { vec4 residual[]; };
layout(std430, set = 0, binding = 4) restrict buffer Result { vec4 result[]; };

void main()
{
    const uint index = vr_group() * WG + gl_LocalInvocationID.x;
    const uint row = index / p.quads, quad = index % p.quads, batch = p.batch_first + gl_WorkGroupID.z;
    const uint end = min(vr_rows(p.rows, p.symbol), p.row_end);
    if (p.row_begin + row >= end)
        return;
    const uint a_at = batch * p.a_batch + p.a_first + row * p.a_step_m;
    uvec4 w_at;
    for (int j = 0; j < 4; j++)
        w_at[j] = batch * p.w_batch + p.w_first + min(4 * quad + j, p.columns - 1) * p.w_step_n;
    const uint at = batch * p.out_batch + row * p.out_pitch + p.quad_begin + quad;
    vec4 sum = vec4(0.0);
    if (p.k_begin != 0)
        sum = result[at];
    for (uint k = p.k_begin; k < p.k_end; k++) {
        const float x = a[a_at + k * p.a_step_k];
        const uint step = k * p.w_step_k;
        sum = fma(vec4(x), vec4(load_w(w_at.x, step), load_w(w_at.y, step),
                                load_w(w_at.z, step), load_w(w_at.w, step)), sum);
    }
    if (p.k_end != p.depth) {
        result[at] = sum;
        return;
    }
    if (p.has_bias != 0)
        sum += texelFetch(bias_texels, int(quad));
    sum = vr_activate(sum);
    if (p.has_residual != 0)
        sum += residual[at];
    const uvec4 column = 4 * quad + uvec4(0, 1, 2, 3);
    result[at] = mix(vec4(0.0), sum, lessThan(column, uvec4(p.columns)));
}
