/* SPDX-License-Identifier: Apache-2.0
 * Building graphs, choosing kernels, planning memory; no device is opened. Input: 3 bytes (device
 * and flags, counts of the run, operands; see LLVMFuzzerTestOneInput), then calls of the builder: a
 * byte that chooses one of graph_calls.c's `builders`, then its arguments. What the graph refuses
 * is undone and building goes on, unless a flag says that the first fault stays. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "graph_calls.h"
#include "plan_check.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);
const char *__asan_default_options(void);

/* Lists of launches are large: what is freed is used again soon. */
const char *__asan_default_options(void)
{
    return "quarantine_size_mb=8";
}

enum { MOST_CALLS = 40 };
enum { DEVICE = 3, FAULT_STAYS = 4, TURN = 8, FORCE = 16, FIX = 32 }; /* flags, byte 0 */

static void need(bool holds, const char *what)
{
    if (holds)
        return;
    fprintf(stderr, "%s\n", what);
    abort();
}

/* ---- Devices ------------------------------------------------------------------------------- */

/* As much as fields hold; what Vulkan guarantees; less than that; a CPU's driver. */
static struct vireo_device devices[DEVICE + 1] = {
    {.info = {.type = VIREO_DEVICE_DISCRETE,
              .name = "generous",
              .max_allocation_bytes = UINT64_MAX,
              .max_storage_binding_bytes = UINT32_MAX,
              .max_texel_elements = INT32_MAX,
              .max_storage_bindings = 32,
              .max_loop_iterations = UINT32_MAX,
              .max_workgroup_invocations = 1024,
              .max_shared_bytes = 65536,
              .max_push_bytes = 256,
              .subgroup_size = 32,
              .subgroup_arithmetic = true}},
    {.info = {.type = VIREO_DEVICE_INTEGRATED,
              .name = "least",
              .max_allocation_bytes = 1 << 30,
              .max_storage_binding_bytes = 1 << 27,
              .max_texel_elements = 65536,
              .max_storage_bindings = 4,
              .max_loop_iterations = UINT32_MAX,
              .max_workgroup_invocations = 128,
              .max_shared_bytes = 16384,
              .max_push_bytes = 128,
              .subgroup_size = 1}},
    {.info = {.type = VIREO_DEVICE_OTHER,
              .name = "tiny",
              .max_allocation_bytes = 1 << 20,
              .max_storage_binding_bytes = 1 << 26,
              .max_texel_elements = 4096,
              .max_storage_bindings = 4,
              .max_loop_iterations = 4096,
              .dispatch_us = 100,
              .max_workgroup_invocations = 32,
              .max_shared_bytes = 4096,
              .max_push_bytes = 128,
              .subgroup_size = 64,
              .subgroup_arithmetic = true}},
    {.info = {.type = VIREO_DEVICE_CPU,
              .name = "CPU",
              .max_allocation_bytes = (uint64_t)1 << 31,
              .max_storage_binding_bytes = 1 << 27,
              .max_texel_elements = 1 << 27,
              .max_storage_bindings = 16,
              .max_loop_iterations = 65000,
              .dispatch_us = 100000,
              .max_workgroup_invocations = 1024,
              .max_shared_bytes = 32768,
              .max_push_bytes = 128,
              .subgroup_size = 4,
              .subgroup_arithmetic = true}},
};

/* ---- Graphs -------------------------------------------------------------------------------- */

static void check_fault(const vireo_graph *g)
{
    vireo_error err = {0};
    const vireo_status st = vireo_graph_check(g, &err);
    need(st == g->fault.status && err.status == st && strlen(err.message) > 3, "the fault");
    need(st == VIREO_ERROR_INVALID_ARGUMENT || st == VIREO_ERROR_LIMIT ||
             st == VIREO_ERROR_UNSUPPORTED || st == VIREO_ERROR_FORMAT,
         err.message);
}

/* A refused call leaves what was there before; behind it may stand the first parts of a concat. */
static void undo(vireo_graph *g, const vireo_graph *before)
{
    check_fault(g);
    need(g->n_inputs == before->n_inputs && g->n_outputs == before->n_outputs,
         "a refused call left an input or an output");
    need(g->n_nodes - before->n_nodes <= 2 && g->n_values - before->n_values <= VR_MAX_IN + 3,
         "a refused call left nodes or values");
    g->n_nodes = before->n_nodes;
    g->n_values = before->n_values;
    g->n_symbols = before->n_symbols;
    g->fault = (vireo_error){0};
}

static void build(graph_calls *r, bool fault_stays)
{
    vireo_graph *g = r->g;
    for (int i = 0; i < MOST_CALLS && r->at < r->end; i++) {
        const vireo_graph before = *g;
        graph_call(r);
        if (!g->fault.status)
            continue;
        if (!fault_stays && graph_calls_byte(r) != 0xFF)
            undo(g, &before);
    }
    for (size_t i = 0; !g->fault.status && !g->n_outputs && i < g->n_nodes; i++)
        vireo_graph_output(g, "last", (vireo_value){g->nodes[g->n_nodes - 1].out[0]});
}

static void set_counts(const vireo_graph *g, uint8_t how, int64_t *counts)
{
    memset(counts, 0, (VR_MAX_SYMBOLS + 1) * sizeof *counts);
    for (size_t i = 1; i < g->n_symbols; i++) {
        const int64_t max = g->symbols[i].max, some[] = {max, 0, 1, max / 2, 17, max - 1, 65, how};
        const int64_t n = some[(how + i) % 8];
        counts[i] = n < 0 ? 0 : n < max ? n : max;
    }
    for (size_t i = 1; i < g->n_symbols; i++) {
        const vr_graph_symbol *s = &g->symbols[i];
        if (s->base)
            counts[i] = counts[s->base] + s->add > 0 ? counts[s->base] + s->add : 0;
        need(counts[i] <= s->max, "a derived size above its maximum");
    }
}

/* What is chosen for the largest sizes fits all smaller ones. */
static const vr_kernel **choose_fixed(const vireo_model *m, const char *force)
{
    int64_t most[VR_MAX_SYMBOLS + 1] = {0}, capacity[VR_MAX_SYMBOLS + 1];
    const vireo_graph *g = m->graph;
    const vr_kernel **fixed = calloc(g->n_nodes, sizeof *fixed);
    need(fixed, "memory");
    for (size_t i = 1; i < g->n_symbols; i++)
        most[i] = g->symbols[i].max;
    vr_capacities(g, 0, most, capacity);
    for (size_t i = 1; i < g->n_symbols; i++)
        need(capacity[i] == g->symbols[i].max, "the largest capacity");
    const vr_bucket_options o = {.force = force, .untuned = true};
    if (!vr_kernels_choose(m, capacity, &o, fixed, NULL))
        return fixed;
    free(fixed);
    return NULL;
}

static void run_bucket(const vireo_model *m, const int64_t *counts, const char *force, bool fix)
{
    const vireo_graph *g = m->graph;
    const vr_kernel **fixed = fix ? choose_fixed(m, force) : NULL;
    const vr_bucket_options o = {.force = force, .fixed = fixed, .untuned = true};
    int64_t capacity[VR_MAX_SYMBOLS + 1];
    vr_bucket b;
    vireo_error err = {0};
    vr_capacities(g, 0, counts, capacity);
    for (size_t i = 1; i < g->n_symbols; i++)
        need(counts[i] <= capacity[i] && capacity[i] <= g->symbols[i].max, "a capacity");
    vireo_status st = vr_bucket_init(&b, m, capacity, &err);
    if (!st)
        st = vr_bucket_choose(&b, &o, &err);
    need(!st || !fixed, err.message);
    if (!st)
        st = vr_bucket_dispatches(&b, &err);
    if (!st)
        st = vr_bucket_place(&b, &err);
    if (st) {
        need((st == VIREO_ERROR_UNSUPPORTED || st == VIREO_ERROR_LIMIT) && strlen(err.message) > 3,
             "why there is no kernel");
    } else {
        plan_check(&b);
        for (size_t i = 0; i < g->n_values; i++)
            if (b.values[i].symbol != VR_NO_SYMBOL)
                b.values[i].count = counts[b.values[i].symbol];
        plan_check_run(&b);
    }
    vr_bucket_deinit(&b);
    free(fixed);
}

/* Whether a device with small bindings cuts it into thousands of dispatches: that takes time, and
 * need not be tried often. */
static bool is_huge(const vireo_graph *g)
{
    uint64_t total = 0;
    for (size_t i = 1; i < g->n_values; i++)
        total += vr_value_bytes(&g->values[i].v);
    return total > (uint64_t)1 << 34;
}

static void run(vireo_graph *g, uint8_t flags, uint8_t how)
{
    static const char *const forces[] = {"copy/none", "reshape/elements,slice/elements",
                                         "top_k/workgroup",
                                         "norm/row,unary/storage,binary/broadcast,matmul/plain"};
    const char *force = flags & FORCE ? forces[1 + how % 3u] : NULL;
    const bool cut = how % 8 == 0 || !is_huge(g);
    struct vireo_model model = {
        .device = &devices[cut ? flags & DEVICE : 0], .graph = g, .any_kernel = true};
    int64_t counts[VR_MAX_SYMBOLS + 1];
    if (how & 1u)
        need(!vr_graph_fuse(g, NULL), "memory");
    if (flags & TURN)
        vr_turn_weights(g, &model.device->info);
    set_counts(g, how, counts);
    model.constants = calloc(g->n_values, sizeof *model.constants);
    need(model.constants && !vr_force_check(force, NULL) && vr_force_check(forces[0], NULL),
         "names of kernels");
    run_bucket(&model, counts, force, flags & FIX);
    free(model.constants);
}

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t size)
{
    graph_calls r = {.at = input, .end = input + size};
    const uint8_t flags = graph_calls_byte(&r), how = graph_calls_byte(&r);
    r.by_type = graph_calls_byte(&r) < 0xC0;
    need(!vireo_graph_create(NULL, &r.g, NULL), "memory");
    build(&r, flags & FAULT_STAYS);
    if (r.g->fault.status)
        check_fault(r.g);
    else if (r.g->n_nodes)
        run(r.g, flags, how);
    vireo_graph_destroy(&r.g);
    return 0;
}
