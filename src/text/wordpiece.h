/* SPDX-License-Identifier: Apache-2.0
 * WordPiece: a word becomes the longest tokens of the vocabulary that match from its left, those
 * after the first with a prefix (Wu et al. 2016; Devlin et al. 2019). */
#ifndef VR_TEXT_WORDPIECE_H
#define VR_TEXT_WORDPIECE_H
#include "base/map.h"

typedef struct vr_wordpiece {
    vr_map vocabulary;  /* token → id; keys borrowed */
    const char *prefix; /* "##", borrowed */
    size_t prefix_bytes;
    size_t max_word_chars;  /* longer words become `unknown` */
    size_t max_token_bytes; /* of the longest key */
    uint32_t unknown;
} vr_wordpiece;

typedef struct vr_id_list {
    int32_t *ids;
    size_t count, capacity; /* stored */
    size_t total;           /* with those beyond `limit` */
    size_t limit;           /* at most this many are stored */
    bool failed;            /* out of memory */
} vr_id_list;
void vr_id_list_add(const vireo_allocator *, vr_id_list *, int32_t id);

/* word: valid UTF-8 or not (then a bad byte is a character). Appends at least one id; time is
 * bounded by max_word_chars × max_token_bytes for any word. */
void vr_wordpiece_word(const vr_wordpiece *, const char *word, size_t bytes, vr_id_list *out);
#endif
