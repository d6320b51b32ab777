/* SPDX-License-Identifier: Apache-2.0
 * The GLSL texts of shaders/, embedded by cmake/embed.cmake. */
#ifndef VR_RUN_SHADER_TEXT_H
#define VR_RUN_SHADER_TEXT_H
#include <stddef.h>

typedef struct vr_shader_text {
    const char *name; /* file name, e.g. "matmul.comp" */
    const char *text; /* NUL-terminated */
    size_t length;
} vr_shader_text;
extern const vr_shader_text vr_shader_texts[];
extern const size_t vr_shader_text_count;
const char *vr_find_shader(const char *name); /* the text; NULL: there is none of that name */
#endif
