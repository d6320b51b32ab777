/* SPDX-License-Identifier: Apache-2.0
 * The ids of one table of a store in memory, for an import. */
#ifndef VR_DATA_IDS_H
#define VR_DATA_IDS_H
#include "base/arena.h"
#include "base/map.h"
#include "data/store.h"

typedef struct vr_id {
    int64_t pk;
    bool described; /* its row came from an items file */
    bool fresh;     /* described, or for users added, by this import */
} vr_id;

typedef struct vr_ids {
    vr_arena texts;
    vr_map map; /* id → index into list */
    vr_id *list;
    size_t count, capacity;
} vr_ids;

void vr_ids_init(vr_ids *, const vireo_allocator *);
void vr_ids_deinit(vr_ids *);
/* Reads all rows of a query that gives pk, id, described. */
vireo_status vr_ids_load(vr_ids *, vireo_store *, const char *sql, vireo_error *);
/* Borrowed until the next add; NULL: not there. */
vr_id *vr_ids_find(const vr_ids *, const char *id, size_t length);
/* id must not be there yet. */
vireo_status vr_ids_add(vr_ids *, const char *id, size_t length, vr_id, vireo_error *);
#endif
