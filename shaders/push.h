/* SPDX-License-Identifier: Apache-2.0
 * Push constants, read by C and GLSL alike: 4-byte scalars, at most 128 bytes each. `rows` and
 * `symbol` are the arguments of vr_rows (include/step.glsl); offsets and pitches are in elements
 * unless the name says quads (vec4s). */
#ifndef VR_PUSH_H
#define VR_PUSH_H
#ifdef __STDC__
#include <stdint.h>
#define VR_U32 uint32_t
#define VR_I32 int32_t
#define VR_F32 float
#else
#define VR_U32 uint
#define VR_I32 int
#define VR_F32 float
#endif

/* All but rows, columns and depth in quads. Rows [row_begin, row_end) and quads [quad_begin,
 * quad_end): the slab of a and of w that is bound; both begin at the bindings' first element. */
struct vr_push_matmul {
    VR_U32 rows, symbol, row_begin, row_end;
    VR_U32 columns, depth, k_quads, quad_begin, quad_end;
    VR_U32 a_pitch, w_pitch, out_pitch;
    VR_U32 a_batch, w_batch, out_batch;
    VR_U32 has_bias, has_residual;
};

#ifdef __STDC__
typedef struct vr_extent vr_extent;
#endif

/* Rows and width of a value in this run. The width changes only for a dynamic vector: then
 * width_symbol is its symbol and width 1. */
struct vr_extent {
    VR_U32 rows, symbol, width, width_symbol;
};

struct vr_push_norm { /* norm.comp */
    vr_extent x;
    VR_F32 epsilon;
    VR_U32 has_weight, has_bias;
};

struct vr_push_unary { /* unary.comp */
    vr_extent x;
    VR_F32 factor, shift;
    VR_U32 mask; /* whether zeros become something else, so that padding must be cleared */
};

struct vr_push_binary { /* binary.comp */
    vr_extent x;
    VR_U32 op, row; /* row: b is one row, used for every row of a */
};

struct vr_push_broadcast { /* broadcast.comp */
    vr_extent x;         /* of the result */
    VR_U32 op;
    VR_U32 size1, size2;   /* of its dimensions 1 and 2, were it of rank 4; ~0: the first one */
    VR_U32 a0, a1, a2, a3; /* strides of a in the result's dimensions; 0 where broadcast */
    VR_U32 b0, b1, b2, b3;
};

struct vr_push_embedding { /* embedding.comp */
    VR_U32 rows, symbol;             /* of ids */
    VR_U32 table_rows, table_symbol; /* of the table */
    VR_U32 quads;                    /* from row to row */
    VR_U32 first, count;             /* rows of the slab; the slab with first 0 clears the rows of
                                        ids that are not in the table */
};

struct vr_push_pool { /* pool.comp */
    VR_U32 tokens, tokens_symbol;
    VR_U32 sequences, symbol;
    VR_U32 quads, op;
};

struct vr_push_top_k { /* top_k.comp */
    VR_U32 rows, symbol, width;
    VR_U32 k, phase;
    VR_U32 deny_pitch; /* 0: one row for all */
    VR_U32 has_deny;
    VR_U32 list; /* quads of one scratch list at capacity: keys first, then indices */
};

/* Steps and a and w batches in elements, out ones in quads. */
struct vr_push_matmul_plain {
    VR_U32 rows, symbol, columns, depth;
    VR_U32 a_step_m, a_step_k, w_step_n, w_step_k;
    VR_U32 a_batch, w_batch, out_pitch, out_batch;
    VR_U32 has_bias, has_residual;
};

/* q, k, v pitches in quads (texel kernel) or elements (plain one); head_dim in elements. */
struct vr_push_attention {
    VR_U32 rows, symbol, n_heads, head_dim;
    VR_U32 q_pitch, k_pitch, v_pitch, out_pitch;
    VR_U32 sequences, sequences_symbol;
    VR_F32 scale;
};

#endif
