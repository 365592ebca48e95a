#include "view.h"

#include <math.h>
#include <string.h>
#include <time.h>

#include "common/log.h"
#include "window.h"

#define FOV_Y_DEGREES 60.0

static void on_validation(void *context, const char *text)
{
    struct view *view = context;
    view->validation_n++;
    log_event(LOG_LEVEL_ERROR, "vulkan_validation", text, LOG_U64("number", view->validation_n));
}

int view_init(struct view *view, const struct arguments *arguments, struct window *window,
              struct error *error)
{
    memset(view, 0, sizeof(*view));
    view->hour = arguments->hour;
    ui_list_init(&view->list);
    view->text = ui_text_new(error);
    if (!view->text)
        return -1;
    struct gfx_config config = {
        .width = arguments->width,
        .height = arguments->height,
        .device = arguments->device,
        .validation = arguments->validation,
        .on_validation = on_validation,
        .validation_context = view,
        .fault = arguments->fault,
    };
    if (window) {
        config.make_surface = window_make_surface;
        config.surface_context = window;
        config.instance_extensions =
            window_instance_extensions(window, &config.instance_extensions_n);
        window_size(window, &config.width, &config.height);
    }
    view->gfx = gfx_new(&config, error);
    return view->gfx ? 0 : -1;
}

void view_fini(struct view *view)
{
    gfx_free(view->gfx);
    ui_text_free(view->text);
    ui_list_fini(&view->list);
}

float view_reach_m(float sent_m, bool is_cpu)
{
    float reach_m = sent_m > VIEW_FAR_M ? sent_m : VIEW_FAR_M;
    return is_cpu && reach_m > VIEW_CPU_M ? VIEW_CPU_M : reach_m;
}

struct gfx_frame view_frame(const struct view *view, struct camera_view eye,
                            const struct world *world, const struct world_shown *shown)
{
    struct gfx_frame frame = {
        .eye = eye.eye,
        .yaw_rad = eye.yaw_rad,
        .pitch_rad = eye.pitch_rad,
        .fov_y_rad = (float)(FOV_Y_DEGREES * M_PI / 180),
        .hour = view->hour,
        .view_m = view_reach_m(world ? world_view_m(world) : 0, gfx_device_is_cpu(view->gfx)),
        .figures = shown->figures,
        .figures_n = shown->figures_n,
    };
    return frame;
}

uint64_t view_clock_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}
