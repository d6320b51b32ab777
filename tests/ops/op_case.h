/* SPDX-License-Identifier: Apache-2.0
 * Cases of ops. A case is one op with operands of given shapes, filled from a seed. cases_<op>.c
 * holds the rows of one op; op_run.c runs a case through the public interface with every kernel of
 * the op and compares with the op's double-precision reference. */
#ifndef OP_CASE_H
#define OP_CASE_H
#include "base/hash.h"
#include "ops/op.h"

#pragma GCC diagnostic ignored "-Wmissing-field-initializers" /* rows of tables end early */

/* How an operand is filled. All are drawn from the case's seed. */
typedef enum op_fill {
    FILL_NORMAL,  /* about normal, deviation 1 */
    FILL_WIDE,    /* magnitudes 1e-6 to 60, both signs, and zeros */
    FILL_SHIFTED, /* normal + 100: a mean far from 0 */
    FILL_TINY,    /* normal · 1e-30: squares vanish in f32 */
    FILL_FAINT,   /* normal · 1e-19: some squares vanish in f32, others lose digits */
    FILL_FAR,     /* normal, the first of all 1000: it is far from the mean */
    FILL_SMALL,   /* normal · 1e-4: the scales of blocks are denormal halves */
    FILL_HUGE,    /* normal · 1e30: squares overflow in f32 */
    FILL_ZERO,
    FILL_STEPS,   /* normal, rounded to eighths: a few ties among the largest */
    FILL_FEW,     /* few distinct values, −0 among them: ties */
    FILL_NAN,     /* normal, a third NaN */
    FILL_IDS,     /* 0 .. rows of operand .of - 1 */
    FILL_DENORMAL, /* ±0 and magnitudes below 1.2e-38, which drivers may flush */
    FILL_CANCEL,  /* pairs x, -x behind each other, then a small rest: long sums that cancel */
    FILL_CANCEL_ROWS, /* the same with whole rows: sums down columns. Errors are measured as with
                         op_cases.absolute_scale */
    FILL_OFFSETS, /* cumulative lengths, from 0 to the rows of operand .of; some sequences are empty;
                     op_case.lengths, or .key_lengths if .of is
                     not 0, if there are any */
    FILL_BAD_OFFSETS, /* any numbers, decreasing ones and such past the end too */
    FILL_BITS,        /* any word: half of everything is denied */
    FILL_ONES,        /* words of ones: all is denied */
} op_fill;

typedef enum op_source { OP_ABSENT, OP_INPUT, OP_CONSTANT } op_source;
typedef struct op_operand {
    op_source source;
    vireo_dtype dtype;
    uint32_t rank;
    int64_t shape[VIREO_MAX_RANK]; /* dimension 0 of a dynamic one: not used */
    uint32_t symbol;               /* 1, 2: dynamic, op_case.symbols[symbol - 1]; 0: fixed */
    op_fill fill;
    uint32_t of;                   /* ids and offsets: into the rows of this operand */
    bool view;                     /* an input that is columns of a wider one, between NaNs */
} op_operand;

#define OP_MAX_SYMBOLS 2
#define OP_MAX_RUNS 3
#define OP_MAX_LENGTHS 10
/* Low: test_ops.c's low limits. Discrete: with the tiles and the steps of GPUs; every second drawn case has it. */
typedef enum op_device { OP_DEVICE, OP_DEVICE_LOW, OP_DEVICE_DISCRETE, OP_N_DEVICES } op_device;

/* What makes a case special; a case may be in several. The table of test_ops.c counts them. */
#define OP_CLASSES(X)                                                                              \
    X(EMPTY, "empty")     /* some size is 0 */                                                     \
    X(ONE, "one")         /* some size is 1 */                                                     \
    X(PRIME, "prime")     /* a last dimension that is a prime above 4 */                           \
    X(RAGGED, "ragged")   /* a last dimension that is no multiple of 4 */                          \
    X(TILE, "tile+1")     /* some size is one past 8, 16, 32, ... */                               \
    X(GROUPS, "65k")      /* more than 65,535 groups in a dispatch */                              \
    X(SLABS, "slabs")     /* an operand bound in parts, mostly on OP_DEVICE_LOW */                 \
    X(LARGE, "128M")      /* an operand or a result of more than 128 MiB */                        \
    X(HUGE, "1e30")       /* values about 1e30 */                                                  \
    X(TINY, "1e-30")      /* values about 1e-30 */                                                 \
    X(DENORMAL, "denorm") /* denormal values and ±0, or denormal scales of blocks */               \
    X(CANCEL, "cancel")   /* long sums that cancel */                                              \
    X(VIEW, "view")       /* a kernel that read rows which are not dense */                        \
    X(DYNAMIC, "dynamic") /* sizes known at run time */
typedef enum op_class {
#define OP_CLASS(id, name) OP_##id,
    OP_CLASSES(OP_CLASS)
#undef OP_CLASS
    OP_N_CLASSES,
} op_class;
#define OP_WITHOUT(class) (1u << (class))

typedef struct op_case {
    vr_attributes at;
    op_operand in[VR_MAX_IN];
    int64_t symbols[OP_MAX_SYMBOLS]; /* largest sizes */
    int64_t counts[OP_MAX_RUNS][OP_MAX_SYMBOLS];
    size_t n_runs;                   /* with one session; 0: one, nothing is dynamic */
    int64_t lengths[OP_MAX_LENGTHS], key_lengths[OP_MAX_LENGTHS]; /* of FILL_OFFSETS */
    op_device device;
    bool keep_layout; /* model option */
    bool heavy;       /* seconds or hundreds of MiB: in the full tier alone */
    bool least;       /* on the least device in every tier that runs it */
    bool exact;       /* as op_cases.exact */
    uint32_t only_needs; /* not 0: with forced kernels, only those that have one of these needs */
    double nmse; /* 0: 1e-10; the row says why it is another */
    uint64_t seed;
} op_case;

typedef struct op_cases {
    vr_op_id op;
    size_t count;
    void (*make)(size_t index, op_case *out); /* out is zeroed before */
    /* A case drawn at random (op_rand.h); the full tier runs thousands. */
    void (*draw)(uint64_t *random, op_case *out);
    uint32_t without; /* OP_WITHOUT(class) that make no sense for the op; a comment says why */
    /* An op without OP_SLABS: a case that OP_DEVICE_LOW has to refuse, and the message. */
    void (*refused)(op_case *out);
    const char *refusal;
    uint32_t packed_without; /* the same of packed constants, each dtype of which must cover the rest */
    /* The op by its public builder. */
    void (*build)(vireo_graph *, const op_case *, const vireo_value *in, vireo_value *out);
    bool exact; /* results are copies: every bit counts, but for NaN and denormal numbers (op_run.c) */
    /* Whether errors are measured against the result for the operands' absolute values: sums whose
     * terms cancel. Else against the largest magnitude of the result. */
    bool absolute_scale;
} op_cases;

#define VR_OP(id, name) extern const op_cases cases_##name;
#include "ops/op_list.h"
#undef VR_OP

/* What the runs of one op with one kernel came to. */
typedef struct op_tally {
    size_t ran, not_applicable;
    size_t classes[OP_N_CLASSES];
    double worst; /* NMSE */
} op_tally;
enum { OP_N_DTYPES = 8, OP_MAX_KERNELS = 20 };
typedef struct op_table {
    op_tally of[OP_MAX_KERNELS][OP_N_DTYPES]; /* by kernel and by the dtype that is special */
} op_table;
/* Whether the device has the buffers and subgroups that a kernel of the op needs; past the last
 * one: a view, which needs none. */
bool op_kernel_runs(const vr_op *, size_t kernel, const vireo_device_info *);
vireo_dtype op_case_dtype(const op_case *); /* the first that is neither f32 nor i32, else input 0's */
/* Runs a case, forced: with every kernel in turn, else with the one that is chosen. Prints what fails
 * and returns how many checks failed. */
size_t op_run_case(vireo_device *, const op_cases *, size_t index, const op_case *, bool forced,
                   op_table *);
/* Runs each of a case's sizes so often, with kernels chosen once for all sizes: always the same bits, whose
 * hash is joined to *bits. */
size_t op_repeat_case(vireo_device *, const op_cases *, size_t index, const op_case *,
                      size_t times, vr_hash128 *bits);
/* Runs a case once as it is chosen, without a look at the results. */
vireo_status op_try_case(vireo_device *, const op_cases *, const op_case *, vireo_error *);
/* For ops that move values: normal, huge, tiny, denormal by turns. */
op_fill op_moved_fill(size_t index);
/* Fills n elements of operand `input`. rows: of operand .of. */
void op_fill_data(const op_case *, uint32_t input, size_t run, int64_t rows, double *out,
                  size_t n);
/* Stores n elements, whole rows, in the operand's dtype; values become what is stored. */
void op_encode(const op_operand *, double *values, size_t n, void *data);
size_t op_bytes(const op_operand *, size_t n); /* of n elements as stored */

/* Operands by rank, all f32 inputs filled with FILL_NORMAL; change what differs. */
op_operand op_vector(int64_t n);
op_operand op_matrix(int64_t rows, int64_t n);
op_operand op_cube(int64_t a, int64_t b, int64_t c);
op_operand op_constant(op_operand);
op_operand op_filled(op_operand, op_fill);
op_operand op_dynamic(op_operand, uint32_t symbol); /* dimension 0 follows symbol 1 or 2 */
op_operand op_ints(op_operand, op_fill);            /* i32 */
op_operand op_half(op_operand);                     /* constant f16 */
op_operand op_weights(op_operand, vireo_dtype);     /* constant of any dtype */
op_operand op_view(op_operand);
/* Sizes of one dynamic case: capacity and counts of its runs for symbol 1 (and 2). */
void op_sizes(op_case *, int64_t most1, const int64_t *counts1, int64_t most2,
              const int64_t *counts2);
#endif
