/* SPDX-License-Identifier: Apache-2.0
 * What the nodes of a device's runs took, while that is asked for (vireo/inspect.h). Thread-safe. */
#ifndef VR_VK_PROFILE_H
#define VR_VK_PROFILE_H
#include "base/thread.h"
#include "vireo/inspect.h"

typedef struct vr_profile {
    _Atomic bool on;
    vr_mutex lock; /* of what follows */
    const vireo_allocator *allocator;
    vireo_profile_event *events;
    size_t count, capacity;
    uint64_t dropped;
} vr_profile;

void vr_profile_init(vr_profile *, const vireo_allocator *); /* borrowed */
void vr_profile_deinit(vr_profile *);
void vr_profile_add(vr_profile *, const vireo_profile_event *);
#endif
