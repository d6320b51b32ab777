/* SPDX-License-Identifier: Apache-2.0
 * A device for a test program. The loader's VK_DRIVER_FILES says which driver. Without one the
 * program exits with 77 (skipped) and says why. With VIREO_TEST_VALIDATION=1 in the environment the
 * device is watched by the Khronos validation layer, and test_device_destroy fails on any message.
 */
#ifndef DEVICE_TEST_H
#define DEVICE_TEST_H
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "vk/device.h"

static inline void test_device_log(void *user, vireo_log_level level, const char *message)
{
    (void)user;
    (void)level;
    fprintf(stderr, "vireo: %s\n", message);
}

static inline vireo_device_options test_device_options(void)
{
    const char *validation = getenv("VIREO_TEST_VALIDATION");
    vireo_device_options options = VIREO_OPTIONS(vireo_device_options);
    options.log = test_device_log;
    options.log_level = VIREO_LOG_WARN;
    options.validation = validation && strcmp(validation, "1") == 0;
    return options;
}

/* What Vulkan 1.1 guarantees, and bindings and allocations of half of that; so slow that most ops are cut. */
static inline vr_device_override test_least_device(void)
{
    return (vr_device_override){.max_storage_binding_bytes = 64 << 20,
                                .max_allocation_bytes = 64 << 20,
                                .max_texel_elements = 1 << 16,
                                .max_workgroup_invocations = 128,
                                .max_shared_bytes = 16 << 10,
                                .max_storage_bindings = 4,
                                .dispatch_us = 100,
                                .no_subgroups = true};
}

/* Any options, any override (NULL: none). */
static inline vireo_device *test_device_create_with(const vireo_device_options *options,
                                                    const vr_device_override *override)
{
    vireo_device *device = NULL;
    vireo_error err = {0};
    vireo_status st = vr_device_create_with(options, override, &device, &err);
    if (st == VIREO_ERROR_NO_DEVICE || (st == VIREO_ERROR_UNSUPPORTED && options->validation)) {
        printf("SKIPPED: %s\n", err.message);
        exit(77);
    }
    if (st)
        fail_msg("device: %s", err.message);
    return device;
}

static inline vireo_device *test_device_create(void)
{
    vireo_device_options options = test_device_options();
    return test_device_create_with(&options, NULL);
}

static inline void test_device_destroy(vireo_device **device)
{
    unsigned long long messages = (unsigned long long)(*device)->counters.validation_messages;
    vireo_device_destroy(device);
    if (messages)
        fail_msg("%llu validation messages, see above", messages);
}
#endif
