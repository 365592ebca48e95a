/* pipelines.c -- see pipelines.h. */
#include "gfx/pipelines.h"

#include <stddef.h>
#include <string.h>

#include "gfx/figure_mesh.h"
#include "gfx/frames.h"
#include "gfx/pass.h"
#include "gfx/targets.h"
#include "world/terrain_mesh.h"

#include "gfx/shaders/figure.frag.spv.h"
#include "gfx/shaders/figure.vert.spv.h"
#include "gfx/shaders/figure_aov.frag.spv.h"
#include "gfx/shaders/screen.vert.spv.h"
#include "gfx/shaders/shadow.frag.spv.h"
#include "gfx/shaders/shadow.vert.spv.h"
#include "gfx/shaders/sky.frag.spv.h"
#include "gfx/shaders/terrain.frag.spv.h"
#include "gfx/shaders/terrain.vert.spv.h"
#include "gfx/shaders/terrain_aov.frag.spv.h"
#include "gfx/shaders/tone.frag.spv.h"
#include "gfx/shaders/ui.frag.spv.h"
#include "gfx/shaders/ui.vert.spv.h"

enum target_kind { TARGET_SCENE, TARGET_AOV, TARGET_FINAL };
enum depth_kind { DEPTH_NONE, DEPTH_WRITE, DEPTH_TEST };

struct vertex_layout {
    uint32_t bindings_n, attributes_n;
    const VkVertexInputBindingDescription *bindings;
    const VkVertexInputAttributeDescription *attributes;
};

/* clang-format off */
static const VkVertexInputBindingDescription terrain_bindings[] = {
    {0, sizeof(struct terrain_vertex), VK_VERTEX_INPUT_RATE_VERTEX},
};
static const VkVertexInputAttributeDescription terrain_attributes[] = {
    {0, 0, VK_FORMAT_R16_UINT, offsetof(struct terrain_vertex, height)},
    {1, 0, VK_FORMAT_R8G8_SNORM, offsetof(struct terrain_vertex, normal_x)},
};
static const VkVertexInputBindingDescription figure_bindings[] = {
    {0, sizeof(struct figure_vertex), VK_VERTEX_INPUT_RATE_VERTEX},
    {1, sizeof(struct figure_instance), VK_VERTEX_INPUT_RATE_INSTANCE},
};
static const VkVertexInputAttributeDescription figure_attributes[] = {
    {0, 0, VK_FORMAT_R32G32B32_SFLOAT, offsetof(struct figure_vertex, position)},
    {1, 0, VK_FORMAT_R8G8B8A8_SNORM, offsetof(struct figure_vertex, normal)},
    {2, 0, VK_FORMAT_R8G8B8A8_UINT, offsetof(struct figure_vertex, limb)},
    {3, 1, VK_FORMAT_R32G32B32A32_SFLOAT, offsetof(struct figure_instance, position)},
    {4, 1, VK_FORMAT_R32G32B32A32_SFLOAT, offsetof(struct figure_instance, stride)},
    {5, 1, VK_FORMAT_R32G32_UINT, offsetof(struct figure_instance, looks)},
};
static const VkVertexInputBindingDescription shadow_bindings[] = {
    {0, sizeof(struct shadow_vertex), VK_VERTEX_INPUT_RATE_VERTEX},
};
static const VkVertexInputAttributeDescription shadow_attributes[] = {
    {0, 0, VK_FORMAT_R32G32B32_SFLOAT, offsetof(struct shadow_vertex, position)},
    {1, 0, VK_FORMAT_R32G32B32_SFLOAT, offsetof(struct shadow_vertex, at)},
};
static const VkVertexInputBindingDescription ui_bindings[] = {
    {0, sizeof(struct gfx_ui_vertex), VK_VERTEX_INPUT_RATE_VERTEX},
};
static const VkVertexInputAttributeDescription ui_attributes[] = {
    {0, 0, VK_FORMAT_R32G32_SFLOAT, offsetof(struct gfx_ui_vertex, x)},
    {1, 0, VK_FORMAT_R32G32_SFLOAT, offsetof(struct gfx_ui_vertex, u)},
    {2, 0, VK_FORMAT_R8G8B8A8_UNORM, offsetof(struct gfx_ui_vertex, rgba)},
};

#define LAYOUT(name) {ARRAY_N(name##_bindings), ARRAY_N(name##_attributes), name##_bindings, name##_attributes}
static const struct vertex_layout layout_none = {0, 0, NULL, NULL};
static const struct vertex_layout layout_terrain = LAYOUT(terrain);
static const struct vertex_layout layout_figure = LAYOUT(figure);
static const struct vertex_layout layout_shadow = LAYOUT(shadow);
static const struct vertex_layout layout_ui = LAYOUT(ui);

#define CODE(name) {name, sizeof(name)}
static const struct pipeline_row {
    const char *name;
    struct { const uint32_t *words; size_t bytes; } vertex, fragment;
    const struct vertex_layout *layout;
    enum target_kind target;
    enum depth_kind depth;
    bool cull, blend;
} rows[PIPELINES_N] = {
    [PIPELINE_TERRAIN]     = {"terrain", CODE(terrain_vert), CODE(terrain_frag), &layout_terrain, TARGET_SCENE, DEPTH_WRITE, true, false},
    [PIPELINE_SHADOW]      = {"shadow", CODE(shadow_vert), CODE(shadow_frag), &layout_shadow, TARGET_SCENE, DEPTH_TEST, false, true},
    [PIPELINE_FIGURES]     = {"figures", CODE(figure_vert), CODE(figure_frag), &layout_figure, TARGET_SCENE, DEPTH_WRITE, true, false},
    [PIPELINE_SKY]         = {"sky", CODE(screen_vert), CODE(sky_frag), &layout_none, TARGET_SCENE, DEPTH_TEST, false, false},
    [PIPELINE_TERRAIN_AOV] = {"terrain aov", CODE(terrain_vert), CODE(terrain_aov_frag), &layout_terrain, TARGET_AOV, DEPTH_TEST, true, false},
    [PIPELINE_FIGURES_AOV] = {"figures aov", CODE(figure_vert), CODE(figure_aov_frag), &layout_figure, TARGET_AOV, DEPTH_TEST, true, false},
    [PIPELINE_TONE]        = {"tone", CODE(screen_vert), CODE(tone_frag), &layout_none, TARGET_FINAL, DEPTH_NONE, false, false},
    [PIPELINE_UI]          = {"ui", CODE(ui_vert), CODE(ui_frag), &layout_ui, TARGET_FINAL, DEPTH_NONE, false, true},
};
/* clang-format on */

static int make_layouts(struct pipelines *pipelines, struct error *error)
{
    struct device *device = pipelines->device;
    const VkShaderStageFlags both = VK_SHADER_STAGE_VERTEX_BIT | VK_SHADER_STAGE_FRAGMENT_BIT;
    VkDescriptorSetLayoutBinding binding = {0, VK_DESCRIPTOR_TYPE_UNIFORM_BUFFER, 1, both, NULL};
    VkDescriptorSetLayoutCreateInfo set = {
        .sType = VK_STRUCTURE_TYPE_DESCRIPTOR_SET_LAYOUT_CREATE_INFO,
        .bindingCount = 1,
        .pBindings = &binding,
    };
    VkPushConstantRange push = {both, 0, PIPELINES_PUSH_BYTES};
    VkPipelineLayoutCreateInfo layout = {
        .sType = VK_STRUCTURE_TYPE_PIPELINE_LAYOUT_CREATE_INFO,
        .setLayoutCount = 2,
        .pushConstantRangeCount = 1,
        .pPushConstantRanges = &push,
    };
    VkDescriptorSetLayout sets[2];

    if (device_check(device->vk.vkCreateDescriptorSetLayout(device->handle, &set, NULL,
                                                            &pipelines->globals_layout),
                     "cannot lay out the globals", error))
        return -1;
    binding.descriptorType = VK_DESCRIPTOR_TYPE_COMBINED_IMAGE_SAMPLER;
    binding.stageFlags = VK_SHADER_STAGE_FRAGMENT_BIT;
    if (device_check(device->vk.vkCreateDescriptorSetLayout(device->handle, &set, NULL,
                                                            &pipelines->texture_layout),
                     "cannot lay out a texture", error))
        return -1;
    sets[0] = pipelines->globals_layout;
    sets[1] = pipelines->texture_layout;
    layout.pSetLayouts = sets;
    return device_check(
        device->vk.vkCreatePipelineLayout(device->handle, &layout, NULL, &pipelines->layout),
        "cannot lay out pipelines", error);
}

static int make_pool(struct pipelines *pipelines, struct error *error)
{
    struct device *device = pipelines->device;
    VkDescriptorPoolSize sizes[] = {
        {VK_DESCRIPTOR_TYPE_UNIFORM_BUFFER, FRAMES_IN_FLIGHT},
        {VK_DESCRIPTOR_TYPE_COMBINED_IMAGE_SAMPLER, PIPELINES_TEXTURES_MAX},
    };
    VkDescriptorPoolCreateInfo pool = {
        .sType = VK_STRUCTURE_TYPE_DESCRIPTOR_POOL_CREATE_INFO,
        .flags = VK_DESCRIPTOR_POOL_CREATE_FREE_DESCRIPTOR_SET_BIT,
        .maxSets = FRAMES_IN_FLIGHT + PIPELINES_TEXTURES_MAX,
        .poolSizeCount = ARRAY_N(sizes),
        .pPoolSizes = sizes,
    };
    VkSamplerCreateInfo sampler = {
        .sType = VK_STRUCTURE_TYPE_SAMPLER_CREATE_INFO,
        .magFilter = VK_FILTER_LINEAR,
        .minFilter = VK_FILTER_LINEAR,
        .addressModeU = VK_SAMPLER_ADDRESS_MODE_CLAMP_TO_EDGE,
        .addressModeV = VK_SAMPLER_ADDRESS_MODE_CLAMP_TO_EDGE,
        .addressModeW = VK_SAMPLER_ADDRESS_MODE_CLAMP_TO_EDGE,
    };

    if (device_check(
            device->vk.vkCreateDescriptorPool(device->handle, &pool, NULL, &pipelines->pool),
            "cannot make a descriptor pool", error))
        return -1;
    return device_check(
        device->vk.vkCreateSampler(device->handle, &sampler, NULL, &pipelines->sampler),
        "cannot make a sampler", error);
}

static VkResult make_module(struct device *device, const uint32_t *words, size_t bytes,
                            VkShaderModule *module)
{
    VkShaderModuleCreateInfo info = {
        .sType = VK_STRUCTURE_TYPE_SHADER_MODULE_CREATE_INFO,
        .codeSize = bytes,
        .pCode = words,
    };

    return device->vk.vkCreateShaderModule(device->handle, &info, NULL, module);
}

/* The formats that a kind of target has. */
static VkPipelineRenderingCreateInfo rendering_info(enum target_kind target, const VkFormat *final)
{
    static const VkFormat scene[] = {TARGETS_HDR_FORMAT};
    static const VkFormat aov[] = {TARGETS_ID_FORMAT, TARGETS_NORMAL_FORMAT};
    VkPipelineRenderingCreateInfo info = {
        .sType = VK_STRUCTURE_TYPE_PIPELINE_RENDERING_CREATE_INFO,
        .colorAttachmentCount = 1,
        .depthAttachmentFormat = TARGETS_DEPTH_FORMAT,
    };

    switch (target) {
    case TARGET_SCENE:
        info.pColorAttachmentFormats = scene;
        break;
    case TARGET_AOV:
        info.colorAttachmentCount = 2;
        info.pColorAttachmentFormats = aov;
        break;
    case TARGET_FINAL:
        info.pColorAttachmentFormats = final;
        info.depthAttachmentFormat = VK_FORMAT_UNDEFINED;
        break;
    }
    return info;
}

/* The fixed-function state of a row, and the pipeline itself. */
static VkResult make_pipeline(struct pipelines *pipelines, const struct pipeline_row *row,
                              const VkPipelineShaderStageCreateInfo stages[2],
                              const VkFormat *final, VkPipeline *pipeline)
{
    static const VkDynamicState states[] = {VK_DYNAMIC_STATE_VIEWPORT, VK_DYNAMIC_STATE_SCISSOR};
    const VkColorComponentFlags all = VK_COLOR_COMPONENT_R_BIT | VK_COLOR_COMPONENT_G_BIT |
                                      VK_COLOR_COMPONENT_B_BIT | VK_COLOR_COMPONENT_A_BIT;
    VkPipelineRenderingCreateInfo rendering = rendering_info(row->target, final);
    VkPipelineVertexInputStateCreateInfo input = {
        VK_STRUCTURE_TYPE_PIPELINE_VERTEX_INPUT_STATE_CREATE_INFO,
        NULL,
        0,
        row->layout->bindings_n,
        row->layout->bindings,
        row->layout->attributes_n,
        row->layout->attributes};
    VkPipelineInputAssemblyStateCreateInfo assembly = {
        .sType = VK_STRUCTURE_TYPE_PIPELINE_INPUT_ASSEMBLY_STATE_CREATE_INFO,
        .topology = VK_PRIMITIVE_TOPOLOGY_TRIANGLE_LIST};
    VkPipelineViewportStateCreateInfo viewport = {
        .sType = VK_STRUCTURE_TYPE_PIPELINE_VIEWPORT_STATE_CREATE_INFO,
        .viewportCount = 1,
        .scissorCount = 1};
    VkPipelineRasterizationStateCreateInfo raster = {
        .sType = VK_STRUCTURE_TYPE_PIPELINE_RASTERIZATION_STATE_CREATE_INFO,
        .cullMode = row->cull ? VK_CULL_MODE_BACK_BIT : VK_CULL_MODE_NONE,
        .frontFace = VK_FRONT_FACE_COUNTER_CLOCKWISE,
        .lineWidth = 1.0f};
    VkPipelineMultisampleStateCreateInfo samples = {
        .sType = VK_STRUCTURE_TYPE_PIPELINE_MULTISAMPLE_STATE_CREATE_INFO,
        .rasterizationSamples = VK_SAMPLE_COUNT_1_BIT};
    VkPipelineDepthStencilStateCreateInfo depth = {
        .sType = VK_STRUCTURE_TYPE_PIPELINE_DEPTH_STENCIL_STATE_CREATE_INFO,
        .depthTestEnable = row->depth != DEPTH_NONE,
        .depthWriteEnable = row->depth == DEPTH_WRITE,
        .depthCompareOp = VK_COMPARE_OP_GREATER_OR_EQUAL};
    VkPipelineColorBlendAttachmentState blend = {row->blend,
                                                 VK_BLEND_FACTOR_SRC_ALPHA,
                                                 VK_BLEND_FACTOR_ONE_MINUS_SRC_ALPHA,
                                                 VK_BLEND_OP_ADD,
                                                 VK_BLEND_FACTOR_ONE,
                                                 VK_BLEND_FACTOR_ONE_MINUS_SRC_ALPHA,
                                                 VK_BLEND_OP_ADD,
                                                 all};
    VkPipelineColorBlendAttachmentState blends[2] = {blend, blend};
    VkPipelineColorBlendStateCreateInfo colour = {
        .sType = VK_STRUCTURE_TYPE_PIPELINE_COLOR_BLEND_STATE_CREATE_INFO,
        .attachmentCount = rendering.colorAttachmentCount,
        .pAttachments = blends};
    VkPipelineDynamicStateCreateInfo dynamic = {
        VK_STRUCTURE_TYPE_PIPELINE_DYNAMIC_STATE_CREATE_INFO, NULL, 0, ARRAY_N(states), states};
    VkGraphicsPipelineCreateInfo info = {.sType = VK_STRUCTURE_TYPE_GRAPHICS_PIPELINE_CREATE_INFO,
                                         .pNext = &rendering,
                                         .stageCount = 2,
                                         .pStages = stages,
                                         .pVertexInputState = &input,
                                         .pInputAssemblyState = &assembly,
                                         .pViewportState = &viewport,
                                         .pRasterizationState = &raster,
                                         .pMultisampleState = &samples,
                                         .pDepthStencilState = &depth,
                                         .pColorBlendState = &colour,
                                         .pDynamicState = &dynamic,
                                         .layout = pipelines->layout};

    return pipelines->device->vk.vkCreateGraphicsPipelines(
        pipelines->device->handle, VK_NULL_HANDLE, 1, &info, NULL, pipeline);
}

static int make_row(struct pipelines *pipelines, enum pipeline which, const VkFormat *final,
                    struct error *error)
{
    const struct pipeline_row *row = &rows[which];
    struct device *device = pipelines->device;
    VkShaderModule vertex = VK_NULL_HANDLE, fragment = VK_NULL_HANDLE;
    VkResult result;

    result = make_module(device, row->vertex.words, row->vertex.bytes, &vertex);
    if (result == VK_SUCCESS)
        result = make_module(device, row->fragment.words, row->fragment.bytes, &fragment);
    if (result == VK_SUCCESS) {
        VkPipelineShaderStageCreateInfo stages[2] = {
            {VK_STRUCTURE_TYPE_PIPELINE_SHADER_STAGE_CREATE_INFO, NULL, 0,
             VK_SHADER_STAGE_VERTEX_BIT, vertex, "main", NULL},
            {VK_STRUCTURE_TYPE_PIPELINE_SHADER_STAGE_CREATE_INFO, NULL, 0,
             VK_SHADER_STAGE_FRAGMENT_BIT, fragment, "main", NULL}};

        result = make_pipeline(pipelines, row, stages, final, &pipelines->handle[which]);
    }
    if (vertex)
        device->vk.vkDestroyShaderModule(device->handle, vertex, NULL);
    if (fragment)
        device->vk.vkDestroyShaderModule(device->handle, fragment, NULL);
    device_name(device, VK_OBJECT_TYPE_PIPELINE, DEVICE_HANDLE(pipelines->handle[which]), "%s",
                row->name);
    return device_check(result, row->name, error);
}

int pipelines_init(struct pipelines *pipelines, struct device *device, VkFormat final_format,
                   struct error *error)
{
    memset(pipelines, 0, sizeof(*pipelines));
    pipelines->device = device;
    if (make_layouts(pipelines, error) || make_pool(pipelines, error))
        return -1;
    device_name(device, VK_OBJECT_TYPE_PIPELINE_LAYOUT, DEVICE_HANDLE(pipelines->layout), "layout");
    device_name(device, VK_OBJECT_TYPE_DESCRIPTOR_SET_LAYOUT,
                DEVICE_HANDLE(pipelines->globals_layout), "globals");
    device_name(device, VK_OBJECT_TYPE_DESCRIPTOR_SET_LAYOUT,
                DEVICE_HANDLE(pipelines->texture_layout), "texture");
    device_name(device, VK_OBJECT_TYPE_DESCRIPTOR_POOL, DEVICE_HANDLE(pipelines->pool), "sets");
    device_name(device, VK_OBJECT_TYPE_SAMPLER, DEVICE_HANDLE(pipelines->sampler), "linear");
    for (unsigned i = 0; i < PIPELINES_N; i++) {
        if (make_row(pipelines, i, &final_format, error))
            return -1;
    }
    return 0;
}

void pipelines_fini(struct pipelines *pipelines)
{
    struct device *device = pipelines->device;

    if (!device)
        return;
    for (unsigned i = 0; i < PIPELINES_N; i++) {
        if (pipelines->handle[i])
            device->vk.vkDestroyPipeline(device->handle, pipelines->handle[i], NULL);
    }
    if (pipelines->pool)
        device->vk.vkDestroyDescriptorPool(device->handle, pipelines->pool, NULL);
    if (pipelines->sampler)
        device->vk.vkDestroySampler(device->handle, pipelines->sampler, NULL);
    if (pipelines->layout)
        device->vk.vkDestroyPipelineLayout(device->handle, pipelines->layout, NULL);
    if (pipelines->texture_layout)
        device->vk.vkDestroyDescriptorSetLayout(device->handle, pipelines->texture_layout, NULL);
    if (pipelines->globals_layout)
        device->vk.vkDestroyDescriptorSetLayout(device->handle, pipelines->globals_layout, NULL);
    memset(pipelines, 0, sizeof(*pipelines));
}

VkDescriptorSet pipelines_texture_set(struct pipelines *pipelines, VkImageView view)
{
    struct device *device = pipelines->device;
    VkDescriptorSetAllocateInfo info = {
        .sType = VK_STRUCTURE_TYPE_DESCRIPTOR_SET_ALLOCATE_INFO,
        .descriptorPool = pipelines->pool,
        .descriptorSetCount = 1,
        .pSetLayouts = &pipelines->texture_layout,
    };
    VkDescriptorImageInfo image = {pipelines->sampler, view,
                                   VK_IMAGE_LAYOUT_SHADER_READ_ONLY_OPTIMAL};
    VkWriteDescriptorSet write = {
        .sType = VK_STRUCTURE_TYPE_WRITE_DESCRIPTOR_SET,
        .descriptorCount = 1,
        .descriptorType = VK_DESCRIPTOR_TYPE_COMBINED_IMAGE_SAMPLER,
        .pImageInfo = &image,
    };
    VkDescriptorSet set = VK_NULL_HANDLE;

    if (device->vk.vkAllocateDescriptorSets(device->handle, &info, &set) != VK_SUCCESS)
        return VK_NULL_HANDLE;
    write.dstSet = set;
    device->vk.vkUpdateDescriptorSets(device->handle, 1, &write, 0, NULL);
    device_name(device, VK_OBJECT_TYPE_DESCRIPTOR_SET, DEVICE_HANDLE(set), "texture");
    return set;
}
