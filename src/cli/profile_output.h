/* SPDX-License-Identifier: Apache-2.0
 * --profile: what each kernel of the command's runs took. */
#ifndef VR_CLI_PROFILE_OUTPUT_H
#define VR_CLI_PROFILE_OUTPUT_H
#include "cli/engine.h"

/* Before any work: whether the trace can be written. */
vireo_status vr_profile_start(vr_engine *);
/* Measures the device's roof, then prints the ten kernels that took longest to stderr, or writes all
 * events as a Chrome trace (Trace Event Format). The exit status. */
int vr_profile_report(vr_engine *);
#endif
