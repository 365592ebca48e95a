#include "ui/hud.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "game/sight.h"

#define TOAST_S        3.5
#define PLATE_NEAR_M   12.0f          /* full size and strength up to here */
#define PLATE_FAR_M    WORLD_PLATES_M /* gone from here on */
#define PLATE_PIXELS   16.0f
#define PLATE_LEAST    0.03f /* weaker ones are left out */
#define PLATE_FADE_M   0.4f  /* gone where the ground rises that far into the line of sight */
#define OVERLAY_PIXELS 14.0f

void hud_frame(struct hud *hud, float ms)
{
    hud->frame_ms[hud->frames_at] = ms;
    hud->frames_at = (hud->frames_at + 1) % HUD_FRAMES;
    if (hud->frames_n < HUD_FRAMES)
        hud->frames_n++;
}

static int by_value(const void *a, const void *b)
{
    float x = *(const float *)a, y = *(const float *)b;
    return (x > y) - (x < y);
}

float hud_frame_p99_ms(const struct hud *hud)
{
    float sorted[HUD_FRAMES];
    if (hud->frames_n == 0)
        return 0;
    memcpy(sorted, hud->frame_ms, hud->frames_n * sizeof(float));
    qsort(sorted, hud->frames_n, sizeof(float), by_value);
    return sorted[(hud->frames_n * 99 - 1) / 100];
}

static float frame_mean_ms(const struct hud *hud)
{
    float sum = 0;
    for (unsigned i = 0; i < hud->frames_n; i++)
        sum += hud->frame_ms[i];
    return hud->frames_n ? sum / (float)hud->frames_n : 0;
}

void hud_toast(struct hud *hud, double now_s, const char *text)
{
    snprintf(hud->toast, sizeof(hud->toast), "%s", text);
    hud->toast_until_s = now_s + TOAST_S;
}

/* A name's place on the picture. */
struct plate {
    const struct world_plate *of;
    struct ui_rect back;
    float left, baseline, strength;
    unsigned pixels;
};

/* 1 near by, 0 where names are gone. */
static float nearness(const struct world_plate *plate)
{
    return fminf(1, 1 - (plate->distance_m - PLATE_NEAR_M) / (PLATE_FAR_M - PLATE_NEAR_M));
}

/* What the ground lets through of it, 0..1. */
static float in_sight(const struct world_plate *plate, const struct gfx_frame *frame,
                      const struct heightfield *field)
{
    float over_m = field ? sight_clearance_m(field, frame->eye, plate->head) : 0;
    return fmaxf(0, fminf(1, 1 + over_m / PLATE_FADE_M));
}

static struct plate place_plate(struct ui_text *text, const struct world_plate *of, float scale)
{
    /* Sizes in steps of two: each size is a set of glyphs. */
    float near = nearness(of);
    unsigned pixels = 2 * (unsigned)lrintf(scale * PLATE_PIXELS * (0.65f + 0.35f * near) / 2);
    float width = ui_text_width(text, of->name, strlen(of->name), pixels), high = (float)pixels;
    float half = width / 2 + high * 0.5f;
    return (struct plate){.of = of,
                          .back = {-half, -high * 1.12f, half, high * 0.38f},
                          .left = -width / 2,
                          .strength = near,
                          .pixels = pixels};
}

/* The share of a that b covers, 0..1. */
static float covered(const struct ui_rect *a, const struct ui_rect *b)
{
    float width = fminf(a->x1, b->x1) - fmaxf(a->x0, b->x0);
    float height = fminf(a->y1, b->y1) - fmaxf(a->y0, b->y0);
    if (width <= 0 || height <= 0)
        return 0;
    return width * height / ((a->x1 - a->x0) * (a->y1 - a->y0));
}

static void draw_plate(struct ui_text *text, struct ui_list *list, const struct plate *plate)
{
    float strength = plate->strength;
    ui_list_panel(list, plate->back, (float)plate->pixels * 0.5f,
                  ui_fade(UI_RGBA(12, 17, 24, 140), strength));
    ui_text_draw(text, list, plate->left, plate->baseline, plate->pixels,
                 ui_fade(UI_RGBA(244, 247, 250, 255), strength), plate->of->name,
                 strlen(plate->of->name));
}

void hud_draw_plates(struct ui_text *text, struct ui_list *list, const struct gfx_frame *frame,
                     const struct world_shown *shown, const struct hud_room *room)
{
    uint32_t width = (uint32_t)list->clip[2], height = (uint32_t)list->clip[3];
    struct plate placed[WORLD_PLATES_MAX];
    unsigned n = 0;
    for (unsigned i = 0; i < shown->plates_n && n < WORLD_PLATES_MAX; i++) {
        const struct world_plate *of = &shown->plates[i];
        float x, y, depth_m;
        if (nearness(of) <= PLATE_LEAST ||
            !gfx_project(frame, width, height, of->head, &x, &y, &depth_m))
            continue;
        struct plate plate = place_plate(text, of, room->scale);
        plate.strength *= in_sight(of, frame, shown->field);
        plate.back = (struct ui_rect){plate.back.x0 + x, plate.back.y0 + y, plate.back.x1 + x,
                                      plate.back.y1 + y};
        plate.left += x;
        plate.baseline = y;
        plate.strength *= fmaxf(0, 1 - 4 * covered(&plate.back, &room->taken));
        /* What nearer names cover, all together, would only blur them: it fades. */
        float under = 0;
        for (unsigned k = 0; k < n; k++)
            under += covered(&plate.back, &placed[k].back);
        plate.strength *= fmaxf(0, fminf(1, 1.2f - 4 * under));
        if (plate.strength > PLATE_LEAST)
            placed[n++] = plate;
    }
    /* The farthest first, so that near ones lie on top. */
    while (n > 0)
        draw_plate(text, list, &placed[--n]);
}

static void row(char (*rows)[96], unsigned *n, const char *text)
{
    if (*n < 24)
        snprintf(rows[(*n)++], sizeof(rows[0]), "%s", text);
}

static unsigned overlay_rows(const struct hud *hud, const struct hud_figures *f, char (*rows)[96])
{
    unsigned n = 0;
    char text[96];
    float mean = frame_mean_ms(hud);
    snprintf(text, sizeof(text), "%.0f fps   frame %.1f ms   p99 %.1f ms",
             mean > 0 ? 1000 / mean : 0, mean, hud_frame_p99_ms(hud));
    row(rows, &n, text);
    snprintf(text, sizeof(text), "%.60s   %ux%u", f->device, f->width, f->height);
    row(rows, &n, text);
    if (f->playing) {
        snprintf(text, sizeof(text), "round trip %.1f ms   tick %u (server %.1f)",
                 (double)f->rtt_us / 1000, f->tick, f->server_tick);
        row(rows, &n, text);
        snprintf(text, sizeof(text), "%u entities   others %.0f ms late   %llu corrections",
                 f->entities_n, f->late_ms, (unsigned long long)f->corrections);
        row(rows, &n, text);
        snprintf(text, sizeof(text), "%.1f, %.1f, %.1f m   %.1f KiB received",
                 (double)f->self.x / SPACE_UNITS_PER_M, (double)f->self.y / SPACE_UNITS_PER_M,
                 (double)f->self.z / SPACE_UNITS_PER_M, (double)f->bytes_in / 1024);
        row(rows, &n, text);
    }
    for (unsigned i = 0; i < f->passes_n; i++) {
        snprintf(text, sizeof(text), "gpu %s %.2f ms", f->passes[i].name, (double)f->passes[i].ms);
        row(rows, &n, text);
    }
    if (f->validation) {
        snprintf(text, sizeof(text), "%llu validation messages",
                 (unsigned long long)f->validation_n);
        row(rows, &n, text);
    }
    return n;
}

void hud_draw_overlay(const struct hud *hud, struct ui_text *text, struct ui_list *list,
                      const struct hud_figures *figures, float scale)
{
    char rows[24][96];
    unsigned n = overlay_rows(hud, figures, rows),
             pixels = (unsigned)lrintf(OVERLAY_PIXELS * scale);
    float height = ui_text_line_height(pixels), width = 0, pad = 12 * scale, y = 12 * scale;
    for (unsigned i = 0; i < n; i++)
        width = fmaxf(width, ui_text_width(text, rows[i], strlen(rows[i]), pixels));
    /* At the right: the chat is at the left. */
    float x = list->clip[2] - width - 2 * pad - 12 * scale;
    ui_list_panel(list,
                  (struct ui_rect){x, y, x + width + 2 * pad, y + height * (float)n + pad * 1.4f},
                  10 * scale, UI_RGBA(12, 17, 24, 170));
    for (unsigned i = 0; i < n; i++)
        ui_text_draw(text, list, x + pad, y + pad * 0.4f + height * (float)(i + 1), pixels,
                     i == 0 ? UI_RGBA(150, 205, 255, 255) : UI_RGBA(225, 231, 237, 255), rows[i],
                     strlen(rows[i]));
}

/* A line in the middle, on a plate of its own. */
static void draw_line(struct ui_text *text, struct ui_list *list, float y, float scale,
                      const char *words, float strength)
{
    unsigned pixels = (unsigned)lrintf(16 * scale);
    size_t len = strlen(words);
    float width = ui_text_width(text, words, len, pixels), x = (list->clip[2] - width) / 2;
    float pad = 18 * scale;
    ui_list_panel(list, (struct ui_rect){x - pad, y - 25 * scale, x + width + pad, y + 14 * scale},
                  12 * scale, ui_fade(UI_RGBA(12, 17, 24, 200), strength));
    ui_text_draw(text, list, x, y, pixels, ui_fade(UI_RGBA(240, 243, 246, 255), strength), words,
                 len);
}

void hud_draw_toast(const struct hud *hud, struct ui_text *text, struct ui_list *list, double now_s,
                    float scale)
{
    float left_s = (float)(hud->toast_until_s - now_s);
    if (left_s <= 0 || !hud->toast[0])
        return;
    draw_line(text, list, 52 * scale, scale, hud->toast, fminf(1, left_s / 0.6f));
}

void hud_draw_tempo(struct ui_text *text, struct ui_list *list, unsigned permille, float scale)
{
    char words[64];
    if (permille >= 1000)
        return;
    snprintf(words, sizeof(words), "The world runs at %u %%", permille / 10);
    draw_line(text, list, 98 * scale, scale, words, 1);
}
