/* SPDX-License-Identifier: Apache-2.0
 * Leave-one-out split: of every user with at least two events the last one is the target, what
 * stands before it the history. Everything of the other users is history. */
#ifndef VR_DATA_SPLIT_H
#define VR_DATA_SPLIT_H
#include "base/alloc.h"
#include "base/error.h"
#include "vireo/recommend.h"

typedef struct vr_split {
    const vireo_allocator *allocator;
    size_t n;          /* users with a target */
    uint32_t *users;   /* (n) rising */
    uint32_t *targets; /* (n) items */
    uint32_t *counts;  /* (n_items) events of each item in all histories */
} vr_split;

vireo_status vr_split_init(vr_split *out, const vireo_dataset *, const vireo_allocator *,
                           vireo_error *);
void vr_split_deinit(vr_split *);
/* A user's history within the split: borrowed events, oldest first. user: any of the dataset. */
const vireo_event *vr_split_history(const vireo_dataset *, uint32_t user, size_t *n);
#endif
