/* SPDX-License-Identifier: Apache-2.0
 * What a dataset keeps beside its public face. */
#ifndef VR_DATA_DATASET_H
#define VR_DATA_DATASET_H
#include "base/arena.h"
#include "base/map.h"
#include "vireo/recommend.h"

typedef struct vr_dataset {
    vireo_dataset face; /* first */
    vireo_allocator hook;
    const vireo_allocator *allocator; /* &hook or NULL: a dataset may outlive its store */
    vr_arena arena;
    vr_map items, users;     /* id → index */
    int64_t *item_pks;       /* (n_items) rising */
    vireo_event *own_events; /* face.events */
} vr_dataset;

/* Index of the item with this key in the store. */
bool vr_dataset_item_of(const vr_dataset *, int64_t pk, uint32_t *index);
#endif
