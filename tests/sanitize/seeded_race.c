/* SPDX-License-Identifier: Apache-2.0
 * Two threads write one variable of ours while a device is open: the sanitizer must say so, whatever is
 * suppressed. */
#include "tests/device_test.h"
#include <pthread.h>

static int shared;

static void *race_on_purpose(void *user)
{
    (void)user;
    for (int i = 0; i < 1000; i++)
        shared++;
    return NULL;
}

int main(void)
{
    pthread_t thread;
    vireo_device *device = test_device_create();
    if (pthread_create(&thread, NULL, race_on_purpose, NULL))
        return 1;
    race_on_purpose(NULL);
    pthread_join(thread, NULL);
    test_device_destroy(&device);
    return shared == 0;
}
