/* main.c -- openmmo-console: a screen for operators, or one request for a script. */
#include <config.h> /* the build's: PACKAGE_VERSION */

#include <getopt.h>
#include <locale.h>
#include <stdio.h>
#include <string.h>

#include "admin_client.h"
#include "console.h"
#include "exec.h"

static const char HELP[] =
    "usage: openmmo-console [options]\n"
    "       openmmo-console [options] exec NOUN.VERB [name=value...] [--json]\n"
    "\n"
    "Watch and run an OpenMMO server; exec asks it one thing, for scripts\n"
    "(exec rpc.discover lists what it understands).\n"
    "\n"
    "  --socket PATH      the daemon's socket (default: $OPENMMO_ADMIN_SOCKET, else\n"
    "                     /run/openmmo/admin.sock, else ~/.local/state/openmmo/admin.sock)\n"
    "  --color WHEN       auto, always, never or 256 (colours at most); auto heeds NO_COLOR\n"
    "  --ascii            draw with ASCII characters only\n"
    "  --no-mouse         leave the mouse to the terminal\n"
    "  --json             exec: print the answer as one line of JSON\n"
    "  -h, --help         this text\n"
    "  -V, --version      the version\n"
    "\n"
    "Exit status: 0 ok, 1 failed, 2 usage, 3 cannot connect, 4 denied.\n";

enum { OPTION_SOCKET = 256, OPTION_COLOUR, OPTION_ASCII, OPTION_NO_MOUSE, OPTION_JSON };

static const struct option OPTIONS[] = {
    {"socket", required_argument, NULL, OPTION_SOCKET},
    {"color", required_argument, NULL, OPTION_COLOUR},
    {"ascii", no_argument, NULL, OPTION_ASCII},
    {"no-mouse", no_argument, NULL, OPTION_NO_MOUSE},
    {"json", no_argument, NULL, OPTION_JSON},
    {"help", no_argument, NULL, 'h'},
    {"version", no_argument, NULL, 'V'},
    {NULL, 0, NULL, 0},
};

struct arguments {
    struct console_options console;
    char path[4096];
    bool json;
};

static int colour_of(const char *word, enum terminal_colour *colour)
{
    static const char *const WORDS[] = {"auto", "always", "never", "256"};

    for (int i = 0; i < 4; i++) {
        if (strcmp(WORDS[i], word) == 0) {
            *colour = (enum terminal_colour)i;
            return 0;
        }
    }
    fprintf(stderr, "openmmo-console: --color is auto, always, never or 256\n");
    return -1;
}

/* -1: go on; else the exit status. */
static int parse(int argc, char **argv, struct arguments *arguments)
{
    int option;

    while ((option = getopt_long(argc, argv, "hV", OPTIONS, NULL)) != -1) {
        if (option == OPTION_SOCKET) {
            snprintf(arguments->path, sizeof(arguments->path), "%s", optarg);
        } else if (option == OPTION_COLOUR) {
            if (colour_of(optarg, &arguments->console.colour) != 0)
                return CONSOLE_USAGE;
        } else if (option == OPTION_ASCII) {
            arguments->console.ascii = true;
        } else if (option == OPTION_NO_MOUSE) {
            arguments->console.mouse = false;
        } else if (option == OPTION_JSON) {
            arguments->json = true;
        } else if (option == 'h') {
            fputs(HELP, stdout);
            return CONSOLE_OK;
        } else if (option == 'V') {
            printf("openmmo-console %s\n", PACKAGE_VERSION);
            return CONSOLE_OK;
        } else {
            fprintf(stderr, "try openmmo-console --help\n");
            return CONSOLE_USAGE;
        }
    }
    return -1;
}

int main(int argc, char **argv)
{
    struct arguments arguments = {.console = {.colour = TERMINAL_AUTO, .mouse = true}};
    int status;

    setlocale(LC_ALL, "");
    admin_client_default_path(arguments.path, sizeof(arguments.path));
    arguments.console.path = arguments.path;
    status = parse(argc, argv, &arguments);
    if (status >= 0)
        return status;
    if (optind == argc && !arguments.json)
        return console_run(&arguments.console);
    if (optind + 1 < argc && strcmp(argv[optind], "exec") == 0)
        return exec_run(arguments.path, argv + optind + 1, argc - optind - 1, arguments.json);
    fprintf(stderr, "openmmo-console: exec NOUN.VERB is all that is understood here; try --help\n");
    return CONSOLE_USAGE;
}
