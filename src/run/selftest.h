/* SPDX-License-Identifier: Apache-2.0
 * The self-test: kernels against references on the user's device (vireo/inspect.h). selftest.c
 * tries them, check_compare.c judges, selftest_report.c writes down what failed, kernel_source.c
 * knows which verdicts are about the kernel as it is today. */
#ifndef VR_RUN_SELFTEST_H
#define VR_RUN_SELFTEST_H
#include "run/check_case.h"
#include "run/session.h"
#include "vireo/inspect.h"
#include "vk/verdict.h"

/* Hash of all that makes the kernel on this device: for every check it is allowed for, the expanded
 * texts, defines and bindings of its programs, what `launch` appends; and the compiler's version.
 */
vireo_status vr_kernel_source(vireo_device *, vr_op_id, const vr_kernel *, vr_hash128 *out,
                              vireo_error *);
/* The same for one call, which has limits. */
vireo_status vr_call_source(vireo_device *, const vr_call *, const vr_kernel *, vr_hash128 *out,
                            vireo_error *);
void vr_kernel_path(vr_op_id, const vr_kernel *, char out[VR_VERDICT_NAME]); /* "op/kernel" */
/* Whether a self-test on this device and driver has failed the kernel as it is, or did not come
 * back. */
vireo_status vr_kernel_has_failed(vireo_device *, vr_op_id, const vr_kernel *, bool *out,
                                  vireo_error *);

enum { VR_MOST_WRONG = 16 };
/* What came out of trying one kernel. */
typedef struct vr_finding {
    vr_verdict_state state;
    char reason[512]; /* empty if it passed */
    size_t cases;
    double nmse, error; /* as vireo_selftest_result */
    size_t failed_case; /* and the wrong elements, the first of them, of one of its results */
    uint32_t output;
    size_t n_wrong; /* listed */
    struct {
        size_t index;
        double expected, got;
    } wrong[VR_MOST_WRONG];
} vr_finding;

/* Judges the results of a run, f32 or i32, dense; and the padding of the device's, in the bucket.
 */
void vr_check_compare(const vr_check_case *, void *const got[VR_MAX_OUT], const vr_bucket *,
                      vr_finding *);
/* Text for a bug report. */
vireo_status vr_selftest_report(vireo_device *, const vr_check_case *, const vr_kernel *,
                                vr_hash128 source, const vr_finding *, vr_str *out, vireo_error *);
#endif
