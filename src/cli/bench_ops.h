/* SPDX-License-Identifier: Apache-2.0
 * Every op as "vireo bench op" measures it: operands by the letters of its dimensions, and the shapes
 * that models have. */
#ifndef VR_CLI_BENCH_OPS_H
#define VR_CLI_BENCH_OPS_H
#include "vireo/graph.h"

enum { VR_BENCH_DIMS = 7, VR_BENCH_OPERANDS = 5, VR_BENCH_SHAPES = 8 };

typedef enum vr_bench_operand {
    VR_BENCH_NONE,    /* closes the list */
    VR_BENCH_INPUT,   /* f32, of the run */
    VR_BENCH_WEIGHT,  /* a constant of --dtype */
    VR_BENCH_VECTOR,  /* an f32 constant */
    VR_BENCH_IDS,     /* i32, rows of the first operand, at random */
    VR_BENCH_OFFSETS, /* i32: of sequences of equal length */
    VR_BENCH_DISTANCES, /* an f32 constant (1, 2 L - 1): attention's bias for sequences of L */
} vr_bench_operand;

typedef struct vr_bench_shape {
    const char *model; /* whose it is */
    int64_t dims[VR_BENCH_DIMS];
} vr_bench_shape;

typedef struct vr_bench_op {
    const char *name, *dims; /* "matmul", "MKN": --shapes 512x384x1536 */
    const char *meaning;     /* of the dimensions, for --help and messages */
    /* letters: the dimensions of an operand, a product in one where they stand in parentheses, digits
     * among them; of IDS how many and, after '<', how many rows they choose from; of OFFSETS how many
     * sequences and, after '<', how long each is. */
    struct {
        vr_bench_operand kind;
        const char *letters;
    } operands[VR_BENCH_OPERANDS];
    const char *result; /* letters */
    bool by_rows; /* row i of the result depends on row i of the inputs alone: dims[0] rows */
    vireo_value (*apply)(vireo_graph *, const vireo_value *operands, const int64_t *dims);
    vr_bench_shape shapes[VR_BENCH_SHAPES]; /* defaults; model NULL: no more */
} vr_bench_op;

extern const vr_bench_op vr_bench_ops[];
extern const size_t vr_bench_op_count;
const vr_bench_op *vr_bench_find_op(const char *name); /* NULL: none */
/* "512x384x1536". */
void vr_bench_shape_text(const vr_bench_op *, const int64_t *dims, char *out, size_t size);
/* Sizes by letters; returns the rank. rows: what stands after '<', else 0. */
uint32_t vr_bench_sizes(const vr_bench_op *, const char *letters, const int64_t *dims,
                        int64_t *sizes, int64_t *rows);
#endif
