#include "arguments.h"

#include <config.h>
#include <errno.h>
#include <getopt.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/text.h"
#include "game/camera.h"

#define SIZE_MAX_PIXELS 8192

typedef int read_fn(struct arguments *a, const char *value, struct error *error);

static int read_server(struct arguments *a, const char *value, struct error *error)
{
    (void)error;
    a->server = value;
    return 0;
}

static int read_user(struct arguments *a, const char *value, struct error *error)
{
    a->user = value;
    return text_name_check(value, strlen(value), error);
}

static int read_invite(struct arguments *a, const char *value, struct error *error)
{
    (void)error;
    a->invite = value;
    return 0;
}

static int read_email(struct arguments *a, const char *value, struct error *error)
{
    (void)error;
    a->email = value;
    return 0;
}

static int read_password_file(struct arguments *a, const char *value, struct error *error)
{
    (void)error;
    a->password_file = value;
    return 0;
}

static int read_token_file(struct arguments *a, const char *value, struct error *error)
{
    (void)error;
    a->token_file = value;
    return 0;
}

static int read_register(struct arguments *a, const char *value, struct error *error)
{
    (void)value;
    (void)error;
    a->registering = true;
    return 0;
}

static int read_size(struct arguments *a, const char *value, struct error *error)
{
    unsigned width, height;
    char rest;
    if (sscanf(value, "%ux%u%c", &width, &height, &rest) != 2 || width < 16 || height < 16 ||
        width > SIZE_MAX_PIXELS || height > SIZE_MAX_PIXELS)
        return error_set(error, "\"%s\" is no size: write WIDTHxHEIGHT, each 16 to %d", value,
                         SIZE_MAX_PIXELS);
    a->width = width;
    a->height = height;
    return 0;
}

static int read_offscreen(struct arguments *a, const char *value, struct error *error)
{
    a->offscreen = true;
    return read_size(a, value, error);
}

static int read_number(const char *value, unsigned long least, unsigned long most,
                       unsigned long *number, struct error *error)
{
    char *end;
    errno = 0;
    *number = strtoul(value, &end, 10);
    if (value[0] < '0' || value[0] > '9' || *end || errno || *number < least || *number > most)
        return error_set(error, "\"%s\" is no number from %lu to %lu", value, least, most);
    return 0;
}

static int read_frames(struct arguments *a, const char *value, struct error *error)
{
    unsigned long number;
    if (read_number(value, 1, 1000000, &number, error) != 0)
        return -1;
    a->frames = (unsigned)number;
    return 0;
}

static int read_screenshot(struct arguments *a, const char *value, struct error *error)
{
    (void)error;
    a->screenshot = value;
    return 0;
}

static int read_aov(struct arguments *a, const char *value, struct error *error)
{
    static const char *const names[] = {[GFX_AOV_COLOUR] = "colour",
                                        [GFX_AOV_DEPTH] = "depth",
                                        [GFX_AOV_ID] = "id",
                                        [GFX_AOV_NORMAL] = "normal"};
    for (unsigned i = 0; i < ARRAY_N(names); i++) {
        if (strcmp(value, names[i]) == 0) {
            a->aov = (enum gfx_aov)i;
            return 0;
        }
    }
    return error_set(error, "\"%s\" is no output: colour, depth, id or normal", value);
}

static int read_timeout(struct arguments *a, const char *value, struct error *error)
{
    unsigned long number;
    if (read_number(value, 1, 3600, &number, error) != 0)
        return -1;
    a->timeout_s = (unsigned)number;
    return 0;
}

static int read_device(struct arguments *a, const char *value, struct error *error)
{
    (void)error;
    a->device = value;
    return 0;
}

static int read_validation(struct arguments *a, const char *value, struct error *error)
{
    (void)value;
    (void)error;
    a->validation = true;
    return 0;
}

static int read_hour(struct arguments *a, const char *value, struct error *error)
{
    char *end;
    a->hour = strtof(value, &end);
    if (end == value || *end || !isfinite(a->hour) || a->hour < 0 || a->hour > 24)
        return error_set(error, "\"%s\" is no hour from 0 to 24", value);
    return 0;
}

static int read_seed(struct arguments *a, const char *value, struct error *error)
{
    unsigned long number;
    if (read_number(value, 0, UINT32_MAX, &number, error) != 0)
        return -1;
    a->seed = (uint32_t)number;
    return 0;
}

static int read_look(struct arguments *a, const char *value, struct error *error)
{
    float yaw, pitch, distance;
    char rest;
    if (sscanf(value, "%f,%f,%f%c", &yaw, &pitch, &distance, &rest) != 3 ||
        !(fabsf(yaw) <= 360 && pitch >= -75 && pitch <= 40 && distance >= CAMERA_DISTANCE_MIN_M &&
          distance <= CAMERA_DISTANCE_MAX_M))
        return error_set(error,
                         "\"%s\" is no look: write YAW,PITCH,DISTANCE: -360 to 360 and -75 to 40 "
                         "degrees, %.1f to %.0f m",
                         value, (double)CAMERA_DISTANCE_MIN_M, (double)CAMERA_DISTANCE_MAX_M);
    a->look = (struct arguments_look){true, yaw, pitch, distance};
    return 0;
}

static int read_debug(struct arguments *a, const char *value, struct error *error)
{
#ifdef TEST_FAULTS
    (void)error;
    a->fault = value;
    return 0;
#else
    (void)a;
    return error_set(error, "--debug %s: faults are only in builds with --enable-test-faults",
                     value);
#endif
}

/* clang-format off */
static const struct row {
    const char *name, *value, *help;
    read_fn *read;
} rows[] = {
    {"server",        "HOST:PORT", "connect there (port 7777 if none is named)",                   read_server},
    {"user",          "NAME",      "log in as NAME",                                               read_user},
    {"password-file", "FILE",      "read the password from FILE's first line",                     read_password_file},
    {"register",      NULL,        "make the account first",                                       read_register},
    {"email",         "ADDRESS",   "with --register; may be left out",                             read_email},
    {"invite",        "CODE",      "with --register, where the server wants an invitation",        read_invite},
    {"token-file",    "FILE",      "log in with the token in FILE if it is there; keep the new one there", read_token_file},
    {"size",          "WxH",       "size of the window (1280x720)",                                read_size},
    {"device",        "NAME",      "use the Vulkan device whose name contains NAME",               read_device},
    {"hour",          "H",         "where the sun stands, 0 to 24 (10)",                           read_hour},
    {"seed",          "N",         "the ground behind the login screen, and of --offscreen without --server (1)", read_seed},
    {"offscreen",     "WxH",       "open no window: draw into memory, write a picture, exit",      read_offscreen},
    {"frames",        "N",         "with --offscreen: frames to draw once the world is there (2)", read_frames},
    {"screenshot",    "FILE",      "with --offscreen: the picture (PNG; raw numbers if it ends in .bin)", read_screenshot},
    {"aov",           "OUTPUT",    "with --offscreen: colour, depth, id or normal",                read_aov},
    {"look",          "Y,P,D",     "with --offscreen: from where: compass and pitch in degrees, metres behind", read_look},
    {"timeout",       "SECONDS",   "with --offscreen: to log in and see the world (60)",           read_timeout},
    {"validation",    NULL,        "use the validation layers; exit code 3 if they said anything", read_validation},
    {"debug",         "FAULT",     "plant a fault (test builds only)",                             read_debug},
};
/* clang-format on */

#define CODE_HELP    1000
#define CODE_VERSION 1001

static void print_help(void)
{
    printf("Usage: openmmo-client [OPTION...]\nWalk the world of an OpenMMO server.\n\n");
    for (unsigned i = 0; i < ARRAY_N(rows); i++) {
        char left[64];
        snprintf(left, sizeof(left), "--%s%s%s", rows[i].name, rows[i].value ? " " : "",
                 rows[i].value ? rows[i].value : "");
        printf("  %-24s %s\n", left, rows[i].help);
    }
    printf("  %-24s %s\n  %-24s %s\n\nSee openmmo-client(6).\n", "--help", "print this and exit",
           "--version", "print the version and exit");
}

static int read_row(struct arguments *a, const struct row *row, const char *value,
                    struct error *error)
{
    struct error why = {{0}};
    if (row->read(a, value, &why) == 0)
        return 0;
    return error_set(error, "--%s: %s", row->name, why.text);
}

static int check_together(const struct arguments *a, struct error *error)
{
    if (a->offscreen && !a->screenshot)
        return error_set(error, "--offscreen needs --screenshot FILE");
    if (!a->offscreen && (a->screenshot || a->aov != GFX_AOV_COLOUR || a->look.given))
        return error_set(error, "--screenshot, --aov and --look need --offscreen");
    if (a->offscreen && a->server && !a->user)
        return error_set(error, "--offscreen with --server needs --user");
    if (a->registering && a->offscreen && !a->password_file)
        return error_set(error, "--register with --offscreen needs --password-file");
    return 0;
}

enum arguments_answer arguments_parse(int argc, char **argv, struct arguments *a,
                                      struct error *error)
{
    struct option options[ARRAY_N(rows) + 3] = {{0}};
    unsigned n = 0;
    for (; n < ARRAY_N(rows); n++)
        options[n] = (struct option){rows[n].name, rows[n].value ? required_argument : no_argument,
                                     NULL, 2000 + (int)n};
    options[n++] = (struct option){"help", no_argument, NULL, CODE_HELP};
    options[n] = (struct option){"version", no_argument, NULL, CODE_VERSION};
    *a = (struct arguments){
        .width = 1280, .height = 720, .frames = 2, .timeout_s = 60, .hour = 10, .seed = 1};
    int code;
    optind = 0;
    opterr = 0; /* we say it ourselves, in one line */
    while ((code = getopt_long(argc, argv, ":", options, NULL)) != -1) {
        if (code == CODE_HELP) {
            print_help();
            return ARGUMENTS_EXIT;
        }
        if (code == CODE_VERSION) {
            printf("openmmo-client %s\n", PACKAGE_VERSION);
            return ARGUMENTS_EXIT;
        }
        if (code < 2000) {
            if (optopt > 0 && optopt < CODE_HELP) /* among short ones, of which there are none */
                error_set(error, "there are no options of one letter: try --help");
            else
                error_set(error, "%s %s: try --help", argv[optind - 1],
                          code == ':' ? "needs a value" : "is no option, or is not used so");
            return ARGUMENTS_BAD;
        }
        if (read_row(a, &rows[code - 2000], optarg, error) != 0)
            return ARGUMENTS_BAD;
    }
    if (optind < argc) {
        error_set(error, "\"%s\" is not understood: try --help", argv[optind]);
        return ARGUMENTS_BAD;
    }
    return check_together(a, error) == 0 ? ARGUMENTS_GO : ARGUMENTS_BAD;
}
