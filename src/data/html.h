/* SPDX-License-Identifier: Apache-2.0
 * HTML to text. */
#ifndef VR_DATA_HTML_H
#define VR_DATA_HTML_H
#include "base/str.h"

/* More '<' than this in one text: the text is taken as plain, because the depth of the tree and
 * with it stack and time of the parser grow with them. */
#define VR_HTML_MAX_TAGS 512

/* Appends the text of html[0..length), valid UTF-8: entities decoded, tags dropped with a space
 * where a block began or ended, script and style dropped. A '<' without any '>' after it is text.
 * false: exhausted. */
bool vr_html_text(const char *html, size_t length, vr_str *out);
#endif
