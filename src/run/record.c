/* SPDX-License-Identifier: Apache-2.0
 * Recording: descriptor sets, barriers where byte ranges conflict, indirect dispatches whose grids
 * the host writes into the step buffer before every run. */
#include "run/bucket.h"

typedef struct span {
    const vr_buffer *buffer;
    uint64_t offset, bytes;
    bool write;
} span;

/* Accesses since the last barrier. */
typedef struct pending {
    span *spans;
    size_t count, capacity;
} pending;

typedef struct recorder {
    vr_bucket *b;
    vr_slot *slot;
    VkCommandBuffer commands; /* of the segment at hand */
    const vr_pipeline *bound; /* in it */
    pending pending;
} recorder;

static bool conflicts(const pending *p, const span *s)
{
    for (size_t i = 0; i < p->count; i++) {
        const span *o = &p->spans[i];
        if (o->buffer == s->buffer && (o->write || s->write) && s->offset < o->offset + o->bytes &&
            o->offset < s->offset + s->bytes)
            return true;
    }
    return false;
}

/* What lies side by side, as the slabs of a value do, becomes one. */
static bool remember(vireo_device *d, pending *p, const span *s)
{
    const uint64_t end = s->offset + s->bytes;
    for (size_t i = 0; i < p->count; i++) {
        span *o = &p->spans[i];
        const uint64_t other_end = o->offset + o->bytes;
        if (o->buffer != s->buffer || o->write != s->write || s->offset > other_end || o->offset > end)
            continue;
        o->offset = o->offset < s->offset ? o->offset : s->offset;
        o->bytes = (other_end > end ? other_end : end) - o->offset;
        return true;
    }
    if (!vr_grow(d->allocator, (void **)&p->spans, &p->capacity, p->count + 1, sizeof *p->spans))
        return false;
    p->spans[p->count++] = *s;
    return true;
}

static const vr_kernel *program_of(const vr_step_node *n, const vr_dispatch *d)
{
    return d->second ? n->kernel->second : n->kernel;
}

/* Places of inputs and outputs are those of slot 0. */
static const vr_buffer *in_slot(const recorder *r, const vr_buffer *buffer)
{
    const vr_slot *first = &r->b->slots[0];
    return buffer == &first->input ? &r->slot->input
           : buffer == &first->output ? &r->slot->output : buffer;
}

/* The part of memory that binding i of a dispatch touches. */
static span operand_span(const recorder *r, const vr_node *node, const vr_step_node *n,
                         const vr_dispatch *d, uint32_t i)
{
    const vr_bucket *b = r->b;
    vr_operand o = i == 0 && d->first ? d->first : program_of(n, d)->binds[i].operand;
    uint32_t id = 0;
    if (o >= VR_IN0 && o <= VR_IN5)
        id = node->in[o - VR_IN0];
    else if (o == VR_OUT0 || o == VR_OUT1)
        id = node->out[o - VR_OUT0];
    span s = {.write = o == VR_OUT0 || o == VR_OUT1 || o == VR_SCRATCH || o == VR_FAULT};
    if (id) {
        s.buffer = in_slot(r, b->places[id].buffer);
        s.offset = b->places[id].offset;
        s.bytes = vr_value_bytes(&b->values[id]);
    } else if (o == VR_SCRATCH) {
        s.buffer = &b->arena;
        s.offset = n->scratch_offset;
        s.bytes = n->scratch_bytes;
    } else if (o == VR_FAULT) {
        s.buffer = &r->slot->faults;
        s.offset = n->fault_offset;
        s.bytes = VR_FAULT_BYTES;
    } else { /* the step buffer itself, or something harmless for an absent optional input */
        s.buffer = &r->slot->step;
        s.bytes = VR_STEP_GRIDS_OFFSET;
    }
    if (d->range[i].bytes && s.buffer != &r->slot->step) {
        const uint64_t left = s.bytes > d->range[i].offset ? s.bytes - d->range[i].offset : 0;
        s.offset += d->range[i].offset;
        s.bytes = d->range[i].bytes < left ? d->range[i].bytes : left; /* a view's last row is short */
    }
    if (s.bytes == 0) { /* nothing is touched; a view of an empty value may begin past its end */
        s.offset = 0;
        s.bytes = 16;
    }
    return s;
}

static VkFormat texel_format(const vr_bucket *b, const vr_node *node, const vr_binding *bind)
{
    if (bind->access == VR_TEXEL_INT)
        return VK_FORMAT_R32_SINT;
    if (bind->access == VR_TEXEL_UVEC4)
        return VK_FORMAT_R32G32B32A32_UINT;
    uint32_t id = node->in[bind->operand - VR_IN0];
    return id && b->values[id].dtype == VIREO_F16 ? VK_FORMAT_R16G16B16A16_SFLOAT
                                                  : VK_FORMAT_R32G32B32A32_SFLOAT;
}

static vireo_status make_view(recorder *r, const vr_node *node, const vr_binding *bind,
                              const span *s, VkBufferView *out, vireo_error *err)
{
    vireo_device *d = r->b->model->device;
    vr_slot *slot = r->slot;
    VkFormat format = texel_format(r->b, node, bind);
    uint64_t texel = format == VK_FORMAT_R32_SINT ? 4
                     : format == VK_FORMAT_R16G16B16A16_SFLOAT ? 8 : 16;
    if (s->bytes / texel > d->info.max_texel_elements)
        return vr_fail(err, VIREO_ERROR_LIMIT,
                       "%s: a view of %llu texels, the device allows %u", vr_ops[node->op]->name,
                       (unsigned long long)(s->bytes / texel), d->info.max_texel_elements);
    if (!vr_grow(d->allocator, (void **)&slot->views, &slot->cap_views, slot->n_views + 1,
                 sizeof *slot->views))
        return vr_fail_memory(err, "views");
    vireo_status st = vr_view_create(d, s->buffer, format, s->offset, s->bytes, out, err);
    if (!st)
        slot->views[slot->n_views++] = *out;
    return st;
}

static vireo_status write_set(recorder *r, const vr_node *node, const vr_step_node *n,
                              const vr_dispatch *d, VkDescriptorSet set, vireo_error *err)
{
    vireo_device *dev = r->b->model->device;
    VkWriteDescriptorSet writes[VR_KERNEL_BINDINGS];
    VkDescriptorBufferInfo infos[VR_KERNEL_BINDINGS];
    VkBufferView views[VR_KERNEL_BINDINGS];
    const vr_binding *binds = program_of(n, d)->binds;
    uint32_t count = 0;
    for (; binds[count].operand != VR_OPERAND_END; count++) {
        const vr_binding *bind = &binds[count];
        span s = operand_span(r, node, n, d, count);
        writes[count] = (VkWriteDescriptorSet){.sType = VK_STRUCTURE_TYPE_WRITE_DESCRIPTOR_SET,
                                               .dstSet = set, .dstBinding = count,
                                               .descriptorCount = 1};
        if (bind->access != VR_STORAGE && bind->access != VR_UNIFORM) {
            vireo_status st = make_view(r, node, bind, &s, &views[count], err);
            if (st)
                return st;
            writes[count].descriptorType = VK_DESCRIPTOR_TYPE_UNIFORM_TEXEL_BUFFER;
            writes[count].pTexelBufferView = &views[count];
            continue;
        }
        if (s.bytes > dev->info.max_storage_binding_bytes)
            return vr_fail(err, VIREO_ERROR_LIMIT,
                           "%s: an operand of %llu bytes, the device binds at most %llu",
                           vr_ops[node->op]->name, (unsigned long long)s.bytes,
                           (unsigned long long)dev->info.max_storage_binding_bytes);
        infos[count] = (VkDescriptorBufferInfo){s.buffer->handle, s.offset, s.bytes};
        writes[count].descriptorType = bind->access == VR_UNIFORM
                                           ? VK_DESCRIPTOR_TYPE_UNIFORM_BUFFER
                                           : VK_DESCRIPTOR_TYPE_STORAGE_BUFFER;
        writes[count].pBufferInfo = &infos[count];
    }
    dev->fn.vkUpdateDescriptorSets(dev->handle, count, writes, 0, NULL);
    return VIREO_OK;
}

static void barrier(const recorder *r, VkPipelineStageFlags to, VkAccessFlags access)
{
    const VkMemoryBarrier memory = {.sType = VK_STRUCTURE_TYPE_MEMORY_BARRIER,
                                    .srcAccessMask = VK_ACCESS_SHADER_WRITE_BIT,
                                    .dstAccessMask = access};
    r->b->model->device->fn.vkCmdPipelineBarrier(r->commands, VK_PIPELINE_STAGE_COMPUTE_SHADER_BIT,
                                                 to, 0, 1, &memory, 0, NULL, 0, NULL);
}

static void copy_all(const recorder *r, const vr_buffer *from, const vr_buffer *to)
{
    const VkBufferCopy all = {.size = from->bytes};
    r->b->model->device->fn.vkCmdCopyBuffer(r->commands, from->handle, to->handle, 1, &all);
}

/* What the host has written comes into the device's own memory, where that is another. */
static void copy_in(const recorder *r)
{
    const vr_slot *slot = r->slot;
    const VkMemoryBarrier memory = {.sType = VK_STRUCTURE_TYPE_MEMORY_BARRIER,
                                    .srcAccessMask = VK_ACCESS_TRANSFER_WRITE_BIT,
                                    .dstAccessMask = VK_ACCESS_SHADER_READ_BIT | VK_ACCESS_UNIFORM_READ_BIT |
                                                     VK_ACCESS_INDIRECT_COMMAND_READ_BIT};
    if (!slot->host_input.handle)
        return;
    copy_all(r, &slot->host_input, &slot->input);
    copy_all(r, &slot->host_step, &slot->step);
    r->b->model->device->fn.vkCmdPipelineBarrier(
        r->commands, VK_PIPELINE_STAGE_TRANSFER_BIT,
        VK_PIPELINE_STAGE_COMPUTE_SHADER_BIT | VK_PIPELINE_STAGE_DRAW_INDIRECT_BIT, 0, 1, &memory, 0, NULL, 0, NULL);
}

/* What kernels have written becomes the host's to read. */
static void copy_out(const recorder *r)
{
    const vr_slot *slot = r->slot;
    const VkMemoryBarrier memory = {.sType = VK_STRUCTURE_TYPE_MEMORY_BARRIER,
                                    .srcAccessMask = VK_ACCESS_TRANSFER_WRITE_BIT,
                                    .dstAccessMask = VK_ACCESS_HOST_READ_BIT};
    if (slot->host_output.handle) {
        barrier(r, VK_PIPELINE_STAGE_TRANSFER_BIT, VK_ACCESS_TRANSFER_READ_BIT);
        copy_all(r, &slot->output, &slot->host_output);
        r->b->model->device->fn.vkCmdPipelineBarrier(r->commands, VK_PIPELINE_STAGE_TRANSFER_BIT,
                                                     VK_PIPELINE_STAGE_HOST_BIT, 0, 1, &memory, 0, NULL, 0, NULL);
    }
    barrier(r, VK_PIPELINE_STAGE_HOST_BIT, VK_ACCESS_HOST_READ_BIT);
}

static void wait_for_all(recorder *r)
{
    barrier(r, VK_PIPELINE_STAGE_COMPUTE_SHADER_BIT,
            VK_ACCESS_SHADER_READ_BIT | VK_ACCESS_SHADER_WRITE_BIT);
    r->pending.count = 0;
}

/* Barrier if this dispatch touches what is pending; then its accesses are pending too. A texel view counts with
 * all that it covers (vr_view_create), though the kernel reads less. */
static vireo_status order(recorder *r, const vr_node *node, const vr_step_node *n, const vr_dispatch *d,
                          vireo_error *err)
{
    span spans[VR_KERNEL_BINDINGS];
    size_t count = 0;
    bool conflict = false;
    const vr_binding *binds = program_of(n, d)->binds;
    for (uint32_t i = 0; binds[i].operand != VR_OPERAND_END; i++) {
        spans[count] = operand_span(r, node, n, d, i);
        if (spans[count].buffer == &r->slot->step)
            continue;
        if (binds[i].access != VR_STORAGE)
            spans[count].bytes = vr_view_bytes(spans[count].bytes);
        conflict = conflict || conflicts(&r->pending, &spans[count]);
        count++;
    }
    if (conflict)
        wait_for_all(r);
    for (size_t i = 0; i < count; i++)
        if (!remember(r->b->model->device, &r->pending, &spans[i]))
            return vr_fail_memory(err, "recording");
    return VIREO_OK;
}

static vireo_status record_dispatch(recorder *r, size_t node_index, size_t index, vireo_error *err)
{
    const vr_bucket *b = r->b;
    vireo_device *dev = b->model->device;
    const vr_node *node = &b->model->graph->nodes[node_index];
    const vr_step_node *n = &b->nodes[node_index];
    const vr_dispatch *d = &b->launches.list[index];
    const vr_pipeline *pipe = n->programs[d->second].pipeline;
    const VkDescriptorSetAllocateInfo alloc = {
        .sType = VK_STRUCTURE_TYPE_DESCRIPTOR_SET_ALLOCATE_INFO,
        .descriptorPool = r->slot->descriptors, .descriptorSetCount = 1,
        .pSetLayouts = &pipe->set_layout};
    VkDescriptorSet set;
    vireo_status st = vr_vk_check(
        dev, dev->fn.vkAllocateDescriptorSets(dev->handle, &alloc, &set), "descriptor set", err);
    if (!st)
        st = write_set(r, node, n, d, set, err);
    if (!st)
        st = order(r, node, n, d, err);
    if (st)
        return st;
    if (pipe != r->bound)
        dev->fn.vkCmdBindPipeline(r->commands, VK_PIPELINE_BIND_POINT_COMPUTE, pipe->handle);
    r->bound = pipe;
    /* NOLINTNEXTLINE(clang-analyzer-core.NullDereference): selecting made every pipeline */
    dev->fn.vkCmdBindDescriptorSets(r->commands, VK_PIPELINE_BIND_POINT_COMPUTE, pipe->layout, 0, 1,
                                    &set, 0, NULL);
    if (d->push_bytes)
        dev->fn.vkCmdPushConstants(r->commands, pipe->layout, VK_SHADER_STAGE_COMPUTE_BIT, 0,
                                   d->push_bytes, d->push);
    dev->fn.vkCmdDispatchIndirect(r->commands, r->slot->step.handle,
                                  VR_STEP_GRIDS_OFFSET + 12 * index);
    return VIREO_OK;
}

/* A node that is timed begins when all before it is done, and its end is written when it is. */
static void stamp(recorder *r, size_t node, bool end)
{
    if (!r->slot->times)
        return;
    wait_for_all(r);
    r->b->model->device->fn.vkCmdWriteTimestamp(r->commands, VK_PIPELINE_STAGE_BOTTOM_OF_PIPE_BIT,
                                                r->slot->times, 2 * (uint32_t)node + end);
}

/* What of the node's dispatches belongs to the segment. */
static vireo_status record_node(recorder *r, size_t node, const vr_segment *s, vireo_error *err)
{
    const vr_step_node *n = &r->b->nodes[node];
    const size_t end = n->first + n->n_dispatches;
    vireo_status st = VIREO_OK;
    for (size_t i = n->first > s->first ? n->first : s->first; !st && i < end && i < s->end; i++) {
        if (i == n->first)
            stamp(r, node, false);
        st = record_dispatch(r, node, i, err);
        if (i + 1 == end)
            stamp(r, node, true);
    }
    return st;
}

/* A run begins with a barrier, for what it writes the run before it wrote or read: the arena is both slots',
 * outputs and faults are those of the slot's last run. Then barriers count across segments: a barrier holds
 * for all that was submitted before it. */
static vireo_status record_segment(recorder *r, const vr_segment *s, bool last, vireo_error *err)
{
    const size_t n_nodes = r->b->model->graph->n_nodes;
    vireo_device *d = r->b->model->device;
    const VkCommandBufferBeginInfo begin = {.sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_BEGIN_INFO};
    r->commands = s->commands;
    r->bound = NULL;
    vireo_status st = vr_vk_check(d, d->fn.vkBeginCommandBuffer(r->commands, &begin),
                                  "begin commands", err);
    if (st)
        return st;
    if (r->slot->times && s == r->slot->segments)
        d->fn.vkCmdResetQueryPool(r->commands, r->slot->times, 0, 2 * (uint32_t)n_nodes);
    if (s == r->slot->segments) {
        wait_for_all(r);
        copy_in(r);
    }
    for (size_t i = 0; !st && i < n_nodes; i++)
        st = record_node(r, i, s, err);
    if (st)
        return st;
    if (last)
        copy_out(r);
    return vr_vk_check(d, d->fn.vkEndCommandBuffer(r->commands), "end commands", err);
}

vireo_status vr_slot_record(vr_bucket *b, vr_slot *slot, vireo_error *err)
{
    recorder r = {.b = b, .slot = slot};
    vireo_status st = VIREO_OK;
    for (size_t i = 0; !st && i < slot->n_segments; i++)
        st = record_segment(&r, &slot->segments[i], i + 1 == slot->n_segments, err);
    vr_free(b->model->device->allocator, r.pending.spans);
    if (!st)
        b->model->device->counters.commands_recorded++;
    return st;
}
