/* SPDX-License-Identifier: Apache-2.0
 * A machine without libvulkan.so.1: the program's own dlopen finds nothing. */
#include "tests/device_test.h"

void *dlopen(const char *name, int flags);
void *dlopen(const char *name, int flags)
{
    (void)name;
    (void)flags;
    return NULL;
}

static void test_message(void **state)
{
    (void)state;
    vireo_device_info *list = NULL;
    vireo_device *d = NULL;
    size_t n = 0;
    vireo_error err = {0};
    assert_int_equal(vireo_device_list(NULL, &list, &n, &err), VIREO_ERROR_NO_DEVICE);
    assert_non_null(strstr(err.message, "libvulkan.so.1"));
    assert_non_null(strstr(err.message, "install libvulkan1"));
    assert_int_equal(vireo_device_create(NULL, &d, &err), VIREO_ERROR_NO_DEVICE);
    assert_null(list);
    assert_null(d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_message)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
