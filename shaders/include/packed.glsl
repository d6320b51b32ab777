// SPDX-License-Identifier: Apache-2.0
// Packed weights (ops/op.h), by VR_BF16, VR_Q8_0 or VR_Q4_0: words to numbers in registers.

vec4 vr_bf16(uvec2 words)
{
    return uintBitsToFloat(uvec4(words.x << 16, words.x & 0xffff0000u, words.y << 16,
                                 words.y & 0xffff0000u));
}

// A half by integer operations: unpackHalf2x16 may flush what is denormal, as scales of small weights
// are.
float vr_scale(uint half_bits)
{
    const uint exponent = half_bits >> 10 & 31u, fraction = half_bits & 1023u;
    const uint biased = exponent == 31u ? 255u : exponent + 112u;
    const float size = exponent == 0u ? float(fraction) * 5.9604644775390625e-8 // 2^-24
                                      : uintBitsToFloat(biased << 23 | fraction << 13);
    return (half_bits & 0x8000u) == 0u ? size : -size;
}

#ifdef VR_Q4_0
#define VR_BLOCK_WORDS 4u
#else
#define VR_BLOCK_WORDS 8u
#endif

// Four quants of a word: its bytes, or their lower nibbles; the caller shifts the upper ones down. A nibble
// becomes a number where it stands, as the fraction of a float whose exponent makes it count ones.
vec4 vr_quants(uint word)
{
#ifdef VR_Q4_0
    const uvec4 fraction = uvec4(word, word, word, word >> 8) & uvec4(0xfu, 0xf00u, 0xf0000u, 0xf0000u);
    return uintBitsToFloat(fraction | uvec4(0x4b000000u, 0x47000000u, 0x43000000u, 0x43000000u)) -
           vec4(8388616.0, 32776.0, 136.0, 136.0); // 2^23, 2^15 and 2^7, and the 8 that quants are lower
#else
    return vec4(ivec4(uvec4(word << 24, word << 16, word << 8, word)) >> 24);
#endif
}

#ifdef VR_WORD
// Elements 4 * quad .. of the row of `width` elements that begins at word `at`.
vec4 vr_packed(uint at, uint quad, uint width)
{
#ifdef VR_BF16
    return vr_bf16(uvec2(VR_WORD(at + 2u * quad), VR_WORD(at + 2u * quad + 1u)));
#else
    const uint block = quad / 8u, blocks = width / 32u;
#ifdef VR_Q4_0
    const uint word = VR_WORD(at + 4u * block + quad % 4u) >> (quad % 8u / 4u * 4u);
#else
    const uint word = VR_WORD(at + quad);
#endif
    const uint scales = VR_WORD(at + VR_BLOCK_WORDS * blocks + block / 2u);
    return vr_scale(scales >> (16u * (block % 2u)) & 0xffffu) * vr_quants(word);
#endif
}
#endif
