/* SPDX-License-Identifier: Apache-2.0
 * Vectors as JSON lines, or as a NumPy array (format 1.0, numpy.lib.format), whose header holds the
 * number of rows and is written last. */
#ifndef VR_CLI_EMBED_OUTPUT_H
#define VR_CLI_EMBED_OUTPUT_H
#include "cli/json_out.h"
#include "cli/output.h"
#include <stdio.h>

typedef enum vr_embed_format { VR_EMBED_JSONL, VR_EMBED_NPY } vr_embed_format;
typedef struct vr_embed_output {
    vr_output output;
    vr_embed_format format;
    uint32_t width;
    uint64_t rows;
    vr_json_out line;
    FILE *spool; /* rows of an array for standard output, until their number is known */
} vr_embed_output;

vireo_status vr_embed_output_open(vr_embed_output *, const char *path, vr_embed_format,
                                  uint32_t width, vireo_error *);
vireo_status vr_embed_output_rows(vr_embed_output *, const float *vectors, const uint32_t *tokens,
                                  size_t n, vireo_error *);
vireo_status vr_embed_output_finish(vr_embed_output *, vireo_error *);
void vr_embed_output_close(vr_embed_output *); /* without finish: nothing is left */
#endif
