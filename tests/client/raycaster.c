/* raycaster.c -- see raycaster.h. */
#include "raycaster.h"

#include <math.h>
#include <stdlib.h>

#define UNKNOWN INT32_MIN

/* The field's samples around the eye, asked for once each. */
struct samples {
    const struct heightfield *field;
    int32_t x0, z0, edge;
    int32_t *heights;
};

struct ray {
    double x, y, z;    /* metres */
    double dx, dy, dz; /* a metre of depth */
};

static double sample(struct samples *samples, int32_t x, int32_t z)
{
    int32_t *height =
        &samples->heights[(size_t)(z - samples->z0) * samples->edge + (x - samples->x0)];

    if (*height == UNKNOWN)
        *height = heightfield_sample(samples->field, x, z);
    return *height / 64.0;
}

/* How far the ray is above the ground of square (i, k) at depth t, on the triangle of the nearer
 * corner (lower: the one with the smaller coordinates). */
static double above(struct samples *samples, const struct ray *ray, int32_t i, int32_t k, double t,
                    int lower)
{
    double u = ray->x + t * ray->dx - i, v = ray->z + t * ray->dz - k;
    double h10 = sample(samples, i + 1, k), h01 = sample(samples, i, k + 1), ground;

    if (lower) {
        double h00 = sample(samples, i, k);

        ground = h00 + (h10 - h00) * u + (h01 - h00) * v;
    } else {
        double h11 = sample(samples, i + 1, k + 1);

        ground = h11 + (h01 - h11) * (1 - u) + (h10 - h11) * (1 - v);
    }
    return ray->y + t * ray->dy - ground;
}

/* Where between depths a and b the ray goes under that triangle; INFINITY: it does not. */
static double cut(struct samples *samples, const struct ray *ray, const int32_t square[2],
                  const double span[2], int lower)
{
    double from = above(samples, ray, square[0], square[1], span[0], lower);
    double to = above(samples, ray, square[0], square[1], span[1], lower);

    if (from <= 0)
        return span[0];
    return to > 0 ? INFINITY : span[0] + (span[1] - span[0]) * from / (from - to);
}

/* Depth at which the ray leaves square i along one axis. */
static double leave(double origin, double slope, int32_t i)
{
    if (slope == 0)
        return INFINITY;
    return ((slope > 0 ? i + 1 : i) - origin) / slope;
}

static double cast(struct samples *samples, const struct ray *ray, double reach_m)
{
    int32_t square[2] = {(int32_t)floor(ray->x), (int32_t)floor(ray->z)};
    double t = 0;

    while (t < reach_m) {
        double out_x = leave(ray->x, ray->dx, square[0]), out_z = leave(ray->z, ray->dz, square[1]);
        double out = fmin(fmin(out_x, out_z), reach_m + 1);
        double u = ray->x + t * ray->dx - square[0], v = ray->z + t * ray->dz - square[1];
        double diagonal = t + (1 - u - v) / (ray->dx + ray->dz), hit = INFINITY;
        /* Which side of the diagonal the middle of the way lies on, if it is not crossed. */
        double middle = u + v + (out - t) / 2 * (ray->dx + ray->dz);

        if (diagonal > t && diagonal < out) {
            int lower = ray->dx + ray->dz > 0;

            hit = cut(samples, ray, square, (double[2]){t, diagonal}, lower);
            if (isinf(hit))
                hit = cut(samples, ray, square, (double[2]){diagonal, out}, !lower);
        } else {
            hit = cut(samples, ray, square, (double[2]){t, out}, middle < 1);
        }
        if (!isinf(hit))
            return hit;
        t = out;
        if (out_x <= out_z)
            square[0] += ray->dx > 0 ? 1 : -1;
        else
            square[1] += ray->dz > 0 ? 1 : -1;
    }
    return INFINITY;
}

/* The ray through a pixel's middle: one metre along the view axis a unit of t. */
static struct ray ray_of(const struct gfx_frame *frame, double across, double upwards)
{
    double sy = sin((double)frame->yaw_rad), cy = cos((double)frame->yaw_rad);
    double sp = sin((double)frame->pitch_rad), cp = cos((double)frame->pitch_rad);

    return (struct ray){
        .x = frame->eye.x / 4096.0,
        .y = frame->eye.y / 4096.0,
        .z = frame->eye.z / 4096.0,
        .dx = -sy * cp + across * cy + upwards * sy * sp,
        .dy = sp + upwards * cp,
        .dz = -cy * cp - across * sy + upwards * cy * sp,
    };
}

struct raycast *raycaster_cast(const struct heightfield *field, const struct gfx_frame *frame,
                               uint32_t width, uint32_t height, double reach_m)
{
    struct raycast *casts = malloc((size_t)width * height * sizeof(*casts));
    double tangent = tan((double)frame->fov_y_rad / 2), aspect = (double)width / height;
    int32_t reach = (int32_t)(reach_m * (1 + tangent * (1 + aspect))) + 4;
    struct samples samples = {field, frame->eye.x / 4096 - reach, frame->eye.z / 4096 - reach,
                              2 * reach + 1, NULL};

    samples.heights = malloc((size_t)samples.edge * samples.edge * sizeof(int32_t));
    for (size_t i = 0; i < (size_t)samples.edge * samples.edge; i++)
        samples.heights[i] = UNKNOWN;
    for (uint32_t y = 0; y < height; y++) {
        for (uint32_t x = 0; x < width; x++) {
            struct ray ray = ray_of(frame, (2 * (x + 0.5) / width - 1) * tangent * aspect,
                                    (1 - 2 * (y + 0.5) / height) * tangent);
            struct raycast *result = &casts[(size_t)y * width + x];

            result->depth_m = cast(&samples, &ray, reach_m);
            result->plan_m = result->depth_m * fmax(fabs(ray.dx), fabs(ray.dz));
        }
    }
    free(samples.heights);
    return casts;
}
