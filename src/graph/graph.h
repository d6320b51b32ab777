/* SPDX-License-Identifier: Apache-2.0
 * The graph: values and nodes in the order they were built, which is an order of execution. Knows no
 * device. Ids start at 1; 0 is none. */
#ifndef VR_GRAPH_GRAPH_H
#define VR_GRAPH_GRAPH_H
#include "base/arena.h"
#include "base/file.h"
#include "ops/op.h"

#define VR_MAX_SYMBOLS 15 /* the step buffer holds VR_MAX_SYMBOLS + 1 counts */

typedef struct vr_graph_symbol {
    const char *name;
    int64_t max;
    uint32_t base; /* derived: base's count + add; 0: set by the inputs */
    int64_t add;
} vr_graph_symbol;

typedef struct vr_graph_value {
    vr_value v;
    const char *name;       /* constants, inputs; NULL otherwise */
    const void *data;       /* constants: dense, borrowed; NULL if they stand in a file */
    const vr_file *file;    /* constants of a source: dense, read by position; borrowed */
    uint64_t file_offset;   /* of the first element */
    vireo_dtype data_dtype; /* constants: as stored; f16 and bf16 may become f32 */
    bool transposed;        /* constants: stored as (shape[1], shape[0]) and turned on upload */
    bool is_output;
} vr_graph_value;

typedef struct vr_node {
    vr_op_id op;
    vr_attributes at;
    uint32_t in[VR_MAX_IN], out[VR_MAX_OUT]; /* value ids */
} vr_node;

typedef struct vr_graph_output {
    const char *name;
    uint32_t value;
} vr_graph_output;

struct vireo_graph {
    vr_arena arena; /* names */
    vireo_allocator allocator_storage;
    const vireo_allocator *allocator;
    vr_graph_symbol *symbols; /* [id]; [0] unused */
    size_t n_symbols, cap_symbols;
    vr_graph_value *values; /* [id]; [0] unused */
    size_t n_values, cap_values;
    vr_node *nodes;
    size_t n_nodes, cap_nodes;
    uint32_t *inputs; /* value ids in order of declaration */
    size_t n_inputs, cap_inputs;
    vr_graph_output *outputs;
    size_t n_outputs, cap_outputs;
    vireo_error fault; /* the first; status VIREO_OK: none */
};

/* The operands of a node as ops see them; `values` is indexed by id (a session's copy or the
 * graph's own). */
void vr_node_call(const vireo_graph *, const vr_node *, vr_value *const *values,
                  const vireo_device_info *limits, vr_call *out);
/* A constant whose dense data stand in a file (borrowed like data) from a byte on; t->data is not
 * looked at. */
vireo_value vr_graph_file_constant(vireo_graph *, const char *name, const vireo_tensor *t,
                                   const vr_file *, uint64_t offset);
/* The largest a symbol may be in a run: `largest`, if it is not 0, or its own maximum. */
int64_t vr_graph_most(const vireo_graph *, int64_t largest, size_t symbol);
/* Sizes of all symbols from a run's inputs, every one of which is checked: counts[symbol id]. */
vireo_status vr_graph_counts(const vireo_graph *, int64_t largest, const vireo_tensor *in, size_t n_in,
                             int64_t *counts, vireo_error *);
/* Makes one node of two where one op does what both do (fuse.c); the results are the same but for rounding.
 * Fails on exhausted memory only, and then has changed nothing. */
vireo_status vr_graph_fuse(vireo_graph *, vireo_error *);
/* Appends a node of `op`, infers its outputs; ids of outputs go into out[n_out] (0 on a fault). */
void vr_graph_add(vireo_graph *, vr_op_id, const vr_attributes *, const vireo_value *in, size_t n_in,
                  vireo_value *out);
#endif
