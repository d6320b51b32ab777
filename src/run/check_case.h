/* SPDX-License-Identifier: Apache-2.0
 * One call of the self-test at work: a graph with that one node, its operands drawn from a seed,
 * what the op's reference makes of them. */
#ifndef VR_RUN_CHECK_CASE_H
#define VR_RUN_CHECK_CASE_H
#include "graph/graph.h"
#include "ops/check.h"

typedef struct vr_check_case {
    vr_arena arena; /* all that is pointed to, but the graph */
    vr_op_id op;
    const vr_check *check;
    vireo_graph *graph; /* until vr_model_create takes it */
    vr_value values[VR_MAX_IN + VR_MAX_OUT];
    vr_call call; /* counts of the run; capacities are those of the bucket it will run in */
    vireo_tensor in[VR_MAX_IN]; /* what the session is given */
    size_t n_in;
    double *operands[VR_MAX_IN]; /* (elements), what the device will have, exactly */
    double *expected[VR_MAX_OUT];
    size_t elements[VR_MAX_OUT];
} vr_check_case;

/* The case of op's checks[index]. Afterwards, in either case, vr_check_case_deinit. */
vireo_status vr_check_case_init(vr_check_case *, const vireo_allocator *, vr_op_id, size_t index,
                                vireo_error *);
vireo_status vr_check_case_expect(vr_check_case *, vireo_error *); /* fills `expected` */
void vr_check_case_deinit(vr_check_case *);
#endif
