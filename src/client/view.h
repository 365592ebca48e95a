/* view.h -- what window and offscreen runs share of drawing: the device, the text, the names over
 * heads. Owns gfx, ui_text and the list of flat triangles. One thread. */
#ifndef OPENMMO_CLIENT_VIEW_H
#define OPENMMO_CLIENT_VIEW_H

#include <stdint.h>

#include "arguments.h"
#include "common/compiler.h"
#include "common/error.h"
#include "game/camera.h"
#include "game/world.h"
#include "gfx/gfx.h"
#include "ui/list.h"
#include "ui/text.h"

#define VIEW_BACKDROP_SIZE_M 4096 /* the ground behind the login screen */
#define VIEW_FAR_M           450  /* the ground is drawn farther than figures are sent */
#define VIEW_CPU_M           600  /* a processor that draws gets no more than this */

struct window;

struct view {
    struct gfx *gfx;
    struct ui_text *text;
    struct ui_list list;
    uint64_t validation_n;
    float hour;
};

/* window: where to draw; NULL: offscreen. 0, or -1 + error (view_fini is due either way). */
int view_init(struct view *view, const struct arguments *arguments, struct window *window,
              struct error *error) MUST_CHECK;
void view_fini(struct view *view); /* a zeroed view is fine */

/* A frame of what is shown, seen by that camera. world: NULL, only the ground. shown is borrowed.
 */
struct gfx_frame view_frame(const struct view *view, struct camera_view eye,
                            const struct world *world, const struct world_shown *shown);

/* How far the ground is drawn, in metres, where figures are sent from sent_m around: farther, but
 * no farther than a processor that draws can bear. */
float view_reach_m(float sent_m, bool is_cpu);

/* Microseconds of the monotonic clock. */
uint64_t view_clock_us(void);

#endif
