/* SPDX-License-Identifier: Apache-2.0
 * Cleaning of texts that come from files. */
#ifndef VR_DATA_CLEAN_H
#define VR_DATA_CLEAN_H
#include "base/str.h"

/* What vr_clean changed. */
enum {
    VR_CLEAN_ENCODING = 1, /* not UTF-8: the whole text was read as Windows-1252 */
    VR_CLEAN_HTML = 2,     /* tags dropped, entities decoded */
    VR_CLEAN_CONTROL = 4,  /* control characters removed */
    VR_CLEAN_NFKC = 8,     /* normalised */
    VR_CLEAN_SPACE = 16,   /* white space folded; not said of HTML, where it is no change */
};

/* Puts text[0..length), cleaned, into *out, whose old contents go. In this order: encoding; HTML to
 * text, only if the text holds '<' or '&'; control characters removed, tabs and line ends being
 * white space; NFKC (Unicode Annex 15); white space folded to single spaces, none at the ends.
 * *changes: what was done. false: exhausted. */
bool vr_clean(const char *text, size_t length, vr_str *out, uint32_t *changes);

/* Code points that could disturb a terminal or a line of text: Unicode Cc, the byte order mark, the
 * separators of lines and paragraphs, the controls of writing direction. */
bool vr_clean_is_control(uint32_t code_point);

/* The longest prefix of text[0..length) that has at most `limit` bytes and, where the text is
 * UTF-8, ends at a code point's end. */
size_t vr_clean_cut(const char *text, size_t length, size_t limit);
#endif
