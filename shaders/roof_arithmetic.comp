#version 450
// SPDX-License-Identifier: Apache-2.0
// What arithmetic gives at most (src/run/roof.c): a lane has twelve chains x = x · a + b, each too long to
// be foreseen and begun elsewhere, so that none is another's. VR_INT8: x = w · x + b, where w and x are
// four signed bytes each and the product is summed in 32 bits (SPV_KHR_integer_dot_product). VR_SALT makes
// it another program that computes the same: p.b is never that.
#include "push.h"
#if VR_INT8
#extension GL_EXT_spirv_intrinsics : require
#elif VR_F16
#extension GL_EXT_shader_explicit_arithmetic_types_float16 : require
#endif

layout(local_size_x = WG) in;
layout(push_constant) uniform Push
{
    vr_push_roof p;
};
layout(std430, set = 0, binding = 1) restrict writeonly buffer To
{
    vec4 to[];
};

#if VR_INT8
#define QUAD ivec4
spirv_instruction(extensions = ["SPV_KHR_integer_dot_product"], capabilities = [6018, 6019], id = 4450)
int dot_bytes(int a, int b, spirv_literal int packed4x8);
QUAD next(QUAD x)
{
    return QUAD(dot_bytes(p.w, x.x, 0), dot_bytes(p.w, x.y, 0), dot_bytes(p.w, x.z, 0),
                dot_bytes(p.w, x.w, 0)) +
           p.w_shift;
}
#else
#if VR_F16
#define QUAD f16vec4
#define NUMBER float16_t
#else
#define QUAD vec4
#define NUMBER float
#endif
QUAD next(QUAD x)
{
    return x * NUMBER(p.a) + NUMBER(p.b);
}
#endif

void main()
{
    const uvec4 start = (gl_LocalInvocationID.x & 3u) + uvec4(0u, 1u, 2u, 3u);
    QUAD x = QUAD(start), y = QUAD(start + 4u), z = QUAD(start + 8u);
    if (p.b == float(VR_SALT))
        x += y;
    for (uint i = 0u; i < p.trips; i++) {
#define STEP                                                                                       \
    x = next(x);                                                                                   \
    y = next(y);                                                                                   \
    z = next(z);
        STEP STEP STEP STEP STEP STEP STEP STEP
    }
    to[gl_GlobalInvocationID.x] = vec4(x + y + z);
}
