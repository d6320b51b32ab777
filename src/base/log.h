/* SPDX-License-Identifier: Apache-2.0
 * Where messages go; a NULL fn drops them. Passed by pointer, owned by the device. */
#ifndef VR_BASE_LOG_H
#define VR_BASE_LOG_H
#include "vireo/vireo.h"

typedef struct vr_log {
    vireo_log_fn fn;
    void *user;
    vireo_log_level level;
} vr_log;

void vr_logf(const vr_log *, vireo_log_level, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
#endif
