/* SPDX-License-Identifier: Apache-2.0
 * Scoring a catalogue on the device. With factor rows F_i of the items and the weights w of a
 * history the query is q = Σ_j w_j F_j and item i scores q · F_i: two matmuls, linear in the
 * history. Neighbours and content each are such a pair: score_i = Σ_{j≠i} recent_j cos(i, j)  +
 * blend_i · (Σ_j taste_j V_j + query) · V_i With only one of them the other term is not there; with
 * none the scores are an input. */
#ifndef VR_REC_SCORER_H
#define VR_REC_SCORER_H
#include "rec/co_occurrence.h"
#include "rec/item_vectors.h"

typedef struct vr_scorer vr_scorer;
typedef struct vr_scorer_parts {
    size_t n_items;
    const vr_co_occurrence *neighbours; /* or NULL */
    const vr_item_vectors *content;     /* or NULL */
    const float *blend;                 /* (n_items), where both are given */
    uint32_t k;                         /* 0: the scores themselves are the output */
    uint32_t batch;                     /* requests a run at most */
    bool deterministic;                 /* vireo_session_options */
    bool no_fuse;                       /* vireo_model_options */
    vireo_progress_fn progress;         /* of "compile" and "first run" (vireo_session_options), or NULL */
    void *progress_user;
} vr_scorer_parts;
/* parts and what they point to are borrowed during the call, progress_user as long as the scorer lives. */
vireo_status vr_scorer_create(vireo_device *, const vr_scorer_parts *, const vireo_allocator *,
                              vr_scorer **out, vireo_error *);
void vr_scorer_destroy(vr_scorer **);
uint32_t vr_scorer_k(const vr_scorer *);

/* n requests; only what the scorer's parts use is read. */
typedef struct vr_scorer_run_args {
    size_t n;
    const float *recent; /* (n, n_items), neighbours */
    const float *taste;  /* (n, n_items), content */
    const float *query;  /* (n, width), content */
    const float *given;  /* (n, n_items), neither */
    const int32_t *deny; /* (n, ⌈n_items/32⌉), k > 0: bits as vireo_top_k takes them */
    float *scores;       /* out: (n, k), or (n, n_items) with k = 0 */
    int32_t *items;      /* out: (n, k), -1 past the last */
} vr_scorer_run_args;
vireo_status vr_scorer_run(vr_scorer *, const vr_scorer_run_args *, vireo_error *);
#endif
