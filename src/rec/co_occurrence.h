/* SPDX-License-Identifier: Apache-2.0
 * Who touched what: item-item cosine over co-occurrence (Sarwar et al. 2001, binary). With the rows
 * F_i = (1 if user u touched item i) / √(users of i), the cosine of two items is F_i · F_j. */
#ifndef VR_REC_CO_OCCURRENCE_H
#define VR_REC_CO_OCCURRENCE_H
#include "base/alloc.h"
#include "base/error.h"
#include "vireo/recommend.h"

typedef struct vr_co_occurrence {
    const vireo_allocator *allocator;
    size_t n_items, n_users;
    size_t *offsets; /* (n_items + 1) into users */
    uint32_t *users; /* of each item, rising, each once */
} vr_co_occurrence;

/* held_out: without the last event of every user who has two (data/split.h). */
vireo_status vr_co_occurrence_init(vr_co_occurrence *out, const vireo_dataset *, bool held_out,
                                   const vireo_allocator *, vireo_error *);
void vr_co_occurrence_deinit(vr_co_occurrence *);
/* 0 if one of them was never touched. */
double vr_co_occurrence_cosine(const vr_co_occurrence *, uint32_t i, uint32_t j);
/* F as a dense matrix (n_items, n_users), freed by the caller. More bytes than `limit`:
 * VIREO_ERROR_LIMIT with the numbers. */
vireo_status vr_co_occurrence_dense(const vr_co_occurrence *, uint64_t limit, float **out,
                                    vireo_error *);
#endif
