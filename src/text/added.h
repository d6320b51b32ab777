/* SPDX-License-Identifier: Apache-2.0
 * Added tokens: strings that become one id wherever they stand in a text, before WordPiece sees it.
 */
#ifndef VR_TEXT_ADDED_H
#define VR_TEXT_ADDED_H
#include "base/arena.h"
#include "base/map.h"

enum { VR_ADDED_MAX_BYTES = 256 }; /* of a token's content: bounds the search at each byte */

typedef struct vr_added_token {
    const char *content; /* borrowed; not empty */
    size_t bytes;
    int32_t id;
    bool single_word;    /* only between characters that are not part of words */
    bool lstrip, rstrip; /* white space on that side is taken too */
    bool normalized;     /* matched, itself normalised, in normalised text; else in raw text */
    bool special;
} vr_added_token;

typedef struct vr_added_length {
    uint32_t bytes;
    unsigned char first;
} vr_added_length;

/* Patterns to look for, found by length and first byte. */
typedef struct vr_added_set {
    vr_map patterns; /* → index into tokens */
    const vr_added_token **tokens;
    size_t n_tokens;
    vr_added_length *lengths; /* by first byte, then the longest first */
    uint32_t starts[257];     /* of a first byte in lengths */
} vr_added_set;

/* Everything but the map's own memory comes from the arena. */
void vr_added_set_init(vr_added_set *, const vireo_allocator *);
void vr_added_set_deinit(vr_added_set *);
/* Of equal patterns the first added wins. Both strings are borrowed. false: out of memory. */
bool vr_added_set_add(vr_added_set *, vr_arena *, const vr_added_token *, const char *pattern,
                      size_t bytes);

/* Cuts text into pieces: leftmost match, of those the longest (as Aho and Corasick 1975 is used by
 * Hugging Face's tokenizers). Linear time in the text. */
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
