/* SPDX-License-Identifier: Apache-2.0
 * Execution: inputs, true counts and grids are written into a slot, whose recording is submitted
 * (flight.c); outputs are read. */
#include "run/tune.h"
#include <string.h>

enum { WATCHDOG_SECONDS = 600 };

/* Kernels for the largest sizes there may be. What fits them fits smaller ones. */
static vireo_status fix_kernels(vireo_session *s, vireo_error *err)
{
    const vireo_graph *g = s->model->graph;
    int64_t most[VR_MAX_SYMBOLS + 1] = {0}, capacity[VR_MAX_SYMBOLS + 1];
    vireo_error why = {0};
    for (size_t i = 1; i < g->n_symbols; i++)
        most[i] = vr_graph_most(g, s->largest, i);
    vr_capacities(g, s->largest, most, capacity);
    s->fixed = vr_calloc(s->model->device->allocator, g->n_nodes, sizeof *s->fixed);
    if (!s->fixed)
        return vr_fail_memory(err, "session");
    const vr_bucket_options o = {.force = s->force, .untuned = true};
    vireo_status st = vr_kernels_choose(s->model, capacity, &o, s->fixed, &why);
    if (st == VIREO_ERROR_UNSUPPORTED)
        return vr_fail(err, st,
                       "deterministic: one kernel for all sizes must fit the largest: %s; "
                       "vireo_session_options.largest lowers them",
                       why.message);
    if (st)
        return vr_fail(err, st, "%s", why.message);
    vr_logf(&s->model->device->log, VIREO_LOG_DEBUG,
            "deterministic: kernels are chosen once, for the largest sizes");
    return VIREO_OK;
}

vireo_status vr_session_create(vireo_model *m, const vireo_session_options *o, vireo_session **out,
                               vireo_error *err)
{
    const vireo_allocator *a = m->device->allocator;
    vireo_status st = vr_force_check(o->force_kernel, err);
    if (!st && o->largest < 0)
        st = vr_fail(err, VIREO_ERROR_INVALID_ARGUMENT,
                     "vireo_session_options.largest is %lld, it must be at least 1, or 0",
                     (long long)o->largest);
    if (st)
        return st;
    vireo_session *s = vr_calloc(a, 1, sizeof *s);
    if (!s)
        return vr_fail_memory(err, "session");
    s->model = m;
    s->patience = WATCHDOG_SECONDS;
    s->progress = (vr_progress_hook){o->progress, o->progress_user};
    s->largest = o->largest;
    s->tune_ns = o->tune_ms * UINT64_C(1000000);
    s->launches.allocator = a;
    if (o->force_kernel && !(s->force = vr_strdup(a, o->force_kernel)))
        st = vr_fail_memory(err, "session");
    if (!st && o->deterministic)
        st = fix_kernels(s, err);
    if (st)
        vr_session_destroy(&s);
    else
        *out = s;
    return st;
}

/* Waits for the oldest flight, which is none any more whatever comes; its slot is free again. */
static vireo_status land(vireo_session *s, vireo_error *err)
{
    const vireo_status st = vr_flight_finish(s, err);
    memmove(s->flights, s->flights + 1, --s->n_flights * sizeof *s->flights);
    return st;
}

void vr_session_destroy(vireo_session **ps)
{
    if (!ps || !*ps)
        return;
    vireo_session *s = *ps;
    const vireo_allocator *a = s->model->device->allocator;
    s->progress.fn = NULL; /* its owner may be gone */
    for (size_t i = 0; i < s->n_flights; i++) /* what is not submitted yet stays so */
        vr_fail(&s->flights[i].fault, VIREO_ERROR_CANCELLED, "the session is destroyed");
    while (s->n_flights)
        land(s, NULL);
    for (size_t i = 0; i < s->n_buckets; i++)
        vr_bucket_destroy(&s->buckets[i]);
    vr_free(a, s->launches.list);
    vr_free(a, s->fixed);
    vr_free(a, s->force);
    vr_free(a, s);
    *ps = NULL;
}

/* One in flight is never the least recently used of so many. */
static vireo_status find_bucket(vireo_session *s, const vireo_tensor *in, size_t n_in,
                                const int64_t *counts, vr_bucket **out, vireo_error *err)
{
    int64_t capacity[VR_MAX_SYMBOLS + 1];
    vr_capacities(s->model->graph, s->largest, counts, capacity);
    size_t oldest = 0;
    for (size_t i = 0; i < s->n_buckets; i++) {
        if (!memcmp(s->buckets[i]->capacity, capacity, sizeof capacity)) {
            *out = s->buckets[i];
            return VIREO_OK;
        }
        if (s->buckets[i]->used < s->buckets[oldest]->used)
            oldest = i;
    }
    vr_bucket *made = NULL;
    const vr_bucket_options o = {s->force, s->fixed, s->untuned, s->timed, s->whole, s->kept, s->progress};
    bool tuned = s->tune_ns && !s->n_flights;
    for (size_t i = 1; i < s->model->graph->n_symbols; i++)
        tuned = tuned && counts[i] > 0; /* of nothing there is nothing to be learnt */
    vireo_status st = tuned ? vr_tune(s, in, n_in, capacity, err) : VIREO_OK;
    if (!st)
        st = vr_bucket_create(s->model, capacity, &o, &made, err);
    if (st)
        return st;
    if (s->n_buckets < VR_MAX_BUCKETS)
        oldest = s->n_buckets++;
    else
        vr_bucket_destroy(&s->buckets[oldest]);
    s->buckets[oldest] = made;
    *out = made;
    return VIREO_OK;
}

/* Rows between dense host memory and padded device rows. */
static void copy_rows(const vr_value *v, char *padded, char *dense, bool in)
{
    size_t size = vireo_dtype_bytes(v->dtype);
    size_t width = (size_t)(v->rank == 1 ? v->count : vr_value_width(v)) * size;
    size_t pitch = vr_value_pitch(v) * size;
    int64_t rows = v->rank < 2 ? 1 : vr_value_rows_now(v);
    for (int64_t r = 0; r < rows; r++, padded += pitch, dense += width) {
        if (width)
            memcpy(in ? padded : dense, in ? dense : padded, width);
        if (in)
            memset(padded + width, 0, pitch - width);
    }
}

/* The slot that no flight uses. What was cut for a first run is recorded anew. */
static vireo_status find_slot(const vireo_session *s, vr_bucket *b, vr_slot **out, vireo_error *err)
{
    vr_slot *slot = &b->slots[0];
    for (size_t i = 0; i < s->n_flights; i++)
        if (s->flights[i].slot == slot)
            slot = &b->slots[1];
    if (slot->by_program && b->has_run)
        vr_slot_destroy(b, slot);
    vireo_status st = slot->segments ? VIREO_OK : vr_slot_create(b, slot, err);
    if (st)
        vr_slot_destroy(b, slot);
    else
        *out = slot;
    return st;
}

static void set_counts(vr_bucket *b, const int64_t *counts)
{
    for (size_t i = 0; i < b->model->graph->n_values; i++)
        if (b->values[i].symbol != VR_NO_SYMBOL)
            b->values[i].count = counts[b->values[i].symbol];
}

/* Grids follow the counts alone: those of the slot's last run are kept. Of several segments (vr_slot_estimate) they
 * are made anew. */
static vireo_status write_step(vireo_session *s, const vr_flight *f, vireo_error *err)
{
    const vr_bucket *b = f->bucket;
    vr_slot *slot = f->slot;
    uint32_t *step = slot->step_data;
    if (slot->stepped && slot->n_segments == 1 && !memcmp(slot->counts, f->counts, sizeof slot->counts))
        return VIREO_OK;
    slot->stepped = false;
    slot->groups = 0;
    for (size_t i = 0; i < s->model->graph->n_symbols; i++)
        step[i] = (uint32_t)(f->counts[i] > 0 ? f->counts[i] : 0);
    s->launches.count = 0;
    vireo_status st = vr_bucket_launch(b, &s->launches, err);
    if (st)
        return st;
    if (s->launches.count != b->launches.count)
        return vr_fail(err, VIREO_ERROR_DEVICE,
                       "the graph launched %zu dispatches, %zu were recorded", s->launches.count,
                       b->launches.count);
    for (size_t i = 0; i < s->launches.count; i++) {
        const uint32_t *n = s->launches.list[i].groups;
        memcpy(step + VR_STEP_GRIDS_OFFSET / 4 + 3 * i, n, 12);
        slot->groups += (uint64_t)n[0] * n[1] * n[2];
    }
    memcpy(slot->counts, f->counts, sizeof slot->counts);
    slot->stepped = true;
    return VIREO_OK;
}

/* All that the host writes for a run. */
static vireo_status prepare(vireo_session *s, const vr_flight *f, const vireo_tensor *in,
                            vireo_error *err)
{
    const vireo_graph *g = s->model->graph;
    const vr_bucket *b = f->bucket;
    set_counts(f->bucket, f->counts);
    vireo_device *d = s->model->device;
    vireo_status st = write_step(s, f, err);
    if (st)
        return st;
    d->counters.dispatches += b->launches.count;
    d->counters.groups += f->slot->groups;
    if (b->n_faults)
        memset(f->slot->faults.mapped, 0, VR_FAULT_BYTES * b->n_faults);
    for (size_t i = 0; i < g->n_inputs; i++)
        copy_rows(&b->values[g->inputs[i]],
                  f->slot->input_data + b->places[g->inputs[i]].offset, in[i].data, true);
    vr_slot_estimate(b, f->slot, &s->launches);
    return VIREO_OK;
}

vireo_status vr_session_submit(vireo_session *s, const vireo_tensor *in, size_t n_in,
                               vireo_error *err)
{
    vr_flight f = {0};
    if (s->n_flights == VR_SLOTS)
        return vr_fail(err, VIREO_ERROR_INVALID_ARGUMENT,
                       "%d submissions are in flight: wait for the first of them", VR_SLOTS);
    vireo_status st = vr_device_check(s->model->device, err);
    if (!st)
        st = vr_graph_counts(s->model->graph, s->largest, in, n_in, f.counts, err);
    if (!st)
        st = find_bucket(s, in, n_in, f.counts, &f.bucket, err);
    if (!st)
        st = find_slot(s, f.bucket, &f.slot, err);
    if (!st)
        st = prepare(s, &f, in, err);
    if (st)
        return st;
    f.bucket->used = ++s->clock;
    s->flights[s->n_flights++] = f;
    vr_flights_advance(s);
    if (!s->flights[s->n_flights - 1].fault.status)
        return VIREO_OK;
    return s->n_flights == 1 ? land(s, err) : VIREO_OK; /* else it is told when its turn comes */
}

/* Bad data that kernels found in this run: the first node that reports any. */
static vireo_status check_faults(const vr_bucket *b, const vr_slot *slot, vireo_error *err)
{
    const vireo_graph *g = b->model->graph;
    for (size_t i = 0; i < g->n_nodes; i++) {
        if (b->nodes[i].fault_offset == VR_NO_FAULT)
            continue;
        const uint32_t *words =
            (const void *)((const char *)slot->faults.mapped + b->nodes[i].fault_offset);
        if (words[0] == 0)
            continue;
        vr_call call;
        vr_node_call(g, &g->nodes[i], b->pointers, &b->model->device->info, &call);
        vr_str text;
        vr_str_init(&text, b->model->device->allocator);
        vr_ops[call.op]->explain(&call, words, &text);
        char *said = vr_str_take(&text);
        vireo_status st = said ? vr_fail(err, VIREO_ERROR_INVALID_ARGUMENT, "%s: %s",
                                         vr_ops[call.op]->name, said)
                               : vr_fail_memory(err, "fault report");
        vr_free(b->model->device->allocator, said);
        return st;
    }
    return VIREO_OK;
}

vireo_status vr_session_wait(vireo_session *s, vireo_tensor *out, size_t n_out, vireo_error *err)
{
    const vireo_graph *g = s->model->graph;
    if (!s->n_flights)
        return vr_fail(err, VIREO_ERROR_INVALID_ARGUMENT, "nothing was submitted");
    vr_bucket *b = s->flights[0].bucket;
    const vr_slot *slot = s->flights[0].slot;
    const uint64_t before = s->finished_ns > s->profiled_ns ? s->finished_ns : s->profiled_ns;
    set_counts(b, s->flights[0].counts);
    vireo_status st = land(s, err);
    if (!st && slot->timed && !s->timed && s->model->device->profile.on)
        s->profiled_ns = vr_slot_profile(b, slot, before);
    if (!st)
        st = check_faults(b, slot, err);
    if (st)
        return st;
    if (n_out != g->n_outputs)
        return vr_fail(err, VIREO_ERROR_INVALID_ARGUMENT, "%zu outputs asked for, the graph has %zu",
                       n_out, g->n_outputs);
    for (size_t i = 0; i < n_out; i++) {
        const vr_value *v = &b->values[g->outputs[i].value];
        size_t bytes = (size_t)vr_value_elements_now(v) * vireo_dtype_bytes(v->dtype);
        if (bytes > out[i].bytes || (bytes && !out[i].data))
            return vr_fail(err, VIREO_ERROR_INVALID_ARGUMENT,
                           "output %s needs %zu bytes, %zu are given", g->outputs[i].name, bytes,
                           out[i].bytes);
    }
    for (size_t i = 0; i < n_out; i++) {
        const vr_value *v = &b->values[g->outputs[i].value];
        out[i].dtype = v->dtype;
        out[i].rank = v->rank;
        memcpy(out[i].shape, v->shape, sizeof out[i].shape);
        if (v->rank)
            out[i].shape[0] = v->count;
        copy_rows(v, slot->output_data + b->places[g->outputs[i].value].offset, out[i].data,
                  false);
    }
    return VIREO_OK;
}
