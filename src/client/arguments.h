/* arguments.h -- the client's command line, as one table row an option. */
#ifndef OPENMMO_CLIENT_ARGUMENTS_H
#define OPENMMO_CLIENT_ARGUMENTS_H

#include <stdbool.h>
#include <stdint.h>

#include "common/compiler.h"
#include "common/error.h"
#include "gfx/gfx.h"

/* From where a picture is taken: compass and pitch in degrees (north and level are 0, east is 90,
 * up is positive), metres behind the figure. */
struct arguments_look {
    bool given;
    float yaw_degrees, pitch_degrees, distance_m;
};

struct arguments {
    const char *server, *user, *email, *invite, *password_file, *token_file;
    bool registering;
    uint32_t width, height; /* window or offscreen */
    bool offscreen;
    unsigned frames; /* offscreen: drawn before the picture is taken */
    const char *screenshot;
    enum gfx_aov aov;
    struct arguments_look look;
    unsigned timeout_s; /* offscreen: to log in and see the world */
    const char *device;
    bool validation;
    float hour;
    uint32_t seed;
    const char *fault;
};

enum arguments_answer {
    ARGUMENTS_GO,
    ARGUMENTS_EXIT /* --help or --version was printed */,
    ARGUMENTS_BAD
};

/* Texts are borrowed from argv. ARGUMENTS_BAD + error: one sentence. */
enum arguments_answer arguments_parse(int argc, char **argv, struct arguments *arguments,
                                      struct error *error) MUST_CHECK;

#endif
