/* SPDX-License-Identifier: Apache-2.0
 * GLSL text to SPIR-V (Vulkan 1.1, SPIR-V 1.3) through glslang's C interface. Thread-safe. */
#ifndef VR_VK_COMPILER_H
#define VR_VK_COMPILER_H
#include "base/error.h"

/* Finds the text of an include, NUL-terminated, or NULL. */
typedef const char *(*vr_include_fn)(const char *name);

/* Replaces `#include "name"` lines (each file once, depth ≤ 8) and puts `defines` (lines of
 * "#define A B\n") after the #version line; #line directives keep the numbers of `source` right.
 * *out: vr_free. */
vireo_status vr_glsl_expand(const vireo_allocator *, const char *name, const char *source,
                            const char *defines, vr_include_fn, char **out, vireo_error *);
/* text: expanded. *words: vr_free. On failure the message names shader, defines and the log's first
 * error line. */
vireo_status vr_glsl_compile(const vireo_allocator *, const char *name, const char *defines,
                             const char *text, uint32_t **words, size_t *n_words, vireo_error *);
const char *vr_glsl_version(void); /* glslang's version and ours of the options, part of cache keys */
const char *vr_glslang_version(void); /* "12.0.0" */
#endif
