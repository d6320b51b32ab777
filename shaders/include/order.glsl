// SPDX-License-Identifier: Apache-2.0
// Floats as integers that order as they do. Bits are compared, not numbers: drivers need not keep
// NaN and denormals.

// 1: NaN, the lowest of all; −0 = 0; never 0.
uvec4 vr_keys(uvec4 bits)
{
    bits = mix(bits, uvec4(0u), equal(bits, uvec4(0x80000000u)));
    const bvec4 nan = greaterThan(bits & 0x7fffffffu, uvec4(0x7f800000u));
    const bvec4 negative = greaterThanEqual(bits, uvec4(0x80000000u));
    return mix(mix(bits | 0x80000000u, ~bits, negative), uvec4(1u), nan);
}

uint vr_key_bits(uint key)
{
    if (key == 1u)
        return 0x7fc00000u;
    return key >= 0x80000000u ? key & 0x7fffffffu : ~key;
}
