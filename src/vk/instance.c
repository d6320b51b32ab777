/* SPDX-License-Identifier: Apache-2.0
 * volk keeps the loader's entry points in globals. They are written once, under loader_lock, and
 * are the loader's trampolines, which serve every instance. */
#include "vk/instance.h"
#include "vk/physical.h"
#include "base/alloc.h"
#include "base/thread.h"
#include <string.h>

static const char validation_layer[] = "VK_LAYER_KHRONOS_validation";

struct vr_messages {
    const vireo_allocator *allocator;
    vr_log log;
    void (*on_message)(void *user);
    void *user;
};

static vr_mutex loader_lock = PTHREAD_MUTEX_INITIALIZER;
static bool loader_ready, functions_ready;

static vireo_status fail_no_driver(vireo_error *err, const char *found)
{
    return vr_fail(err, VIREO_ERROR_NO_DEVICE,
                   "no Vulkan driver: %s. The loader looks for *.json driver files in "
                   "/etc/vulkan/icd.d, /usr/local/share/vulkan/icd.d, /usr/share/vulkan/icd.d, "
                   "vulkan/icd.d under ~/.config and ~/.local/share, or only where VK_DRIVER_FILES "
                   "or VK_ICD_FILENAMES says. Install mesa-vulkan-drivers (GPUs and the CPU driver "
                   "lavapipe) or your GPU vendor's driver",
                   found);
}

static vireo_status load_loader(vireo_error *err)
{
    vr_mutex_lock(&loader_lock);
    if (!loader_ready)
        loader_ready = volkInitialize() == VK_SUCCESS && vkCreateInstance;
    bool ready = loader_ready;
    vr_mutex_unlock(&loader_lock);
    if (!ready)
        return vr_fail(err, VIREO_ERROR_NO_DEVICE,
                       "no Vulkan loader: libvulkan.so.1 was not found; install libvulkan1 and a "
                       "driver (mesa-vulkan-drivers)");
    if (volkGetInstanceVersion() < VK_API_VERSION_1_1)
        return vr_fail(err, VIREO_ERROR_NO_DEVICE,
                       "the Vulkan loader is of version 1.0; 1.1 or newer is needed");
    return VIREO_OK;
}

static void load_functions(VkInstance instance)
{
    vr_mutex_lock(&loader_lock);
    if (!functions_ready)
        volkLoadInstanceOnly(instance);
    functions_ready = true;
    vr_mutex_unlock(&loader_lock);
}

static VkBool32 VKAPI_PTR receive_message(VkDebugUtilsMessageSeverityFlagBitsEXT severity,
                                          VkDebugUtilsMessageTypeFlagsEXT types,
                                          const VkDebugUtilsMessengerCallbackDataEXT *data,
                                          void *user)
{
    struct vr_messages *m = user;
    (void)severity;
    (void)types;
    vr_logf(&m->log, VIREO_LOG_ERROR, "validation: %s: %s",
            data->pMessageIdName ? data->pMessageIdName : "", data->pMessage);
    m->on_message(m->user);
    return VK_FALSE;
}

static vireo_status find_layer(const vireo_allocator *a, vireo_error *err)
{
    uint32_t n = 0;
    VkLayerProperties *layers = NULL;
    bool found = false;
    if (vkEnumerateInstanceLayerProperties(&n, NULL) == VK_SUCCESS && n) {
        layers = vr_calloc(a, n, sizeof *layers);
        if (!layers)
            return vr_fail_memory(err, "list of Vulkan layers");
        if (vkEnumerateInstanceLayerProperties(&n, layers) >= 0)
            for (uint32_t i = 0; i < n; i++)
                found = found || strcmp(layers[i].layerName, validation_layer) == 0;
        vr_free(a, layers);
    }
    if (found)
        return VIREO_OK;
    return vr_fail(err, VIREO_ERROR_UNSUPPORTED,
                   "validation was asked for, but the layer %s is not installed (package "
                   "vulkan-validationlayers)",
                   validation_layer);
}

static void describe_messenger(struct vr_messages *m, VkDebugUtilsMessengerCreateInfoEXT *out)
{
    *out = (VkDebugUtilsMessengerCreateInfoEXT){
        .sType = VK_STRUCTURE_TYPE_DEBUG_UTILS_MESSENGER_CREATE_INFO_EXT,
        .messageSeverity = VK_DEBUG_UTILS_MESSAGE_SEVERITY_WARNING_BIT_EXT |
                           VK_DEBUG_UTILS_MESSAGE_SEVERITY_ERROR_BIT_EXT,
        .messageType = VK_DEBUG_UTILS_MESSAGE_TYPE_VALIDATION_BIT_EXT,
        .pfnUserCallback = receive_message,
        .pUserData = m};
}

static vireo_status create_messenger(vr_instance *instance,
                                     const VkDebugUtilsMessengerCreateInfoEXT *info,
                                     vireo_error *err)
{
    PFN_vkCreateDebugUtilsMessengerEXT create =
        (PFN_vkCreateDebugUtilsMessengerEXT)vkGetInstanceProcAddr(instance->handle,
                                                                  "vkCreateDebugUtilsMessengerEXT");
    if (!create || create(instance->handle, info, NULL, &instance->messenger) != VK_SUCCESS)
        return vr_fail(err, VIREO_ERROR_UNSUPPORTED,
                       "validation was asked for, but its messages cannot be received "
                       "(VK_EXT_debug_utils)");
    return VIREO_OK;
}

static vireo_status create_handle(vr_instance *instance, vireo_error *err)
{
    VkApplicationInfo app = {.sType = VK_STRUCTURE_TYPE_APPLICATION_INFO,
                             .pEngineName = "vireo",
                             .apiVersion = instance->api_version};
    VkInstanceCreateInfo info = {.sType = VK_STRUCTURE_TYPE_INSTANCE_CREATE_INFO,
                                 .pApplicationInfo = &app};
    const char *layers[] = {validation_layer};
    const char *extensions[] = {VK_EXT_DEBUG_UTILS_EXTENSION_NAME,
                                VK_EXT_VALIDATION_FEATURES_EXTENSION_NAME};
    const VkValidationFeatureEnableEXT enable[] = {
        VK_VALIDATION_FEATURE_ENABLE_SYNCHRONIZATION_VALIDATION_EXT};
    VkValidationFeaturesEXT features = {.sType = VK_STRUCTURE_TYPE_VALIDATION_FEATURES_EXT,
                                        .enabledValidationFeatureCount = 1,
                                        .pEnabledValidationFeatures = enable};
    VkDebugUtilsMessengerCreateInfoEXT messenger;
    if (instance->messages) {
        describe_messenger(instance->messages, &messenger);
        messenger.pNext = &features; /* so that creation itself is watched */
        info.pNext = &messenger;
        info.enabledLayerCount = 1;
        info.ppEnabledLayerNames = layers;
        info.enabledExtensionCount = 2;
        info.ppEnabledExtensionNames = extensions;
    }
    VkInstance handle;
    VkResult result = vkCreateInstance(&info, NULL, &handle);
    if (result == VK_ERROR_INCOMPATIBLE_DRIVER)
        return fail_no_driver(err, "the loader found none that works");
    if (result == VK_ERROR_OUT_OF_HOST_MEMORY)
        return vr_fail_memory(err, "Vulkan instance");
    if (result)
        return vr_fail(err, VIREO_ERROR_DEVICE, "vkCreateInstance failed (VkResult %d)",
                       (int)result);
    instance->handle = handle;
    load_functions(handle);
    if (!instance->messages)
        return VIREO_OK;
    messenger.pNext = NULL;
    return create_messenger(instance, &messenger, err);
}

vireo_status vr_instance_create(const vireo_device_options *options, void (*on_message)(void *user),
                                void *user, vr_instance *out, vireo_error *err)
{
    vr_instance instance = {0};
    vireo_status st = load_loader(err);
    if (st)
        return st;
    uint32_t version = volkGetInstanceVersion();
    instance.api_version = version < VK_API_VERSION_1_2 ? VK_API_VERSION_1_1 : VK_API_VERSION_1_2;
    if (options->validation) {
        st = find_layer(options->allocator, err);
        if (st)
            return st;
        instance.messages = vr_calloc(options->allocator, 1, sizeof *instance.messages);
        if (!instance.messages)
            return vr_fail_memory(err, "Vulkan instance");
        *instance.messages =
            (struct vr_messages){options->allocator,
                                 {options->log, options->log_user, options->log_level},
                                 on_message,
                                 user};
    }
    st = create_handle(&instance, err);
    if (st) {
        vr_instance_destroy(&instance);
        return st;
    }
    *out = instance;
    return VIREO_OK;
}

void vr_instance_destroy(vr_instance *instance)
{
    if (instance->messenger) {
        PFN_vkDestroyDebugUtilsMessengerEXT destroy =
            (PFN_vkDestroyDebugUtilsMessengerEXT)vkGetInstanceProcAddr(
                instance->handle, "vkDestroyDebugUtilsMessengerEXT");
        destroy(instance->handle, instance->messenger, NULL);
    }
    if (instance->handle)
        vkDestroyInstance(instance->handle, NULL);
    if (instance->messages)
        vr_free(instance->messages->allocator, instance->messages);
    *instance = (vr_instance){0};
}

static unsigned rank(const vireo_device_info *info)
{
    return (unsigned)info->type; /* the enum stands in order of preference */
}

/* Stable insertion sort: devices are few. */
static void sort_devices(VkPhysicalDevice *devices, vireo_device_info *infos, uint32_t n)
{
    for (uint32_t i = 1; i < n; i++) {
        for (uint32_t j = i; j > 0 && rank(&infos[j]) < rank(&infos[j - 1]); j--) {
            vireo_device_info info = infos[j];
            infos[j] = infos[j - 1];
            infos[j - 1] = info;
            VkPhysicalDevice device = devices[j];
            devices[j] = devices[j - 1];
            devices[j - 1] = device;
        }
    }
    for (uint32_t i = 0; i < n; i++)
        infos[i].index = i;
}

vireo_status vr_instance_devices(const vr_instance *instance, const vireo_allocator *a,
                                 VkPhysicalDevice **devices, vireo_device_info **infos,
                                 size_t *count, vireo_error *err)
{
    uint32_t n = 0;
    VkPhysicalDevice *list = NULL;
    vireo_device_info *described = NULL;
    vireo_status st = VIREO_OK;
    VkResult result = vkEnumeratePhysicalDevices(instance->handle, &n, NULL);
    if (result == VK_ERROR_INITIALIZATION_FAILED || (result == VK_SUCCESS && n == 0))
        return fail_no_driver(err, "the installed ones offer no device");
    if (result)
        return vr_fail(err, VIREO_ERROR_DEVICE, "vkEnumeratePhysicalDevices failed (VkResult %d)",
                       (int)result);
    list = vr_calloc(a, n, sizeof(VkPhysicalDevice));
    described = vr_calloc(a, n, sizeof *described);
    if (!list || !described) {
        st = vr_fail_memory(err, "list of devices");
        goto fail;
    }
    result = vkEnumeratePhysicalDevices(instance->handle, &n, list);
    if (result < 0) {
        st = vr_fail(err, VIREO_ERROR_DEVICE, "vkEnumeratePhysicalDevices failed (VkResult %d)",
                     (int)result);
        goto fail;
    }
    for (uint32_t i = 0; i < n; i++) {
        st = vr_physical_describe(instance, a, list[i], &described[i], err);
        if (st)
            goto fail;
    }
    sort_devices(list, described, n);
    *devices = list;
    *infos = described;
    *count = n;
    return VIREO_OK;
fail:
    vr_free(a, described);
    vr_free(a, list);
    return st;
}
