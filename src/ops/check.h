/* SPDX-License-Identifier: Apache-2.0
 * What the self-test runs on a user's device: small calls of an op, as data. run/check_case.c draws
 * the operands and asks the op's reference; together, the calls reach every kernel of the op. */
#ifndef VR_OPS_CHECK_H
#define VR_OPS_CHECK_H
#include "ops/op.h"

typedef enum vr_fill {
    VR_FILL_NORMAL,  /* deviation 1 */
    VR_FILL_IDS,     /* rows of input `of` */
    VR_FILL_OFFSETS, /* cumulative lengths, from 0 to the rows of input `of`; some are 0 */
    VR_FILL_BITS,    /* any words */
} vr_fill;

typedef struct vr_check_operand {
    uint32_t rank; /* 0: absent */
    int64_t shape[VIREO_MAX_RANK];
    vireo_dtype dtype; /* f32 and i32 are inputs of the graph, all others constants */
    vr_fill fill;
    uint32_t of;
    uint32_t symbol; /* 1, 2: dimension 0 is dynamic; equal numbers are one size */
} vr_check_operand;

struct vr_check {
    vr_attributes at;
    vr_check_operand in[VR_MAX_IN];
    double nmse; /* allowed; 0: 1e-10. Another one needs a comment that says why */
};

/* Operands: VR_IN_F32(37, 50), VR_IN_ROWS(1, 37, 50) with 37 rows by symbol 1, VR_IN_IDS(20, 0) of
 * input 0. */
#define VR_DIMENSIONS(...)                                                                         \
    .rank = sizeof((const int64_t[]){__VA_ARGS__}) / sizeof(int64_t), .shape = {__VA_ARGS__}
#define VR_IN_OF(type, ...)                                                                        \
    {                                                                                              \
        VR_DIMENSIONS(__VA_ARGS__), .dtype = type                                                  \
    }
#define VR_IN_F32(...) VR_IN_OF(VIREO_F32, __VA_ARGS__)
#define VR_IN_F16(...) VR_IN_OF(VIREO_F16, __VA_ARGS__)
#define VR_IN_ROWS(number, ...)                                                                    \
    {                                                                                              \
        VR_DIMENSIONS(__VA_ARGS__), .dtype = VIREO_F32, .symbol = number                           \
    }
#define VR_IN_WORDS(filling, input, number, ...)                                                   \
    {                                                                                              \
        VR_DIMENSIONS(__VA_ARGS__), .dtype = VIREO_I32, .fill = filling, .of = input,              \
                                    .symbol = number                                               \
    }
#define VR_IN_IDS(n, input) VR_IN_WORDS(VR_FILL_IDS, input, 0, n)
#define VR_IN_OFFSETS(n, input) VR_IN_WORDS(VR_FILL_OFFSETS, input, 0, n)
#define VR_IN_BITS(...) VR_IN_WORDS(VR_FILL_BITS, 0, 0, __VA_ARGS__)

#define VR_CHECKS(table) .checks = table, .n_checks = sizeof table / sizeof *table
#endif
