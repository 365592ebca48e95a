#include "game/world.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "common/replica.h"
#include "game/interpolation.h"

#define SUBSTEP_US    (1000000 / MOVEMENT_SUBSTEPS_PER_S)
#define FRAME_MAX_US  250000
#define HEAD_M        2.05f
#define FIGURES_FIRST 256

/* What hangs on a replica's entity. */
struct figure {
    struct interpolation_track track;
    uint32_t id;
    char name[TEXT_NAME_MAX_BYTES * 2 + 1]; /* sanitised */
};

struct world {
    struct heightfield *field;
    struct replica *replica;
    struct prediction prediction;
    struct interpolation_clock clock;
    uint64_t self_id;
    uint32_t self_looks;
    uint32_t next_figure_id;
    float view_m;
    uint64_t owed_us; /* world time not yet made into substeps */
    unsigned tempo;   /* world time per real time, in thousandths */
    uint64_t now_us;
    /* Oneself, as shown. */
    struct space_pos self_shown;
    bool self_was_shown;
    uint8_t self_teleports; /* as of then */
    struct interpolation_walk self_walk;
    float self_yaw_rad, self_airborne;
    /* Handed out by world_show. */
    struct gfx_figure *figures;
    uint32_t figures_n, figures_room;
    struct world_plate plates[WORLD_PLATES_MAX];
    unsigned plates_n;
    struct interpolation_frame frame;
    float frame_s;
    double late_ticks; /* of all shown together */
    uint32_t late_n;
};

/* Between two places that were told of the ground is not straight: tracks hold heights over it. */
static void note_state(struct world *w, struct figure *figure, const struct replica_entity *entity)
{
    struct interpolation_news news = {
        .tick = entity->tick,
        .before_tick = entity->before_tick,
        .interval = entity->interval,
        .pos = entity->pos,
        .yaw = entity->yaw,
        .pose = entity->pose,
    };
    news.pos.y -= heightfield_at(w->field, news.pos.x, news.pos.z);
    interpolation_track_note(&figure->track, &news);
}

static void on_replica(void *context, enum replica_event event, struct replica_entity *entity)
{
    struct world *w = context;
    if (entity->id == w->self_id) {
        if (entity->named)
            w->self_looks = entity->looks;
        return;
    }
    struct figure *figure = entity->user;
    switch (event) {
    case REPLICA_APPEARED:
        figure = calloc(1, sizeof(*figure));
        if (!figure)
            return; /* it stays unseen */
        interpolation_track_init(&figure->track);
        figure->id = w->next_figure_id++;
        entity->user = figure;
        note_state(w, figure, entity);
        break;
    case REPLICA_MOVED:
        if (figure)
            note_state(w, figure, entity);
        break;
    case REPLICA_NAMED:
        if (figure)
            text_sanitise(entity->name, strlen(entity->name), figure->name, sizeof(figure->name));
        break;
    case REPLICA_VANISHED:
        free(figure);
        entity->user = NULL;
        break;
    }
}

struct world *world_new(const struct protocol_welcome *welcome, struct error *error)
{
    struct world *w = calloc(1, sizeof(*w));
    if (!w) {
        error_set(error, "out of memory");
        return NULL;
    }
    w->self_id = welcome->entity;
    w->next_figure_id = WORLD_SELF_FIGURE + 1;
    w->view_m = welcome->view_m;
    w->tempo = PROTOCOL_TEMPO_MAX;
    /* Until one's own identity comes, colours from the id. */
    w->self_looks = (uint32_t)(welcome->entity * UINT64_C(0x9e3779b97f4a7c15) >> 32);
    int64_t size = welcome->world_size_m;
    if (size >= 128 && size <= 524288 && size % 128 == 0)
        w->field = heightfield_new(welcome->world_seed, (int32_t)size);
    if (!w->field) {
        error_set(error, "the server's world of %lld m cannot be made here", (long long)size);
        world_free(w);
        return NULL;
    }
    uint8_t hash[HEIGHTFIELD_HASH_BYTES];
    heightfield_hash(w->field, hash);
    if (memcmp(hash, welcome->world_hash, sizeof(hash)) != 0) {
        error_set(error,
                  "this client's ground is not the server's: one of the two needs an update");
        world_free(w);
        return NULL;
    }
    prediction_init(&w->prediction, w->field);
    interpolation_clock_init(&w->clock, welcome->tick_hz);
    w->replica = replica_new(w->field, on_replica, w);
    if (!w->replica) {
        error_set(error, "out of memory");
        world_free(w);
        return NULL;
    }
    return w;
}

void world_free(struct world *w)
{
    if (!w)
        return;
    replica_free(w->replica);
    heightfield_free(w->field);
    free(w->figures);
    free(w);
}

static bool take_clock(struct world *w, const struct protocol_frame *frame)
{
    struct protocol_clock m;
    if (protocol_decode_clock(frame->body, frame->body_bytes, &m) != PROTOCOL_OK)
        return false;
    if (m.tempo != w->tempo)
        interpolation_clock_tempo(&w->clock, m.tempo);
    w->tempo = m.tempo;
    return true;
}

bool world_message(struct world *w, const struct protocol_frame *frame, uint64_t now_us)
{
    w->now_us = now_us;
    switch (frame->type) {
    case PROTOCOL_BLOCKS: {
        struct protocol_blocks m;
        if (protocol_decode_blocks(frame->body, frame->body_bytes, &m) != PROTOCOL_OK ||
            replica_blocks(w->replica, &m) != PROTOCOL_OK)
            return false;
        interpolation_clock_note(&w->clock, replica_tick(w->replica), (double)now_us * 1e-6);
        return true;
    }
    case PROTOCOL_VIEW: {
        struct protocol_view m;
        return protocol_decode_view(frame->body, frame->body_bytes, &m) == PROTOCOL_OK &&
               replica_view(w->replica, &m) == PROTOCOL_OK;
    }
    case PROTOCOL_IDENTITY: {
        struct protocol_identity m;
        return protocol_decode_identity(frame->body, frame->body_bytes, &m) == PROTOCOL_OK &&
               replica_identity(w->replica, &m) == PROTOCOL_OK;
    }
    case PROTOCOL_SELF: {
        struct protocol_self m;
        if (protocol_decode_self(frame->body, frame->body_bytes, &m) != PROTOCOL_OK)
            return false;
        prediction_self(&w->prediction, &m);
        /* SELF rides in the same record as the blocks: it keeps the clock going when nothing else
         * changes. */
        interpolation_clock_note(&w->clock, m.tick, (double)now_us * 1e-6);
        return true;
    }
    case PROTOCOL_CLOCK:
        return take_clock(w, frame);
    default:
        return false;
    }
}

void world_advance(struct world *w, const struct movement_intent *intent, uint64_t frame_us,
                   world_send_fn *send, void *context)
{
    w->owed_us += frame_us * w->tempo / PROTOCOL_TEMPO_MAX;
    if (w->owed_us > FRAME_MAX_US)
        w->owed_us = FRAME_MAX_US;
    prediction_expect(&w->prediction, (unsigned)(w->owed_us / SUBSTEP_US));
    while (w->owed_us >= SUBSTEP_US) {
        struct protocol_move move;
        w->owed_us -= SUBSTEP_US;
        if (prediction_substep(&w->prediction, intent, &move))
            send(context, &move);
    }
}

unsigned world_wanted(struct world *w, struct protocol_who *who)
{
    return replica_wanted(w->replica, replica_tick(w->replica), who);
}

static float distance_m(struct space_pos a, struct space_pos b)
{
    float x = (float)((double)a.x - b.x), y = (float)((double)a.y - b.y),
          z = (float)((double)a.z - b.z);
    return sqrtf(x * x + y * y + z * z) / SPACE_UNITS_PER_M;
}

static bool add_figure(struct world *w, const struct gfx_figure *figure)
{
    if (w->figures_n == w->figures_room) {
        uint32_t room = w->figures_room ? w->figures_room * 2 : FIGURES_FIRST;
        struct gfx_figure *more = realloc(w->figures, room * sizeof(*more));
        if (!more)
            return false;
        w->figures = more;
        w->figures_room = room;
    }
    w->figures[w->figures_n++] = *figure;
    return true;
}

/* Keep the nearest names, sorted by distance. */
static void add_plate(struct world *w, const struct world_plate *plate)
{
    unsigned at = w->plates_n;
    if (at == WORLD_PLATES_MAX) {
        if (plate->distance_m >= w->plates[at - 1].distance_m)
            return;
        at--;
    } else {
        w->plates_n++;
    }
    for (; at > 0 && w->plates[at - 1].distance_m > plate->distance_m; at--)
        w->plates[at] = w->plates[at - 1];
    w->plates[at] = *plate;
}

/* How much world time a frame is: legs and turns slow down with it. */
static float world_frame_s(const struct world *w)
{
    return w->frame_s * (float)w->tempo / PROTOCOL_TEMPO_MAX;
}

static bool show_other(void *context, struct replica_entity *entity)
{
    struct world *w = context;
    struct figure *figure = entity->user;
    if (!figure || entity->id == w->self_id)
        return true;
    struct interpolation_track *track = &figure->track;
    interpolation_track_show(track, &w->frame);
    if (!track->shown)
        return true;
    struct space_pos pos = track->pos;
    pos.y += heightfield_at(w->field, pos.x, pos.z);
    w->late_ticks += w->frame.tick - track->shown_tick;
    w->late_n++;
    struct gfx_figure shown = {
        .pos = pos,
        .yaw_rad = track->yaw_rad,
        .stride = track->stride,
        .stride_amount = track->stride_amount,
        .airborne = track->airborne,
        .looks = entity->looks,
        .id = figure->id,
    };
    add_figure(w, &shown);
    float away_m = distance_m(pos, w->self_shown);
    if (figure->name[0] && away_m < WORLD_PLATES_M) {
        struct world_plate plate = {pos, figure->name, away_m};
        plate.head.y += (int32_t)(HEAD_M * SPACE_UNITS_PER_M);
        add_plate(w, &plate);
    }
    return true;
}

static void show_self(struct world *w)
{
    const struct movement_state *state = &w->prediction.state;
    float frame_s = world_frame_s(w);
    prediction_glide(&w->prediction, w->frame_s);
    struct space_pos pos = prediction_place(&w->prediction, (float)w->owed_us / SUBSTEP_US);
    struct space_pos was = w->self_shown;
    was.y = pos.y;
    if (w->self_teleports != w->prediction.teleports)
        w->self_was_shown = false; /* nothing leads from there to here */
    w->self_teleports = w->prediction.teleports;
    float way = w->self_was_shown ? distance_m(was, pos) : 0;
    float yaw = (float)state->yaw * (float)(2 * M_PI / 65536);
    float jumping = state->airborne ? 1.0f : 0.0f;
    if (!w->self_was_shown)
        w->self_yaw_rad = yaw;
    if (!state->airborne)
        interpolation_walk(&w->self_walk, way > 2 ? 0 : way, frame_s);
    w->self_yaw_rad +=
        remainderf(yaw - w->self_yaw_rad, (float)(2 * M_PI)) * (1 - expf(-w->frame_s / 0.07f));
    w->self_airborne += (jumping - w->self_airborne) * (1 - expf(-frame_s / 0.06f));
    w->self_shown = pos;
    w->self_was_shown = true;
    struct gfx_figure shown = {
        .pos = pos,
        .yaw_rad = w->self_yaw_rad,
        .stride = w->self_walk.stride,
        .stride_amount = w->self_walk.amount,
        .airborne = w->self_airborne,
        .looks = w->self_looks,
        .id = WORLD_SELF_FIGURE,
    };
    add_figure(w, &shown);
}

struct world_shown world_show(struct world *w, uint64_t now_us, uint64_t frame_us)
{
    w->now_us = now_us;
    w->frame_s = (float)frame_us * 1e-6f;
    w->figures_n = 0;
    w->plates_n = 0;
    w->late_ticks = 0;
    w->late_n = 0;
    w->frame = (struct interpolation_frame){
        .tick = interpolation_clock_tick(&w->clock, (double)now_us * 1e-6),
        .frame_ticks = (double)frame_us * 1e-6 / w->clock.tick_s,
        .frame_s = world_frame_s(w),
    };
    replica_expire(w->replica, replica_tick(w->replica));
    if (w->prediction.known)
        show_self(w);
    replica_each(w->replica, show_other, w);
    return (struct world_shown){w->figures,  w->figures_n,  w->plates,
                                w->plates_n, w->self_shown, w->field};
}

bool world_ready(const struct world *w)
{
    return w->prediction.known && replica_counts(w->replica).blocks > 0;
}

static bool is_named(void *context, struct replica_entity *entity)
{
    bool *all = context;
    *all = *all && entity->named;
    return *all;
}

bool world_complete(struct world *w)
{
    bool all = world_ready(w);
    replica_each(w->replica, is_named, &all);
    return all;
}

const struct heightfield *world_field(const struct world *w)
{
    return w->field;
}

const struct prediction *world_prediction(const struct world *w)
{
    return &w->prediction;
}

uint32_t world_entities_n(const struct world *w)
{
    return replica_entities_n(w->replica);
}

uint32_t world_tick(const struct world *w)
{
    uint32_t tick = replica_tick(w->replica);
    return tick > w->clock.newest_tick ? tick : w->clock.newest_tick;
}

float world_view_m(const struct world *w)
{
    return w->view_m;
}

unsigned world_tempo(const struct world *w)
{
    return w->tempo;
}

double world_late_ms(const struct world *w)
{
    double jitter_s = fmin(w->clock.jitter_s, INTERPOLATION_JITTER_MAX_S);
    double ticks = w->late_n > 0 ? w->late_ticks / w->late_n : 0;
    return (ticks * w->clock.tick_s + jitter_s) * 1000;
}
