/* SPDX-License-Identifier: Apache-2.0
 * Constants from memory or file to the device: rows padded, turned and converted as it needs them.
 */
#ifndef VR_RUN_UPLOAD_H
#define VR_RUN_UPLOAD_H
#include "run/model.h"

/* Every constant to its place. Files are read by position, in pieces; their weights are finite or
 * allow_nonfinite is set. o may be NULL. */
vireo_status vr_upload_constants(vireo_model *, const vireo_model_options *, vireo_error *);
#endif
