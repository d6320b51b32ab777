/* SPDX-License-Identifier: Apache-2.0
 * What must hold of every bucket that was chosen and placed (run/bucket.h), whatever the graph. */
#ifndef VR_FUZZ_PLAN_CHECK_H
#define VR_FUZZ_PLAN_CHECK_H
#include "run/bucket.h"

/* Ends the process where something does not hold, after a line to stderr. */
void plan_check(const vr_bucket *);
/* The counts of a run are set in b->values: twice the same launches, which differ from the bucket's
 * in their grids alone. */
void plan_check_run(const vr_bucket *);
#endif
