/* SPDX-License-Identifier: Apache-2.0 */
#include "vk/run_program.h"

typedef struct objects {
    VkCommandPool commands;
    VkDescriptorPool descriptors;
    VkFence fence;
    VkBufferView views[VR_MAX_BINDINGS];
} objects;

static vireo_status create(vireo_device *d, objects *o, vireo_error *err)
{
    VkCommandPoolCreateInfo commands = {.sType = VK_STRUCTURE_TYPE_COMMAND_POOL_CREATE_INFO,
                                        .queueFamilyIndex = d->queue_family};
    VkDescriptorPoolSize sizes[] = {
        {VK_DESCRIPTOR_TYPE_STORAGE_BUFFER, VR_MAX_BINDINGS},
        {VK_DESCRIPTOR_TYPE_UNIFORM_TEXEL_BUFFER, VR_MAX_BINDINGS},
    };
    VkDescriptorPoolCreateInfo pool = {.sType = VK_STRUCTURE_TYPE_DESCRIPTOR_POOL_CREATE_INFO,
                                       .maxSets = 1,
                                       .poolSizeCount = 2,
                                       .pPoolSizes = sizes};
    VkFenceCreateInfo fence = {.sType = VK_STRUCTURE_TYPE_FENCE_CREATE_INFO};
    VkResult result = d->fn.vkCreateCommandPool(d->handle, &commands, NULL, &o->commands);
    if (!result)
        result = d->fn.vkCreateDescriptorPool(d->handle, &pool, NULL, &o->descriptors);
    if (!result)
        result = d->fn.vkCreateFence(d->handle, &fence, NULL, &o->fence);
    return vr_vk_check(d, result, "test objects", err);
}

static void destroy(vireo_device *d, objects *o)
{
    for (uint32_t i = 0; i < VR_MAX_BINDINGS; i++)
        d->fn.vkDestroyBufferView(d->handle, o->views[i], NULL);
    d->fn.vkDestroyFence(d->handle, o->fence, NULL);
    d->fn.vkDestroyDescriptorPool(d->handle, o->descriptors, NULL);
    d->fn.vkDestroyCommandPool(d->handle, o->commands, NULL);
}

static vireo_status bind(vireo_device *d, objects *o, const vr_pipeline *p,
                         const vr_buffer *const *buffers, VkDescriptorSet *set, vireo_error *err)
{
    VkDescriptorSetAllocateInfo info = {.sType = VK_STRUCTURE_TYPE_DESCRIPTOR_SET_ALLOCATE_INFO,
                                        .descriptorPool = o->descriptors,
                                        .descriptorSetCount = 1,
                                        .pSetLayouts = &p->set_layout};
    vireo_status st =
        vr_vk_check(d, d->fn.vkAllocateDescriptorSets(d->handle, &info, set), "test set", err);
    for (uint32_t i = 0; !st && i < p->n_bindings; i++) {
        VkDescriptorBufferInfo range = {buffers[i]->handle, 0, VK_WHOLE_SIZE};
        VkWriteDescriptorSet write = {.sType = VK_STRUCTURE_TYPE_WRITE_DESCRIPTOR_SET,
                                      .dstSet = *set,
                                      .dstBinding = i,
                                      .descriptorCount = 1,
                                      .descriptorType = VK_DESCRIPTOR_TYPE_STORAGE_BUFFER,
                                      .pBufferInfo = &range,
                                      .pTexelBufferView = &o->views[i]};
        if (p->bindings[i] == VR_BIND_TEXEL) {
            write.descriptorType = VK_DESCRIPTOR_TYPE_UNIFORM_TEXEL_BUFFER;
            st = vr_view_create(d, buffers[i], VK_FORMAT_R32G32B32A32_SFLOAT, 0, buffers[i]->bytes,
                                &o->views[i], err);
        }
        if (!st)
            d->fn.vkUpdateDescriptorSets(d->handle, 1, &write, 0, NULL);
    }
    return st;
}

static VkResult record(vireo_device *d, objects *o, const vr_pipeline *p, VkDescriptorSet set,
                       const void *push, uint32_t groups, VkCommandBuffer *out)
{
    VkCommandBufferAllocateInfo info = {.sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_ALLOCATE_INFO,
                                        .commandPool = o->commands,
                                        .level = VK_COMMAND_BUFFER_LEVEL_PRIMARY,
                                        .commandBufferCount = 1};
    VkCommandBufferBeginInfo begin = {.sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_BEGIN_INFO};
    VkMemoryBarrier barrier = {.sType = VK_STRUCTURE_TYPE_MEMORY_BARRIER,
                               .srcAccessMask = VK_ACCESS_SHADER_WRITE_BIT,
                               .dstAccessMask = VK_ACCESS_HOST_READ_BIT};
    VkResult result = d->fn.vkAllocateCommandBuffers(d->handle, &info, out);
    if (!result)
        result = d->fn.vkBeginCommandBuffer(*out, &begin);
    if (result)
        return result;
    d->fn.vkCmdBindPipeline(*out, VK_PIPELINE_BIND_POINT_COMPUTE, p->handle);
    d->fn.vkCmdBindDescriptorSets(*out, VK_PIPELINE_BIND_POINT_COMPUTE, p->layout, 0, 1, &set, 0,
                                  NULL);
    if (p->push_bytes)
        d->fn.vkCmdPushConstants(*out, p->layout, VK_SHADER_STAGE_COMPUTE_BIT, 0, p->push_bytes,
                                 push);
    d->fn.vkCmdDispatch(*out, groups, 1, 1);
    d->fn.vkCmdPipelineBarrier(*out, VK_PIPELINE_STAGE_COMPUTE_SHADER_BIT,
                               VK_PIPELINE_STAGE_HOST_BIT, 0, 1, &barrier, 0, NULL, 0, NULL);
    return d->fn.vkEndCommandBuffer(*out);
}

static vireo_status submit(vireo_device *d, objects *o, VkCommandBuffer commands, vireo_error *err)
{
    VkSubmitInfo info = {.sType = VK_STRUCTURE_TYPE_SUBMIT_INFO,
                         .commandBufferCount = 1,
                         .pCommandBuffers = &commands};
    vr_mutex_lock(&d->queue_lock);
    VkResult result = d->fn.vkQueueSubmit(d->queue, 1, &info, o->fence);
    vr_mutex_unlock(&d->queue_lock);
    if (!result)
        result = d->fn.vkWaitForFences(d->handle, 1, &o->fence, VK_TRUE, 60000000000u);
    return vr_vk_check(d, result, "test submission", err);
}

vireo_status run_program(vireo_device *d, const vr_pipeline *p, const vr_buffer *const *buffers,
                         const void *push, uint32_t groups, vireo_error *err)
{
    objects o = {0};
    VkDescriptorSet set;
    VkCommandBuffer commands;
    vireo_status st = create(d, &o, err);
    if (!st)
        st = bind(d, &o, p, buffers, &set, err);
    if (!st)
        st = vr_vk_check(d, record(d, &o, p, set, push, groups, &commands), "test commands", err);
    if (!st)
        st = submit(d, &o, commands, err);
    destroy(d, &o);
    return st;
}
