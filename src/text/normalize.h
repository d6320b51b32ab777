/* SPDX-License-Identifier: Apache-2.0
 * BERT's text cleaning and splitting (Devlin et al. 2019), code point for code point as Hugging
 * Face's BertNormalizer and BertPreTokenizer do it; see unicode_tables.h. Linear time. */
#ifndef VR_TEXT_NORMALIZE_H
#define VR_TEXT_NORMALIZE_H
#include "base/str.h"

typedef struct vr_normalizer {
    bool clean_text;    /* drop NUL, U+FFFD, control characters; white space becomes a space */
    bool split_chinese; /* a space on either side of a CJK ideograph */
    bool strip_accents; /* canonical decomposition, then drop non-spacing marks */
    bool lowercase;
} vr_normalizer;

/* Appends to out (check out->failed). Bytes that are not UTF-8 count as U+FFFD. */
void vr_normalize(const vr_normalizer *, const char *text, size_t length, vr_str *out);

/* Words: between white space, every punctuation character a word of its own. *at: 0 at first, then
 * left alone; valid UTF-8. false: no more. */
bool vr_next_word(const char *text, size_t length, size_t *at, const char **word, size_t *bytes);

bool vr_is_space(uint32_t code_point);       /* Unicode's White_Space */
bool vr_is_word_letter(uint32_t code_point); /* \w of Unicode regular expressions (UTS 18) */
#endif
