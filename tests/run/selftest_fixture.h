/* SPDX-License-Identifier: Apache-2.0
 * A device with a cache folder of its own, whose shaders may be broken on purpose. */
#ifndef SELFTEST_FIXTURE_H
#define SELFTEST_FIXTURE_H
#include "device_test.h"
#include "run/selftest.h"
#include "vireo/inspect.h"
#include "vk/scratch.h"

typedef struct selftest_fixture {
    scratch folder;
    vireo_device *device;
    char *shader; /* what takes the place of one */
    bool staging; /* devices that are opened alike have memory of their own */
    unsigned warnings;
    char last[1024];
} selftest_fixture;
int selftest_set_up(void **state);
int selftest_tear_down(void **state);
/* Opens a device, instead of the one that was open, with f's folder. NULL: one whose matmul is `texel` first,
 * as broken ones, on every driver, with f's `staging`; {0}: as it is. */
vireo_device *selftest_reopen(selftest_fixture *, const vr_device_override *);
/* op: NULL, or the one whose kernels are tried. */
vireo_selftest *selftest_run_op(selftest_fixture *, const char *op);
vireo_selftest *selftest_run(selftest_fixture *);
const vireo_selftest_result *selftest_result(const vireo_selftest *, const char *kernel);
/* In the text of `shader`, `replace` takes the place of `find`. */
vr_device_override selftest_broken(selftest_fixture *, const char *shader, const char *find,
                                   const char *replace);
#define SELFTEST_DROPS_A_TERM                                                                      \
    "matmul.comp", "fma(vec4(a.x), w[n][0], acc[r][n])", "acc[r][n]"

/* A small matmul gives right results, by that kernel. */
void selftest_right(vireo_device *, const char *kernel);
/* It gives that error; force: NULL, or "op/kernel". */
void selftest_fails(vireo_device *, const char *force, const char *message);
const vr_kernel *selftest_kernel(const char *name); /* of matmul */
#endif
