/* pass_terrain.c -- draws the chunks that world/terrain.c selects; each lies in a slot of one
 * vertex buffer. */
#include "gfx/pass.h"

#include <string.h>

#define SLOT_BYTES    (TERRAIN_VERTICES * sizeof(struct terrain_vertex))
#define DETAIL_CPU    1.0f
#define DETAIL_GPU    4.0f
#define BUDGET_WINDOW 12 /* chunks a frame once the ground stands */
#define LEAP_M        64 /* the eye was put elsewhere: what stands there is seen on its own ground */

struct terrain_push {
    float origin[2];
    float spacing;
    int32_t edge;
};

struct prepare_context {
    struct pass_terrain *pass;
    struct render *render;
    const struct scene_camera *camera;
};

/* One list of triangles for each way in which neighbours can be coarser. */
static void fill_indices(uint16_t *indices, bool flip)
{
    for (unsigned i = 0; i < TERRAIN_STITCHES; i++) {
        struct terrain_stitch stitch = {
            (uint8_t)(i / (TERRAIN_COARSER * TERRAIN_COARSER * TERRAIN_COARSER)),
            (uint8_t)(i / (TERRAIN_COARSER * TERRAIN_COARSER) % TERRAIN_COARSER),
            (uint8_t)(i / TERRAIN_COARSER % TERRAIN_COARSER), (uint8_t)(i % TERRAIN_COARSER)};

        terrain_mesh_indices(indices + terrain_stitch_number(stitch) * TERRAIN_INDICES, stitch,
                             flip);
    }
}

int pass_terrain_init(struct pass_terrain *pass, struct render *render, struct error *error)
{
    struct device *device = &render->device;
    uint16_t *indices;

    memset(pass, 0, sizeof(*pass));
    pass->terrain = terrain_new();
    if (!pass->terrain)
        return error_set(error, "out of memory");
    if (buffer_init(device, &pass->vertices, SLOT_BYTES * TERRAIN_SLOTS,
                    VK_BUFFER_USAGE_VERTEX_BUFFER_BIT | VK_BUFFER_USAGE_TRANSFER_DST_BIT,
                    MEMORY_DEVICE) ||
        buffer_init(device, &pass->indices, TERRAIN_STITCHES * TERRAIN_INDICES * sizeof(*indices),
                    VK_BUFFER_USAGE_INDEX_BUFFER_BIT | VK_BUFFER_USAGE_TRANSFER_DST_BIT,
                    MEMORY_DEVICE))
        return error_set(error, "out of graphics memory for the ground");
    device_name(device, VK_OBJECT_TYPE_BUFFER, DEVICE_HANDLE(pass->vertices.handle),
                "terrain vertices");
    device_name(device, VK_OBJECT_TYPE_BUFFER, DEVICE_HANDLE(pass->indices.handle),
                "terrain indices");
    indices = upload_to_buffer(&render->upload, &pass->indices, 0, pass->indices.size);
    if (!indices)
        return error_set(error, "out of graphics memory for the ground");
    fill_indices(indices, device->fault == FAULT_FLIP_DIAGONAL);
    return 0;
}

void pass_terrain_fini(struct pass_terrain *pass, struct render *render)
{
    buffer_fini(&render->device, &pass->vertices);
    buffer_fini(&render->device, &pass->indices);
    terrain_free(pass->terrain);
    memset(pass, 0, sizeof(*pass));
}

void pass_terrain_set_field(struct pass_terrain *pass, const struct heightfield *field)
{
    pass->field = field;
    pass->draws_n = 0;
    pass->complete = false;
    terrain_clear(pass->terrain);
}

static bool sees(void *context, struct space_pos low, struct space_pos high)
{
    const struct prepare_context *prepare = context;
    float from[3], to[3];

    scene_relative(prepare->camera, low, from);
    scene_relative(prepare->camera, high, to);
    return scene_sees_box(prepare->camera, from, to);
}

static int load(void *context, uint32_t slot, struct terrain_place place, int32_t *low,
                int32_t *high)
{
    const struct prepare_context *prepare = context;
    struct terrain_vertex *vertices = upload_to_buffer(
        &prepare->render->upload, &prepare->pass->vertices, slot * SLOT_BYTES, SLOT_BYTES);

    if (!vertices)
        return -1;
    if (prepare->render->device.fault == FAULT_SHIFT_TERRAIN)
        place.z_m++;
    terrain_mesh_cut(prepare->pass->field, place, vertices, low, high);
    return 0;
}

static bool leapt(struct space_pos from, struct space_pos to)
{
    float x = (float)to.x - (float)from.x, z = (float)to.z - (float)from.z;

    return x * x + z * z > (float)LEAP_M * LEAP_M * SPACE_UNITS_PER_M * SPACE_UNITS_PER_M;
}

void pass_terrain_prepare(struct pass_terrain *pass, struct render *render,
                          const struct scene_camera *camera, float view_m)
{
    bool cpu = render->device.properties.deviceType == VK_PHYSICAL_DEVICE_TYPE_CPU;
    bool window = render->device.surface != VK_NULL_HANDLE;
    struct prepare_context prepare = {pass, render, camera};
    struct terrain_look look = {
        .eye = camera->eye,
        .view_m = view_m,
        .detail = cpu ? DETAIL_CPU : DETAIL_GPU,
        .budget =
            window && pass->complete && !leapt(pass->eye, camera->eye) ? BUDGET_WINDOW : UINT32_MAX,
        .sees = sees,
        .load = load,
        .context = &prepare,
    };

    if (!pass->field)
        return;
    pass->draws = terrain_select(pass->terrain, &look, &pass->draws_n);
    pass->complete = true;
    pass->eye = camera->eye;
}

void pass_terrain_draw(struct pass_terrain *pass, struct render *render, struct frame *frame,
                       bool aov)
{
    struct VolkDeviceTable *vk = &render->device.vk;
    const VkShaderStageFlags both = VK_SHADER_STAGE_VERTEX_BIT | VK_SHADER_STAGE_FRAGMENT_BIT;
    const struct scene_globals *globals = frame->globals.slice.mapped;

    if (!pass->field || !pass->draws_n)
        return;
    pass_begin(render, frame, aov ? PIPELINE_TERRAIN_AOV : PIPELINE_TERRAIN);
    vk->vkCmdBindIndexBuffer(frame->cmd, pass->indices.handle, 0, VK_INDEX_TYPE_UINT16);
    for (uint32_t i = 0; i < pass->draws_n; i++) {
        const struct terrain_draw *draw = &pass->draws[i];
        int64_t x = (int64_t)draw->place.x_m * SPACE_UNITS_PER_M - globals->eye[0];
        int64_t z = (int64_t)draw->place.z_m * SPACE_UNITS_PER_M - globals->eye[2];
        struct terrain_push push = {{(float)x / SPACE_UNITS_PER_M, (float)z / SPACE_UNITS_PER_M},
                                    (float)(1 << draw->place.level),
                                    TERRAIN_EDGE};
        VkDeviceSize at = draw->slot * SLOT_BYTES;

        vk->vkCmdBindVertexBuffers(frame->cmd, 0, 1, &pass->vertices.handle, &at);
        vk->vkCmdPushConstants(frame->cmd, render->pipelines.layout, both, 0, sizeof(push), &push);
        vk->vkCmdDrawIndexed(frame->cmd, TERRAIN_INDICES, 1,
                             terrain_stitch_number(draw->stitch) * TERRAIN_INDICES, 0, 0);
    }
}
