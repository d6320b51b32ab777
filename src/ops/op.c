/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/op.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

int64_t vr_value_width(const vr_value *v)
{
    return v->rank ? v->shape[v->rank - 1] : 1;
}

uint32_t vr_value_pitch(const vr_value *v)
{
    const int64_t step = v->dtype == VIREO_BF16 ? 8 : 4;
    return v->pitch ? v->pitch : (uint32_t)((vr_value_width(v) + step - 1) / step * step);
}

bool vr_is_packed(vireo_dtype dtype)
{
    return dtype == VIREO_BF16 || vireo_dtype_block(dtype) > 1;
}

uint64_t vr_value_row_bytes(const vr_value *v)
{
    const uint64_t bytes = vireo_dtype_block(v->dtype) > 1
                               ? vireo_dtype_row_bytes(v->dtype, vr_value_width(v))
                               : (uint64_t)vr_value_pitch(v) * vireo_dtype_bytes(v->dtype);
    return vr_is_packed(v->dtype) ? (bytes + 15) / 16 * 16 : bytes;
}

uint64_t vr_texel_bytes(vr_access access, vireo_dtype dtype)
{
    return access == VR_TEXEL_INT ? 4 : access == VR_TEXEL_UVEC4 ? 16 : 4 * vireo_dtype_bytes(dtype);
}

static int64_t rows_with(const vr_value *v, int64_t leading)
{
    if (v->rank < 2)
        return 1;
    int64_t rows = leading;
    for (uint32_t i = 1; i + 1 < v->rank; i++)
        rows *= v->shape[i];
    return rows;
}

int64_t vr_value_rows(const vr_value *v)
{
    return rows_with(v, v->shape[0]);
}

int64_t vr_value_rows_now(const vr_value *v)
{
    return rows_with(v, v->count);
}

int64_t vr_value_width_now(const vr_value *v)
{
    return v->rank == 1 ? v->count : vr_value_width(v);
}

int64_t vr_value_elements_now(const vr_value *v)
{
    return vr_value_rows_now(v) * vr_value_width_now(v);
}

uint64_t vr_value_bytes(const vr_value *v)
{
    const uint64_t rows = (uint64_t)vr_value_rows(v), row = vr_value_row_bytes(v);
    const uint64_t width = (uint64_t)vr_value_width(v);
    if (rows == 0)
        return 0;
    const uint64_t last = v->pitch ? (width + 3) / 4 * 4 * vireo_dtype_bytes(v->dtype) : row;
    return (rows - 1) * row + last;
}

bool vr_value_same_shape(const vr_value *a, const vr_value *b)
{
    if (a->rank != b->rank || a->symbol != b->symbol)
        return false;
    for (uint32_t i = 0; i < a->rank; i++)
        if (a->shape[i] != b->shape[i])
            return false;
    return true;
}

void vr_value_text(const vr_value *v, char *buffer, size_t size)
{
    int n = snprintf(buffer, size, "%s [", vireo_dtype_name(v->dtype));
    for (uint32_t i = 0; i < v->rank && n >= 0 && (size_t)n < size; i++)
        n += snprintf(buffer + n, size - (size_t)n, "%s%s%lld", i ? ", " : "",
                      i == 0 && v->symbol != VR_NO_SYMBOL ? "≤" : "", (long long)v->shape[i]);
    if (n >= 0 && (size_t)n < size)
        snprintf(buffer + n, size - (size_t)n, "]");
}

void vr_call_text(const vr_call *c, char *buffer, size_t size)
{
    uint32_t last = VR_MAX_IN;
    while (last && !c->in[last - 1])
        last--;
    size_t n = (size_t)snprintf(buffer, size, "%s", vr_ops[c->op]->name);
    for (uint32_t i = 0; i < last && n < size; i++) {
        const vr_value *v = c->in[i];
        n += (size_t)snprintf(buffer + n, size - n, v ? " %s[" : " -", v ? vireo_dtype_name(v->dtype) : "");
        for (uint32_t j = 0; v && j < v->rank && n < size; j++)
            n += (size_t)snprintf(buffer + n, size - n, "%s%lld", j ? "," : "", (long long)v->shape[j]);
        if (v && n < size)
            n += (size_t)snprintf(buffer + n, size - n, "]");
    }
}

vr_dispatch *vr_launch_grid(vr_launches *l, const void *push, size_t push_bytes, uint32_t x,
                            uint32_t y, uint32_t z)
{
    l->full = l->full || l->count == VR_MOST_DISPATCHES;
    if (l->full || !vr_grow(l->allocator, (void **)&l->list, &l->capacity, l->count + 1, sizeof *l->list))
        return NULL;
    vr_dispatch *d = &l->list[l->count++];
    memset(d, 0, sizeof *d);
    memcpy(d->push, push, push_bytes);
    d->push_bytes = (uint32_t)push_bytes;
    d->groups[0] = x;
    d->groups[1] = y;
    d->groups[2] = z;
    return d;
}

vr_dispatch *vr_launch(vr_launches *l, const void *push, size_t push_bytes, uint64_t groups,
                       uint32_t z)
{
    const uint64_t most = 65535; /* maxComputeWorkGroupCount's guaranteed minimum */
    uint64_t y = groups ? (groups + most - 1) / most : 0;
    uint64_t x = y ? (groups + y - 1) / y : 0;
    return vr_launch_grid(l, push, push_bytes, (uint32_t)x, (uint32_t)y, z);
}

uint32_t vr_kernel_storage_bindings(const vr_kernel *k)
{
    uint32_t n = 0;
    for (uint32_t i = 0; k->binds[i].operand != VR_OPERAND_END; i++)
        n += k->binds[i].access == VR_STORAGE;
    const uint32_t second = k->second ? vr_kernel_storage_bindings(k->second) : 0;
    return n > second ? n : second;
}

enum { LEAST_LANES = 4 }; /* of a subgroup that makes a workgroup */

const char *vr_kernel_lacks(const vr_kernel *k, const vireo_device_info *d)
{
    if (k->needs & VR_NEEDS_SUBGROUP_ARITHMETIC && !d->subgroup_arithmetic)
        return "needs subgroup arithmetic";
    if (k->needs & VR_NEEDS_CPU_FETCH && (d->type != VIREO_DEVICE_CPU || d->costly_texel_fetch))
        return "needs a CPU driver with cheap texel fetches";
    if (k->needs & VR_NEEDS_CPU_SHUFFLE &&
        (d->type != VIREO_DEVICE_CPU || !d->subgroup_shuffle || d->subgroup_size < LEAST_LANES))
        return "needs a CPU driver with subgroup shuffle of at least 4 lanes";
    if (k->needs & VR_NEEDS_GPU && d->type == VIREO_DEVICE_CPU)
        return "needs a GPU";
    return NULL;
}

uint32_t vr_kernel_workgroup(const vr_kernel *k, const vireo_device_info *limits)
{
    if (k->workgroup != VR_WORKGROUP_SUBGROUP)
        return k->workgroup;
    uint32_t wg = limits->subgroup_size;
    return wg >= LEAST_LANES && wg <= limits->max_workgroup_invocations ? wg : 32;
}

vireo_status vr_bad(const vr_call *c, vireo_error *err, const char *format, ...)
{
    char text[800];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    return vr_fail(err, VIREO_ERROR_INVALID_ARGUMENT, "%s: %s", vr_ops[c->op]->name, text);
}

vireo_status vr_want_dtype(const vr_call *c, uint32_t input, vireo_dtype dtype, vireo_error *err)
{
    const vr_value *v = c->in[input];
    if (!v || v->dtype == dtype)
        return VIREO_OK;
    const vr_op *op = vr_ops[c->op];
    const uint32_t also =
        v->dtype == VIREO_F16 ? op->f16_in : vr_is_packed(v->dtype) ? op->packed_in : 0;
    if (dtype == VIREO_F32 && (also >> input & 1))
        return VIREO_OK;
    return vr_bad(c, err, "input %u is %s, it must be %s", input, vireo_dtype_name(v->dtype),
                  vireo_dtype_name(dtype));
}

vireo_status vr_want_word(const vr_call *c, uint32_t input, vireo_error *err)
{
    const vr_value *v = c->in[input];
    if (!v || v->dtype == VIREO_F32 || v->dtype == VIREO_I32)
        return VIREO_OK;
    return vr_bad(c, err, "input %u is %s, it must be f32 or i32", input,
                  vireo_dtype_name(v->dtype));
}

vireo_status vr_want_rank(const vr_call *c, uint32_t input, uint32_t lowest, uint32_t highest,
                          vireo_error *err)
{
    const vr_value *v = c->in[input];
    if (!v || (v->rank >= lowest && v->rank <= highest))
        return VIREO_OK;
    return vr_bad(c, err, "input %u has %u dimensions, it must have %u to %u", input, v->rank,
                  lowest, highest);
}

double vr_reference_unary(vireo_unary op, double x)
{
    switch (op) {
    case VIREO_IDENTITY:
        return x;
    case VIREO_GELU:
        return 0.5 * x * erfc(-x / sqrt(2.0));
    case VIREO_GELU_TANH:
        return 0.5 * x * (1 + tanh(sqrt(2 / 3.14159265358979323846) * (x + 0.044715 * x * x * x)));
    case VIREO_RELU:
        return x > 0 ? x : 0;
    case VIREO_SILU:
        return x / (1 + exp(-x));
    case VIREO_TANH:
        return tanh(x);
    case VIREO_SIGMOID:
        return 1 / (1 + exp(-x));
    }
    return x;
}
