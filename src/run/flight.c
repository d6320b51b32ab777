/* SPDX-License-Identifier: Apache-2.0
 * Flights: the segments of runs on their way through the queue. */
#include "run/session.h"

/* Segments at work or waiting in the queue: the device has the next before it is done with one, and a
 * cancelled run ends soon. */
enum { MOST_SEGMENTS = 8 };

static vireo_status submit(vireo_device *d, vr_segment *segment, vireo_error *err)
{
    const VkSubmitInfo info = {.sType = VK_STRUCTURE_TYPE_SUBMIT_INFO, .commandBufferCount = 1,
                               .pCommandBuffers = &segment->commands};
    vireo_status st = vr_vk_check(d, d->fn.vkResetFences(d->handle, 1, &segment->fence), "fence", err);
    if (st)
        return st;
    segment->submitted_ns = vr_now_ns();
    vr_mutex_lock(&d->queue_lock);
    const VkResult r = d->fn.vkQueueSubmit(d->queue, 1, &info, segment->fence);
    vr_mutex_unlock(&d->queue_lock);
    st = vr_vk_check(d, r, "submit", err);
    if (!st)
        d->counters.submits++;
    return st;
}

static bool has_more(const vr_flight *f)
{
    return !f->fault.status && f->submitted < f->slot->n_segments;
}

/* What the host times is at work alone. */
static size_t most_at_work(const vireo_session *s)
{
    for (size_t i = 0; i < s->n_flights; i++)
        if (s->flights[i].slot->timed && !s->flights[i].slot->times)
            return 1;
    return MOST_SEGMENTS;
}

void vr_flights_advance(vireo_session *s)
{
    const size_t most = most_at_work(s);
    size_t at_work = 0;
    for (size_t i = 0; i < s->n_flights; i++)
        at_work += s->flights[i].submitted - s->flights[i].finished;
    for (size_t i = 0; i < s->n_flights && at_work < most; i++)
        for (vr_flight *f = &s->flights[i]; has_more(f) && at_work < most;)
            if (!submit(s->model->device, &f->slot->segments[f->submitted], &f->fault)) {
                f->submitted++;
                at_work++;
            }
}

static vireo_status wait_for(const vireo_session *s, const vr_segment *segment, vireo_error *err)
{
    vireo_device *d = s->model->device;
    vireo_status st = vr_device_check(d, err); /* a lost device may never answer */
    if (st)
        return st;
    const VkResult r = d->fn.vkWaitForFences(d->handle, 1, &segment->fence, VK_TRUE,
                                             s->patience * (uint64_t)1000000000);
    if (r == VK_TIMEOUT) {
        d->lost = true; /* who knows what it still reads and writes */
        return vr_fail(err, VIREO_ERROR_DEVICE, "the device gave no answer in %u seconds",
                       (unsigned)s->patience);
    }
    return vr_vk_check(d, r, "waiting for the device", err);
}

/* Tells how far the run is; it may be cancelled: what is submitted is the last of it. */
static void report(const vireo_session *s, vr_flight *f)
{
    const size_t n = f->slot->n_segments;
    if (s->progress && !f->fault.status && s->progress(s->progress_user, "run", f->finished, n))
        vr_fail(&f->fault, VIREO_ERROR_CANCELLED, "cancelled after %zu of %zu submissions",
                f->finished, n);
}

vireo_status vr_flight_finish(vireo_session *s, vireo_error *err)
{
    vr_flight *f = &s->flights[0];
    vireo_status st = VIREO_OK;
    for (vr_flights_advance(s); !st && f->finished < f->submitted; vr_flights_advance(s)) {
        st = wait_for(s, &f->slot->segments[f->finished], err);
        f->slot->segments[f->finished].finished_ns = vr_now_ns();
        f->finished++;
        if (!st && f->finished < f->slot->n_segments)
            report(s, f);
    }
    if (!st && f->fault.status) {
        st = f->fault.status;
        if (err)
            *err = f->fault;
    }
    return st;
}
