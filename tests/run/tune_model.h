/* SPDX-License-Identifier: Apache-2.0
 * Models whose calls several kernels may run, and runs of them that may tune. */
#ifndef TUNE_MODEL_H
#define TUNE_MODEL_H
#include "device_test.h"

enum { TUNE_WIDTH = 64, TUNE_HEIGHT = 48, TUNE_MOST = 256, TUNE_LONG_MS = 600000 };

/* y = gelu(x wᵀ + bias), x (rows ≤ TUNE_MOST, TUNE_WIDTH). */
vireo_model *tune_model(vireo_device *);
/* That with rows of length 1. */
vireo_model *tune_model_normalized(vireo_device *);
/* x wᵀ with rows of length 1, made so three times: whatever the product's scale is, y is the same, and the product's
 * memory is another value's when the run ends. */
vireo_model *tune_model_without_scale(vireo_device *);

typedef struct tune_ask {
    uint32_t tune_ms;
    bool deterministic;
    const char *force;
    vireo_progress_fn progress;
    void *user;
    int64_t rows; /* 0: TUNE_MOST */
} tune_ask;
/* One run of a new session; y: (TUNE_MOST, TUNE_HEIGHT); *chosen: the first node's kernel, unless it is NULL. */
vireo_status tune_run(vireo_model *, const tune_ask *, float *y, const char **chosen, vireo_error *);
const char *tune_run_well(vireo_model *, const tune_ask *, float *y);
#endif
