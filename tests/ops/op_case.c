/* SPDX-License-Identifier: Apache-2.0 */
#include "op_case.h"

op_operand op_vector(int64_t n)
{
    return (op_operand){.source = OP_INPUT, .dtype = VIREO_F32, .rank = 1, .shape = {n}};
}

op_operand op_matrix(int64_t rows, int64_t n)
{
    return (op_operand){.source = OP_INPUT, .dtype = VIREO_F32, .rank = 2, .shape = {rows, n}};
}

op_operand op_cube(int64_t a, int64_t b, int64_t c)
{
    return (op_operand){.source = OP_INPUT, .dtype = VIREO_F32, .rank = 3, .shape = {a, b, c}};
}

op_operand op_constant(op_operand o)
{
    o.source = OP_CONSTANT;
    return o;
}

op_operand op_filled(op_operand o, op_fill fill)
{
    o.fill = fill;
    return o;
}

op_operand op_dynamic(op_operand o, uint32_t symbol)
{
    o.symbol = symbol;
    return o;
}

op_operand op_ints(op_operand o, op_fill fill)
{
    o.dtype = VIREO_I32;
    o.fill = fill;
    return o;
}

op_operand op_weights(op_operand o, vireo_dtype dtype)
{
    o.source = OP_CONSTANT;
    o.dtype = dtype;
    return o;
}

op_operand op_half(op_operand o)
{
    return op_weights(o, VIREO_F16);
}

op_operand op_view(op_operand o)
{
    o.view = true;
    return o;
}

op_fill op_moved_fill(size_t index)
{
    static const op_fill fills[] = {FILL_NORMAL, FILL_HUGE, FILL_TINY, FILL_DENORMAL};
    return fills[index % (sizeof fills / sizeof *fills)];
}

vireo_dtype op_case_dtype(const op_case *c)
{
    for (uint32_t i = 0; i < VR_MAX_IN; i++)
        if (c->in[i].source != OP_ABSENT && c->in[i].dtype != VIREO_F32 &&
            c->in[i].dtype != VIREO_I32)
            return c->in[i].dtype;
    return c->in[0].dtype;
}

void op_sizes(op_case *c, int64_t most1, const int64_t *counts1, int64_t most2,
              const int64_t *counts2)
{
    c->symbols[0] = most1;
    c->symbols[1] = most2;
    c->n_runs = OP_MAX_RUNS;
    for (size_t i = 0; i < OP_MAX_RUNS; i++) {
        c->counts[i][0] = counts1[i];
        c->counts[i][1] = counts2 ? counts2[i] : 0;
    }
}

bool op_kernel_runs(const vr_op *op, size_t kernel, const vireo_device_info *info)
{
    const vr_kernel *k = kernel < op->n_kernels ? &op->kernels[kernel] : NULL;
    for (; k; k = k->second) {
        uint32_t buffers = 0;
        for (uint32_t i = 0; k->binds[i].operand != VR_OPERAND_END; i++)
            buffers += k->binds[i].access == VR_STORAGE;
        if (buffers > info->max_storage_bindings ||
            (k->needs & VR_NEEDS_SUBGROUP_ARITHMETIC && !info->subgroup_arithmetic) ||
            (k->needs & VR_NEEDS_CPU_FETCH &&
             (info->type != VIREO_DEVICE_CPU || info->costly_texel_fetch)) ||
            (k->needs & VR_NEEDS_CPU_SHUFFLE &&
             (info->type != VIREO_DEVICE_CPU || !info->subgroup_shuffle || info->subgroup_size < 4)) ||
            (k->needs & VR_NEEDS_GPU && info->type == VIREO_DEVICE_CPU))
            return false;
    }
    return true;
}
