/* SPDX-License-Identifier: Apache-2.0 */
#include "vk/profile.h"
#include "base/alloc.h"
#include "vk/device.h"

enum { MOST_EVENTS = 1 << 18 }; /* 31 MB */

void vr_profile_init(vr_profile *p, const vireo_allocator *a)
{
    *p = (vr_profile){.allocator = a};
    vr_mutex_init(&p->lock);
}

void vr_profile_deinit(vr_profile *p)
{
    vr_free(p->allocator, p->events);
    vr_mutex_deinit(&p->lock);
}

void vr_profile_add(vr_profile *p, const vireo_profile_event *event)
{
    vr_mutex_lock(&p->lock);
    if (p->count < MOST_EVENTS &&
        vr_grow(p->allocator, (void **)&p->events, &p->capacity, p->count + 1, sizeof *p->events))
        p->events[p->count++] = *event;
    else
        p->dropped++;
    vr_mutex_unlock(&p->lock);
}

void vireo_device_set_profile(vireo_device *d, bool on)
{
    d->profile.on = on;
}

void vireo_device_get_profile(const vireo_device *d, vireo_profile *out)
{
    vr_profile *p = (vr_profile *)(uintptr_t)&d->profile; /* the lock alone is written */
    vr_mutex_lock(&p->lock);
    *out = (vireo_profile){p->count, p->dropped, d->tick_ns > 0};
    vr_mutex_unlock(&p->lock);
}

bool vireo_device_get_profile_event(const vireo_device *d, size_t index, vireo_profile_event *out)
{
    vr_profile *p = (vr_profile *)(uintptr_t)&d->profile;
    vr_mutex_lock(&p->lock);
    const bool there = index < p->count;
    if (there)
        *out = p->events[index];
    vr_mutex_unlock(&p->lock);
    return there;
}
