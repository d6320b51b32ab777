/* SPDX-License-Identifier: Apache-2.0
 * A bucket: one plan of a model's graph for capacities of its symbols, and its recordings. choose →
 * select → plan → record fill it in this order (select_kernels.c, plan.c, record.c); flight.c replays
 * it. */
#ifndef VR_RUN_BUCKET_H
#define VR_RUN_BUCKET_H
#include "run/model.h"
#include "vk/pipeline.h"

/* A kernel's program, or its second one. */
typedef struct vr_step_program {
    char *defines; /* the kernel's, WG and the like included */
    const vr_pipeline *pipeline;
    bool is_new; /* no node before runs it */
} vr_step_program;

typedef struct vr_step_node {
    const vr_kernel *kernel;   /* NULL: nothing to do, the result is a view of input 0 */
    uint64_t view_offset;      /* then: bytes */
    uint32_t workgroup;
    vr_step_program programs[2];
    size_t first, n_dispatches; /* in vr_bucket.launches */
    double ns; /* of all of them, at capacity, on the slowest device of its kind */
    uint64_t scratch_bytes, scratch_offset;
    uint64_t fault_offset; /* in vr_bucket.faults; VR_NO_FAULT: it reports none */
} vr_step_node;
#define VR_NO_FAULT UINT64_MAX
enum { VR_FAULT_BYTES = 256 }; /* of a node; an allowed offset of a binding */

/* The most that is submitted at once, if sizes are the capacities: dispatches [first, end) of the bucket.
 * Of smaller runs several segments are one submission. */
typedef struct vr_segment {
    size_t first, end;
    VkCommandBuffer commands;
    VkFence fence; /* of a submission that it ends */
    double ns;     /* on the slowest device of its kind, in this run */
    bool ends_submission;
    const char *op, *kernel; /* new to the bucket here, if the slot is cut by programs; or NULL */
    uint64_t submitted_ns, finished_ns; /* the host's clock; of the submission that it ends */
} vr_segment;

/* A recording of the bucket's dispatches with all that the host writes and reads: while the run of one
 * slot executes, the next is prepared in the other. The arena is the bucket's, for runs execute one after
 * another. */
typedef struct vr_slot {
    vr_buffer input, output;
    vr_buffer step;   /* counts[VR_MAX_SYMBOLS + 1], then x, y, z of each dispatch */
    vr_buffer faults; /* what kernels report, host-visible; VR_FAULT_BYTES a node that may */
    /* Where device and host have memory of their own, the host's part of input, output and step, which the recording
     * copies: all that kernels touch through the bus would take many times as long. Else without handles. */
    vr_buffer host_input, host_output, host_step;
    char *input_data, *output_data; /* what the host writes, and reads */
    uint32_t *step_data;
    bool stepped; /* step_data is that of the counts, with so many groups */
    int64_t counts[VR_MAX_SYMBOLS + 1];
    uint64_t groups;
    VkBufferView *views;
    size_t n_views, cap_views;
    VkDescriptorPool descriptors;
    VkCommandPool pool;
    vr_segment *segments; /* NULL: nothing is recorded yet */
    size_t n_segments;
    bool timed;           /* its nodes are, by these or, without, by the host: then a segment is of one node */
    VkQueryPool times;    /* two timestamps a node */
    bool by_program;      /* a program that is new begins a segment: for the first run, of which is told */
} vr_slot;
enum { VR_SLOTS = 2 };

typedef struct vr_bucket {
    const vireo_model *model;
    int64_t capacity[VR_MAX_SYMBOLS + 1]; /* [symbol id] */
    vr_value *values;      /* [value id], dimension 0 set to the capacity */
    vr_value **pointers;   /* [value id] = &values[id], for vr_node_call */
    vr_step_node *nodes;   /* [node index] */
    vr_launches launches;  /* at capacity; grids are rewritten every run */
    vr_place *places;      /* [value id]; inputs and outputs: in slot 0 */
    uint64_t arena_bytes, lower_bound; /* planned peak; most bytes live at one moment */
    uint64_t input_bytes, output_bytes;
    vr_buffer arena;       /* activations and scratch */
    size_t n_faults;
    const bool *kept; /* vr_bucket_options */
    bool timed;
    bool told; /* somebody hears what its first run compiles */
    vr_slot slots[VR_SLOTS]; /* the second is made when a run is submitted while the first is at work */
    uint64_t used; /* session's clock at last use */
    bool has_run;  /* else the driver may still compile when it runs */
} vr_bucket;

/* Bytes in whatever a run in the first slot is to write (outputs, activations, scratch), so that what it does not
 * write is seen. */
vireo_status vr_bucket_spoil(const vr_bucket *, int byte, vireo_error *);
/* What the last run in the first slot left of a value that is kept: vr_value_bytes. */
vireo_status vr_bucket_read(const vr_bucket *, uint32_t value, void *out, vireo_error *);
#define VR_STEP_GRIDS_OFFSET 64 /* bytes of the step buffer before the grids */

/* Whether the device has what the kernel needs, and it fits the call, which has limits. */
bool vr_kernel_allowed(const vr_kernel *, const vr_call *);
/* The kernel's program for a call; d borrows *defines (vr_free). push_bytes is left to the caller. */
vireo_status vr_kernel_program(const vireo_device *, const vr_call *, const vr_kernel *,
                               uint32_t workgroup, char **defines, vr_program_desc *d,
                               vireo_error *);
/* Whether force ("op/kernel[,op/kernel]" or NULL) names kernels there are. */
vireo_status vr_force_check(const char *force, vireo_error *);
bool vr_force_names(const char *force, vr_op_id); /* whether it says what the op runs */
typedef struct vr_progress_hook {
    vireo_progress_fn fn; /* NULL: nobody asks */
    void *user;
} vr_progress_hook;
/* How a bucket is made; of zeros: as the ops prefer. */
typedef struct vr_bucket_options {
    const char *force; /* "op/kernel[,op/kernel]", checked; NULL: none */
    const vr_kernel *const *fixed; /* [node index], chosen for other capacities: these take them too, or what
                                      sums in the same order; NULL: none */
    bool untuned; /* what is known from measuring (tune.h) does not count */
    bool timed;   /* vr_slot_times is to know what its nodes take */
    bool whole;   /* the first run is not cut by programs: progress hears of it, but not what compiles */
    const bool *kept; /* [value id], borrowed: these stay until a run ends, for vr_bucket_read; NULL: none */
    vr_progress_hook progress;
} vr_bucket_options;
/* Builds the bucket and its first slot. */
vireo_status vr_bucket_create(const vireo_model *, const int64_t *capacity, const vr_bucket_options *,
                              vr_bucket **out, vireo_error *);
void vr_bucket_destroy(vr_bucket **);

/* Capacities for counts, [symbol id] both: the next power of two, so that few buckets serve all
 * sizes. largest: of any symbol; 0: its own maximum. */
void vr_capacities(const vireo_graph *, int64_t largest, const int64_t *counts, int64_t *capacity);
/* The kernels a bucket of these capacities would have: out[node index], NULL for a view. */
vireo_status vr_kernels_choose(const vireo_model *, const int64_t *capacity, const vr_bucket_options *,
                               const vr_kernel **out, vireo_error *);

/* Steps of vr_bucket_create. These know no Vulkan: of the device they take limits, allocator, log. */
vireo_status vr_bucket_init(vr_bucket *, const vireo_model *, const int64_t *capacity,
                            vireo_error *);
vireo_status vr_bucket_choose(vr_bucket *, const vr_bucket_options *, vireo_error *);
vireo_status vr_bucket_dispatches(vr_bucket *, vireo_error *); /* and scratch, faults */
vireo_status vr_bucket_place(vr_bucket *, vireo_error *);
void vr_bucket_deinit(vr_bucket *); /* frees what they made; also after a fault */
/* And these do. */
vireo_status vr_bucket_compile(vr_bucket *, vr_progress_hook, vireo_error *);
vireo_status vr_slot_create(vr_bucket *, vr_slot *, vireo_error *); /* after a fault, too, destroy it */
vireo_status vr_slot_record(vr_bucket *, vr_slot *, vireo_error *);
void vr_slot_destroy(const vr_bucket *, vr_slot *); /* zeroes it; a zeroed one is fine */
/* Those of the node's inputs that the host wrote into the slot, else NULL. */
void vr_slot_ints(const vr_bucket *, const vr_slot *, const vr_node *,
                  const int32_t *host[VR_MAX_IN]);
/* What the slot's segments take in a run of the counts in b->values, whose dispatches are `launches`. */
void vr_slot_estimate(const vr_bucket *, vr_slot *, const vr_launches *);
/* What each node took, 0 where it dispatches nothing: ns[node index], of the run that has just ended. */
void vr_slot_times(vr_bucket *, const vr_slot *, double *ns);
/* Adds what the nodes took in the run that has just ended in a timed slot to the device's profile; before:
 * when the session's run before it was done. Returns when this one was. */
uint64_t vr_slot_profile(vr_bucket *, const vr_slot *, uint64_t before);
/* Appends the dispatches of all nodes for the counts in b->values to `out`. */
vireo_status vr_bucket_launch(const vr_bucket *, vr_launches *out, vireo_error *);
#endif
