/* SPDX-License-Identifier: Apache-2.0
 * Planning: lifetimes → offsets in one arena. Largest first, each at the lowest offset free for its
 * whole life (greedy by size, Pisarchyk and Lee 2020); while that misses the lower bound, what
 * stood highest is placed first and all is tried again; each third try it is a drawn one instead,
 * for the others can go round in a circle. Inputs and outputs live in buffers of their own that the
 * host sees. */
#include "run/bucket.h"
#include <stdlib.h>
#include <string.h>

/* A try looks at every pair of items about once: large graphs get fewer. */
enum { LEAST_TRIES = 100, MOST_TRIES = 10000, MOST_PAIRS = 10000000 };

typedef struct item {
    uint64_t bytes, offset, best; /* best: the offset of the best try so far */
    uint32_t first, last;         /* node indices, both included */
    uint32_t value;               /* value id; 0: scratch of node `first` */
} item;

/* What a value or scratch takes: no texel view of it, of a slice or slab of it may reach into the next,
 * which may be written. */
static uint64_t room(uint64_t bytes)
{
    return (bytes + 255) / 256 * 256 + VR_VIEW_EXCESS;
}

static int larger_first(const void *pa, const void *pb)
{
    const item *a = pa, *b = pb;
    if (a->bytes != b->bytes)
        return a->bytes < b->bytes ? 1 : -1;
    return a->first != b->first ? (a->first < b->first ? -1 : 1)
                                : (a->value < b->value ? -1 : a->value > b->value);
}

static size_t collect(const vr_bucket *b, item *items, uint32_t *of_value)
{
    const vireo_graph *g = b->model->graph;
    size_t n = 0;
    for (uint32_t i = 0; i < g->n_nodes; i++) {
        const vr_node *node = &g->nodes[i];
        for (int j = 0; j < VR_MAX_IN; j++)
            if (node->in[j] && of_value[node->in[j]] != UINT32_MAX && items[of_value[node->in[j]]].last < i)
                items[of_value[node->in[j]]].last = i;
        for (int j = 0; j < VR_MAX_OUT; j++) {
            uint32_t id = node->out[j];
            if (!id || g->values[id].is_output)
                continue;
            if (!b->nodes[i].kernel) { /* a view lives in what it is a view of */
                of_value[id] = of_value[node->in[0]];
                continue;
            }
            of_value[id] = (uint32_t)n;
            items[n++] = (item){.bytes = room(vr_value_bytes(&b->values[id])),
                                .first = i,
                                .last = b->kept && b->kept[id] ? (uint32_t)g->n_nodes - 1 : i,
                                .value = id};
        }
        if (b->nodes[i].scratch_bytes)
            items[n++] = (item){.bytes = room(b->nodes[i].scratch_bytes), .first = i, .last = i};
    }
    return n;
}

static bool overlap_in_time(const item *a, const item *b)
{
    return a->first <= b->last && b->first <= a->last;
}

/* Lowest offset at which `it` collides with none of items[0, n) that lives at the same time. */
static uint64_t lowest_offset(const item *items, size_t n, const item *it)
{
    uint64_t offset = 0;
    for (bool moved = true; moved;) {
        moved = false;
        for (size_t i = 0; i < n; i++) {
            const item *o = &items[i];
            if (overlap_in_time(o, it) && offset < o->offset + o->bytes &&
                o->offset < offset + it->bytes) {
                offset = o->offset + o->bytes;
                moved = true;
            }
        }
    }
    return offset;
}

static uint64_t most_live(const item *items, size_t n, size_t n_nodes)
{
    uint64_t most = 0;
    for (uint32_t t = 0; t < n_nodes; t++) {
        uint64_t live = 0;
        for (size_t i = 0; i < n; i++)
            if (items[i].first <= t && t <= items[i].last)
                live += items[i].bytes;
        most = live > most ? live : most;
    }
    return most;
}

/* Places the items in their order; *highest: one that ends at the peak, which is returned. */
static uint64_t place(item *items, size_t n, size_t *highest)
{
    uint64_t peak = 0;
    for (size_t i = 0; i < n; i++) {
        items[i].offset = lowest_offset(items, i, &items[i]);
        if (items[i].offset + items[i].bytes > peak) {
            peak = items[i].offset + items[i].bytes;
            *highest = i;
        }
    }
    return peak;
}

/* Fills .best; returns the peak of that. */
static uint64_t place_well(item *items, size_t n, uint64_t lower_bound)
{
    uint64_t best = UINT64_MAX;
    uint32_t drawn = 0; /* from the same start each time: a graph has one plan */
    size_t tries = n ? MOST_PAIRS / n / n : 1;
    tries = tries < LEAST_TRIES ? LEAST_TRIES : tries > MOST_TRIES ? MOST_TRIES : tries;
    qsort(items, n, sizeof *items, larger_first);
    for (size_t i = 0; i < tries && best > lower_bound; i++) {
        size_t highest = 0;
        uint64_t peak = place(items, n, &highest);
        if (peak < best) {
            best = peak;
            for (size_t j = 0; j < n; j++)
                items[j].best = items[j].offset;
        }
        if (n) {
            drawn = drawn * 1664525 + 1013904223; /* Numerical Recipes' generator */
            const size_t next = i % 3 == 2 ? (drawn >> 8) % n : highest;
            const item first = items[next];
            memmove(items + 1, items, next * sizeof *items);
            items[0] = first;
        }
    }
    return n ? best : 0;
}

/* Values the host writes or reads, one after another in a buffer; returns its bytes. */
static uint64_t place_host(vr_bucket *b, const vr_buffer *buffer, bool inputs)
{
    const vireo_graph *g = b->model->graph;
    uint64_t bytes = 0;
    for (size_t i = 0; i < (inputs ? g->n_inputs : g->n_outputs); i++) {
        uint32_t id = inputs ? g->inputs[i] : g->outputs[i].value;
        b->places[id] = (vr_place){buffer, bytes};
        bytes += room(vr_value_bytes(&b->values[id]));
    }
    return bytes;
}

vireo_status vr_bucket_place(vr_bucket *b, vireo_error *err)
{
    const vireo_graph *g = b->model->graph;
    const vireo_allocator *a = b->model->device->allocator;
    size_t most = g->n_nodes * (VR_MAX_OUT + 1);
    item *items = vr_calloc(a, most, sizeof *items);
    uint32_t *of_value = vr_alloc(a, g->n_values * sizeof *of_value);
    vireo_status st = items && of_value ? VIREO_OK : vr_fail_memory(err, "plan");
    if (st)
        goto done;
    memset(of_value, 0xff, g->n_values * sizeof *of_value);
    size_t n = collect(b, items, of_value);
    b->lower_bound = most_live(items, n, g->n_nodes);
    b->arena_bytes = place_well(items, n, b->lower_bound);
    for (size_t i = 0; i < n; i++)
        if (items[i].value)
            b->places[items[i].value] = (vr_place){&b->arena, items[i].best};
        else
            b->nodes[items[i].first].scratch_offset = items[i].best;
    for (size_t i = 1; i < g->n_values; i++)
        if (g->values[i].v.kind == VR_CONSTANT)
            b->places[i] = b->model->constants[i];
    b->input_bytes = place_host(b, &b->slots[0].input, true);
    b->output_bytes = place_host(b, &b->slots[0].output, false);
    for (size_t i = 0; i < g->n_nodes; i++)
        if (!b->nodes[i].kernel) {
            const vr_place *of = &b->places[g->nodes[i].in[0]];
            const uint32_t out_id = g->nodes[i].out[0];
            /* an empty view may stand behind the end of what it is cut from */
            const uint64_t at = vr_value_bytes(&b->values[out_id]) ? b->nodes[i].view_offset : 0;
            b->places[out_id] = (vr_place){of->buffer, of->offset + at};
        }
done:
    vr_free(a, items);
    vr_free(a, of_value);
    return st;
}
