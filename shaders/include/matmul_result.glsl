// SPDX-License-Identifier: Apache-2.0
// What follows the sums of the tiled matmuls. Needs push.h and a push constant `p` of vr_push_matmul.
#include "activation.glsl"

layout(std430, set = 0, binding = 2) restrict readonly buffer Bias { vec4 bias[]; };
layout(std430, set = 0, binding = 3) restrict readonly buffer Residual { vec4 residual[]; };
layout(std430, set = 0, binding = 4) restrict writeonly buffer Result { vec4 result[]; };

// Quad `quad` of the row that begins at out_row. Columns past N are padding and stay zero.
void vr_finish(uint out_row, uint quad, vec4 sums)
{
    vec4 y = sums;
    if (p.has_bias != 0)
        y += bias[quad];
    y = vr_activate(y);
    if (p.has_residual != 0)
        y += residual[out_row + quad];
    const uvec4 column = 4 * quad + uvec4(0, 1, 2, 3);
    result[out_row + quad] = mix(vec4(0.0), y, lessThan(column, uvec4(p.columns)));
}
