/* SPDX-License-Identifier: Apache-2.0
 * Recording: descriptor sets, barriers where byte ranges conflict, indirect dispatches whose grids
 * the host writes into the step buffer before every run. */
#include "run/bucket.h"
#include <string.h>

typedef struct span {
    const vr_buffer *buffer;
    uint64_t offset, bytes;
    bool write;
} span;

/* Accesses since the last barrier; a full table forces a barrier. */
typedef struct pending {
    span spans[64];
    size_t count;
} pending;

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

static const vr_kernel *program_of(const vr_step_node *n, const vr_dispatch *d)
{
    return d->second ? n->kernel->second : n->kernel;
}

/* The part of memory that binding i of a dispatch touches. */
static span operand_span(const vr_bucket *b, const vr_node *node, const vr_step_node *n,
                         const vr_dispatch *d, uint32_t i)
{
    vr_operand o = i == 0 && d->first ? d->first : program_of(n, d)->binds[i].operand;
    uint32_t id = 0;
    if (o >= VR_IN0 && o <= VR_IN5)
        id = node->in[o - VR_IN0];
    else if (o == VR_OUT0 || o == VR_OUT1)
        id = node->out[o - VR_OUT0];
    span s = {.write = o == VR_OUT0 || o == VR_OUT1 || o == VR_SCRATCH || o == VR_FAULT};
    if (id) {
        s.buffer = b->places[id].buffer;
        s.offset = b->places[id].offset;
        s.bytes = vr_value_bytes(&b->values[id]);
    } else if (o == VR_SCRATCH) {
        s.buffer = &b->arena;
        s.offset = n->scratch_offset;
        s.bytes = n->scratch_bytes;
    } else if (o == VR_FAULT) {
        s.buffer = &b->faults;
        s.offset = n->fault_offset;
        s.bytes = VR_FAULT_BYTES;
    } else { /* the step buffer itself, or something harmless for an absent optional input */
        s.buffer = &b->step;
        s.bytes = VR_STEP_GRIDS_OFFSET;
    }
    if (d->range[i].bytes && s.buffer != &b->step) {
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

static vireo_status make_view(vr_bucket *b, const vr_node *node, const vr_binding *bind,
                              const span *s, VkBufferView *out, vireo_error *err)
{
    vireo_device *d = b->model->device;
    VkFormat format = texel_format(b, node, bind);
    uint64_t texel = format == VK_FORMAT_R32_SINT ? 4
                     : format == VK_FORMAT_R16G16B16A16_SFLOAT ? 8 : 16;
    if (s->bytes / texel > d->info.max_texel_elements)
        return vr_fail(err, VIREO_ERROR_LIMIT,
                       "%s: a view of %llu texels, the device allows %u", vr_ops[node->op]->name,
                       (unsigned long long)(s->bytes / texel), d->info.max_texel_elements);
    if (!vr_grow(d->allocator, (void **)&b->views, &b->cap_views, b->n_views + 1,
                 sizeof *b->views))
        return vr_fail_memory(err, "views");
    vireo_status st = vr_view_create(d, s->buffer, format, s->offset, s->bytes, out, err);
    if (!st)
        b->views[b->n_views++] = *out;
    return st;
}

static vireo_status write_set(vr_bucket *b, const vr_node *node, const vr_step_node *n,
                              const vr_dispatch *d, VkDescriptorSet set, vireo_error *err)
{
    vireo_device *dev = b->model->device;
    VkWriteDescriptorSet writes[VR_KERNEL_BINDINGS];
    VkDescriptorBufferInfo infos[VR_KERNEL_BINDINGS];
    VkBufferView views[VR_KERNEL_BINDINGS];
    const vr_binding *binds = program_of(n, d)->binds;
    uint32_t count = 0;
    for (; binds[count].operand != VR_OPERAND_END; count++) {
        const vr_binding *bind = &binds[count];
        span s = operand_span(b, node, n, d, count);
        writes[count] = (VkWriteDescriptorSet){.sType = VK_STRUCTURE_TYPE_WRITE_DESCRIPTOR_SET,
                                               .dstSet = set, .dstBinding = count,
                                               .descriptorCount = 1};
        if (bind->access != VR_STORAGE && bind->access != VR_UNIFORM) {
            vireo_status st = make_view(b, node, bind, &s, &views[count], err);
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

static vireo_status make_pools(vr_bucket *b, vireo_error *err)
{
    vireo_device *d = b->model->device;
    uint32_t sets = (uint32_t)b->launches.count + 1;
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
        .sType = VK_STRUCTURE_TYPE_DESCRIPTOR_POOL_CREATE_INFO, .maxSets = sets,
        .poolSizeCount = sizeof sizes / sizeof *sizes, .pPoolSizes = sizes};
    vireo_status st = vr_vk_check(
        d, d->fn.vkCreateDescriptorPool(d->handle, &info, NULL, &b->descriptors),
        "descriptor pool", err);
    const VkCommandPoolCreateInfo pool = {.sType = VK_STRUCTURE_TYPE_COMMAND_POOL_CREATE_INFO,
                                          .queueFamilyIndex = d->queue_family};
    if (!st)
        st = vr_vk_check(d, d->fn.vkCreateCommandPool(d->handle, &pool, NULL, &b->pool),
                         "command pool", err);
    const VkFenceCreateInfo fence = {.sType = VK_STRUCTURE_TYPE_FENCE_CREATE_INFO};
    if (!st)
        st = vr_vk_check(d, d->fn.vkCreateFence(d->handle, &fence, NULL, &b->fence), "fence", err);
    if (st)
        return st;
    const VkCommandBufferAllocateInfo alloc = {
        .sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_ALLOCATE_INFO, .commandPool = b->pool,
        .level = VK_COMMAND_BUFFER_LEVEL_PRIMARY, .commandBufferCount = 1};
    return vr_vk_check(d, d->fn.vkAllocateCommandBuffers(d->handle, &alloc, &b->commands),
                       "command buffer", err);
}

static void barrier(vr_bucket *b, VkPipelineStageFlags to, VkAccessFlags access)
{
    const VkMemoryBarrier memory = {.sType = VK_STRUCTURE_TYPE_MEMORY_BARRIER,
                                    .srcAccessMask = VK_ACCESS_SHADER_WRITE_BIT,
                                    .dstAccessMask = access};
    b->model->device->fn.vkCmdPipelineBarrier(b->commands, VK_PIPELINE_STAGE_COMPUTE_SHADER_BIT, to,
                                              0, 1, &memory, 0, NULL, 0, NULL);
}

/* Barrier if this dispatch touches what is pending; then its accesses are pending too. */
static void order(vr_bucket *b, const vr_node *node, const vr_step_node *n, const vr_dispatch *d,
                  pending *p)
{
    span spans[VR_KERNEL_BINDINGS];
    size_t count = 0;
    bool conflict = false;
    for (uint32_t i = 0; program_of(n, d)->binds[i].operand != VR_OPERAND_END; i++) {
        spans[count] = operand_span(b, node, n, d, i);
        if (spans[count].buffer == &b->step)
            continue;
        conflict = conflict || conflicts(p, &spans[count]);
        count++;
    }
    if (conflict || p->count + count > sizeof p->spans / sizeof p->spans[0]) {
        barrier(b, VK_PIPELINE_STAGE_COMPUTE_SHADER_BIT,
                VK_ACCESS_SHADER_READ_BIT | VK_ACCESS_SHADER_WRITE_BIT);
        p->count = 0;
    }
    memcpy(p->spans + p->count, spans, count * sizeof *spans);
    p->count += count;
}

static vireo_status record_node(vr_bucket *b, size_t index, pending *p, vireo_error *err)
{
    vireo_device *dev = b->model->device;
    const vr_node *node = &b->model->graph->nodes[index];
    const vr_step_node *n = &b->nodes[index];
    const vr_pipeline *bound = NULL;
    for (size_t i = n->first; i < n->first + n->n_dispatches; i++) {
        const vr_dispatch *d = &b->launches.list[i];
        const vr_pipeline *pipe = n->programs[d->second].pipeline;
        const VkDescriptorSetAllocateInfo alloc = {
            .sType = VK_STRUCTURE_TYPE_DESCRIPTOR_SET_ALLOCATE_INFO,
            .descriptorPool = b->descriptors, .descriptorSetCount = 1,
            .pSetLayouts = &pipe->set_layout};
        VkDescriptorSet set;
        vireo_status st = vr_vk_check(
            dev, dev->fn.vkAllocateDescriptorSets(dev->handle, &alloc, &set), "descriptor set",
            err);
        if (!st)
            st = write_set(b, node, n, d, set, err);
        if (st)
            return st;
        order(b, node, n, d, p);
        if (pipe != bound)
            dev->fn.vkCmdBindPipeline(b->commands, VK_PIPELINE_BIND_POINT_COMPUTE, pipe->handle);
        bound = pipe;
        /* NOLINTNEXTLINE(clang-analyzer-core.NullDereference): selecting made every pipeline */
        dev->fn.vkCmdBindDescriptorSets(b->commands, VK_PIPELINE_BIND_POINT_COMPUTE, pipe->layout,
                                        0, 1, &set, 0, NULL);
        if (d->push_bytes)
            dev->fn.vkCmdPushConstants(b->commands, pipe->layout, VK_SHADER_STAGE_COMPUTE_BIT, 0,
                                       d->push_bytes, d->push);
        dev->fn.vkCmdDispatchIndirect(b->commands, b->step.handle, VR_STEP_GRIDS_OFFSET + 12 * i);
    }
    return VIREO_OK;
}

vireo_status vr_bucket_record(vr_bucket *b, vireo_error *err)
{
    vireo_device *d = b->model->device;
    vireo_status st = make_pools(b, err);
    if (st)
        return st;
    const VkCommandBufferBeginInfo begin = {.sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_BEGIN_INFO};
    st = vr_vk_check(d, d->fn.vkBeginCommandBuffer(b->commands, &begin), "begin commands", err);
    pending p = {.count = 0};
    for (size_t i = 0; !st && i < b->model->graph->n_nodes; i++)
        st = record_node(b, i, &p, err);
    if (st)
        return st;
    barrier(b, VK_PIPELINE_STAGE_HOST_BIT, VK_ACCESS_HOST_READ_BIT);
    d->counters.commands_recorded++;
    return vr_vk_check(d, d->fn.vkEndCommandBuffer(b->commands), "end commands", err);
}
