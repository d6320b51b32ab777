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

/* Steps that long loops take in one iteration, of which drivers allow a limited number
 * (vireo_device_info.max_loop_iterations). */
#define VR_UNROLL 8

/* All but rows, columns and depth in quads. Rows [row_begin, row_end) and quads [quad_begin,
 * quad_end): the slab. a, residual and result begin at its first row, w (N, K) at its first column.
 * w_pitch of packed weights: 16 bytes each. */
struct vr_push_matmul {
    VR_U32 rows, symbol, row_begin, row_end;
    VR_U32 columns, depth, k_quads, quad_begin, quad_end;
    VR_U32 a_pitch, w_pitch, out_pitch;
    VR_U32 batches, batch_first, a_batch, w_batch, out_batch; /* batch_first: of the dispatch */
    VR_U32 w_first; /* where quad_begin stands in rows of w, in fetches */
    VR_U32 has_bias, has_residual;
};

#ifdef __STDC__
typedef struct vr_extent vr_extent;
#endif

/* Rows and width of a value in this run, and the slab of rows [first, end) that is bound. The width
 * changes only for a dynamic vector: then width_symbol is its symbol and width 1. pitch: quads from row
 * to row of the value itself; what kernels write is dense. */
struct vr_extent {
    VR_U32 rows, symbol, width, width_symbol, first, end, pitch;
};

#ifdef __STDC__
typedef struct vr_range vr_range;
#endif

/* What a dispatch takes of the units of a call: [first, end). */
struct vr_range {
    VR_U32 first, end;
};

#define VR_PIECE 1024 /* quads of a row that one subgroup or lane takes */

#ifdef __STDC__
typedef struct vr_row_pieces vr_row_pieces;
#endif

/* Rows taken piece by piece (include/pieces.glsl). */
struct vr_row_pieces {
    vr_extent x;
    VR_U32 pieces, phase; /* pieces of a row at capacity */
};

struct vr_push_softmax { /* softmax.comp */
    vr_row_pieces r;
    VR_F32 scale;
    VR_U32 deny_pitch; /* in words; 0: one row for all */
};

struct vr_push_reduce { /* reduce.comp */
    vr_row_pieces r;
    VR_U32 inner; /* rows of x for one row of the result; ~0: all of them */
};

struct vr_push_cumsum { /* cumsum.comp */
    vr_row_pieces r;
    VR_U32 exclusive;
};

struct vr_push_norm { /* norm.comp */
    vr_extent x;
    VR_F32 epsilon;
};

struct vr_push_unary { /* unary.comp */
    vr_extent x;
    VR_F32 factor, shift;
};

struct vr_push_binary { /* binary.comp */
    vr_extent x;    /* of the result; pitch: a's */
    VR_U32 b_pitch; /* 0: b is one row, used for every row of a */
};

struct vr_push_broadcast { /* broadcast.comp */
    vr_extent x;           /* of the result */
    VR_U32 size1, size2;   /* of its dimensions 1 and 2, were it of rank 4; ~0: the first one */
    VR_U32 a0, a1, a2, a3; /* strides of a in the result's dimensions; 0 where broadcast */
    VR_U32 b0, b1, b2, b3;
};

struct vr_push_embedding { /* embedding.comp */
    vr_range range;                  /* of the rows of ids */
    VR_U32 rows, symbol;             /* of ids */
    VR_U32 table_rows, table_symbol; /* of the table */
    VR_U32 quads, pitch;             /* of a row; from row to row of the table, words if packed */
    VR_U32 first, count;             /* rows of the slab; the slab with first 0 clears the rows of
                                        ids that are not in the table, and reports them */
};

struct vr_push_bag { /* embedding_bag.comp */
    vr_range range; /* of bags */
    VR_U32 ids, ids_symbol;
    VR_U32 table_rows, table_symbol;
    VR_U32 bags, symbol;
    VR_U32 quads, pitch;   /* of a row; from row to row of the table */
    VR_U32 first, count;   /* rows of the slab */
    VR_U32 mean;
};

struct vr_push_scatter_find { /* scatter_find.comp */
    vr_range range; /* of rows to clear, then of ids */
    VR_U32 rows, symbol;
    VR_U32 ids, ids_symbol;
    VR_U32 phase;
    VR_U32 begins;        /* where they stand: behind an end for each row */
    VR_U32 most;          /* ids at capacity */
    VR_U32 run, from, to; /* ids of a sorted run; the lists that are read and written */
};

struct vr_push_scatter { /* scatter_rows.comp */
    vr_extent x;
    vr_range part; /* of the sorted ids: whose updates are added; the first one's dispatches write all rows */
    VR_U32 ids, ids_symbol, most; /* most: at capacity */
    VR_U32 u_pitch;               /* quads from row to row of updates */
    VR_U32 begins, places;        /* where they stand in what was found: of rows, of the ids, behind their rows */
};

struct vr_push_pool { /* pool.comp */
    vr_range range; /* of sequences */
    VR_U32 tokens, tokens_symbol;
    VR_U32 sequences, symbol;
    VR_U32 quads, pitch, op; /* quads of a row; from row to row of x */
};

struct vr_push_top_k { /* top_k_select.comp, top_k_rank.comp; sizes and places in quads */
    vr_extent x;          /* of scores */
    VR_U32 k;
    VR_U32 deny_pitch;    /* words; 0: one row for all */
    VR_U32 has_deny;
    VR_U32 level;         /* 0: selects from scores, else from lists */
    VR_U32 entries;       /* of a row: scores, or keys of its lists */
    VR_U32 chunk, chunks; /* entries a team takes; how many of them a row has */
    VR_U32 from, from_list; /* keys that are read, and how far behind each its index stands */
    VR_U32 to, to_list;     /* the same for what is written */
    VR_U32 quads;           /* of a list that is written: k keys, or room for those above a bound */
};

struct vr_push_top_k_lane { /* top_k_lane.comp; sizes and places in quads */
    vr_range range; /* of the slab's pieces, or rows */
    vr_extent x;    /* of scores */
    VR_U32 pieces, piece; /* of a row; size of one */
    VR_U32 to_list;       /* how far behind the keys of lists their indices stand */
    VR_U32 deny_pitch;    /* words; 0: one row for all */
};

/* copy.comp, copy_quads.comp. Element (i0, i1, i2, i3) of the region x goes from `from` + its indices · a
 * to `to` + its indices · (b0, b1, b2, 1), all in units of 4 elements if quads are copied. */
struct vr_push_copy {
    vr_extent x;          /* of the region */
    VR_U32 whole;         /* the region is the result, whose slab begins with the region's */
    VR_U32 columns;       /* written of each row: the width, or with the padding behind it */
    VR_U32 size1, size2;  /* of its dimensions 1 and 2, were it of rank 4; ~0: the first one */
    VR_U32 from, a0, a1, a2, a3;
    VR_U32 to, b0, b1, b2;
    VR_U32 from_width;    /* not 0: rows of x are cut out of rows this wide, one after the other, that
                             stand a2 apart */
    VR_U32 cut;           /* the input's slab does, too */
    /* With VR_SHIFT, in elements: how far behind the input's quads the result's begin, how much of a row's
     * first quad stands before the region, the region's width; columns are elements, too, and x.width how
     * many quads of the result a row touches. */
    VR_U32 shift, skip, width;
};

/* transpose.comp. Places in quads: unit (i0, i1, i2, i3) begins at its indices · a of x, where i3 counts
 * 4 rows that stand a3 apart, and at its indices · (b0, b1, b2, 1) of the result. */
struct vr_push_transpose {
    vr_range range;       /* of units */
    VR_U32 units, symbol; /* of the result */
    VR_U32 size[3];       /* in units, of dimensions 1 to 3; ~0: the first one, or none */
    VR_U32 a[4], b[3];
    VR_U32 axis;  /* of the result: x's contiguous dimension, of which a unit takes several quads */
    VR_U32 rows;  /* its size */
    VR_U32 b_row; /* from row to row of it in the result */
    VR_U32 width; /* of the result */
};

/* Steps, firsts and a and w batches in elements, out ones in quads; w_step_n of blocks in words. columns, bias and w_first begin at
 * the slab's first column, a, residual and result at its first row. */
struct vr_push_matmul_plain {
    VR_U32 rows, symbol, row_begin, row_end;
    VR_U32 columns, depth, quad_begin, quads;
    VR_U32 a_first, a_step_m, a_step_k, w_first, w_step_n, w_step_k;
    VR_U32 a_batch, w_batch, out_pitch, out_batch;
    VR_U32 has_bias, has_residual;
    VR_U32 k_begin, k_end; /* of depth; the first part begins at 0, the last ends at depth */
    VR_U32 batch_first;
};

/* q, k, v and out pitches in quads (texel kernel) or elements (plain one); head_dim of q and k, v_dim
 * of v, bias_pitch and bias_middle (the entry of distance 0) in elements. */
struct vr_push_attention {
    VR_U32 rows, symbol, key_rows, key_symbol;
    VR_U32 n_heads, head_dim, v_dim;
    VR_U32 q_pitch, k_pitch, v_pitch, out_pitch;
    VR_U32 sequences, sequences_symbol;
    VR_F32 scale, soft_cap, pointwise; /* pointwise: what weights are multiplied with */
    VR_I32 causal, window;
    VR_I32 bias_pitch, bias_middle; /* bias_pitch 0: one row for all heads */
    VR_U32 first, count;            /* of a query's keys; the long kernel's dispatch takes these */
    VR_U32 streams;                 /* splits of `count` keys in a unit */
    VR_U32 begin;                   /* the first query of a dispatch, of split kernels its first unit */
};

struct vr_push_rope { /* rope.comp */
    vr_extent x;                  /* pitch in quads */
    VR_U32 head_dim, rotary;      /* elements */
    VR_U32 units;                 /* of a row */
    VR_U32 table_pitch;           /* quads */
    VR_U32 table_rows;            /* of the whole table */
    VR_U32 first, count;          /* rows of the table's slab; as for embedding */
};

struct vr_push_roof { /* roof_arithmetic.comp */
    VR_F32 a, b;          /* x = x · a + b */
    VR_I32 w, w_shift;    /* of bytes */
    VR_U32 trips;         /* of the loop */
};

#endif
