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
 * replaced, and a folder nothing can be made in. vr_output_check writes nothing: a command calls it
 * first, for a fault that shows after hours of work is told too late. */
vireo_status vr_output_check(const char *path, vireo_error *);
vireo_status vr_output_open(vr_output *, const char *path, vireo_error *);
vireo_status vr_output_put(vr_output *, const void *data, size_t bytes, vireo_error *);
/* Replaces the first bytes of a file; they must have been put before. */
vireo_status vr_output_patch(vr_output *, const void *data, size_t bytes, vireo_error *);
vireo_status vr_output_commit(vr_output *, vireo_error *);
void vr_output_abort(vr_output *); /* also fine after commit */

/* Whether both lead to one existing file. input "-" is standard input, output NULL or "-" standard
 * output, if that is a regular file: what is appended to the input would be read again. */
bool vr_same_file(const char *input, const char *output);
/* Whether output is there and anywhere inside the folder (a model's). */
bool vr_replaces_inside(const char *output, const char *folder);
#endif
