/* SPDX-License-Identifier: Apache-2.0 */
#include "vk/device.h"
#include "base/alloc.h"
#include "base/str.h"
#include "vk/physical.h"
#include "vk/pipeline.h"
#include "vk/device_select.h"
#include "vk/transfer.h"
#include "vk/tuned.h"
#include "vk/verdict.h"
#include <string.h>

static const struct {
    VkResult result;
    const char *name;
} result_names[] = {
#define NAME(r)                                                                                    \
    {                                                                                              \
        r, #r                                                                                      \
    }
    NAME(VK_NOT_READY),
    NAME(VK_TIMEOUT),
    NAME(VK_EVENT_SET),
    NAME(VK_EVENT_RESET),
    NAME(VK_INCOMPLETE),
    NAME(VK_ERROR_OUT_OF_HOST_MEMORY),
    NAME(VK_ERROR_OUT_OF_DEVICE_MEMORY),
    NAME(VK_ERROR_INITIALIZATION_FAILED),
    NAME(VK_ERROR_DEVICE_LOST),
    NAME(VK_ERROR_MEMORY_MAP_FAILED),
    NAME(VK_ERROR_LAYER_NOT_PRESENT),
    NAME(VK_ERROR_EXTENSION_NOT_PRESENT),
    NAME(VK_ERROR_FEATURE_NOT_PRESENT),
    NAME(VK_ERROR_INCOMPATIBLE_DRIVER),
    NAME(VK_ERROR_TOO_MANY_OBJECTS),
    NAME(VK_ERROR_FORMAT_NOT_SUPPORTED),
    NAME(VK_ERROR_FRAGMENTED_POOL),
    NAME(VK_ERROR_OUT_OF_POOL_MEMORY),
    NAME(VK_ERROR_INVALID_EXTERNAL_HANDLE),
    NAME(VK_ERROR_FRAGMENTATION),
    NAME(VK_ERROR_INVALID_OPAQUE_CAPTURE_ADDRESS),
    NAME(VK_ERROR_INVALID_SHADER_NV),
    NAME(VK_ERROR_UNKNOWN),
#undef NAME
};

vireo_status vr_vk_check(vireo_device *d, VkResult result, const char *what, vireo_error *err)
{
    if (result == VK_SUCCESS)
        return VIREO_OK;
    const char *name = NULL;
    for (size_t i = 0; i < sizeof result_names / sizeof *result_names; i++)
        if (result_names[i].result == result)
            name = result_names[i].name;
    vireo_status st = VIREO_ERROR_DEVICE;
    if (result == VK_ERROR_OUT_OF_HOST_MEMORY || result == VK_ERROR_OUT_OF_DEVICE_MEMORY)
        st = VIREO_ERROR_OUT_OF_MEMORY;
    if (result == VK_ERROR_DEVICE_LOST) {
        st = VIREO_ERROR_DEVICE_LOST;
        d->lost = true;
    }
    if (!name)
        return vr_fail(err, st, "%s: VkResult %d", what, (int)result);
    return vr_fail(err, st, "%s: %s", what, name);
}

vireo_status vr_device_check(vireo_device *d, vireo_error *err)
{
    if (!d->lost)
        return VIREO_OK;
    return vr_fail(err, VIREO_ERROR_DEVICE_LOST,
                   "the device was lost earlier; destroy it and create it anew");
}

/* The fields this caller's header knew; the rest default. */
static vireo_status read_options(const vireo_device_options *given, vireo_device_options *out,
                                 vireo_error *err)
{
    *out = VIREO_OPTIONS(vireo_device_options);
    if (!given)
        return VIREO_OK;
    if (given->struct_size < sizeof given->struct_size)
        return vr_fail(err, VIREO_ERROR_INVALID_ARGUMENT,
                       "vireo_device_options.struct_size is %zu; use VIREO_OPTIONS",
                       given->struct_size);
    size_t known = sizeof *out < given->struct_size ? sizeof *out : given->struct_size;
    memcpy(out, given, known);
    const vireo_allocator *a = out->allocator;
    if (a && (!a->allocate || !a->reallocate || !a->release)) {
        if (a->allocate || a->reallocate || a->release)
            return vr_fail(err, VIREO_ERROR_INVALID_ARGUMENT,
                           "vireo_device_options.allocator: all three functions must be set, or "
                           "none");
        out->allocator = NULL;
    }
    return VIREO_OK;
}

static void ignore_message(void *user)
{
    (void)user;
}

vireo_status vireo_device_list(const vireo_device_options *given, vireo_device_info **out,
                               size_t *count, vireo_error *err)
{
    vireo_device_options options;
    vr_instance instance = {0};
    VkPhysicalDevice *devices = NULL;
    if (!out || !count)
        return vr_fail(err, VIREO_ERROR_INVALID_ARGUMENT,
                       "vireo_device_list: out or count is NULL");
    vireo_status st = read_options(given, &options, err);
    if (st)
        return st;
    options.allocator = NULL; /* vireo_device_list_free is given no allocator */
    st = vr_instance_create(&options, ignore_message, NULL, &instance, err);
    if (st)
        return st;
    st = vr_instance_devices(&instance, NULL, &devices, out, count, err);
    vr_free(NULL, devices);
    vr_instance_destroy(&instance);
    return st;
}

void vireo_device_list_free(vireo_device_info **list)
{
    if (!list)
        return;
    vr_free(NULL, *list);
    *list = NULL;
}

static void count_message(void *user)
{
    vireo_device *d = user;
    d->counters.validation_messages++;
}

static vireo_status choose(vireo_device *d, const char *select, vireo_error *err)
{
    VkPhysicalDevice *devices = NULL;
    vireo_device_info *infos = NULL;
    size_t n = 0, index = 0;
    vireo_status st = vr_instance_devices(&d->instance, d->allocator, &devices, &infos, &n, err);
    if (st)
        return st;
    st = vr_device_select(infos, n, select, d->allocator, &index, err);
    if (!st) {
        d->physical = devices[index];
        d->info = infos[index];
    }
    vr_free(d->allocator, infos);
    vr_free(d->allocator, devices);
    return st;
}

static vireo_status create_handle(vireo_device *d, vireo_error *err)
{
    const float priority = 1.0f;
    d->queue_family = vr_physical_queue_family(d->physical);
    vkGetPhysicalDeviceMemoryProperties(d->physical, &d->memory);
    VkDeviceQueueCreateInfo queue = {.sType = VK_STRUCTURE_TYPE_DEVICE_QUEUE_CREATE_INFO,
                                     .queueFamilyIndex = d->queue_family,
                                     .queueCount = 1,
                                     .pQueuePriorities = &priority};
    VkDeviceCreateInfo info = {.sType = VK_STRUCTURE_TYPE_DEVICE_CREATE_INFO,
                               .queueCreateInfoCount = 1,
                               .pQueueCreateInfos = &queue};
    /* What only the roof's programs use (run/roof.c). */
    const char *extensions[2];
    VkPhysicalDeviceShaderIntegerDotProductFeaturesKHR dot = {
        .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_SHADER_INTEGER_DOT_PRODUCT_FEATURES_KHR,
        .shaderIntegerDotProduct = VK_TRUE};
    VkPhysicalDeviceShaderFloat16Int8Features float16 = {
        .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_SHADER_FLOAT16_INT8_FEATURES,
        .shaderFloat16 = VK_TRUE};
    info.ppEnabledExtensionNames = extensions;
    if (d->info.int8_dot) {
        extensions[info.enabledExtensionCount++] = VK_KHR_SHADER_INTEGER_DOT_PRODUCT_EXTENSION_NAME;
        info.pNext = &dot;
    }
    if (d->info.float16) {
        float16.pNext = (void *)(uintptr_t)info.pNext;
        info.pNext = &float16;
        if (d->info.api_version < VK_API_VERSION_1_2 || d->instance.api_version < VK_API_VERSION_1_2)
            extensions[info.enabledExtensionCount++] = VK_KHR_SHADER_FLOAT16_INT8_EXTENSION_NAME;
    }
    VkDevice handle;
    VkResult result = vkCreateDevice(d->physical, &info, NULL, &handle);
    if (result)
        return vr_vk_check(d, result, "vkCreateDevice", err);
    d->handle = handle;
    d->tick_ns = vr_physical_ticks(d->physical, d->queue_family, &d->tick_mask);
    volkLoadDeviceTable(&d->fn, handle);
    d->fn.vkGetDeviceQueue(handle, d->queue_family, 0, &d->queue);
    return VIREO_OK;
}

static void apply(vireo_device *d, const vr_device_override *o)
{
    vireo_device_info *i = &d->info;
    if (o->max_storage_binding_bytes)
        i->max_storage_binding_bytes = o->max_storage_binding_bytes;
    if (o->max_allocation_bytes)
        i->max_allocation_bytes = o->max_allocation_bytes;
    if (o->max_texel_elements)
        i->max_texel_elements = o->max_texel_elements;
    if (o->max_workgroup_invocations)
        i->max_workgroup_invocations = o->max_workgroup_invocations;
    if (o->max_storage_bindings)
        i->max_storage_bindings = o->max_storage_bindings;
    if (o->max_loop_iterations)
        i->max_loop_iterations = o->max_loop_iterations;
    if (o->dispatch_us || o->whole_dispatches)
        i->dispatch_us = o->dispatch_us;
    if (o->max_shared_bytes)
        i->max_shared_bytes = o->max_shared_bytes;
    if (o->no_subgroups) {
        i->subgroup_arithmetic = i->subgroup_ballot = i->subgroup_shuffle = false;
        i->subgroup_size = 1;
    }
    if (o->costly_texel_fetch || o->cheap_texel_fetch)
        i->costly_texel_fetch = o->costly_texel_fetch;
    if (o->discrete || o->cpu)
        i->type = o->discrete ? VIREO_DEVICE_DISCRETE : VIREO_DEVICE_CPU;
    if (o->no_shuffle)
        i->subgroup_shuffle = false;
    d->steady_pace = o->steady_pace;
    if (o->segment_ns > 0)
        d->segment_ns = o->segment_ns;
    if (o->no_timestamps)
        d->tick_ns = 0;
    d->force_staging = o->force_staging;
    d->shares_memory = d->shares_memory && !o->force_staging;
    d->shader = o->shader;
    d->shader_text = o->shader_text;
}

static vireo_status init(vireo_device *d, const vireo_device_options *options,
                         const vr_device_override *override, vireo_error *err)
{
    if (options->cache_dir) {
        d->cache_dir = vr_strdup(d->allocator, options->cache_dir);
        if (!d->cache_dir)
            return vr_fail_memory(err, "device");
    }
    vireo_status st = vr_instance_create(options, count_message, d, &d->instance, err);
    if (st)
        return st;
    st = choose(d, options->select, err);
    if (st)
        return st;
    st = create_handle(d, err);
    if (st)
        return st;
    d->shares_memory = d->info.type == VIREO_DEVICE_CPU || d->info.type == VIREO_DEVICE_INTEGRATED;
    if (override)
        apply(d, override);
    st = vr_pipeline_store_create(d, err);
    if (!st)
        st = vr_verdicts_create(d, err);
    if (!st)
        st = vr_tuned_create(d, err);
    if (st)
        return st;
    vr_logf(&d->log, VIREO_LOG_INFO, "device %u: %s (%s%s%s), %s", d->info.index, d->info.name,
            d->info.driver, vr_gap(d->info.driver_info), d->info.driver_info, d->info.tier);
    return VIREO_OK;
}

vireo_status vr_device_create_with(const vireo_device_options *given,
                                   const vr_device_override *override, vireo_device **out,
                                   vireo_error *err)
{
    vireo_device_options options;
    if (!out)
        return vr_fail(err, VIREO_ERROR_INVALID_ARGUMENT, "vireo_device_create: out is NULL");
    vireo_status st = read_options(given, &options, err);
    if (st)
        return st;
    vireo_device *d = vr_calloc(options.allocator, 1, sizeof *d);
    if (!d)
        return vr_fail_memory(err, "device");
    if (options.allocator) {
        d->allocator_storage = *options.allocator;
        d->allocator = &d->allocator_storage;
        options.allocator = d->allocator; /* the copy outlives the caller's */
    }
    d->log = (vr_log){options.log, options.log_user, options.log_level};
    vr_mutex_init(&d->queue_lock);
    vr_mutex_init(&d->transfer_lock);
    vr_profile_init(&d->profile, d->allocator);
    d->pace = 1;
    d->segment_ns = 100e6;
    st = init(d, &options, override, err);
    if (st)
        vireo_device_destroy(&d);
    else
        *out = d;
    return st;
}

vireo_status vireo_device_create(const vireo_device_options *options, vireo_device **out,
                                 vireo_error *err)
{
    return vr_device_create_with(options, NULL, out, err);
}

void vr_device_driver_key(const vireo_device *d, char out[VR_DRIVER_KEY])
{
    const vireo_device_info *i = &d->info;
    char hex[33];
    vr_hash128 driver = vr_hash(&i->driver_version, sizeof i->driver_version);
    driver = vr_hash_join(driver, vr_hash(i->driver, strlen(i->driver)));
    driver = vr_hash_join(driver, vr_hash(i->driver_info, strlen(i->driver_info)));
    vr_hash_hex(driver, hex);
    memcpy(out, hex, VR_DRIVER_KEY - 1);
    out[VR_DRIVER_KEY - 1] = '\0';
}

const vireo_device_info *vireo_device_get_info(const vireo_device *d)
{
    return &d->info;
}

void vireo_device_destroy(vireo_device **device)
{
    if (!device || !*device)
        return;
    vireo_device *d = *device;
    *device = NULL;
    if (d->handle) {
        d->fn.vkDeviceWaitIdle(d->handle);
        vr_transfer_destroy(d);
        vr_pipeline_store_destroy(d);
        d->fn.vkDestroyDevice(d->handle, NULL);
    }
    vr_verdicts_destroy(d);
    vr_tuned_destroy(d);
    vr_instance_destroy(&d->instance);
    vr_profile_deinit(&d->profile);
    vr_mutex_deinit(&d->transfer_lock);
    vr_mutex_deinit(&d->queue_lock);
    vr_free(d->allocator, d->cache_dir);
    const vireo_allocator a = d->allocator_storage; /* it frees the memory it stands in */
    vr_free(a.release ? &a : NULL, d);
}
