/* SPDX-License-Identifier: Apache-2.0
 * Where results go: standard output, or a file that appears whole or not at all. */
#ifndef VR_CLI_OUTPUT_H
#define VR_CLI_OUTPUT_H
#include "base/file.h"

typedef struct vr_output {
    bool to_file, open;
    vr_writer writer;
    uint64_t written;
} vr_output;

/* path NULL or "-": standard output. Anything but a regular file is refused, for it would be
 * replaced.
 */
vireo_status vr_output_open(vr_output *, const char *path, vireo_error *);
vireo_status vr_output_put(vr_output *, const void *data, size_t bytes, vireo_error *);
/* Replaces the first bytes of a file; they must have been put before. */
vireo_status vr_output_patch(vr_output *, const void *data, size_t bytes, vireo_error *);
vireo_status vr_output_commit(vr_output *, vireo_error *);
void vr_output_abort(vr_output *); /* also fine after commit */

/* Whether both names lead to one existing file; input "-" is standard input. */
bool vr_same_file(const char *input, const char *output);
#endif
