/* SPDX-License-Identifier: Apache-2.0
 * What an op is: shapes, reference, kernels. A kernel is data: ops know no device beyond
 * vireo_device_info. To add one: docs/ADDING_AN_OP.md. */
#ifndef VR_OPS_OP_H
#define VR_OPS_OP_H
#include "base/error.h"
#include "base/str.h"
#include "vireo/graph.h"

/* The order of op_list.h. */
typedef enum vr_op_id {
#define VR_OP(id, name) VR_OP_##id,
#include "ops/op_list.h"
#undef VR_OP
    VR_OP_COUNT,
} vr_op_id;

/* ---- Values -------------------------------------------------------------------------------- */

typedef enum vr_value_kind {
    VR_CONSTANT,   /* weights: immutable, shared by all sessions of a model */
    VR_INPUT,      /* activation written by the host */
    VR_ACTIVATION, /* lives inside one run; placed by the planner */
} vr_value_kind;
#define VR_NO_SYMBOL UINT32_MAX

/* Storage: rows of `pitch` elements; the elements from the last dimension up to the next multiple of 4
 * are ZERO, and every kernel that writes a value keeps them so (texel views read whole vec4s). A scalar
 * or vector is one row. What kernels write is dense: pitch is that multiple of 4. A view (vr_op.view)
 * may have a larger pitch: between its rows lie elements of others.
 * Packed constants (vr_is_packed) are read as 32-bit words, 16 bytes at a time; every row begins at a
 * multiple of 16 bytes (shaders/include/packed.glsl):
 *   bf16  the halves as stored, the row rounded up to 8 elements;
 *   q8_0  the quants of all blocks, then their f16 scales, two a word, zeros to the next 16 bytes;
 *   q4_0  the same; a block's nibbles are 16 bytes, word i with elements 4i.. (low) and 16 + 4i.. */
typedef struct vr_value {
    vr_value_kind kind;
    vireo_dtype dtype;
    uint32_t rank;
    int64_t shape[VIREO_MAX_RANK]; /* dimension 0: the capacity of the bucket, if dynamic */
    uint32_t symbol;               /* of dimension 0: index into the step's counts; VR_NO_SYMBOL */
    int64_t count;                 /* size of dimension 0 in this run; shape[0] if fixed */
    uint32_t pitch;                /* views: elements from row to row; 0: dense */
    int32_t derive;                /* results of infer: dimension 0 is the symbol's size + derive;
                                      the graph makes a symbol of its own from it (pool: -1) */
} vr_value;

int64_t vr_value_width(const vr_value *);    /* last dimension; 1 for rank 0 */
uint32_t vr_value_pitch(const vr_value *);   /* elements from row to row; blocks: the width */
uint64_t vr_value_row_bytes(const vr_value *); /* bytes from row to row */
int64_t vr_value_rows(const vr_value *);     /* capacity */
int64_t vr_value_rows_now(const vr_value *); /* of this run */
int64_t vr_value_width_now(const vr_value *); /* the same but for a dynamic vector */
int64_t vr_value_elements_now(const vr_value *); /* rows · width, without padding */
uint64_t vr_value_bytes(const vr_value *);   /* from the first element to the last row's end */
bool vr_is_packed(vireo_dtype); /* bf16, q8_0, q4_0 */
bool vr_value_same_shape(const vr_value *, const vr_value *);
/* "f32 [tokens≤512, 384]"-like text for messages. */
void vr_value_text(const vr_value *, char *buffer, size_t size);

/* ---- Nodes --------------------------------------------------------------------------------- */

#define VR_MAX_IN 6
#define VR_MAX_OUT 2
typedef enum vr_norm_kind { VR_NORM_LAYER, VR_NORM_RMS, VR_NORM_L2 } vr_norm_kind;
typedef union vr_attributes {
    struct {
        bool transpose_a, transpose_b;
        vireo_unary activation;
    } matmul; /* in: a, b, bias?, residual? */
    struct {
        uint32_t n_heads, n_kv_heads;
        float scale; /* 0: 1/√head_dim */
        bool causal;
        uint32_t window;
        float soft_cap, pointwise; /* 0: none */
    } attention; /* in: q, k, v, offsets, key offsets?, bias? */
    struct {
        uint32_t n_heads;
        vireo_rope_style style;
    } rope; /* x, positions, table */
    struct {
        vr_norm_kind kind;
        float epsilon;
    } norm; /* layer: x, weight?, bias?; rms: x, weight?; l2: x */
    struct {
        vireo_unary op;
        float factor, shift; /* applied first: op(x·factor + shift) */
    } unary; /* unary and scale: x */
    struct {
        vireo_binary op;
    } binary; /* a, b */
    struct {
        vireo_pooling op;
    } pool; /* x, offsets */
    struct {
        vireo_bag op;
    } bag; /* table, ids, offsets, weights? */
    struct {
        vireo_scatter op;
    } scatter; /* x, ids, updates */
    struct {
        uint32_t k;
    } top_k; /* scores, deny?; out: values, indices */
    struct {
        uint32_t rank;
        int64_t shape[VIREO_MAX_RANK];
    } reshape; /* x */
    struct {
        uint32_t axis;
        int64_t start, size;
    } slice; /* x */
    struct {
        uint32_t axes[VIREO_MAX_RANK]; /* dimension i of the result is dimension axes[i] of x */
    } transpose; /* x */
    struct {
        uint32_t axis;
    } concat; /* 1 to VR_MAX_IN values */
    struct {
        float scale;
        bool log;
    } softmax; /* x, deny? */
    struct {
        vireo_reduction op;
    } reduce; /* x */
    struct {
        bool exclusive;
    } cumsum; /* x */
} vr_attributes;

/* One op with its operands: all that infer, reference and kernels see. in[i] is NULL where an
 * optional input is absent. infer fills *out[i]: dtype, rank, shape, symbol (kind and count are the
 * caller's). limits: the device's; NULL in infer and reference. */
typedef struct vr_call {
    vr_op_id op;
    vr_attributes at;
    const vr_value *in[VR_MAX_IN];
    vr_value *out[VR_MAX_OUT];
    const vireo_device_info *limits;
} vr_call;

/* Op, then dtype and capacities of its inputs, "-" where one is absent: "matmul f32[512,384] f16[1536,384]". */
void vr_call_text(const vr_call *, char *buffer, size_t size);

/* Operands of the reference as dense doubles (no padding), i32 values as whole numbers. f16 and packed
 * inputs are the exact values of what is stored. NULL where absent. */
typedef struct vr_ref_args {
    const vr_call *call; /* counts are those of the run */
    const double *in[VR_MAX_IN];
    double *out[VR_MAX_OUT];
} vr_ref_args;

typedef struct vr_kernel vr_kernel;

/* What a call costs with the counts of this run. flops: a multiplication and an addition are two; bytes:
 * of its operands, each read or written once, of a table only as many rows as ids name. */
typedef struct vr_work {
    double flops, bytes;
} vr_work;
/* The data of i32 inputs, as far as the host knows them, else NULL: then it is the most it can be. */
typedef const int32_t *vr_host_ints[VR_MAX_IN];
vr_work vr_call_work(const vr_call *, const vr_host_ints);
/* Nanoseconds of it on the slowest device of its kind that we know: for how much is submitted at once, so
 * that no watchdog bites and a run can be cancelled soon. */
double vr_call_ns(const vr_call *, const vr_kernel *, const vr_host_ints);
/* What a dispatch may take of each there; kernels cut what is more. */
double vr_dispatch_flops(const vireo_device_info *); /* of products, by the kernels that are usual there */
double vr_dispatch_bytes(const vireo_device_info *);
double vr_kernel_flops(const vr_call *, const vr_kernel *); /* of the call's, by that kernel */

/* ---- Kernels ------------------------------------------------------------------------------- */

enum { /* vr_kernel.needs */
    VR_NEEDS_SUBGROUP_ARITHMETIC = 1 << 0,
    VR_NEEDS_CPU_FETCH = 1 << 1, /* a CPU whose texel fetches are cheap: hundreds of sums a lane pay */
    VR_NEEDS_CPU_SHUFFLE = 1 << 2, /* a CPU, whose workgroup is a subgroup, with lanes that can share fetches */
    VR_NEEDS_GPU = 1 << 3, /* none that a CPU plays: shared memory is faster than what it keeps a copy of */
};

typedef enum vr_operand {
    VR_OPERAND_END, /* closes the list */
    VR_IN0, VR_IN1, VR_IN2, VR_IN3, VR_IN4, VR_IN5,
    VR_OUT0, VR_OUT1,
    VR_SCRATCH,
    VR_STEP,  /* the step buffer: true counts (shaders/include/step.glsl); uniform */
    VR_FAULT, /* where a kernel reports bad data (shaders/include/fault.glsl); storage */
} vr_operand;
typedef enum vr_access {
    VR_STORAGE,    /* storage buffer */
    VR_TEXEL_VEC4, /* uniform texel buffer of vec4: RGBA32F, RGBA16F for f16 */
    VR_TEXEL_INT,  /* uniform texel buffer of i32: R32_SINT */
    VR_TEXEL_UVEC4, /* uniform texel buffer of uvec4, RGBA32UI: packed constants */
    VR_UNIFORM,    /* uniform buffer; the step buffer alone */
} vr_access;
/* Binding i of set 0 is binds[i]. An absent optional input is bound to something harmless; the
 * shader must not touch it. */
typedef struct vr_binding {
    vr_operand operand;
    vr_access access;
} vr_binding;
#define VR_KERNEL_BINDINGS 10
uint64_t vr_texel_bytes(vr_access, vireo_dtype); /* of a texel view's texel */

typedef enum vr_workgroup {
    VR_WORKGROUP_SUBGROUP = 0, /* WG = subgroup size: no barriers needed, fastest on CPU drivers */
    VR_WORKGROUP_64 = 64,      /* lanes, with shared memory and barriers */
    VR_WORKGROUP_128 = 128,    /* the most that every device has */
} vr_workgroup;

/* One dispatch; the runtime puts barriers where the bytes that dispatches touch conflict, within a node
 * too. Grids follow the counts of this run, everything else the capacities: for one graph
 * and bucket, launch must always append the same dispatches with the same push constants and ranges,
 * only `groups` may differ (0 is fine): the commands are recorded once, the grids are indirect. */
typedef struct vr_dispatch {
    uint32_t groups[3];
    uint32_t push[32];
    uint32_t push_bytes;
    bool second;       /* runs vr_kernel.second */
    vr_operand first; /* not VR_OPERAND_END: takes the place of binding 0's operand */
    struct {
        uint64_t offset, bytes; /* part of the operand; bytes 0: all. offset: a multiple of 256 */
    } range[VR_KERNEL_BINDINGS];
} vr_dispatch;
#define VR_MOST_DISPATCHES 32768 /* of a graph; more than any device can hold the operands of */
typedef struct vr_launches {
    const vireo_allocator *allocator;
    vr_dispatch *list;
    size_t count, capacity;
    bool full; /* a dispatch beyond VR_MOST_DISPATCHES was refused */
} vr_launches;
/* Appends a dispatch with a copy of `push`; total groups are spread over x and y so that none passes
 * 65,535 (shaders: vr_group()); z as given. NULL: memory is exhausted, or the list full. */
vr_dispatch *vr_launch(vr_launches *, const void *push, size_t push_bytes, uint64_t groups,
                       uint32_t z);
/* The same with x and y as given; both must be at most 65,535. */
vr_dispatch *vr_launch_grid(vr_launches *, const void *push, size_t push_bytes, uint32_t x,
                            uint32_t y, uint32_t z);

/* What a lane of a matmul computes: rows x quads of columns; 0: the op decides by the device. */
typedef struct vr_tile {
    uint32_t rows, quads;
    bool few; /* rows: at most those of the call */
} vr_tile;

struct vr_kernel {
    const char *name;   /* unique within its op: "texel", "storage", ... */
    const char *shader; /* file in shaders/ */
    const char *defines; /* "#define A 1\n..." or NULL; WG is defined by the runtime */
    uint32_t needs;
    uint8_t order; /* kernels of an op with the same sum in the same order, to the same bits; 0: in its own */
    vr_workgroup workgroup;
    double effort; /* how many times as long as the op's flops say (vr_op.effort) it takes; 0: 1 */
    bool (*fits)(const vr_call *, const vr_kernel *); /* NULL: always */
    /* NULL: always. Whether it is the better one for these sizes. Where kernels are fixed or forced it is
     * used for all that fit, and so where nothing else is left. */
    bool (*pays)(const vr_call *, const vr_kernel *);
    /* NULL; more defines that depend on the call. Few distinct ones: each is a pipeline. */
    void (*define)(const vr_call *, const vr_kernel *, vr_str *);
    vr_tile tile;
    uint64_t (*scratch)(const vr_call *, const vr_kernel *); /* NULL: none; bytes for the bucket's capacities */
    vireo_status (*launch)(const vr_call *, const vr_kernel *, uint32_t wg, vr_launches *);
    vr_binding binds[VR_KERNEL_BINDINGS + 1];
    const vr_kernel *second; /* NULL, or the program of dispatches marked `second`: its shader, defines,
                                define and binds count, its other fields do not */
};
/* NULL, or which need the device does not meet: "needs subgroup arithmetic". */
const char *vr_kernel_lacks(const vr_kernel *, const vireo_device_info *);
uint32_t vr_kernel_workgroup(const vr_kernel *, const vireo_device_info *); /* WG on this device */
/* How many binds of its programs are storage buffers, at most. */
uint32_t vr_kernel_storage_bindings(const vr_kernel *);

typedef struct vr_check vr_check; /* ops/check.h */

typedef struct vr_op {
    const char *name;
    uint8_t min_in, max_in, n_out;
    uint32_t f16_in;   /* bit i: input i may be f16 */
    uint32_t packed_in; /* bit i: input i may be a packed constant */
    uint32_t dense_in; /* bit i: input i must not be a view with a pitch of its own */
    /* NULL, or whether the result need not be computed: it is part of input 0, `*offset` bytes into it,
     * a multiple of 256. Sets out[0]->pitch. */
    bool (*view)(const vr_call *, uint64_t *offset);
    /* NULL, or what words, the kernel's VR_FAULT after a run, says; text for the message. Called if
     * words[0] is not 0. */
    void (*explain)(const vr_call *, const uint32_t *words, vr_str *);
    vireo_status (*infer)(const vr_call *, vireo_error *); /* bad arguments: named in the message */
    void (*reference)(const vr_ref_args *);                /* naive, double precision: the oracle */
    /* NULL: one for each element of input 0 or of the result, whichever has more. */
    double (*flops)(const vr_call *, const vr_host_ints);
    double effort; /* how many times as long as a product's its flops take; 0: 1 */
    bool table; /* input 0 is one, whose rows input 1 names */
    /* Best first; the last needs nothing, fits whatever the device's loops and bindings can take, and binds
     * at most 4 storage buffers, the least that Vulkan guarantees. */
    const vr_kernel *kernels;
    size_t n_kernels;
    const vr_check *checks; /* of the self-test; at least two */
    size_t n_checks;
} vr_op;
extern const vr_op *const vr_ops[VR_OP_COUNT];

/* The functions of vireo_unary in double precision, for references. */
double vr_reference_unary(vireo_unary, double x);

/* Helpers of infer functions. */
vireo_status vr_want_dtype(const vr_call *, uint32_t input, vireo_dtype, vireo_error *);
vireo_status vr_want_word(const vr_call *, uint32_t input, vireo_error *); /* f32 or i32 */
vireo_status vr_want_rank(const vr_call *, uint32_t input, uint32_t lowest, uint32_t highest,
                          vireo_error *);
vireo_status vr_bad(const vr_call *, vireo_error *, const char *format, ...)
    __attribute__((format(printf, 3, 4))); /* "matmul: ..." as INVALID_ARGUMENT */
#endif
