/* SPDX-License-Identifier: Apache-2.0
 * Added tokens: strings that become one id wherever they stand in a text, before WordPiece sees it.
 */
#ifndef VR_TEXT_ADDED_H
#define VR_TEXT_ADDED_H
#include "base/arena.h"

enum { VR_ADDED_MAX_BYTES = 256 }; /* of a pattern: bounds the search at each byte */

typedef struct vr_added_token {
    const char *content; /* borrowed; not empty */
    size_t bytes;
    int32_t id;
    bool single_word;    /* only between characters that are not part of words */
    bool lstrip, rstrip; /* white space on that side is taken too */
    bool normalized;     /* matched, itself normalised, in normalised text; else in raw text */
    bool special;
} vr_added_token;

/* What is looked for: a token's content or its normal form. */
typedef struct vr_added_pattern {
    const char *text; /* borrowed */
    uint32_t bytes;   /* 1 to VR_ADDED_MAX_BYTES */
    uint32_t order;   /* filled by the set */
    uint32_t
        shorter; /* filled by the set: 1 + index of the longest pattern that is a proper prefix */
    const vr_added_token *token;
} vr_added_pattern;

typedef struct vr_added_set {
    vr_added_pattern *patterns; /* (count), in the arena, in the order of their bytes */
    size_t count;
    uint32_t starts[257]; /* by first byte in patterns */
} vr_added_set;

/* Room in the arena for so many; add each; finish. Of equal patterns the first added wins. false:
 * out of memory. */
bool vr_added_set_reserve(vr_added_set *, vr_arena *, size_t count);
void vr_added_set_add(vr_added_set *, vr_added_pattern);
void vr_added_set_finish(vr_added_set *);

/* Cuts text into pieces: leftmost match, of those the longest (as Aho and Corasick 1975 is used by
 * Hugging Face's tokenizers). Linear time in the
 * text, whatever the patterns. */
typedef struct vr_added_piece {
    const char *text;
    size_t bytes;
    const vr_added_token *token; /* NULL: text without added tokens */
} vr_added_piece;
typedef struct vr_added_scan {
    const vr_added_set *set;
    const char *text;
    size_t length;
    size_t at, done;             /* where to search on; up to where pieces have been given */
    size_t space_from, space_to; /* white space already read */
    vr_added_piece next;         /* given before searching on, if bytes > 0 */
} vr_added_scan;
vr_added_scan vr_added_scan_begin(const vr_added_set *, const char *text, size_t length);
bool vr_added_scan_next(vr_added_scan *, vr_added_piece *out);
#endif
