/* SPDX-License-Identifier: Apache-2.0
 * Character classes as Hugging Face's tokenizers have them, where they are not those of utf8proc.
 * Ranges ascend and are inclusive. */
#ifndef VR_TEXT_UNICODE_TABLES_H
#define VR_TEXT_UNICODE_TABLES_H
#include <stddef.h>
#include <stdint.h>

typedef struct vr_code_range {
    uint32_t first, last;
} vr_code_range;
typedef struct vr_code_set {
    const vr_code_range *ranges;
    size_t count;
} vr_code_set;
typedef struct vr_code_shift {
    uint32_t first, last;
    int32_t shift;
} vr_code_shift;

extern const vr_code_set vr_unicode_removed;     /* dropped by clean_text, except NUL */
extern const vr_code_set vr_unicode_marks;       /* dropped by strip_accents, after NFD */
extern const vr_code_set vr_unicode_punctuation; /* stand alone in BertPreTokenizer */
extern const vr_code_set vr_unicode_fixed;       /* not decomposed, combining class 0 */
extern const vr_code_shift vr_unicode_lower[];   /* letter case that utf8proc does not know */
extern const size_t vr_unicode_lower_count;
#endif
