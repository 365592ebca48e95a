/* device.c -- see device.h. The one file that holds volk's implementation. */
#define _GNU_SOURCE /* strcasestr */
#define VOLK_IMPLEMENTATION
#include "gfx/device.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gfx/memory.h"

#define VALIDATION_LAYER "VK_LAYER_KHRONOS_validation"
#define EXTENSIONS_MAX   16

static const char *result_text(VkResult result)
{
    switch ((int)result) {
    case VK_ERROR_OUT_OF_HOST_MEMORY:
        return "out of memory";
    case VK_ERROR_OUT_OF_DEVICE_MEMORY:
        return "out of graphics memory";
    case VK_ERROR_INITIALIZATION_FAILED:
        return "initialisation failed";
    case VK_ERROR_DEVICE_LOST:
        return "the graphics device was lost";
    case VK_ERROR_LAYER_NOT_PRESENT:
        return "a layer is not installed";
    case VK_ERROR_EXTENSION_NOT_PRESENT:
        return "an extension is not there";
    case VK_ERROR_FEATURE_NOT_PRESENT:
        return "a feature is not there";
    case VK_ERROR_INCOMPATIBLE_DRIVER:
        return "no Vulkan driver fits";
    case VK_ERROR_SURFACE_LOST_KHR:
        return "the window's surface was lost";
    case VK_TIMEOUT:
        return "timed out";
    }
    return NULL;
}

int device_check(VkResult result, const char *what, struct error *error)
{
    const char *text = result_text(result);

    if (result == VK_SUCCESS)
        return 0;
    return text ? error_set(error, "%s: %s", what, text)
                : error_set(error, "%s: Vulkan error %d", what, (int)result);
}

void device_name(struct device *device, VkObjectType type, uint64_t handle, const char *format, ...)
{
    VkDebugUtilsObjectNameInfoEXT info = {.sType =
                                              VK_STRUCTURE_TYPE_DEBUG_UTILS_OBJECT_NAME_INFO_EXT};
    char name[64];
    va_list args;

    if (!device->has_debug_utils || !handle)
        return;
    va_start(args, format);
    vsnprintf(name, sizeof(name), format, args);
    va_end(args);
    info.objectType = type;
    info.objectHandle = handle;
    info.pObjectName = name;
    vkSetDebugUtilsObjectNameEXT(device->handle, &info);
}

static VKAPI_ATTR VkBool32 VKAPI_CALL on_message(VkDebugUtilsMessageSeverityFlagBitsEXT severity,
                                                 VkDebugUtilsMessageTypeFlagsEXT types,
                                                 const VkDebugUtilsMessengerCallbackDataEXT *data,
                                                 void *context)
{
    struct device *device = context;

    (void)severity;
    (void)types;
    if (device->on_validation)
        device->on_validation(device->validation_context, data->pMessage);
    else
        fprintf(stderr, "vulkan: %s\n", data->pMessage);
    return VK_FALSE;
}

static bool has_instance_extension(const char *name)
{
    VkExtensionProperties found[256];
    uint32_t n = ARRAY_N(found);

    if (vkEnumerateInstanceExtensionProperties(NULL, &n, found) < 0)
        return false;
    for (uint32_t i = 0; i < n; i++) {
        if (!strcmp(found[i].extensionName, name))
            return true;
    }
    return false;
}

static bool has_layer(const char *name)
{
    VkLayerProperties found[64];
    uint32_t n = ARRAY_N(found);

    if (vkEnumerateInstanceLayerProperties(&n, found) < 0)
        return false;
    for (uint32_t i = 0; i < n; i++) {
        if (!strcmp(found[i].layerName, name))
            return true;
    }
    return false;
}

static VkDebugUtilsMessengerCreateInfoEXT messenger_info(struct device *device)
{
    return (VkDebugUtilsMessengerCreateInfoEXT){
        .sType = VK_STRUCTURE_TYPE_DEBUG_UTILS_MESSENGER_CREATE_INFO_EXT,
        .messageSeverity = VK_DEBUG_UTILS_MESSAGE_SEVERITY_WARNING_BIT_EXT |
                           VK_DEBUG_UTILS_MESSAGE_SEVERITY_ERROR_BIT_EXT,
        .messageType = VK_DEBUG_UTILS_MESSAGE_TYPE_VALIDATION_BIT_EXT |
                       VK_DEBUG_UTILS_MESSAGE_TYPE_PERFORMANCE_BIT_EXT,
        .pfnUserCallback = on_message,
        .pUserData = device,
    };
}

static int make_instance(struct device *device, const struct gfx_config *config,
                         struct error *error)
{
    static const VkValidationFeatureEnableEXT enables[] = {
        VK_VALIDATION_FEATURE_ENABLE_SYNCHRONIZATION_VALIDATION_EXT};
    VkApplicationInfo app = {.sType = VK_STRUCTURE_TYPE_APPLICATION_INFO};
    VkInstanceCreateInfo info = {.sType = VK_STRUCTURE_TYPE_INSTANCE_CREATE_INFO};
    VkValidationFeaturesEXT features = {.sType = VK_STRUCTURE_TYPE_VALIDATION_FEATURES_EXT};
    VkDebugUtilsMessengerCreateInfoEXT messages = messenger_info(device);
    const char *const layer = VALIDATION_LAYER;
    const char *extensions[EXTENSIONS_MAX];
    uint32_t n = 0;

    if (volkInitialize() != VK_SUCCESS)
        return error_set(error, "no Vulkan: the loader libvulkan.so.1 is not installed");
    if (volkGetInstanceVersion() < VK_API_VERSION_1_3)
        return error_set(error, "the Vulkan loader is older than 1.3");
    if (config->instance_extensions_n > EXTENSIONS_MAX - 1)
        return error_set(error, "the window wants %u Vulkan extensions, more than %d",
                         config->instance_extensions_n, EXTENSIONS_MAX - 1);
    for (; n < config->instance_extensions_n; n++)
        extensions[n] = config->instance_extensions[n];
    if (config->validation && !has_layer(VALIDATION_LAYER))
        return error_set(error, "%s is not installed", VALIDATION_LAYER);
    device->has_debug_utils =
        config->validation || has_instance_extension(VK_EXT_DEBUG_UTILS_EXTENSION_NAME);
    if (device->has_debug_utils)
        extensions[n++] = VK_EXT_DEBUG_UTILS_EXTENSION_NAME;

    app.pApplicationName = "openmmo-client";
    app.pEngineName = "OpenMMO";
    app.apiVersion = VK_API_VERSION_1_3;
    info.pApplicationInfo = &app;
    info.enabledExtensionCount = n;
    info.ppEnabledExtensionNames = extensions;
    if (config->validation) {
        info.enabledLayerCount = 1;
        info.ppEnabledLayerNames = &layer;
        features.enabledValidationFeatureCount = ARRAY_N(enables);
        features.pEnabledValidationFeatures = enables;
        features.pNext = &messages;
        info.pNext = &features;
    }
    if (device_check(vkCreateInstance(&info, NULL, &device->instance), "cannot start Vulkan",
                     error))
        return -1;
    volkLoadInstanceOnly(device->instance);
    if (config->validation)
        return device_check(
            vkCreateDebugUtilsMessengerEXT(device->instance, &messages, NULL, &device->messenger),
            "cannot listen to the validation layer", error);
    return 0;
}

/* The first queue family that draws, and shows on the surface if there is one; UINT32_MAX: none. */
static uint32_t find_family(const struct device *device, VkPhysicalDevice physical)
{
    VkQueueFamilyProperties families[16];
    uint32_t n = ARRAY_N(families);

    vkGetPhysicalDeviceQueueFamilyProperties(physical, &n, families);
    for (uint32_t i = 0; i < n; i++) {
        VkBool32 shows = VK_TRUE;

        if (!(families[i].queueFlags & VK_QUEUE_GRAPHICS_BIT))
            continue;
        if (device->surface && vkGetPhysicalDeviceSurfaceSupportKHR(physical, i, device->surface,
                                                                    &shows) != VK_SUCCESS)
            continue;
        if (shows)
            return i;
    }
    return UINT32_MAX;
}

/* How good a device is; 0: unusable. */
static unsigned rate(const struct device *device, VkPhysicalDevice physical, const char *wanted)
{
    VkPhysicalDeviceVulkan13Features v13 = {
        .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_3_FEATURES};
    VkPhysicalDeviceFeatures2 features = {VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_FEATURES_2, &v13, {0}};
    VkPhysicalDeviceProperties properties;

    vkGetPhysicalDeviceProperties(physical, &properties);
    if (properties.apiVersion < VK_API_VERSION_1_3)
        return 0;
    if (wanted && !strcasestr(properties.deviceName, wanted))
        return 0;
    vkGetPhysicalDeviceFeatures2(physical, &features);
    if (!v13.dynamicRendering || !v13.synchronization2)
        return 0;
    if (find_family(device, physical) == UINT32_MAX)
        return 0;
    switch (properties.deviceType) {
    case VK_PHYSICAL_DEVICE_TYPE_DISCRETE_GPU:
        return 5;
    case VK_PHYSICAL_DEVICE_TYPE_INTEGRATED_GPU:
        return 4;
    case VK_PHYSICAL_DEVICE_TYPE_VIRTUAL_GPU:
        return 3;
    case VK_PHYSICAL_DEVICE_TYPE_CPU:
        return 1;
    case VK_PHYSICAL_DEVICE_TYPE_OTHER:
    case VK_PHYSICAL_DEVICE_TYPE_MAX_ENUM:
        break;
    }
    return 2;
}

static int choose_device(struct device *device, const char *wanted, struct error *error)
{
    VkPhysicalDevice found[16];
    uint32_t n = ARRAY_N(found);
    unsigned best = 0;

    if (vkEnumeratePhysicalDevices(device->instance, &n, found) < 0 || !n)
        return error_set(error, "no Vulkan 1.3 device: no graphics driver is installed");
    for (uint32_t i = 0; i < n; i++) {
        unsigned rating = rate(device, found[i], wanted);

        if (rating > best) {
            best = rating;
            device->physical = found[i];
        }
    }
    if (!best && wanted)
        return error_set(error, "no Vulkan 1.3 device is called \"%s\" (%u devices were found)",
                         wanted, n);
    if (!best)
        return error_set(error, "no Vulkan 1.3 device: none of %u draws%s", n,
                         device->surface ? " into this window" : "");
    device->queue_family = find_family(device, device->physical);
    vkGetPhysicalDeviceProperties(device->physical, &device->properties);
    vkGetPhysicalDeviceMemoryProperties(device->physical, &device->memory_properties);
    device->has_timestamps = device->properties.limits.timestampComputeAndGraphics;
    return 0;
}

static int make_device(struct device *device, struct error *error)
{
    static const char *const swapchain = VK_KHR_SWAPCHAIN_EXTENSION_NAME;
    const float priority = 1.0f;
    VkPhysicalDeviceVulkan13Features v13 = {
        .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_3_FEATURES,
        .synchronization2 = VK_TRUE,
        .dynamicRendering = VK_TRUE,
    };
    VkDeviceQueueCreateInfo queue = {
        .sType = VK_STRUCTURE_TYPE_DEVICE_QUEUE_CREATE_INFO,
        .queueFamilyIndex = device->queue_family,
        .queueCount = 1,
        .pQueuePriorities = &priority,
    };
    VkDeviceCreateInfo info = {
        .sType = VK_STRUCTURE_TYPE_DEVICE_CREATE_INFO,
        .pNext = &v13,
        .queueCreateInfoCount = 1,
        .pQueueCreateInfos = &queue,
        .enabledExtensionCount = device->surface ? 1 : 0,
        .ppEnabledExtensionNames = &swapchain,
    };

    if (device_check(vkCreateDevice(device->physical, &info, NULL, &device->handle),
                     "cannot open the graphics device", error))
        return -1;
    volkLoadDeviceTable(&device->vk, device->handle);
    faults_plant(device);
    device->vk.vkGetDeviceQueue(device->handle, device->queue_family, 0, &device->queue);
    device_name(device, VK_OBJECT_TYPE_QUEUE, DEVICE_HANDLE(device->queue), "queue");
    device->memory = memory_new(&device->vk, device->handle, &device->memory_properties);
    return device->memory ? 0 : error_set(error, "out of memory");
}

int device_init(struct device *device, const struct gfx_config *config, struct error *error)
{
    uint64_t surface = 0;

    memset(device, 0, sizeof(*device));
    device->on_validation = config->on_validation;
    device->validation_context = config->validation_context;
    if (faults_parse(config->fault, &device->fault, error))
        return -1;
    if (make_instance(device, config, error))
        goto failed;
    if (config->make_surface) {
        if (config->make_surface(config->surface_context, device->instance, &surface, error))
            goto failed;
        device->surface = (VkSurfaceKHR)(uintptr_t)surface;
    }
    if (choose_device(device, config->device, error) || make_device(device, error))
        goto failed;
    return 0;
failed:
    device_fini(device);
    return -1;
}

void device_fini(struct device *device)
{
    memory_free(device->memory);
    if (device->handle)
        device->vk.vkDestroyDevice(device->handle, NULL);
    if (device->surface)
        vkDestroySurfaceKHR(device->instance, device->surface, NULL);
    if (device->messenger)
        vkDestroyDebugUtilsMessengerEXT(device->instance, device->messenger, NULL);
    if (device->instance)
        vkDestroyInstance(device->instance, NULL);
    memset(device, 0, sizeof(*device));
}

void device_idle(struct device *device)
{
    if (device->handle)
        device->vk.vkDeviceWaitIdle(device->handle);
}
