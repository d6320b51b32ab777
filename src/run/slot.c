/* SPDX-License-Identifier: Apache-2.0
 * A slot's buffers, pools, command buffers and fences. */
#include "run/bucket.h"
#include <string.h>

static void end_segment(vr_slot *slot, vr_segment *open, size_t end)
{
    open->end = end;
    slot->segments[slot->n_segments++] = *open;
    *open = (vr_segment){.first = end};
}

/* Submissions are short: far from a watchdog's limit, and a run can be cancelled between them. What the
 * host times is of one node each. Drivers that compile a program when it first runs do so for seconds: who
 * hears of the first run is told which. */
static vireo_status cut(const vr_bucket *b, vr_slot *slot, vireo_error *err)
{
    const bool by_node = slot->timed && b->model->device->tick_ns <= 0;
    vr_segment open = {0};
    double spent = 0;
    slot->by_program = b->told && !b->has_run;
    slot->segments =
        vr_calloc(b->model->device->allocator, b->launches.count + 1, sizeof *slot->segments);
    if (!slot->segments)
        return vr_fail_memory(err, "segments");
    for (size_t i = 0; i < b->model->graph->n_nodes; i++) {
        const vr_step_node *n = &b->nodes[i];
        bool begun[2] = {false, false};
        for (size_t j = n->first; j < n->first + n->n_dispatches; j++) {
            const bool second = b->launches.list[j].second;
            const bool is_new = slot->by_program && n->programs[second].is_new && !begun[second];
            const double ns = n->ns / (double)n->n_dispatches;
            const bool full = is_new || spent + ns > b->model->device->segment_ns;
            const bool begins = by_node && j == n->first;
            if (j > open.first && (begins || full)) {
                end_segment(slot, &open, j);
                spent = 0;
            }
            if (is_new && !open.kernel) {
                open.op = vr_ops[b->model->graph->nodes[i].op]->name;
                open.kernel = n->kernel->name;
            }
            begun[second] = true;
            spent += ns;
        }
    }
    end_segment(slot, &open, b->launches.count);
    return VIREO_OK;
}

/* `data`: where the host writes or reads, in `host` if the device's own memory is another. */
static vireo_status make_exchange(vireo_device *d, uint64_t bytes, const char *what, vr_buffer *own, vr_buffer *host,
                                  void **data, vireo_error *err)
{
    const bool shared = d->shares_memory;
    vireo_status st = vr_buffer_create(d, bytes, shared ? VR_MEMORY_HOST : VR_MEMORY_DEVICE, what, own, err);
    if (!st && !shared)
        st = vr_buffer_create(d, bytes, VR_MEMORY_HOST, what, host, err);
    *data = shared ? own->mapped : host->mapped;
    return st;
}

static vireo_status make_buffers(const vr_bucket *b, vr_slot *slot, vireo_error *err)
{
    vireo_device *d = b->model->device;
    const uint64_t step = VR_STEP_GRIDS_OFFSET + 12 * b->launches.count;
    const uint64_t faults = VR_FAULT_BYTES * b->n_faults;
    void *in = NULL, *out = NULL, *words = NULL;
    vireo_status st = make_exchange(d, b->input_bytes, "inputs", &slot->input, &slot->host_input, &in, err);
    if (!st)
        st = make_exchange(d, b->output_bytes, "outputs", &slot->output, &slot->host_output, &out, err);
    if (!st)
        st = make_exchange(d, step, "step buffer", &slot->step, &slot->host_step, &words, err);
    slot->input_data = in;
    slot->output_data = out;
    slot->step_data = words;
    if (!st && faults)
        st = vr_buffer_create(d, faults, VR_MEMORY_HOST, "fault buffer", &slot->faults, err);
    return st;
}

static vireo_status make_pools(const vr_bucket *b, vr_slot *slot, vireo_error *err)
{
    vireo_device *d = b->model->device;
    VkDescriptorPoolSize sizes[] = {
        [VR_BIND_STORAGE] = {VK_DESCRIPTOR_TYPE_STORAGE_BUFFER, 1},
        [VR_BIND_TEXEL] = {VK_DESCRIPTOR_TYPE_UNIFORM_TEXEL_BUFFER, 1},
        [VR_BIND_UNIFORM] = {VK_DESCRIPTOR_TYPE_UNIFORM_BUFFER, 1}};
    for (size_t i = 0; i < b->model->graph->n_nodes; i++)
        for (size_t j = 0; j < b->nodes[i].n_dispatches; j++) {
            const bool second = b->launches.list[b->nodes[i].first + j].second;
            const vr_pipeline *p = b->nodes[i].programs[second].pipeline;
            for (uint32_t k = 0; k < p->n_bindings; k++)
                sizes[p->bindings[k]].descriptorCount++;
        }
    const VkDescriptorPoolCreateInfo info = {
        .sType = VK_STRUCTURE_TYPE_DESCRIPTOR_POOL_CREATE_INFO,
        .maxSets = (uint32_t)b->launches.count + 1,
        .poolSizeCount = sizeof sizes / sizeof *sizes, .pPoolSizes = sizes};
    vireo_status st = vr_vk_check(
        d, d->fn.vkCreateDescriptorPool(d->handle, &info, NULL, &slot->descriptors),
        "descriptor pool", err);
    const VkCommandPoolCreateInfo pool = {.sType = VK_STRUCTURE_TYPE_COMMAND_POOL_CREATE_INFO,
                                          .queueFamilyIndex = d->queue_family};
    return st ? st
              : vr_vk_check(d, d->fn.vkCreateCommandPool(d->handle, &pool, NULL, &slot->pool),
                            "command pool", err);
}

static vireo_status make_segment(vireo_device *d, const vr_slot *slot, vr_segment *s, vireo_error *err)
{
    const VkFenceCreateInfo fence = {.sType = VK_STRUCTURE_TYPE_FENCE_CREATE_INFO};
    const VkCommandBufferAllocateInfo alloc = {
        .sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_ALLOCATE_INFO, .commandPool = slot->pool,
        .level = VK_COMMAND_BUFFER_LEVEL_PRIMARY, .commandBufferCount = 1};
    vireo_status st =
        vr_vk_check(d, d->fn.vkCreateFence(d->handle, &fence, NULL, &s->fence), "fence", err);
    return st ? st
              : vr_vk_check(d, d->fn.vkAllocateCommandBuffers(d->handle, &alloc, &s->commands),
                            "command buffer", err);
}

static vireo_status make_queries(const vr_bucket *b, vr_slot *slot, vireo_error *err)
{
    vireo_device *d = b->model->device;
    const VkQueryPoolCreateInfo info = {.sType = VK_STRUCTURE_TYPE_QUERY_POOL_CREATE_INFO,
                                        .queryType = VK_QUERY_TYPE_TIMESTAMP,
                                        .queryCount = 2 * (uint32_t)b->model->graph->n_nodes};
    return vr_vk_check(d, d->fn.vkCreateQueryPool(d->handle, &info, NULL, &slot->times),
                       "timestamps", err);
}

vireo_status vr_slot_create(vr_bucket *b, vr_slot *slot, vireo_error *err)
{
    vireo_device *d = b->model->device;
    vireo_status st = make_buffers(b, slot, err);
    if (!st)
        st = make_pools(b, slot, err);
    slot->timed = b->timed || d->profile.on;
    if (!st)
        st = cut(b, slot, err);
    for (size_t i = 0; !st && i < slot->n_segments; i++)
        st = make_segment(d, slot, &slot->segments[i], err);
    if (!st && slot->timed && d->tick_ns > 0)
        st = make_queries(b, slot, err);
    return st ? st : vr_slot_record(b, slot, err);
}

void vr_slot_destroy(const vr_bucket *b, vr_slot *slot)
{
    vireo_device *d = b->model->device;
    for (size_t i = 0; i < slot->n_segments; i++)
        d->fn.vkDestroyFence(d->handle, slot->segments[i].fence, NULL);
    d->fn.vkDestroyQueryPool(d->handle, slot->times, NULL);
    d->fn.vkDestroyCommandPool(d->handle, slot->pool, NULL);
    d->fn.vkDestroyDescriptorPool(d->handle, slot->descriptors, NULL);
    for (size_t i = 0; i < slot->n_views; i++)
        d->fn.vkDestroyBufferView(d->handle, slot->views[i], NULL);
    vr_buffer_destroy(d, &slot->input);
    vr_buffer_destroy(d, &slot->output);
    vr_buffer_destroy(d, &slot->step);
    vr_buffer_destroy(d, &slot->faults);
    vr_buffer_destroy(d, &slot->host_input);
    vr_buffer_destroy(d, &slot->host_output);
    vr_buffer_destroy(d, &slot->host_step);
    vr_free(d->allocator, slot->views);
    vr_free(d->allocator, slot->segments);
    *slot = (vr_slot){0};
}

static vireo_status spoil(vireo_device *d, const vr_buffer *buffer, int byte, vireo_error *err)
{
    if (!buffer->handle)
        return VIREO_OK;
    void *bytes = buffer->mapped ? buffer->mapped : vr_alloc(d->allocator, (size_t)buffer->bytes);
    if (!bytes)
        return vr_fail_memory(err, "memory to overwrite");
    memset(bytes, byte, (size_t)buffer->bytes);
    if (buffer->mapped)
        return VIREO_OK;
    vireo_status st = vr_buffer_write(d, buffer, 0, bytes, buffer->bytes, err);
    vr_free(d->allocator, bytes);
    return st;
}

vireo_status vr_bucket_spoil(const vr_bucket *b, int byte, vireo_error *err)
{
    vireo_device *d = b->model->device;
    vireo_status st = spoil(d, &b->arena, byte, err);
    if (!st)
        st = spoil(d, &b->slots[0].output, byte, err);
    return st ? st : spoil(d, &b->slots[0].host_output, byte, err);
}

vireo_status vr_bucket_read(const vr_bucket *b, uint32_t value, void *out, vireo_error *err)
{
    const vr_place *p = &b->places[value];
    return vr_buffer_read(b->model->device, p->buffer, p->offset, out, vr_value_bytes(&b->values[value]), err);
}

void vr_slot_ints(const vr_bucket *b, const vr_slot *slot, const vr_node *node,
                  const int32_t *host[VR_MAX_IN])
{
    for (uint32_t i = 0; i < VR_MAX_IN; i++) {
        const uint32_t id = node->in[i];
        const bool known = id && b->places[id].buffer == &b->slots[0].input &&
                           b->values[id].dtype == VIREO_I32;
        host[i] = known ? (const void *)(slot->input_data + b->places[id].offset)
                        : NULL;
    }
}

static double groups_of(const vr_dispatch *d)
{
    return (double)d->groups[0] * d->groups[1] * d->groups[2];
}

void vr_slot_estimate(const vr_bucket *b, vr_slot *slot, const vr_launches *launches)
{
    const vireo_graph *g = b->model->graph;
    vr_segment *s = slot->segments;
    s->ns = 0;
    for (size_t i = 0; slot->n_segments > 1 && i < g->n_nodes; i++) {
        const vr_step_node *n = &b->nodes[i];
        const int32_t *host[VR_MAX_IN];
        vr_call call;
        double groups = 0;
        if (!n->n_dispatches)
            continue;
        vr_node_call(g, &g->nodes[i], b->pointers, &b->model->device->info, &call);
        vr_slot_ints(b, slot, &g->nodes[i], host);
        const double ns = vr_call_ns(&call, n->kernel, host);
        for (size_t j = n->first; j < n->first + n->n_dispatches; j++)
            groups += groups_of(&launches->list[j]);
        for (size_t j = n->first; j < n->first + n->n_dispatches; j++) {
            if (j == s->end)
                (++s)->ns = 0;
            s->ns += groups > 0 ? ns * groups_of(&launches->list[j]) / groups : 0;
        }
    }
}
