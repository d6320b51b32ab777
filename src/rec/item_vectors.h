/* SPDX-License-Identifier: Apache-2.0
 * Content: items as vectors of their texts.
 *
 * Sentence vectors of one catalogue share a large common part ("this is a film title"; on MovieLens
 * with MiniLM the mean has norm 0.62), which says nothing about a taste. It is taken off and the
 * rows are made unit length again (Mu and Viswanath 2018, "All-but-the-Top", first step), so the
 * dot product of two rows is the cosine around the catalogue's mean. Items without any text have
 * rows of zeros: they match nothing. */
#ifndef VR_REC_ITEM_VECTORS_H
#define VR_REC_ITEM_VECTORS_H
#include "base/alloc.h"
#include "base/error.h"
#include "vireo/recommend.h"

typedef struct vr_item_vectors {
    const vireo_allocator *allocator;
    size_t n_items, width;
    float *rows; /* (n_items, width) */
    float *mean; /* (width) */
} vr_item_vectors;

/* Loads what the store has under the options' model_key, computes the rest and saves it unless the
 * store was opened for reading. */
vireo_status vr_item_vectors_init(vr_item_vectors *out, vireo_store *, const vireo_dataset *,
                                  const vireo_recommender_options *, const vireo_allocator *,
                                  vireo_error *);
void vr_item_vectors_deinit(vr_item_vectors *);
bool vr_item_has_text(const vireo_item *);
double vr_item_vectors_cosine(const vr_item_vectors *, uint32_t i, uint32_t j);
/* x (width), any vector of the same model: mean off, unit length. */
void vr_item_vectors_centre(const vr_item_vectors *, float *x);
#endif
