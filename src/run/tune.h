/* SPDX-License-Identifier: Apache-2.0
 * Tuning: the kernels a call may run are timed on the device, and the best is remembered (vk/tuned.h) for all
 * sessions. tune.c measures whole graphs (tuner.h), tuned_kernel.c looks up. */
#ifndef VR_RUN_TUNE_H
#define VR_RUN_TUNE_H
#include "base/hash.h"
#include "run/session.h"
#include "vk/tuned.h"

/* Whether the kernel may take the place of the usual one, that which the op prefers for the call.
 * keep_order: and sums in the same order. */
bool vr_tuned_may_run(const vr_call *, const vr_kernel *, const vr_kernel *usual, bool keep_order);
/* A hash of the call: what the usual kernel runs for it, and the names of those that may take its place. */
vireo_status vr_tuned_source(vireo_device *, const vr_call *, const vr_kernel *usual, bool keep_order,
                             vr_hash128 *out, vireo_error *);
/* Hashes of both kernels over the calls of the self-test, joined: when it changes, so has one of them. */
vireo_status vr_tuned_check_source(vireo_device *, vr_op_id, const vr_kernel *, const vr_kernel *usual,
                                   vr_hash128 *out, vireo_error *);
/* Whether the row was measured with other kernels than those of today, or such as there are no more. */
vireo_status vr_tuned_has_changed(vireo_device *, const vr_tuned_row *, bool *out, vireo_error *);
/* The same: no session follows it, whatever its call is. Never of pinned ones, and of those whose call was
 * met as it is. */
vireo_status vr_tuned_is_stale(vireo_device *, const vr_tuned_row *, bool *out, vireo_error *);

bool vr_tuned_is_unknown(const vr_tuned_row *); /* its kernel is none of its op's, if that is known */

typedef struct vr_tuned_found {
    bool any;                /* there is a row for the call as it is today, which says: */
    const vr_kernel *kernel; /* NULL: a pinned one that there is not */
    vr_tuned_row row;
} vr_tuned_found;
/* What is known of the call of that vr_tuned_source, as it is today. */
vireo_status vr_tuned_look_up(const vireo_model *, const vr_call *, const vr_hash128 *source,
                              vr_tuned_found *out, vireo_error *);
/* *kernel, the usual one, becomes the one known to be best, if it may run. Of a pinned one that there is not,
 * that cannot run for the call, that has failed its self-test or that keep_order forbids the log warns, once
 * a device. */
vireo_status vr_tuned_kernel(const vireo_model *, const vr_call *, bool keep_order, const vr_kernel **kernel,
                             vireo_error *);

/* Times the kernels for the graph's calls of these sizes that nothing, or not all, is known of, in runs over
 * these inputs: one with each op's usual kernels and some with each op's next other kernel, in turns, four
 * others at a time, each op's fallbacks after all else. A kernel with which the outputs, or what the first
 * node of calls that are alike gives, differ from those of the usual ones (of a deterministic session: in a bit) is
 * left out, one that is behind after any run is not run again. What was
 * heard of each call is kept, so that another run goes on from there. Takes about half of s->tune_ns, which is
 * reduced but never to 0: what compiles is waited for. Where that is over, it only notes which calls are left.
 * s->keep is called each time something was heard. Fails where the usual kernels do, the device is lost, memory
 * of the host is exhausted, or the session's progress function cancels (what was heard is kept); that another
 * kernel could not be timed is no failure. No flight is on its way. */
vireo_status vr_tune(vireo_session *s, const vireo_tensor *in, size_t n_in, const int64_t *capacity,
                     vireo_error *);
#endif
