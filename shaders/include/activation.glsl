// SPDX-License-Identifier: Apache-2.0
// vr_activate(x): the functions of vireo_unary (vireo/graph.h), chosen by VR_ACTIVATION, its value.
// Arguments of exp are clamped: drivers may compute tanh and exp so that they overflow, and division
// is only exact enough up to 2^126. What a clamp would make too large a part of a huge argument is 0.
#ifndef VR_ACTIVATION_GLSL
#define VR_ACTIVATION_GLSL

// 1 / (1 + exp(-x))
vec4 vr_sigmoid(vec4 x)
{
    return 1.0 / (1.0 + exp(clamp(-x, -80.0, 80.0)));
}

// y where x is above `lowest`, else 0: x times something that vanishes faster than x grows.
vec4 vr_above(vec4 x, float lowest, vec4 y)
{
    return mix(vec4(0.0), y, greaterThan(x, vec4(lowest)));
}

vec4 vr_tanh(vec4 x)
{
    // 1 − 2 / (exp(2|x|) + 1); near 0, where that cancels, the series.
    const vec4 a = min(abs(x), 20.0);
    const vec4 s = a * a;
    const vec4 series = a * (1.0 + s * (-0.33333333 + s * (0.13333333 - s * 0.05396825)));
    return sign(x) * mix(1.0 - 2.0 / (exp(2.0 * a) + 1.0), series, lessThan(a, vec4(0.2)));
}

vec4 vr_activate(vec4 x)
{
#if VR_ACTIVATION == 0 // VIREO_IDENTITY
    return x;
#elif VR_ACTIVATION == 1 // VIREO_GELU
    // x/2 · (1 + erf(x/√2)) = max(x, 0) − |x|/2 · erfc(|x|/√2): no cancellation in the tail. erfc by
    // Abramowitz and Stegun 7.1.26, |error| ≤ 1.5e-7.
    const vec4 z = min(abs(x) * 0.70710678, 10.0);
    const vec4 t = 1.0 / (1.0 + 0.3275911 * z);
    const vec4 p = ((((1.061405429 * t - 1.453152027) * t + 1.421413741) * t - 0.284496736) * t
                    + 0.254829592) * t;
    return max(x, 0.0) - 0.5 * min(abs(x), 15.0) * (p * exp(-z * z));
#elif VR_ACTIVATION == 2 // VIREO_GELU_TANH
    // (1 + tanh(u)) / 2 = sigmoid(2u), u = √(2/π) · (x + 0.044715 x³)
    const vec4 c = clamp(x, -20.0, 20.0);
    return vr_above(x, -20.0, x * vr_sigmoid(1.59576912 * (c + 0.044715 * c * c * c)));
#elif VR_ACTIVATION == 3 // VIREO_RELU
    return max(x, 0.0);
#elif VR_ACTIVATION == 4 // VIREO_SILU
    return vr_above(x, -80.0, x * vr_sigmoid(x));
#elif VR_ACTIVATION == 5 // VIREO_TANH
    return vr_tanh(x);
#elif VR_ACTIVATION == 6 // VIREO_SIGMOID
    return vr_sigmoid(x);
#else
#error VR_ACTIVATION must be a value of vireo_unary
#endif
}
#endif
