/* SPDX-License-Identifier: Apache-2.0
 * Leaks a text of ours after a device was used: the sanitizer must say so, whatever is suppressed.
 */
#include "tests/device_test.h"
#include "base/alloc.h"

__attribute__((noinline)) static void leak_on_purpose(void)
{
    char *volatile text = vr_strdup(NULL, "nobody frees this");
    text = NULL;
    (void)text;
}

int main(void)
{
    vireo_device *device = test_device_create();
    leak_on_purpose();
    test_device_destroy(&device);
    return 0;
}
