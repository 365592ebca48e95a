/* picture.h -- what the tests of the client's pictures share: a scene that is drawn at test time,
 * and its outputs. */
#ifndef OPENMMO_TESTS_CLIENT_PICTURE_H
#define OPENMMO_TESTS_CLIENT_PICTURE_H

#include <stdbool.h>
#include <stdint.h>

#include "common/heightfield.h"
#include "gfx/gfx.h"

#define PICTURE_WIDTH       320
#define PICTURE_HEIGHT      180
#define PICTURE_FIGURES_MAX 16
#define PICTURE_MESSAGE_MAX 600

struct picture_scene {
    struct heightfield *field;
    struct gfx_figure figures[PICTURE_FIGURES_MAX];
    struct gfx_frame frame;
};

/* What came out of one frame; NULL where it was not asked for. */
struct picture {
    uint8_t *colour;
    float *depth;
    uint32_t *id;
    float *normal;
    unsigned messages_n; /* of the validation layer */
    char message[PICTURE_MESSAGE_MAX];
};

/* Choose the software driver where it is installed, so that every machine draws the same; before
 * any gfx_new. */
void picture_use_software(void);

/* True where the reason says that this machine cannot draw at all (no loader, driver or layer): the
 * test skips. */
bool picture_must_skip(const char *reason);

/* Seed from the clock or from $OPENMMO_TEST_SEED; printed, so that a failure can be seen again. */
uint32_t picture_seed(void);

/* A world, an hour, an eye 1.7 to 5 m above the ground, and figures around the place that it looks
 * at. */
void picture_scene_draw(struct picture_scene *scene, uint32_t seed);
void picture_scene_fini(struct picture_scene *scene);

/* Draw it and read all outputs. Skips the test where nothing can be drawn; fails it on any other
 * error. fault: NULL or a planted one; validation: with synchronisation, messages are counted. */
void picture_take(struct picture *picture, const struct picture_scene *scene, const char *fault,
                  bool validation);
void picture_fini(struct picture *picture);

#endif
