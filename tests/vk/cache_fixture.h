/* SPDX-License-Identifier: Apache-2.0
 * A cache folder and a device that was never opened, which is enough for the cache. */
#ifndef CACHE_FIXTURE_H
#define CACHE_FIXTURE_H
#include "vk/device.h"
#include "vk/scratch.h"

typedef struct cache_fixture {
    scratch folder;
    vireo_device device;
    unsigned infos, warnings; /* what the device logged */
    char last[1024];          /* of these */
} cache_fixture;
int cache_set_up(void **state);
int cache_tear_down(void **state);
/* Finds no fault in any contents. */
const char *cache_any(const void *user, const void *data, size_t bytes);
#endif
