/* SPDX-License-Identifier: Apache-2.0
 * Random numbers for cases and their operands. */
#ifndef OP_RAND_H
#define OP_RAND_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "op_case.h"

/* SplitMix64 (Steele et al. 2014). */
static inline uint64_t op_next(uint64_t *state)
{
    uint64_t z = *state += 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

static inline int64_t op_below(uint64_t *state, int64_t n)
{
    return (int64_t)(op_next(state) % (uint64_t)n);
}

static inline bool op_once_in(uint64_t *state, int64_t n)
{
    return op_below(state, n) == 0;
}

/* A size from 1 to most, edges more often than others; now and then 0. */
int64_t op_draw_size(uint64_t *state, int64_t most);
/* An f32 input of a rank from lowest to highest and at most `elements`, with some fill and, now and
 * then, a view. */
op_operand op_draw_input(uint64_t *state, uint32_t lowest, uint32_t highest, int64_t elements);
op_fill op_draw_fill(uint64_t *state);
/* Makes dimension 0 of operand `input` dynamic, with three counts up to what it is; now and then. */
void op_draw_dynamic(uint64_t *state, op_case *, uint32_t input);
#endif
