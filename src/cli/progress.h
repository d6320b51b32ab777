/* SPDX-License-Identifier: Apache-2.0
 * A bar on stderr, if that is a terminal and the step takes longer than a second; a line that names what is
 * at work, if the step tells ("compile: matmul/texel") and takes longer than 0.2 s. */
#ifndef VR_CLI_PROGRESS_H
#define VR_CLI_PROGRESS_H
#include <stdint.h>

/* A vireo_progress_fn; user is not used. Non-zero after an interruption. */
int vr_progress(void *user, const char *what, uint64_t done, uint64_t total);
/* The same without a bar, for a step inside another: what is at work is named all the same, until a call
 * without a name. */
int vr_progress_inner(void *user, const char *what, uint64_t done, uint64_t total);
/* The same for a step that has so much time: done and total are milliseconds. */
int vr_progress_timed(void *user, const char *what, uint64_t done, uint64_t total);
void vr_progress_clear(void); /* takes the bar away, before anything else is printed to stderr */
#endif
