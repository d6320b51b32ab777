/* SPDX-License-Identifier: Apache-2.0
 * The self-test: passes here, finds a kernel that is broken on purpose, keeps what it found. */
#include "device_test.h"
#include "run/selftest.h"
int main(void)
{
    vireo_device_options o = test_device_options();
    o.cache_dir = "/tmp/st_cache";
    vireo_device *d = test_device_create_with(&o, NULL);
    vireo_selftest *t = NULL;
    vireo_error err = {0};
    for (int k = 0; k < 2; k++) {
    uint64_t s = vr_now_ns();
    if (vireo_selftest_run(d, NULL, &t, &err)) { printf("ERR %s\n", err.message); return 1; }
    printf("%.1f ms\n", (double)(vr_now_ns() - s) / 1e6);
    const vireo_selftest_result *r;
    for (size_t i = 0; (r = vireo_selftest_get(t, i)); i++)
        printf("%s/%s %d cases %zu nmse %g err %g %.1f ms %s %s\n", r->op, r->kernel, r->verdict, r->cases, r->nmse, r->error, r->ms, r->reason, r->report_path ? r->report_path : "");
    vireo_selftest_destroy(&t);
    }
    test_device_destroy(&d);
    return 0;
}
