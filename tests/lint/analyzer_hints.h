/* SPDX-License-Identifier: Apache-2.0
 * Put before every source by tests/lint.sh, for the static analyser only: it reads one file at a time, so
 * it must be told that a function that reports a fault returns it, and never VIREO_OK. */
#ifndef ANALYZER_HINTS_H
#define ANALYZER_HINTS_H
#include "base/error.h"

static inline vireo_status hint_fault(vireo_status st)
{
    return st ? st : VIREO_ERROR_FORMAT;
}
#define vr_fail(err, st, ...) hint_fault(vr_fail(err, st, __VA_ARGS__))
#define vr_fail_at(err, st, ...) hint_fault(vr_fail_at(err, st, __VA_ARGS__))
#define vr_fail_memory(err, what) hint_fault(vr_fail_memory(err, what))
#endif
