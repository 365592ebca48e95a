/* pass_figures.c -- all figures in three instanced draws (near ones fine, small ones coarse, the
 * others plain), and soft shadows that are laid over the ground by asking the height field. */
#include "gfx/pass.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "gfx/figure_mesh.h"

#define FIGURES_MAX     16384
#define FINE_WITHIN_M   20.0f
#define FINE_MAX_CPU    16
#define FINE_MAX_GPU    256
#define COARSE_CPU      14.0f /* pixels that a coarse one is tall at most */
#define COARSE_GPU      10.0f
#define SHADOWS_MAX     48
#define SHADOW_WITHIN_M 70.0f
#define SHADOW_RADIUS_M 0.55f
#define SHADOW_LONGEST  2.6f
#define SHADOW_GRID     4 /* points an edge */
#define SHADOW_VERTICES ((SHADOW_GRID - 1) * (SHADOW_GRID - 1) * 6)

struct figure_order {
    uint32_t index;
    float distance;
    float position[3]; /* relative to the eye */
};

_Static_assert(FIGURE_DETAILS == 3, "as pass.h has room for");

/* One behind the other. */
static int upload_meshes(struct pass_figures *pass, struct render *render,
                         const struct figure_mesh meshes[FIGURE_DETAILS])
{
    uint32_t vertices_n = 0, indices_n = 0;
    char *vertices, *indices;

    for (unsigned i = 0; i < FIGURE_DETAILS; i++) {
        pass->ranges[i] = (struct figure_range){vertices_n, indices_n, meshes[i].indices_n};
        vertices_n += meshes[i].vertices_n;
        indices_n += meshes[i].indices_n;
    }
    if (buffer_init(&render->device, &pass->vertices, vertices_n * sizeof(struct figure_vertex),
                    VK_BUFFER_USAGE_VERTEX_BUFFER_BIT | VK_BUFFER_USAGE_TRANSFER_DST_BIT,
                    MEMORY_DEVICE) ||
        buffer_init(&render->device, &pass->indices, indices_n * sizeof(uint16_t),
                    VK_BUFFER_USAGE_INDEX_BUFFER_BIT | VK_BUFFER_USAGE_TRANSFER_DST_BIT,
                    MEMORY_DEVICE))
        return -1;
    vertices = upload_to_buffer(&render->upload, &pass->vertices, 0,
                                vertices_n * sizeof(struct figure_vertex));
    if (!vertices)
        return -1;
    for (unsigned i = 0; i < FIGURE_DETAILS; i++)
        memcpy(vertices + pass->ranges[i].vertex_first * sizeof(struct figure_vertex),
               meshes[i].vertices, meshes[i].vertices_n * sizeof(struct figure_vertex));
    indices = upload_to_buffer(&render->upload, &pass->indices, 0, indices_n * sizeof(uint16_t));
    if (!indices)
        return -1;
    for (unsigned i = 0; i < FIGURE_DETAILS; i++)
        memcpy(indices + pass->ranges[i].index_first * sizeof(uint16_t), meshes[i].indices,
               meshes[i].indices_n * sizeof(uint16_t));
    return 0;
}

int pass_figures_init(struct pass_figures *pass, struct render *render, struct error *error)
{
    struct figure_mesh *meshes = calloc(FIGURE_DETAILS, sizeof(*meshes));
    int result = -1;

    memset(pass, 0, sizeof(*pass));
    if (meshes) {
        for (unsigned i = 0; i < FIGURE_DETAILS; i++)
            figure_mesh_build(&meshes[i], (enum figure_detail)i);
        result = upload_meshes(pass, render, meshes);
        free(meshes);
    }
    if (result)
        return error_set(error, "out of memory for the figures");
    device_name(&render->device, VK_OBJECT_TYPE_BUFFER, DEVICE_HANDLE(pass->vertices.handle),
                "figure vertices");
    device_name(&render->device, VK_OBJECT_TYPE_BUFFER, DEVICE_HANDLE(pass->indices.handle),
                "figure indices");
    return 0;
}

void pass_figures_fini(struct pass_figures *pass, struct render *render)
{
    buffer_fini(&render->device, &pass->vertices);
    buffer_fini(&render->device, &pass->indices);
    free(pass->order);
    memset(pass, 0, sizeof(*pass));
}

static int by_distance(const void *a, const void *b)
{
    const struct figure_order *first = a, *second = b;

    if (first->distance != second->distance)
        return first->distance < second->distance ? -1 : 1;
    return first->index < second->index ? -1 : 1;
}

/* Which figures can be seen, nearest first, into pass->order; returns how many. */
static uint32_t choose(struct pass_figures *pass, const struct gfx_frame *what,
                       const struct scene_camera *camera)
{
    uint32_t n = 0;

    for (uint32_t i = 0; i < what->figures_n; i++) {
        struct figure_order *order = &pass->order[n];
        const float *p = order->position;
        float low[3], high[3];

        scene_relative(camera, what->figures[i].pos, order->position);
        for (int axis = 0; axis < 3; axis++) {
            low[axis] = p[axis] - 1.2f;
            high[axis] = p[axis] + (axis == 1 ? FIGURE_HEIGHT_M + 0.4f : 1.2f);
        }
        order->distance = sqrtf(p[0] * p[0] + p[1] * p[1] + p[2] * p[2]);
        order->index = i;
        if (order->distance < what->view_m && scene_sees_box(camera, low, high))
            n++;
    }
    qsort(pass->order, n, sizeof(pass->order[0]), by_distance);
    return n < FIGURES_MAX ? n : FIGURES_MAX;
}

static void fill_instance(struct figure_instance *instance, const struct gfx_figure *figure,
                          const float position[3])
{
    memcpy(instance->position, position, sizeof(instance->position));
    instance->yaw = figure->yaw_rad;
    instance->stride = figure->stride - floorf(figure->stride);
    instance->stride_amount = fminf(fmaxf(figure->stride_amount, 0.0f), 2.0f);
    instance->airborne = fminf(fmaxf(figure->airborne, 0.0f), 1.0f);
    /* Not all of one height: 94 to 105 %. */
    instance->size = 0.94f + 0.11f * (float)(figure->looks >> 24) / 255.0f;
    instance->looks = figure->looks;
    instance->id = figure->id;
}

/* Where shadows fall: drawn out from the feet, away from the light. */
struct shadow_shape {
    const struct heightfield *field;
    struct scene_camera camera;
    float along[2]; /* unit vector in plan */
    float longer;   /* length by width */
};

static void shadow_shape_init(struct shadow_shape *shape, const struct scene_globals *globals)
{
    const float *light = globals->light_direction;
    float plan = sqrtf(light[0] * light[0] + light[2] * light[2]);

    shape->along[0] = plan > 0.01f ? -light[0] / plan : 1.0f;
    shape->along[1] = plan > 0.01f ? -light[2] / plan : 0.0f;
    shape->longer = 1.0f + 0.55f * plan / fmaxf(light[1], 0.2f);
    if (shape->longer > SHADOW_LONGEST)
        shape->longer = SHADOW_LONGEST;
}

/* One point of a shadow's patch, on the ground; at: -1..1 along and across, and the strength. */
static void shadow_point(struct shadow_vertex *vertex, const struct shadow_shape *shape,
                         struct space_pos feet, const float at[3])
{
    float forth = ((at[0] + 1.0f) * shape->longer - 1.0f) * SHADOW_RADIUS_M;
    float aside = at[1] * SHADOW_RADIUS_M;
    struct space_pos p = feet;

    p.x += (int32_t)((forth * shape->along[0] - aside * shape->along[1]) * SPACE_UNITS_PER_M);
    p.z += (int32_t)((forth * shape->along[1] + aside * shape->along[0]) * SPACE_UNITS_PER_M);
    p.y = heightfield_at(shape->field, p.x, p.z);
    scene_relative(&shape->camera, p, vertex->position);
    memcpy(vertex->at, at, sizeof(vertex->at));
}

static void shadow_patch(struct shadow_vertex out[SHADOW_VERTICES],
                         const struct shadow_shape *shape, struct space_pos feet, float strength)
{
    static const unsigned char corners[6][2] = {{0, 0}, {0, 1}, {1, 0}, {1, 0}, {0, 1}, {1, 1}};
    struct shadow_vertex grid[SHADOW_GRID][SHADOW_GRID];

    for (int z = 0; z < SHADOW_GRID; z++) {
        for (int x = 0; x < SHADOW_GRID; x++) {
            const float at[3] = {2.0f * (float)x / (SHADOW_GRID - 1) - 1.0f,
                                 2.0f * (float)z / (SHADOW_GRID - 1) - 1.0f, strength};

            shadow_point(&grid[z][x], shape, feet, at);
        }
    }
    for (int z = 0; z + 1 < SHADOW_GRID; z++) {
        for (int x = 0; x + 1 < SHADOW_GRID; x++) {
            for (int i = 0; i < 6; i++)
                *out++ = grid[z + corners[i][1]][x + corners[i][0]];
        }
    }
}

static int prepare_shadows(struct pass_figures *pass, struct render *render, struct frame *frame,
                           const struct gfx_frame *what, const struct heightfield *field)
{
    uint32_t n = pass->drawn_n < SHADOWS_MAX ? pass->drawn_n : SHADOWS_MAX;
    struct shadow_shape shape = {.field = field};
    struct shadow_vertex *vertices;

    pass->shadow_vertices_n = 0;
    if (!field || !n)
        return 0;
    scene_camera_init(&shape.camera, what, render->targets.width, render->targets.height);
    shadow_shape_init(&shape, frame->globals.slice.mapped);
    vertices = frames_transient(&render->frames, frame, n * SHADOW_VERTICES * sizeof(*vertices),
                                &pass->shadows, &pass->shadows_at);
    if (!vertices)
        return -1;
    for (uint32_t i = 0; i < n && pass->order[i].distance < SHADOW_WITHIN_M; i++) {
        const struct gfx_figure *figure = &what->figures[pass->order[i].index];
        float strength = 0.72f * (1.0f - pass->order[i].distance / SHADOW_WITHIN_M) *
                         (1.0f - 0.5f * fminf(fmaxf(figure->airborne, 0.0f), 1.0f));

        shadow_patch(&vertices[pass->shadow_vertices_n], &shape, figure->pos, strength);
        pass->shadow_vertices_n += SHADOW_VERTICES;
    }
    return 0;
}

static int reserve_order(struct pass_figures *pass, uint32_t n)
{
    struct figure_order *grown;

    if (n <= pass->order_max)
        return 0;
    grown = realloc(pass->order, n * sizeof(*grown));
    if (!grown)
        return -1;
    pass->order = grown;
    pass->order_max = n;
    return 0;
}

int pass_figures_prepare(struct pass_figures *pass, struct render *render, struct frame *frame,
                         const struct gfx_frame *what, const struct heightfield *field)
{
    bool cpu = render->device.properties.deviceType == VK_PHYSICAL_DEVICE_TYPE_CPU;
    struct figure_instance *instances;
    struct scene_camera camera;
    float coarse_m;

    pass->drawn_n = pass->shadow_vertices_n = 0;
    memset(pass->drawn, 0, sizeof(pass->drawn));
    if (!what->figures_n)
        return 0;
    if (reserve_order(pass, what->figures_n))
        return -1;
    scene_camera_init(&camera, what, render->targets.width, render->targets.height);
    coarse_m = FIGURE_HEIGHT_M * (float)render->targets.height /
               (2.0f * camera.tan_y * (cpu ? COARSE_CPU : COARSE_GPU));
    pass->drawn_n = choose(pass, what, &camera);
    if (!pass->drawn_n)
        return 0;
    instances = frames_transient(&render->frames, frame, pass->drawn_n * sizeof(*instances),
                                 &pass->instances, &pass->instances_at);
    if (!instances) {
        pass->drawn_n = 0;
        return -1;
    }
    for (uint32_t i = 0; i < pass->drawn_n; i++) {
        const struct figure_order *order = &pass->order[i];

        fill_instance(&instances[i], &what->figures[order->index], order->position);
        if (render->device.fault == FAULT_WRONG_ID)
            instances[i].id = what->figures[(order->index + 1) % what->figures_n].id;
        if (order->distance < FINE_WITHIN_M && i < (cpu ? FINE_MAX_CPU : FINE_MAX_GPU))
            pass->drawn[FIGURE_FINE]++;
        else if (order->distance < coarse_m)
            pass->drawn[FIGURE_PLAIN]++;
        else
            pass->drawn[FIGURE_COARSE]++;
    }
    return prepare_shadows(pass, render, frame, what, field);
}

static void draw_range(struct render *render, struct frame *frame, const struct figure_range *range,
                       uint32_t first, uint32_t n)
{
    if (n)
        render->device.vk.vkCmdDrawIndexed(frame->cmd, range->index_n, n, range->index_first,
                                           (int32_t)range->vertex_first, first);
}

void pass_figures_draw(struct pass_figures *pass, struct render *render, struct frame *frame,
                       bool aov)
{
    VkBuffer buffers[2] = {pass->vertices.handle, pass->instances};
    VkDeviceSize offsets[2] = {0, pass->instances_at};
    uint32_t first = 0;

    if (!pass->drawn_n)
        return;
    pass_begin(render, frame, aov ? PIPELINE_FIGURES_AOV : PIPELINE_FIGURES);
    render->device.vk.vkCmdBindVertexBuffers(frame->cmd, 0, 2, buffers, offsets);
    render->device.vk.vkCmdBindIndexBuffer(frame->cmd, pass->indices.handle, 0,
                                           VK_INDEX_TYPE_UINT16);
    for (unsigned i = 0; i < FIGURE_DETAILS; i++) {
        draw_range(render, frame, &pass->ranges[i], first, pass->drawn[i]);
        first += pass->drawn[i];
    }
}

void pass_figures_draw_shadows(struct pass_figures *pass, struct render *render,
                               struct frame *frame)
{
    if (!pass->shadow_vertices_n)
        return;
    pass_begin(render, frame, PIPELINE_SHADOW);
    render->device.vk.vkCmdBindVertexBuffers(frame->cmd, 0, 1, &pass->shadows, &pass->shadows_at);
    render->device.vk.vkCmdDraw(frame->cmd, pass->shadow_vertices_n, 1, 0, 0);
}
