// SPDX-License-Identifier: Apache-2.0
// What the kernels of attention share: which keys a query sees, and what its scores become. Needs
// push.h, step.glsl, the push constants p and the views offsets, key_offsets, bias_texels. Switches
// (attention.c), so that what a call does not use is not compiled: KEY_OFFSETS (of their own), RANGE
// (causal or window), BIAS, SOFT_CAP, POINTWISE; GROUP: query heads a key head.
#define VR_ACTIVATION 4 // VIREO_SILU
#include "activation.glsl"
#define VR_OFFSET(i) texelFetch(offsets, int(i)).x
#include "sequence.glsl"
#if KEY_OFFSETS
#define VR_KEY_OFFSET(i) texelFetch(key_offsets, int(i)).x
#else
#define VR_KEY_OFFSET(i) VR_OFFSET(i)
#endif

// Rows x to y of k and v; `at`: the row that stands where the query does, perhaps none of them.
uvec2 vr_keys(uint query, out int at)
{
    at = 0;
    const uint ends = vr_rows(p.sequences, p.sequences_symbol);
    if (ends < 2u)
        return uvec2(0u);
    const uint s = vr_sequence(query, ends);
    const uint begin = VR_OFFSET(s), end = min(uint(VR_OFFSET(s + 1)), vr_rows(p.rows, p.symbol));
    if (query < begin || query >= end)
        return uvec2(0u);
    uvec2 keys = uvec2(VR_KEY_OFFSET(s), VR_KEY_OFFSET(s + 1));
    keys.y = min(keys.y, vr_rows(p.key_rows, p.key_symbol));
    keys.x = min(keys.x, keys.y);
    at = int(keys.y) - int(end - query);
#if RANGE
    int first = int(keys.x), last = int(keys.y);
    if (p.window != 0) {
        first = max(first, at - p.window + 1);
        last = min(last, at + p.window);
    }
    if (p.causal != 0)
        last = min(last, at + 1);
    keys = uvec2(first, max(first, last));
#endif
    return keys;
}

// The score of key row `key`, from scale · q · k.
float vr_score(float score, uint key, int at, uint head)
{
#if SOFT_CAP
    score = p.soft_cap * vr_tanh(vec4(score / p.soft_cap)).x;
#endif
#if BIAS
    const int i = int(head) * p.bias_pitch +
                  clamp(int(key) - at + p.bias_middle, 0, 2 * p.bias_middle);
    score += texelFetch(bias_texels, i / 4)[i % 4];
#endif
    return score;
}

// The weight of a score without softmax, before the division.
float vr_silu(float score)
{
    return vr_activate(vec4(score)).x;
}
