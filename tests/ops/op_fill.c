/* SPDX-License-Identifier: Apache-2.0 */
#include "op_case.h"
#include "op_rand.h"
#include "tensor/quant.h"
#include <stdlib.h>
#include <math.h>

static double uniform(uint64_t *state) /* [0, 1) */
{
    return (double)(op_next(state) >> 11) * 0x1p-53;
}

static double normal(uint64_t *state)
{
    double sum = -6;
    for (int i = 0; i < 12; i++)
        sum += uniform(state);
    return sum;
}

static double draw(uint64_t *s, op_fill fill, int64_t rows)
{
    static const double few[] = {0.0, -0.0, 1.0, -1.0, 0.5, 2.0, -INFINITY};
    double x = normal(s);
    switch (fill) {
    case FILL_NORMAL:
    case FILL_FAR: /* op_fill_data puts the first */
        return x;
    case FILL_WIDE:
        if (op_below(s, 16) == 0)
            return 0.0;
        return copysign(exp(log(1e-6) + uniform(s) * log(60 / 1e-6)), x);
    case FILL_SHIFTED:
        return x + 100;
    case FILL_TINY:
        return x * 1e-30;
    case FILL_FAINT:
        return x * 1e-19;
    case FILL_SMALL:
        return x * 1e-4;
    case FILL_HUGE:
        return x * 1e30;
    case FILL_ZERO:
        return 0.0;
    case FILL_STEPS:
        return round(8 * x) / 8;
    case FILL_FEW:
        return few[op_below(s, 7)];
    case FILL_NAN:
        return op_below(s, 3) ? x : NAN;
    case FILL_IDS:
        return rows > 0 ? (double)op_below(s, rows) : 0.0;
    case FILL_DENORMAL:
        return op_below(s, 4) ? x * 1e-39 : copysign(0.0, x);
    case FILL_CANCEL: /* op_fill_data makes the pairs */
    case FILL_CANCEL_ROWS:
        return x * 1e3;
    case FILL_BAD_OFFSETS:
        return (double)(op_below(s, rows + 9) - 4);
    case FILL_BITS:
        return (double)(int32_t)(uint32_t)op_next(s);
    case FILL_ONES:
        return -1.0;
    case FILL_OFFSETS:
        break;
    }
    return 0.0;
}

static void fill_offsets(const int64_t *lengths, uint64_t *s, int64_t rows, double *out, size_t n)
{
    if (n == 0)
        return;
    out[0] = 0;
    bool given = false;
    for (size_t i = 0; i < OP_MAX_LENGTHS; i++)
        given = given || lengths[i];
    for (size_t i = 1; i < n; i++) {
        int64_t left = rows - (int64_t)out[i - 1];
        int64_t length = i + 1 == n ? left : op_below(s, 3) ? op_below(s, left + 1) : 0;
        out[i] = out[i - 1] + (double)(given ? lengths[i - 1] : length);
    }
}

void op_fill_data(const op_case *c, uint32_t input, size_t run, int64_t rows, double *out,
                  size_t n)
{
    const op_operand *o = &c->in[input];
    uint64_t s = c->seed * 1000003 + input * 101 + (o->source == OP_CONSTANT ? 0 : run);
    if (o->fill == FILL_OFFSETS) {
        fill_offsets(o->of ? c->key_lengths : c->lengths, &s, rows, out, n);
        return;
    }
    const bool cancels = o->fill == FILL_CANCEL || o->fill == FILL_CANCEL_ROWS;
    const size_t step = o->fill == FILL_CANCEL_ROWS && o->rank > 1 ? (size_t)o->shape[o->rank - 1] : 1;
    for (size_t i = 0; i < n; i++) {
        out[i] = draw(&s, o->fill, rows);
        if (cancels && i / step % 2)
            out[i] = i / step % 64 == 63 ? 0.5 : -out[i - step];
    }
    if (o->fill == FILL_FAR && n)
        out[0] = 1e3;
}

size_t op_bytes(const op_operand *o, size_t n)
{
    const size_t width = o->rank ? (size_t)o->shape[o->rank - 1] : 1;
    return width ? n / width * vireo_dtype_row_bytes(o->dtype, (int64_t)width) : 0;
}

void op_encode(const op_operand *o, double *values, size_t n, void *data)
{
    float *row = calloc(n + 1, sizeof *row);
    if (!row)
        abort();
    if (o->dtype == VIREO_I32) {
        for (size_t i = 0; i < n; i++)
            ((int32_t *)data)[i] = (int32_t)values[i];
    } else { /* blocks run along rows, and rows are whole blocks */
        for (size_t i = 0; i < n; i++)
            row[i] = (float)values[i];
        vr_pack_row(o->dtype, row, n, data);
        vr_unpack_row(o->dtype, data, n, row);
        for (size_t i = 0; i < n; i++)
            values[i] = (double)row[i];
    }
    free(row);
}
