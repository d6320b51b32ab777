/* SPDX-License-Identifier: Apache-2.0 */
#include "vk/transfer.h"
#include "base/alloc.h"
#include <string.h>

#define STAGING_BYTES ((uint64_t)16 << 20)
#define TIMEOUT_NS ((uint64_t)60 * 1000 * 1000 * 1000) /* a chunk takes milliseconds */

struct vr_transfer {
    VkCommandPool pool;
    VkCommandBuffer commands;
    VkFence fence;
    vr_buffer staging;
};

static void destroy(vireo_device *d, struct vr_transfer *t)
{
    vr_buffer_destroy(d, &t->staging);
    if (t->fence)
        d->fn.vkDestroyFence(d->handle, t->fence, NULL);
    if (t->pool)
        d->fn.vkDestroyCommandPool(d->handle, t->pool, NULL);
    vr_free(d->allocator, t);
}

void vr_transfer_destroy(vireo_device *d)
{
    if (d->transfer)
        destroy(d, d->transfer);
    d->transfer = NULL;
}

static vireo_status create(vireo_device *d, vireo_error *err)
{
    struct vr_transfer *t = vr_calloc(d->allocator, 1, sizeof *t);
    if (!t)
        return vr_fail_memory(err, "staging");
    VkCommandPoolCreateInfo pool = {.sType = VK_STRUCTURE_TYPE_COMMAND_POOL_CREATE_INFO,
                                    .flags = VK_COMMAND_POOL_CREATE_TRANSIENT_BIT,
                                    .queueFamilyIndex = d->queue_family};
    VkCommandBufferAllocateInfo commands = {.sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_ALLOCATE_INFO,
                                            .level = VK_COMMAND_BUFFER_LEVEL_PRIMARY,
                                            .commandBufferCount = 1};
    VkFenceCreateInfo fence = {.sType = VK_STRUCTURE_TYPE_FENCE_CREATE_INFO};
    VkResult result = d->fn.vkCreateCommandPool(d->handle, &pool, NULL, &t->pool);
    if (!result) {
        commands.commandPool = t->pool;
        result = d->fn.vkAllocateCommandBuffers(d->handle, &commands, &t->commands);
    }
    if (!result)
        result = d->fn.vkCreateFence(d->handle, &fence, NULL, &t->fence);
    vireo_status st = vr_vk_check(d, result, "staging", err);
    if (!st)
        st = vr_buffer_create(d,
                              STAGING_BYTES < d->info.max_allocation_bytes
                                  ? STAGING_BYTES
                                  : d->info.max_allocation_bytes,
                              VR_MEMORY_HOST, "staging buffer", &t->staging, err);
    if (st)
        destroy(d, t);
    else
        d->transfer = t;
    return st;
}

static void add_barrier(vireo_device *d, VkCommandBuffer commands, VkPipelineStageFlags from,
                        VkAccessFlags before, VkPipelineStageFlags to, VkAccessFlags after)
{
    VkMemoryBarrier barrier = {
        .sType = VK_STRUCTURE_TYPE_MEMORY_BARRIER, .srcAccessMask = before, .dstAccessMask = after};
    d->fn.vkCmdPipelineBarrier(commands, from, to, 0, 1, &barrier, 0, NULL, 0, NULL);
}

/* The copy stands between barriers against all earlier and later work of the queue: a fence alone
 * makes nothing visible to the device or the host. */
static VkResult record(vireo_device *d, VkBuffer from, VkBuffer to, VkBufferCopy copy)
{
    struct vr_transfer *t = d->transfer;
    VkCommandBufferBeginInfo begin = {.sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_BEGIN_INFO,
                                      .flags = VK_COMMAND_BUFFER_USAGE_ONE_TIME_SUBMIT_BIT};
    VkResult result = d->fn.vkResetCommandPool(d->handle, t->pool, 0);
    if (!result)
        result = d->fn.vkBeginCommandBuffer(t->commands, &begin);
    if (result)
        return result;
    add_barrier(d, t->commands, VK_PIPELINE_STAGE_ALL_COMMANDS_BIT, VK_ACCESS_MEMORY_WRITE_BIT,
                VK_PIPELINE_STAGE_TRANSFER_BIT,
                VK_ACCESS_TRANSFER_READ_BIT | VK_ACCESS_TRANSFER_WRITE_BIT);
    d->fn.vkCmdCopyBuffer(t->commands, from, to, 1, &copy);
    add_barrier(d, t->commands, VK_PIPELINE_STAGE_TRANSFER_BIT, VK_ACCESS_TRANSFER_WRITE_BIT,
                VK_PIPELINE_STAGE_ALL_COMMANDS_BIT | VK_PIPELINE_STAGE_HOST_BIT,
                VK_ACCESS_MEMORY_READ_BIT | VK_ACCESS_MEMORY_WRITE_BIT | VK_ACCESS_HOST_READ_BIT);
    return d->fn.vkEndCommandBuffer(t->commands);
}

static vireo_status copy_chunk(vireo_device *d, VkBuffer from, VkBuffer to, VkBufferCopy copy,
                               const char *what, vireo_error *err)
{
    struct vr_transfer *t = d->transfer;
    VkSubmitInfo submit = {.sType = VK_STRUCTURE_TYPE_SUBMIT_INFO,
                           .commandBufferCount = 1,
                           .pCommandBuffers = &t->commands};
    VkResult result = record(d, from, to, copy);
    if (!result)
        result = d->fn.vkResetFences(d->handle, 1, &t->fence);
    if (!result) {
        vr_mutex_lock(&d->queue_lock);
        result = d->fn.vkQueueSubmit(d->queue, 1, &submit, t->fence);
        vr_mutex_unlock(&d->queue_lock);
    }
    if (!result)
        result = d->fn.vkWaitForFences(d->handle, 1, &t->fence, VK_TRUE, TIMEOUT_NS);
    if (result == VK_TIMEOUT) {
        d->lost = true; /* its buffers may be in use for ever */
        return vr_fail(err, VIREO_ERROR_DEVICE_LOST, "%s: no answer from the device within 60 s",
                       what);
    }
    return vr_vk_check(d, result, what, err);
}

vireo_status vr_transfer_write(vireo_device *d, const vr_buffer *b, uint64_t offset,
                               const void *data, uint64_t bytes, vireo_error *err)
{
    vr_mutex_lock(&d->transfer_lock);
    vireo_status st = d->transfer ? VIREO_OK : create(d, err);
    for (uint64_t done = 0; !st && done < bytes;) {
        vr_buffer *staging = &d->transfer->staging;
        uint64_t n = bytes - done < staging->bytes ? bytes - done : staging->bytes;
        memcpy(staging->mapped, (const char *)data + done, n);
        st = copy_chunk(d, staging->handle, b->handle, (VkBufferCopy){0, offset + done, n},
                        "buffer write", err);
        done += n;
    }
    vr_mutex_unlock(&d->transfer_lock);
    return st;
}

vireo_status vr_transfer_read(vireo_device *d, const vr_buffer *b, uint64_t offset, void *data,
                              uint64_t bytes, vireo_error *err)
{
    vr_mutex_lock(&d->transfer_lock);
    vireo_status st = d->transfer ? VIREO_OK : create(d, err);
    for (uint64_t done = 0; !st && done < bytes;) {
        vr_buffer *staging = &d->transfer->staging;
        uint64_t n = bytes - done < staging->bytes ? bytes - done : staging->bytes;
        st = copy_chunk(d, b->handle, staging->handle, (VkBufferCopy){offset + done, 0, n},
                        "buffer read", err);
        if (!st)
            memcpy((char *)data + done, staging->mapped, n);
        done += n;
    }
    vr_mutex_unlock(&d->transfer_lock);
    return st;
}
