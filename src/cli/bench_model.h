/* SPDX-License-Identifier: Apache-2.0
 * vireo bench model: a text encoder's speed, memory and start, and whether its vectors are right. */
#ifndef VR_CLI_BENCH_MODEL_H
#define VR_CLI_BENCH_MODEL_H
#include "cli/bench.h"

enum { VR_MOST_BATCH = 256, VR_MOST_BATCHES = 16, VR_MOST_COUNTS = 48 };

/* ---- Golden vectors ------------------------------------------------------------------------- */

/* Texts, and their vectors as other software computed them. */
typedef struct vr_golden {
    char **texts; /* (n), owned */
    float *vectors; /* (n, width), owned */
    size_t n, width;
    double least; /* cosine of all that was compared so far */
} vr_golden;
/* {"cases": [{"text": "...", "embedding": [numbers]}, ...]}, other keys are not read; all of one width. */
vireo_status vr_golden_read(vr_golden *, const char *path, vireo_error *);
void vr_golden_free(vr_golden *);
/* Embeds `batch` of the texts in one call, beginning again where there are fewer; 0: all. A cosine below
 * vr_golden_cosine is an error that names the case. */
vireo_status vr_golden_check(vr_golden *, vireo_embedder *, uint32_t batch, vireo_error *);
extern const double vr_golden_cosine;

/* ---- Figures -------------------------------------------------------------------------------- */

/* Read once, by the command. */
typedef struct vr_model_args {
    const char *path;   /* of the model */
    const char *input;  /* NULL: the golden texts are timed */
    const char *golden; /* NULL: nothing is compared */
    uint32_t batches[VR_MOST_BATCHES]; /* texts a call, 1 to VR_MOST_BATCH */
    size_t n_batches;
    uint32_t batch_tokens, runs; /* 0: the defaults */
    bool starts;        /* whether starting is measured */
    bool whole;         /* the first text alone, and a pass over all; else batches alone */
    bool selection;     /* which kernels each batch runs */
    uint64_t deadline;  /* vr_now_ns: what would take longer is left out; 0: nothing */
} vr_model_args;

typedef struct vr_batch_bench {
    uint32_t texts;
    uint64_t tokens;
    vr_timing time; /* of a call of vireo_embed */
    struct vr_kernel_count {
        const char *op, *kernel; /* static */
        size_t nodes;            /* run in one call */
    } kernels[VR_MOST_COUNTS];   /* (n_kernels), with vr_model_args.selection */
    size_t n_kernels;
} vr_batch_bench;

/* Parts of a start, in ms but VR_START_GLSLANG and VR_START_DRIVER: those are summed over threads. */
enum {
    VR_START_ALL,     /* from nothing to the first vector: the next three */
    VR_START_DEVICE,  /* the device object */
    VR_START_LOAD,    /* files, weights, tokenizer */
    VR_START_FIRST,   /* the first text: compiling, planning, recording, and the run */
    VR_START_SECOND,  /* the same text again */
    VR_START_GLSLANG, /* GLSL to SPIR-V, in all of them */
    VR_START_DRIVER,  /* the driver's making of pipelines; some compile in the first run instead */
    VR_START_PARTS
};
extern const char *const vr_start_keys[VR_START_PARTS];

typedef struct vr_start_bench {
    const char *name; /* "cold": without a cache folder; "warm": with it, filled. Static */
    vr_timing parts[VR_START_PARTS];
} vr_start_bench;

typedef struct vr_model_bench {
    size_t n;        /* texts */
    uint64_t tokens; /* of all */
    vr_timing all, one; /* a pass over all texts; the first text alone */
    vr_batch_bench batches[VR_MOST_BATCHES];
    size_t n_batches; /* less than asked for: the others would have passed the deadline */
    vr_start_bench starts[2];
    size_t n_starts; /* 0; 1: there is no cache folder; 2 */
    const char *starts_left_out[2]; /* for the deadline; NULL: none */
    double least_cosine;
    size_t n_golden;
    uint64_t weight_bytes, device_peak_bytes, host_peak_bytes;
} vr_model_bench;
/* Opens device, model and embedder in the engine. The exit status; what failed has been printed. */
int vr_bench_model(vr_engine *, const vr_cli *, const vr_model_args *, vr_model_bench *);

/* Members of the object at hand: of a batch without its timing; of a start the parts after the first. */
void vr_out_batch(vr_json_out *, const vr_batch_bench *);
void vr_out_start(vr_json_out *, const vr_timing *parts); /* (VR_START_PARTS) */
void vr_out_quality(vr_json_out *, const vr_model_args *, const vr_model_bench *);
/* All of it: tables, or a document. */
void vr_model_text(vr_str *, const vr_engine *, const vr_model_bench *);
void vr_model_json(vr_json_out *, const vr_engine *, const vr_model_args *, const vr_model_bench *);

typedef struct vr_suite_args {
    const char *path; /* NULL or "-": standard output */
    bool quick;
    uint32_t seconds; /* after which nothing more is begun; 0: the default */
    vr_model_args *model; /* NULL: none; else it is written to */
} vr_suite_args;
/* vireo bench suite; the exit status. */
int vr_bench_suite_command(vr_engine *, const vr_cli *, const vr_suite_args *);
#endif
