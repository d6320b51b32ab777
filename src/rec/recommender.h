/* SPDX-License-Identifier: Apache-2.0
 * Inside of vireo_recommender. */
#ifndef VR_REC_RECOMMENDER_H
#define VR_REC_RECOMMENDER_H
#include "rec/scorer.h"

/* What is scored. */
typedef enum vr_plan {
    VR_PLAN_POPULAR,
    VR_PLAN_NEIGHBOURS,
    VR_PLAN_CONTENT,
    VR_PLAN_BLEND, /* neighbours and content */
    VR_PLAN_COUNT,
} vr_plan;
static inline bool vr_plan_neighbours(vr_plan p)
{
    return p == VR_PLAN_NEIGHBOURS || p == VR_PLAN_BLEND;
}
static inline bool vr_plan_content(vr_plan p)
{
    return p == VR_PLAN_CONTENT || p == VR_PLAN_BLEND;
}

struct vireo_recommender {
    vireo_allocator hook;             /* the store's */
    const vireo_allocator *allocator; /* &hook or NULL */
    vireo_device *device;
    vireo_dataset *dataset;
    vireo_embedder *embedder; /* borrowed, or NULL */
    vr_item_vectors vectors;  /* with an embedder */
    vr_co_occurrence co;
    float *popularity; /* (n_items) */
    float *blend;      /* (n_items) */
    float rating_span; /* largest - smallest rating of the dataset, 0 without ratings */
    vr_scorer *scorers[VR_PLAN_COUNT]; /* made when first used */
    vireo_progress_fn progress;
    void *progress_user;
    bool deterministic, no_fuse;
};

/* Which plan answers a method for a history of n events. Without content auto is neighbours;
 * without events there is nothing to score with but popularity. */
vr_plan vr_plan_of(const vireo_recommender *, vireo_method, size_t n_events);

/* Weight of content in VR_PLAN_BLEND for items with these many interactions. (n). */
void vr_blend_weights(const uint32_t *counts, size_t n, float *out);

/* One history: the events, and whether their ratings mean anything. */
typedef struct vr_history {
    const vireo_event *events; /* oldest first */
    size_t n;
    bool rated;
} vr_history;

/* recent (n_items, zeroed by the caller): 1 for each of the last five events. */
void vr_weights_recent(const vr_history *, float *recent);
/* taste (n_items, zeroed by the caller): weights of all events, scaled so that the query Σ w_j V_j
 * has unit length: content scores are cosines. */
vireo_status vr_weights_taste(const vireo_recommender *, const vr_history *, float *taste,
                              vireo_error *);

/* The reasons of one item: shares of the events' items, largest first. recent and taste as above,
 * what the plan does not use may be NULL; items (n): those with a weight, each once. */
typedef struct vr_why {
    vr_plan plan;
    const float *recent, *taste;
    const uint32_t *items;
    size_t n;
} vr_why;
void vr_explain(const vireo_recommender *, const vr_why *, vireo_recommendation *);

/* Bits of all items that a request rules out, (⌈n_items/32⌉) zeroed by the caller. */
void vr_mask(const vireo_recommender *, const vireo_request *, const vr_history *, int32_t *deny);
#endif
