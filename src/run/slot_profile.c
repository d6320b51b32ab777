/* SPDX-License-Identifier: Apache-2.0
 * Timed slots: what each node took, and what it did. */
#include "run/bucket.h"
#include <stdio.h>
#include <string.h>

/* Sizes of this run, and the dtype where it is not f32: "12x384 1536x384 f16". */
static void write_shape(const vr_call *c, char *out, size_t size)
{
    size_t n = 0;
    for (uint32_t i = 0; i < 2 && c->in[i]; i++) {
        const vr_value *v = c->in[i];
        for (uint32_t j = 0; j < v->rank && n < size; j++)
            n += (size_t)snprintf(out + n, size - n, "%s%lld", j ? "x" : i ? " " : "",
                                  (long long)(j ? v->shape[j] : v->count));
        if (v->dtype != VIREO_F32 && v->dtype != VIREO_I32 && n < size)
            n += (size_t)snprintf(out + n, size - n, " %s", vireo_dtype_name(v->dtype));
    }
}

/* What is done with what node `node` took. */
typedef void (*taker)(void *user, vr_bucket *, const vr_slot *, size_t node, uint64_t start, uint64_t ns);

static void add(void *user, vr_bucket *b, const vr_slot *slot, size_t node, uint64_t start, uint64_t ns)
{
    (void)user;
    const vireo_graph *g = b->model->graph;
    vireo_device *d = b->model->device;
    const int32_t *host[VR_MAX_IN];
    vr_call call;
    vr_node_call(g, &g->nodes[node], b->pointers, &d->info, &call);
    vr_slot_ints(b, slot, &g->nodes[node], host);
    const vr_work work = vr_call_work(&call, host);
    vireo_profile_event e = {.op = vr_ops[call.op]->name, .kernel = b->nodes[node].kernel->name,
                             .start_ns = start, .ns = ns,
                             .dispatches = (uint32_t)b->nodes[node].n_dispatches,
                             .flops = work.flops, .bytes = work.bytes};
    write_shape(&call, e.shape, sizeof e.shape);
    vr_profile_add(&d->profile, &e);
}

/* The first node begins when the run was submitted or the one before it was done, as far as the host
 * knows. Nodes wait for each other: where ticks say otherwise they err. */
static uint64_t by_device(vr_bucket *b, const vr_slot *slot, uint64_t before, taker take, void *user)
{
    vireo_device *d = b->model->device;
    const uint64_t submitted = slot->segments[0].submitted_ns;
    const uint64_t origin = submitted > before ? submitted : before;
    const size_t n_nodes = b->model->graph->n_nodes;
    uint64_t first = 0, end = origin;
    bool any = false;
    for (size_t i = 0; i < n_nodes; i++) {
        uint64_t ticks[2];
        if (!b->nodes[i].n_dispatches ||
            d->fn.vkGetQueryPoolResults(d->handle, slot->times, 2 * (uint32_t)i, 2, sizeof ticks,
                                        ticks, sizeof *ticks,
                                        VK_QUERY_RESULT_64_BIT | VK_QUERY_RESULT_WAIT_BIT))
            continue;
        if (!any)
            first = ticks[0];
        any = true;
        const double at = (double)((ticks[0] - first) & d->tick_mask) * d->tick_ns;
        const double ns = (double)((ticks[1] - ticks[0]) & d->tick_mask) * d->tick_ns;
        const uint64_t start = origin + (uint64_t)at > end ? origin + (uint64_t)at : end;
        take(user, b, slot, i, start, (uint64_t)ns);
        end = start + (uint64_t)ns;
    }
    return end;
}

/* Each segment is of one node, and a long node is several: its time is theirs, without what the host does
 * between them. */
static uint64_t by_host(vr_bucket *b, const vr_slot *slot, taker take, void *user)
{
    const vr_segment *s = slot->segments;
    uint64_t end = 0;
    for (size_t i = 0; i < b->model->graph->n_nodes; i++) {
        const vr_step_node *n = &b->nodes[i];
        if (!n->n_dispatches)
            continue;
        const uint64_t start = s->submitted_ns;
        uint64_t ns = 0;
        for (bool is_last = false; !is_last; s++) {
            ns += s->finished_ns - s->submitted_ns;
            end = s->finished_ns;
            is_last = s->end == n->first + n->n_dispatches;
        }
        take(user, b, slot, i, start, ns);
    }
    return end;
}

static void keep(void *user, vr_bucket *b, const vr_slot *slot, size_t node, uint64_t start, uint64_t ns)
{
    (void)b;
    (void)slot;
    (void)start;
    ((double *)user)[node] = (double)ns;
}

static uint64_t each_node(vr_bucket *b, const vr_slot *slot, uint64_t before, taker take, void *user)
{
    return slot->times ? by_device(b, slot, before, take, user) : by_host(b, slot, take, user);
}

uint64_t vr_slot_profile(vr_bucket *b, const vr_slot *slot, uint64_t before)
{
    return each_node(b, slot, before, add, NULL);
}

void vr_slot_times(vr_bucket *b, const vr_slot *slot, double *ns)
{
    memset(ns, 0, b->model->graph->n_nodes * sizeof *ns);
    each_node(b, slot, 0, keep, ns);
}
