/* SPDX-License-Identifier: Apache-2.0
 * Filling the caller's error object. All return `status`, so that a fault is one line:
 *     return vr_fail(err, VIREO_ERROR_FORMAT, "%s: ...", path);
 * Control characters in the message become '?'. */
#ifndef VR_BASE_ERROR_H
#define VR_BASE_ERROR_H
#include "vireo/vireo.h"

vireo_status vr_fail(vireo_error *, vireo_status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
vireo_status vr_fail_at(vireo_error *, vireo_status, uint32_t reason, uint64_t offset,
                        const char *format, ...) __attribute__((format(printf, 5, 6)));
vireo_status vr_fail_memory(vireo_error *, const char *what); /* "out of memory: %s" */
#endif
