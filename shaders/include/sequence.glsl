// SPDX-License-Identifier: Apache-2.0
// Finds the sequence of a token in cumulative lengths: VR_OFFSET(i) reads offset i of `ends`.
// The last s with offset(s) <= token, so that empty sequences are passed over.
uvec2 vr_sequence(uint token, uint ends)
{
    uint low = 0, high = ends - 1;
    while (high - low > 1) {
        const uint middle = (low + high) / 2;
        if (uint(VR_OFFSET(middle)) <= token)
            low = middle;
        else
            high = middle;
    }
    return uvec2(VR_OFFSET(low), VR_OFFSET(low + 1));
}
