/* SPDX-License-Identifier: Apache-2.0 */
#include "op_rand.h"

int64_t op_draw_size(uint64_t *s, int64_t most)
{
    static const int64_t edges[] = {1,  2,  3,  4,  5,  7,  8,  9,   13,  16,  17,
                                    31, 32, 33, 64, 65, 97, 128, 129, 256, 257, 384};
    if (op_once_in(s, 40))
        return 0;
    int64_t n = op_once_in(s, 3) ? 1 + op_below(s, most)
                                 : edges[op_below(s, (int64_t)(sizeof edges / sizeof *edges))];
    return n <= most ? n : 1 + n % most;
}

op_fill op_draw_fill(uint64_t *s)
{
    static const op_fill fills[] = {FILL_NORMAL, FILL_NORMAL, FILL_NORMAL, FILL_NORMAL,
                                    FILL_WIDE,   FILL_SHIFTED, FILL_ZERO,  FILL_CANCEL};
    return fills[op_below(s, (int64_t)(sizeof fills / sizeof *fills))];
}

op_operand op_draw_input(uint64_t *s, uint32_t lowest, uint32_t highest, int64_t elements)
{
    op_operand o = {.source = OP_INPUT, .fill = op_draw_fill(s)};
    o.rank = lowest + (uint32_t)op_below(s, highest - lowest + 1);
    for (uint32_t d = 0; d < o.rank; d++) {
        o.shape[o.rank - 1 - d] = op_draw_size(s, elements < 1 ? 1 : elements > 600 ? 600 : elements);
        if (o.shape[o.rank - 1 - d])
            elements /= o.shape[o.rank - 1 - d];
    }
    o.view = op_once_in(s, 4);
    return o;
}

void op_draw_dynamic(uint64_t *s, op_case *c, uint32_t input)
{
    const int64_t most = c->in[input].shape[0];
    int64_t counts[OP_MAX_RUNS];
    if (most < 1 || !op_once_in(s, 4))
        return;
    for (int i = 0; i < OP_MAX_RUNS; i++)
        counts[i] = op_below(s, most + 1);
    c->in[input].symbol = 1;
    if (c->in[input].rank == 1)
        c->in[input].view = false; /* what is dynamic cannot be cut */
    op_sizes(c, most, counts, 0, NULL);
}
