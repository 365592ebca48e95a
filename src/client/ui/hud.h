/* hud.h -- what lies over the picture while playing: name plates, the figures of F3, short notes.
 * Draws by ui_text and ui_list; one thread. */
#ifndef OPENMMO_CLIENT_HUD_H
#define OPENMMO_CLIENT_HUD_H

#include <stdbool.h>
#include <stdint.h>

#include "game/world.h"
#include "gfx/gfx.h"
#include "ui/list.h"
#include "ui/text.h"

#define HUD_FRAMES 240 /* over which frame times are judged */

struct hud {
    bool overlay;
    char toast[256];
    double toast_until_s;
    float frame_ms[HUD_FRAMES];
    unsigned frames_n, frames_at;
};

/* What the overlay shows. */
struct hud_figures {
    const char *device;
    uint32_t width, height;
    struct space_pos self;
    bool playing;
    uint32_t rtt_us, entities_n, tick;
    double server_tick, late_ms;
    uint64_t corrections, bytes_in;
    const struct gfx_pass_time *passes;
    unsigned passes_n;
    uint64_t validation_n;
    bool validation;
};

/* A frame took that long. */
void hud_frame(struct hud *hud, float ms);
/* The frame time that 99 of 100 do not pass. */
float hud_frame_p99_ms(const struct hud *hud);
/* Show a note for some seconds. */
void hud_toast(struct hud *hud, double now_s, const char *text);

/* Where names may stand. */
struct hud_room {
    float scale;
    struct ui_rect taken; /* by what is read there: names fade under it. Empty: by nothing */
};
/* Names over heads. */
void hud_draw_plates(struct ui_text *text, struct ui_list *list, const struct gfx_frame *frame,
                     const struct world_shown *shown, const struct hud_room *room);
/* The figures of F3, at the upper right. */
void hud_draw_overlay(const struct hud *hud, struct ui_text *text, struct ui_list *list,
                      const struct hud_figures *figures, float scale);
/* How fast the world runs, while that is not real time (1000 thousandths). */
void hud_draw_tempo(struct ui_text *text, struct ui_list *list, unsigned permille, float scale);
/* The note of hud_toast, while it lasts. */
void hud_draw_toast(const struct hud *hud, struct ui_text *text, struct ui_list *list, double now_s,
                    float scale);

#endif
