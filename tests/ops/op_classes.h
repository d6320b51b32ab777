/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OP_CLASSES_H
#define OP_CLASSES_H
#include "op_case.h"
#include "run/session.h"

/* The classes (bits OP_WITHOUT(class)) of a case of one call, in a run of the session by this bucket. */
uint32_t op_classes_of(const op_case *, const vr_call *, const vireo_session *, const vr_bucket *);
#endif
