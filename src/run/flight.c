/* SPDX-License-Identifier: Apache-2.0
 * Flights: the segments of runs on their way through the queue. */
#include "run/session.h"
#include <stdio.h>

/* Submissions at work or waiting in the queue: the device has the next before it is done with one, and a
 * cancelled run ends soon. */
enum { MOST_AT_WORK = 4, MOST_TOGETHER = 64, SLICE_NS = 100000000, WAITED_NS = 100000 };
#define LEAST_PACE 0.125f

/* What the host times is at work alone. */
static bool is_timed_by_host(const vr_slot *slot)
{
    return slot->timed && !slot->times;
}

/* Submits the flight's next segments, as many as are short together. */
static vireo_status submit(vireo_device *d, vr_flight *f, vireo_error *err)
{
    VkCommandBuffer commands[MOST_TOGETHER];
    vr_segment *list = f->slot->segments + f->submitted, *last = list;
    const size_t left = f->slot->n_segments - f->submitted;
    vireo_status st = vr_device_check(d, err);
    if (st)
        return st;
    const bool alone = is_timed_by_host(f->slot) || f->slot->by_program;
    const size_t most = alone ? 1 : left < MOST_TOGETHER ? left : MOST_TOGETHER;
    const double pace = (double)d->pace;
    uint32_t n = 0;
    for (double ns = 0; n < most && (n == 0 || pace * (ns + list[n].ns) <= d->segment_ns); n++) {
        ns += list[n].ns;
        commands[n] = list[n].commands;
        list[n].ends_submission = false;
        last = &list[n];
    }
    const VkSubmitInfo info = {.sType = VK_STRUCTURE_TYPE_SUBMIT_INFO, .commandBufferCount = n,
                               .pCommandBuffers = commands};
    st = vr_vk_check(d, d->fn.vkResetFences(d->handle, 1, &last->fence), "fence", err);
    if (st)
        return st;
    list->submitted_ns = last->submitted_ns = vr_now_ns();
    vr_mutex_lock(&d->queue_lock);
    const VkResult r = d->fn.vkQueueSubmit(d->queue, 1, &info, last->fence);
    vr_mutex_unlock(&d->queue_lock);
    st = vr_vk_check(d, r, "submit", err);
    if (st)
        return st;
    last->ends_submission = true;
    d->counters.submits++;
    f->submitted += n;
    return VIREO_OK;
}

static bool has_more(const vr_flight *f)
{
    return !f->fault.status && f->submitted < f->slot->n_segments;
}

static size_t at_work(const vr_flight *f)
{
    size_t n = 0;
    for (size_t i = f->finished; i < f->submitted; i++)
        n += f->slot->segments[i].ends_submission;
    return n;
}

void vr_flights_advance(vireo_session *s)
{
    size_t most = MOST_AT_WORK, n = 0;
    for (size_t i = 0; i < s->n_flights; i++) {
        n += at_work(&s->flights[i]);
        if (is_timed_by_host(s->flights[i].slot))
            most = 1;
    }
    for (size_t i = 0; i < s->n_flights && n < most; i++)
        for (vr_flight *f = &s->flights[i]; has_more(f) && n < most;)
            n += !submit(s->model->device, f, &f->fault);
}

/* A submission that took longer than the pace says counts at once, faster ones little by little: other
 * programs come and go, and some ops are nearer to what is expected of them. First runs compile, what
 * the tuner tries may be slow, and of what was done before it was waited for nobody knows when. */
static void learn_pace(const vireo_session *s, const vr_flight *f, const vr_segment *last,
                       uint64_t waited)
{
    vireo_device *d = s->model->device;
    const uint64_t before = s->finished_ns;
    const uint64_t start = last->submitted_ns > before ? last->submitted_ns : before;
    double expected = 0;
    for (const vr_segment *i = &f->slot->segments[f->finished]; i <= last; i++)
        expected += i->ns;
    if (d->steady_pace || s->timed || !f->bucket->has_run || expected < d->segment_ns / 4 ||
        last->finished_ns - waited < WAITED_NS)
        return;
    const float found = (float)((double)(last->finished_ns - start) / expected), pace = d->pace;
    const float next = found > pace ? found : pace + (found - pace) / 4;
    d->pace = next > LEAST_PACE ? next : LEAST_PACE;
}

/* Tells how far the run is; it may be cancelled: what is submitted is the last of it. */
static void report(const vireo_session *s, vr_flight *f)
{
    const size_t n = f->slot->n_segments;
    const vr_segment *next = &f->slot->segments[f->finished]; /* nothing reports after the last */
    char what[128] = "run";
    if (!f->bucket->has_run && next->kernel)
        snprintf(what, sizeof what, "first run: %s/%s, which the driver may compile now", next->op,
                 next->kernel);
    else if (!f->bucket->has_run)
        snprintf(what, sizeof what, "first run");
    if (s->progress.fn && !f->fault.status && s->progress.fn(s->progress.user, what, f->finished, n))
        vr_fail(&f->fault, VIREO_ERROR_CANCELLED, "cancelled after %zu of %zu parts",
                f->finished, n);
}

/* In a first run the driver may compile for seconds: who asks is told that it goes on. */
static vireo_status wait_for(const vireo_session *s, vr_flight *f, vr_segment *segment,
                             vireo_error *err)
{
    vireo_device *d = s->model->device;
    const bool told = s->progress.fn && !f->bucket->has_run;
    const uint64_t patience = s->patience * UINT64_C(1000000000);
    const uint64_t each = told && SLICE_NS < patience ? SLICE_NS : patience;
    vireo_status st = vr_device_check(d, err); /* a lost device may never answer */
    if (st)
        return st;
    VkResult r = VK_TIMEOUT;
    for (uint64_t waited = 0; r == VK_TIMEOUT && waited < patience; waited += each) {
        if (told)
            report(s, f);
        r = d->fn.vkWaitForFences(d->handle, 1, &segment->fence, VK_TRUE, each);
    }
    if (r != VK_SUCCESS)
        d->lost = true; /* who knows what it still reads and writes */
    if (r == VK_TIMEOUT)
        return vr_fail(err, VIREO_ERROR_DEVICE, "the device gave no answer in %u seconds",
                       (unsigned)s->patience);
    return vr_vk_check(d, r, "waiting for the device", err);
}

vireo_status vr_flight_finish(vireo_session *s, vireo_error *err)
{
    vr_flight *f = &s->flights[0];
    for (vr_flights_advance(s); f->finished < f->submitted; vr_flights_advance(s)) {
        vr_segment *last = &f->slot->segments[f->finished];
        while (!last->ends_submission)
            last++;
        const uint64_t waited = vr_now_ns();
        const vireo_status st = wait_for(s, f, last, err);
        if (st)
            return st; /* the device is lost */
        last->finished_ns = vr_now_ns();
        learn_pace(s, f, last, waited);
        s->finished_ns = last->finished_ns;
        f->finished = (size_t)(last - f->slot->segments) + 1;
        if (f->finished < f->slot->n_segments)
            report(s, f);
    }
    if (f->finished == f->slot->n_segments) {
        if (s->progress.fn && !f->bucket->has_run)
            s->progress.fn(s->progress.user, "first run", f->finished, f->finished);
        f->bucket->has_run = true;
    }
    if (f->fault.status && err)
        *err = f->fault;
    return f->fault.status;
}
