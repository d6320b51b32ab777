// SPDX-License-Identifier: Apache-2.0
// Finds the sequence of a token in cumulative lengths: VR_OFFSET(i) reads offset i of `ends`, at least
// 2. The last s with offset(s) <= token, so that empty sequences are passed over.
uint vr_sequence(uint token, uint ends)
{
    uint low = 0, high = ends - 1;
    while (high - low > 1) {
        const uint middle = (low + high) / 2;
        if (uint(VR_OFFSET(middle)) <= token)
            low = middle;
        else
            high = middle;
    }
    return low;
}
