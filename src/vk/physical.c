/* SPDX-License-Identifier: Apache-2.0
 * Reference for limits and features: Vulkan specification, chapters "Limits" and "Features". */
#include "vk/physical.h"
#include "vk/quirks.h"
#include "base/alloc.h"
#include <stdio.h>
#include <string.h>

#define MAX_FAMILIES 64

uint32_t vr_physical_queue_family(VkPhysicalDevice physical)
{
    VkQueueFamilyProperties families[MAX_FAMILIES];
    uint32_t n = MAX_FAMILIES;
    vkGetPhysicalDeviceQueueFamilyProperties(physical, &n, families);
    for (uint32_t i = 0; i < n; i++)
        if (families[i].queueCount && (families[i].queueFlags & VK_QUEUE_COMPUTE_BIT))
            return i;
    return UINT32_MAX;
}

double vr_physical_ticks(VkPhysicalDevice physical, uint32_t family, uint64_t *mask)
{
    VkQueueFamilyProperties families[MAX_FAMILIES];
    VkPhysicalDeviceProperties properties;
    uint32_t n = MAX_FAMILIES;
    vkGetPhysicalDeviceQueueFamilyProperties(physical, &n, families);
    vkGetPhysicalDeviceProperties(physical, &properties);
    const uint32_t bits = family < n ? families[family].timestampValidBits : 0;
    *mask = bits >= 64 ? UINT64_MAX : (UINT64_C(1) << bits) - 1;
    return bits ? (double)properties.limits.timestampPeriod : 0;
}

typedef struct extensions {
    bool driver_properties, float16, int8_dot;
} extensions;

static vireo_status find_extensions(const vireo_allocator *a, VkPhysicalDevice physical,
                                    extensions *out, vireo_error *err)
{
    uint32_t n = 0;
    if (vkEnumerateDeviceExtensionProperties(physical, NULL, &n, NULL) != VK_SUCCESS || !n)
        return VIREO_OK;
    VkExtensionProperties *list = vr_calloc(a, n, sizeof *list);
    if (!list)
        return vr_fail_memory(err, "list of device extensions");
    if (vkEnumerateDeviceExtensionProperties(physical, NULL, &n, list) < 0)
        n = 0;
    for (uint32_t i = 0; i < n; i++) {
        if (strcmp(list[i].extensionName, VK_KHR_DRIVER_PROPERTIES_EXTENSION_NAME) == 0)
            out->driver_properties = true;
        if (strcmp(list[i].extensionName, VK_KHR_SHADER_FLOAT16_INT8_EXTENSION_NAME) == 0)
            out->float16 = true;
        if (strcmp(list[i].extensionName, VK_KHR_SHADER_INTEGER_DOT_PRODUCT_EXTENSION_NAME) == 0)
            out->int8_dot = true;
    }
    vr_free(a, list);
    return VIREO_OK;
}

static vireo_device_type device_type(VkPhysicalDeviceType type)
{
    switch (type) {
    case VK_PHYSICAL_DEVICE_TYPE_DISCRETE_GPU:
        return VIREO_DEVICE_DISCRETE;
    case VK_PHYSICAL_DEVICE_TYPE_INTEGRATED_GPU:
        return VIREO_DEVICE_INTEGRATED;
    case VK_PHYSICAL_DEVICE_TYPE_VIRTUAL_GPU:
        return VIREO_DEVICE_VIRTUAL;
    case VK_PHYSICAL_DEVICE_TYPE_CPU:
        return VIREO_DEVICE_CPU;
    default:
        return VIREO_DEVICE_OTHER;
    }
}

static void fill_uuid(const uint8_t bytes[VK_UUID_SIZE], char out[37])
{
    static const char digits[] = "0123456789abcdef";
    size_t at = 0;
    for (size_t i = 0; i < VK_UUID_SIZE; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10)
            out[at++] = '-';
        out[at++] = digits[bytes[i] >> 4];
        out[at++] = digits[bytes[i] & 15];
    }
    out[at] = '\0';
}

static void fill_basics(VkPhysicalDevice physical, const VkPhysicalDeviceProperties *p,
                        vireo_device_info *out)
{
    VkPhysicalDeviceMemoryProperties memory;
    vkGetPhysicalDeviceMemoryProperties(physical, &memory);
    for (uint32_t i = 0; i < memory.memoryHeapCount; i++)
        if ((memory.memoryHeaps[i].flags & VK_MEMORY_HEAP_DEVICE_LOCAL_BIT) &&
            memory.memoryHeaps[i].size > out->memory_bytes)
            out->memory_bytes = memory.memoryHeaps[i].size;
    out->type = device_type(p->deviceType);
    snprintf(out->name, sizeof out->name, "%s", p->deviceName);
    out->api_version = p->apiVersion;
    out->driver_version = p->driverVersion;
    out->vendor_id = p->vendorID;
    out->device_id = p->deviceID;
    out->max_allocation_bytes = out->memory_bytes;
    out->max_storage_binding_bytes = p->limits.maxStorageBufferRange;
    out->max_texel_elements = p->limits.maxTexelBufferElements < INT32_MAX
                                  ? p->limits.maxTexelBufferElements
                                  : INT32_MAX; /* shaders index views with an int */
    out->max_storage_bindings = p->limits.maxPerStageDescriptorStorageBuffers;
    out->texel_offset_alignment = (uint32_t)p->limits.minTexelBufferOffsetAlignment;
    out->max_workgroup_invocations = p->limits.maxComputeWorkGroupInvocations;
    out->max_shared_bytes = p->limits.maxComputeSharedMemorySize;
    out->max_push_bytes = p->limits.maxPushConstantsSize;
    out->max_loop_iterations = UINT32_MAX;
    out->dispatch_us = 100000;
    out->subgroup_size = 1;
}

/* What Vulkan 1.1 devices say through chained structures. */
static void fill_details(VkPhysicalDevice physical, const extensions *has, vireo_device_info *out)
{
    VkPhysicalDeviceDriverProperties driver = {
        .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_DRIVER_PROPERTIES};
    VkPhysicalDeviceMaintenance3Properties maintenance = {
        .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_MAINTENANCE_3_PROPERTIES,
        .pNext = has->driver_properties ? &driver : NULL};
    VkPhysicalDeviceSubgroupProperties subgroup = {
        .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_SUBGROUP_PROPERTIES, .pNext = &maintenance};
    VkPhysicalDeviceIDProperties id = {.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_ID_PROPERTIES,
                                       .pNext = &subgroup};
    VkPhysicalDeviceProperties2 properties = {
        .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_PROPERTIES_2, .pNext = &id};
    vkGetPhysicalDeviceProperties2(physical, &properties);
    snprintf(out->driver, sizeof out->driver, "%s", driver.driverName);
    snprintf(out->driver_info, sizeof out->driver_info, "%s", driver.driverInfo);
    fill_uuid(id.deviceUUID, out->uuid);
    vr_quirks_apply(driver.driverID, out);
    out->max_allocation_bytes = maintenance.maxMemoryAllocationSize;
    out->subgroup_size = subgroup.subgroupSize ? subgroup.subgroupSize : 1;
    bool compute = subgroup.supportedStages & VK_SHADER_STAGE_COMPUTE_BIT;
    out->subgroup_arithmetic =
        compute && (subgroup.supportedOperations & VK_SUBGROUP_FEATURE_ARITHMETIC_BIT);
    out->subgroup_shuffle =
        compute && (subgroup.supportedOperations & VK_SUBGROUP_FEATURE_SHUFFLE_BIT);
    out->subgroup_ballot =
        compute && (subgroup.supportedOperations & VK_SUBGROUP_FEATURE_BALLOT_BIT);

    VkPhysicalDeviceShaderIntegerDotProductFeaturesKHR dot = {
        .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_SHADER_INTEGER_DOT_PRODUCT_FEATURES_KHR};
    VkPhysicalDeviceShaderFloat16Int8Features float16 = {
        .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_SHADER_FLOAT16_INT8_FEATURES,
        .pNext = has->int8_dot ? &dot : NULL};
    VkPhysicalDevice16BitStorageFeatures storage = {
        .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_16BIT_STORAGE_FEATURES,
        .pNext = has->float16 ? &float16 : float16.pNext};
    VkPhysicalDeviceFeatures2 features = {.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_FEATURES_2,
                                          .pNext = &storage};
    vkGetPhysicalDeviceFeatures2(physical, &features);
    out->storage_16bit = storage.storageBuffer16BitAccess;
    out->float16 = float16.shaderFloat16;
    out->int8_dot = dot.shaderIntegerDotProduct;
}

/* The baseline every kernel's last choice relies on; Vulkan requires as much of every device, but
 * emulated and layered ones have been seen below it. */
static void judge(VkPhysicalDevice physical, vireo_device_info *info)
{
    const struct {
        const char *what;
        uint64_t has, needs;
    } limits[] = {
        {"maxComputeWorkGroupInvocations", info->max_workgroup_invocations, 128},
        {"maxComputeSharedMemorySize", info->max_shared_bytes, 16384},
        {"maxPushConstantsSize", info->max_push_bytes, 128},
        {"maxPerStageDescriptorStorageBuffers", info->max_storage_bindings, 4},
        {"maxTexelBufferElements", info->max_texel_elements, 65536},
        {"maxStorageBufferRange", info->max_storage_binding_bytes, (uint64_t)1 << 27},
    };
    if (info->api_version < VK_API_VERSION_1_1) {
        snprintf(info->why_not, sizeof info->why_not, "Vulkan %u.%u; 1.1 or newer is needed",
                 VK_API_VERSION_MAJOR(info->api_version), VK_API_VERSION_MINOR(info->api_version));
        return;
    }
    if (vr_physical_queue_family(physical) == UINT32_MAX) {
        snprintf(info->why_not, sizeof info->why_not, "no compute queue");
        return;
    }
    for (size_t i = 0; i < sizeof limits / sizeof *limits; i++) {
        if (limits[i].has < limits[i].needs) {
            snprintf(info->why_not, sizeof info->why_not, "%s is %llu; %llu is needed",
                     limits[i].what, (unsigned long long)limits[i].has,
                     (unsigned long long)limits[i].needs);
            return;
        }
    }
    info->usable = true;
    snprintf(info->tier, sizeof info->tier, "baseline%s%s",
             info->subgroup_arithmetic && info->subgroup_ballot ? "+subgroup" : "",
             info->storage_16bit && info->float16 ? "+f16" : "");
}

vireo_status vr_physical_describe(const vr_instance *instance, const vireo_allocator *a,
                                  VkPhysicalDevice physical, vireo_device_info *out,
                                  vireo_error *err)
{
    vireo_device_info info = {0};
    extensions has = {0};
    VkPhysicalDeviceProperties properties;
    vkGetPhysicalDeviceProperties(physical, &properties);
    fill_basics(physical, &properties, &info);
    if (properties.apiVersion >= VK_API_VERSION_1_1) {
        vireo_status st = find_extensions(a, physical, &has, err);
        if (st)
            return st;
        if (properties.apiVersion >= VK_API_VERSION_1_2 &&
            instance->api_version >= VK_API_VERSION_1_2)
            has.driver_properties = has.float16 = true;
        fill_details(physical, &has, &info);
    }
    judge(physical, &info);
    *out = info;
    return VIREO_OK;
}
