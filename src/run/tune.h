/* SPDX-License-Identifier: Apache-2.0
 * Tuning: the kernels a call may run are timed on the device, and the best is remembered (vk/tuned.h) for all
 * sessions. tune.c measures whole graphs, tuned_kernel.c looks up. */
#ifndef VR_RUN_TUNE_H
#define VR_RUN_TUNE_H
#include "base/hash.h"
#include "run/session.h"

/* Whether the kernel may take the place of the usual one, that which the op prefers for the call.
 * keep_order: and sums in the same order. */
bool vr_tuned_may_run(const vr_call *, const vr_kernel *, const vr_kernel *usual, bool keep_order);
/* A hash of the call: what the usual kernel runs for it, and the names of those that may take its place. */
vireo_status vr_tuned_source(vireo_device *, const vr_call *, const vr_kernel *usual, bool keep_order,
                             vr_hash128 *out, vireo_error *);
/* *out: the kernel that is known to be the best for the call of that vr_tuned_source, as it is today; NULL:
 * nothing is known. *partly: some were not heard. */
vireo_status vr_tuned_look_up(const vireo_model *, const vr_call *, const vr_hash128 *source,
                              const vr_kernel **out, bool *partly, vireo_error *);
/* *kernel, the usual one, becomes the one known to be best, if it may run. */
vireo_status vr_tuned_kernel(const vireo_model *, const vr_call *, bool keep_order, const vr_kernel **kernel,
                             vireo_error *);

/* Times the kernels for the graph's calls of these sizes that nothing is known of, in runs over these inputs:
 * one with each op's usual kernels and one with each other kernel, in turns, four others at a time; a kernel
 * whose results differ from the usual one's (of a deterministic session: in a bit), or that is far behind, is
 * left out. Takes about half of s->tune_ns, which is reduced: what compiles is waited for. Fails where the
 * usual kernels do, the device is lost, memory of the host is exhausted, or the session's progress function
 * cancels; that another kernel could not be timed is no failure. No flight is on its way. */
vireo_status vr_tune(vireo_session *s, const vireo_tensor *in, size_t n_in, const int64_t *capacity,
                     vireo_error *);
#endif
