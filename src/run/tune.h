/* SPDX-License-Identifier: Apache-2.0
 * Tuning: the kernels a call may run are timed on the device, and the best is remembered (vk/tuned.h) for all
 * sessions. tune.c measures whole graphs, tuned_kernel.c looks up. */
#ifndef VR_RUN_TUNE_H
#define VR_RUN_TUNE_H
#include "run/session.h"

/* *out: what is known to be the best kernel for the call, as the sources of it and of `usual`, the one that
 * the op prefers, are today; NULL: nothing is known. */
vireo_status vr_tuned_look_up(const vireo_model *, const vr_call *, const vr_kernel *usual,
                              const vr_kernel **out, vireo_error *);
/* *kernel, the usual one, becomes the one known to be best, if it may run. keep_order: and sums in the same
 * order. */
vireo_status vr_tuned_kernel(const vireo_model *, const vr_call *, bool keep_order, const vr_kernel **kernel,
                             vireo_error *);
bool vr_same_order(const vr_kernel *, const vr_kernel *); /* whether both sum in the same order */

/* Times the kernels for the graph's calls of these sizes that nothing is known of, in runs over these inputs:
 * one with each op's usual kernels and one with each other kernel, in turns; a kernel whose results differ
 * from the usual one's, or that is far behind, is left out. Takes at most half of s->tune_ns, which is
 * reduced. Fails where the device does, memory is exhausted, or the session's progress function cancels;
 * that a kernel could not be timed is no failure. No flight may be on its way. */
vireo_status vr_tune(vireo_session *s, const vireo_tensor *in, size_t n_in, const int64_t *capacity,
                     vireo_error *);
#endif
