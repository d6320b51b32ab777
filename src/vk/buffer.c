/* SPDX-License-Identifier: Apache-2.0 */
#include "base/alloc.h"
#include "vk/device.h"
#include "vk/transfer.h"
#include <stdatomic.h>
#include <string.h>

#define MIB (1.0 / (1024.0 * 1024.0))

static bool is_visible(VkMemoryPropertyFlags flags)
{
    const VkMemoryPropertyFlags both =
        VK_MEMORY_PROPERTY_HOST_VISIBLE_BIT | VK_MEMORY_PROPERTY_HOST_COHERENT_BIT;
    return (flags & both) == both;
}

/* Wishes in falling order; the first one some type fulfils wins. */
static bool find_type(const vireo_device *d, uint32_t allowed, vr_memory_kind kind, uint32_t *out)
{
    const VkMemoryPropertyFlags local = VK_MEMORY_PROPERTY_DEVICE_LOCAL_BIT,
                                visible = VK_MEMORY_PROPERTY_HOST_VISIBLE_BIT |
                                          VK_MEMORY_PROPERTY_HOST_COHERENT_BIT,
                                cached = VK_MEMORY_PROPERTY_HOST_CACHED_BIT;
    const VkMemoryPropertyFlags host_wishes[] = {visible | cached, visible},
                                shared_wishes[] = {local | visible | cached, local | visible, local,
                                                   0},
                                device_wishes[] = {local, 0};
    const VkMemoryPropertyFlags *wishes = d->shares_memory ? shared_wishes : device_wishes;
    size_t n = d->shares_memory ? 4 : 2;
    if (kind == VR_MEMORY_HOST) {
        wishes = host_wishes;
        n = 2;
    }
    for (size_t w = 0; w < n; w++) {
        for (uint32_t i = 0; i < d->memory.memoryTypeCount; i++) {
            if ((allowed >> i & 1) &&
                (d->memory.memoryTypes[i].propertyFlags & wishes[w]) == wishes[w]) {
                *out = i;
                return true;
            }
        }
    }
    return false;
}

static vireo_status check_size(const vireo_device *d, uint64_t bytes, const char *what,
                               vireo_error *err)
{
    if (bytes <= d->info.max_allocation_bytes)
        return VIREO_OK;
    return vr_fail(
        err, VIREO_ERROR_LIMIT,
        "%s: %llu bytes (%.1f MiB) in one allocation; this device allows %llu (%.1f MiB)", what,
        (unsigned long long)bytes, (double)bytes * MIB,
        (unsigned long long)d->info.max_allocation_bytes,
        (double)d->info.max_allocation_bytes * MIB);
}

static vireo_status fail_exhausted(const vireo_device *d, uint64_t bytes, uint64_t heap,
                                   const char *what, vireo_error *err)
{
    return vr_fail(err, VIREO_ERROR_OUT_OF_MEMORY,
                   "%s: %llu bytes (%.1f MiB) asked of %s, whose memory heap holds %llu (%.1f MiB) "
                   "in all",
                   what, (unsigned long long)bytes, (double)bytes * MIB, d->info.name,
                   (unsigned long long)heap, (double)heap * MIB);
}

static void count_memory(vireo_device *d, uint64_t more)
{
    const uint64_t now = atomic_fetch_add(&d->counters.memory_bytes, more) + more;
    uint64_t peak = d->counters.memory_peak_bytes;
    while (now > peak && !atomic_compare_exchange_weak(&d->counters.memory_peak_bytes, &peak, now))
        continue;
}

static vireo_status allocate(vireo_device *d, vr_buffer *b, vr_memory_kind kind, const char *what,
                             vireo_error *err)
{
    VkMemoryRequirements needs;
    uint32_t type;
    d->fn.vkGetBufferMemoryRequirements(d->handle, b->handle, &needs);
    vireo_status st = check_size(d, needs.size, what, err);
    if (st)
        return st;
    if (!find_type(d, needs.memoryTypeBits, kind, &type))
        return vr_fail(err, VIREO_ERROR_DEVICE, "%s: the device has no memory type for it", what);
    uint64_t heap = d->memory.memoryHeaps[d->memory.memoryTypes[type].heapIndex].size;
    if (needs.size > heap)
        return fail_exhausted(d, b->bytes, heap, what, err);
    VkMemoryAllocateInfo info = {.sType = VK_STRUCTURE_TYPE_MEMORY_ALLOCATE_INFO,
                                 .allocationSize = needs.size,
                                 .memoryTypeIndex = type};
    VkResult result = d->fn.vkAllocateMemory(d->handle, &info, NULL, &b->memory);
    if (result == VK_ERROR_OUT_OF_DEVICE_MEMORY || result == VK_ERROR_OUT_OF_HOST_MEMORY)
        return fail_exhausted(d, b->bytes, heap, what, err);
    if (result)
        return vr_vk_check(d, result, what, err);
    b->allocated = needs.size;
    count_memory(d, needs.size);
    result = d->fn.vkBindBufferMemory(d->handle, b->handle, b->memory, 0);
    if (result)
        return vr_vk_check(d, result, what, err);
    bool hidden = d->force_staging && kind == VR_MEMORY_DEVICE;
    if (!is_visible(d->memory.memoryTypes[type].propertyFlags) || hidden)
        return VIREO_OK;
    result = d->fn.vkMapMemory(d->handle, b->memory, 0, VK_WHOLE_SIZE, 0, &b->mapped);
    if (result == VK_SUCCESS)
        return VIREO_OK;
    b->mapped = NULL;
    if (kind == VR_MEMORY_DEVICE) /* staging serves it as well */
        return VIREO_OK;
    return vr_vk_check(d, result, what, err);
}

/* llvmpipe compiles a kernel anew, for seconds, when the buffer behind one of its texel views begins or
 * ceases to have a power of two of bytes, and when bits 8 to 15 of a view's bytes become or cease to be
 * zero (Mesa 22.3 to 25: pot_width and level_zero_only, the second read from a union's other member):
 * lp_sampler_static_texture_state makes them part of the key of what is compiled.
 * https://gitlab.freedesktop.org/mesa/mesa/-/blob/main/src/gallium/auxiliary/gallivm/lp_bld_sample.c
 * It is called in src/gallium/drivers/llvmpipe by make_variant_key of lp_state_cs.c and, later, by
 * llvmpipe_create_texture_handle of lp_texture_handle.c, which then clears pot_width.
 * So buffers are a little larger than asked, where that is allowed, and views a little longer: on every
 * driver, since 512 or 1,024 bytes a buffer are too few to ask which one it is. */
enum { VIEW_ROOM = 512 };

uint64_t vr_view_bytes(uint64_t bytes)
{
    return bytes >> 8 & 255 ? bytes : bytes + VR_VIEW_EXCESS;
}

static uint64_t with_room(const vireo_device *d, uint64_t bytes)
{
    uint64_t size = bytes + VIEW_ROOM;
    if ((size & (size - 1)) == 0)
        size += VIEW_ROOM;
    return size > bytes && size <= d->info.max_allocation_bytes ? size : bytes;
}

static uint64_t view_range(const vireo_device *d, const vr_buffer *b, VkFormat format, uint64_t offset,
                           uint64_t bytes)
{
    const uint64_t longer = vr_view_bytes(bytes);
    const uint32_t texel = format == VK_FORMAT_R32_SINT || format == VK_FORMAT_R32_SFLOAT ? 4
                           : format == VK_FORMAT_R16G16B16A16_SFLOAT ? 8 : 16;
    return longer / texel <= d->info.max_texel_elements && offset + longer <= b->room ? longer : bytes;
}

vireo_status vr_buffer_create(vireo_device *d, uint64_t bytes, vr_memory_kind kind,
                              const char *what, vr_buffer *out, vireo_error *err)
{
    vr_buffer b = {.bytes = bytes < 16 ? 16 : bytes};
    vireo_status st = vr_device_check(d, err);
    if (st)
        return st;
    st = check_size(d, b.bytes, what, err);
    if (st)
        return st;
    b.room = with_room(d, b.bytes);
    VkBufferCreateInfo info = {
        .sType = VK_STRUCTURE_TYPE_BUFFER_CREATE_INFO,
        .size = b.room,
        .usage = VK_BUFFER_USAGE_STORAGE_BUFFER_BIT | VK_BUFFER_USAGE_UNIFORM_BUFFER_BIT |
                 VK_BUFFER_USAGE_UNIFORM_TEXEL_BUFFER_BIT |
                 VK_BUFFER_USAGE_STORAGE_TEXEL_BUFFER_BIT | VK_BUFFER_USAGE_INDIRECT_BUFFER_BIT |
                 VK_BUFFER_USAGE_TRANSFER_SRC_BIT | VK_BUFFER_USAGE_TRANSFER_DST_BIT,
        .sharingMode = VK_SHARING_MODE_EXCLUSIVE};
    VkResult result = d->fn.vkCreateBuffer(d->handle, &info, NULL, &b.handle);
    if (result)
        return vr_vk_check(d, result, what, err);
    st = allocate(d, &b, kind, what, err);
    if (st) {
        vr_buffer_destroy(d, &b);
        return st;
    }
    *out = b;
    return VIREO_OK;
}

void vr_buffer_destroy(vireo_device *d, vr_buffer *b)
{
    if (b->handle)
        d->fn.vkDestroyBuffer(d->handle, b->handle, NULL);
    if (b->memory)
        d->fn.vkFreeMemory(d->handle, b->memory, NULL); /* unmaps too */
    d->counters.memory_bytes -= b->allocated;
    *b = (vr_buffer){0};
}

static vireo_status check_range(vireo_device *d, const vr_buffer *b, uint64_t offset,
                                uint64_t bytes, const char *what, vireo_error *err)
{
    if (offset > b->bytes || bytes > b->bytes - offset)
        return vr_fail(err, VIREO_ERROR_INVALID_ARGUMENT,
                       "%s: bytes %llu to %llu of a buffer of %llu", what,
                       (unsigned long long)offset, (unsigned long long)(offset + bytes),
                       (unsigned long long)b->bytes);
    return vr_device_check(d, err);
}

vireo_status vr_buffer_write(vireo_device *d, const vr_buffer *b, uint64_t offset, const void *data,
                             uint64_t bytes, vireo_error *err)
{
    vireo_status st = check_range(d, b, offset, bytes, "buffer write", err);
    if (st || bytes == 0)
        return st;
    uint64_t start = vr_now_ns();
    if (b->mapped)
        memcpy((char *)b->mapped + offset, data, bytes);
    else
        st = vr_transfer_write(d, b, offset, data, bytes, err);
    d->counters.ns_upload += vr_now_ns() - start;
    return st;
}

vireo_status vr_buffer_read(vireo_device *d, const vr_buffer *b, uint64_t offset, void *data,
                            uint64_t bytes, vireo_error *err)
{
    vireo_status st = check_range(d, b, offset, bytes, "buffer read", err);
    if (st || bytes == 0)
        return st;
    if (!b->mapped)
        return vr_transfer_read(d, b, offset, data, bytes, err);
    memcpy(data, (const char *)b->mapped + offset, bytes);
    return VIREO_OK;
}

vireo_status vr_view_create(vireo_device *d, const vr_buffer *b, VkFormat format, uint64_t offset,
                            uint64_t bytes, VkBufferView *out, vireo_error *err)
{
    vireo_status st = check_range(d, b, offset, bytes, "texel view", err);
    if (st)
        return st;
    VkBufferViewCreateInfo info = {.sType = VK_STRUCTURE_TYPE_BUFFER_VIEW_CREATE_INFO,
                                   .buffer = b->handle,
                                   .format = format,
                                   .offset = offset,
                                   .range = view_range(d, b, format, offset, bytes)};
    VkBufferView view;
    VkResult result = d->fn.vkCreateBufferView(d->handle, &info, NULL, &view);
    if (result)
        return vr_vk_check(d, result, "texel view", err);
    *out = view;
    return VIREO_OK;
}
